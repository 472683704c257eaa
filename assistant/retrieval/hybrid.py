"""Seam Retriever: candidates of both rankers, scored by both, fused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assistant.retrieval.dense import DenseRanker
from assistant.retrieval.fusion import FITTED, Temperatures, fused, probabilities
from assistant.retrieval.lexical import TantivyWords
from assistant.retrieval.word_queries import Scope, WordScore
from assistant.types import Hit, Question

if TYPE_CHECKING:
    from assistant.seams import PassageStore

CANDIDATES = 100
"""Passages that each ranker proposes."""
NOTHING = WordScore(0.0, 0.0, 0.0)

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

    def _ranked(self, question: Question, n: int) -> list[Ranked]:
        """Every candidate, best first."""
        q = question
        seen = self.store.document_ids(q.corpora, q.only, q.without, q.formats, q.since, q.until)
        scope = Scope([self.store.corpus_id(c) for c in question.corpora], seen.only, seen.without)
        with ThreadPoolExecutor(1, "search-words") as beside:  # the encoder keeps one core busy meanwhile
            finding = beside.submit(self.words.search, question.text, scope, n)
            query = self.dense.embed(question.text, question.corpora)
            worded = dict(finding.result())
        dense: dict[int, float] = {}
        if query is not None:
            dense = self.dense.search(query, question.corpora, n, seen.only, seen.without)
            dense |= self.dense.scores(query, question.corpora, worded.keys() - dense.keys())
        return order(dense, self.words.scores(question.text, dense.keys() | worded.keys()), self.temperatures)

    def _live(self, ranked: list[Ranked], k: int) -> list[Hit]:
        """Hits of the first k passages that the catalog has: an index may still hold what has just gone."""
        hits: list[Hit] = []
        for at in range(0, len(ranked), max(k, 1)):
            part = ranked[at : at + k]
            passages = {p.id: p for p in self.store.passages([row.id for row in part])}
            hits += [
                Hit(passages[i], share, cosine, words.bm25, held=words.held, coverage=words.coverage)
                for i, share, cosine, words in part
                if i in passages
            ]
            if len(hits) >= k:
                break
        return hits[:k]


class Ranked(NamedTuple):
    """A candidate with what each ranker says of it; `dense` is None for a passage that has no vector yet."""

    id: int
    share: float
    dense: float | None
    words: WordScore


def order(
    dense: Mapping[int, float], words: Mapping[int, WordScore], temperatures: Temperatures = FITTED
) -> list[Ranked]:
    """All candidates, best first, ties by id."""
    ids = np.array(sorted(dense.keys() | words.keys()), np.int64)
    cosines = np.array([dense.get(int(i), np.nan) for i in ids])
    held = np.array([words.get(int(i), NOTHING).held for i in ids])
    logs = fused(cosines, held, temperatures)
    shares = probabilities(logs)
    best = ((int(ids[i]), float(shares[i])) for i in np.lexsort((ids, -logs)))
    return [Ranked(i, share, dense.get(i), words.get(i, NOTHING)) for i, share in best]
