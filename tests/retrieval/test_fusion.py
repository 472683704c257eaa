"""Fusing is pure arithmetic: literals by hand, and what must hold for any scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assistant.retrieval.fusion import Temperatures, completed, fused, log_softmax, probabilities
from assistant.retrieval.hybrid import NOTHING, order
from assistant.retrieval.word_queries import WordScore

T = Temperatures(dense=0.1, lexical=2.0)
SCORES = arrays(np.float64, st.integers(2, 20), elements=st.floats(-1, 1, width=32))


def test_log_softmax() -> None:
    assert np.exp(log_softmax(np.array([0.0, np.log(3) / 10]), 0.1)) == pytest.approx([0.25, 0.75])


def test_a_sure_ranker_outvotes_an_unsure_one() -> None:
    dense, held = np.array([0.9, 0.5, 0.5]), np.array([10.0, 10.1, 10.0])
    assert np.argmax(fused(dense, held, T)) == 0
    dense, held = np.array([0.80, 0.81, 0.80]), np.array([20.0, 8.0, 8.0])
    assert np.argmax(fused(dense, held, T)) == 0


def test_missing_cosines_stand_where_their_words_stand() -> None:
    dense = completed(np.array([0.8, 0.6, np.nan, np.nan, np.nan]), np.array([10.0, 0.0, 5.0, 99.0, -1.0]))
    assert dense.tolist() == pytest.approx([0.8, 0.6, 0.7, 0.8, 0.6])
    falling = completed(np.array([0.6, 0.8, np.nan]), np.array([10.0, 0.0, 10.0]))
    assert falling[2] == pytest.approx(0.75)


def test_without_cosines_words_decide() -> None:
    nothing = np.array([np.nan, np.nan])
    assert np.argmax(fused(nothing, np.array([1.0, 2.0]), T)) == 1
    assert len(fused(np.zeros(0), np.zeros(0), T)) == 0


@given(SCORES, st.data())
def test_shares_sum_to_one_and_better_in_both_is_better(dense: np.ndarray, data: st.DataObject) -> None:
    held = data.draw(arrays(np.float64, len(dense), elements=st.floats(0, 50, width=32)))
    logs = fused(dense, held, T)
    assert probabilities(logs).sum() == pytest.approx(1)
    for i in range(len(dense)):
        for j in range(len(dense)):
            if dense[i] >= dense[j] and held[i] >= held[j]:
                assert logs[i] >= logs[j] - 1e-9


def test_order_breaks_ties_by_id_and_scores_the_union() -> None:
    words = {7: NOTHING, 3: NOTHING, 9: WordScore(1.0, 2.0, 0.5)}
    rows = order({7: 0.5, 3: 0.5}, words, T)
    assert [row.id for row in rows] == [9, 3, 7]
    assert {row.id: row.dense for row in rows} == {3: 0.5, 7: 0.5, 9: None}
    assert rows[0].words == (1.0, 2.0, 0.5)
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert order({}, {}, T) == []


def test_what_decides_is_which_words_stand_there_not_how_often() -> None:
    often, all_once = WordScore(bm25=9.0, held=2.0, coverage=0.4), WordScore(bm25=7.0, held=5.0, coverage=1.0)
    assert [row.id for row in order({1: 0.5, 2: 0.5}, {1: often, 2: all_once}, T)] == [2, 1]


def test_a_vector_whose_words_are_gone_is_still_a_candidate() -> None:
    assert [row.id for row in order({1: 0.5, 2: 0.9}, {1: NOTHING}, T)] == [2, 1]
