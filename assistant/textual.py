"""Text as people write it: sentences with their places, and the plain form that rankers read. English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_ABBREVIATIONS = """
mr mrs ms dr prof rev hon gov sen rep gen col lt sgt capt cmdr adm maj messrs mme mlle st mt ft vs v cf viz ca approx
e.g i.e eg ie fig figs eq eqs no nos vol vols pp p ch sec art para pt tab ref refs ed eds trans dept univ assn bros
est al incl excl max min avg jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat
sun
"""
_SOMETIMES = "inc ltd co corp llc plc jr sr etc a.m p.m ph.d m.d b.a m.a b.sc m.sc d.c u.s u.k u.n e.u am pm"
_OPENERS = """
the a an in on at it its he she they we i you this that these those there but and or so if when while as for from by
with after before since although though however his her their our my what who how why where which no yes to one some
many most all both each such then thus also other another during under over between among until once only not
"""
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
"""Words whose full stop does not end a sentence, whatever follows."""
SOMETIMES = frozenset(_SOMETIMES.split())
"""Words whose full stop ends a sentence only where the next word commonly opens one."""
OPENERS = frozenset(_OPENERS.split())
_END = re.compile(
    r"(?P<cjk>[。！？；｡।۔؟]+|…{2,}(?=[^\s。！？]))[」』”’）】》〉\"')\]]*"
    r"|(?P<latin>[.!?…]+)(?P<close>[\"'”’»)\]」』）】》]*(?: (?:''|[)\]”])(?=\s|$))?)"
    r"(?=\s|$|[\u3400-\u9fff\u3040-\u30ff“「『])"
    r"|(?P<gap>\n[^\S\n]*\n)"
    r"|(?P<line>\n)"
)
_ITEM = re.compile(
    r"\s*(?:[-*•·–—▪◦‣●○■□►➢✓]\s|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s|[（(]?[一二三四五六七八九十\d]{1,3}[）)、]"
    r"|第[一二三四五六七八九十百\d]+[章节節条條款])"
)
_MARKS_OF_END = frozenset(".!?…。！？；｡۔؟।")
_CONTINUING = frozenset(",;:./)'")
_WORD = re.compile(r"(\S*?)[.!?…]*$")
_NEXT = re.compile(r"[\s\"'“‘«(\[]*(\w+|\S)?")
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_LOST = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff\ufffe\ufffd]")
_HYPHENATED = re.compile(r"(?<=[a-z]{2})[-\u2010]\n(?=[a-z]{2})")
_CJK = r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]"
_BETWEEN_WIDE = re.compile(rf"(?<={_CJK})\s*\n\s*(?={_CJK})")


def sentences(text: str, *, lines: bool = False) -> list[tuple[int, int]]:
    """(start, end) of each sentence in order, without surrounding space; together they hold every visible character.

    A blank line always ends one; a line break does before a list item, after a colon or a clearly short line, and
    always with `lines` (lists, forms, tables). Full stops of abbreviations, initials, decimals and enumerations do not.
    """
    short = _short_lines(text)
    found: list[tuple[int, int]] = []
    start = 0
    for end in _END.finditer(text):
        if _ends(text, start, end, lines, short):
            _keep(found, text, start, end.end())
            start = end.end()
    _keep(found, text, start, len(text))
    return found


def sentence_ends(text: str, start: int = 0) -> Iterator[re.Match[str]]:
    """Every place from `start` on where a sentence might end; for text that is still coming, with `ends_sentence`."""
    return _END.finditer(text, start)


def ends_sentence(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether the sentence that begins at `start` ends there; a line break always ends one."""
    return _ends(text, start, end, True, set())


def word_follows(text: str, at: int) -> bool:
    """Whether the next word after a place is whole, so that more text cannot change what `ends_sentence` says."""
    found = _NEXT.match(text, at)
    word = found[1] if found else None
    if not found or not word or word in _MARKS_OF_END:
        return False
    return found.end() < len(text) or bool(_WIDE.match(word)) or not word[0].isalnum()


def plain(text: str) -> str:
    """What rankers read: no soft hyphens or zero-width characters; words hyphenated at a line's end joined."""
    if _LOST.search(text):
        text = _LOST.sub("", text.replace("\u00ad\n", "").replace("\ufffe\n", ""))
    if "\n" in text:
        text = _BETWEEN_WIDE.sub("", _HYPHENATED.sub("", text))
    return text


def _keep(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    if left < right:
        found.append((start + left, start + right))


def _ends(text: str, start: int, end: re.Match[str], lines: bool, short: set[int]) -> bool:
    if end["gap"] or end["cjk"]:
        return True
    if end["line"]:
        before = text[max(start, end.start() - 1) : end.start()]
        return lines or end.start() in short or before in {":", "："} or bool(_ITEM.match(text, end.end()))
    following = _NEXT.match(text, end.end())
    word = (following and following[1]) or ""
    if not word or _WIDE.match(word):
        return True
    if word[0].islower() or word in _CONTINUING:
        return False
    return end["latin"] != "." or not _abbreviated(text, start, end.start(), bool(end["close"]), word)


def _abbreviated(text: str, start: int, stop: int, closed: bool, following: str) -> bool:
    """Whether the full stop at `stop` belongs to the word before it rather than to the sentence."""
    before = text[max(start, stop - 40) : stop].lstrip()
    match = _WORD.search(before)
    word = match[1].lstrip("\"'“‘(«[") if match else ""
    bare = word.lower()
    opens = following.lower() in OPENERS
    if closed and opens:
        return False
    if before == word and stop - start <= 4 and (word.isdigit() or len(word) == 1):
        return True  # "1. Introduction" at the start
    if bare in {"no", "nos", "art", "ed", "sat", "sun", "mar", "max", "min", "p"}:
        return following[0].isdigit() or (word[0].isupper() and bare not in {"no", "sat", "sun", "ed"} and not opens)
    if bare in ABBREVIATIONS:
        return True
    if bare in SOMETIMES or (len(word) == 1 and word.isalpha()) or re.fullmatch(r"(?:\w\.)+\w", word):
        return not opens
    return False


def _short_lines(text: str) -> set[int]:
    """Places of line breaks after a line that is clearly shorter than its paragraph's widest: those end something."""
    short: set[int] = set()
    if "\n" not in text:
        return short
    at = 0
    for paragraph in re.split(r"(\n[^\S\n]*\n)", text):
        rows = paragraph.split("\n")
        widest = max(map(len, rows))
        for row, following in pairwise(rows):
            at += len(row)
            opening = following.lstrip()[:1]
            if len(row) < 0.5 * widest and not opening.islower():
                short.add(at)
            at += 1
        at += len(rows[-1])
    return short
