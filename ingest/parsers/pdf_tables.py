"""Tables without ruling lines: rows of numbers that stand below each other, with their labels and header rows.

Financial statements look like this. Works on rows of segments in reading order (ingest.parsers.pdf_layout), on
any page or scan.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.types import Box
from ingest.parsers.numbers import is_datum, is_year
from ingest.parsers.pdf_layout import Segment, is_list, joined, overlap, union
from ingest.parsers.pdf_text import Word

Row = list[Segment]
Interval = tuple[float, float]
_CURRENCY = re.compile(r"(US|HK|NT|C|A)?[$€£¥₩₹]|CHF|EUR|USD|GBP|RMB")
_TAIL = re.compile(r"[)%]{1,3}|\)\s*%|%\s*\)|pts\.?|bps")
_DASHES = re.compile(r"[-–—−*]{1,3}|N/?A|n/?a|nm|NM|\([a-z0-9]\)")
_DATE_WORDS = re.compile(
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2},?(\s+\d{4})?|(fy|q[1-4])\s*'?\d{2,4}",
    re.IGNORECASE,
)
_SPLIT = 0.4  # font sizes between two numbers of one segment that are two cells


@dataclass(frozen=True, slots=True)
class Found:
    """A table as texts and boxes (upright), rows x columns; the first `header_rows` are its header."""

    grid: list[list[str]]
    boxes: list[list[Box | None]]
    header_rows: int
    box: Box
    first: int = 0  # rows [first, last) of the input belong to it
    last: int = 0


@dataclass(slots=True)
class _Run:
    first: int
    last: int = 0
    columns: list[Interval] = field(default_factory=list)
    data: int = 0  # data rows
    values: int = 0  # numbers in them


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


# --- cells ---------------------------------------------------------------------------------------------------------
def cells_of(row: Row) -> Row:
    """Segments as cells: currency signs join the number after them, brackets and percent signs the one before."""
    out: Row = []
    pending: tuple[Word, ...] = ()
    for segment in (part for whole in row for part in _split(whole)):
        text = segment.text
        if _CURRENCY.fullmatch(text):
            out += [_of(pending)] if pending else []
            pending = segment.words
        elif pending and is_number(text):
            out.append(_of(pending + segment.words))
            pending = ()
        elif out and _TAIL.fullmatch(text) and is_number(out[-1].text):
            out[-1] = _of(out[-1].words + segment.words)
        else:
            out += ([_of(pending)] if pending else []) + [segment]
            pending = ()
    return out + ([_of(pending)] if pending else [])


def is_strong(table: Found) -> bool:
    """Surely a table and not two columns of text side by side: three columns of numbers at least, no long cells."""
    body = table.grid[table.header_rows :]
    columns = list(zip(*body))
    numbers = sum(sum(is_number(cell) for cell in column if cell) * 2 > sum(map(bool, column)) for column in columns)
    longest = max((len(cell.split()) for row in body for cell in row), default=0)
    return numbers >= 3 and len(body) >= 3 and longest <= 12


def _of(words: tuple[Word, ...]) -> Segment:
    return Segment(words, union([w.box for w in words]))


def _split(segment: Segment) -> list[Segment]:
    """A segment of several numbers set closely is several cells; so is a number after a label with a leader of dots."""
    if len(segment.words) < 2 or not all(
        is_number(w.text) or _CURRENCY.fullmatch(w.text) or _TAIL.fullmatch(w.text) for w in segment.words
    ):
        return [segment]
    parts: list[list[Word]] = [[segment.words[0]]]
    for before, word in zip(segment.words, segment.words[1:]):
        apart = word.box[0] - before.box[2] > _SPLIT * word.size
        glued = _CURRENCY.fullmatch(before.text) or _TAIL.fullmatch(word.text)
        if apart and not glued:
            parts.append([word])
        else:
            parts[-1].append(word)
    return [_of(tuple(part)) for part in parts]


def is_number(text: str) -> bool:
    """A number, a percentage, a dash for nothing."""
    text = text.strip()
    if _DASHES.fullmatch(text) or is_datum(text):
        return True
    bare = _CURRENCY.sub("", text).strip()
    bare = re.sub(r"\s*(pts\.?|bps|x)$", "", bare).replace(" ", "")
    if bare.endswith("%"):
        bare = bare[:-1]
    if bare.startswith("(") and not bare.endswith(")"):
        bare += ")"
    return bool(bare) and (is_datum(bare) or bool(_DASHES.fullmatch(bare)))


def _numbers(row: Row) -> Row:
    return [cell for cell in row if is_number(cell.text)]


# --- where a table is ------------------------------------------------------------------------------------------------
def _is_data(row: Row) -> bool:
    """At least two numbers, or one that ends the row after a label far to the left."""
    numbers = _numbers(row)
    if len(numbers) >= 2:
        heads = _all_years(numbers) and row[0] is numbers[0]
        return len(numbers) * 2 >= len(row) - 1 and not heads
    return (
        len(numbers) == 1
        and len(row) == 2
        and row[1] is numbers[0]
        and row[1].box[0] - row[0].box[2] > 1.5 * row[1].size
    )


def _all_years(cells: Row) -> bool:
    return all(is_year(cell.text) for cell in cells)


def _run(rows: Sequence[Row], start: int) -> _Run | None:
    """Data rows from `start` on that share columns, with label rows between them; None where that is no table."""
    if not _is_data(rows[start]):
        return None
    run = _Run(start)
    previous = rows[start]
    loose: list[int] = []
    for i in range(start, len(rows)):
        row = rows[i]
        step = (_bottom(row) - _bottom(previous)) / _size(row)
        if i > start and not -0.5 < step < 5:
            break
        if row[0].box[0] < rows[start][0].box[0] - 8 * _size(row):
            break  # starts far to the left: another table, or text
        if _is_data(row) and _fits(row, run.columns):
            run.columns = merged(run.columns + [_x(c) for c in _numbers(row)])
            run.last, run.data, run.values = i + 1, run.data + 1, run.values + len(_numbers(row))
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
    numbers = _numbers(row)
    if not columns:
        return True
    hits = sum(any(overlap(*_x(n), *c) > 0 for c in columns) for n in numbers)
    together = merged(columns + [_x(n) for n in numbers])
    return hits * 2 >= min(len(numbers), len(columns)) and len(together) >= len(columns) - (len(columns) > 3)


def _is_label(row: Row, columns: list[Interval], start: float) -> bool:
    """A row of words left of the numbers (a section's name, a label's first line), or wrapped text columns.

    `start`: where the labels of data rows begin."""
    left = columns[0][0] if columns else 0.0
    if len(row) == 1 and not is_number(row[0].text):
        return row[0].box[2] < left + 0.35 * (columns[-1][1] - left) and row[0].box[0] < left
    return row[0].box[0] < min(left - row[0].size, start + 4 * row[0].size) and not _is_prose(row)


def _is_prose(row: Row) -> bool:
    """A line of running text whose words happen to stand apart."""
    gaps = [b.box[0] - a.box[2] for a, b in itertools.pairwise(row)]
    lengths = [len(cell.text.split()) for cell in row]
    words = sum(lengths)
    if words >= 4 * len(row) and words >= 12 and len(row) <= 4:
        return True
    return words >= max(8, 4 * len(row)) and (not gaps or max(gaps) < 1.6 * _size(row) or max(lengths) >= 16)


def _x(cell: Segment) -> Interval:
    return cell.box[0], cell.box[2]


def _bottom(row: Row) -> float:
    return max(cell.box[3] for cell in row)


def _size(row: Row) -> float:
    return max(cell.size for cell in row)


def merged(intervals: Sequence[Interval]) -> list[Interval]:
    """Overlapping intervals become one; left to right."""
    out: list[Interval] = []
    for low, high in sorted(intervals):
        if out and low < out[-1][1] - 0.5:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return out


# --- its header, columns and cells -----------------------------------------------------------------------------------
def _table(rows: list[Row], run: _Run, floor: int, lines: Sequence[Box]) -> Found:
    columns = _all_columns(rows[run.first : run.last], run.columns)
    top = _header_start(rows, run, columns, floor)
    start = run.first
    while start > top and all(cell.box[2] < run.columns[0][0] for cell in rows[start - 1]):
        start -= 1  # a section's name belongs to the rows under it
    labels = sum(column[1] <= run.columns[0][0] for column in columns)
    head = _header_grid(rows[top:start], columns, labels, lines)
    body = [_place(row, columns, run.columns[0][0]) for row in rows[start : run.last]]
    body = _join_wrapped(body)
    grid, boxes = [], []
    for line in head + body:
        grid.append([joined_cells(cell) for cell in line])
        boxes.append([union([c.box for c in cell]) if cell else None for cell in line])
    whole = union([cell.box for row in rows[top : run.last] for cell in row])
    return Found(grid, boxes, len(head), whole, top, run.last)


def joined_cells(cells: Row) -> str:
    return " ".join(_tidy(cell) for cell in cells)


def _tidy(cell: Segment) -> str:
    """The cell's text; brackets and signs close up with their number."""
    text = joined(cell.words)
    return re.sub(r"\s+(?=[)%])", "", text) if is_number(text) else text


