"""Cells in rows of a page: what a number looks like, and where a segment is several cells or two are one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.parsers.numbers import is_datum, is_year
from ingest.parsers.pdf_layout import Segment, joined, union
from ingest.parsers.pdf_text import Word

Row = list[Segment]
Interval = tuple[float, float]
_CURRENCY = re.compile(r"(US|HK|NT|C|A)?[$€£¥₩₹]|CHF|EUR|USD|GBP|RMB")
_TAIL = re.compile(r"[)%]{1,3}|\)\s*%|%\s*\)|pts\.?|bps")
_DASHES = re.compile(r"[-–—−*]{1,3}|N/?A|n/?a|nm|NM|\([a-z0-9]\)")
_SPLIT = 0.4  # font sizes between two numbers of one segment that are two cells


@dataclass(slots=True)
class Run:
    """Rows [first, last) whose numbers share columns."""

    first: int
    last: int = 0
    columns: list[Interval] = field(default_factory=list)
    data: int = 0  # data rows


# --- cells ---------------------------------------------------------------------------------------------------------
def cells_of(row: Row) -> Row:
    """Segments as cells: currency signs join the number after them, brackets and percent signs the one before."""
    out: Row = []
    pending: tuple[Word, ...] = ()
    for segment in (part for whole in row for part in _split(whole)):
        text = segment.text
        if _CURRENCY.fullmatch(text):
            out += [cell_of(pending)] if pending else []
            pending = segment.words
        elif pending and is_number(text):
            out.append(cell_of(pending + segment.words))
            pending = ()
        elif out and _TAIL.fullmatch(text) and is_number(out[-1].text):
            out[-1] = cell_of(out[-1].words + segment.words)
        else:
            out += ([cell_of(pending)] if pending else []) + [segment]
            pending = ()
    return out + ([cell_of(pending)] if pending else [])


def cell_of(words: tuple[Word, ...]) -> Segment:
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
    return [cell_of(tuple(part)) for part in parts]


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


def numbers_in(row: Row) -> Row:
    return [cell for cell in row if is_number(cell.text)]


# --- where a table is ------------------------------------------------------------------------------------------------
def is_data(row: Row) -> bool:
    """At least two numbers, or one that ends the row after a label far to the left."""
    numbers = numbers_in(row)
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


def is_prose(row: Row) -> bool:
    """A line of running text whose words happen to stand apart."""
    gaps = [b.box[0] - a.box[2] for a, b in itertools.pairwise(row)]
    lengths = [len(cell.text.split()) for cell in row]
    words = sum(lengths)
    if words >= 4 * len(row) and words >= 12 and len(row) <= 4:
        return True
    return words >= max(8, 4 * len(row)) and (not gaps or max(gaps) < 1.6 * row_size(row) or max(lengths) >= 16)


def across(cell: Segment) -> Interval:
    return cell.box[0], cell.box[2]


def row_bottom(row: Row) -> float:
    return max(cell.box[3] for cell in row)


def row_size(row: Row) -> float:
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


def joined_cells(cells: Row) -> str:
    return " ".join(_tidy(cell) for cell in cells)


def _tidy(cell: Segment) -> str:
    """The cell's text; brackets and signs close up with their number."""
    text = joined(cell.words)
    return re.sub(r"\s+(?=[)%])", "", text) if is_number(text) else text
