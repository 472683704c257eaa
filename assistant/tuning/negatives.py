"""Questions with a passage that looks right and does not answer: what teaches a reader to refuse.

Three kinds: another passage of the same set that a search puts near (`mining`) and that lacks the answer; the same
passage without the sentence that answers; the question with one name or number exchanged for another of the same look
(after the unanswerable questions of SQuAD 2.0, which people wrote that way).
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from assistant.tuning.mining import Near, near_by_words
from assistant.tuning.reading_sets import Row
from assistant.tuning.terms import alike

CANDIDATES = 8
LESS = {"dureader_checklist": 0.3}  # has many of its own
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])|(?<=[。！？；])")
NAME = re.compile(r"(?<=\s)[A-Z][\w'-]+(?: [A-Z][\w'-]+)*")
NUMBER = re.compile(r"\b\d[\d,.]*\d\b|\b\d\b")


def seeded(seed: int) -> random.Random:
    """A repeatable source of choices."""
    return random.Random(seed)  # noqa: S311 - nothing secret hangs on it


def add_negatives(
    rows: Sequence[Row], share: float, chosen: random.Random, near: Near = near_by_words, made: float = 0.5
) -> list[Row]:
    """`rows` and, for about `share` of the answerable ones, a second row that is not.

    `near` finds the passages to choose from; `made` is the part that changes the row's own passage or question instead.
    """
    picked = [row for row in rows if row.answerable and chosen.random() < share * LESS.get(row.source, 1)]
    return [*rows, *negatives(picked, rows, chosen, near, made)]


def negatives(picked: Sequence[Row], pool: Sequence[Row], chosen: random.Random, near: Near, made: float) -> list[Row]:
    """One unanswerable row for most of `picked`: `made` of them in equal parts by both changes, the others mined."""
    to_mine: list[Row] = []
    changed: list[Row] = []
    names = _surface(pool)
    for row in picked:
        kind = chosen.random()
        other = without_answer(row) if kind < made / 2 else exchanged(row, names, chosen) if kind < made else None
        if other:
            changed.append(other)
        else:
            to_mine.append(row)
    return changed + mine(to_mine, pool, chosen, near)


def without_answer(row: Row) -> Row | None:
    """The passage without the sentences that hold an answer; None when too little is left."""
    sentences = SENTENCE_END.split(row.passage)
    kept = [sentence for sentence in sentences if not any(answer in sentence for answer in row.answers)]
    glue = "" if row.language == "zh" else " "
    if row.start is None or len(kept) < 2 or len(kept) == len(sentences):
        return None
    passage = glue.join(kept)
    return None if any(answer in passage for answer in row.answers) else _refused(row, passage=passage)


def exchanged(row: Row, names: dict[str, list[str]], chosen: random.Random) -> Row | None:
    """The question with a name or number that the passage holds changed into one that it does not."""
    for pattern, key in ((NUMBER, "number"), (NAME, "name")):
        found = [match for match in pattern.finditer(row.question) if match.group() in row.passage]
        if not found or not names.get(key):
            continue
        match = chosen.choice(found)
        other = chosen.choice(names[key])
        if other not in row.passage:
            question = row.question[: match.start()] + other + row.question[match.end() :]
            return _refused(row, question=question)
    return None


def mine(picked: Sequence[Row], pool: Sequence[Row], chosen: random.Random, near: Near = near_by_words) -> list[Row]:
    """For each row one of the nearest passages of its set that holds no answer and is not nearly the same text."""
    found: list[Row] = []
    by_set: dict[str, list[Row]] = defaultdict(list)
    for row in picked:
        by_set[row.source].append(row)
    for source, rows in by_set.items():
        passages = list(dict.fromkeys(row.passage for row in pool if row.source == source))
        for row, places in zip(rows, near(rows, passages, CANDIDATES), strict=True):
            others = [passages[place] for place in places if not _holds(passages[place], row)]
            if others:
                found.append(_refused(row, passage=chosen.choice(others[:3])))
    return found


def _holds(passage: str, row: Row) -> bool:
    low = passage.lower()
    return any(answer.lower() in low for answer in row.answers) or alike(passage, row.passage)


def _surface(pool: Sequence[Row]) -> dict[str, list[str]]:
    """Names and numbers that questions of the pool use, each once."""
    found: dict[str, dict[str, None]] = {"name": {}, "number": {}}
    for row in pool:
        found["name"].update(dict.fromkeys(NAME.findall(row.question)))
        found["number"].update(dict.fromkeys(NUMBER.findall(row.question)))
    return {key: list(values) for key, values in found.items()}


def _refused(row: Row, question: str | None = None, passage: str | None = None) -> Row:
    return replace(row, question=question or row.question, passage=passage or row.passage, answers=(), start=None)
