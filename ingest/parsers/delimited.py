"""CSV and TSV. The stored text is the file itself; a cell's offsets are its characters, inside the quotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from assistant.types import Cell, Document, Limits, Table
from ingest.parsers.grids import Layout, layout
from ingest.parsers.numbers import typed
from ingest.parsers.text import add_piece, pieces
from ingest.parsers.textfile import Spans, read_text

Field = tuple[int, int, str]
"""start, end, unescaped text."""
SEARCHABLE_ROWS = 2000
HEAD_BYTES = 32 * 1024 * 1024  # of bigger files, only so much is read
SAMPLE = 64 * 1024


class DelimitedParser:
    types = frozenset({"csv", "tsv"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        head = min(HEAD_BYTES, limits.characters)
        text = read_text(path, limits, head)
        separator = sniff(text[:SAMPLE])
        rows = list(islice(scan(text, separator), SEARCHABLE_ROWS + 50))  # title lines and header included
        found = layout([[cell for _, _, cell in row] for row in rows])
        kept = rows[: found.first + found.header_rows + SEARCHABLE_ROWS]
        end = text.find("\n", kept[-1][-1][1]) + 1 if len(kept) < len(rows) else len(text)
        spans = Spans("tsv" if separator == "\t" else "csv", text[:end])
        if end < len(text) or path.stat().st_size > head:
            data = len(kept) - found.first - found.header_rows
            spans.warnings.append(f"About {_count_rows(path):,} rows; the first {data:,} are searchable row by row.")
        _add(spans, kept, found)
        return spans.build()


def sniff(sample: str) -> str:
    """The separator that cuts most lines into the same number of fields."""
    found = {mark: _regularity(sample, mark) for mark in "\t;|,"}
    best = max(found, key=lambda mark: found[mark])
    if best == "," and found[";"][0] > found[","][0] - 0.1 and found[","][1] <= found[";"][1] + 1:
        return ";"  # the commas are decimals
    if best == ";" and found[","][0] > found[";"][0] - 0.1 and found[","][1] > found[";"][1] + 1:
        return ","  # the semicolons stand inside fields
    return best if found[best][0] else ","


def _regularity(sample: str, mark: str) -> tuple[float, int]:
    """(share of lines with the most common width above one, that width)."""
    rows = list(islice(scan(sample, mark), 300))
    if len(rows) > 2 and not sample.endswith("\n"):
        rows.pop()
    widths = Counter(len(row) for row in rows if len(row) > 1)
    filled = sum(1 for row in rows if any(text for _, _, text in row)) or 1
    if not widths:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return round(count / filled, 2), width


def scan(text: str, separator: str, start: int = 0) -> Iterator[list[Field]]:
    """Rows of fields with their offsets. A quote that never closes is taken as a letter."""
    mark = re.escape(separator)
    field = re.compile(rf'[^\S\n{mark}]*"([^"]*(?:""[^"]*)*)"[^\S\n{mark}]*(?={mark}|\n|\Z)|([^{mark}\n]*)')
    row: list[Field] = []
    at = start
    size = len(text)
    while at < size or row:
        match = field.match(text, at)
        assert match is not None  # the second branch matches anything
        group = 1 if match.group(1) is not None else 2
        value = match[group].replace('""', '"') if group == 1 else match[group]
        begin, end = match.span(group)
        row.append((begin, end, value.strip()))
        at = match.end()
        if at >= size or text[at] == "\n":
            yield row
            row, at = [], at + 1
        else:
            at += len(separator)
            if at >= size:
                row.append((at, at, ""))
                yield row
                row = []


def _count_rows(path: Path) -> int:
    count = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            count += chunk.count(b"\n")
    return count


def _add(spans: Spans, rows: list[list[Field]], found: Layout) -> None:
    table_start = rows[found.first][0][0] if found.first < len(rows) else len(spans.text)
    for start, end in pieces(spans.text[:table_start]):
        add_piece(spans, start, end)
    body = rows[found.first :]
    while body and not any(text for _, _, text in body[-1]):
        body.pop()
    if body:
        spans.add_table(_table(spans.text, body, found.header_rows))


def _table(text: str, rows: list[list[Field]], header_rows: int) -> Table:
    width = max(len(row) for row in rows)
    grid = [[cell for _, _, cell in row] + [""] * (width - len(row)) for row in rows]
    values = typed(grid, header_rows)
    cells = tuple(
        Cell(r + 1, c + 1, " ".join(shown.split()), values[r][c], start, end)
        for r, row in enumerate(rows)
        for c, (start, end, shown) in enumerate(row)
    )
    shown = [tuple(" ".join(cell.split()) for cell in row) for row in grid]
    header = tuple(" / ".join(dict.fromkeys(p for p in column if p)) for column in zip(*shown[:header_rows]))
    end = max(field[1] for row in rows for field in row)
    if end < len(text) and text[end] == '"':
        end += 1
    start = text.rfind("\n", 0, rows[0][0][0]) + 1
    return Table("", header, tuple(shown[header_rows:]), cells, start, end, header_rows=header_rows)
