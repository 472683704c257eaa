"""Where a table's header ends: shared by all parsers that meet grids of displayed texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parsers.numbers import MISSING, is_date, is_datum, is_year

Grid = Sequence[Sequence[str]]
LOOK_AT = 200  # rows that decide
MAX_HEADER = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows [0, first) are titles above the table, the next `header_rows` its header, the rest data."""

    first: int
    header_rows: int


def layout(grid: Grid) -> Layout:
    """Titles, header and data of a grid, decided by where numbers start in columns that are mostly numbers."""
    rows = [[cell.strip() for cell in row] for row in grid[:LOOK_AT]]
    if not rows:
        return Layout(0, 0)
    first = _titles(rows)
    body = rows[first:]
    if len(body) < 2:
        return Layout(first, 0)
    below = body[1:] if len(body) > 2 else body  # what may be a header does not decide what columns hold
    numeric = _numeric_columns(below)
    if not numeric:
        return _text_table(rows, first)
    kinds = _kinds(below, numeric)
    data = next((r for r, row in enumerate(body) if _is_data(row, kinds)), 0)
    return Layout(*_header_above(rows, first, first + data))


def _titles(rows: list[list[str]]) -> int:
    """Leading rows that are blank or say one thing, starting where the table starts, are not part of it."""
    at = 0
    while at < len(rows) - 1 and len(_said(rows[at])) <= 1:
        edge = min(_left(row) for row in rows[at + 1 :])
        if _said(rows[at]) and _left(rows[at]) > edge and len(_said(rows[at + 1])) > 1:
            break  # a spanning header that starts right of the row labels
        at += 1
    return at if any(len(_said(row)) > 1 for row in rows[at:]) else _first_line(rows)


def _first_line(rows: list[list[str]]) -> int:
    return next((r for r, row in enumerate(rows) if any(row)), 0)


def _said(row: list[str]) -> set[str]:
    return {cell for cell in row if cell}


def _left(row: list[str]) -> int:
    return next((c for c, cell in enumerate(row) if cell), len(row))


def _numeric_columns(rows: list[list[str]]) -> set[int]:
    width = max(len(row) for row in rows)
    found = set()
    for c in range(width):
        cells = [row[c] for row in rows if c < len(row) and row[c].lower() not in MISSING]
        data = sum(is_datum(cell) for cell in cells)
        if data and data >= 0.6 * (len(cells) - min(2, len(cells) // 2)):
            found.add(c)
    return found


def _kind(cell: str) -> str:
    if is_year(cell):
        return "year"
    if is_date(cell):
        return "date"
    return "number" if is_datum(cell) else ""


def _kinds(rows: list[list[str]], numeric: set[int]) -> dict[int, str]:
    """What most data of a column are: a year or a date above numbers is a heading, among its like it is data."""
    found = {}
    for c in numeric:
        kinds = [_kind(row[c]) for row in rows if c < len(row)]
        counts = {kind: kinds.count(kind) for kind in ("number", "year", "date")}
        found[c] = max(counts, key=lambda kind: counts[kind])
    years = [c for c in sorted(found) if found[c] == "year"]
    if len(years) == len(found) > 1:  # values that all look like years: only the first column names any
        found |= dict.fromkeys(years[1:], "number")
    return found


def _is_data(row: list[str], kinds: dict[int, str]) -> bool:
    here = [(c, row[c]) for c in sorted(kinds) if c < len(row) and row[c].lower() not in MISSING]
    data = [c for c, cell in here if _kind(cell) in ("number", kinds[c])]
    return bool(data) and len(data) * 2 >= len(here)


def _header_above(rows: list[list[str]], first: int, data: int) -> tuple[int, int]:
    """(first row, header rows): the rows right above the data, without titles before and section labels after."""
    top = data
    while top > first and any(rows[top - 1]) and data - top < MAX_HEADER:
        top -= 1
    if max(len(row) for row in rows) == 1:
        return top, data - top
    while top < data and len(_said(rows[top])) <= 1 and _left(rows[top]) <= _left(rows[data]):
        top += 1
    end = data
    while end > top and len(_said(rows[end - 1])) <= 1 and _left(rows[end - 1]) <= _left(rows[data]):
        end -= 1
    return (top, end - top) if top < end else (data, 0)


def _text_table(rows: list[list[str]], first: int) -> Layout:
    """No numbers: the first row with most of the columns filled heads the table."""
    if max(len(row) for row in rows) < 2:
        return Layout(0, 0)
    usual = sorted(sum(1 for cell in row if cell) for row in rows[first:])[len(rows[first:]) // 2]
    head = next((r for r in range(first, len(rows)) if sum(1 for c in rows[r] if c) >= max(1, 0.6 * usual)), first)
    above = head
    while above > first and len(_said(rows[above - 1])) > 1:
        above -= 1
    end = head + 1
    while (
        end < len(rows) - 1 and end - above < 4 and _repeats(rows[end - 1]) and rows[end][0] in ("", rows[end - 1][0])
    ):
        end += 1  # a spanning row has another below it
    return Layout(above, end - above)


def _repeats(row: list[str]) -> bool:
    """Neighbours that say the same: a merged cell, repeated."""
    return any(a and a == b for a, b in pairwise(row))
