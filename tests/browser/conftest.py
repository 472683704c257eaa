"""One server and one browser for all tests of the page. Every page fails on a console error or an outside request."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import papers
from tests.browser.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from assistant.wiring import House

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 60_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not here; install it, or set CHROMIUM to its path")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE / 2)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, House]]:
    with served(tmp_path_factory.mktemp("home"), max_upload_mb=2) as running:
        settled(running[1])  # the sample corpus is read: tests ask it
        yield running


@pytest.fixture(scope="session")
def base(site: tuple[str, House]) -> str:
    return site[0]


@pytest.fixture(scope="session")
def house(site: tuple[str, House]) -> House:
    return site[1]


@pytest.fixture(scope="session")
def harbour(house: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A corpus with a PDF, a Chinese text and a hostile table, all ready; its name."""
    folder = tmp_path_factory.mktemp("files")
    files = {
        "Harbour rules.pdf": papers.RULES,
        "图书馆规则.md": papers.CHINESE.encode(),
        "remarks.csv": papers.HOSTILE_TEXT.encode(),
    }
    return filled(house, "Harbour", files, folder)


def filled(house: House, corpus: str, files: dict[str, bytes], folder: Path) -> str:
    house.library.create(corpus)
    jobs = []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        jobs.append(house.library.submit(corpus, folder / name, name))
    settled(house, jobs)
    return corpus


def settled(house: House, jobs: list[int] | None = None) -> None:
    """Waits until these jobs, or all, are done."""
    deadline = time.monotonic() + 180
    while any(job.open for job in house.library.jobs(ids=jobs)):
        assert time.monotonic() < deadline, house.library.jobs(ids=jobs)
        time.sleep(0.1)


Opener = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser, base: str) -> Iterator[Opener]:
    """Opens pages, each with its own cookies and storage, and looks at what they did when the test is over."""
    opened: list[Any] = []

    def opener(path: str = "/", width: int = 1280, height: int = 800, **context: Any) -> Page:
        page = browser.new_context(viewport={"width": width, "height": height}, **context).new_page()
        page.set_default_timeout(PATIENCE / 2)
        bad: list[str] = []
        allowed: list[str] = []
        opened.append((page, bad, allowed))
        page.allow = allowed.append  # type: ignore[attr-defined]
        page.on("console", lambda m: bad.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: bad.append(f"page error: {e}"))
        page.on("request", lambda r: bad.append(f"outside: {r.url}") if not own(r.url, base) else None)
        page.goto(base + path)
        page.wait_for_selector("body.ready", timeout=PATIENCE)
        return page

    yield opener
    for page, bad, allowed in opened:
        page.context.close()
        assert not [text for text in bad if not any(word in text for word in allowed)]


def own(url: str, base: str) -> bool:
    return url.startswith((base, "data:", "blob:"))


@pytest.fixture
def page(open_page: Opener) -> Page:
    return open_page()


def ask(page: Page, question: str, *, wait: bool = True) -> None:
    page.fill("#ts-box", question)
    page.press("#ts-box", "Enter")
    if wait:
        finished(page, question)


def finished(page: Page, question: str) -> None:
    """The question stands in the transcript and the answer below it is complete."""
    page.wait_for_function(
        """question => {
            const all = [...document.querySelectorAll('#chat-root .msg')], last = all.at(-1), before = all.at(-2);
            return !document.body.classList.contains('busy') && before?.classList.contains('user')
                && before.querySelector('.text').textContent === question
                && last.classList.contains('bot') && last.dataset.state !== 'running';
        }""",
        arg=question,
        timeout=PATIENCE,
    )


def choose(page: Page, corpus: str) -> None:
    page.select_option("#ts-corpus", corpus)
