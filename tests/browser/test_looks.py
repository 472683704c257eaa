"""How the page behaves: policy, languages, themes, contrast, names, keys, phone."""

from __future__ import annotations

import re
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener, ask, choose, finished

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PAIRS = [
    *[(front, back) for front in ("text", "text-2", "text-3", "accent") for back in ("bg", "surface")],
    ("text-2", "sunken"), ("accent", "accent-soft"), ("mark-text", "mark"), ("ok", "ok-soft"), ("bad", "bad-soft"),
    ("warn", "warn-soft"), ("on-accent", "accent"),
]  # fmt: skip


def luminance(colour: list[float]) -> float:
    parts = [c / 255 for c in colour]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: list[float], two: list[float]) -> float:
    """WCAG contrast.

    >>> round(ratio([0, 0, 0], [255, 255, 255]))
    21
    """
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_p32_policy_is_strict_and_the_page_names_no_other_host(page: Page, base: str) -> None:
    with urllib.request.urlopen(base + "/") as answer:
        policy, body = answer.headers["content-security-policy"], answer.read().decode()
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in script
    assert "nonce-" in script
    heads = "".join(re.findall(r"<(?:script|link|meta)[^>]*>", body))
    assert "http" not in heads.replace("http://www.w3.org", "").replace(base, "").replace("http-equiv", "")
    blocked = page.evaluate(
        "() => new Promise(done => setTimeout(() => { try { new Function('return 1')(); done('ran') } "
        "catch (error) { done(error.name) } }))"
    )
    assert blocked == "EvalError"
    page.allow("unsafe-eval")  # type: ignore[attr-defined]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_and_names(open_page: Opener, harbour: str, theme: str) -> None:
    page = open_page(color_scheme=theme)
    choose(page, harbour)
    ask(page, "Where is oily waste handed in?")

    def colour(name: str) -> list[float]:
        found: list[float] = page.evaluate(
            """name => {
                const e = document.createElement('i');
                e.style.color = `var(--${name})`;
                document.body.append(e);
                const colour = getComputedStyle(e).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
                e.remove();
                return colour;
            }""",
            name,
        )
        return found

    for front, back in PAIRS:
        assert ratio(colour(front), colour(back)) >= 4.5, (theme, front, back)
    assert ratio(colour("border-2"), colour("bg")) >= 3
    nameless = """() => [...document.querySelectorAll('button, a, input, textarea, select')]
        .filter(e => e.offsetParent)
        .filter(e => !(e.getAttribute('aria-label') || e.labels?.length || e.innerText?.trim() || e.title))
        .map(e => e.outerHTML)"""
    for view in ("chat", "corpora", "settings"):
        page.click(f"a.nav[data-view={view}]")
        page.wait_for_timeout(400)
        assert page.evaluate(nameless) == []


def test_theme_is_kept(open_page: Opener) -> None:
    page = open_page(color_scheme="light")
    page.click("[data-theme=dark]")
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    page.reload()
    page.wait_for_selector("body.ready")
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))


def test_chinese_page_question_and_answer(open_page: Opener, harbour: str) -> None:
    page = open_page()
    page.fill("#ts-box", "未写完的问题")
    page.click("[data-lang=zh]")
    page.wait_for_load_state()
    page.wait_for_selector("body.ready")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#ts-box")).to_have_value("未写完的问题")
    expect(page.locator("#ts-box")).to_have_attribute("placeholder", "向您的文档提问")
    choose(page, harbour)
    ask(page, "读者最多可以借几本书？")
    expect(page.locator(".msg.bot .body")).to_contain_text("八本")
    page.locator(".msg.bot .cite").first.click()
    expect(page.locator("#src-1 .tag")).to_have_text("逐字核对一致")
    page.click("a.nav[data-view=corpora]")
    expect(page.locator("#fl-sum")).to_contain_text("就绪")
    words = re.findall(r"[A-Za-z]{4,}", page.evaluate(OWN_WORDS))
    assert [word for word in words if word not in FORMATS] == []


