"""What a document's pages have in common: body size, heading sizes, running heads and feet, vocabulary.

Learnt from a sample of pages before the first block is made, so that pages can be handled one at a time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.parsers.pdf_layout import joined, rows_of
from ingest.parsers.pdf_paragraphs import Paragraph, TextLine
from ingest.parsers.pdf_text import Word

SAMPLE = 40  # pages
_BAND = 0.13  # running heads and feet stand in these parts of the page's height
_NUMBERED = re.compile(r"^((?:\d{1,2}|[A-Z])(?:\.\d{1,2}){0,4})[.)]?\s+\S|^第[一二三四五六七八九十百\d]+[章节節条條部]")
_NAMED = re.compile(r"^(part|item|chapter|section|article|appendix|annex|schedule|note)\s+[\dIVXLC]+", re.IGNORECASE)
_RANKS = 3  # heading levels told apart by size; bold ones of ordinary size come below
_ORDER = {"part": 1, "chapter": 1, "appendix": 1, "annex": 1, "note": 3}
_TOKEN = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]{2,})*")


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes in points; `running`: normalised texts of heads and feet; `words`: lower-case vocabulary."""

    body: float = 10.0
    larger: tuple[float, ...] = ()
    bold_body: bool = False
    running: frozenset[str] = frozenset()
    words: set[str] = field(default_factory=set)

    def level(self, paragraph: Paragraph) -> int:
        """Heading level, 1 highest; 0 for text that heads nothing."""
        text, size = " ".join(paragraph.text.split()), paragraph.size
        if (
            len(paragraph.lines) > 3
            or not 2 <= len(text) <= 160
            or sum(c.isalpha() for c in text) * 2 < len(text.replace(" ", ""))
        ):
            return 0
        if (
            not (text[0].isalnum() or text[0] in '("“「《§')
            or text[0].islower()
            or text.endswith((",", ";", "-", ","))
            or (text.endswith(".") and len(text) > 60)
        ):
            return 0
        if size >= 1.13 * self.body:
            return min(sum(1 for s in self.larger if s > size * 1.04) + 1, _RANKS)
        if (
            not paragraph.bold
            or self.bold_body
            or size < 0.93 * self.body
            or len(paragraph.lines) > 2
            or len(text) > 120
        ):
            return 0
        below = min(len(self.larger), 2)
        numbered = _NUMBERED.match(text)
        if numbered:
            return min(below + 1 + (numbered.group(1) or "").count("."), 6)
        named = _NAMED.match(text)
        if named:
            return min(below + _ORDER.get(named.group(1).lower(), 2), 6)
        return 0 if text.endswith((".", ":")) else 6


def learn(pages: Iterable[tuple[Sequence[Word], float]]) -> Style:
    """From (words, height) of sampled pages."""
    sizes: Counter[float] = Counter()
    bold = total = seen = 0
    edges: Counter[str] = Counter()
    words: set[str] = set()
    for page, height in pages:
        seen += 1
        for word in page:
            sizes[round(word.size * 2) / 2] += len(word.text)
            bold += len(word.text) * word.bold
            total += len(word.text)
        words |= vocabulary(page)
        edges.update({key for row in rows_of([w for w in page if w.turn == 0]) if (key := running_key(row, height))})
    body = max(sizes, key=lambda s: (sizes[s], s), default=10.0)
    larger = sorted((s for s, n in sizes.items() if s >= 1.13 * body and n >= 3), reverse=True)
    often = max(3, 0.3 * seen)
    running = frozenset(key for key, n in edges.items() if n >= often)
    return Style(body, _classes(larger), bold * 2 > total, running, words)


def vocabulary(words: Sequence[Word]) -> set[str]:
    """Lower-case words; not the halves before a hyphen at a line's end."""
    return {token.lower() for word in words if not _cut(word.text) for token in _TOKEN.findall(word.text)}


def running_key(row: Sequence[Word], height: float) -> str:
    """A row near the upper or lower edge, digits apart: equal on the pages that share it; empty elsewhere."""
    base = row[0].base
    where = "^" if base < _BAND * height else "v" if base > (1 - _BAND) * height else ""
    text = re.sub(r"\d+|\b[ivxlc]+\b", "#", joined(row).lower())
    return f"{where}{round(base / 6)}:{text}" if where and len(text) < 200 else ""


def _classes(sizes: Sequence[float]) -> tuple[float, ...]:
    """Sizes that differ by more than 4 percent, descending, five at most."""
    out: list[float] = []
    for size in sizes:
        if not out or size < out[-1] * 0.96:
            out.append(size)
    return tuple(out[:5])


def unhyphenated(lines: Sequence[TextLine], words: set[str]) -> list[TextLine]:
    """Words cut at a line's end made whole, on the line where they begin; real hyphens stay."""
    out: list[TextLine] = []
    for line in lines:
        text = line.text
        if out and _cut(out[-1].text) and text[:1].islower():
            head, _, rest = text.partition(" ")
            before = out[-1]
            stem, last = before.text[:-1], re.split(r"\s", before.text)[-1][:-1]
            hyphen = "-" if _compound(last, head, words) else ""
            out[-1] = TextLine(stem + hyphen + head, before.box, before.size, before.bold)
            text = rest
        if text.strip():
            out.append(TextLine(text, line.box, line.size, line.bold))
    return out


def _cut(text: str) -> bool:
    return len(text) > 2 and text[-1] in "-‐" and text[-2].isalpha()


def _compound(first: str, second: str, words: set[str]) -> bool:
    """Whether a hyphen belongs to the word: the document uses it so, or uses both halves but not the whole."""
    a = "".join(c for c in first.lower() if c.isalpha() or c == "-")
    match = _TOKEN.match(second.lower())
    b = match.group(0) if match else second.lower()
    if a + b in words:
        return False
    return f"{a}-{b}" in words or "-" in a or (len(a) > 2 and a in words and len(b) > 2 and b in words)
