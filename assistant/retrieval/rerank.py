"""A second look at the best hits: the span reader's "this passage answers" logit beside the rankers' score.

Off unless `wiring` gives a `Reorder` to the retriever. `python -m evals rerank` says whether it helps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.retrieval.fusion import log_softmax
from assistant.types import Hit, Question

Logits = Callable[[str, Sequence[str]], Sequence[float]]
"""A question and passages -> for each passage the log-odds that it answers."""
FLOOR = 1e-12


@dataclass(frozen=True)
class Reranker:
    """Seam `hybrid.Reorder`: the first `top` hits by log share + `weight` x logit, the rest as they were."""

    logits: Logits
    weight: float = 0.5
    top: int = 10

    def __call__(self, question: Question, hits: Sequence[Hit]) -> list[Hit]:
        first, rest = list(hits[: self.top]), list(hits[self.top :])
        if len(first) < 2:
            return [*first, *rest]
        return reordered(first, self.logits(question.text, [h.passage.text for h in first]), self.weight) + rest


def reordered(hits: Sequence[Hit], logits: Sequence[float], weight: float) -> list[Hit]:
    """The hits, best first, with their shares dealt out anew among them; ties keep their order."""
    shares = np.array([max(hit.score, FLOOR) for hit in hits])
    logs = log_softmax(np.log(shares) + weight * np.asarray(logits, float), 1.0)
    dealt = np.exp(logs) * shares.sum()
    best = np.argsort(-logs, kind="stable")
    return [replace(hits[i], score=min(float(dealt[i]), 1.0)) for i in best]