OWN_WORDS = """() => ['#rail-root', '#corpora-root'].map(id => {
    const copy = document.querySelector(id).cloneNode(true);
    copy.querySelectorAll('.brand, .convs, .cors, .cards, .files, #c-name, #c-sure, [hidden]').forEach(e => e.remove());
    return copy.textContent;
}).join(' ')"""
"""Text of the page that is its own: without names of corpora, conversations and files."""
FORMATS = {"Word", "PowerPoint", "Excel", "OpenDocument", "HTML", "Markdown", "EPUB", "JPEG"}


def test_browser_language_is_followed_at_first(open_page: Opener) -> None:
    page = open_page(locale="zh-CN")
    expect(page.locator("a.nav[data-view=corpora]")).to_have_text("资料库")


def test_keys_and_help(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    expect(page.locator("#ts-box")).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    expect(page.locator("#ts-box")).to_have_value("one\ntwo")
    page.locator("#chat-root").focus()
    page.keyboard.press("?")
    expect(page.locator("#ts-help")).to_be_visible()
    expect(page.locator("#ts-help")).to_contain_text("New line")
    page.keyboard.press("Escape")
    expect(page.locator("#ts-help")).to_be_hidden()
    page.click("#tab-sources")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-page")).to_be_focused()
    expect(page.locator("#tab-page")).to_have_attribute("aria-selected", "true")


def test_enter_waits_for_an_input_method(page: Page) -> None:
    page.fill("#ts-box", "ni hao")
    page.evaluate(
        """() => document.querySelector('#ts-box').dispatchEvent(
            new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"""
    )
    page.wait_for_timeout(300)
    expect(page.locator(".msg")).to_have_count(0)
    expect(page.locator("#ts-box")).to_have_value("ni hao")


def test_phone(open_page: Opener, harbour: str) -> None:
    page = open_page(width=390, height=844, has_touch=True)
    choose(page, harbour)
    ask(page, "Where is oily waste handed in?")
    chip = page.locator(".msg.bot .cite").first
    chip.click()
    expect(page.locator("#ts-ev")).to_be_visible()
    page.wait_for_timeout(500)
    sheet, mark = box(page.locator("#ts-ev")), box(chip)
    assert sheet["y"] > 100
    assert mark["y"] + mark["height"] <= sheet["y"], "the sentence that is checked stays in view"
    expect(page.locator("#ev-claim")).to_contain_text("green container")
    assert not page.locator("#ev-claim").inner_text().rstrip().endswith("1"), "chips are no part of the sentence"
    quoted = box(page.locator("#src-1 mark"))
    assert quoted["y"] + quoted["height"] <= 844, "the quoted words are in view"
    page.keyboard.press("Escape")
    expect(page.locator("#ts-ev")).to_be_hidden()
    page.click("#ts-menu")
    expect(page.locator("#rail-root .brand")).to_be_visible()
    page.click("a.nav[data-view=corpora]")
    expect(page.locator("#ts-rail")).to_be_hidden()
    for view in ("chat", "corpora", "settings"):
        page.goto(page.url.split("#")[0] + f"#/{view}")
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
    for button in page.locator("#ts-top button:visible").all():
        assert box(button)["height"] >= 40


def box(locator: Any) -> dict[str, float]:
    found = locator.bounding_box()
    assert found is not None
    return dict(found)


def test_lost_connection_keeps_the_question(open_page: Opener, harbour: str) -> None:
    page = open_page()
    choose(page, harbour)
    page.context.set_offline(True)
    page.allow("ERR_INTERNET_DISCONNECTED")  # type: ignore[attr-defined]
    page.fill("#ts-box", "Where is oily waste handed in?")
    page.keyboard.press("Enter")
    expect(page.locator("#ts-toast")).to_contain_text("does not answer")
    expect(page.locator("#ts-box")).to_have_value("Where is oily waste handed in?")
    page.context.set_offline(False)
    page.press("#ts-box", "Enter")
    finished(page, "Where is oily waste handed in?")
