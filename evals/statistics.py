"""Means with bootstrap intervals, and the area under the risk-coverage curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 1000


@dataclass(frozen=True)
class Metric:
    """`low`, `high`: 95% percentile bootstrap over questions."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


def mean(values: Sequence[float], seed: int = 0) -> Metric:
    """Mean of values, one a question."""
    rows = np.asarray(values, dtype=np.float64)
    if not len(rows):
        return Metric(float("nan"), float("nan"), float("nan"))
    chance = np.random.default_rng(seed)
    means = [rows[chance.integers(0, len(rows), len(rows))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Metric(float(rows.mean()), float(low), float(high))


def proportion(right: int, n: int) -> Metric:
    """A share with Wilson's interval, which says something at 0 and 1 too.

    >>> proportion(5, 10).as_json(), proportion(0, 10).as_json()
    ({'value': 0.5, 'low': 0.2366, 'high': 0.7634}, {'value': 0.0, 'low': 0.0, 'high': 0.2775})
    """
    if not n:
        return Metric(float("nan"), float("nan"), float("nan"))
    p, z = right / n, 1.959964
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((centre + sign * half) / (1 + z * z / n) for sign in (-1, 1))
    return Metric(p, max(low, 0.0), min(high, 1.0))


def share(parts: Sequence[float], wholes: Sequence[float], seed: int = 0) -> Metric:
    """Sum of parts over sum of wholes, one of each a question; questions are resampled, not their parts.

    >>> share([1, 0], [2, 2]).value
    0.25
    """
    a, b = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)
    if not b.sum():
        return Metric(float("nan"), float("nan"), float("nan"))
    chance = np.random.default_rng(seed)
    picks = [chance.integers(0, len(a), len(a)) for _ in range(RESAMPLES)]
    low, high = np.percentile([a[p].sum() / max(b[p].sum(), 1.0) for p in picks], [2.5, 97.5])
    return Metric(float(a.sum() / b.sum()), float(low), float(high))


def aurc(confidence: Sequence[float], right: Sequence[bool], seed: int = 0) -> Metric:
    """Area under risk over coverage with its interval; 0 is best."""
    c, r = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=bool)
    if not len(c):
        return Metric(float("nan"), float("nan"), float("nan"))
    chance = np.random.default_rng(seed)
    areas = []
    for _ in range(RESAMPLES // 4):
        picked = chance.integers(0, len(c), len(c))
        areas.append(area(c[picked], r[picked]))
    low, high = np.percentile(areas, [2.5, 97.5])
    return Metric(area(c, r), float(low), float(high))


def area(confidence: ArrayLike, right: ArrayLike) -> float:
    """Trapezoids over the distinct confidences; coverage 0 has the risk of the first point.

    >>> round(area([0.9, 0.8, 0.7, 0.6], [True, True, False, False]), 4)
    0.1458
    """
    c, wrong = np.asarray(confidence, dtype=np.float64), ~np.asarray(right, dtype=bool)
    order = np.argsort(-c, kind="stable")
    c, wrong = c[order], wrong[order]
    last = np.append(np.flatnonzero(np.diff(c)), len(c) - 1)
    accepted = last + 1
    risk = np.cumsum(wrong)[last] / accepted
    coverage = np.concatenate([[0.0], accepted / len(c)])
    risk = np.concatenate([risk[:1], risk])
    return float(np.trapezoid(risk, coverage))
