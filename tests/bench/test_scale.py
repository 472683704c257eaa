"""What the benches compute beside times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.indexes.flat import FlatIndex
from assistant.retrieval.lexical import TantivyWords
from assistant.retrieval.word_queries import Scope
from bench.machine import encoder_flops, quantiles
from bench.query import NumberedStore, fill
from bench.real import exact, parts
from bench.texts import mixed


def test_flops_of_an_encoder_by_hand() -> None:
    dense = 2 * (4 * 4 + 2 * 2 * 8) * 3  # one layer, two wide, eight inside, three tokens
    assert encoder_flops([3], layers=1, hidden=2, inner=8) == dense + 4 * 2 * 9


def test_copies_are_unit_vectors_near_their_originals() -> None:
    base = np.eye(8, dtype=np.float32)
    ids, rows = next(iter(parts(base, 20, 0.5)))
    assert ids.tolist() == list(range(20))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.array_equal(rows[:8], base)
    assert (rows[8:16] * base).sum(axis=1).min() > 0.6


def test_exact_is_what_the_oracle_finds() -> None:
    chance = np.random.default_rng(0)
    base = chance.normal(size=(50, 16)).astype(np.float32)
    base /= np.linalg.norm(base, axis=1, keepdims=True)
    oracle = FlatIndex(16)
    for ids, rows in parts(base, 300, 0.5):
        oracle.add(ids, rows)
    expected = [{i for i, _ in row} for row in oracle.search(base[:5], 10)]
    assert exact(base, 300, 0.5, base[:5]) == expected


def test_mixed_texts_begin_with_the_real_ones() -> None:
    real = ["One sentence. Another one.", "A third. A fourth."]
    texts = list(mixed(real, 5))
    assert texts[:2] == [(text,) for text in real]
    assert [len(text) for text in texts] == [1, 1, 3, 3, 3]


def test_mixed_texts_are_found_by_their_words(tmp_path: Path) -> None:
    index = TantivyWords(tmp_path / "words", lambda _: 1)
    fill(index, [("A red boat.",), ("A blue car.", "Two boats met.")])
    assert [i for i, _ in index.search("blue boat", Scope([1]), 5)] == [1, 0]


def test_quantiles_are_in_milliseconds() -> None:
    assert quantiles([0.001, 0.002, 0.003]) == {"p50_ms": 2.0, "p95_ms": pytest.approx(2.9)}


def test_the_store_of_a_bench_gives_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.real.PART", 20)
    monkeypatch.setattr("bench.query.PART", 20)
    base = np.eye(8, dtype=np.float32)
    store = NumberedStore([("one", "two")] * 50, base, 0.5)
    rows = np.vstack([rows for _, rows in parts(base, 50, 0.5)])
    assert np.array_equal(store.vectors([18, 19, 20, 45], "any"), rows[[18, 19, 20, 45]])
    assert store.passages([3])[0].text == "one two"
