"""Fit the temperatures of `assistant.retrieval.fusion` on training questions: one setting for both languages.

No reported set is read (`evals.fusion_sets`). The share of a passage is a softmax over its two scores, so the
temperatures are a conditional logit: those that make the right passages likeliest. The four kinds of questions weigh
the same, so that no large set decides alone. What comes out is taken as it is, and the fits that leave one kind out
say how far it can be trusted for a kind that was never seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import numpy as np

from assistant.retrieval.fusion import FITTED, Temperatures
from evals.fusion_sets import KINDS, MOST, fusion_set
from evals.pool import Pool, pooled, product_embedder


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoder", default="packaged", help="embedding model, as in the settings")
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")
    parser.add_argument("--size", type=int, default=MOST, help="questions of each kind")


SCORES = ("dense", "held")
Candidates = list[tuple[Any, Any]]
"""For each question: cosines and `WordScore.held` (candidates, 2), and which of the candidates are right."""


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    tables = gathered(args)
    chosen = fitted(tables)
    for name, rows in tables.items():
        yield {"set": name, "n": len(rows), "alone": {score: alone(rows, n) for n, score in enumerate(SCORES)}} | {
            label: {"recall@1": recall(rows, t), "loss": round(loss(rows, t), 4)}
            for label, t in (("fitted", chosen), ("in use", FITTED), ("without it", fitted(tables, without={name})))
        }
    for name in tables:
        yield {"temperatures without": name} | _rounded(fitted(tables, without={name}))
    yield {"temperatures": _rounded(chosen), "in use": asdict(FITTED)}


def gathered(args: argparse.Namespace) -> dict[str, Candidates]:
    """Kind of questions ("en typed") -> its questions' candidates."""
    embedder = product_embedder(args.encoder)
    tables: dict[str, Candidates] = {}
    for language in KINDS:
        made = fusion_set(args.data, language, embedder.count, args.seed, args.size)
        with pooled(made.data.head(args.limit), embedder, args.cache) as pool:
            found = dict(candidates(pool))
        for kind, questions in made.kinds.items():
            tables[f"{language} {kind}"] = [found[q] for q in questions if q in found]
    return tables


def candidates(pool: Pool) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Questions whose right passage is a candidate of either ranker."""
    for row in pool.scored():
        ids = sorted(row.dense)
        right = np.array([pool.names[i] in pool.data.gold[row.question] for i in ids])
        if right.any():
            yield row.question, (np.array([[row.dense[i], row.words[i].held] for i in ids]), right)


def fitted(tables: Mapping[str, Candidates], without: Collection[str] = ()) -> Temperatures:
    """The temperatures of the least mean of the kinds' losses."""
    from scipy.optimize import minimize

    kept = [rows for name, rows in tables.items() if rows and name not in without]

    def balanced(logs: Any) -> float:
        return float(np.mean([loss(rows, Temperatures(*np.exp(logs))) for rows in kept]))

    start = np.log(astuple(FITTED))
    return Temperatures(*(float(t) for t in np.exp(minimize(balanced, start, method="Nelder-Mead").x)))


def loss(rows: Candidates, temperatures: Temperatures) -> float:
    """Mean negative log-probability of the right passages."""
    divisor = np.array(astuple(temperatures))
    total = 0.0
    for scores, right in rows:
        logits = (scores / divisor).sum(axis=1)
        logits -= logits.max()
        total += np.log(np.exp(logits).sum()) - np.log(np.exp(logits[right]).sum() + 1e-300)
    return float(total / len(rows))


def recall(rows: Candidates, temperatures: Temperatures) -> float:
    """Share of the questions whose first passage is right."""
    divisor = np.array(astuple(temperatures))
    return round(float(np.mean([right[(scores / divisor).sum(axis=1).argmax()] for scores, right in rows])), 4)


def alone(rows: Candidates, score: int) -> float:
    """The same by one score."""
    return round(float(np.mean([right[scores[:, score].argmax()] for scores, right in rows])), 4)


def _rounded(temperatures: Temperatures) -> dict[str, float]:
    return {key: round(value, 4) for key, value in asdict(temperatures).items()}
