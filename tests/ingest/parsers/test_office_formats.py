"""DOCX, PPTX, ODT, ODP made from scratch, with what a reader sees worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_files import SEEDS, replaced, written, zipped

from assistant.errors import Encrypted, UnreadableFile
from assistant.types import Document, Limits
from ingest.parsers import parser_for
from ingest.parsers.docx_numbering import shown


def parsed(folder: Path, format: str, data: bytes | None = None) -> Document:
    return parser_for(format).parse(written(folder, format, data), Limits())


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_docx_in_the_order_of_its_body(tmp_path: Path) -> None:
    document = parsed(tmp_path, "docx")
    assert blocks(document) == [
        ("header", "Page head"),
        ("heading", "Results"),
        ("paragraph", "Sales rose by 4%"),
        ("list", "1. first\n2. second"),
        ("table", "Region | Sales | Sales\n | 2019 | 2020\nNorth | 1,200 | 1,350"),
        ("paragraph", "Beside"),
        ("paragraph", "In a box"),
    ]
    assert document.title == "Yearly report"
    assert document.tables[0].header == ("Region", "Sales / 2019", "Sales / 2020")
    assert document.tables[0].cells[-1].value == 1350
    assert document.report.warnings == (
        "The document holds tracked changes; deleted text was left out.",
        "Hidden text was left out.",
    )


def test_docx_says_when_a_part_is_damaged(tmp_path: Path) -> None:
    cut = replaced(SEEDS["docx"], "word/document.xml", "</w:body>", "")
    document = parsed(tmp_path, "docx", cut)
    assert "Sales rose by 4%" in document.text
    assert "Part of the file is damaged; what could be read of it was." in document.report.warnings


def test_docx_expands_no_entities(tmp_path: Path) -> None:
    with_entity = replaced(
        SEEDS["docx"],
        "word/document.xml",
        "<w:document ",
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><w:document ',
    )
    with_entity = replaced(with_entity, "word/document.xml", "Beside", "Beside&e;")
    assert ("paragraph", "Beside") in blocks(parsed(tmp_path, "docx", with_entity))


def test_a_protected_office_file_asks_for_its_password(tmp_path: Path) -> None:
    from msoffcrypto.format.ooxml import OOXMLFile

    plain = written(tmp_path, "docx")
    locked = tmp_path / "locked.docx"
    with plain.open("rb") as source, locked.open("wb") as target:
        OOXMLFile(source).encrypt("open sesame", target)
    parser = parser_for("docx")
    with pytest.raises(Encrypted, match="password"):
        parser.parse(locked, Limits())
    with pytest.raises(Encrypted, match="does not open"):
        parser.parse(locked, Limits(), password="wrong")
    assert "Sales rose by 4%" in parser.parse(locked, Limits(), password="open sesame").text


@pytest.mark.parametrize("format", ["docx", "pptx", "odt", "odp", "epub"])
def test_an_empty_archive_is_unreadable(tmp_path: Path, format: str) -> None:
    with pytest.raises(UnreadableFile, match="damaged"):
        parsed(tmp_path, format, zipped({"a": "b"}))


def test_list_numbers() -> None:
    assert [shown(n, "lowerRoman") for n in (1, 4, 9, 14, 90)] == ["i", "iv", "ix", "xiv", "xc"]
    assert [shown(n, "upperLetter") for n in (1, 26, 27)] == ["A", "Z", "AA"]
    assert [shown(n, "chineseCounting") for n in (3, 10, 12, 20, 35)] == ["三", "十", "十二", "二十", "三十五"]


def test_pptx_slides_are_pages(tmp_path: Path) -> None:
    document = parsed(tmp_path, "pptx")
    assert document.report.pages == 2
    assert [(b.page, b.kind, document.text[b.start : b.end]) for b in document.blocks] == [
        (1, "heading", "Ducks"),
        (1, "table", "Kind | Count\nMallard | 12"),
        (1, "note", "Say hello"),
        (2, "table", "Category | Income\nQ1 | 10.5\nQ2 | 20"),
        (2, "paragraph", "Grouped"),
    ]
    assert document.blocks[-1].heading_path == ()


def test_odt(tmp_path: Path) -> None:
    document = parsed(tmp_path, "odt")
    assert blocks(document) == [
        ("heading", "Part one"),
        ("paragraph", "A  b c"),
        ("note", "the note"),
        ("list", "- x\n  - y"),
        ("paragraph", "Wide"),
        ("table", "a | 7\nb | 8"),
    ]


def test_odp_reads_the_title_first(tmp_path: Path) -> None:
    assert blocks(parsed(tmp_path, "odp")) == [("heading", "The title"), ("paragraph", "body"), ("note", "said aloud")]


def test_a_protected_odf_says_so(tmp_path: Path) -> None:
    data = zipped({"mimetype": "x", "META-INF/manifest.xml": "<m><file-entry><encryption-data/></file-entry></m>"})
    with pytest.raises(Encrypted, match="save it without"):
        parsed(tmp_path, "odt", data)
