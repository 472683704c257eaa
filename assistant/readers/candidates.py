"""Candidate answers: places in the passages, each with a log-probability over all of them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.answering.language import count_words
from assistant.answering.terms import coverage, terms
from assistant.readers.cues import holds, wanted
from assistant.readers.units import units
from assistant.types import Hit, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]

LEAST_SHARE = 1e-6
HeaderOf = Callable[[Passage, int], str]
"""(passage, offset in its text) -> the column names over that place, or "" outside tables."""


def no_header(_passage: Passage, _offset: int) -> str:
    return ""


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


def by_words(question: str, hits: Sequence[Hit], header: HeaderOf = no_header) -> list[Candidate]:
    """Whole sentences or rows, scored by shared words, the kind of thing asked for, and the passage's score.

    `header` gives the column names over a row: its cells are read under them.
    """
    asked, kind = terms(question), wanted(question)
    prior = log_shares(hits)
    found: list[Candidate] = []
    for number, hit in enumerate(hits):
        text = hit.passage.text
        for place, (start, end) in enumerate(units(hit.passage)):
            piece = text[start:end]
            names = header(hit.passage, start)
            score = 4.0 * coverage(asked, f"{names} {piece}") + (0.7 if holds(kind, piece) else 0.0)
            score -= 0.03 * min(place, 10) + (1.5 if not names and is_title(piece) else 0.0)
            found.append(Candidate(number, start, end, score + prior[number]))
    return normalised(found)


def is_title(text: str) -> bool:
    """A few words that do not end like a sentence: headings, labels, names of files."""
    return not re.search(r"[.。!！?？;；:：…|][\"'”’」』）)]*$", text) and count_words(text) < 6
