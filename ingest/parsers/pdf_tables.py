"""Tables without ruling lines: rows of numbers that stand below each other, with their labels and header rows.

Financial statements look like this. Works on rows of segments in reading order (ingest.parsers.pdf_layout), on
any page or scan.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.types import Box
from ingest.parsers.pdf_cells import (
    Interval,
    Row,
    Run,
    across,
    cells_of,
    is_data,
    is_number,
    is_prose,
    joined_cells,
    merged,
    numbers_in,
    row_bottom,
    row_size,
)
from ingest.parsers.pdf_headers import header_grid, header_start
from ingest.parsers.pdf_layout import overlap, union
from ingest.parsers.pdf_paragraphs import is_list


@dataclass(frozen=True, slots=True)
class Found:
    """A table as texts and boxes (upright), rows x columns; the first `header_rows` are its header."""

    grid: list[list[str]]
    boxes: list[list[Box | None]]
    header_rows: int
    box: Box
    first: int = 0  # rows [first, last) of the input belong to it
    last: int = 0


def find_tables(rows: Sequence[Row], lines: Sequence[Box]) -> list[Found]:
    """The tables in rows of one reading order, top to bottom; `lines`: horizontal rules, for headers that span
    columns."""
    cells = [cells_of(row) for row in rows]
    found: list[Found] = []
    at = 0
    while at < len(rows):
        run = _run(cells, at)
        if run is None:
            at += 1
            continue
        floor = found[-1].last if found else 0
        found.append(_table(cells, run, floor, lines))
        at = found[-1].last
    return found


def is_strong(table: Found) -> bool:
    """Surely a table and not two columns of text side by side: three columns of numbers at least, no long cells."""
    body = table.grid[table.header_rows :]
    columns = list(zip(*body))
    numbers = sum(sum(is_number(cell) for cell in column if cell) * 2 > sum(map(bool, column)) for column in columns)
    longest = max((len(cell.split()) for row in body for cell in row), default=0)
    return numbers >= 3 and len(body) >= 3 and longest <= 12


def _run(rows: Sequence[Row], start: int) -> Run | None:
    """Data rows from `start` on that share columns, with label rows between them; None where that is no table."""
    if not is_data(rows[start]):
        return None
    run = Run(start)
    previous = rows[start]
    loose: list[int] = []
    for i in range(start, len(rows)):
        row = rows[i]
        step = (row_bottom(row) - row_bottom(previous)) / row_size(row)
        if i > start and not -0.5 < step < 5:
            break
        if row[0].box[0] < rows[start][0].box[0] - 8 * row_size(row):
            break  # starts far to the left: another table, or text
        if is_data(row) and _fits(row, run.columns):
            run.columns = merged(run.columns + [across(c) for c in numbers_in(row)])
            run.last, run.data = i + 1, run.data + 1
            loose = []
        elif _is_label(row, run.columns, rows[start][0].box[0]) and len(loose) < 4:
            loose.append(i)
        else:
            break
        previous = row
    wide = len(run.columns) >= 2 and run.data >= 2
    narrow = len(run.columns) == 1 and run.data >= 3
    return run if wide or narrow else None


def _fits(row: Row, columns: list[Interval]) -> bool:
    numbers = numbers_in(row)
    if not columns:
        return True
    hits = sum(any(overlap(*across(n), *c) > 0 for c in columns) for n in numbers)
    together = merged(columns + [across(n) for n in numbers])
    return hits * 2 >= min(len(numbers), len(columns)) and len(together) >= len(columns) - (len(columns) > 3)


def _is_label(row: Row, columns: list[Interval], start: float) -> bool:
    """A row of words left of the numbers (a section's name, a label's first line), or wrapped text columns.

    `start`: where the labels of data rows begin."""
    left = columns[0][0] if columns else 0.0
    if len(row) == 1 and not is_number(row[0].text):
        return row[0].box[2] < left + 0.35 * (columns[-1][1] - left) and row[0].box[0] < left
    return row[0].box[0] < min(left - row[0].size, start + 4 * row[0].size) and not is_prose(row)


# --- its header, columns and cells -----------------------------------------------------------------------------------
def _table(rows: list[Row], run: Run, floor: int, lines: Sequence[Box]) -> Found:
    columns = _all_columns(rows[run.first : run.last], run.columns)
    top = header_start(rows, run, columns, floor)
    start = run.first
    while start > top and all(cell.box[2] < run.columns[0][0] for cell in rows[start - 1]):
        start -= 1  # a section's name belongs to the rows under it
    labels = sum(column[1] <= run.columns[0][0] for column in columns)
    head = header_grid(rows[top:start], columns, labels, lines)
    body = [_place(row, columns, run.columns[0][0]) for row in rows[start : run.last]]
    body = _join_wrapped(body)
    grid, boxes = [], []
    for line in head + body:
        grid.append([joined_cells(cell) for cell in line])
        boxes.append([union([c.box for c in cell]) if cell else None for cell in line])
    whole = union([cell.box for row in rows[top : run.last] for cell in row])
    return Found(grid, boxes, len(head), whole, top, run.last)


def _all_columns(rows: Sequence[Row], numeric: list[Interval]) -> list[Interval]:
    """Label and text columns beside those of numbers."""
    words = [across(c) for row in rows for c in row if not is_number(c.text)]
    free = [x for x in words if not any(overlap(*x, *n) > 0 for n in numeric)]
    labels = [x for x in words if x[0] < numeric[0][0] - 1]
    # Labels run over the numbers' columns in rows without numbers; they are still one column, the leftmost.
    out = merged([(low, min(high, numeric[0][0] - 1)) for low, high in labels])
    extra = merged([x for x in free if x[0] > numeric[0][0]])
    return sorted((_label_columns(out, rows, numeric) if out else []) + extra + numeric)


def _label_columns(intervals: list[Interval], rows: Sequence[Row], numeric: list[Interval]) -> list[Interval]:
    """Columns of words left of the numbers; one, unless most data rows fill each of several."""
    counts = [sum(any(overlap(*across(c), *i) > 0 for c in row) for row in rows) for i in intervals]
    if len(intervals) > 1 and min(counts) * 2 >= max(counts):
        return intervals
    ends = [
        c.box[2] for row in rows if is_data(row) for c in row[:1] if c.box[2] < numeric[0][0] and not is_number(c.text)
    ]
    return [(intervals[0][0], max(ends, default=numeric[0][0] - 1))]


def _place(row: Row, columns: list[Interval], left: float) -> list[Row]:
    """The row's cells by column: the one they overlap most, else the nearest."""
    out: list[Row] = [[] for _ in columns]
    for cell in row:
        shared = [overlap(*across(cell), *column) for column in columns]
        if cell is row[0] and not is_number(cell.text) and cell.box[0] < left - 1:
            best = next((i for i, s in enumerate(shared) if s > 0 and columns[i][0] < left), 0)
        elif max(shared) > 0:
            best = shared.index(max(shared))
        else:
            middle = sum(across(cell)) / 2
            best = min(range(len(columns)), key=lambda i: abs(sum(columns[i]) / 2 - middle))
        out[best].append(cell)
    return out


