"""Statements with what bears them out, contradicts them, or says nothing of them (SPLITS.md: support checking)."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.answering.terms import terms
from assistant.types import Passage

Label = Literal["supported", "contradicted", "silent"]
OTHERS = 200
"""Passages of other statements among which the nearest is one that says nothing of a statement."""
_PAIRS = (("-LRB- ", "("), (" -RRB-", ")"), ("-LSB- ", "["), (" -RSB-", "]"), ("`` ", "“"), (" ''", "”"), (" 's", "'s"))
_SUBJECT = re.compile(
    r"(?:[A-Z][\w.'’-]*|of|the|and|in|de|la)(?: (?:[A-Z][\w.'’-]*|\d+|of|the|and|in|de|la(?= [A-Z])))*"
)


@dataclass(frozen=True)
class Pair:
    """A statement and a passage. `source` names the public set."""

    sentence: str
    passage: Passage
    label: Label
    source: str


def fever(data: Path, limit: int | None = None, seed: int = 0) -> list[Pair]:
    """Each statement with its own evidence, and supported ones once more with the nearest evidence of others.

    The set names no pages: evidence that begins with "He" gets the name that its statement begins with as the
    document's name, as in the product headings and file names say what a passage is about.
    """
    with gzip.open(data / "fever" / "validation.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(seed).shuffle(rows)
    rows = rows[: limit or len(rows)]
    passages = [_passage(n, " ".join(map(words, row["evidence"])), row["claim"]) for n, row in enumerate(rows)]
    found = []
    chance = random.Random(seed)
    for n, row in enumerate(rows):
        label: Label = "supported" if row["label"] == "SUPPORTS" else "contradicted"
        found.append(Pair(row["claim"], passages[n], label, "fever"))
        if label == "supported":
            others = [
                p for p in chance.sample(passages, min(OTHERS, len(passages))) if p.document != passages[n].document
            ]
            near = max(others, key=lambda p: len(terms(row["claim"]) & terms(p.text)))
            found.append(Pair(row["claim"], near, "silent", "fever"))
    return found


def inference(data: Path, limit: int | None = None) -> Iterator[Pair]:
    """control (English, long passages) and ocnli (Chinese, one sentence), for measuring only."""
    labels: dict[str, Label] = {
        "entailment": "supported",
        "contradiction": "contradicted",
        "neutral": "silent",
        "e": "supported",
        "c": "contradicted",
        "n": "silent",
    }
    for name, file, premise, hypothesis in (
        ("control", "dev.jsonl.gz", "premise", "hypothesis"),
        ("ocnli", "train.10k.json.gz", "sentence1", "sentence2"),
    ):
        with gzip.open(data / name / file, "rt", encoding="utf-8") as lines:
            rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        kept = [row for row in rows if row["label"] in labels][: limit or len(rows)]
        for n, row in enumerate(kept):
            yield Pair(
                row[hypothesis], Passage(n, name, "", 0, len(row[premise]), row[premise]), labels[row["label"]], name
            )


def averitec(data: Path) -> Iterator[Pair]:
    """Claims with the answers found for them on the web, as one passage; for measuring only."""
    labels: dict[str, Label] = {
        "Supported": "supported",
        "Refuted": "contradicted",
        "Not Enough Evidence": "silent",
    }
    with gzip.open(data / "averitec" / "dev.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    for n, row in enumerate(rows):
        if row["label"] in labels:
            text = "\n\n".join(f"{q['question']} {a['answer']}" for q in row["questions"] for a in q["answers"])
            yield Pair(row["claim"], Passage(n, "averitec", "", 0, len(text), text), labels[row["label"]], "averitec")


def words(text: str) -> str:
    """Tokenised text as people write it.

    >>> words("Penn 's film -LRB- 1999 -RRB- , won .")
    "Penn's film (1999), won."
    """
    for token, mark in _PAIRS:
        text = text.replace(token, mark)
    return re.sub(r" ([,.;:!?%])", r"\1", text)


def _passage(n: int, text: str, claim: str) -> Passage:
    subject = _SUBJECT.match(claim)
    return Passage(n, "fever", subject[0] if subject else "", 0, len(text), text)
