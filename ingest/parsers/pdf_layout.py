"""Words of a page in reading order: rows, segments, columns. Pure geometry, no PDF library.

Works for OCR as well: anything that gives `Word`s. All boxes here are upright (see `pdf_text.upright`).
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.types import Box
from ingest.parsers.pdf_text import Word

GAP = 0.75  # a gap of so many font sizes ends a segment: it may be a gutter or the next cell


@dataclass(frozen=True, slots=True)
class Segment:
    """Words on one line without a large gap between them."""

    words: tuple[Word, ...]
    box: Box

    @property
    def text(self) -> str:
        return joined(self.words)

    @property
    def size(self) -> float:
        return max(word.size for word in self.words)

    @property
    def base(self) -> float:
        return self.words[0].base


@dataclass(frozen=True, slots=True)
class Island:
    """Something that stands in the flow but is no text line: a table's place. `key` tells the caller which."""

    box: Box
    key: int


def union(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def overlap(a0: float, a1: float, b0: float, b1: float) -> float:
    return max(0.0, min(a1, b1) - max(a0, b0))


# --- lines ---------------------------------------------------------------------------------------------------------
def rows_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words grouped by baseline over the whole width, top to bottom, each row left to right."""
    rows: list[list[Word]] = []
    anchor = size = 0.0
    for word in sorted(words, key=lambda w: (w.base, w.box[0])):
        if rows and word.base - anchor <= 0.35 * min(size, word.size):
            rows[-1].append(word)
            size = max(size, word.size)
        else:
            rows.append([word])
            anchor, size = word.base, word.size
    for row in rows:
        row.sort(key=lambda w: w.box[0])
    return _with_raised(rows)


def _with_raised(rows: list[list[Word]]) -> list[list[Word]]:
    """Raised and lowered small words (footnote marks, trade marks) go back to the line that they touch."""
    kept: list[list[Word]] = []
    for i, row in enumerate(rows):
        home = next((r for r in (*rows[i + 1 : i + 2], *kept[-1:]) if _hangs_on(row, r)), None)
        if home is None:
            kept.append(row)
        else:
            home.extend(row)
            home.sort(key=lambda w: w.box[0])
    return kept


def _hangs_on(row: list[Word], other: list[Word]) -> bool:
    size = max(w.size for w in other)
    if sum(len(w.text) for w in row) > 12 or max(w.size for w in row) > 0.8 * size:
        return False
    if abs(row[0].base - other[0].base) > 0.6 * size:
        return False
    # The first of them touches the line; "(1)" may follow "®" without touching it.
    touching = [any(min(abs(w.box[0] - o.box[2]), abs(o.box[0] - w.box[2])) < 0.4 * size for o in other) for w in row]
    chained = [touching[i] or (i > 0 and w.box[0] - row[i - 1].box[2] < 0.4 * size) for i, w in enumerate(row)]
    return touching[0] and all(chained)


def segments_of(row: Sequence[Word], gap: float = GAP) -> list[Segment]:
    """One row cut at large gaps."""
    parts: list[list[Word]] = []
    right = 0.0
    for word in row:
        if parts and word.box[0] - right <= gap * max(word.size, parts[-1][-1].size):
            parts[-1].append(word)
        else:
            parts.append([word])
        right = max(right, word.box[2]) if len(parts[-1]) > 1 else word.box[2]
    return [Segment(tuple(part), union([w.box for w in part])) for part in parts]


def joined(words: Sequence[Word]) -> str:
    """The text of words on one line, in logical order; right-to-left runs are turned round."""
    ordered = _logical(list(words))
    text = ordered[0].text
    for before, word in itertools.pairwise(ordered):
        gap = max(word.box[0] - before.box[2], before.box[0] - word.box[2])
        limit = 0.06 if word.typed else 0.12 if word.space else 0.25
        text += (" " if gap > limit * min(word.size, before.size) else "") + word.text
    return text


def _logical(words: list[Word]) -> list[Word]:
    rtl = [_is_rtl(word.text) for word in words]
    if sum(rtl) * 2 < sum(1 for w, r in zip(words, rtl) if r or any(c.isalpha() for c in w.text)):
        return words
    if not any(rtl):
        return words
    ordered: list[Word] = []
    run: list[Word] = []
    for word, right_to_left in zip(reversed(words), reversed(rtl)):
        if right_to_left:
            ordered += reversed(run)
            ordered.append(word)
            run = []
        else:
            run.append(word)
    return ordered + list(reversed(run))


def _is_rtl(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)


# --- reading order -------------------------------------------------------------------------------------------------
def ordered(items: Sequence[Segment | Island], size: float) -> list[list[Segment | Island]]:
    """Rows of items in reading order: columns one after the other, what spans them in between. `size`: usual
    font size."""
    at = gutter(items, size)
    if at is None:
        return _by_rows(items)
    spanning = sorted((i for i in items if i.box[0] < at - 1 and i.box[2] > at + 1), key=lambda i: i.box[1])
    rest = [i for i in items if not (i.box[0] < at - 1 and i.box[2] > at + 1)]
    out: list[list[Segment | Island]] = []
    for row in _by_rows(spanning):
        top = min(i.box[1] for i in row)
        above = [i for i in rest if (i.box[1] + i.box[3]) / 2 < top]
        rest = [i for i in rest if (i.box[1] + i.box[3]) / 2 >= top]
        out += [*_sides(above, at, size), row]
    return out + _sides(rest, at, size)


def _sides(items: list[Segment | Island], gutter: float, size: float) -> list[list[Segment | Island]]:
    left = [i for i in items if (i.box[0] + i.box[2]) / 2 < gutter]
    right = [i for i in items if (i.box[0] + i.box[2]) / 2 >= gutter]
    return (ordered(left, size) if left else []) + (ordered(right, size) if right else [])


def _by_rows(items: Sequence[Segment | Island]) -> list[list[Segment | Island]]:
    """Segments that share a line stay together; islands stand alone."""
    rows: list[list[Segment | Island]] = []
    for item in sorted(items, key=lambda i: (i.box[3], i.box[0])):
        last = rows[-1][-1] if rows else None
        if (
            isinstance(item, Segment)
            and isinstance(last, Segment)
            and abs(item.base - last.base) <= 0.4 * min(item.size, last.size)
        ):
            rows[-1].append(item)
        else:
            rows.append([item])
    for row in rows:
        row.sort(key=lambda i: i.box[0])
    return rows


def gutter(items: Sequence[Segment | Island], size: float) -> float | None:
    """The x of a gap between two columns of prose, crossed by few lines only; None for one column."""
    segments = [i for i in items if isinstance(i, Segment)]
    if len(segments) < 6:
        return None
    edges = sorted({round(s.box[0], 0) for s in segments})
    best: tuple[float, float] | None = None
    for x in edges:
        at = x - 2
        left = [s for s in segments if s.box[2] <= at + 1]
        right = [s for s in segments if s.box[0] >= at - 1]
        crossing = len(segments) - len(left) - len(right)
        if (
            len(left) < 4
            or len(right) < 4
            or (crossing > 0.4 * min(len(left), len(right)) + 2 and crossing > 0.5 * len(segments))
        ):
            continue
        if not (_is_prose(left, size) and _is_prose(right, size)) or not _beside(left, right):
            continue
        score = min(len(left), len(right)) - 1.5 * crossing
        if best is None or score > best[0]:
            best = (score, at)
    return best[1] if best and best[0] > 0 else None


def _is_prose(segments: list[Segment], size: float) -> bool:
    """Half of what a column holds stands in long segments; numbers, labels and line numbers are short."""
    widths = sorted(s.box[2] - s.box[0] for s in segments)
    return sum(w for w in widths if w >= 9 * size) * 2 >= sum(widths)


def _beside(left: list[Segment], right: list[Segment]) -> bool:
    a, b = union([s.box for s in left]), union([s.box for s in right])
    return overlap(a[1], a[3], b[1], b[3]) > 0.3 * min(a[3] - a[1], b[3] - b[1])
