"""XLS (Excel 5 to 2003): xlrd for cells with their formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from assistant.errors import UnreadableFile
from ingest.parsers.ooxml import DAMAGED
from ingest.parsers.regions import READ_ROWS, Sheet, Shown
from ingest.parsers.sheets_xlsx import shown_number

_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


def read_xls(source: Path | IO[bytes], most_cells: int) -> Iterator[Sheet]:
    import xlrd

    try:
        content = source.read_bytes() if isinstance(source, Path) else source.read()
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, on_demand=True, logfile=_Quiet())
        for index in range(book.nsheets):
            sheet = _sheet(book, index, most_cells)
            most_cells -= len(sheet.cells)
            yield sheet
            book.unload_sheet(index)
    except Exception as error:  # damaged files make xlrd raise almost anything
        raise UnreadableFile(DAMAGED) from error


class _Quiet:
    def write(self, text: str) -> None:
        """xlrd prints its doubts; they are not for the user."""


def _sheet(book: Any, index: int, most_cells: int) -> Sheet:
    raw = book.sheet_by_index(index)
    sheet = Sheet(raw.name, hidden=raw.visibility != 0, rows=raw.nrows)
    sheet.merges = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in raw.merged_cells]
    for row in range(min(raw.nrows, READ_ROWS)):
        for column in range(raw.row_len(row)):
            shown = _shown(book, raw.cell(row, column))
            if shown[0] and len(sheet.cells) < most_cells:
                sheet.cells[row, column] = shown
    sheet.notes = [("cell", note.text) for note in raw.cell_note_map.values() if note.text]
    return sheet


def _shown(book: Any, cell: Any) -> Shown:
    match cell.ctype:
        case 1:
            return cell.value, cell.value
        case 2 | 3:
            code = (
                book.format_map[book.xf_list[cell.xf_index].format_key].format_str if cell.xf_index is not None else ""
            )
            return shown_number(cell.value, "" if code == "General" else code, book.datemode == 1)
        case 4:
            return ("TRUE", True) if cell.value else ("FALSE", False)
        case 5:
            return _ERRORS.get(cell.value, "#ERROR"), None
        case _:
            return "", None
