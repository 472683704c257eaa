"""The confidence: a logistic regression over scores, and its fit."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.readers.confidence import Calibration, evidence, features, is_stated, packaged
from assistant.types import Hit, Passage
from evals.abstention import EXCHANGED, Example, _threshold, fit, logistic, probability
from evals.statistics import area, mean


def hit(text: str, score: float = 0.9, dense: float | None = 0.5, held: float | None = None) -> Hit:
    return Hit(Passage(1, "c", "d", 0, len(text), text), score, dense, 3.0, held=held)


def test_probability_by_hand() -> None:
    one = Calibration(("a", "b"), (1.0, 0.0), (2.0, 1.0), (2.0, 5.0), 0.0, 0.5)
    assert one.probability({"a": 1.0, "b": 0.0}) == 0.5
    assert one.probability({"a": 2.0}) == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert 0 < one.probability({"a": -1e9}) < one.probability({"a": 1e9}) < 1


def test_words_count_only_within_a_language() -> None:
    same = features("How tall is the tower?", [hit("The tower is 330 metres tall.")], 0)
    other = features("塔有多高？", [hit("The tower is 330 metres tall.")], 0)
    assert same["coverage"] == 1.0
    assert "coverage" not in other
    assert "cosine" in other
    assert "cosine" not in features("How tall?", [hit("Tall.", dense=None)], 0)


def test_the_lead_is_over_the_tenth_or_what_the_tenth_usually_is() -> None:
    many = [hit("Tall.", dense=0.6 - 0.05 * place) for place in range(11)]
    assert features("How tall?", many, 1)["lead"] == pytest.approx(0.55 - 0.15)
    assert features("How tall?", many[:9], 1)["lead"] == pytest.approx(0.55 - 0.22)


def test_evidence_is_high_where_both_rankers_set_one_passage_apart() -> None:
    first, second = hit("a", dense=0.6, held=12.0), hit("b", dense=0.2, held=0.0)
    assert evidence([first]) == 0.0
    assert evidence([first, first]) == pytest.approx(2 * np.log(0.5))
    sure = evidence([first, second])
    split = evidence([hit("a", dense=0.6, held=0.0), hit("b", dense=0.2, held=12.0)])
    assert sure is not None
    assert split is not None
    assert -0.1 < sure < 0
    assert split < -2
    assert evidence([first, hit("b", dense=0.2)]) is None


def test_what_is_asked_may_be_stated_word_for_word() -> None:
    assert is_stated("没有网络也能使用吗？", "安装完成后，没有网络也能使用。")
    assert not is_stated("没有网络也能使用吗？", "没有网络，也不能使用。")
    assert not is_stated("能用吗？", "没有网络也能用。")
    assert is_stated("The harbour opens at nine?", "In summer, the harbour opens at nine.")


def test_a_question_without_its_mark_has_a_weight_of_its_own() -> None:
    hits = [hit("The tower is 330 metres tall.")]
    assert features("How tall is the tower?", hits, 0, [2.0])["answerable"] == 2.0
    typed = features("how tall is the tower", hits, 0, [2.0])
    assert typed["answerable_typed"] == 2.0
    assert "answerable" not in typed


def test_the_packaged_coefficients_are_complete() -> None:
    for row in packaged().values():
        assert len(row.names) == len(row.mean) == len(row.scale) == len(row.weights)
        assert 0 < row.threshold < 1


def test_logistic_finds_the_direction() -> None:
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    weights, bias = logistic(x, np.array([0.0, 0.0, 1.0, 1.0]), np.ones(4), ridge=0.1)
    assert weights[0] > 0
    assert bias == pytest.approx(0.0, abs=1e-6)


def test_a_fit_refuses_few_of_the_answerable_and_most_twins() -> None:
    chance = np.random.default_rng(0)
    rows = [
        Example(
            language, {"x": float(chance.normal(2.0 if there else -2.0)), "y": float(chance.normal())}, there, there
        )
        for language in ("en", "zh")
        for _ in range(100)
        for there in (True, False)
    ]
    fitted = fit(rows)
    for language in ("en", "zh"):
        assert fitted["reached"][language]["wrongly_refused"] <= 0.1
        assert fitted["reached"][language]["twins_abstain"] >= 0.9
    assert probability(fitted, {"x": 3.0, "y": 0.0}) > 0.9


def test_the_kind_that_is_refused_most_sets_the_threshold_unless_its_names_are_exchanged() -> None:
    rows = [
        Example("en", {"x": float(place)}, there, there, kind=kind)
        for kind, places in (("typed", range(100)), ("written", [50] * 400), (EXCHANGED, [0] * 300))
        for place in places
        for there in (True, False)
    ]
    sure = np.array([row.features["x"] for row in rows])
    assert _threshold(rows, sure) == 8.0  # 0.08 of one kind and none of the other


def test_intervals_and_area() -> None:
    metric = mean([1.0, 0.0] * 200)
    assert metric.value == 0.5
    assert 0.44 < metric.low < 0.5 < metric.high < 0.56
    assert area([4, 3, 2, 1], [True, True, False, False]) == pytest.approx(0.14583, abs=1e-5)
    assert area([4, 3, 2, 1], [False, True, True, True]) == pytest.approx(0.61458, abs=1e-5)
    assert area([1, 1, 0, 0], [True, False, True, False]) == 0.5
