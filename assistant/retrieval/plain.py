"""The word index in plain Python, in memory: the oracle of seam WordIndex and of BM25."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from assistant.retrieval.analysis import words
from assistant.retrieval.word_queries import Scope
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
        found = [(i, score) for i, score in self.scores(text, seen).items() if score > 0]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]

    def scores(self, text: str, ids: Collection[int]) -> dict[int, float]:
        asked = Counter(words(text))
        return {
            i: sum(n * self._weight(word, self._rows[i]) for word, n in asked.items()) for i in ids if i in self._rows
        }

    def _weight(self, word: str, row: _Row) -> float:
        """How much one word of a question says for one passage."""
        total, holding = len(self._rows), sum(word in other.counts for other in self._rows.values())
        rarity = math.log(1 + (total - holding + 0.5) / (holding + 0.5))
        mean = sum(other.length for other in self._rows.values()) / total
        count = row.counts[word]
        return rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * row.length / mean))
