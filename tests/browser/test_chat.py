"""Asking in the browser: stream, citation, page, table, abstention, follow-up, branches, reload, stop, feedback."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener, ask, choose, finished

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from assistant.wiring import House

pytestmark = pytest.mark.browser
FEE = "What is the daily fee for a visitor berth?"


def test_first_start_answers_from_the_sample_corpus(page: Page, house: House) -> None:
    expect(page.locator("#rail-root .row", has_text="thickshell guide")).to_be_visible()
    for _ in range(300):
        if all(info.state == "ready" for info in house.library.documents("thickshell guide")):
            break
        page.wait_for_timeout(200)
    expect(page.locator("#ts-model")).to_contain_text("Ready")
    page.get_by_role("button", name="How many cars travelled in June?").click()
    finished(page, "How many cars travelled in June?")
    expect(page.locator(".msg.bot .body")).to_contain_text("2731")
    expect(page.locator(".conv[aria-current]")).to_contain_text("How many cars")


def test_answer_streams_and_its_citation_opens_the_page_with_the_quote_boxed(page: Page, harbour: str) -> None:
    choose(page, harbour)
    ask(page, FEE + " …", wait=False)
    expect(page.locator(".msg.bot .status")).to_contain_text(re.compile("Searching|Reading|Writing"))
    page.wait_for_function("() => document.querySelector('.msg.bot .body')?.innerText.length > 3")
    first = page.locator(".msg.bot .body").inner_text()
    finished(page, FEE + " …")
    assert len(page.locator(".msg.bot .body").inner_text()) > len(first)
    expect(page.locator(".msg.bot .body")).to_contain_text("32 euros")
    chip = page.locator(".msg.bot .cite", has_text="1").first
    chip.click()
    expect(page.locator("#src-1")).to_be_focused()
    expect(page.locator("#src-1 mark")).to_have_text("The daily fee for a visitor berth is 32 euros.")
    expect(page.locator("#src-1 .tag")).to_have_text("Found word for word")
    page.locator("#src-1 [data-tab=page]").click()
    expect(page.locator("#ev-body .where")).to_contain_text("page 2")
    box = page.locator(".pageimg .box").first
    expect(box).to_be_visible()
    # The line has its baseline at 640 of 792 points from below: 152 from the top, letters above it.
    place = page.evaluate(
        """() => { const b = document.querySelector('.pageimg .box').style, n = (v) => parseFloat(v);
                  return [n(b.left), n(b.top), n(b.left) + n(b.width), n(b.top) + n(b.height)]; }"""
    )
    left, top, right, bottom = (place[0] * 6.12, place[1] * 7.92, place[2] * 6.12, place[3] * 7.92)
    assert abs(left - 72) < 3
    assert 290 < right < 320
    assert 136 < top < 146
    assert 150 < bottom < 158
    page.click("#tab-receipt")
    expect(page.locator("#ev-body")).to_contain_text("Receipt number")


def test_cell_is_marked_in_its_table(page: Page) -> None:
    choose(page, "thickshell guide")
    ask(page, "What does a monthly pass cost?")
    page.locator(".msg.bot .cite").first.click()
    expect(page.locator("#src-1 td.used", has_text="98")).to_be_visible()  # the row stands in its card as a table
    page.locator("#src-1 [data-tab=table]").click()
    expect(page.locator("td.used", has_text="98")).to_be_visible()
    expect(page.locator("#ev-body")).to_contain_text("B6")
    expect(page.locator("#ev-body")).to_contain_text("Fares")


def test_the_looked_up_cell_is_marked_alone_and_the_next_question_is_answered(page: Page) -> None:
    choose(page, "thickshell guide")
    ask(page, "How many cars travelled in June?")
    page.locator(".msg.bot .cite").first.click()
    expect(page.locator("#src-1 td.used mark")).to_have_text("2731")
    page.locator("#src-1 [data-tab=table]").click()
    expect(page.locator("#ev-body td.used")).to_have_text(["2731"])
    expect(page.locator("#ev-body td.row").first).to_have_text("June")
    expect(page.locator("#ev-body .where b").last).to_have_text("D7")
    nextone = page.locator(".followups .pill").first
    question = nextone.inner_text()
    assert "June" in question
    nextone.click()
    finished(page, question)
    expect(page.locator(".msg.bot .body").last).to_contain_text("June, ")


def test_what_a_table_would_have_to_be_computed_for_is_said_with_the_table(page: Page) -> None:
    ask(page, "Which month had the highest revenue?")
    expect(page.locator(".msg.bot .abstain")).to_contain_text("the nearest table is “2025” in Ferry line 2025.xlsx")
    expect(page.locator("#src-1 table.grid thead")).to_contain_text("Revenue EUR")
    expect(page.locator("#src-1 mark")).to_have_count(0)


def test_a_question_over_chosen_documents_says_so_until_all_are_asked_again(page: Page, harbour: str) -> None:
    choose(page, harbour)
    expect(page.locator(".example")).to_have_text(["What is in here?"])
    page.focus("#ts-only")
    page.keyboard.press("Enter")
    page.fill("#ts-only-find", "rules")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#ts-only")).to_be_focused()
    expect(page.locator("#ts-only")).to_have_text("Harbour rules.pdf")
    ask(page, "What is this document about?")
    expect(page.locator(".msg.bot .only")).to_have_text("Only in: Harbour rules.pdf")
    expect(page.locator(".src b").first).to_have_text("Harbour rules.pdf")
    page.click("#ts-only-off")
    expect(page.locator("#ts-only")).to_have_text("All documents")
    page.goto(page.url.partition("#")[0] + f"#/corpora/{harbour}/Harbour%20rules.pdf")
    page.click("[data-act=ask-only]")
    expect(page.locator("#ts-only")).to_have_text("Harbour rules.pdf")


def test_the_page_of_a_quote_can_be_enlarged(page: Page, harbour: str) -> None:
    choose(page, harbour)
    ask(page, FEE)
    page.locator("#src-1 [data-tab=page]").click()
    expect(page.locator(".pageimg .box").first).to_be_visible()
    narrow = page.locator(".pageimg img").bounding_box()
    page.get_by_role("button", name="Enlarge").click()
    wide = page.locator(".pageimg img").bounding_box()
    assert narrow
    assert wide
    assert wide["width"] > 2 * narrow["width"]
    expect(page.locator(".pageimg .box").first).to_be_in_viewport()


def test_abstention_shows_the_nearest_passages(page: Page, harbour: str) -> None:
    choose(page, harbour)
    ask(page, "Who composed the symphony about Mars?")
    expect(page.locator(".msg.bot .abstain")).to_contain_text("The documents do not say.")
    page.locator(".msg.bot .cite").first.click()
    expect(page.locator(".src .tag").first).to_contain_text("Nearest passage")
    expect(page.locator(".src mark")).to_have_count(0)


def test_follow_up_and_the_question_as_searched(page: Page) -> None:
    choose(page, "thickshell guide")
    ask(page, "How many passengers travelled in June?")
    expect(page.locator(".msg.bot .body").last).to_contain_text("23107")
    ask(page, "and in July?")
    expect(page.locator(".msg.bot .body").last).to_contain_text("31562")
    expect(page.locator(".understood").last).to_contain_text("July")


def test_reload_keeps_the_chat_and_takes_up_a_running_answer(page: Page, harbour: str) -> None:
    choose(page, harbour)
    ask(page, FEE + " …", wait=False)
    page.wait_for_function("() => document.querySelector('.msg.bot .body')?.innerText.length > 3")
    page.reload()
    page.wait_for_selector("body.ready")
    expect(page.locator(".msg.user .text")).to_have_text(FEE + " …")
    finished(page, FEE + " …")
    expect(page.locator(".msg.bot .body")).to_contain_text("32 euros")
    expect(page.locator(".msg.bot")).to_have_count(1)


def test_stop_keeps_what_was_written_and_a_second_enter_waits(page: Page, harbour: str) -> None:
    choose(page, harbour)
    ask(page, FEE + " …", wait=False)
    page.wait_for_selector("#ts-stop:visible")
    page.wait_for_function("() => document.querySelector('.msg.bot .body')?.innerText.length > 3")
    page.fill("#ts-box", "Another question")
    page.press("#ts-box", "Enter")
    expect(page.locator("#ts-box")).to_have_value("Another question")
    expect(page.locator(".msg.user")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".msg.bot .note").last).to_contain_text("Stopped.")
    expect(page.locator("#ts-send")).to_be_visible()
    assert "The" in page.locator(".msg.bot .body").inner_text()


def test_edit_and_again_make_branches_that_stay(page: Page, harbour: str) -> None:
    choose(page, harbour)
    ask(page, FEE)
    page.locator(".msg.user").hover()
    page.locator(".msg.user [data-act=edit]").click()
    page.fill(".editing textarea", "Where is oily waste handed in?")
    page.press(".editing textarea", "Enter")
    finished(page, "Where is oily waste handed in?")
    expect(page.locator(".msg.bot .body")).to_contain_text("green container")
    branches = page.locator(".msg.user .branches")
    expect(branches).to_contain_text("2/2")
    branches.get_by_role("button", name="Earlier version").click()
    expect(page.locator(".msg.user .text")).to_have_text(FEE)
    expect(page.locator(".msg.bot .body")).to_contain_text("32 euros")
    page.locator(".msg.bot [data-act=again]").click()
    expect(page.locator(".msg.bot .branches")).to_contain_text("2/2")
    finished(page, FEE)


def test_feedback_is_kept_with_its_reason(page: Page, house: House, harbour: str) -> None:
    choose(page, harbour)
    ask(page, FEE)
    buttons = page.locator(".msg.bot .acts button").evaluate_all("all => all.map(b => b.dataset.act)")
    assert buttons.index("up") < buttons.index("down")
    page.locator("[data-act=up]").click()
    expect(page.locator("[data-act=up]")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-act=down]").click()
    page.get_by_role("button", name="Wrong source").click()
    expect(page.locator(".why")).to_have_count(0)  # gone when it is stored; the first rating said “Noted” too
    expect(page.locator("#ts-toast")).to_contain_text("Noted")
    message = page.locator(".msg.bot").get_attribute("data-id")
    assert message is not None
    assert house.chats.message(message)["feedback"] == {"rating": "down", "reason": "Wrong source"}


def test_two_people_at_once(open_page: Opener, harbour: str) -> None:
    one, two = open_page(), open_page()
    for page in (one, two):
        choose(page, harbour)
    ask(one, FEE + " …", wait=False)
    ask(two, "Where is oily waste handed in? …", wait=False)
    finished(two, "Where is oily waste handed in? …")
    finished(one, FEE + " …")
    expect(one.locator(".msg.bot .body")).to_contain_text("32 euros")
    expect(two.locator(".msg.bot .body")).to_contain_text("green container")
    expect(one.locator(".msg.user")).to_have_count(1)


def test_conversations_are_found_renamed_exported_and_deleted(page: Page, harbour: str) -> None:
    choose(page, harbour)
    ask(page, "When are glass and paper collected?")
    page.fill("#ts-find", "glass and paper")
    expect(page.locator(".conv")).to_have_count(1)
    page.locator(".conv").hover()
    page.click(".conv [data-act=conv-menu]")
    page.click(".conv [data-act=rename]")
    page.keyboard.type("Waste days")
    page.keyboard.press("Enter")
    expect(page.locator(".conv .open")).to_have_text("Waste days")
    page.locator(".conv").hover()
    page.click(".conv [data-act=conv-menu]")
    with page.expect_download() as download:
        page.get_by_text("Export as Markdown").click()
    assert "Tuesdays" in download.value.path().read_text("utf-8")
    page.locator(".conv").hover()
    if not page.locator(".popover:visible").count():
        page.click(".conv [data-act=conv-menu]")
    page.click(".conv [data-act=delete]")
    expect(page.locator(".conv [data-act=delete]")).to_contain_text("Delete?")
    page.click(".conv [data-act=delete]")
    expect(page.locator(".conv")).to_have_count(0)
    expect(page.locator(".welcome")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".conv .open")).to_have_text("Waste days")
    expect(page.locator(".msg.bot .body")).to_contain_text("Tuesdays")


def test_attached_file_is_private_and_goes_with_its_conversation(page: Page, house: House, harbour: str) -> None:
    note = b"The password of the tower room is kept by Ottilie Grau, who lives at the mill."
    page.set_input_files("#ts-attach", {"name": "tower note.txt", "mimeType": "text/plain", "buffer": note})
    expect(page.locator("section.attached")).to_contain_text("tower note.txt")
    ask(page, "Who keeps the password of the tower room?")
    expect(page.locator(".msg.bot .body")).to_contain_text("Ottilie Grau")
    assert not any(info.name.startswith("conversation-") for info in house.library.corpora())
    page.locator("[data-add]").select_option(harbour)
    expect(page.locator("#ts-toast")).to_contain_text("Added to Harbour")
    conversation = page.url.rsplit("/", 1)[1]
    page.locator(".conv[aria-current]").hover()
    page.click(".conv[aria-current] [data-act=conv-menu]")
    page.click(".conv[aria-current] [data-act=delete]")
    page.click(".conv[aria-current] [data-act=delete]")
    expect(page.locator(".welcome")).to_be_visible()
    private = [info.name for info in house.library.corpora(private=True)]
    assert f"conversation-{conversation}" not in private
    assert "tower note.txt" in [info.name for info in house.library.documents(harbour)]
    house.library.delete_document(harbour, "tower note.txt")
