"""Numbered citations: from spans to document, page, offsets and boxes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from assistant.types import Box, Citation, Claim, Document, Line, Span

Lookup = Callable[[str, str], Document]
"""(corpus, document name) -> the parsed document."""


def cite(claims: Sequence[Claim], document: Lookup) -> tuple[tuple[Citation, ...], list[tuple[int, ...]]]:
    """The citations in order of first use, and for each claim the numbers of its citations. Same span: same number."""
    numbers: dict[tuple[int, int, int, bool], int] = {}
    citations: list[Citation] = []
    marks: list[tuple[int, ...]] = []
    for claim in claims:
        own: list[int] = []
        for span in claim.spans:
            key = (span.passage.id, span.start, span.end, claim.quoted)
            if key not in numbers:
                numbers[key] = len(citations) + 1
                citations.append(citation(numbers[key], span, claim.quoted, document))
            own.append(numbers[key])
        marks.append(tuple(dict.fromkeys(own)))
    return tuple(citations), marks


def citation(n: int, span: Span, quoted: bool, document: Lookup) -> Citation:
    passage = span.passage
    lines = document(passage.corpus, passage.document).lines
    touched = touching(lines, span.start, span.end)
    return Citation(
        n=n,
        corpus=passage.corpus,
        document=passage.document,
        page=touched[0].page if touched else passage.page,
        start=span.start,
        end=span.end,
        quote=span.quote,
        boxes=boxes(touched, span.start, span.end),
        passage_id=passage.id,
        quoted=quoted,
    )


def touching(lines: Sequence[Line], start: int, end: int) -> list[Line]:
    """Lines that share characters with [start, end); lines are in order of their start."""
    first = bisect_right(lines, start, key=lambda line: line.start) - 1
    found: list[Line] = []
    for line in lines[max(first, 0) :]:
        if line.start >= end:
            break
        if line.end > start:
            found.append(line)
    return found


def boxes(lines: Iterable[Line], start: int, end: int) -> tuple[Box, ...]:
    """The boxes of [start, end) on the first page it stands on; of a partly covered line the share of its width.

    >>> boxes([Line(0, 10, 1, (0.0, 0.0, 100.0, 12.0))], 5, 10)
    ((50.0, 0.0, 100.0, 12.0),)
    """
    found: list[Box] = []
    page: int | None = None
    for line in lines:
        page = line.page if page is None else page
        if line.page == page:
            found.append(_part(line, start, end))
    return tuple(found)


def _part(line: Line, start: int, end: int) -> Box:
    """Characters are taken as equally wide: a little off in proportional type, never off the line."""
    x0, y0, x1, y1 = line.box
    length = max(line.end - line.start, 1)
    left = (max(start, line.start) - line.start) / length
    right = (min(end, line.end) - line.start) / length
    return (x0 + (x1 - x0) * left, y0, x0 + (x1 - x0) * right, y1)
