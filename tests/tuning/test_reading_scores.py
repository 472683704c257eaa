from __future__ import annotations

import math

import pytest

from assistant.tuning.reading_scores import Reading, auc, f1, scores, units
from assistant.tuning.reading_sets import Row


def test_units_are_words_and_chinese_characters() -> None:
    assert units("The 2nd 中国, U.S.") == ["2nd", "中", "国", "u", "s"]


@pytest.mark.parametrize(
    ("said", "right", "expected"),
    [
        ("1990s", "the 1990s", 1.0),
        ("in the late 1990s", "1990s", 0.5),  # 1 of 3 words, 1 of 1: 2 x 1 / 4
        ("巴黎市", "巴黎", 0.8),  # 2 of 3, 2 of 2: 2 x 2 / 5
        ("dog", "cat", 0.0),
        ("", "", 1.0),
    ],
)
def test_f1(said: str, right: str, expected: float) -> None:
    assert f1(said, right) == pytest.approx(expected)


def test_auc_counts_pairs_and_halves_ties() -> None:
    # pairs: 2 > 1, 2 > 0, 1 = 1 (half), 1 > 0
    assert auc([2.0, 1.0, 1.0, 0.0], [True, True, False, False]) == 3.5 / 4
    assert math.isnan(auc([1.0], [True]))


def test_scores_of_a_small_set() -> None:
    answered = Row("s", "en", "q", "Anna was born in Oslo", ("Oslo",), 17)
    refused = Row("s", "en", "q", "Nothing here")
    free = Row("s", "en", "q", "long text", ("worded freely",))
    found = scores(
        [Reading(answered, "in Oslo", 2.0, 1.0), Reading(refused, "Nothing", 0.0, 3.0), Reading(free, "long", 1.0, 0.0)]
    )
    assert found["em"] == 0.0
    assert found["f1"] == pytest.approx(2 / 3)
    assert found["auc_answerable"] == 1.0
    assert found["auc_span"] == 0.0
    assert (found["n"], found["answerable"]) == (3, 2)
