"""Fits the confidence of the embedded reader: `python -m evals fit-abstention --home DIR [--limit N]`.

Each held-out training question is asked with its gold paragraph there and with it hidden, over thousands of documents
and over a few. What is fitted is whether the documents answer; the result is then scaled (Platt 1999) to the
probability that the gold answer stands in the answer given, which keeps the order. There is one threshold for all: the
highest that refuses at most REFUSED of the answerable in each language, kind of question and size.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assistant.types import Answer, Question
from evals.answer_sets import AnswerSet, Item, holds
from evals.fitting import answering, fitting_set
from evals.fusion_sets import KINDS
from evals.homes import ensure, house_at
from evals.statistics import area

if TYPE_CHECKING:
    from assistant.wiring import House

F64 = NDArray[np.float64]
REFUSED = 0.08
"""A little under the promised 10%, since reported sets differ from those that are fitted on."""
EXCHANGED = "typed, names exchanged"
"""Kind of nqswap's questions: typed without the passage, as no other English ones here, but names in the passages are
exchanged. They say what each score is worth, not how many are refused: refusing what lost its name is no mistake."""
RIDGE = 1.0
LEAST = 50
"""Questions without which a group says too little about its tenth; smaller ones weigh less in the fit."""
FEW = 3
"""Documents of a small corpus: most people begin with a handful."""


@dataclass(frozen=True)
class Example:
    """Features of one reading, whether the gold paragraph was there, and whether the answer held the gold."""

    language: str
    features: dict[str, float]
    there: bool
    right: bool
    few: bool = False
    kind: str = ""

    @property
    def group(self) -> str:
        name = f"{self.language} {self.kind}".strip()
        return f"{name}, {FEW} documents" if self.few else name


def examples(
    house: House, questions: AnswerSet, kinds: Mapping[str, str], sources: Mapping[str, tuple[str, ...]]
) -> list[Example]:
    """Four of each question: with its paragraph and without its `sources`, over all documents and the nearest few."""
    ensure(house, questions.name, questions.paragraphs)
    found = []
    for n, item in enumerate(questions.items, 1):
        if n % 50 == 0:
            print(f"{questions.name}: {n} of {len(questions.items)} questions", file=sys.stderr)
        question = Question(item.question, (questions.name,), always_answer=True)
        for there in (True, False):
            asked = question if there else replace(question, without=sources[item.question])
            answer = house.assistant.answer(asked)
            near = list(dict.fromkeys(hit.passage.document for hit in answer.hits))
            others = [name for name in near if name != item.paragraph]
            only = ([item.paragraph, *others] if there else others)[:FEW]
            narrow = house.assistant.answer(replace(question, only=tuple(only)))
            kind = kinds.get(item.question, "")
            for given in (answer, narrow):
                found.append(_example(questions.language, kind, item, given, there, given is narrow))
    return [example for example in found if example.features]


def question_kinds(data: Path) -> dict[str, str]:
    """How each held-out question was made: "typed" without the passage (or EXCHANGED), or "written" over it."""
    from assistant.tuning.reading_data import dev_rows

    names = {source: kind for kinds in KINDS.values() for kind, sources in kinds.items() for source in sources}
    names["nqswap"] = EXCHANGED
    return {row.question: names[row.source] for row in dev_rows(data) if row.source in names}


def _example(language: str, kind: str, item: Item, answer: Answer, there: bool, few: bool) -> Example:
    scores = answer.receipt["scores"].get("features", {})
    return Example(language, scores, there, there and holds(answer.answer, item.golds), few, kind)


def fit(rows: Sequence[Example], target: str = "there") -> dict[str, Any]:
    """Coefficients, threshold and what they reach on the same rows (languages weigh the same)."""
    names = sorted({name for row in rows for name in row.features})
    x = np.array([[row.features.get(name, np.nan) for name in names] for row in rows])
    x = np.where(np.isnan(x), np.nanmean(x, axis=0), x)
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    y = np.array([getattr(row, target) for row in rows], dtype=np.float64)
    weights, bias = logistic((x - centre) / scale, y, _balanced(rows))
    logits = ((x - centre) / scale) @ weights + bias
    right = np.array([row.right for row in rows], dtype=np.float64)
    slope, offset = logistic(logits[:, None], right, _balanced(rows), ridge=0.0)  # Platt: the order stays
    weights, bias, logits = weights * slope[0], bias * slope[0] + offset, logits * slope[0] + offset
    sure = 1 / (1 + np.exp(-logits))
    threshold = _threshold(rows, sure)
    return {
        "names": names,
        "mean": _short(centre),
        "scale": _short(scale),
        "weights": _short(weights),
        "bias": round(float(bias), 5),
        "threshold": round(threshold, 4),
        "reached": reached(rows, sure, threshold),
    }


def logistic(x: F64, y: F64, weight: F64, ridge: float = RIDGE, steps: int = 50) -> tuple[F64, float]:
    """Ridge-penalised logistic regression by Newton's method; the intercept is not penalised."""
    design = np.hstack([x, np.ones((len(x), 1))])
    penalty = np.diag([ridge] * x.shape[1] + [0.0])
    beta = np.zeros(design.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (weight * (p - y)) + penalty @ beta
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + penalty
        step = np.linalg.solve(hessian + 1e-9 * np.eye(len(hessian)), gradient)
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    return beta[:-1], float(beta[-1])


def _balanced(rows: Sequence[Example]) -> F64:
    """Each group counts the same, those of fewer than LEAST questions by their size."""
    counts = Counter(row.group for row in rows)  # two rows of each question: with its paragraph and without
    weights = np.array([min(1, counts[row.group] / (2 * LEAST)) / counts[row.group] for row in rows])
    balanced: F64 = weights * len(rows) / weights.sum()
    return balanced


def _threshold(rows: Sequence[Example], sure: F64) -> float:
    """The highest that refuses at most REFUSED of the answerable in each group of some size."""
    names = [group for group in _groups(rows) if EXCHANGED not in group] or _groups(rows)
    groups = [np.sort([s for s, row in zip(sure, rows) if row.there and row.group == group]) for group in names]
    large = [own for own in groups if len(own) >= LEAST] or groups
    return float(min(own[int(REFUSED * len(own))] for own in large))


def _groups(rows: Sequence[Example]) -> list[str]:
    return sorted({row.group for row in rows})


def reached(rows: Sequence[Example], sure: F64, threshold: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for group in _groups(rows):
        own = [(s, row) for s, row in zip(sure, rows) if row.group == group]
        there, hidden = [p for p in own if p[1].there], [p for p in own if not p[1].there]
        found[group] = {
            "questions": len(there),
            "right": round(float(np.mean([row.right for _, row in there])), 4),
            "wrongly_refused": round(float(np.mean([s < threshold for s, _ in there])), 4),
            "twins_abstain": round(float(np.mean([s < threshold for s, _ in hidden])), 4),
            "aurc": round(area([s for s, _ in there], [row.right for _, row in there]), 4),
        }
    return found


def cross_validated(rows: Sequence[Example], target: str = "there", folds: int = 5) -> dict[str, Any]:
    """The same figures from folds by question (the four readings of a question stay together)."""
    sure = np.zeros(len(rows))
    fold = np.arange(len(rows)) // 4 % folds
    for n in range(folds):
        fitted = fit([row for row, f in zip(rows, fold) if f != n], target)
        for place in np.flatnonzero(fold == n).tolist():
            sure[place] = probability(fitted, rows[place].features)
    return reached(rows, sure, _threshold(rows, sure))


def probability(fitted: dict[str, Any], features: dict[str, float]) -> float:
    from assistant.readers.confidence import calibration

    return calibration(fitted).probability(features)


def _short(values: F64) -> list[float]:
    return [round(float(value), 5) for value in values]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, required=True, help="a home that keeps the ingested paragraphs")
    parser.add_argument("--reader", default="packaged", help="span reader: packaged, or a folder")
    parser.add_argument("--examples", type=Path, help="JSON lines file for the features of every reading")
    parser.add_argument("--out", type=Path, help="calibration.json to write the coefficients into")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    house = house_at(args.home, reader=args.reader)
    try:
        sets = [fitting_set(args.data, name).head(args.limit) for name in ("en", "zh")]
        kinds = question_kinds(args.data)
        rows = [row for questions in sets for row in examples(house, questions, kinds, answering(args.data, questions))]
    finally:
        house.close()
    if args.examples:
        args.examples.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), "utf-8")
    fitted = fit(rows)
    reading = "spans" if any("answerable" in row.features for row in rows) else "words"
    if args.out:
        stored = json.loads(args.out.read_text("utf-8"))
        stored[reading] = fitted
        args.out.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
    yield {"task": "fit-abstention", "reading": reading, "fitted": fitted, "folds": cross_validated(rows)}
