"""How long a question takes: whole answers of the embedded brain over real texts, warm, one after the other."""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.types import Question
from evals.data import REPORTED
from evals.homes import ensure

if TYPE_CHECKING:
    from assistant.wiring import House

WARM = 20
SETS = ("qed", "cmrc2018", "drcd", "cranfield", "nfcorpus", "scifact")
FILLING = ("squad_more", "dureader_checklist", "squad2", "nqswap", "dureader_robust")
"""Training sets whose paragraphs are added, in this order, until there are passages enough."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, required=True, help="home that keeps what was ingested between runs")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS, help="whose questions are asked")
    parser.add_argument("--also", nargs="+", default=[], help="corpora that the home has, searched as well")
    parser.add_argument("--passages", type=int, default=20_000, help="at least so many, as far as the sets reach")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from assistant.settings import load
    from assistant.wiring import House

    house = House(load({"home": args.home}))  # not `house_at`, which keeps readings
    try:
        corpora, asked = _corpora(house, args)
        random.Random(args.seed).shuffle(asked)
        warm, asked = asked[:WARM], asked[WARM:][: args.limit or 200]
        for question in warm:
            house.assistant.answer(Question(question, corpora))
        times = [_timed(house, question, corpora) for question in asked]
        count = sum(info.passages for info in house.library.corpora() if info.name in corpora)
    finally:
        house.close()
    total = [row["total"] for row in times]
    yield {
        "task": "latency",
        "passages": count,
        "n": len(asked),
        "p50_ms": round(float(np.percentile(total, 50)), 1),
        "p95_ms": round(float(np.percentile(total, 95)), 1),
        "parts_p50_ms": _parts(times, 50),
        "parts_p95_ms": _parts(times, 95),
        "load": round(os.getloadavg()[0], 1),
    }


def _parts(times: list[dict[str, float]], percent: int) -> dict[str, float]:
    """Each part's own percentile over all questions."""
    return {
        part: round(float(np.percentile([row.get(part, 0.0) for row in times], percent)), 1)
        for part in ("retrieve", "read", "compose")
    }


def _corpora(house: House, args: argparse.Namespace) -> tuple[tuple[str, ...], list[str]]:
    """Corpora of whole sets until there are passages enough, then training paragraphs; and the questions."""
    names: list[str] = list(args.also)
    asked: list[str] = []
    for name in args.sets:
        source = REPORTED[name](args.data)
        ensure(house, name, {f"{key}.txt": text for key, text in source.passages.items()})
        names.append(name)
        asked += source.questions.values()
        if _passages(house, names) >= args.passages:
            return tuple(names), asked
    from assistant.tuning.reading_sets import SETS as READING

    for name in FILLING:
        missing = args.passages - _passages(house, names)
        if missing <= 0:
            break
        texts = dict.fromkeys(row.passage for row in READING[name](args.data))
        ensure(house, name, {f"{n}.txt": text for n, text in zip(range(missing), texts)})
        names.append(name)
    return tuple(names), asked


def _passages(house: House, names: list[str]) -> int:
    return sum(info.passages for info in house.library.corpora() if info.name in names)


def _timed(house: House, question: str, corpora: tuple[str, ...]) -> dict[str, float]:
    began = time.perf_counter()
    answer = house.assistant.answer(Question(question, corpora))
    return answer.timings_ms | {"total": (time.perf_counter() - began) * 1000}
