"""The files of the public document benchmark: every string of the index is in the text, every cell under its header.

White space and case are ignored. A cell is written "row ; column ; value": "6 (first)" is the row with 6 under "first",
"X (col 1)" the row of X that has 1 under "col"; "Row 2" and "first row" count; "(infobox)" is any column; "Class2/C" is
a header of two rows. Values count as displayed or, where the display adds grouping or a currency, as typed.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from assistant.types import Document, Limits, Table
from ingest.detect import detect
from ingest.parsers import parser_for
from tests.conftest import bench_folder

pytestmark = pytest.mark.bench_data
PASSWORDS = {"libreoffice-writer-password.pdf": "openpassword"}
OFFICE = shutil.which("soffice") is not None


def _rows() -> list[dict[str, str]]:
    folder = bench_folder()
    if folder is None:
        return []
    with (folder / "docs" / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _cases(rows: list[dict[str, str]]) -> list[ParameterSet]:
    """Scans take up to a minute each on two cores: they are read with the full counts."""
    slow = [pytest.mark.hardening, pytest.mark.timeout(900)]
    return [pytest.param(row, id=row["file"], marks=slow if "needs OCR" in row["what"] else ()) for row in rows]


ROWS = _rows()


@cache
def _document(path: Path) -> Document:
    limits = Limits()
    return parser_for(detect(path, path.name)).parse(path, limits, password=PASSWORDS.get(path.name))


def _open(bench: Path, row: dict[str, str]) -> Document:
    if row["format"] in ("doc", "ppt") and not OFFICE:
        pytest.skip("LibreOffice is not installed here")
    return _document(bench / "docs" / row["file"])


def _squeeze(text: str) -> str:
    return "".join(text.split()).casefold()


def _plain(text: str) -> str:
    """Numbers without their grouping commas."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", _squeeze(text))


@pytest.mark.parametrize("row", _cases(ROWS))
def test_every_string_of_the_index_is_in_the_text(bench: Path, row: dict[str, str]) -> None:
    document = _open(bench, row)
    text = _squeeze(document.text)
    missing = [
        s for s in row["must_contain"].split("|") if _squeeze(s) not in text and _plain(s) not in _plain(document.text)
    ]
    assert not missing


@pytest.mark.parametrize("row", _cases([row for row in ROWS if row["cell"]]))
def test_the_cell_stands_in_its_row_under_its_header(bench: Path, row: dict[str, str]) -> None:
    label, column, value = (part.strip() for part in row["cell"].split(" ; "))
    tables = _open(bench, row).tables
    assert any(_found(table, label, column, value) for table in tables), [table.header for table in tables]


@pytest.mark.parametrize("row", _cases(ROWS))
def test_offsets_blocks_and_reports_agree(bench: Path, row: dict[str, str]) -> None:
    document = _open(bench, row)
    assert document.report.characters == len(document.text)
    assert document.report.tables == len(document.tables)
    for block in document.blocks:
        assert 0 <= block.start < block.end <= len(document.text)
        assert document.text[block.start : block.end].strip()
    for table in document.tables:
        for cell in table.cells:
            stored = document.text[cell.start : cell.end]
            if document.format not in ("csv", "tsv", "markdown"):  # there the text is the file itself, with its quotes
                assert stored == cell.text
            assert table.start <= cell.start <= cell.end <= table.end


def _found(table: Table, label: str, column: str, value: str) -> bool:
    below = re.fullmatch(r"(.+) \((.+?)(?: (\S+))?\)", label)
    rows = _by_row(table)
    if numbered := re.fullmatch(r"(first row)|Row (\d+)", label):
        nth = rows.get(table.header_rows + int(numbered[2] or 1), {})
        if any(_heads(table, c, column) and _shows(shown, value) for c, shown in nth.items()):
            return True
    for cells in rows.values():
        named = {c: text for c, text in cells.items() if _same(text[0], label)}
        if not named and below:
            named = {c: t for c, t in cells.items() if _same(t[0], below[1])}
            if below[3]:
                named = (
                    named if any(_heads(table, c, below[2]) and _same(t[0], below[3]) for c, t in cells.items()) else {}
                )
            else:
                named = {c: t for c, t in named.items() if _heads(table, c, below[2])}
        if named and any(
            (column == "(infobox)" or _heads(table, c, column)) and c not in named and _shows(shown, value)
            for c, shown in cells.items()
        ):
            return True
    return False


def _by_row(table: Table) -> dict[int, dict[int, tuple[str, object]]]:
    rows: dict[int, dict[int, tuple[str, object]]] = {}
    for cell in table.cells:
        rows.setdefault(cell.row, {})[cell.column] = (cell.text, cell.value)
    return rows


def _same(text: str, wanted: str) -> bool:
    return _squeeze(text).rstrip(":") == _squeeze(wanted)


def _heads(table: Table, column: int, wanted: str) -> bool:
    head = table.header[column - 1] if column <= len(table.header) else ""
    return wanted in _ways(head)


def _ways(head: str) -> Iterator[str]:
    parts = head.split(" / ")
    yield from (head, *parts, "/".join(parts), *("/".join(parts[i:]) for i in range(len(parts))))


def _shows(shown: tuple[str, object], wanted: str) -> bool:
    return _squeeze(shown[0]) == _squeeze(wanted) or str(shown[1]) == wanted