def _header_start(rows: list[Row], run: _Run, columns: list[Interval], floor: int) -> int:
    """The first of the rows above that head the columns: near, right of the labels, no prose. Closely set ones
    are split."""
    top = run.first
    left, right = run.columns[0][0], columns[-1][1]
    ends = [row[0].box[2] for row in rows[run.first : run.last] if _is_data(row) and row[0].box[2] < left]
    after = min(left - 4 * _size(rows[run.first]), max(ends, default=left) + 1)
    usual, full = _size(rows[run.first]), False
    while top > floor and run.first - top < 7:
        row, below = rows[top - 1], rows[top]
        step = (_bottom(below) - _bottom(row)) / min(_size(row), _size(below))
        row = _by_columns(row, columns)
        title = _size(row) > 1.35 * usual or _is_title(row, columns, left)
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
    middle, size = sum(_x(row[0])) / 2, row[0].size
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
        out += [_of(tuple(part)) for part in parts] if apart else [cell]
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
    if _is_prose(row):
        return False
    slack = 8 * row[0].size
    return all(cell.box[0] >= after and cell.box[2] < right + slack for cell in over) and len(row) - len(over) <= 1


def _all_columns(rows: Sequence[Row], numeric: list[Interval]) -> list[Interval]:
    """Label and text columns beside those of numbers."""
    words = [_x(c) for row in rows for c in row if not is_number(c.text)]
    free = [x for x in words if not any(overlap(*x, *n) > 0 for n in numeric)]
    labels = [x for x in words if x[0] < numeric[0][0] - 1]
    # Labels run over the numbers' columns in rows without numbers; they are still one column, the leftmost.
    out = merged([(low, min(high, numeric[0][0] - 1)) for low, high in labels])
    extra = merged([x for x in free if x[0] > numeric[0][0]])
    return sorted((_label_columns(out, rows, numeric) if out else []) + extra + numeric)


