"""Promise 15 for a model's words: no sentence whose number was changed passes as one of the documents.

Sentences of the public sets are said again by a "model" with one number changed to one that stands in no passage it was
sent; each must come out marked `[?]`. As they are they must come out cited: else nothing would be shown by the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.answering.language import language
from assistant.readers.facts import numbers
from assistant.readers.generative import Checked
from assistant.textual import sentences
from assistant.types import Claim
from evals.answer_sets import SETS
from tests.memory import MemoryStore

QUICK = 40
DIGITS = re.compile(r"\d+")
SHORTEST, LONGEST = 20, 300


def said(store: MemoryStore, sentence: str) -> Claim | None:
    """What became of a sentence of a model; None where it claims nothing, or falls into several."""
    made = Checked("", store.all, store.document)
    for _ in made.feed(sentence):
        pass
    for _ in made.close():
        pass
    return made.claims[0] if len(made.claims) == 1 else None


def changed(sentence: str, others: str) -> Iterator[str]:
    """The sentence once for each of its numbers, with another number in its place that stands nowhere in `others`."""
    there = set(DIGITS.findall(others))
    for found in DIGITS.finditer(sentence):
        number = int(found[0])
        other = next(n for n in range(number + 1, number + 10_000) if str(n) not in there)
        yield sentence[: found.start()] + str(other) + sentence[found.end() :]


def counted(paragraphs: list[str], most: int) -> tuple[int, int, int, list[tuple[str, str]]]:
    """(sentences said as they are, of these cited, changed ones, those of them that passed), six passages at a time."""
    whole = cited = false = 0
    passed: list[tuple[str, str]] = []
    for at in range(len(paragraphs)):
        sent = paragraphs[at : at + 6]
        store = MemoryStore({f"{n}.txt": text for n, text in enumerate(sent)})
        for start, end in sentences(paragraphs[at]):
            sentence = paragraphs[at][start:end]
            claim = said(store, sentence) if numbers(sentence) and DIGITS.search(sentence) else None
            if claim is None or not SHORTEST <= len(sentence) <= LONGEST:
                continue
            whole += 1
            cited += claim.supported
            for other in changed(sentence, "\n".join(sent)):
                false += 1
                if (claim := said(store, other)) is not None and claim.supported:
                    passed.append((sentence, other))
        if whole >= most:
            break
    return whole, cited, false, passed
