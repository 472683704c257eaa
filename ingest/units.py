"""What passages are packed from: whole blocks, sentences of long ones, rows of tables, each with its tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.textual import sentences
from assistant.types import Block, Document, Table

Count = Callable[[Sequence[str]], list[int]]
Place = tuple[int, int]

LONG = 3000
"""Characters; longer runs without a sentence's end are cut before they are counted."""
BIG_TABLE = 2000
"""Rows; a bigger table is searched by its columns and samples, and queried as a table."""
SAMPLES, SAMPLE_ROWS = 10, 5

_BREAK = re.compile(r"[,，、;:：)）\]]\s*|\s+")


@dataclass(frozen=True, slots=True)
class Unit:
    """Never cut again. `part`: of a block that was cut; `row`: number of a row of a table too long for a passage."""

    start: int
    end: int
    tokens: int
    block: Block
    part: bool = False
    row: int | None = None


def make_units(document: Document, blocks: Sequence[Block], count: Count, most: int) -> list[Unit]:
    """The units of these blocks in order, none over `most` tokens; counted in one call, and long parts in a second."""
    places = [list(_places(document, block)) for block in blocks]
    tokens = iter(count([document.text[a:b] for mine in places for a, b, _ in mine]))
    found: list[Unit] = []
    for block, mine in zip(blocks, places):
        parts = [Unit(a, b, next(tokens), block, row is None, row) for a, b, row in mine]
        total = sum(part.tokens for part in parts)
        if parts and total <= most and not is_big(document, block):
            parts = [Unit(parts[0].start, parts[-1].end, total, block)]
        found += parts
    return _bounded(document.text, found, count, most)


def is_big(document: Document, block: Block) -> bool:
    return block.table is not None and len(document.tables[block.table].rows) > BIG_TABLE


def _places(document: Document, block: Block) -> Iterator[tuple[int, int, int | None]]:
    if block.table is not None:
        rows = row_places(document.text, document.tables[block.table], block)
        chosen = _samples(len(rows)) if is_big(document, block) else range(len(rows))
        yield from ((*rows[n], n) for n in chosen)
        return
    text = document.text[block.start : block.end]
    for start, end in sentences(text, lines=block.kind in {"list", "form"}):
        for a, b in _cut(document.text, block.start + start, block.start + end, LONG):
            yield a, b, None


def row_places(text: str, table: Table, block: Block) -> list[Place]:
    """(start, end) of each row with visible text, in order; together they hold all of the block's text."""
    spans: dict[int, tuple[int, int]] = {}
    for cell in table.cells:
        if cell.start < cell.end:
            start, end = spans.get(cell.row, (cell.start, cell.end))
            spans[cell.row] = (min(start, cell.start), max(end, cell.end))
    marks, before = [block.start], block.start
    for _, (start, end) in sorted(spans.items()):
        begin = max(start if (line := text.rfind("\n", before, start)) < 0 else line + 1, block.start)
        if marks[-1] < begin < block.end:
            marks.append(begin)
        before = max(before, end)
    marks.append(block.end)
    return [place for a, b in pairwise(marks) if (place := _trim(text, a, b))]


def _samples(rows: int) -> list[int]:
    """The first rows and groups of rows at even distances."""
    step = max(1, (rows - SAMPLE_ROWS) // (SAMPLES - 1))
    return sorted({n + i for n in range(0, rows, step) for i in range(SAMPLE_ROWS) if n + i < rows})


def _bounded(text: str, units: list[Unit], count: Count, most: int) -> list[Unit]:
    """Cuts what is over `most` tokens at commas or spaces, in rounds of one count each."""
    while over := [unit for unit in units if unit.tokens > most and unit.end - unit.start > 1]:
        pieces = {id(unit): _shares(text, unit, most) for unit in over}
        flat = [place for unit in over for place in pieces[id(unit)]]
        tokens = iter(count([text[a:b] for a, b in flat]))
        cut = {key: [(a, b, next(tokens)) for a, b in places] for key, places in pieces.items()}
        units = [
            new
            for unit in units
            for new in (
                [Unit(a, b, n, unit.block, True, unit.row) for a, b, n in cut[id(unit)]] if id(unit) in cut else [unit]
            )
        ]
    return units


def _shares(text: str, unit: Unit, most: int) -> list[Place]:
    length = unit.end - unit.start
    return list(_cut(text, unit.start, unit.end, max(1, min(length // 2 + 1, length * most * 9 // (unit.tokens * 10)))))


def _cut(text: str, start: int, end: int, width: int) -> Iterator[Place]:
    """Pieces of at most `width` characters, cut after the last comma or space of their second half if there is one."""
    while start < end:
        stop = end
        if end - start > width:
            stop = start + width
            breaks = [m.end() for m in _BREAK.finditer(text, start + width // 2, stop) if m.end() < stop]
            stop = breaks[-1] if breaks else stop
        if place := _trim(text, start, stop):
            yield place
        start = stop


def _trim(text: str, start: int, end: int) -> Place | None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    return (start + left, start + right) if left < right else None
