"""What the packaged reader may learn from: allowed sets, without anything that a reported benchmark holds.

Rule: a reported figure comes from data that trained and tuned nothing. So every row whose question or
passage stands in a reported set is dropped (texts compared without case, width, blanks and punctuation),
and a tenth of the passages, chosen by hash, is kept apart as `dev` for thresholds and temperatures.
"""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.readers.span_input import as_written
from assistant.tuning.mining import Near, near_by_words
from assistant.tuning.negatives import add_negatives, seeded
from assistant.tuning.reading_sets import SETS, Row, read_json, read_text

REPORTED = (
    "qed/qed-dev.jsonlines.gz",
    "cmrc2018/cmrc2018_dev.json.gz",
    "drcd/DRCD_dev.json.gz",
    "squad2/dev-v2.0.part.json.gz",
    "squad_zh/dev-v2.0-zh.part.json.gz",
    "scifact/*",
    "nfcorpus/*",
    "cranfield/*",
    "wtq/random-split-1-dev.tsv",
    "tabfact/val_examples.json.gz",
    "gsm8k/test*",
    "aqua/*",
    "rgb/*",
    "falseqa/*",
    "multihop/*",
    "pubmedqa/*",
    "filings/*.csv",
)
SHARES = {"policyqa": 0.15, "qamr": 0.06, "multireqa": 0.1}  # generic or one-sentence questions: fewer of them
COPIES = {"dureader_robust": 3, "dureader_checklist": 3, "cmrc2018": 3}  # answerable ones: Chinese is scarce
DEV_TENTH = 10


@dataclass(frozen=True)
class Example:
    """A dev example: `answers` is empty where the passage does not answer."""

    question: str
    passage: str
    answers: tuple[str, ...]
    language: str
    source: str


def normal(text: str) -> str:
    """Letters and digits only, in one case and width.

    >>> normal("Who was Ｂob,  the 2nd?")
    'whowasbobthe2nd'
    """
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


@lru_cache(maxsize=2)
def reported_texts(data: Path) -> frozenset[str]:
    """Every text of the reported sets, normalised; lists of sentences also as one text."""
    texts: set[str] = set()
    for pattern in REPORTED:
        for path in sorted(data.glob(pattern)):
            if path.is_file():
                texts.update(normal(text) for text in _texts(path))
    return frozenset(text for text in texts if text)


def _texts(path: Path) -> Iterator[str]:
    name = path.name.removesuffix(".gz")
    if name.endswith((".json", ".jsonl", ".jsonlines")):
        yield from _strings(read_json(path))
    elif name.endswith(".csv"):
        for record in csv.reader(io.StringIO(read_text(path))):
            yield from record
    else:
        for line in read_text(path).splitlines():
            yield from line.split("\t")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield " ".join(value)
        for item in value:
            yield from _strings(item)


def is_dev(passage: str) -> bool:
    """A tenth of all passages, by the first 8 hexadecimal digits of their SHA-256."""
    return int(hashlib.sha256(passage.encode("utf-8")).hexdigest()[:8], 16) % DEV_TENTH == 0


@lru_cache(maxsize=2)
def allowed_rows(data: Path) -> tuple[Row, ...]:
    """All rows of the training sets that no reported set shares a question or passage with."""
    reported = reported_texts(data)
    rows = (row for load in SETS.values() for row in load(data))
    return tuple(row for row in rows if not {normal(row.question), normal(row.passage)} & reported)


def dev_rows(data: Path) -> list[Row]:
    return [row for row in allowed_rows(data) if is_dev(row.passage)]


def train_rows(data: Path) -> list[Row]:
    """Rows to learn from: neither dev passages nor, in nqswap (same question, exchanged answers), dev questions."""
    asked = {normal(row.question) for row in dev_rows(data) if row.source == "nqswap"}
    return [
        row
        for row in allowed_rows(data)
        if not is_dev(row.passage) and not (row.source == "nqswap" and normal(row.question) in asked)
    ]


def dev_examples(data: Path, negatives: float = 0.0, seed: int = 0) -> list[Example]:
    """The held-out tenth, in a fixed order; for calibration, never learned from.

    `negatives` adds that share of the answerable ones again with a passage (of the dev part) that does not
    answer. Rows without a stated answer place keep their answers (clapnq: long, freely worded).
    """
    rows = dev_rows(data)
    if negatives:
        rows = add_negatives(rows, negatives, seeded(seed))
    return [Example(row.question, row.passage, row.answers, row.language, row.source) for row in rows]


@dataclass(frozen=True)
class Mix:
    """What one epoch is made of.

    `negatives`: part of the answerable questions that get one; with `near` by meaning too, seven in ten are mined,
    else half. `typed`: part of the English questions that lose their capitals. `shares`: how often a set's rows come,
    in place of SHARES.
    """

    negatives: float = 0.35
    near: Near = near_by_words
    typed: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)


PLAIN = Mix()


def training_mix(data: Path, seed: int = 0, mix: Mix = PLAIN) -> list[Row]:
    """One epoch in random order: sets by their shares and COPIES, plus fresh negatives."""
    chosen = seeded(seed)
    shares = SHARES | dict(mix.shares)
    rows: list[Row] = []
    for row in train_rows(data):
        share = shares.get(row.source, 1.0)
        times = int(share) + (chosen.random() < share - int(share))
        rows.extend([row] * (times * (COPIES.get(row.source, 1) if row.answerable else 1)))
    rows = add_negatives(rows, mix.negatives, chosen, mix.near, made=0.5 if mix.near is near_by_words else 0.3)
    if mix.typed:
        rows = [as_typed(row) if chosen.random() < mix.typed else row for row in rows]
    chosen.shuffle(rows)
    return rows


def as_typed(row: Row) -> Row:
    """An English question in small letters, one without a mark as the reader will be given it; another row as it is."""
    return replace(row, question=as_written(row.question.lower())) if row.language == "en" else row


def counts(rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """(answerable, unanswerable) by set, for the model card."""
    table: dict[str, tuple[int, int]] = {}
    for row in rows:
        yes, no = table.get(row.source, (0, 0))
        table[row.source] = (yes + row.answerable, no + (not row.answerable))
    return table
