"""What a GPU run measures: a cell is one command of `evals` or `bench`, and one JSON object that it prints."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETS = ("qed", "cmrc2018", "tatqa", "filings")
TIERS = (1, 2, 3)
SPEED_TOKENS = 128


@dataclass(frozen=True)
class Plan:
    """What is asked for. `quality`: the model has its own weights, so that answers mean something."""

    data: Path
    quality: bool = True
    sets: tuple[str, ...] = SETS
    tiers: tuple[int, ...] = TIERS
    limit: int = 200
    tokens: int = 512  # of an answer, at most
    people: int = 32
    streams: int = 8
    pairs: int = 9
    questions: int = 0  # of one pass of the speed cells; 0: twice the streams
    passages: int = 512


@dataclass(frozen=True)
class Cell:
    """`key` names what is measured with all that decides it; `kind` is "tiers", "serving" or "card"."""

    key: str
    kind: str
    words: tuple[str, ...]  # of the command, without the server's address

    def command(self, served: Any, out: Path, data: Path) -> list[str]:
        """`served`: with url and name."""
        at = ["--model-url", served.url, "--model", served.name, "--data", str(data)]
        homes = [] if self.kind == "card" else ["--home", str(out / "home")]
        kept = ["--predictions", str(out / "predictions")] if self.kind == "tiers" else []
        folder = ["--model-folder", served.folder] if self.kind == "serving" else []
        return [sys.executable, "-m", *self.words, *at, *homes, *kept, *folder]


def cells(plan: Plan) -> Iterator[Cell]:
    """In the order in which they are measured: speed first, for it is quick."""
    for streams in dict.fromkeys((plan.streams, plan.people)):
        yield serving_cell(plan, streams)
    yield Cell("card", "card", ("bench", "card", "--passages", str(plan.passages), "--streams", str(plan.streams)))
    if plan.quality:
        for name in plan.sets:
            for tier in plan.tiers:
                yield tier_cell(plan, name, tier)


def tier_cell(plan: Plan, name: str, tier: int) -> Cell:
    key = f"tiers-{name}-{tier}-{plan.limit}-{plan.tokens}"
    many = ("--limit", str(plan.limit), "--tokens", str(plan.tokens), "--streams", str(plan.people))
    return Cell(key, "tiers", ("evals", "tiers", "--set", name, "--tiers", str(tier), *many))


def serving_cell(plan: Plan, streams: int) -> Cell:
    pairs = plan.pairs if streams == plan.streams else min(plan.pairs, 3)
    key = f"serving-{streams}-{pairs}-{plan.questions}"
    many = ("--streams", str(streams), "--pairs", str(pairs), "--tokens", str(SPEED_TOKENS))
    return Cell(key, "serving", ("bench", "serving", *many, "--questions", str(plan.questions)))
