"""Fit the temperatures of `assistant.retrieval.fusion` on training questions: one setting for both languages.

No reported set is read (bench/SPLITS.md; `evals.data.fitting_sets`). What is fitted is the mean over languages of the
mean over sets, so that no large set decides alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.fusion import Temperatures
from assistant.retrieval.hybrid import order
from evals.data import CHINESE, fitting_sets
from evals.pool import Scored, pooled, product_embedder

DENSE = (0.02, 0.025, 0.03, 0.035, 0.04, 0.05, 0.06)
LEXICAL = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoder", default="packaged", help="embedding model, as in the settings")
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    embedder = product_embedder(args.encoder)
    tables: dict[str, dict[Temperatures, float]] = {}
    for data in fitting_sets(args.data):
        with pooled(data.head(args.limit), embedder, args.cache) as pool:
            rows = list(pool.scored())
            gold = {q: {pool.names.index(p) for p in found} for q, found in pool.data.gold.items()}
        tables[data.name] = {t: recall(rows, gold, t) for t in grid()}
        best = max(tables[data.name], key=tables[data.name].__getitem__)
        yield {"set": data.name, "n": len(rows), "best": vars(best), "recall@1": tables[data.name][best]}
    chosen = max(grid(), key=lambda t: balanced(tables, t))
    yield {
        "chosen": vars(chosen),
        "recall@1": {name: round(table[chosen], 4) for name, table in tables.items()},
        "balanced": round(balanced(tables, chosen), 4),
    }


def grid() -> list[Temperatures]:
    return [Temperatures(d, w) for d in DENSE for w in LEXICAL]


def recall(rows: list[Scored], gold: dict[str, set[int]], temperatures: Temperatures) -> float:
    """Share of questions whose first passage is right."""
    return float(np.mean([order(r.dense, r.lexical, temperatures)[0][0] in gold[r.question] for r in rows]))


def balanced(tables: dict[str, dict[Temperatures, float]], temperatures: Temperatures) -> float:
    """Mean over languages of the mean over sets."""
    zh = [table[temperatures] for name, table in tables.items() if name in CHINESE]
    en = [table[temperatures] for name, table in tables.items() if name not in CHINESE]
    return float((np.mean(zh) + np.mean(en)) / 2)
