"""Words with their places out of a PDF page's text layer, through PDFium's characters.

Coordinates are those of the page as displayed: points from the top left corner, after /Rotate.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from assistant.types import Box

# Ligatures and Arabic presentation forms are stored as the letters they stand for, so that a search finds them.
_FORMS = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb50-\ufdff\ufe70-\ufefc]")
_DROPPED = {"\x00", "\u200b", "\ufeff", "\u00ad"}
# TeX prints an accent before its letter.
_ACCENT = re.compile("([\u00a8\u00b4\u02c6\u02dc\u00b8\u02c7\u02da])([A-Za-z\u0131])")
_COMBINING = dict(zip("\u00a8\u00b4\u02c6\u02dc\u00b8\u02c7\u02da", "\u0308\u0301\u0302\u0303\u0327\u030c\u030a"))
_SYMBOLS = {
    0xF02D: "-", 0xF06C: "•", 0xF06E: "▪", 0xF06F: "□", 0xF071: "□", 0xF075: "◆", 0xF076: "◆", 0xF0A7: "▪", 0xF0A8: "□",
    0xF0B7: "•", 0xF0D8: "►", 0xF0E0: "→", 0xF0FC: "✓", 0xF0FE: "☑",
}  # fmt: skip
"""Bullets and ticks of the Symbol and Wingdings fonts, which office programs leave in the private range."""
_BLANK = re.compile(r"[\s\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without a blank. `turn`: quarter turns (clockwise) of its reading direction on the
    displayed page."""

    text: str
    box: Box
    base: float  # baseline
    size: float  # font size in points, as displayed
    bold: bool = False
    space: bool = True  # a blank stands before it
    turn: int = 0
    typed: bool = False  # that blank is in the file, not PDFium's guess


