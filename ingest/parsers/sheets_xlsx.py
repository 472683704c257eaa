"""XLSX: cells as shown, by their number formats; formulas only by their stored results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from lxml import etree

from assistant.types import Scalar
from ingest.parsers.numfmt import BUILT_IN, general, is_date, iso, render
from ingest.parsers.ooxml import READ_ERRORS, Element, Package, attribute, child, descendants, elements, local
from ingest.parsers.regions import READ_ROWS, Cells, Sheet, Shown

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})$")
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_ROW = re.compile(rb"<(?:\w+:)?row[ >]")
_MAX_MERGES = 20_000


def read_xlsx(package: Package, most_cells: int) -> Iterator[Sheet]:
    """Sheets in their order, hidden ones included; at most so many cells in all."""
    book = package.main("xl/workbook.xml")
    root = package.xml(book)
    relations = package.relations(book)
    strings = _strings(package, next((r.target for r in relations.values() if r.type == "sharedStrings"), ""))
    formats = _formats(package.xml(next((r.target for r in relations.values() if r.type == "styles"), "")))
    epoch_1904 = attribute(child(root, "workbookPr"), "date1904") in ("1", "true")
    for entry in elements(child(root, "sheets"), "sheet"):
        relation = relations.get(attribute(entry, "id"))
        if relation is None or relation.type != "worksheet":
            continue
        sheet = Sheet(attribute(entry, "name"), hidden=attribute(entry, "state") in ("hidden", "veryHidden"))
        _cells(package, relation.target, sheet.cells, strings, formats, epoch_1904, most_cells)
        most_cells -= len(sheet.cells)
        sheet.rows, sheet.merges = _scan(package, relation.target)
        _extras(package, relation.target, sheet)
        yield sheet


def _strings(package: Package, part: str) -> list[str]:
    """Shared strings, without phonetic hints."""
    if part not in package.names:
        return []
    found = []
    for item in _stream(package, part, "si"):
        runs = [t for t in descendants(item, "t") if local_parent(t) != "rPh"]
        found.append("".join(t.text or "" for t in runs))
    return found


def local_parent(element: Element) -> str:
    parent = element.getparent()
    return local(parent) if parent is not None else ""


def _stream(package: Package, part: str, tag: str) -> Iterator[Element]:
    """Elements of a local name as they end, freed afterwards; a part that breaks off marks the package as damaged."""
    with package.open(part) as stream:
        events = etree.iterparse(
            stream, events=("end",), tag=[f"{{*}}{tag}", tag], resolve_entities=False, no_network=True, recover=True
        )
        try:
            for _, element in events:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        except (etree.XMLSyntaxError, *READ_ERRORS):
            package.damaged = True
        if any(fault.level >= etree.ErrorLevels.FATAL for fault in events.error_log):
            package.damaged = True


def _formats(root: Element | None) -> list[str]:
    """Format code of each cell style."""
    codes = dict(BUILT_IN)
    for each in elements(child(root, "numFmts"), "numFmt"):
        if attribute(each, "numFmtId").isdigit():
            codes[int(attribute(each, "numFmtId"))] = attribute(each, "formatCode")
    ids = [attribute(xf, "numFmtId", "0") for xf in elements(child(root, "cellXfs"), "xf")]
    return [codes.get(int(id), "") if id.isdigit() else "" for id in ids]


def _cells(
    package: Package,
    part: str,
    cells: Cells,
    strings: list[str],
    formats: list[str],
    epoch_1904: bool,
    most_cells: int,
) -> None:
    number = 0
    for row in _stream(package, part, "row"):
        at = attribute(row, "r")
        number = int(at) if at.isdigit() else number + 1
        if number > READ_ROWS or len(cells) > most_cells:
            return
        column = -1
        for cell in elements(row, "c"):
            place = _REFERENCE.match(attribute(cell, "r"))
            column = _column(place[1]) if place else column + 1
            style = attribute(cell, "s")
            code = formats[int(style)] if style.isdigit() and int(style) < len(formats) else ""
            shown = _shown(cell, strings, code, epoch_1904)
            if shown[0]:
                cells[number - 1, column] = shown


def _shown(cell: Element, strings: list[str], code: str, epoch_1904: bool) -> Shown:
    kind = attribute(cell, "t", "n")
    if kind == "inlineStr":
        text = "".join(t.text or "" for t in descendants(child(cell, "is"), "t"))
        return text, text
    value = child(cell, "v")
    raw = (value.text or "") if value is not None else ""
    if kind == "s":
        text = strings[int(raw)] if raw.isdigit() and int(raw) < len(strings) else ""
        return text, text
    if kind == "b":
        return ("TRUE", True) if raw.strip() == "1" else ("FALSE", False)
    if kind == "e":
        return raw, None
    if kind in ("str", "d") or not raw:
        return raw, raw
    return shown_number(raw, code, epoch_1904)


def shown_number(raw: str | float, code: str, epoch_1904: bool) -> Shown:
    """(as displayed, value): dates become ISO text, whole numbers integers."""
    try:
        number = float(raw)
    except ValueError:
        return str(raw), str(raw)
    if number != number or number in (float("inf"), float("-inf")):
        return str(raw), None
    value: Scalar = int(number) if number == int(number) and abs(number) < 2**53 else number
    if code and is_date(code):
        value = iso(number, code, epoch_1904) or value
    return (render(number, code, epoch_1904=epoch_1904) if code else general(number)), value


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _scan(package: Package, part: str) -> tuple[int, list[tuple[int, int, int, int]]]:
    """(rows, merged ranges) without building a tree: they stand behind what may be a million rows."""
    rows, tail = 0, b""
    merges: list[tuple[int, int, int, int]] = []
    with package.open(part) as stream:
        while chunk := _read(stream):
            data = tail + chunk
            cut = max(data.rfind(b"<"), 0)
            rows += len(_ROW.findall(data[:cut]))
            merges += [_range(match) for match in _MERGE.finditer(data[:cut])]
            tail = data[cut:] if len(data) - cut < 1 << 16 else b""
    return rows, merges[:_MAX_MERGES]


def _read(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(1 << 20)
    except READ_ERRORS:  # noted where the cells were read
        return b""


def _range(match: re.Match[bytes]) -> tuple[int, int, int, int]:
    return int(match[2]) - 1, _column(match[1].decode()), int(match[4]) - 1, _column(match[3].decode())


def _extras(package: Package, part: str, sheet: Sheet) -> None:
    """Comments and the texts of drawn boxes."""
    for relation in package.relations(part).values():
        if relation.type == "comments":
            for comment in descendants(package.xml(relation.target), "comment"):
                text = "".join(t.text or "" for t in descendants(comment, "t")).strip()
                if text:
                    sheet.notes.append((attribute(comment, "ref"), text))
        elif relation.type == "drawing":
            for shape in descendants(package.xml(relation.target), "txBody"):
                lines = ["".join(t.text or "" for t in descendants(p, "t")) for p in elements(shape, "p")]
                sheet.texts.append("\n".join(line for line in lines if line.strip()))
