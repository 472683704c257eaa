"""Small tables as the parsers give them, for tests of readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.types import Cell, Hit, Passage, Table


def table(name: str, grid: Sequence[Sequence[str]], start: int = 0) -> tuple[Table, str]:
    """The table and its text; numbers get their values."""
    cells, at = [], start
    for r, row in enumerate(grid):
        for c, text in enumerate(row):
            bare = text.replace(",", "")
            value = float(bare) if bare.replace(".", "").isdigit() else text
            cells.append(Cell(r + 1, c + 1, text, value, at, at + len(text)))
            at += len(text) + 3
        at -= 2
    text = "\n".join(" | ".join(row) for row in grid)
    rows = tuple(tuple(row) for row in grid[1:])
    return Table(name, tuple(grid[0]), rows, tuple(cells), start, start + len(text), sheet=name), text


def sheet(
    name: str, grid: Sequence[Sequence[str]], number: int = 1
) -> tuple[Hit, Callable[[Passage, int], Table | None]]:
    """A passage that begins with the sheet's name, and what finds its table."""
    made, text = table(name, grid, len(name) + 2)
    passage = Passage(number, "c", f"{name}.xlsx", 0, len(name) + 2 + len(text), f"{name}\n\n{text}", table=0)
    return Hit(passage, 0.9, 0.5, 3.0, 1), lambda _, at: made if made.start <= at < made.end else None
