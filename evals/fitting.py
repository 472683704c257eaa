"""Questions to calibrate on: the held-out tenth of the reading data, over thousands of paragraphs of the same sources.

Nothing here stands in a reported set, and nothing the span reader learned from is asked (bench/SPLITS.md).
"""

from __future__ import annotations

import random
import re
from collections import Counter
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
PARAGRAPHS = {"en": 1300, "zh": 900}
"""Paragraphs of a pool in all."""
SAME = 0.4
"""Share of runs of words above which two texts are near copies."""
QUESTIONS = {"squad_more": 250, "squad2": 100}
"""Most questions of a source; the others give all they have."""


def fitting_set(data: Path, language: str, seed: int = 0, most: int | None = None) -> AnswerSet:
    """Answerable held-out questions of a language whose answers have a place (those of clapnq are free sentences).

    Near copies are left out, of questions and of paragraphs: nqswap holds the same paragraph with other answers, which
    would make a right answer wrong and a twin answerable. Its parts of tables are in the pool, but not asked about.
    """
    from assistant.tuning.reading_data import allowed_rows, dev_rows

    chance = random.Random(seed)
    asked: list[Row] = []
    others: list[str] = []
    held, every = dev_rows(data), allowed_rows(data)
    for source, count in SOURCES[language].items():
        rows = [row for row in held if row.source == source and row.answerable and row.start is not None]
        asked += _sample(rows, QUESTIONS.get(source, len(rows)), chance)
        others += _sample(sorted({row.passage for row in every if row.source == source}), count, chance)
    apart = Apart()
    kept = [row for row in asked if apart.knows(row.passage) or apart.add(row.passage)]
    rows_of = [(f"{n}", r.question, r.passage, tuple((a,) for a in r.answers)) for n, r in enumerate(kept)]
    made = assembled(f"fitting-{language}", language, rows_of)
    paragraphs = dict(made.paragraphs)  # the ones asked about come first, so that `most` never cuts them
    for text in others:
        if len(paragraphs) < (most or PARAGRAPHS[language]) and not apart.knows(text) and apart.add(text):
            paragraphs[f"{len(paragraphs)}.txt"] = text.strip()
    tables = {item.id for item, row in zip(made.items, kept) if row.source == "nqswap" and not is_prose(row.passage)}
    items = [item for item in made.items if item.id not in tables]
    chance.shuffle(items)  # so that any first part holds all sources
    return AnswerSet(made.name, language, paragraphs, tuple(items))


def answering(data: Path, questions: AnswerSet) -> dict[str, tuple[str, ...]]:
    """{question: every paragraph of the set that a training row says answers it}: what its twin must not see."""
    from assistant.tuning.reading_data import allowed_rows

    names = {text.strip(): name for name, text in questions.paragraphs.items()}
    found: dict[str, dict[str, None]] = {item.question: {item.paragraph: None} for item in questions.items}
    for row in allowed_rows(data):
        name = names.get(row.passage.strip())
        if name and row.answerable and row.question.strip() in found:
            found[row.question.strip()][name] = None
    return {question: tuple(paragraphs) for question, paragraphs in found.items()}


def is_prose(text: str) -> bool:
    """A paragraph of at least two sentences, and no part of a table that was written out."""
    return len(re.findall(r"[a-z)\"'] ?\.(?: |$)", text)) >= 2 and "<T" not in text


class Apart:
    """Texts of which no two share half of their words."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._with: dict[str, list[int]] = {}
        self._sizes: list[int] = []

    def knows(self, text: str) -> bool:
        return text.strip() in self._texts

    def add(self, text: str) -> bool:
        """False for a near copy of a text that is there."""
        words = shingles(text)
        shared = Counter(place for word in words for place in self._with.get(word, ()))
        if any(n > SAME * min(len(words), self._sizes[place]) for place, n in shared.items()):
            return False
        for word in words:
            self._with.setdefault(word, []).append(len(self._sizes))
        self._sizes.append(len(words))
        self._texts.add(text.strip())
        return True


def shingles(text: str) -> set[str]:
    """Runs of three words, or of six characters where the text is Chinese.

    >>> sorted(shingles("a b c d"))
    ['a b c', 'b c d']
    """
    words = text.split()
    if len(words) * 8 < len(text):
        return {text[i : i + 6] for i in range(max(len(text) - 5, 1))}
    return {" ".join(words[i : i + 3]) for i in range(max(len(words) - 2, 1))}


def _sample(items: Sequence[T], count: int, chance: random.Random) -> list[T]:
    return chance.sample(list(items), min(count, len(items)))
