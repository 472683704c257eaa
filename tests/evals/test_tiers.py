"""What stands unmarked in a checked answer is found from the text alone."""

from __future__ import annotations

import pytest

from evals.statistics import share
from evals.tiers import unmarked


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("It is blue. [1] It is old. [?]", []),
        ("It is blue. It is old. [?]", ["It is blue."]),
        ("It is blue. [1][2] It is old.", ["It is old."]),
        ("The passages do not answer this question.", []),
        ("Here is what I found:\n\n- It is blue. [1]", []),
        ("| Ann [1] | 31 |\n| Bo | 40 |", ["| Bo | 40 |"]),
        ("它是蓝色的。[1]它很老。", ["它很老。"]),
    ],
)
def test_only_sentences_that_claim_something_need_a_mark(text: str, bare: list[str]) -> None:
    assert unmarked(text, "What is it?") == bare


def test_a_share_of_parts_is_over_all_wholes() -> None:
    found = share([1, 0, 2], [2, 2, 4])
    assert found.value == 0.375
    assert 0 <= found.low <= found.value <= found.high <= 0.5
