"""What a parsed document becomes, and what its report says."""

from __future__ import annotations

from assistant.types import Document
from ingest.builder import DocumentBuilder
from ingest.prepare import estimated_tokens, prepare, searched_text


def test_a_text_without_blocks_is_still_searched() -> None:
    document = Document("txt", "Some text.\n")
    assert [(p.start, p.end) for p in prepare(document, estimated_tokens, 200).pieces] == [(0, 10)]


def test_the_report_counts_passages_and_says_what_was_left_out() -> None:
    builder = DocumentBuilder("docx")
    clause = " ".join(f"Clause number {n} binds both sides." for n in range(12))
    for _ in range(3):
        builder.add("paragraph", clause)
    report = prepare(builder.build(), estimated_tokens, 200).document.report
    assert (report.passages, report.duplicates) == (1, 2)
    assert report.warnings == (
        "2 passages were left out of search because the same text stands elsewhere in the document.",
    )


def test_a_big_sheet_is_told() -> None:
    builder = DocumentBuilder("xlsx")
    builder.add_table([("a", "b"), *[(f"x{n}", f"{n}") for n in range(2500)]], sheet="Sales")
    report = prepare(builder.build(), estimated_tokens, 200).document.report
    assert report.warnings == ("Sales has 2,500 rows: it is searched by its columns and some of its rows.",)


def test_soft_hyphens_are_not_searched() -> None:
    assert searched_text("A > B", "co\u00adoperate informa-\ntion") == "A > B\ncooperate information"
