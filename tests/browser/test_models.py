"""A model behind the page: who answers, what nothing bears out, text taken back, receipt, prompts, comparing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from assistant.generators.scripted import ScriptedGenerator
from assistant.types import Message, ModelInfo
from tests.browser.conftest import Opener, ask, filled, finished
from tests.browser.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from assistant.wiring import House

pytestmark = pytest.mark.browser
TOWERS = "The Eiffel Tower was finished in 1889. It is 330 metres tall.\n\nGustave Eiffel built it in Paris.\n"
WHEN, TALL = "When was the Eiffel Tower finished?", "How tall is the Eiffel Tower?"


def reply(messages: Sequence[Message]) -> str:
    asked = messages[-1].content
    if TALL in asked:
        return (  # long enough to be seen, on any machine, before it is taken back
            "It has seven million golden stairs. Forty bakers sang about cheese all night. Nine painters lost their "
            "hats in the fog. Each pigeon wore a small blue coat."
        )
    if "<passage" not in asked:
        return "I think it was in 1900."
    return "The Eiffel Tower was finished in 1889. [1] Forty sailors painted it green with 77 brushes."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, House]]:
    model = ScriptedGenerator(reply, delay=0.05, name="small")
    known = {"architecture": "llama", "licence": "Apache-2.0", "parameters": 134_515_008}
    model._info = ModelInfo("small", "local", 4096, "r1", known)
    folder = tmp_path_factory.mktemp("models")
    with served(folder / "home", model, encoder="hashed", brain="embedded") as running:
        filled(running[1], "Towers", {"tower.txt": TOWERS.encode()}, folder)
        yield running


@pytest.fixture(scope="module")
def base(site: tuple[str, House]) -> str:
    return site[0]


@pytest.fixture(scope="module")
def house(site: tuple[str, House]) -> House:
    return site[1]


def by(page: Page, way: str) -> None:
    page.select_option("#ts-way", way)


def test_a_sentence_without_support_is_marked_in_words_and_counted(page: Page) -> None:
    by(page, "3|small")
    expect(page.locator("#ts-waynote")).to_contain_text("very small (135 million parameters)")
    ask(page, WHEN)
    answer = page.locator(".msg.bot")
    expect(answer.locator(".unborne")).to_have_count(1)
    expect(answer.locator(".unborne")).to_contain_text("not found")
    expect(answer.locator(".body")).not_to_contain_text("[?]")
    expect(answer.locator(".cite")).to_have_count(1)
    expect(answer.locator(".told")).to_have_text("1 of 2 sentences were not found in the documents.")
    expect(answer.locator(".made span")).to_have_text("small, with your documents")


def test_what_is_taken_back_is_no_longer_shown(page: Page) -> None:
    by(page, "3|small")
    page.evaluate(  # what stands there for an instant only is noted by the page itself
        """() => { window.seen = ''; new MutationObserver(() => {
            window.seen += document.querySelector('.msg.bot .body')?.textContent ?? ''; })
            .observe(document.body, {subtree: true, childList: true, characterData: true}); }"""
    )
    ask(page, TALL)
    assert "seven million" in page.evaluate("window.seen")
    expect(page.locator(".msg.bot .body")).not_to_contain_text("golden")
    expect(page.locator(".msg.bot .told")).to_contain_text("The model's own words were not found in the documents")
    expect(page.locator(".msg.bot .made span")).to_have_text("From your documents, in place of small")


def test_the_choice_is_kept_and_a_model_alone_says_it_is_unchecked(page: Page) -> None:
    by(page, "2|small")
    expect(page.locator("#ts-persona")).to_be_visible()
    by(page, "1|small")
    expect(page.locator("#ts-persona")).to_be_hidden()
    page.reload()
    page.wait_for_selector("body.ready")
    assert page.input_value("#ts-way") == "1|small"
    ask(page, WHEN)
    expect(page.locator(".msg.bot .made span")).to_have_text("small alone")
    expect(page.locator(".msg.bot .told")).to_have_text("Not checked against your documents.")


def test_the_receipt_tells_the_model_and_how_to_run_it_again(page: Page, house: House) -> None:
    by(page, "3|small")
    ask(page, WHEN)
    page.get_by_role("button", name="How this answer was made").click()
    panel = page.locator("#ev-body")
    for text in ("llama", "Apache-2.0", "base.en@1", "Sentences not found", "Tokens read"):
        expect(panel).to_contain_text(text)
    message = page.locator(".msg.bot").get_attribute("data-id")
    expect(panel.locator(".command")).to_have_text(f"thickshell replay {message}")
    with page.expect_download() as download:
        panel.get_by_role("link", name="Download the receipt").click()
    receipt = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert receipt["receipt"]["scores"]["unsupported"] == 1
    conversation = house.chats.message(str(message))["conversation"]
    assert "marked [?]: not found in the documents (1)" in house.chats.export(conversation)


def test_two_answers_stand_side_by_side_and_the_better_one_is_kept(page: Page, house: House) -> None:
    by(page, "3|embedded")
    ask(page, WHEN)
    page.wait_for_timeout(1000)  # the transcript may be drawn anew once more when an answer has been stored
    page.get_by_role("button", name="Compare answers").click()
    if not page.locator(".again-as select").count():
        page.wait_for_timeout(3000)
        if not page.locator(".again-as select").count():
            page.get_by_role("button", name="Compare answers").click()
    page.select_option(".again-as select", "1|small")
    page.get_by_role("button", name="Answer side by side").click()
    columns = page.locator("#ts-compare .col")
    expect(columns).to_have_count(2)
    expect(columns.nth(0).locator("h3")).to_have_text("From your documents (no model)")
    expect(columns.nth(1).locator("h3")).to_have_text("small alone")
    button = columns.nth(0).get_by_role("button", name="This one is better")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    first, second = (house.chats.message(str(columns.nth(n).get_attribute("data-id"))) for n in (0, 1))
    kept = first["feedback"]
    assert kept["rating"] == "up"
    assert first["answer"]["receipt_id"] in kept["reason"]
    assert second["answer"]["receipt_id"] in kept["reason"]
    assert second["feedback"] is None


def test_a_prompt_is_edited_into_a_new_version_compared_and_tried(open_page: Opener, house: House) -> None:
    page = open_page("/#/prompts/tutor/en/1")
    page.get_by_role("button", name="Edit").click()
    page.fill("#p-edit [name=text]", page.input_value("#p-edit [name=text]") + " End with a question.")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator("#ts-prompt")).to_have_attribute("data-version", "2")
    assert [p.version for p in house.prompts.list() if (p.name, p.language) == ("tutor", "en")] == [2, 1]
    page.select_option("#p-against", "1")
    expect(page.locator("#ts-prompt .diff ins")).to_contain_text("End with a question.")
    page.fill("#p-try input", WHEN)
    page.press("#p-try input", "Enter")
    finished(page, WHEN)
    expect(page.locator(".msg.bot .made span")).to_have_text("small, with your documents")
    stored = house.chats.message(str(page.locator(".msg.bot").get_attribute("data-id")))
    assert "tutor.en@2" in stored["answer"]["receipt"]["scores"]["prompt"]["parts"]


def test_the_phone_in_chinese_has_no_sideways_scroll(open_page: Opener) -> None:
    page = open_page(width=390, height=800, locale="zh-CN", color_scheme="dark")
    by(page, "3|small")
    ask(page, WHEN)
    expect(page.locator(".msg.bot .unborne")).to_contain_text("未找到")
    expect(page.locator(".msg.bot .told")).to_have_text("2 句中有 1 句未在文档中找到依据。")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
