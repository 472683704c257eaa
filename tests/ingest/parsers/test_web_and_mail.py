"""HTML, EPUB, RTF and mail made from scratch."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_files import SEEDS, eml, written

from assistant.errors import UnreadableFile
from assistant.types import Document, Limits
from ingest.parsers import parser_for
from ingest.parsers.mail import header


def parsed(folder: Path, format: str, data: str | bytes | None = None) -> Document:
    raw = data.encode() if isinstance(data, str) else data
    return parser_for(format).parse(written(folder, format, raw), Limits())


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_html_keeps_the_content_and_drops_the_furniture(tmp_path: Path) -> None:
    document = parsed(tmp_path, "html")
    assert blocks(document) == [
        ("heading", "Ducks"),
        ("paragraph", "They swim well.\nAnd fly."),
        ("list", "- one\n  1. inner\n- two"),
        ("table", "Kind | Seen | Seen\nKind | 2019 | 2020\nMallard | 1,200 | (5)"),
        ("table", " | Income\nTotal | $1,234"),
    ]
    assert (document.title, document.date) == ("Ducks - Example", "2024-02-03")
    assert document.tables[0].header == ("Kind", "Seen / 2019", "Seen / 2020")
    assert [cell.value for cell in document.tables[0].cells[-2:]] == [1200, -5]
    assert document.tables[1].rows == (("Total", "$1,234"),)
    assert document.report.warnings == ("Hidden text of the page was left out.",)


def test_layout_tables_are_text(tmp_path: Path) -> None:
    page = "<table><tr><td><h2>Left</h2><p>one</p></td></tr></table><table role=presentation><tr><td>a<td>b</table>"
    assert blocks(parsed(tmp_path, "html", page)) == [
        ("heading", "Left"),
        ("paragraph", "one"),
        ("paragraph", "a"),
        ("paragraph", "b"),
    ]


def test_nested_tables_follow_the_outer_one(tmp_path: Path) -> None:
    page = "<table><tr><th>A<th>B<tr><td>1<td>2 <table><tr><th>C<th>D<tr><td>3<td>4</table></table>"
    document = parsed(tmp_path, "html", page)
    assert [(t.header, t.rows) for t in document.tables] == [(("A", "B"), (("1", "2"),)), (("C", "D"), (("3", "4"),))]


def test_an_encoding_stated_in_the_page_is_used(tmp_path: Path) -> None:
    page = '<html><head><meta charset="windows-1251"></head><body><p>Привет, мир</p></body></html>'.encode("cp1251")
    assert blocks(parsed(tmp_path, "html", page)) == [("paragraph", "Привет, мир")]


def test_deep_nesting_ends(tmp_path: Path) -> None:
    assert "deep" in parsed(tmp_path, "html", "<p>deep</p>" + "<div>" * 5000 + "x").text


def test_epub_follows_the_spine_without_its_navigation(tmp_path: Path) -> None:
    document = parsed(tmp_path, "epub")
    assert blocks(document) == [
        ("heading", "First"),
        ("paragraph", "alpha"),
        ("heading", "Second"),
        ("paragraph", "beta"),
    ]
    assert (document.title, document.date) == ("The book", "2001-02-03")


def test_rtf(tmp_path: Path) -> None:
    document = parsed(tmp_path, "rtf")
    assert blocks(document) == [
        ("header", "Page head"),
        ("heading", "Chapter one"),
        ("paragraph", "Café €5你好 😊 end"),
        ("note", "A note."),
        ("paragraph", "visible"),
        ("list", "- item a\n- item b"),
        ("table", "Kind | Count\na b | 15"),
        ("paragraph", "after"),
    ]
    assert document.title == "My title"
    assert "secret" not in document.text


def test_mail_with_its_attachments(tmp_path: Path) -> None:
    document = parsed(
        tmp_path, "eml", eml({"figures.csv": b"Kind,Count\nMallard,12\nTeal,7\n", "report.docx": SEEDS["docx"]})
    )
    found = blocks(document)
    assert found[:3] == [
        ("heading", "Grüße"),
        ("paragraph", "From: Ann <ann@example.org>\nTo: bob@example.org\nDate: Fri, 23 Dec 2022 12:08:48 -0600"),
        ("paragraph", "Dear Bob,"),
    ]
    assert ("heading", "Attachment: figures.csv") in found
    assert ("paragraph", "Sales rose by 4%") in found
    table = document.tables[0]
    assert (table.header, table.rows[0]) == (("Kind", "Count"), ("Mallard", "12"))
    results = next(b for b in document.blocks if document.text[b.start : b.end] == "Results")
    assert results.heading_path == ("Grüße", "Attachment: report.docx")
    assert (document.title, document.date) == ("Grüße", "2022-12-23")


def test_an_unreadable_attachment_stops_nothing(tmp_path: Path) -> None:
    document = parsed(tmp_path, "eml", eml({"a.exe": b"MZ" + bytes(range(256)), "b.txt": b"kept"}))
    assert "kept" in document.text
    assert document.report.warnings[0].startswith("The attachment 'a.exe' was not read: ")


def test_mails_in_mails_end_at_a_depth(tmp_path: Path) -> None:
    inner = eml({"a.txt": b"innermost"})
    for _ in range(3):
        inner = eml({"m.eml": inner})
    with pytest.raises(UnreadableFile, match="nested too deeply"):
        parsed(tmp_path, "eml", inner)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("=?utf-8?b?R3LDvMOfZQ==?=", "Grüße"),
        ("=?gb2312?B?xOO6ww==?= x", "你好 x"),
        ("=?nonsense?q?a=FC?=", "aü"),
        ("two\r\n lines", "two lines"),
        (None, ""),
    ],
)
def test_headers(raw: str | None, shown: str) -> None:
    assert header(raw) == shown
