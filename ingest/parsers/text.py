"""Plain text: paragraphs at blank lines, headings only where they are plain to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.types import Document, Limits
from ingest.parsers.textfile import Spans, read_text

_GAP = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+|\f|\r(?!\n)[^\S\r\n]*\r")
_UNDERLINE = re.compile(r"(?P<title>[^\n]{1,120})\n(?P<rule>={3,}|-{3,}|~{3,}|\*{3,})[^\S\n]*(?:\n|$)")
_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?[^\S\n]+(?=[^\W\d_])[^\n]{2,90}")
_CHAPTER = re.compile(
    r"(?:chapter|part|section|appendix|article)\s+[\divxlc]+\b[^\n]{0,90}|第[一二三四五六七八九十百零\d]+[章节節编篇部条][^\n]{0,60}",
    re.I,
)
_BULLET = re.compile(r"[^\S\n]*(?:[-*+•‣·o]|\(?\w{1,3}[.)])[^\S\n]+\S")
_RULE = re.compile(r"[\W_]+")
LONG_LINE = 120  # lines this long are paragraphs of their own


class TextParser:
    types = frozenset({"text"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        return from_text(read_text(path, limits))


def from_text(text: str, format: str = "text") -> Document:
    spans = Spans(format, text)
    for start, end in pieces(text):
        add_piece(spans, start, end)
    return spans.build()


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Spans between blank lines and form feeds; where lines are paragraphs, each line."""
    at = 0
    for start, end in [(m.start(), m.end()) for m in _GAP.finditer(text)] + [(len(text), len(text))]:
        yield from _lines_if_long(text, at, start)
        at = end


def _lines_if_long(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    lines = text[start:end].split("\n")
    if len(lines) < 2 or sum(len(line) > LONG_LINE for line in lines) * 3 < len(lines):
        yield start, end
        return
    for line in lines:
        yield start, start + len(line)
        start += len(line) + 1


def add_piece(spans: Spans, start: int, end: int) -> None:
    piece = spans.text[start:end].strip()
    start = spans.text.find(piece, start)
    if not piece or _RULE.fullmatch(piece):  # a printed rule says nothing
        return
    underlined = _UNDERLINE.match(piece)
    if underlined and not _RULE.fullmatch(underlined["title"]):
        spans.add("heading", start, start + underlined.end("title"), level=1 if underlined["rule"][0] in "=*" else 2)
        add_piece(spans, start + underlined.end(), start + len(piece))
    elif level := heading_level(piece):
        spans.add("heading", start, start + len(piece), level=level)
    else:
        lines = piece.split("\n")
        bullets = sum(bool(_BULLET.match(line)) for line in lines)
        spans.add("list" if bullets * 2 >= len(lines) > 1 else "paragraph", start, start + len(piece))


def heading_level(piece: str) -> int:
    """1 and more for a single line that is numbered, named a chapter or in capitals; 0 for anything else."""
    if "\n" in piece or piece.endswith((".", ",", ";", ":", "!", "?", "。", "，", "；", "：", "！", "？")):
        return 0
    if _CHAPTER.fullmatch(piece):
        return 1
    if numbered := _NUMBERED.fullmatch(piece):
        return numbered["number"].count(".") + 1
    words = piece.split()
    return (
        1
        if piece.isupper() and 3 < len(piece) <= 80 and 1 <= len(words) <= 10 and not any(map(str.isdigit, piece))
        else 0
    )
