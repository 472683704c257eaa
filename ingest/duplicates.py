"""Passages of one document that say what another of its passages says already."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from assistant.textual import plain

SIMILAR = 0.9
"""Jaccard similarity of shingles from which two passages count as the same."""
BINS, BAND = 32, 4
"""One-permutation MinHash: at a similarity of 0.9 a pair shares one of the 8 bands with probability 0.9998."""
SHORT = 20
"""Words; a shorter text repeated under another heading may mean another thing, so its context must agree too."""

_WORD = re.compile(r"[\u3400-\u9fff\u3040-\u30ff]|\w+")


def duplicates(passages: Sequence[tuple[str, str]]) -> dict[int, int]:
    """Index of each (text, context) that repeats an earlier one -> index of that earlier one.

    The same: equal after lower-casing and without punctuation, or shingles of three words at least SIMILAR while the
    later one has no word that the earlier lacks and the same numbers (one name, "not" or number says another thing).
    """
    if len(passages) < 2:
        return {}
    exact: dict[bytes, int] = {}
    buckets: dict[tuple[bytes, int, tuple[int, ...]], list[int]] = {}
    sets: dict[int, tuple[frozenset[int], frozenset[str]]] = {}
    found: dict[int, int] = {}
    for index, (text, context) in enumerate(passages):
        words = _WORD.findall(plain(text).casefold())
        scope = context if len(words) < SHORT else ""
        first = exact.setdefault(_digest([scope, *words]), index)
        if first != index:
            found[index] = first
        elif len(words) >= SHORT:
            sets[index] = (_shingles(words), frozenset(words))
            keys = _keys(words, sets[index][0])
            near = _similar(sets, buckets, keys, index)
            if near is None:
                for key in keys:
                    buckets.setdefault(key, []).append(index)
            else:
                found[index] = near
    return found


def _similar(
    sets: dict[int, tuple[frozenset[int], frozenset[str]]],
    buckets: dict[tuple[bytes, int, tuple[int, ...]], list[int]],
    keys: list[tuple[bytes, int, tuple[int, ...]]],
    index: int,
) -> int | None:
    mine, words = sets[index]
    for other in sorted({other for key in keys for other in buckets.get(key, [])[:8]}):
        theirs, known = sets[other]
        if words <= known and len(mine & theirs) >= SIMILAR * len(mine | theirs):
            return other
    return None


def _keys(words: list[str], shingles: frozenset[int]) -> list[tuple[bytes, int, tuple[int, ...]]]:
    """Where a passage is looked for: its numbers, and the smallest hashes of each band of bins."""
    numbers = _digest(word for word in words if any(map(str.isdigit, word)))
    smallest = [2**32] * BINS
    for shingle in shingles:
        place = shingle % BINS
        if shingle < smallest[place]:
            smallest[place] = shingle
    return [(numbers, band, tuple(smallest[band : band + BAND])) for band in range(0, BINS, BAND)]


def _shingles(words: list[str]) -> frozenset[int]:
    return frozenset(zlib.crc32(" ".join(words[i : i + 3]).encode()) for i in range(len(words) - 2))


def _digest(parts: Iterable[str]) -> bytes:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
