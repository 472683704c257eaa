"""Finding by meaning: the question's vector against the vectors of its corpora."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.errors import NotAvailable
from assistant.indexes.corpus import CorpusVectors

if TYPE_CHECKING:
    from assistant.seams import F32, Embedder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DenseRanker:
    """`search` and `scores` of passages by cosine, over several corpora."""

    embedder: Embedder
    vectors: CorpusVectors

    def embed(self, text: str, corpora: Sequence[str]) -> F32 | None:
        """The question's vector; None where no passage has one, or the encoder cannot be had: then words must do."""
        if not any(self.vectors.size(corpus) for corpus in corpora):
            return None
        try:
            row: F32 = self.embedder.embed_queries([text])[0]
        except NotAvailable as error:
            log.warning("Searching by words only: %s", error)
            return None
        return row

    def search(
        self, query: F32, corpora: Sequence[str], k: int, only: Collection[int] | None, without: Collection[int]
    ) -> dict[int, float]:
        found = (hit for c in corpora for hit in self.vectors.search(c, query, k, only, without))
        return dict(heapq.nsmallest(k, found, key=lambda hit: (-hit[1], hit[0])))

    def scores(self, query: F32, corpora: Sequence[str], ids: Collection[int]) -> dict[int, float]:
        known: dict[int, float] = {}
        for corpus in corpora:
            known |= self.vectors.scores(corpus, query, ids)
        return known
