"""ODS: the displayed text stands in the file beside the typed value."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.types import Scalar
from ingest.parsers.odf_text import count, flat, paragraph_text, table_rows
from ingest.parsers.ooxml import Element, Package, attribute, child, descendants, elements
from ingest.parsers.regions import READ_ROWS, Sheet, Shown, address

_MAX_COLUMNS = 16_384
_MAX_REPEAT = 1000  # of a cell that says something


def read_ods(package: Package, most_cells: int) -> Iterator[Sheet]:
    root = package.xml("content.xml")
    hidden = {
        attribute(style, "name")
        for style in descendants(child(root, "automatic-styles"), "style")
        if attribute(child(style, "table-properties"), "display") == "false"
    }
    for table in elements(child(root, "body", "spreadsheet"), "table"):
        sheet = Sheet(attribute(table, "name"), hidden=attribute(table, "style-name") in hidden)
        at = 0
        for row in table_rows(table):
            repeat = count(row, "number-rows-repeated")
            for _ in range(min(repeat, _MAX_REPEAT) if at < READ_ROWS and len(sheet.cells) < most_cells else 0):
                if not _row(row, sheet, at):
                    break
                at += 1
                repeat -= 1
            at += repeat
            if _says(row):
                sheet.rows = at
        for shape in descendants(child(table, "shapes"), "text-box", "custom-shape"):
            sheet.texts.append(flat(shape))
        most_cells -= len(sheet.cells)
        yield sheet


def _says(row: Element) -> bool:
    return next(descendants(row, "p"), None) is not None


def _row(row: Element, sheet: Sheet, at: int) -> bool:
    """Cells of one row; whether there were any."""
    column = 0
    for cell in elements(row, "table-cell", "covered-table-cell"):
        repeat = count(cell, "number-columns-repeated")
        shown = _shown(cell)
        if shown[0] and column < _MAX_COLUMNS:
            for c in range(column, min(column + repeat, column + _MAX_REPEAT)):
                sheet.cells[at, c] = shown
            down, across = count(cell, "number-rows-spanned"), count(cell, "number-columns-spanned")
            if down > 1 or across > 1:
                sheet.merges.append((at, column, at + down - 1, column + min(across, _MAX_REPEAT) - 1))
        for note in elements(cell, "annotation"):
            sheet.notes.append((address((at, column)), flat(note)))
        column += repeat
    return _says(row)


def _shown(cell: Element) -> Shown:
    text = "\n".join(paragraph_text(p) for p in elements(cell, "p"))
    return text, (_value(cell, text) if text else None)


def _value(cell: Element, text: str) -> Scalar:
    match attribute(cell, "value-type"):
        case "float" | "currency" | "percentage":
            try:
                number = float(attribute(cell, "value"))
            except ValueError:
                return text
            return int(number) if abs(number) < 2**53 and number == int(number) else number
        case "date":
            return attribute(cell, "date-value") or text
        case "time":
            return attribute(cell, "time-value") or text
        case "boolean":
            return attribute(cell, "boolean-value") == "true"
        case _:
            return text
