"""What passages leave out."""

from __future__ import annotations

from assistant.types import Document
from ingest.builder import DocumentBuilder
from ingest.clean import clean
from ingest.duplicates import duplicates


def kept(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in clean(document).blocks]


def pages(*contents: tuple[str, ...]) -> Document:
    builder = DocumentBuilder("pdf")
    for page, blocks in enumerate(contents, 1):
        for text in blocks:
            builder.add("paragraph", text, page=page)
    return builder.build()


def test_running_headers_stay_once_and_page_numbers_go() -> None:
    document = pages(*[("ACME Report 2020", f"Sales rose by {n * n}%.", f"- {n + 3} -") for n in range(1, 5)])
    assert kept(document) == ["ACME Report 2020", *[f"Sales rose by {n * n}%." for n in range(1, 5)]]
    assert clean(document).reasons == {"page number": 4, "repeated header or footer": 3}
    assert document.text.count("ACME") == 4  # the stored text keeps everything


def test_labelled_page_numbers_go_and_lone_figures_stay() -> None:
    document = pages(("Page 1 of 2", "Customers", "42"), ("第 2 页", "Years", "2019"))
    assert kept(document) == ["Customers", "42", "Years", "2019"]


def test_one_page_has_no_furniture() -> None:
    document = pages(("7", "Seven", "7", "7"))
    assert kept(document) == ["7", "Seven", "7", "7"]


def test_contents_list_and_blank_page_note_go() -> None:
    document = pages(
        ("Contents", "1 Introduction ........ 3\n2 Methods . . . . . . 12\n3 结果 …… 20", "Real text follows."),
        ("This page intentionally left blank.",),
    )
    assert kept(document) == ["Contents", "Real text follows."]


def test_leaders_without_a_contents_heading_stay() -> None:
    form = "Wages from form W-2 ........ 1\nTaxable interest ........ 2"
    assert kept(pages((form, "More."), ("Other.", "Last."))) == [form, "More.", "Other.", "Last."]


def test_header_blocks_are_kept_once() -> None:
    builder = DocumentBuilder("docx")
    builder.add("header", "Contract 12/3")
    builder.add("paragraph", "Text.")
    builder.add("header", "Contract 12/3")
    builder.add("footer", "3")
    assert kept(builder.build()) == ["Contract 12/3", "Text."]


def test_nothing_becomes_silently_empty() -> None:
    document = pages(("Page 1",), ("Page 2",))
    assert kept(document) == ["Page 1", "Page 2"]


LONG = "The quick brown fox jumps over the lazy dog while " + " ".join(f"word{c}" for c in "abcdefghijklmnopqrstuvwxyz")


def test_duplicates_point_at_the_first() -> None:
    assert duplicates([(LONG, "A"), ("Other text.", "A"), (LONG.upper() + "!", "B")]) == {2: 0}


def test_near_duplicates_have_nothing_new() -> None:
    assert duplicates([(LONG * 3 + " indeed", ""), (LONG * 3, "")]) == {1: 0}
    assert duplicates([(LONG * 3, ""), (LONG * 3 + " not", "")]) == {}
    assert duplicates([(LONG, ""), (LONG.replace("fox", "dog"), "")]) == {}


def test_a_different_number_is_a_different_passage() -> None:
    assert duplicates([(LONG * 5 + " in 2019", ""), (LONG * 5 + " in 2020", "")]) == {}


def test_short_repeats_count_under_the_same_heading_only() -> None:
    assert duplicates([("Not applicable.", "A"), ("Not applicable.", "B"), ("not applicable", "A")]) == {2: 0}
