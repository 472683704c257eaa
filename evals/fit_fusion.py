"""Fit the temperatures of `assistant.retrieval.fusion` on training questions: one setting for both languages.

No reported set is read (bench/SPLITS.md; `evals.data.fitting_sets`). The share of a passage is a softmax over its two
scores, so the temperatures are a conditional logit: those that make the right passages likeliest. Each language weighs
the same, and each set within it, so that no large set decides alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.fusion import FITTED, Temperatures
from evals.data import CHINESE, fitting_sets
from evals.pool import Pool, pooled, product_embedder

SIZE = 600


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoder", default="packaged", help="embedding model, as in the settings")
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")
    parser.add_argument("--size", type=int, default=SIZE, help="passages and questions of each set")


Candidates = list[tuple[Any, Any]]
"""For each question: scores (candidates, 2) of both rankers, and which of them are right."""


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    embedder = product_embedder(args.encoder)
    tables: dict[str, Candidates] = {}
    for data in fitting_sets(args.data, args.size, args.seed):
        with pooled(data.head(args.limit), embedder, args.cache) as pool:
            tables[data.name] = list(candidates(pool))
    chosen = fitted(tables)
    for name, rows in tables.items():
        yield {"set": name, "n": len(rows)} | {
            label: {"recall@1": recall(rows, t), "loss": round(loss(rows, t), 4)}
            for label, t in (("fitted", chosen), ("in use", FITTED))
        }
    yield {"temperatures": {key: round(value, 4) for key, value in asdict(chosen).items()}, "in use": asdict(FITTED)}


def candidates(pool: Pool) -> Iterator[tuple[Any, Any]]:
    """Questions whose right passage is a candidate of either ranker."""
    for row in pool.scored():
        ids = sorted(row.dense.keys() | row.lexical.keys())
        right = np.array([pool.names[i] in pool.data.gold[row.question] for i in ids])
        if right.any():
            yield np.array([[row.dense[i], row.lexical[i]] for i in ids]), right


def fitted(tables: dict[str, Candidates]) -> Temperatures:
    """The temperatures of the least balanced loss."""
    from scipy.optimize import minimize

    def balanced(logs: Any) -> float:
        temperatures = Temperatures(*np.exp(logs))
        losses = {name: loss(rows, temperatures) for name, rows in tables.items() if rows}
        by_language = [[v for n, v in losses.items() if (n in CHINESE) == zh] for zh in (True, False)]
        return float(np.mean([np.mean(values) for values in by_language if values]))

    start = np.log([FITTED.dense, FITTED.lexical])
    return Temperatures(*(float(t) for t in np.exp(minimize(balanced, start, method="Nelder-Mead").x)))


def loss(rows: Candidates, temperatures: Temperatures) -> float:
    """Mean negative log-probability of the right passages."""
    divisor = np.array([temperatures.dense, temperatures.lexical])
    total = 0.0
    for scores, right in rows:
        logits = (scores / divisor).sum(axis=1)
        logits -= logits.max()
        total += np.log(np.exp(logits).sum()) - np.log(np.exp(logits[right]).sum() + 1e-300)
    return float(total / len(rows))


def recall(rows: Candidates, temperatures: Temperatures) -> float:
    """Share of the questions whose first passage is right."""
    divisor = np.array([temperatures.dense, temperatures.lexical])
    return round(float(np.mean([right[(scores / divisor).sum(axis=1).argmax()] for scores, right in rows])), 4)
