"""Readers of the public sets, and the metrics over rankings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.embedders import arithmetic
from assistant.embedders.arithmetic import Precision
from assistant.embedders.hashed import HashedEmbedder
from assistant.retrieval.fusion import Temperatures
from assistant.retrieval.word_queries import WordScore
from evals.data import REPORTED, RetrievalSet, fitting_sets, from_pairs
from evals.fit_fusion import fitted, loss, recall
from evals.pool import BATCH, Scored, embedded
from evals.retrieval import as_ranking, cut, ranked, values

if TYPE_CHECKING:
    from assistant.seams import F32

COUNTS = {
    "cmrc2018": (3219, 848),
    "drcd": (3524, 1000),
    "qed": (1355, 1343),
    "scifact": (809, 5183),
    "cranfield": (225, 1400),
    "nfcorpus": (325, 3193),
    "squad_zh": (660, 338),
}


@pytest.mark.bench_data
@pytest.mark.parametrize("name", COUNTS)
def test_every_question_has_a_passage_that_answers(name: str, bench: Path) -> None:
    data = REPORTED[name](bench)
    assert (len(data.questions), len(data.passages)) == COUNTS[name]
    assert data.gold.keys() == data.questions.keys()
    assert all(any(passage in data.passages for passage in rows) for rows in data.gold.values())


@pytest.mark.bench_data
@pytest.mark.hardening
def test_fitting_sets_share_nothing_with_reported_ones(bench: Path) -> None:
    reported = [REPORTED[name](bench) for name in COUNTS]
    asked = {q for data in reported for q in data.questions.values()}
    told = {p for data in reported for p in data.passages.values()}
    for data in fitting_sets(bench, size=200):
        assert data.questions
        assert not asked & set(data.questions.values())
        assert not told & set(data.passages.values())


def test_equal_paragraphs_are_one_passage() -> None:
    data = from_pairs("toy", [("1", "who", "A"), ("2", "what", "B"), ("3", "when", "A")])
    assert data.passages == {"0": "A", "1": "B"}
    assert data.gold == {"1": {"0": 1}, "2": {"1": 1}, "3": {"0": 1}}
    assert list(data.head(2).questions) == ["1", "2"]


def test_recall_and_ndcg() -> None:
    toy = from_pairs("toy", [("1", "who", "A"), ("2", "what", "B")])
    assert values(toy, {"1": as_ranking(["0", "1"]), "2": as_ranking(["0", "1"])}) == [1.0, 0.0]
    graded = RetrievalSet("toy", "ndcg@10", toy.passages, toy.questions, {"1": {"0": 2}, "2": {"0": 1, "1": 1}})
    found = values(graded, {"1": as_ranking(["1", "0"]), "2": as_ranking(["0", "1"])})
    assert found == pytest.approx([1 / np.log2(3), 1.0])
    assert values(graded, {"1": {}, "2": as_ranking(["1"])})[0] == 0.0


def test_a_documents_best_passage_counts() -> None:
    assert as_ranking(["a", "b", "a"]) == {"a": 0.0, "b": -1.0}


def test_long_documents_are_cut_and_keep_their_questions() -> None:
    long = " ".join(f"Sentence number {n} says that the harbour is open on day {n}." for n in range(100))
    toy = from_pairs("toy", [("1", "when is the harbour open", long), ("2", "when did the vault open", "In 1931.")])
    searched, documents = cut(toy, by_blanks, {})
    assert len(searched.passages) > 3
    assert (list(documents.values()).count("1"), searched.passages["1#0"]) == (1, "In 1931.")
    assert set(documents.values()) == {"0", "1"}
    assert (searched.questions, searched.gold) == (toy.questions, toy.gold)


def test_a_title_stands_over_every_passage_of_its_document() -> None:
    body = " ".join(f"Sentence number {n} says that the harbour is open on day {n}." for n in range(100))
    toy = from_pairs("toy", [("1", "when is the harbour open", f"Opening days {body}")])
    searched, _ = cut(toy, by_blanks, {"0": "Opening days"})
    assert len(searched.passages) > 2
    assert all(text.startswith("Opening days\n") for text in searched.passages.values())
    assert all(text.count("Opening days") == 1 for text in searched.passages.values())


def by_blanks(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def test_each_ranker_alone_and_both() -> None:
    words = {1: WordScore(0.0, 0.0, 0.0), 2: WordScore(9.0, 7.0, 0.7), 3: WordScore(9.5, 7.0, 0.7)}
    row = Scored("q", {1: 0.9, 2: 0.85, 3: 0.1}, words)
    best = ranked(row)
    assert (best["dense"], best["lexical"]) == ([1, 2, 3], [3, 2, 1])
    assert best["fused"][0] == 2


def test_the_fit_trusts_the_ranker_that_is_right() -> None:
    chance = np.random.default_rng(0)
    rows = []
    for _ in range(60):
        right = np.arange(5) == 0
        scores = np.stack([chance.normal(0, 0.05, 5) + 0.1 * right, chance.normal(0, 3, 5)], axis=1)
        rows.append((scores, right))
    chosen = fitted({"fit-toy": rows})
    trust_in_dense, trust_in_words = 0.05 / chosen.dense, 3 / chosen.lexical
    assert trust_in_dense > 5 * trust_in_words
    assert recall(rows, chosen) > 0.7
    assert loss(rows, chosen) < loss(rows, Temperatures(0.05, 3.0))


class Counting(HashedEmbedder):
    """Says how many texts it was asked for."""

    precision: Precision = "bf16"
    asked = 0

    def embed_passages(self, texts: Sequence[str]) -> F32:
        self.asked += len(texts)
        return super().embed_passages(texts)


def test_a_cut_off_run_goes_on_at_its_block_and_int8_vectors_are_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"passage {n}" for n in range(2 * BATCH + 5)]
    embedder = Counting(32)
    embedded(embedder, "passages", texts[:BATCH], tmp_path)
    whole = embedded(embedder, "passages", texts, tmp_path)
    assert (len(whole), embedder.asked) == (len(texts), len(texts))
    assert np.allclose(embedded(embedder, "passages", texts, tmp_path), embedder.embed_passages(texts), atol=1e-3)
    assert embedder.asked == 2 * len(texts)
    monkeypatch.setattr(arithmetic, "processor_flags", lambda: frozenset({"avx512_vnni"}))
    embedder.precision = "int8"
    embedded(embedder, "passages", texts[:5], tmp_path)
    embedded(embedder, "passages", texts[:5], tmp_path)
    assert embedder.asked == 2 * len(texts) + 5
