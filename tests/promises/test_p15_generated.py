"""Promise 15 for a model's words: every number of a sentence that carries a citation stands in a passage it was sent.

Sentences of the public sets are said again with one number changed to one that stands in none of the passages; each
must come out marked `[?]`. As they are they must come out cited: else the first would show nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.readers.facts import numbers
from assistant.readers.generative import Checked
from assistant.textual import sentences
from assistant.types import Claim
from evals.answer_sets import SETS
from tests.memory import MemoryStore

FULL = (pytest.mark.hardening, pytest.mark.timeout(7200))
DIGITS = re.compile(r"\d+")
LISTED = re.compile(r"\d{1,2}[.)、]")
TITLES = ("alpha.txt", "beta.txt", "gamma.txt", "delta.txt", "epsilon.txt", "zeta.txt")
SHORTEST, LONGEST = 20, 300


def said(store: MemoryStore, sentence: str) -> Claim | None:
    """What became of a sentence of a model; None where it claims nothing, or falls into several."""
    made = Checked("", store.all, store.document)
    for _ in made.feed(sentence):
        pass
    for _ in made.close():
        pass
    return made.claims[0] if len(made.claims) == 1 else None


def changed(sentence: str, sent: list[str]) -> Iterator[str]:
    """The sentence once for each run of its digits, with other digits in their place, so that none of the passages
    holds these digits, nor, in digits or in words, the number that they now make."""
    there = [number for text in sent for number in numbers(text)]
    digits = {int(found) for text in sent for found in DIGITS.findall(text)}
    own = numbers(sentence)
    said = {number.value for number in own}
    for found in DIGITS.finditer(sentence):
        if LISTED.match(sentence) and found.end() <= 2:
            continue
        for other in itertools.count(int(found[0]) + 1):
            made = sentence[: found.start()] + str(other) + sentence[found.end() :]
            held = any(new.equals(old) for new in numbers(made) - own for old in there)
            if other % 10 and other not in digits | said and not held:  # 4.10 is 4.1
                yield made
                break


def counted(paragraphs: list[str], most: int) -> tuple[int, int, int, list[tuple[str, str]]]:
    """(sentences said as they are, of these cited, changed ones, those of them that passed), six passages at a time."""
    whole = cited = false = 0
    passed: list[tuple[str, str]] = []
    for at in range(len(paragraphs)):
        sent = paragraphs[at : at + 6]
        store = MemoryStore(dict(zip(TITLES, sent, strict=False)))
        for start, end in sentences(paragraphs[at]):
            sentence = paragraphs[at][start:end]
            claim = said(store, sentence) if numbers(sentence) and DIGITS.search(sentence) else None
            if claim is None or not SHORTEST <= len(sentence) <= LONGEST:
                continue
            whole += 1
            cited += claim.supported
            for other in changed(sentence, sent):
                false += 1
                if (claim := said(store, other)) is not None and claim.supported:
                    passed.append((sentence, other))
        if whole >= most:
            break
    return whole, cited, false, passed


@pytest.mark.bench_data
@pytest.mark.parametrize("most", [pytest.param(40, id="quick"), pytest.param(10**6, id="full", marks=FULL)])
@pytest.mark.parametrize("name", ["qed", "cmrc2018"])
def test_p15_a_changed_number_never_passes(
    name: str, most: int, bench: Path, record_property: Callable[[str, object], None]
) -> None:
    whole, cited, false, passed = counted(list(SETS[name](bench).paragraphs.values()), most)
    record_property(f"{name}: sentences, cited as they are, changed, passed", (whole, cited, false, len(passed)))
    assert passed == []
    assert false > whole >= min(most, 300)
    assert cited > 0.95 * whole
