"""The header of a table without ruling lines: which rows head the columns, and what each header cell spans."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.types import Box
from ingest.parsers.pdf_cells import Interval, Row, Run, across, cell_of, is_data, is_prose, row_bottom, row_size
from ingest.parsers.pdf_layout import Segment, overlap
from ingest.parsers.pdf_text import Word


def header_start(rows: list[Row], run: Run, columns: list[Interval], floor: int) -> int:
    """The first of the rows above that head the columns: near, right of the labels, no prose. Closely set ones
    are split."""
    top = run.first
    left, right = run.columns[0][0], columns[-1][1]
    ends = [row[0].box[2] for row in rows[run.first : run.last] if is_data(row) and row[0].box[2] < left]
    after = min(left - 4 * row_size(rows[run.first]), max(ends, default=left) + 1)
    usual, full = row_size(rows[run.first]), False
    while top > floor and run.first - top < 7:
        row, below = rows[top - 1], rows[top]
        step = (row_bottom(below) - row_bottom(row)) / min(row_size(row), row_size(below))
        row = _by_columns(row, columns)
        title = row_size(row) > 1.35 * usual or _is_title(row, columns, left)
        if full and len(row) == 1 and row[0].box[0] < columns[0][0] + 3 * row[0].size:
            break  # flush left above a complete header: text before the table
        if title or not 0 < step < 3.2 or not _heads(row, left, right, after):
            break
        top -= 1
        rows[top] = row
        full = full or len(row) >= max(3, 0.7 * len(columns))
    while top < run.first and all(cell.box[2] < left for cell in rows[top]):
        top += 1  # a title or a section's name, not a header
    return top


def _is_title(row: Row, columns: list[Interval], left: float) -> bool:
    """One cell in the middle of the whole table, not of its columns of numbers."""
    if len(row) != 1 or columns[0][0] >= left or row[0].box[2] < left:
        return False
    middle, size = sum(across(row[0])) / 2, row[0].size
    whole, numbers = (columns[0][0] + columns[-1][1]) / 2, (left + columns[-1][1]) / 2
    return abs(middle - whole) < 2.5 * size < abs(middle - numbers) - size


def _by_columns(row: Row, columns: list[Interval]) -> Row:
    """Header cells so close that they look like running text, cut where the columns below are."""
    out: Row = []
    for cell in row:
        low, high = _touched(cell, columns)
        parts: list[list[Word]] = []
        homes: list[int] = []
        for word in cell.words if high - low >= 2 else ():
            home = min(range(len(columns)), key=lambda c, w=word: _distance(columns[c], w))  # type: ignore[misc]
            wide = bool(parts) and word.box[0] - parts[-1][-1].box[2] > 0.33 * word.size
            if not parts or (wide and home != homes[-1]):
                parts.append([])
                homes.append(home)
            parts[-1].append(word)
        apart = (
            len(parts) > 2 and max(map(len, parts)) <= 4 and len(set(homes)) == len(homes) and len(parts) >= high - low
        )
        out += [cell_of(tuple(part)) for part in parts] if apart else [cell]
    return out


def _distance(column: Interval, word: Word) -> float:
    """How far a word's middle is outside a column; inside, how far from its middle, in thousandths."""
    middle = (word.box[0] + word.box[2]) / 2
    outside = max(column[0] - middle, middle - column[1], 0.0)
    return outside + abs(sum(column) / 2 - middle) / 1000


def _heads(row: Row, left: float, right: float, after: float) -> bool:
    """Whether a row can head columns from `left` to `right`; its cells begin beyond `after`, but for one label."""
    over = [cell for cell in row if cell.box[2] > left - 0.5 * cell.size]
    if not over:
        return len(row) == 1 and len(row[0].text) < 60
    if is_prose(row):
        return False
    slack = 8 * row[0].size
    return all(cell.box[0] >= after and cell.box[2] < right + slack for cell in over) and len(row) - len(over) <= 1


def header_grid(rows: Sequence[Row], columns: list[Interval], labels: int, lines: Sequence[Box]) -> list[list[Row]]:
    """Header rows by column; a cell that spans several columns stands in each, lines of one cell are one.

    `labels`: how many columns on the left hold labels; nothing spans from them into the others.
    """
    widths = list(columns)
    spans: list[list[tuple[int, int]]] = []
    for row in reversed(rows):  # upwards: the lower rows show how wide the columns are
        spans.insert(0, _spans(row, widths, labels, lines))
        for cell, (low, high) in zip(row, spans[0]):
            if low == high >= labels and not _is_note(cell.text):
                widths[low] = min(widths[low][0], cell.box[0]), max(widths[low][1], cell.box[2])
    levels: list[list[Row]] = []
    shapes: list[list[tuple[int, int]]] = []
    for row, ranges in zip(rows, spans):
        line: list[Row] = [[] for _ in columns]
        for cell, (low, high) in zip(row, ranges):
            for column in range(low, high + 1):
                line[column].append(cell)
        if shapes and _same_cells(shapes[-1], ranges) and not _ruled_between(levels[-1], line, lines):
            levels[-1] = [a + b for a, b in zip(levels[-1], line)]
            shapes[-1] = sorted({*shapes[-1], *ranges})
        else:
            levels.append(line)
            shapes.append(ranges)
    return levels


