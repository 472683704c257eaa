"""Corpora in the browser: many files with a bad one, progress, reports, deletion, rename, archive, hostile names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import papers
from tests.browser.conftest import Opener, ask, choose

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
SLOW = 90_000


def create(page: Page, name: str) -> None:
    page.goto(page.url.split("#")[0] + "#/corpora")
    page.click("[data-act=new-corpus]")
    page.fill("#ts-newcorpus input", name)
    page.keyboard.press("Enter")
    expect(page.locator("#c-name")).to_have_text(name)


def text_file(name: str, text: str) -> dict[str, object]:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


def row(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator("#ts-filelist > li", has_text=name)


def test_many_files_with_bad_ones(page: Page) -> None:
    create(page, "Deliveries")
    expect(page.locator("#ts-filelist")).to_contain_text("No files yet.")
    files = [
        text_file(f"delivery {n}.txt", f"Delivery {n} came on a Monday with {n + 40} crates of pears.")
        for n in range(4)
    ]
    files += [
        {"name": "rules.pdf", "mimeType": "application/pdf", "buffer": papers.RULES},
        {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\nnothing here"},
        text_file("large.txt", "x" * (3 << 20)),
    ]
    page.set_input_files("#ts-files", files)  # type: ignore[arg-type]
    expect(row(page, "large.txt")).to_contain_text("larger than 2 MB")
    expect(row(page, "rules.pdf")).to_have_attribute("data-state", "ready", timeout=SLOW)
    expect(row(page, "broken.pdf")).to_have_attribute("data-state", "failed", timeout=SLOW)
    expect(page.locator("#ts-filelist > li[data-state=ready]")).to_have_count(5, timeout=SLOW)
    assert row(page, "broken.pdf").locator(".note").inner_text().endswith(".")
    expect(page.locator("#fl-sum")).to_contain_text("5 ready")
    row(page, "large.txt").get_by_role("button", name="Remove").click()
    expect(page.locator("#fl-sum")).to_have_text("6 documents · 5 ready · 1 could not be read")
    card = page.locator(".card[aria-current]")
    expect(card).to_contain_text("6 documents · 1 could not be read")
    expect(card.locator(".dot.ok")).to_have_count(0)
    row(page, "rules.pdf").locator("a.nm").click()
    expect(page.locator("#ts-document")).to_contain_text("Pages")
    expect(page.locator("#ts-document .doctext")).to_contain_text("fourteen nights")
    page.wait_for_function("() => document.querySelector('#d-img')?.naturalWidth > 0")
    page.get_by_role("button", name="Next page").click()
    expect(page.locator("#d-n")).to_have_text("2")


def test_list_is_searched_sorted_and_deleted_in_bulk(page: Page) -> None:
    create(page, "Lists")
    files = [
        text_file("b.txt", "Bees fly."),
        text_file("a.txt", "Ants walk far."),
        text_file("c note.txt", "Cats sleep."),
    ]
    page.set_input_files("#ts-files", files)  # type: ignore[arg-type]
    expect(page.locator("#ts-filelist > li[data-state=ready]")).to_have_count(3, timeout=SLOW)
    page.select_option("#fl-sort", "name")
    assert page.locator("#ts-filelist .nm").all_inner_texts() == ["a.txt", "b.txt", "c note.txt"]
    page.fill("#fl-find", "note")
    expect(page.locator("#ts-filelist > li")).to_have_count(1)
    page.fill("#fl-find", "")
    page.get_by_role("checkbox", name="Select: a.txt").check()
    page.get_by_role("checkbox", name="Select: b.txt").check()
    page.click("#fl-del")
    expect(page.locator("#fl-del")).to_have_text("Delete 2?")
    page.click("#fl-del")
    expect(page.locator("#ts-filelist > li")).to_have_count(1)
    expect(page.locator("#fl-sum")).to_have_text("1 document · 1 ready")
    expect(page.locator("#ts-toast")).to_contain_text("2 documents deleted.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#ts-filelist > li[data-state=ready]")).to_have_count(3, timeout=SLOW)


def test_p07_deleted_document_is_gone_from_answers_and_pages(page: Page, base: str) -> None:
    create(page, "Passing")
    fact = "The bell of Sankt Alban was cast by Theodora Winterhalter in 1742."
    page.set_input_files("#ts-files", [text_file("bell.txt", fact), text_file("other.txt", "Pears are green.")])  # type: ignore[list-item]
    expect(page.locator("#ts-filelist > li[data-state=ready]")).to_have_count(2, timeout=SLOW)
    page.goto(base + "#/chat")
    choose(page, "Passing")
    ask(page, "Who cast the bell of Sankt Alban?")
    expect(page.locator(".msg.bot .body")).to_contain_text("Theodora Winterhalter")
    page.goto(base + "#/corpora/Passing")
    delete = row(page, "bell.txt").get_by_role("button", name="Delete")
    delete.click()
    expect(delete).to_have_text("Delete?")
    delete.click()
    expect(row(page, "bell.txt")).to_have_count(0)
    page.goto(base + "#/chat")
    choose(page, "Passing")
    ask(page, "Who cast the bell of Sankt Alban?")
    expect(page.locator(".msg.bot .body").last).not_to_contain_text("Theodora")
    page.allow("404")  # type: ignore[attr-defined]
    assert page.request.get(base + "/v1/documents/original?corpus=Passing&name=bell.txt").status == 404


def test_rename_export_import_delete_a_corpus(page: Page, tmp_path: Path) -> None:
    create(page, "Orchard")
    page.set_input_files("#ts-files", [text_file("pears.txt", "The pears ripen in September.")])  # type: ignore[list-item]
    expect(page.locator("#ts-filelist > li[data-state=ready]")).to_have_count(1, timeout=SLOW)
    page.click("[data-act=rename-corpus]")
    page.keyboard.type("Orchard 2026")
    page.keyboard.press("Enter")
    expect(page.locator("#c-name")).to_have_text("Orchard 2026")
    expect(page.locator("#rail-root .row", has_text="Orchard 2026")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#ts-corpus-view .tools a[download]").click()
    archive = tmp_path / "orchard.zip"
    download.value.save_as(archive)
    page.click("[data-act=delete-corpus]")
    expect(page.locator("#c-sure")).to_contain_text("Orchard 2026")
    page.click("[data-act=delete-corpus-sure]")
    expect(page.locator("#rail-root .row", has_text="Orchard 2026")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator("#c-name")).to_have_text("Orchard 2026")
    expect(page.locator("#ts-filelist > li[data-state=ready]")).to_have_count(1)
    page.click("[data-act=delete-corpus]")
    page.click("[data-act=delete-corpus-sure]")
    expect(page.locator("#rail-root .row", has_text="Orchard 2026")).to_have_count(0)
    page.set_input_files("#ts-import", archive)
    expect(page.locator("#c-name")).to_have_text("Orchard 2026")
    expect(page.locator("#ts-filelist > li[data-state=ready]")).to_have_count(1, timeout=SLOW)


def test_an_archive_chosen_while_the_list_is_drawn_anew_still_arrives(page: Page, tmp_path: Path, base: str) -> None:
    create(page, "Meadow")
    archive = tmp_path / "meadow.zip"
    archive.write_bytes(page.request.get(base + "/v1/corpora/export?name=Meadow").body())
    page.request.delete(base + "/v1/corpora?name=Meadow", headers={"Origin": base})
    with page.expect_file_chooser() as dialog:
        page.click("[data-act=import]")
    page.goto(base + "#/corpora")  # the list is drawn anew while the dialog is open
    expect(page.locator("#c-name")).not_to_have_text("Meadow")
    dialog.value.set_files(archive)
    expect(page.locator("#c-name")).to_have_text("Meadow")


def test_p06_p32_hostile_names_and_cells_are_text(page: Page, base: str) -> None:
    name = 'x"><img src=y onerror=window.__x=1>.csv'
    create(page, "<b onclick=window.__x=4>Bold</b>")
    page.set_input_files("#ts-files", [{"name": name, "mimeType": "text/csv", "buffer": papers.HOSTILE_TEXT.encode()}])
    expect(page.locator("#ts-filelist > li[data-state=ready]")).to_have_count(1, timeout=SLOW)
    expect(page.locator("#ts-filelist .nm")).to_contain_text("<img src=y onerror")
    page.locator("#ts-filelist a.nm").click()
    expect(page.locator("#ts-document .doctext")).to_contain_text("<script>window.__x=2</script>")
    page.goto(base + "#/chat")
    choose(page, "<b onclick=window.__x=4>Bold</b>")
    ask(page, "Who is the lantern keeper? <img src=z onerror=window.__x=5>")
    expect(page.locator(".msg.user .text")).to_contain_text("<img src=z")
    ask(page, "Who is the lantern keeper?")
    expect(page.locator(".msg.bot .body").last).to_contain_text("Amalia Brandt")
    page.locator(".msg.bot .cite").last.click()
    for tab in ("sources", "table", "receipt"):
        page.click(f"#tab-{tab}")
        page.wait_for_timeout(200)
    assert page.evaluate("window.__x") is None
    assert (
        page.locator("#ts-shell img[src=y], #ts-shell img[src=x], #ts-shell img[src*=evil], #chat-root script").count()
        == 0
    )


def test_upload_is_cancelled(page: Page) -> None:
    create(page, "Stops")
    page.set_input_files("#ts-files", [text_file(f"n{n}.txt", "word " * 390_000) for n in range(3)])  # type: ignore[misc]
    waiting = page.locator("#ts-filelist > li", has=page.get_by_role("button", name=re.compile("^Cancel")))
    waiting.first.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(page.locator("#ts-filelist > li:is([data-state=cancelled], [data-state=failed])")).not_to_have_count(
        0, timeout=SLOW
    )


def test_private_links_do_not_open_for_a_missing_document(open_page: Opener) -> None:
    page = open_page("/#/corpora/nowhere/none.txt")
    page.allow("404")  # type: ignore[attr-defined]
    expect(page.locator("#ts-toast")).to_contain_text("There is no")