def _join_wrapped(body: list[list[Row]]) -> list[list[Row]]:
    """A label in several printed lines is one label: they are set closer than rows, or go on in lower case."""
    pitch = _pitch(body)
    out: list[list[Row]] = []
    for line in body:
        first = line[0][0].text if line[0] else ""
        above = out[-1] if out else []
        near = (
            bool(above) and bool(line[0]) and bool(above[0]) and line[0][0].box[3] - above[0][-1].box[3] < 0.87 * pitch
        )
        goes_on = first[:1].islower() and not is_list(first)
        if above and above[0] and not any(above[1:]) and (goes_on or near) and not above[0][-1].text.endswith(":"):
            out[-1] = [above[0] + line[0], *line[1:]]
        elif above and (goes_on or near) and not any(line[1:]) and any(above[1:]):
            out[-1] = [above[0] + line[0], *above[1:]]
        else:
            out.append(line)
    return out


def _pitch(body: list[list[Row]]) -> float:
    """The smallest usual distance of two data rows; 0 where there are too few to say."""
    bottoms = [(max(c.box[3] for cell in line[1:] for c in cell), i) for i, line in enumerate(body) if any(line[1:])]
    steps = sorted(b[0] - a[0] for a, b in itertools.pairwise(bottoms) if b[1] == a[1] + 1)
    return steps[len(steps) // 3] if len(steps) >= 3 else 0.0
