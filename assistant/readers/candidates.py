"""Candidate answers: places in the passages, each with a log-probability over all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.answering.terms import coverage, terms
from assistant.readers.cues import holds, wanted
from assistant.readers.units import units
from assistant.types import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]

LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Candidate:
    """`start`, `end`: in the text of passage number `hit`; `score`: log-probability among all candidates."""

    hit: int
    start: int
    end: int
    score: float


def log_softmax(values: Sequence[float], temperature: float = 1.0) -> F64:
    """
    >>> [round(float(v), 3) for v in log_softmax([1.0, 1.0])]
    [-0.693, -0.693]
    """
    import numpy as np

    scaled = np.asarray(values, dtype=np.float64) / temperature
    if not len(scaled):
        return scaled
    shifted: F64 = scaled - scaled.max()
    logs: F64 = shifted - np.log(np.exp(shifted).sum())
    return logs


def log_shares(hits: Sequence[Hit]) -> list[float]:
    """Log-probability of each passage among these; a hit's score is its share of the retriever's evidence."""
    return [float(v) for v in log_softmax([math.log(max(hit.score, LEAST_SHARE)) for hit in hits])]


def normalised(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Best first, scores as log-probabilities; ties by place, so that the order never varies."""
    logs = log_softmax([c.score for c in candidates])
    scored = [replace(c, score=float(v)) for c, v in zip(candidates, logs, strict=True)]
    return sorted(scored, key=lambda c: (-c.score, c.hit, c.start, c.end))


def by_words(question: str, hits: Sequence[Hit]) -> list[Candidate]:
    """Whole sentences or rows, scored by shared words, the kind of thing asked for, and the passage's score."""
    asked, kind = terms(question), wanted(question)
    prior = log_shares(hits)
    found: list[Candidate] = []
    for number, hit in enumerate(hits):
        text = hit.passage.text
        for place, (start, end) in enumerate(units(hit.passage)):
            piece = text[start:end]
            score = 4.0 * coverage(asked, piece) + (0.7 if holds(kind, piece) else 0.0) - 0.03 * min(place, 10)
            found.append(Candidate(number, start, end, score + prior[number]))
    return normalised(found)