def _same_cells(above: list[tuple[int, int]], below: list[tuple[int, int]]) -> bool:
    """Whether the cells below go on with those above: each stands in the same columns, or where nothing stands
    above."""
    wide = {r for r in above if r[1] > r[0]}
    return all(r in above or (not any(a[0] <= r[1] and r[0] <= a[1] for a in above)) for r in below) and (
        not wide or wide <= set(below)
    )


def _ruled_between(above: list[Row], below: list[Row], lines: Sequence[Box]) -> bool:
    for a, b in zip(above, below):
        if a and b:
            x = (b[0].box[0] + b[0].box[2]) / 2
            low, high = (a[-1].box[1] + a[-1].box[3]) / 2, (b[0].box[1] + b[0].box[3]) / 2
            if any(
                line[0] <= x <= line[2] and low < line[1] < high and line[2] - line[0] > line[3] - line[1]
                for line in lines
            ):
                return True
    return False


def _spans(row: Row, columns: list[Interval], labels: int, lines: Sequence[Box]) -> list[tuple[int, int]]:
    """For each header cell the first and last column that it heads."""
    last = len(columns) - 1
    touched = [_touched(cell, columns) for cell in row]
    out = []
    for i, cell in enumerate(row):
        low = max(labels, touched[i - 1][1] + 1 if i else 0)
        high = touched[i + 1][0] - 1 if i + 1 < len(row) else last
        ruled = _rule_below(cell, lines)
        if ruled and sum(ruled[0] <= sum(across(other)) / 2 <= ruled[1] for other in row) > 1:
            ruled = None  # under the whole header
        under = [
            c
            for c in range(len(columns))
            if ruled and overlap(*columns[c], *ruled) > 0.5 * (columns[c][1] - columns[c][0])
        ]
        if len(row) == 1 and _is_note(cell.text) and (not labels or cell.box[0] > columns[0][0] + 4 * cell.size):
            out.append((labels, last))
        elif touched[i][0] < labels:
            out.append((touched[i][0], touched[i][0]))
        elif len(under) > 1 and under[0] <= touched[i][0]:
            out.append((max(labels, under[0]), under[-1]))
        else:
            out.append(_centred(cell, columns, touched[i], low, high))
    return out


def _is_note(text: str) -> bool:
    """(In millions), (unaudited): about all columns, wherever it is centred."""
    return text.startswith("(") and text.endswith(")") and len(text) > 6


def _touched(cell: Segment, columns: list[Interval]) -> tuple[int, int]:
    hit = [c for c, column in enumerate(columns) if overlap(*across(cell), *column) > 0]
    if hit:
        return hit[0], hit[-1]
    middle = sum(across(cell)) / 2
    near = min(range(len(columns)), key=lambda c: min(abs(columns[c][0] - middle), abs(columns[c][1] - middle)))
    return near, near


def _centred(cell: Segment, columns: list[Interval], touched: tuple[int, int], low: int, high: int) -> tuple[int, int]:
    """The range of columns around `touched` whose middle is nearest to the cell's: headers are centred over
    their span."""
    middle, size = sum(across(cell)) / 2, cell.size
    best, score = touched, 1e9
    for a in range(min(low, touched[0]), touched[0] + 1):
        for b in range(touched[1], max(high, touched[1]) + 1):
            off = abs((columns[a][0] + columns[b][1]) / 2 - middle) / size + 0.1 * (b - a)
            if off < score - 1e-6:
                best, score = (a, b), off
    return touched if touched[0] == touched[1] and score > 4 else best


def _rule_below(cell: Segment, lines: Sequence[Box]) -> Interval | None:
    """The rule right under a header cell."""
    middle = sum(across(cell)) / 2
    for line in sorted(lines, key=lambda b: b[1]):
        near = -0.3 * cell.size < line[1] - cell.box[3] < 0.7 * cell.size
        if near and line[0] - 1 <= middle <= line[2] + 1 and line[2] - line[0] > 5 * (line[3] - line[1]):
            return line[0], line[2]
    return None
