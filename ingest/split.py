"""Passages: blocks packed along structure up to the aim, with exact places in the stored text and their context.

With an aim of 200 of the encoder's tokens a passage has at most 250, and its context about 100 more. Headings stay with
what follows, tables keep their rows whole and repeat their header in the context, and where a paragraph has to be cut
the next passage starts with the sentence before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, takewhile

from assistant.types import Block, Document, Table
from ingest.units import Count, Unit, is_big, make_units

CONTEXT = 240
"""Most characters of a context's heading path."""
HEADER = 300
"""Most characters of a table header in a context."""
_TELLING = re.compile(r"[^\W\d_]{3}|[\u3040-\u9fff]{2}")
"""What a title needs to have; numbers of files and forms tell nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage before it has an id: `text[start:end]` of the document, its page, table and context."""

    start: int
    end: int
    page: int | None = None
    table: int | None = None
    context: str = ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Token sizes that follow from the aim."""

    aim: int

    @property
    def most(self) -> int:
        return self.aim * 5 // 4

    @property
    def whole(self) -> int:
        """A document up to this is one passage."""
        return self.aim * 3 // 2

    @property
    def little(self) -> int:
        """Headings, captions and overlaps up to this go with their neighbour."""
        return self.aim // 4

    @property
    def least(self) -> int:
        """Sections below this are packed together with their neighbour."""
        return self.aim * 2 // 5


def split(document: Document, blocks: Sequence[Block], count: Count, aim: int = 200) -> list[Piece]:
    """Passages of these blocks in order; `count` gives the encoder's tokens of texts."""
    sizes = Sizes(aim)
    units = make_units(document, blocks, count, aim)
    if not units:
        return []
    if _one_passage(document, blocks, units, sizes):
        return [_piece(document, units)]
    kept = {id(block): n for n, block in enumerate(document.blocks)}
    pieces: list[Piece] = []
    for stretch in _stretches(document, units, kept):
        for run in _runs(stretch, sizes):
            pieces += _pack(document, run, sizes)
    return pieces


def _one_passage(document: Document, blocks: Sequence[Block], units: list[Unit], sizes: Sizes) -> bool:
    """Whether the whole document is short; never where blocks were left out in between."""
    first, last = document.blocks.index(blocks[0]), document.blocks.index(blocks[-1])
    return (
        last - first + 1 == len(blocks)
        and sum(unit.tokens for unit in units) <= sizes.whole
        and not any(is_big(document, block) for block in blocks)
        and (bool(document.lines) or len({block.page for block in blocks}) == 1)
    )


def _stretches(document: Document, units: list[Unit], order: dict[int, int]) -> list[list[Unit]]:
    """Units whose text stands together: cut where something was left out, and at pages that no lines tell."""
    found = [[units[0]]]
    for before, unit in pairwise(units):
        gap = order[id(unit.block)] - order[id(before.block)] > 1
        gap = gap or (unit.block is before.block and (unit.row or 0) - (before.row or 0) > 1)
        page = not document.lines and unit.block.page != before.block.page
        if gap or page:
            found.append([])
        found[-1].append(unit)
    return found


def _runs(units: list[Unit], sizes: Sizes) -> list[list[Unit]]:
    """Sections, tiny ones together; rows of one long table are a run of their own, with the caption before them."""
    runs: list[list[Unit]] = []
    sections = _sections(units, sizes)
    for n, section in enumerate(sections, 1):
        tokens, before = _tokens(section), _tokens(runs[-1]) if runs else 0
        tiny = before < sizes.least or (n == len(sections) and tokens < sizes.least)
        if runs and tiny and tokens + before <= sizes.most and _text_only(runs[-1]) and _text_only(section):
            runs[-1] += section
        else:
            runs.append(section)
    return runs


def _sections(units: list[Unit], sizes: Sizes) -> list[list[Unit]]:
    found: list[list[Unit]] = []
    for table, group in groupby(units, key=lambda unit: unit.block.start if unit.row is not None else None):
        mine = list(group)
        if table is not None:
            found.append(_take_caption(found, sizes) + mine)
            continue
        open_ = False
        for before, unit in zip([None, *mine], mine):
            heading = unit.block.kind == "heading" and (before is None or before.block.kind != "heading")
            if heading or not open_:
                found.append([])
                open_ = True
            found[-1].append(unit)
    return [section for section in found if section]


def _take_caption(sections: list[list[Unit]], sizes: Sizes) -> list[Unit]:
    """The headings and the short paragraph just before a long table, taken out of the section before it."""
    if not sections or not _text_only(sections[-1]):
        return []
    section = sections[-1]
    taken: list[Unit] = []
    while section and not section[-1].part and section[-1].block.kind in {"heading", "paragraph"}:
        if _tokens(taken) + section[-1].tokens > 2 * sizes.little:
            break
        if taken and section[-1].block.kind == "paragraph":
            break
        taken.insert(0, section.pop())
    return taken


