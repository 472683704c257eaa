"""Two rankers' scores to one: the sum of both log-probabilities over the candidates of either.

Each ranker's scores, divided by its temperature, are read as logits over the candidates: the cosine of the vectors, and
the rarity of the question's words that stand in the passage (`WordScore.held`; BM25 proposes candidates, but beside
`held` the fit gives it no weight). Ranks would throw away how sure a ranker is; this keeps it, and a ranker that is
unsure hardly moves the order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Temperatures:
    """Score differences that make a passage e times as likely: of cosines, and of the rarity of words."""

    dense: float
    lexical: float


FITTED = Temperatures(dense=0.0421, lexical=3.7619)
"""What `python -m evals fit-fusion` found on 1,917 training questions of four kinds over 3,362 passages."""


def log_softmax(scores: Scores, temperature: float) -> Scores:
    """Log-probabilities of scores (n,).

    >>> np.exp(log_softmax(np.array([0.02, 0.02]), 0.01)).tolist()
    [0.5, 0.5]
    """
    logits = scores / temperature
    logits = logits - logits.max()
    result: Scores = logits - np.log(np.exp(logits).sum())
    return result


def fused(dense: Scores, held: Scores, temperatures: Temperatures = FITTED) -> Scores:
    """Sum of both log-probabilities for candidates (n,); NaN in `dense` marks passages without a vector yet."""
    if not len(held) or np.isnan(dense).all():
        return log_softmax(held, temperatures.lexical) if len(held) else held
    whole = completed(dense, held)
    return log_softmax(whole, temperatures.dense) + log_softmax(held, temperatures.lexical)


def completed(dense: Scores, lexical: Scores) -> Scores:
    """Cosines with the missing ones put where the words stand: at the same place among the candidates that have both.

    A document that waits for its vectors is neither lifted above nor held below what its words deserve.
    """
    missing = np.isnan(dense)
    if not missing.any():
        return dense
    known, cosines = np.sort(lexical[~missing]), dense[~missing]
    below = np.searchsorted(known, lexical[missing], side="left") + np.searchsorted(
        known, lexical[missing], side="right"
    )
    whole = dense.copy()
    whole[missing] = np.quantile(cosines, below / (2 * len(known)))
    return whole


def probabilities(logs: Scores) -> Scores:
    """Shares (n,) that sum to 1, in the order of the fused scores."""
    return np.exp(log_softmax(logs, 1.0)) if len(logs) else logs
