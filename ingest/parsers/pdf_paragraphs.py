"""Printed lines of one column to paragraphs: a wide gap, an indent, a bullet, another size starts anew."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from assistant.types import Box
from ingest.parsers.pdf_layout import Segment, joined, union

_BULLET = re.compile(r"^([•◦▪‣●○■□◆►·\-–—*]|\(?[0-9ivxIVX]{1,4}[.)]|\(?[a-zA-Z][.)])\s+\S")
_SYMBOL = re.compile(r"^[•◦▪‣●○■□◆►·]\s*\S")
_NAMED = re.compile(r"(part|item|chapter|section|article|note)\s+[\dIVXLC]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A printed line inside its column."""

    text: str
    box: Box
    size: float
    bold: bool


@dataclass(slots=True)
class Paragraph:
    lines: list[TextLine] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def box(self) -> Box:
        return union([line.box for line in self.lines])

    @property
    def size(self) -> float:
        return median(line.size for line in self.lines)

    @property
    def bold(self) -> bool:
        return all(line.bold for line in self.lines)


# --- paragraphs ----------------------------------------------------------------------------------------------------
def line_of(row: Sequence[Segment]) -> TextLine:
    """A printed line of all its segments."""
    words = [word for segment in row for word in segment.words]
    letters = sum(len(w.text) for w in words)
    return TextLine(
        joined(words),
        union([s.box for s in row]),
        max(words, key=lambda w: len(w.text)).size,
        sum(len(w.text) for w in words if w.bold) * 10 >= letters * 9,
    )


def paragraphs(lines: Sequence[TextLine]) -> list[Paragraph]:
    """Lines of one column, top to bottom, grouped: a wide gap, an indent, a bullet, another size or weight
    starts anew."""
    if not lines:
        return []
    usual = _usual_step(lines)
    column = union([line.box for line in lines])
    out = [Paragraph([lines[0]])]
    for before, line in itertools.pairwise(lines):
        if _starts_anew(before, line, usual, column):
            out.append(Paragraph([line]))
        else:
            out[-1].lines.append(line)
    return out


def _usual_step(lines: Sequence[TextLine]) -> float:
    """The usual distance of neighbouring lines, in font sizes."""
    steps = [(b.box[3] - a.box[3]) / max(a.size, b.size) for a, b in itertools.pairwise(lines)]
    near = [step for step in steps if 0.8 < step < 2.5]
    return median(near) if near else 1.2


def _starts_anew(before: TextLine, line: TextLine, usual: float, column: Box) -> bool:
    step = (line.box[3] - before.box[3]) / max(line.size, before.size)
    if step < 0 or step > max(1.25 * usual, usual + 0.25):
        return True
    if abs(line.size - before.size) > 0.12 * before.size or line.bold != before.bold:
        return True
    if line.bold and (step > 1.5 or _NAMED.match(line.text)):
        return True
    if _SYMBOL.match(line.text) or (_BULLET.match(line.text) and line.box[0] <= before.box[0] + 1):
        return True
    indented = line.box[0] - before.box[0] > 0.8 * line.size and abs(before.box[0] - column[0]) < line.size
    ends = before.box[2] < column[2] - 0.15 * (column[2] - column[0])
    return (indented and not _BULLET.match(before.text)) or (
        ends and before.text.rstrip().endswith((".", "!", "?", ":", "。"))
    )


def is_list(text: str) -> bool:
    return bool(_BULLET.match(text) or _SYMBOL.match(text))
