"""Answers over the paragraphs of a public set: right, short, cited, and refused when the source is withheld?

    python -m evals answers --set qed --set cmrc2018 [--limit N] [--twins] [--home DIR] [--predictions FOLDER]

Every paragraph is ingested as a file of its own through the product; questions go through `Assistant.answer`.
A twin is the same question with its gold paragraph hidden (`without`).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.types import Answer, Question
from evals.answer_sets import SETS, AnswerSet, Item, length
from evals.homes import ensure, house_at
from evals.statistics import Metric, aurc, mean

if TYPE_CHECKING:
    from assistant.wiring import House


ALL_OR_NOTHING = ("cmrc2018", "qed", "tatqa")
"""Sets whose answers are right or wrong, with none between."""


@dataclass(frozen=True)
class Row:
    """One question's outcome. `right`, `cited`, `words`: of the answer given when abstention is off."""

    item: Item
    answer: Answer
    refused: bool
    right: bool
    cited: bool
    words: int
    quotes: int
    verified: int
    twin_refused: bool | None = None
    twin_confidence: float = 0.0
    twin_right: bool = False


def measured(house: House, questions: AnswerSet, twins: bool) -> list[Row]:
    ensure(house, questions.name, questions.paragraphs, questions.files)
    rows = []
    for n, item in enumerate(questions.items, 1):
        rows.append(_asked(house, questions, item, twins))
        if n % 100 == 0:
            print(f"{n} of {len(questions.items)} questions", file=sys.stderr)
    return rows


def _asked(house: House, questions: AnswerSet, item: Item, twins: bool) -> Row:
    question = Question(item.question, (questions.name,), only=item.only)
    first = house.assistant.answer(question)
    answer = house.assistant.answer(replace(question, always_answer=True)) if first.abstained else first
    good = sum(stands(house, c.corpus, c.document, c.start, c.end, c.quote) for c in answer.citations)
    row = Row(
        item,
        answer,
        first.abstained,
        item.score(answer.answer) == 1.0,
        any(c.document == item.paragraph for c in answer.citations),
        length(answer.answer, questions.language),
        len(answer.citations),
        good,
    )
    if not twins:
        return row
    twin = house.assistant.answer(replace(question, without=(item.paragraph,)))
    found = not twin.abstained and item.score(twin.answer) == 1.0  # another paragraph of the pool says it too
    return replace(row, twin_refused=twin.abstained, twin_confidence=twin.confidence, twin_right=found)


def stands(house: House, corpus: str, document: str, start: int, end: int, quote: str) -> bool:
    return bool(quote) and house.store.document(corpus, document).text[start:end] == quote


def metrics(rows: Sequence[Row], seed: int = 0) -> dict[str, Metric]:
    """`gold_in_answer`, `length`, `gold_cited` with abstention off; `answered_right` counts refusals as wrong.

    Of twins: `twins_abstain`; `twins_answered_elsewhere`, the part whose answer holds the gold, from another paragraph;
    `twins_at_tenth`, the part below the threshold that would refuse a tenth of this very set's answerable questions.
    """
    quotes = [row.verified / row.quotes for row in rows if row.quotes]
    found = {
        "gold_in_answer": mean([row.right for row in rows], seed),
        "answered_right": mean([row.right and not row.refused for row in rows], seed),
        "length": mean([row.words for row in rows], seed),
        "gold_cited": mean([row.cited for row in rows], seed),
        "quotes_verified": mean(quotes, seed),
        "wrongly_refused": mean([row.refused for row in rows], seed),
        "aurc": aurc([row.answer.confidence for row in rows], [row.right for row in rows]),
    }
    twins = [row for row in rows if row.twin_refused is not None]
    if twins:
        found["twins_abstain"] = mean([bool(row.twin_refused) for row in twins], seed)
        found["twins_answered_elsewhere"] = mean([row.twin_right for row in twins], seed)
        tenth = sorted(row.answer.confidence for row in rows)[len(rows) // 10]
        found["twins_at_tenth"] = mean([row.twin_confidence < tenth for row in twins], seed)
        found["aurc_with_twins"] = aurc(
            [row.answer.confidence for row in rows] + [row.twin_confidence for row in twins],
            [row.right for row in rows] + [False] * len(twins),
        )
    return found


def predictions(rows: Sequence[Row], file: Path) -> None:
    with file.open("w", encoding="utf-8") as out:
        for row in rows:
            line = {
                "id": row.item.id,
                "question": row.item.question,
                "prediction": row.answer.answer,
                "value": row.answer.value,
                "gold": [list(gold) for gold in row.item.golds],
                "abstained": row.refused,
                "confidence": round(row.answer.confidence, 4),
                "route": row.answer.route,
                "scores": {"gold_in_answer": row.right, "gold_cited": row.cited, "length": row.words},
                "twin": {
                    "abstained": row.twin_refused,
                    "confidence": round(row.twin_confidence, 4),
                    "right": row.twin_right,
                },
            }
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", choices=ALL_OR_NOTHING, help="which (qed and cmrc2018 when left out)")
    parser.add_argument("--twins", action="store_true", help="ask each question again with its paragraph hidden")
    parser.add_argument("--home", type=Path, help="a home that keeps the ingested paragraphs between runs")
    parser.add_argument("--reader", default="packaged", help="span reader: packaged, or a folder")
    parser.add_argument("--predictions", type=Path, help="folder for a JSON lines file of each set")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for name in args.set or ALL_OR_NOTHING[:2]:
        questions = SETS[name](args.data).head(args.limit)
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            house = house_at(args.home or Path(folder), reader=args.reader)
            try:
                rows = measured(house, questions, args.twins)
            finally:
                house.close()
        if args.predictions:
            predictions(rows, args.predictions / f"answers-{name}.jsonl")
        yield {
            "task": f"answers/{name}",
            "n": len(rows),
            "brain": rows[0].answer.receipt.get("parts", {}) if rows else {},
            "metrics": {key: metric.as_json() for key, metric in metrics(rows, args.seed).items()},
            "milliseconds": _times(rows),
            "seconds": round(time.perf_counter() - started, 1),
        }


def _times(rows: Sequence[Row]) -> dict[str, float]:
    totals = sorted(row.answer.timings_ms["total"] for row in rows)
    return {"p50": totals[len(totals) // 2], "p95": totals[int(len(totals) * 0.95)]} if totals else {}