def _text_only(units: list[Unit]) -> bool:
    return all(unit.row is None for unit in units)


def _pack(document: Document, units: list[Unit], sizes: Sizes) -> list[Piece]:
    """Passages of one run, of about even size."""
    glued = _glue(units, sizes)
    left = sum(_tokens(group) for group in glued)
    header = _header_tokens(document, units, sizes)
    aim = sizes.aim - header
    pieces: list[Piece] = []
    current: list[Unit] = []
    want = _share(left, aim, sizes.most)
    for n, group in enumerate(glued):
        size, more = _tokens(current), _tokens(group)
        if n and (size + more > sizes.most - header or size + more / 2 > want):
            pieces.append(_piece(document, current))
            current = _overlap(current[-1], group[0], sizes)
            left += _tokens(current) - size
            want = max(_share(left, aim, sizes.most), _tokens(current) + more)
        current = current + group
    return [*pieces, _piece(document, current)]


def _share(tokens: int, aim: int, most: int) -> float:
    """The even size of passages that hold so many tokens."""
    return tokens if tokens <= most else tokens / -(-tokens // aim)


def _overlap(last: Unit, following: Unit, sizes: Sizes) -> list[Unit]:
    """The sentence before, where a paragraph is cut between two sentences."""
    cut = last.part and following.part and last.block is following.block and last.block.kind not in {"list", "form"}
    return [last] if cut and last.row is None and last.tokens <= sizes.little else []


def _glue(units: list[Unit], sizes: Sizes) -> list[list[Unit]]:
    """Groups that stay together: headings with what follows, short captions with their table."""
    groups: list[list[Unit]] = []
    held: list[Unit] = []
    for unit, following in zip(units, [*units[1:], None]):
        short = _tokens(held) + unit.tokens <= sizes.little
        caption = following is not None and following.block.kind in {"table", "list"} and unit.block.kind == "paragraph"
        if short and not unit.part and following is not None and (unit.block.kind == "heading" or caption):
            held.append(unit)
            continue
        if held and _tokens(held) + unit.tokens > sizes.most:
            groups.append(held)
            held = []
        groups.append([*held, unit])
        held = []
    return groups


def _tokens(units: Sequence[Unit]) -> int:
    return sum(unit.tokens for unit in units)


# --- what a passage says of itself -----------------------------------------------------------------------------------
def _piece(document: Document, units: Sequence[Unit]) -> Piece:
    start, end = units[0].start, units[-1].end
    table = next((unit.block.table for unit in units if unit.block.table is not None), None)
    context = _path(document, units, document.text[start:end])
    rows = [unit for unit in units if unit.row is not None]
    if rows and table is not None:
        shape = document.tables[table]
        size = _size(shape) if is_big(document, rows[0].block) else ""
        header = _header(shape) if (rows[0].row or 0) >= max(1, shape.header_rows) else ""
        context = "\n".join(filter(None, [context, size, header]))
    return Piece(start, end, units[0].block.page, table, context)


def _path(document: Document, units: Sequence[Unit], text: str) -> str:
    """Title > Heading > Sub, as far as all the units share it and the passage does not say it itself."""
    first, *others = [unit.block.heading_path for unit in units]
    shared = list(first)
    for path in others:
        shared = [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(shared, path))]
    title = " ".join(document.title.split())
    if (
        _TELLING.search(title)
        and title not in shared
        and not " ".join(text[: 2 * len(title)].split()).startswith(title)
    ):
        shared.insert(0, title)
    shared = [
        name for name, below in zip(shared, [*shared[1:], ""]) if not below.casefold().startswith(name.casefold())
    ]
    names = [name if len(name) <= CONTEXT // 3 else name[: CONTEXT // 3 - 1].rstrip() + "…" for name in shared if name]
    while len(names) > 2 and len(" > ".join(names)) > CONTEXT:
        del names[1]
    return " > ".join(names)


def _header(table: Table) -> str:
    header = " | ".join(table.header)
    if not header.strip(" |"):
        return ""
    return f"header: {header if len(header) <= HEADER else header[: HEADER - 1] + '…'}"


def _header_tokens(document: Document, units: list[Unit], sizes: Sizes) -> int:
    """Room for the repeated header, from its length: about three characters a token, at most a quarter of the aim."""
    tables = {unit.block.table for unit in units if unit.row is not None}
    longest = max((len(_header(document.tables[table])) for table in tables if table is not None), default=0)
    return min(longest // 3, sizes.little)


def _size(table: Table) -> str:
    return f"{table.name or table.sheet or 'table'}: {len(table.rows)} rows, {len(table.header)} columns"
