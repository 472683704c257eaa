"""A Document as compact JSON and back: what a parser process sends, and what the catalog keeps as `parsed`. No pickle.

Texts of cells and rows are slices of the document's text wherever they are equal to it (always, by
ingest.builder), so millions
of cells cost offsets only. Version 1.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assistant.types import Block, Box, Cell, Document, Line, Report, Scalar, Table
from ingest.builder import BETWEEN_CELLS

VERSION = 1
Json = dict[str, Any]


def dumps(document: Document) -> bytes:
    """UTF-8; a lone surrogate becomes one question mark, so offsets stay."""
    return json.dumps(document_to_json(document), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def loads(data: bytes | str) -> Document:
    """The inverse of `dumps`."""
    with _no_collections():
        return document_from_json(json.loads(data))


@contextmanager
def _no_collections() -> Iterator[None]:
    """Millions of new objects, none of them garbage: Python's collector would look at them all, again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def document_to_json(document: Document) -> Json:
    """Plain lists, numbers and strings; heading paths are stored once."""
    paths: dict[tuple[str, ...], int] = {}
    blocks = [
        [b.kind, b.start, b.end, b.page, paths.setdefault(b.heading_path, len(paths)), b.level, b.table]
        for b in document.blocks
    ]
    r = document.report
    return {
        "v": VERSION,
        "format": document.format,
        "title": document.title,
        "date": document.date,
        "text": document.text,
        "blocks": blocks,
        "paths": [list(path) for path in paths],
        "tables": [_table_to_json(table, document.text) for table in document.tables],
        "lines": [[line.start, line.end, line.page, *_short(line.box)] for line in document.lines],
        "report": {
            "pages": r.pages,
            "characters": r.characters,
            "tables": r.tables,
            "ocr_pages": list(r.ocr_pages),
            "warnings": list(r.warnings),
            "seconds": r.seconds,
            "passages": r.passages,
            "duplicates": r.duplicates,
        },
    }


def document_from_json(data: Json) -> Document:
    """The inverse of `document_to_json`; boxes come back rounded to a hundredth of a point."""
    text: str = data["text"]
    paths = [tuple(path) for path in data["paths"]]
    report = data["report"]
    return Document(
        format=data["format"],
        text=text,
        blocks=tuple(Block(k, s, e, p, paths[path], level, t) for k, s, e, p, path, level, t in data["blocks"]),
        tables=tuple(_table_from_json(table, text) for table in data["tables"]),
        lines=tuple(Line(s, e, p, (x0, y0, x1, y1)) for s, e, p, x0, y0, x1, y1 in data["lines"]),
        report=Report(**{**report, "ocr_pages": tuple(report["ocr_pages"]), "warnings": tuple(report["warnings"])}),
        title=data["title"],
        date=data["date"],
    )


def _short(box: Box) -> list[float]:
    return [round(x, 2) for x in box]


def _table_to_json(table: Table, text: str) -> Json:
    cells = table.cells
    data: Json = {
        "name": table.name,
        "header": list(table.header),
        "span": [table.start, table.end],
        "page": table.page,
        "sheet": table.sheet,
        "header_rows": table.header_rows,
    }
    width = max((cell.column for cell in cells), default=0)
    lengths = [cell.end - cell.start for cell in cells]
    if all(a == b for a, b in zip(map(_place, cells), _grid(table.start, width, lengths))):
        data["grid"] = [width, lengths]
    else:
        data["at"] = [list(column) for column in zip(*map(_place, cells))]
    texts = {str(i): c.text for i, c in enumerate(cells) if text[c.start : c.end] != c.text}
    values = [(i, c.value) for i, c in enumerate(cells) if not _same(c.value, c.text or None)]
    if texts:
        data["texts"] = texts
    if values:
        data["values"] = [[i for i, _ in values], [value for _, value in values]]
    if any(c.address for c in cells):
        data["addresses"] = [c.address for c in cells]
    if any(c.box for c in cells):
        data["boxes"] = [c.box and _short(c.box) for c in cells]
    if _rows(cells, table.header_rows) != table.rows:
        data["rows"] = [list(row) for row in table.rows]
    return data


def _place(cell: Cell) -> tuple[int, int, int, int]:
    return cell.row, cell.column, cell.start, cell.end


def _grid(start: int, width: int, lengths: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Row, column, start and end of cells that stand row by row as ingest.builder sets them: only lengths are
    stored."""
    row, column = 1, 0
    for length in lengths:
        if column == width:
            row, column, start = row + 1, 0, start + 1 - len(BETWEEN_CELLS)
        column += 1
        yield row, column, start, start + length
        start += length + len(BETWEEN_CELLS)


def _table_from_json(data: Json, text: str) -> Table:
    start, end = data["span"]
    places = _grid(start, *data["grid"]) if "grid" in data else zip(*data["at"])
    texts = data.get("texts", {})
    values = iter(zip(*data["values"])) if "values" in data else iter(())
    addresses, boxes = data.get("addresses"), data.get("boxes")
    at, value = next(values, (-1, None))
    cells = []
    for i, (row, column, first, last) in enumerate(places):
        shown = texts[str(i)] if str(i) in texts else text[first:last]
        own: Scalar = shown or None
        if i == at:
            own = value
            at, value = next(values, (-1, None))
        box = tuple(boxes[i]) if boxes and boxes[i] else None
        cells.append(Cell(row, column, shown, own, first, last, addresses[i] if addresses else None, box))
    done = tuple(cells)
    rows = tuple(tuple(row) for row in data["rows"]) if "rows" in data else _rows(done, data["header_rows"])
    return Table(
        data["name"],
        tuple(data["header"]),
        rows,
        done,
        start,
        end,
        data["page"],
        data["sheet"],
        data["header_rows"],
    )


def _rows(cells: tuple[Cell, ...], header_rows: int) -> tuple[tuple[str, ...], ...]:
    """The body as texts, where cells stand row after row without gaps, as the builder makes them."""
    rows: list[tuple[str, ...]] = []
    row: list[str] = []
    at = 0
    for cell in cells:
        if cell.row != at and row:
            rows.append(tuple(row))
            row = []
        at = cell.row
        row.append(cell.text)
    return tuple([*rows, tuple(row)] if row else rows)[header_rows:]


def _same(a: object, b: object) -> bool:
    return type(a) is type(b) and a == b
