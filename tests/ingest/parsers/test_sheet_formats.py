"""Workbooks: what cells show, what they are worth, and how a sheet falls into tables."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xlsxwriter
from make_files import written

from assistant.types import Cell, Document, Limits
from ingest.parsers import parser_for
from ingest.parsers.regions import Cells, address, regions


def parsed(folder: Path, format: str, data: bytes | None = None) -> Document:
    return parser_for(format).parse(written(folder, format, data), Limits())


def at(document: Document, place: str) -> Cell:
    return next(cell for table in document.tables for cell in table.cells if cell.address == place)


def test_cells_show_their_format_and_keep_their_value(tmp_path: Path) -> None:
    document = parsed(tmp_path, "xlsx")
    assert (at(document, "B5").text, at(document, "B5").value) == ("$1,234.50", 1234.5)
    assert (at(document, "C5").text, at(document, "C5").value) == ("12.5%", 0.125)
    assert (at(document, "D5").text, at(document, "D5").value) == ("1 Jan 2020", "2020-01-01")
    assert (at(document, "B6").text, at(document, "B6").value) == ("$2,469.00", 2469)
    assert "=B5" not in document.text


def test_headers_titles_and_neighbours(tmp_path: Path) -> None:
    document = parsed(tmp_path, "xlsx")
    first, second, hidden = document.tables
    assert first.header == ("Region", "Amount / Total", "Amount / Share", "Day")
    assert first.rows == (("North", "$1,234.50", "12.5%", "1 Jan 2020"), ("South", "$2,469.00", "87.5%", ""))
    assert (second.header, second.rows[0]) == (("Code", "Price"), ("x", "3"))
    assert (first.sheet, hidden.sheet) == ("Sales", "Old")
    assert document.report.warnings == ("The sheet 'Old' is hidden; it was read as well.",)
    headings = [document.text[b.start : b.end] for b in document.blocks if b.kind == "heading"]
    assert headings == ["Sales", "Sales by region", "Old (hidden sheet)"]
    assert any(document.text[b.start : b.end] == "Comment on B5: checked by Eva" for b in document.blocks)


def test_ods_shows_what_the_file_says_it_shows(tmp_path: Path) -> None:
    document = parsed(tmp_path, "ods")
    assert document.tables[0].rows == (("Ann", "12,5 %"),)
    assert at(document, "B2").value == 0.125


def test_a_long_sheet_keeps_the_first_rows_and_says_so(tmp_path: Path) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Long")
        sheet.write_row(0, 0, ["id", "n"])
        for row in range(1, 3001):
            sheet.write_row(row, 0, [row, row * 2])
    document = parsed(tmp_path, "xlsx", out.getvalue())
    assert document.tables[0].rows[-1] == ("2000", "4000")
    assert document.report.warnings == ("'Long' has 3,001 rows; the first 2,000 are searchable row by row.",)


@pytest.mark.parametrize(("place", "name"), [((6, 1), "B7"), ((0, 25), "Z1"), ((9, 26), "AA10"), ((0, 16383), "XFD1")])
def test_addresses(place: tuple[int, int], name: str) -> None:
    assert address(place) == name


def cells(*rows: str) -> Cells:
    """A sheet drawn with one letter or digit a cell, dots for blanks."""
    return {(r, c): (text, text) for r, row in enumerate(rows) for c, text in enumerate(row) if text != "."}


def drawn(region: Cells) -> list[str]:
    return sorted({address(place) for place in region})


@pytest.mark.parametrize(
    ("sheet", "parts"),
    [
        (("ab", "12", "..", "cd", "34"), 2),  # a blank row
        (("ab..xy", "12..34", "56....", "78....", "90...."), 2),  # beside each other, of other length
        (("la.b", "x1.2", "y3.4"), 1),  # a blank column for the looks
        (("pa.qb", "x1.u2", "y3.v4", "z5.w6"), 2),  # each with labels of its own
        (("lab", "...", "x12", "y34"), 1),  # a header set off by a blank row
    ],
)
def test_how_a_sheet_is_split(sheet: tuple[str, ...], parts: int) -> None:
    assert len([drawn(region) for region in regions(cells(*sheet))]) == parts
