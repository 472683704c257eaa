"""How likely an answer is to be right: a logistic regression over a few scores, one threshold for all languages.

The coefficients lie in calibration.json with their provenance; `python -m evals fit-abstention` makes them
from training data (gold passages among thousands, and the same questions with the gold passage withheld).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from assistant.answering.language import language
from assistant.answering.terms import coverage, hard_terms, terms
from assistant.readers.candidates import Candidate, log_shares
from assistant.readers.cues import holds, wanted
from assistant.types import Hit

WORDS = frozenset({"coverage", "coverage_best", "hard", "kind"})
"""What says nothing when question and passage are in different languages."""
AMONG = frozenset({"top", "margin", "chosen_share", "rank"})
"""What says nothing where there is only one passage."""


@dataclass(frozen=True)
class Calibration:
    """`probability` = sigmoid(bias + sum of weights x (feature - mean) / scale); a missing feature says nothing."""

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    threshold: float

    def probability(self, features: Mapping[str, float]) -> float:
        rows = zip(self.names, self.mean, self.scale, self.weights, strict=True)
        logit = self.bias + sum(w * (features.get(name, m) - m) / s for name, m, s, w in rows)
        return 1.0 / (1.0 + math.exp(-max(min(logit, 30.0), -30.0)))


@lru_cache(maxsize=1)
def packaged() -> dict[str, Calibration]:
    """By kind of reading: `spans` (with the span reader), `words` (without)."""
    stored = json.loads(files("assistant.readers").joinpath("calibration.json").read_text("utf-8"))
    return {kind: calibration(stored[kind]) for kind in ("spans", "words")}


def calibration(row: Mapping[str, object]) -> Calibration:
    def numbers(name: str) -> tuple[float, ...]:
        return tuple(float(x) for x in row[name])  # type: ignore[attr-defined]

    names = tuple(str(x) for x in row["names"])  # type: ignore[attr-defined]
    return Calibration(
        names,
        numbers("mean"),
        numbers("scale"),
        numbers("weights"),
        float(row["bias"]),  # type: ignore[arg-type]
        float(row["threshold"]),  # type: ignore[arg-type]
    )


def features(
    question: str,
    hits: Sequence[Hit],
    chosen: Candidate,
    mass: float,
    answerable: Sequence[float] = (),
    spans: Sequence[float] = (),
) -> dict[str, float]:
    """Scores of one reading. `mass`: probability of the chosen sentence among all candidates; `answerable`, `spans`:
    per passage, the reader's logit that it answers and the score of its best span over "no answer"."""
    asked, hard = terms(question), hard_terms(question)
    hit = hits[chosen.hit]
    shares = log_shares(hits)
    scores = sorted(shares, reverse=True)
    text = hit.passage.search_text
    piece = hit.passage.text[chosen.start : chosen.end]
    found = {
        "top": scores[0],
        "margin": scores[0] - scores[min(1, len(scores) - 1)],
        "chosen_share": shares[chosen.hit],
        "terms": math.log1p(len(asked)),
        "coverage": coverage(asked, text),
        "coverage_best": max(coverage(asked, h.passage.search_text) for h in hits[:3]),
        "hard": coverage(hard, text),
        "kind": 1.0 if holds(wanted(question), piece) else 0.0,
        "mass": math.log(max(mass, 1e-6)),
        "rank": math.log1p(chosen.hit),
    }
    if len(hits) == 1:
        found = {name: value for name, value in found.items() if name not in AMONG}
    if language(question) != language(text):
        found = {name: value for name, value in found.items() if name not in WORDS}
    if hit.dense is not None:
        cosines = [h.dense for h in hits if h.dense is not None]
        middle = sorted(cosines)[len(cosines) // 2]
        found |= {"cosine": hit.dense, "cosine_max": max(cosines), "cosine_margin": max(cosines) - middle}
    if answerable:
        found |= {
            "answerable": answerable[chosen.hit],
            "answerable_max": max(answerable),
            "span": spans[chosen.hit],
            "span_max": max(spans),
        }
    return found
