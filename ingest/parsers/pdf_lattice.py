"""Tables with ruling lines: cells between lines, words by cell. Line geometry by pdfplumber's table functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.types import Box
from ingest.parsers.grids import layout
from ingest.parsers.pdf_cells import is_number
from ingest.parsers.pdf_layout import joined, rows_of, union
from ingest.parsers.pdf_tables import Found
from ingest.parsers.pdf_text import Word

_SNAP, _JOIN, _MEET = 2.5, 3.5, 3.5  # points: lines this close are one, meet, cross
_MOST_LINES = 4000


def find_ruled(words: Sequence[Word], lines: Sequence[Box]) -> list[Found]:
    """Ruled tables of a page and the boxes that their words stand in; all boxes upright."""
    if len(lines) < 4 or len(lines) > _MOST_LINES:
        return []
    found = [table for cells in _cells(lines) if (table := _table(cells, words))]
    return [a for a in found if not any(a is not b and _inside(a.box, b.box) for b in found)]


def _inside(a: Box, b: Box) -> bool:
    return a[0] >= b[0] - 1 and a[1] >= b[1] - 1 and a[2] <= b[2] + 1 and a[3] <= b[3] + 1


# --- lines to cells ------------------------------------------------------------------------------------------------
def _cells(lines: Sequence[Box]) -> list[list[Box]]:
    """Groups of touching cells."""
    from pdfplumber.table import cells_to_tables, edges_to_intersections, intersections_to_cells, merge_edges

    edges = merge_edges([_edge(box) for box in lines], _SNAP, _SNAP, _JOIN, _JOIN)
    edges = [e for e in edges if max(e["width"], e["height"]) > 6]
    edges += _closing(edges)
    if not edges or len(edges) > 1500:
        return []
    crossings = edges_to_intersections(edges, _MEET, _MEET)
    cells = [c for c in intersections_to_cells(crossings) if c[2] - c[0] > 4 and c[3] - c[1] > 4]
    return [table for table in cells_to_tables(cells) if len(table) >= 4] if cells else []


def _edge(box: Box) -> dict[str, Any]:
    x0, y0, x1, y1 = box
    if x1 - x0 >= y1 - y0:
        y0 = y1 = (y0 + y1) / 2
        orientation = "h"
    else:
        x0 = x1 = (x0 + x1) / 2
        orientation = "v"
    return {
        "x0": x0,
        "x1": x1,
        "top": y0,
        "bottom": y1,
        "width": x1 - x0,
        "height": y1 - y0,
        "orientation": orientation,
    }


def _closing(edges: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tables often lack the outer upright lines: rules of one length, crossed by an inner line, get them."""
    groups: list[list[dict[str, Any]]] = []
    for edge in sorted((e for e in edges if e["orientation"] == "h"), key=lambda e: (e["x0"], e["top"])):
        near = (g for g in groups if abs(g[0]["x0"] - edge["x0"]) < 4 and abs(g[0]["x1"] - edge["x1"]) < 4)
        home = next(near, None)
        if home is None:
            groups.append([edge])
        else:
            home.append(edge)
    uprights = [e for e in edges if e["orientation"] == "v"]
    out = []
    for group in groups:
        top, bottom = min(e["top"] for e in group), max(e["top"] for e in group)
        x0, x1 = min(e["x0"] for e in group), max(e["x1"] for e in group)
        inner = [e for e in uprights if x0 + 4 < e["x0"] < x1 - 4 and e["top"] < bottom and e["bottom"] > top]
        if len(group) >= 3 and inner:
            out += [_edge((x, top, x, bottom)) for x in (x0, x1)]
    return out


# --- cells to a grid -----------------------------------------------------------------------------------------------
def _table(cells: Sequence[Box], words: Sequence[Word]) -> Found | None:
    box = union(cells)
    inside = [w for w in words if _holds(box, w)]
    xs, ys = _stops([c[0] for c in cells] + [box[2]]), _stops([c[1] for c in cells] + [box[3]])
    columns, rows = len(xs) - 1, len(ys) - 1
    if columns < 2 or rows < 2 or not inside or columns * rows > 20_000:
        return None
    grid = [[""] * columns for _ in range(rows)]
    boxes: list[list[Box | None]] = [[None] * columns for _ in range(rows)]
    placed = 0
    for cell in cells:
        held = [w for w in inside if _holds(cell, w)]
        placed += len(held)
        lines = rows_of(held)
        if _is_stack([joined(line) for line in lines]):
            return None
        height = _at(ys, cell[3]) - _at(ys, cell[1])
        if len(held) > 15 and height * (_at(xs, cell[2]) - _at(xs, cell[0])) > columns:
            return None  # a frame around running text, as forms have
        text, where = " ".join(joined(line) for line in lines), union([w.box for w in held]) if held else None
        for r in range(_at(ys, cell[1]), max(_at(ys, cell[3]), _at(ys, cell[1]) + 1)):
            for c in range(_at(xs, cell[0]), max(_at(xs, cell[2]), _at(xs, cell[0]) + 1)):
                grid[r][c], boxes[r][c] = text, where
    if placed < 0.9 * len(inside) or not _is_tabular(grid, len(words), cells):
        return None
    return _dense(grid, boxes, box)


def _holds(box: Box, word: Word) -> bool:
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _stops(values: Sequence[float]) -> list[float]:
    """Distinct coordinates, ascending; within 3 points they are one."""
    out: list[float] = []
    for value in sorted(values):
        if not out or value - out[-1] > 3:
            out.append(value)
    return out


def _at(stops: Sequence[float], value: float) -> int:
    return min(range(len(stops)), key=lambda i: abs(stops[i] - value))


def _is_stack(lines: Sequence[str]) -> bool:
    """Several rows in one cell: the lines are a frame around columns, not around cells."""
    return sum(is_number(line) for line in lines) >= 4 or len(lines) > 30


def _is_tabular(grid: Sequence[Sequence[str]], words: int, cells: Sequence[Box]) -> bool:
    """Not the frame of a page or a form: text in two columns and two rows at least, no cell with most of the page."""
    filled = [cell for row in grid for cell in row if cell]
    columns = sum(any(row[c] for row in grid) for c in range(len(grid[0])))
    rows = sum(len({cell for cell in row if cell}) >= 2 for row in grid)
    longest = max((len(cell.split()) for cell in filled), default=0)
    return columns >= 2 and rows >= 2 and len(set(filled)) >= 4 and longest < max(60, 0.5 * words)


def _dense(grid: list[list[str]], boxes: list[list[Box | None]], box: Box) -> Found:
    """Without rows and columns that say nothing."""
    keep = [c for c in range(len(grid[0])) if any(row[c] for row in grid)]
    pairs = [(g, b) for g, b in zip(grid, boxes) if any(g)]
    texts = [[g[c] for c in keep] for g, _ in pairs]
    head = layout(texts)
    return Found(
        texts, [[b[c] for c in keep] for _, b in pairs], head.first + head.header_rows if head.header_rows else 0, box
    )
