"""Means with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000


def interval(values: Sequence[float], seed: int = 0) -> dict[str, float]:
    """Mean and its 95% interval, by resampling the questions with replacement.

    >>> interval([1.0, 1.0])
    {'value': 1.0, 'low': 1.0, 'high': 1.0}
    """
    sample = np.asarray(values, float)
    if not len(sample):
        return {"value": 0.0, "low": 0.0, "high": 0.0}
    chance = np.random.default_rng(seed)
    means = [sample[chance.integers(0, len(sample), len(sample))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {"value": round(float(sample.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
