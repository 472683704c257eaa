"""Pools that the fusion is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.retrieval.fusion import Temperatures
from evals.fit_fusion import alone, fitted
from evals.fusion_sets import apart, fusion_set, pieces


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def test_near_copies_are_left_out() -> None:
    first = "The bridge over the Aare was built in 1844 by Swiss engineers"
    other = "The bridge over the Aare was built in 1902 by Swiss engineers"
    assert apart([first, other, "Ferries cross the lake twice a day"]) == [first, "Ferries cross the lake twice a day"]


def test_a_short_paragraph_is_one_passage_and_a_long_one_several() -> None:
    assert pieces("The vault opened in 1931.", words) == ["The vault opened in 1931."]
    sentences = [f"Sentence number {n} says that the harbour is open on day {n}." for n in range(100)]
    cut = pieces(" ".join(sentences), words)
    assert len(cut) > 2
    assert all(any(sentence in part for part in cut) for sentence in sentences)


def test_every_kind_counts_the_same_and_one_can_be_left_out() -> None:
    by_dense = [(np.array([[0.9, 1.0], [0.1, 2.0]]), np.array([True, False]))]
    by_words = [(np.array([[0.9, 1.0], [0.1, 9.0]]), np.array([False, True]))]
    tables = {"dense": by_dense * 50, "words": by_words}
    assert fitted(tables, without={"words"}).lexical > fitted(tables, without={"dense"}).lexical
    assert (alone(by_words, 0), alone(by_words, 1)) == (0.0, 1.0)
    assert isinstance(fitted(tables), Temperatures)


@pytest.mark.bench_data
@pytest.mark.hardening
def test_questions_have_a_passage_in_the_pool(bench: Path) -> None:
    made = fusion_set(bench, "zh", lambda texts: [len(text) for text in texts], most=100)
    assert {kind: len(asked) for kind, asked in made.kinds.items()} == {"typed": 100, "written": 100}
    assert all(made.data.gold[q].keys() <= made.data.passages.keys() for q in made.data.questions)
