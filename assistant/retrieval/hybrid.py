"""Seam Retriever: candidates of both rankers, scored by both, fused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assistant.retrieval.dense import DenseRanker
from assistant.retrieval.fusion import FITTED, Temperatures, fused, probabilities
from assistant.retrieval.lexical import TantivyWords
from assistant.retrieval.word_queries import Scope
from assistant.types import Hit, Question

if TYPE_CHECKING:
    from assistant.seams import PassageStore

CANDIDATES = 100
"""Passages that each ranker proposes."""

Reorder = Callable[[Question, Sequence[Hit]], list[Hit]]


@dataclass(frozen=True)
class HybridRetriever:
    """What may be seen is decided before ranking: unknown names are NotFound, and nothing else is ever scored.

    `reorder` may put the best hits into another order (`rerank`).
    """

    store: PassageStore
    words: TantivyWords
    dense: DenseRanker
    temperatures: Temperatures = FITTED
    reorder: Reorder | None = None

    def retrieve(self, question: Question, k: int) -> list[Hit]:
        """At most k live passages, best first; `score` is their share of the evidence, 0 to 1, ties by id."""
        hits = self._live(self._ranked(question, max(k, CANDIDATES)), k)
        if self.reorder and hits:
            hits = self.reorder(question, hits)
        return [replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1)]

    def _ranked(self, question: Question, n: int) -> list[tuple[int, float, float | None, float]]:
        """(passage id, score, cosine, BM25) of every candidate, best first."""
        q = question
        seen = self.store.document_ids(q.corpora, q.only, q.without, q.formats, q.since, q.until)
        scope = Scope([self.store.corpus_id(c) for c in question.corpora], seen.only, seen.without)
        lexical = dict(self.words.search(question.text, scope, n))
        query = self.dense.embed(question.text, question.corpora)
        dense: dict[int, float] = {}
        if query is not None:
            dense = self.dense.search(query, question.corpora, n, seen.only, seen.without)
            dense |= self.dense.scores(query, question.corpora, lexical.keys() - dense.keys())
        lexical |= self.words.scores(question.text, dense.keys() - lexical.keys())
        return order(dense, lexical, self.temperatures)

    def _live(self, ranked: list[tuple[int, float, float | None, float]], k: int) -> list[Hit]:
        """Hits of the first k passages that the catalog has: an index may still hold what has just gone."""
        hits: list[Hit] = []
        for at in range(0, len(ranked), max(k, 1)):
            part = ranked[at : at + k]
            passages = {p.id: p for p in self.store.passages([row[0] for row in part])}
            hits += [Hit(passages[i], score, cosine, bm25) for i, score, cosine, bm25 in part if i in passages]
            if len(hits) >= k:
                break
        return hits[:k]


def order(
    dense: dict[int, float], lexical: dict[int, float], temperatures: Temperatures = FITTED
) -> list[tuple[int, float, float | None, float]]:
    """(id, share, cosine or None, BM25) of all candidates, best first, ties by id."""
    ids = np.array(sorted(dense.keys() | lexical.keys()), np.int64)
    cosines = np.array([dense.get(int(i), np.nan) for i in ids])
    bm25 = np.array([lexical.get(int(i), 0.0) for i in ids])
    logs = fused(cosines, bm25, temperatures)
    shares = probabilities(logs)
    best = np.lexsort((ids, -logs))
    return [(int(ids[i]), float(shares[i]), dense.get(int(ids[i])), float(bm25[i])) for i in best]
