"""Questions to calibrate on: the held-out tenth of the reading data, over thousands of paragraphs of the same sources.

Nothing here stands in a reported set, and nothing the span reader learned from is asked (bench/SPLITS.md).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from evals.answer_sets import AnswerSet, assembled

if TYPE_CHECKING:
    from assistant.tuning.reading_sets import Row

T = TypeVar("T")
SOURCES = {
    "en": {"nqswap": 1200, "squad_more": 500, "squad2": 300, "clapnq": 300},
    "zh": {"dureader_robust": 700, "dureader_checklist": 1100, "cmrc2018": 100},
}
"""Paragraphs of each source that questions must be told apart over, beside those that are asked about."""
PARAGRAPHS = 4000
QUESTIONS = {"squad_more": 250, "squad2": 100}
"""Most questions of a source; the others give all they have."""


def fitting_set(data: Path, language: str, seed: int = 0, most: int = PARAGRAPHS) -> AnswerSet:
    """Answerable held-out questions of a language whose answers have a place (those of clapnq are free sentences)."""
    from assistant.tuning.reading_data import allowed_rows, dev_rows

    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    asked: list[Row] = []
    others: list[str] = []
    held, every = dev_rows(data), allowed_rows(data)
    for source, count in SOURCES[language].items():
        rows = [row for row in held if row.source == source and row.answerable and row.start is not None]
        asked += _sample(rows, QUESTIONS.get(source, len(rows)), chance)
        others += _sample(sorted({row.passage for row in every if row.source == source}), count, chance)
    rows_of = [(f"{n}", r.question, r.passage, tuple((a,) for a in r.answers)) for n, r in enumerate(asked)]
    made = assembled(f"fit-{language}", language, rows_of)
    paragraphs = dict(made.paragraphs)  # the ones asked about come first, so that `most` never cuts them
    there = set(paragraphs.values())
    for text in others:
        if text.strip() not in there:
            there.add(text.strip())
            paragraphs[f"{len(paragraphs)}.txt"] = text.strip()
    return AnswerSet(made.name, language, dict(list(paragraphs.items())[:most]), made.items)


def _sample(items: Sequence[T], count: int, chance: random.Random) -> list[T]:
    return chance.sample(list(items), min(count, len(items)))
