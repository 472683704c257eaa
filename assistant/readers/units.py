"""Sentences, table rows and clauses of a passage, as offsets into its text."""

from __future__ import annotations

import re
from functools import lru_cache

from assistant import textual
from assistant.answering.language import count_words
from assistant.types import Passage

Range = tuple[int, int]
_CLAUSE = re.compile(r"(?<=[,;:，；：、—–])\s*|\s+(?=(?:and|but|which|who|where|while|because|although|when) )")
_PROSE = re.compile(r"^[^|\t]*[.。!?！？:：；;][\"'”’」』）)]*$")


def units(passage: Passage) -> tuple[Range, ...]:
    """Sentences; in a passage that holds a table also its rows, a line each."""
    return mixed(passage.text) if passage.table is not None else sentences(passage.text)


@lru_cache(maxsize=4096)
def sentences(text: str) -> tuple[Range, ...]:
    """(start, end) of each sentence, blanks left out, in order.

    >>> sentences("你好。再见")
    ((0, 3), (3, 5))
    """
    return tuple(textual.sentences(text))


@lru_cache(maxsize=1024)
def mixed(text: str) -> tuple[Range, ...]:
    """Lines as rows, but for lines that read like sentences, which are cut into these."""
    found: list[Range] = []
    at = 0
    for line in text.split("\n"):
        start, end = _trim(text, at, at + len(line))
        if start < end and _PROSE.search(text[start:end]):
            found += [(start + s, start + e) for s, e in sentences(text[start:end])]
        elif start < end:
            found.append((start, end))
        at += len(line) + 1
    return tuple(found)


def containing(ranges: tuple[Range, ...], start: int, end: int) -> Range:
    """The smallest run of ranges that covers [start, end)."""
    touched = [(s, e) for s, e in ranges if s < end and e > start]
    return (touched[0][0], touched[-1][1]) if touched else (start, end)


def shorten(text: str, start: int, end: int, keep: Range, words: int) -> Range:
    """A part of [start, end) of at most `words` words around `keep`, cut between clauses where that is possible.

    `keep` is never cut: an answer that is itself longer stays whole.
    """
    if count_words(text[start:end]) <= words:
        return start, end
    cuts = [start, *(start + m.end() for m in _CLAUSE.finditer(text[start:end]) if 0 < m.end() < end - start), end]
    best = _grow(text, cuts, keep, words)
    if best is None:
        cuts = [start, *(start + m.end() for m in re.finditer(r"\s+|(?<=[^\x00-\x7f])", text[start:end])), end]
        best = _grow(text, cuts, keep, words)
    return _trim(text, *(best or keep))


def _grow(text: str, cuts: list[int], keep: Range, words: int) -> Range | None:
    """Widens around `keep` along cuts, earlier clause first (it usually names the subject), while it fits."""
    left = max((i for i, cut in enumerate(cuts) if cut <= keep[0]), default=0)
    right = min((i for i, cut in enumerate(cuts) if cut >= keep[1]), default=len(cuts) - 1)
    if count_words(text[cuts[left] : cuts[right]]) > words:
        return None
    while True:
        if left > 0 and count_words(text[cuts[left - 1] : cuts[right]]) <= words:
            left -= 1
        elif right < len(cuts) - 1 and count_words(text[cuts[left] : cuts[right + 1]]) <= words:
            right += 1
        else:
            return cuts[left], cuts[right]


def _trim(text: str, start: int, end: int) -> Range:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
