"""HTML tables: spans, header rows, columns that pages split for alignment, and tables that only lay a page out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from ingest.parsers.numbers import is_datum
from ingest.parsers.ooxml import Element
from ingest.parsers.tables import GridFiller, compact

_LOOK_AT = 100  # rows
_LONG = 200  # characters: a cell with more is a part of a page
_OPENERS = {"$", "€", "£", "¥", "("}
_CLOSERS = {")", "%", ")%"}


class HtmlTable:
    """`grid` of texts, merged cells repeated; `nested` tables in reading order; `header_rows` None where not marked."""

    def __init__(self, element: Element, text: Callable[[Element], str]) -> None:
        filler = GridFiller()
        heads: list[bool] = []
        for row in rows(element):
            cells = [
                (text(cell), span(cell, "colspan"), span(cell, "rowspan")) for cell in row.iterchildren("td", "th")
            ]
            if cells:
                filler.row(cells)
                heads.append(_is_head(row))
        self.infobox = "infobox" in (element.get("class") or "").lower()
        grid = compact(filler.rows)
        whole = len(grid) == len(filler.rows)  # else the marks no longer fit the rows
        self.grid = grid if self.infobox else _rejoin(grid)
        self.nested = list(_nested(element))
        self.name = next((text(child) for child in element if child.tag == "caption"), "")
        marked = next((i for i, head in enumerate(heads) if not head), 0)
        self.header_rows = 0 if self.infobox or self._pairs(element) else (marked if whole else 0) or None

    def _pairs(self, element: Element) -> bool:
        """Two columns of words without a marked heading: names and what they stand for."""
        marked = next(element.iter("th"), None) is not None
        return not marked and all(len(row) == 2 for row in self.grid) and not any(is_datum(row[1]) for row in self.grid)


def rows(table: Element) -> Iterator[Element]:
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if row.tag == "tr")


def span(cell: Element, name: str) -> int:
    text = (cell.get(name) or "1").strip()
    if text == "0":
        return 1000 if name == "rowspan" else 1
    return int(text) if text.isdigit() and len(text) < 5 else 1


def _is_head(row: Element) -> bool:
    parent = row.getparent()
    if parent is not None and parent.tag == "thead":
        return True
    cells = [cell for cell in row.iterchildren("td", "th") if "".join(cell.itertext()).strip()]
    return len(cells) > 1 and all(cell.tag == "th" for cell in cells)


def _nested(element: Element) -> Iterator[Element]:
    for child in element:
        if child.tag == "table":
            yield child
        elif isinstance(child.tag, str):
            yield from _nested(child)


def is_layout(table: Element) -> bool:
    """Tables that place parts of a page: said so, or one column, or holding long parts or nothing but other tables."""
    if (table.get("role") or "") in ("presentation", "none"):
        return True
    if next(table.iterchildren("caption"), None) is not None or "infobox" in (table.get("class") or ""):
        return False
    cells = [[c for c in row.iterchildren("td", "th") if _says(c)] for row in islice(rows(table), _LOOK_AT)]
    said = [row for row in cells if row]
    if all(len(row) <= 1 for row in said):
        return True
    flat = [cell for row in said for cell in row]
    if any(cell.tag == "th" for cell in flat):
        return False
    parts = sum(1 for cell in flat if _is_part(cell))
    return parts > 0 and parts * 3 >= len(flat) and len(said) <= 3


def _says(cell: Element) -> bool:
    return bool("".join(cell.itertext()).strip()) or next(cell.iter("img", "input"), None) is not None


def _is_part(cell: Element) -> bool:
    """A cell that holds a heading, a table, or paragraphs."""
    if next(cell.iter("h1", "h2", "h3", "h4"), None) is not None:
        return True
    blocks = sum(1 for _ in cell.iter("p", "ul", "ol", "table"))
    return blocks > 1 and len("".join(cell.itertext())) > _LONG


def _rejoin(grid: list[list[str]]) -> list[list[str]]:
    """Columns that print "$", "1,234" and ")" apart, under one spanning heading, made one again."""
    column = 0
    while grid and column + 1 < len(grid[0]):
        if _one_column(grid, column):
            grid = [[*row[:column], _joined(row[column], row[column + 1]), *row[column + 2 :]] for row in grid]
        else:
            column += 1
    return grid


def _one_column(grid: list[list[str]], column: int) -> bool:
    pairs = [(row[column].strip(), row[column + 1].strip()) for row in grid]
    fits = all(a == b or not a or not b or a in _OPENERS or b in _CLOSERS or a.endswith("$") for a, b in pairs)
    signed = any(a in _OPENERS or b in _CLOSERS for a, b in pairs)
    spanned = any(a == b and a for a, b in pairs)
    halves = any(a and not b for a, b in pairs) and any(b and not a for a, b in pairs)
    return fits and (signed or (spanned and not halves))


def _joined(left: str, right: str) -> str:
    if left == right:
        return left
    return left + right if left in _OPENERS or right in _CLOSERS else (left or right)