def _label_columns(intervals: list[Interval], rows: Sequence[Row], numeric: list[Interval]) -> list[Interval]:
    """Columns of words left of the numbers; one, unless most data rows fill each of several."""
    counts = [sum(any(overlap(*_x(c), *i) > 0 for c in row) for row in rows) for i in intervals]
    if len(intervals) > 1 and min(counts) * 2 >= max(counts):
        return intervals
    ends = [
        c.box[2] for row in rows if _is_data(row) for c in row[:1] if c.box[2] < numeric[0][0] and not is_number(c.text)
    ]
    return [(intervals[0][0], max(ends, default=numeric[0][0] - 1))]


def _place(row: Row, columns: list[Interval], left: float) -> list[Row]:
    """The row's cells by column: the one they overlap most, else the nearest."""
    out: list[Row] = [[] for _ in columns]
    for cell in row:
        shared = [overlap(*_x(cell), *column) for column in columns]
        if cell is row[0] and not is_number(cell.text) and cell.box[0] < left - 1:
            best = next((i for i, s in enumerate(shared) if s > 0 and columns[i][0] < left), 0)
        elif max(shared) > 0:
            best = shared.index(max(shared))
        else:
            middle = sum(_x(cell)) / 2
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


def _header_grid(rows: Sequence[Row], columns: list[Interval], labels: int, lines: Sequence[Box]) -> list[list[Row]]:
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
        if ruled and sum(ruled[0] <= sum(_x(other)) / 2 <= ruled[1] for other in row) > 1:
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
    hit = [c for c, column in enumerate(columns) if overlap(*_x(cell), *column) > 0]
    if hit:
        return hit[0], hit[-1]
    middle = sum(_x(cell)) / 2
    near = min(range(len(columns)), key=lambda c: min(abs(columns[c][0] - middle), abs(columns[c][1] - middle)))
    return near, near


def _centred(cell: Segment, columns: list[Interval], touched: tuple[int, int], low: int, high: int) -> tuple[int, int]:
    """The range of columns around `touched` whose middle is nearest to the cell's: headers are centred over
    their span."""
    middle, size = sum(_x(cell)) / 2, cell.size
    best, score = touched, 1e9
    for a in range(min(low, touched[0]), touched[0] + 1):
        for b in range(touched[1], max(high, touched[1]) + 1):
            off = abs((columns[a][0] + columns[b][1]) / 2 - middle) / size + 0.1 * (b - a)
            if off < score - 1e-6:
                best, score = (a, b), off
    return touched if touched[0] == touched[1] and score > 4 else best


def _rule_below(cell: Segment, lines: Sequence[Box]) -> Interval | None:
    """The rule right under a header cell."""
    middle = sum(_x(cell)) / 2
    for line in sorted(lines, key=lambda b: b[1]):
        near = -0.3 * cell.size < line[1] - cell.box[3] < 0.7 * cell.size
        if near and line[0] - 1 <= middle <= line[2] + 1 and line[2] - line[0] > 5 * (line[3] - line[1]):
            return line[0], line[2]
    return None
