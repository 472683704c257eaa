"""The passages that a search would put beside the right one, for negatives: by words, or by words and meaning.

A reader refuses what it has seen refused. Half of what a search hands it was found by meaning, so negatives that
share words with the question are not enough (docs/decisions/0250).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from assistant.tuning.reading_sets import Row
from assistant.tuning.terms import terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assistant.seams import Embedder

log = logging.getLogger(__name__)
COSINE, WORDS = 0.0427, 2.3
"""Temperatures of both scores, near the product's of then; BM25 scaled to bm25s' numbers (decision 0230)."""
BLOCK = 256

Near = Callable[[Sequence[Row], Sequence[str], int], list[list[int]]]
"""(rows, passages, depth) -> for each row the places of the nearest passages, nearest first."""


def near_by_words(rows: Sequence[Row], passages: Sequence[str], depth: int) -> list[list[int]]:
    """BM25 alone."""
    index = _word_index(passages)
    asked = [terms(row.question) or ["?"] for row in rows]
    places, _ = index.retrieve(asked, k=min(depth, len(passages)), show_progress=False)
    return [[int(place) for place in line] for line in places]


def _word_index(passages: Sequence[str]) -> Any:
    import bm25s

    index = bm25s.BM25(k1=0.9, b=0.4)
    index.index([terms(passage) for passage in passages], show_progress=False)
    return index


class NearByBoth:
    """BM25 and cosine added up as the product adds them. Each text is embedded once, however many epochs ask."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.kept: dict[str, NDArray[np.float16]] = {}

    def __call__(self, rows: Sequence[Row], passages: Sequence[str], depth: int) -> list[list[int]]:
        import numpy as np

        index = _word_index(passages)
        known = self._rows(passages, self.embedder.embed_passages)
        found: list[list[int]] = []
        for low in range(0, len(rows), BLOCK):
            part = rows[low : low + BLOCK]
            asked = self._rows([row.question for row in part], self.embedder.embed_queries)
            scores = asked @ known.T / COSINE
            for line, row in zip(scores, part, strict=True):
                line += index.get_scores(terms(row.question) or ["?"]) / WORDS
                best = np.argpartition(-line, min(depth, len(line) - 1))[:depth]
                found.append([int(place) for place in best[np.argsort(-line[best])]])
        return found

    def _rows(self, texts: Sequence[str], embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> NDArray[np.float32]:
        import numpy as np

        fresh = [text for text in dict.fromkeys(texts) if text not in self.kept]
        if fresh:
            self.kept.update(zip(fresh, embed(fresh).astype(np.float16), strict=True))
            log.info("%d texts embedded for negatives", len(self.kept))
        return np.stack([self.kept[text] for text in texts]).astype(np.float32)
