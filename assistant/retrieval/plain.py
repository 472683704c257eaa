"""The word index in plain Python, in memory: the oracle of seam WordIndex and of BM25."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from assistant.retrieval.analysis import words
from assistant.retrieval.word_queries import Scope, WordScore
from assistant.types import Passage

K1, B = 1.2, 0.75


@dataclass(frozen=True)
class _Row:
    counts: Counter[str]
    length: int
    document: int
    corpus: int


class PlainWords:
    """BM25 over all corpora: each passage is scored with the formula as it stands in the books."""

    def __init__(self, corpus_id: Callable[[str], int]) -> None:
        self._corpus_id = corpus_id
        self._rows: dict[int, _Row] = {}

    def add(self, passages: Sequence[tuple[Passage, int]]) -> None:
        for passage, document in passages:
            found = words(passage.search_text)
            self._rows[passage.id] = _Row(Counter(found), len(found), document, self._corpus_id(passage.corpus))

    def remove(self, documents: Collection[int], *, purge: bool = True) -> None:
        self._rows = {i: row for i, row in self._rows.items() if row.document not in documents}

    def purge(self) -> None:
        pass  # nothing is on disk

    def documents(self) -> set[int]:
        return {row.document for row in self._rows.values()}

    def search(self, text: str, scope: Scope, k: int) -> list[tuple[int, float]]:
        seen = [i for i, row in self._rows.items() if scope.sees(row.document, row.corpus)]
        found = [(i, score.bm25) for i, score in self.scores(text, seen).items() if score.bm25 > 0]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]

    def scores(self, text: str, ids: Collection[int]) -> dict[int, WordScore]:
        asked = Counter(words(text))
        rarities = {word: self._rarity(word) for word in asked}
        found = {}
        for i in ids:
            if row := self._rows.get(i):
                bm25 = sum(n * rarities[word] * self._often(word, row) for word, n in asked.items())
                held = sum(rarity for word, rarity in rarities.items() if word in row.counts)
                found[i] = WordScore(bm25, held, held / (sum(rarities.values()) or 1))
        return found

    def _rarity(self, word: str) -> float:
        total, holding = len(self._rows), sum(word in row.counts for row in self._rows.values())
        return math.log(1 + (total - holding + 0.5) / (holding + 0.5))

    def _often(self, word: str, row: _Row) -> float:
        """What the number of times a word stands in a passage of this length makes of its rarity."""
        mean = sum(other.length for other in self._rows.values()) / len(self._rows)
        count = row.counts[word]
        return count * (K1 + 1) / (count + K1 * (1 - B + B * row.length / mean))
