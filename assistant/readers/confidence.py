"""How likely an answer is to be right: a logistic regression over a few scores, one threshold for all languages.

The coefficients lie in calibration.json with their provenance; `python -m evals fit-abstention` makes them
from training data (gold passages among thousands, and the same questions with the gold passage withheld).
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from assistant.answering.language import language
from assistant.answering.terms import coverage, terms
from assistant.readers.candidates import log_softmax
from assistant.readers.span_input import has_mark
from assistant.types import Hit

DENSE, RARITY = 0.04, 4.0
"""Differences of cosines, and of the summed rarities of words met, that make a passage e times as likely: about what
`python -m evals fit-fusion` found. Much of the evidence goes only to a passage that both rankers set apart."""
COMPARED = 10
"""Passages that the best one is compared with."""
BESIDE = 0.22
"""Cosine of the last of them on average, in pools of thousands: what stands for it where there are fewer."""

_PARTICLES = re.compile("^请问|[吗么呢]$")
_STATED = 6
"""Characters of a question that is more than a word or two."""


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


def features(question: str, hits: Sequence[Hit], chosen: int, answerable: Sequence[float] = ()) -> dict[str, float]:
    """Scores of one reading; what says nothing is left out.

    `chosen`: place of the passage that the answer quotes first; `answerable`: per passage, the reader's logit that it
    answers. Of a question that was typed without its mark it says less, so that it has a weight of its own there.
    """
    passage, cosine = hits[chosen].passage, hits[chosen].dense
    found: dict[str, float] = {}
    if cosine is not None:
        found |= {"cosine": cosine, "lead": cosine - _beside(hits)}
    if language(question) == language(passage.text):
        if (best := evidence(hits)) is not None:
            found["evidence"] = best
        if not answerable:
            found["coverage"] = coverage(terms(question), passage.search_text)
    if answerable:
        found["answerable" if has_mark(question) else "answerable_typed"] = answerable[chosen]
    return found


def is_stated(question: str, quote: str) -> bool:
    """Whether a quote says word for word what is asked, as it can where asking changes no order of words.

    >>> is_stated("没有网络也能使用吗？", "安装完成后，没有网络也能使用。")
    True
    """
    asked = _PARTICLES.sub("", _letters(question))
    return len(asked) >= _STATED and asked in _letters(quote)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def _beside(hits: Sequence[Hit]) -> float:
    """The cosine of a passage that is near and beside the matter: the tenth."""
    known = sorted((hit.dense for hit in hits if hit.dense is not None), reverse=True)
    return known[COMPARED - 1] if len(known) >= COMPARED else BESIDE


def evidence(hits: Sequence[Hit]) -> float | None:
    """The highest log-probability that both rankers together give one of these passages: 0 where they agree and are
    sure. None where a passage lacks a score."""
    hits = hits[:COMPARED]
    dense = [hit.dense for hit in hits if hit.dense is not None]
    held = [hit.held for hit in hits if hit.held is not None]
    if not len(hits) == len(dense) == len(held):
        return None
    return float((log_softmax(dense, DENSE) + log_softmax(held, RARITY)).max())


def before_asking(question: str, hits: Sequence[Hit]) -> tuple[float, float]:
    """Probability that these passages answer, and its threshold, from the retriever's scores alone: at no cost."""
    measure = packaged()["words"]
    return (measure.probability(features(question, hits, 0)) if hits else 0.0), measure.threshold
