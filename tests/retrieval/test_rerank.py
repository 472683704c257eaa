"""The second look moves hits by how much the reader is sure."""

from __future__ import annotations

import pytest

from assistant.retrieval.rerank import Reranker, reordered
from assistant.types import Hit, Passage, Question


def hit(number: int, score: float) -> Hit:
    return Hit(Passage(number, "c", "d", 0, 1, str(number)), score)


def test_equal_logits_change_nothing() -> None:
    hits = [hit(1, 0.6), hit(2, 0.3), hit(3, 0.1)]
    again = reordered(hits, [2.0, 2.0, 2.0], 0.5)
    assert [(h.passage.id, pytest.approx(h.score)) for h in again] == [(1, 0.6), (2, 0.3), (3, 0.1)]


def test_a_sure_reader_lifts_and_shares_stay_shares() -> None:
    again = reordered([hit(1, 0.6), hit(2, 0.3), hit(3, 0.1)], [-3.0, 3.0, -3.0], 0.5)
    assert [h.passage.id for h in again] == [2, 1, 3]
    assert sum(h.score for h in again) == pytest.approx(1.0)
    assert again[0].score == pytest.approx(0.3 * 20.0855 / (0.3 * 20.0855 + 0.7), rel=1e-3)


def test_only_the_top_is_read() -> None:
    asked: list[list[str]] = []

    def logits(question: str, texts: list[str]) -> list[float]:
        asked.append(texts)
        return [float(text) for text in texts]

    order = Reranker(logits, weight=9.0, top=2)(Question("q", ("c",)), [hit(1, 0.5), hit(2, 0.4), hit(9, 0.1)])
    assert [h.passage.id for h in order] == [2, 1, 9]
    assert asked == [["1", "2"]]
