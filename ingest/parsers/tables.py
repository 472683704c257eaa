"""Grids of texts into a builder: blank edges dropped, titles above, header found, values typed."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.builder import DocumentBuilder
from ingest.parsers.grids import layout
from ingest.parsers.numbers import typed

MAX_SPAN = 1000
"""Columns or rows one merged cell may cover: damaged files claim millions."""
MAX_CELLS = 2_000_000


def add_grid(
    builder: DocumentBuilder,
    grid: Sequence[Sequence[str]],
    *,
    name: str = "",
    header_rows: int | None = None,
    page: int | None = None,
) -> None:
    """A table of a running document. One cell alone is a paragraph; lone cells above the header are its title."""
    rows = compact(grid)
    if not rows:
        return
    if len(rows) == 1 and len(rows[0]) == 1:
        builder.add("paragraph", rows[0][0], page=page)
        return
    found = layout(rows)
    first = found.first if not header_rows and found.first < len(rows) else 0
    for row in rows[:first]:
        title = next((cell for cell in row if cell), "")
        builder.add("paragraph", title, page=page)
        name = name or " ".join(title.split())[:200]
    rows = rows[first:]
    head = found.header_rows if header_rows is None else header_rows
    builder.add_table(rows, name=name, header_rows=head, values=typed(rows, head), page=page)


def compact(grid: Sequence[Sequence[str]]) -> list[list[str]]:
    """The grid without blank rows and columns, all rows of one width."""
    width = max((len(row) for row in grid), default=0)
    rows = [[cell.strip() for cell in row] + [""] * (width - len(row)) for row in grid if any(c.strip() for c in row)]
    keep = [c for c in range(width) if any(row[c] for row in rows)]
    return [[row[c] for c in keep] for row in rows]


class GridFiller:
    """Places cells with spans into a grid, repeating the text wherever a merged cell reaches."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._held: dict[int, tuple[int, str]] = {}  # column -> (rows still covered, text)
        self._cells = 0

    def row(self, cells: Sequence[tuple[str, int, int]]) -> None:
        """One row of (text, column span, row span); cells held from above are filled in between."""
        out: list[str] = []
        held, self._held = self._held, {}
        for text, columns, rows in cells:
            self._drop_held(out, held)
            for _ in range(max(1, min(columns, MAX_SPAN))):
                if rows > 1:
                    self._held[len(out)] = (min(rows, MAX_SPAN) - 1, text)
                out.append(text)
        self._drop_held(out, held)
        for column in sorted(held):  # beyond a gap
            out += [""] * (column - len(out))
            self._drop_held(out, held)
        self._cells += len(out)
        if self._cells <= MAX_CELLS:
            self.rows.append(out)

    def _drop_held(self, out: list[str], held: dict[int, tuple[int, str]]) -> None:
        while len(out) in held:
            left, text = held.pop(len(out))
            if left > 1:
                self._held[len(out)] = (left - 1, text)
            out.append(text)