@dataclass(frozen=True, slots=True)
class Frame:
    """From a page's own coordinates to those displayed; `size` is (width, height) as displayed."""

    left: float
    bottom: float
    right: float
    top: float
    turn: int  # quarter turns

    @property
    def size(self) -> tuple[float, float]:
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.turn % 2 else (width, height)

    def point(self, x: float, y: float) -> tuple[float, float]:
        match self.turn:
            case 1:
                return y - self.bottom, x - self.left
            case 2:
                return self.right - x, y - self.bottom
            case 3:
                return self.top - y, self.right - x
            case _:
                return x - self.left, self.top - y

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        ax, ay = self.point(x0, y0)
        bx, by = self.point(x1, y1)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def frame_of(page: Any) -> Frame:
    """The frame of a pypdfium2 page: its crop box within its media box."""
    left, bottom, right, top = page.get_mediabox()
    crop = page.get_cropbox()
    a, b, c, d = max(left, crop[0]), max(bottom, crop[1]), min(right, crop[2]), min(top, crop[3])
    if c - a < 1 or d - b < 1:
        a, b, c, d = left, bottom, right, top
    return Frame(a, b, c, d, (page.get_rotation() // 90) % 4)


@dataclass(frozen=True, slots=True)
class _Style:
    size: float
    bold: bool
    turn: int  # as displayed
    quarter: int  # quarter turns counterclockwise in the page's own coordinates


def words_of(page: Any, frame: Frame) -> list[Word]:
    """All words of the page in the order of its content; empty where there is no text layer."""
    text = page.get_textpage()
    try:
        return list(_words(text.raw, frame))
    finally:
        text.close()


def _words(raw: Any, frame: Frame) -> Iterator[Word]:
    """Per character only what is needed to see where a word ends: this loop is most of the time a PDF takes."""
    styles: dict[int, _Style] = {}
    chars: dict[int, str] = {}
    run: list[str] = []
    style, first, space, typed = _Style(1, False, 0, 0), 0, True, False
    low = high = cross = x0 = y0 = x1 = y1 = 0.0
    rect = pdfium.FS_RECTF()
    unicode, loose = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    for i in range(pdfium.FPDFText_CountChars(raw)):
        code = unicode(raw, i)
        char = chars.get(code)
        if char is None:
            char = chars[code] = _character(code)
        if not char or char == " ":
            if run:
                yield _word(raw, run, style, first, (x0, y0, x1, y1), space, typed, frame)
                run, space, typed = [], False, False
            space = space or bool(char)
            typed = typed or (bool(char) and pdfium.FPDFText_IsGenerated(raw, i) == 0)
            continue
        loose(raw, i, rect)
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        if run:
            a, b, c = (left, right, bottom) if style.quarter == 0 else _span(left, bottom, right, top, style.quarter)
            reach = 0.3 * style.size
            if a - high > reach or low - b > reach or not -reach <= c - cross <= reach:
                yield _word(raw, run, style, first, (x0, y0, x1, y1), space, typed, frame)
                run, space, typed = [], False, False
            else:
                run.append(char)
                low, high, cross = a, b, c
                x0, y0, x1, y1 = min(x0, left), min(y0, bottom), max(x1, right), max(y1, top)
                continue
        style = _style_at(raw, i, frame, styles)
        first, run = i, [char]
        x0, y0, x1, y1 = left, bottom, right, top
        low, high, cross = _span(left, bottom, right, top, style.quarter)
    if run:
        yield _word(raw, run, style, first, (x0, y0, x1, y1), space, typed, frame)


def _span(left: float, bottom: float, right: float, top: float, quarter: int) -> tuple[float, float, float]:
    """Begin and end along the reading direction (unordered), and where the line stands across it."""
    return ((left, right, bottom), (bottom, top, right), (left, right, top), (bottom, top, left))[quarter]


def _character(code: int) -> str:
    """The stored form of a character: a blank for all white space, empty for what is no text."""
    if code in (0x02, 0xFFFE):  # PDFium's mark for a hyphen at the end of a line
        return "-"
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return "\ufffd"
    char = _SYMBOLS.get(code) or chr(code)
    if char in _DROPPED:
        return ""
    if _BLANK.match(char):
        return " "
    return unicodedata.normalize("NFKC", char).strip() or char if _FORMS.match(char) else char


def _style_at(raw: Any, i: int, frame: Frame, styles: dict[int, _Style]) -> _Style:
    """The style of character i; one per text object, where PDFium tells the object."""
    key = ctypes.cast(pdfium.FPDFText_GetTextObject(raw, i), ctypes.c_void_p).value or 0
    style = styles.get(key) if key else None
    if style is None:
        style = styles[key] = _style(raw, i, frame)
    return style


def _style(raw: Any, i: int, frame: Frame) -> _Style:
    """Size, weight and direction of a text object, from one of its characters."""
    matrix = pdfium.FS_MATRIX()
    scale, angle = 1.0, 0.0
    if pdfium.FPDFText_GetMatrix(raw, i, matrix):
        scale = math.hypot(matrix.c, matrix.d) or math.hypot(matrix.a, matrix.b) or 1.0
        angle = math.atan2(matrix.b, matrix.a)
    size = pdfium.FPDFText_GetFontSize(raw, i) * scale
    quarter = round(angle / (math.pi / 2)) % 4
    return _Style(max(size, 0.5), _bold(raw, i), (frame.turn - quarter) % 4, quarter)


def _bold(raw: Any, i: int) -> bool:
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(raw, i, name, 128, flags)
    return pdfium.FPDFText_GetFontWeight(raw, i) >= 600 or bool(
        re.search(rb"bold|black|heavy|,b\b", name.value, re.IGNORECASE)
    )


def _along(point: tuple[float, float], turn: int) -> float:
    """The coordinate across the reading direction: constant along a line, whatever its turn; grows from line
    to line."""
    x, y = point
    return (y, -x, -y, x)[turn]


def upright(box: Box, turn: int) -> Box:
    """A displayed box in the coordinates of somebody who reads text of this turn; `turned` is the inverse."""
    x0, y0, x1, y1 = box
    return ((x0, y0, x1, y1), (y0, -x1, y1, -x0), (-x1, -y1, -x0, -y0), (-y1, x0, -y0, x1))[turn]


def turned(box: Box, turn: int) -> Box:
    return upright(box, -turn % 4)


def _word(
    raw: Any, run: list[str], style: _Style, first: int, box: Box, space: bool, typed: bool, frame: Frame
) -> Word:
    """The word of characters `run`, the first of them at index `first`; `box` in the page's own coordinates."""
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(raw, first, x, y)
    base = _along(frame.point(x.value, y.value), style.turn)
    x0, y0, x1, y1 = upright(frame.box(*box), style.turn)
    # Fonts state wild heights; a letter reaches from 0.95 of its size above the baseline to 0.3 below.
    y0, y1 = max(y0, base - 0.95 * style.size), min(y1, base + 0.3 * style.size)
    if y1 - y0 < 0.3 * style.size:
        y0, y1 = base - 0.8 * style.size, base + 0.2 * style.size
    text = _ACCENT.sub(_accented, "".join(run))
    return Word(text, (x0, y0, x1, y1), base, style.size, style.bold, space, style.turn, typed)


def _accented(match: re.Match[str]) -> str:
    letter = "i" if match[2] == "\u0131" else match[2]
    return unicodedata.normalize("NFC", letter + _COMBINING[match[1]])
