"""Words of a text as BM25 over training passages counts them."""

from __future__ import annotations

import re

TERM = re.compile(r"[^\W_]+")
CJK = re.compile(r"[\u3400-\u9fff]+")


def terms(text: str) -> list[str]:
    """Words in lower case; Chinese as overlapping pairs of characters.

    >>> terms("The 3 中国人")
    ['the', '3', '中国', '国人']
    """
    found: list[str] = []
    for word in TERM.findall(text.lower()):
        pieces = CJK.findall(word)
        if not pieces:
            found.append(word)
        for piece in pieces:
            found.extend([piece[i : i + 2] for i in range(len(piece) - 1)] or [piece])
    return found


def alike(text: str, other: str, share: float = 0.4) -> bool:
    """Whether two texts share that part of the shorter one's runs of three words: copies with a few words exchanged.

    >>> alike("Anna was born in Oslo in May", "Anna was born in Rome in May"), alike("one two three", "four five six")
    (True, False)
    """
    runs, others = _runs(text), _runs(other)
    return len(runs & others) >= share * max(1, min(len(runs), len(others)))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = terms(text)
    return set(zip(words, words[1:], words[2:], strict=False))
