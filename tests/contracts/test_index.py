"""Seam Index: every implementation against literals and against the oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.errors import StorageError
from assistant.indexes import faiss as faiss_module
from assistant.indexes.faiss import FaissIndex
from assistant.indexes.flat import FlatIndex
from assistant.indexes.generations import published

EAST, NORTH, WEST = np.eye(2, dtype=np.float32)[0], np.eye(2, dtype=np.float32)[1], np.array([-1, 0], np.float32)
NORTH_EAST = np.array([0.6, 0.8], np.float32)
KINDS = ["flat", "faiss"]


def build(kind: str, dim: int = 2) -> FlatIndex | FaissIndex:
    return FlatIndex(dim, "toy") if kind == "flat" else FaissIndex(dim, "toy")


def ids(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def rows(*values: np.ndarray) -> np.ndarray:
    return np.stack(values).astype(np.float32)


def compass(kind: str) -> FlatIndex | FaissIndex:
    index = build(kind)
    index.add(ids(7, 5_000_000_000, 3), rows(EAST, NORTH, WEST))
    return index


def found(index: FlatIndex | FaissIndex, query: np.ndarray, k: int = 10, **filters: np.ndarray) -> list[int]:
    return [i for i, _ in index.search(rows(query), k, **filters)[0]]


@pytest.mark.parametrize("kind", KINDS)
class TestIndex:
    def test_best_first_with_cosines(self, kind: str) -> None:
        hits = compass(kind).search(rows(NORTH_EAST, WEST), 2)
        assert [[i for i, _ in row] for row in hits] == [[5_000_000_000, 7], [3, 5_000_000_000]]
        assert [round(score, 3) for _, score in hits[0]] == [0.8, 0.6]

    def test_k_may_exceed_the_size_and_an_empty_index_finds_nothing(self, kind: str) -> None:
        assert found(compass(kind), EAST, 50) == [7, 5_000_000_000, 3]
        assert build(kind).search(rows(EAST), 3) == [[]]

    def test_adding_an_id_again_replaces_it(self, kind: str) -> None:
        index = compass(kind)
        index.add(ids(3, 3), rows(WEST, NORTH_EAST))
        assert found(index, NORTH_EAST, 1) == [3]
        assert len(index) == 3

    def test_removed_ids_are_gone_at_once(self, kind: str) -> None:
        index = compass(kind)
        assert index.remove(ids(7, 99)) == 1
        assert found(index, EAST) == [5_000_000_000, 3]
        assert len(index) == 2
        with pytest.raises(KeyError):
            index.rows(ids(7))

    def test_allowed_and_excluded(self, kind: str) -> None:
        index = compass(kind)
        assert found(index, EAST, allowed=ids(3, 5_000_000_000, 12)) == [5_000_000_000, 3]
        assert found(index, EAST, excluded=ids(7)) == [5_000_000_000, 3]
        assert found(index, EAST, allowed=ids(7, 3), excluded=ids(7)) == [3]
        assert found(index, EAST, allowed=ids()) == []

    def test_ties_are_broken_by_id(self, kind: str) -> None:
        index = build(kind)
        order = np.random.default_rng(0).permutation(40)
        index.add(order.astype(np.int64), np.tile(EAST, (40, 1)))
        assert found(index, EAST, 5) == [0, 1, 2, 3, 4]

    def test_rows_are_the_stored_vectors_in_the_order_asked_for(self, kind: str) -> None:
        index = compass(kind)
        assert np.allclose(index.rows(ids(3, 7)), rows(WEST, EAST), atol=1e-3)

    def test_saved_and_loaded_it_is_the_same(self, kind: str, tmp_path: Path) -> None:
        index = compass(kind)
        index.remove(ids(7))
        index.save(tmp_path / "one")
        again = type(index).load(tmp_path / "one")
        assert (again.encoder, len(again), found(again, EAST)) == ("toy", 2, [5_000_000_000, 3])
        assert not list(tmp_path.glob(".*"))

    def test_a_damaged_folder_is_noticed(self, kind: str, tmp_path: Path) -> None:
        compass(kind).save(tmp_path / "one")
        file = tmp_path / "one" / "ids.npy"
        raw = bytearray(file.read_bytes())
        raw[-3] ^= 1
        file.write_bytes(raw)
        with pytest.raises(StorageError):
            type(build(kind)).load(tmp_path / "one")
        file.unlink()
        with pytest.raises(StorageError):
            type(build(kind)).load(tmp_path / "one")


@pytest.fixture
def crowd() -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(3000, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.arange(3000, dtype=np.int64) * 3, vectors


@pytest.mark.parametrize("threads", [1, 3])
def test_as_the_oracle_says(
    threads: int, crowd: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faiss_module, "WORTH_A_THREAD", 500)
    monkeypatch.setattr(faiss_module, "_thread_count", lambda: threads)
    numbers, vectors = crowd
    oracle, index = FlatIndex(32), FaissIndex(32)
    for each in (oracle, index):
        each.add(numbers, vectors)
        each.remove(numbers[::7])
        each.add(numbers[:100], vectors[100:200])
    allowed, excluded = numbers[500:1500], numbers[1000:1100]
    queries = vectors[:50]
    for filters in ({}, {"allowed": allowed}, {"excluded": excluded}, {"allowed": allowed, "excluded": excluded}):
        expected = [{i for i, _ in row} for row in oracle.search(queries, 10, **filters)]
        got = [{i for i, _ in row} for row in index.search(queries, 10, **filters)]
        assert np.mean([len(a & b) / 10 for a, b in zip(expected, got)]) >= 0.99


def test_few_allowed_vectors_lie_in_one_part(
    crowd: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faiss_module, "WORTH_A_THREAD", 500)
    monkeypatch.setattr(faiss_module, "_thread_count", lambda: 3)
    numbers, vectors = crowd
    index = FaissIndex(32)
    index.add(numbers, vectors)
    assert sorted(found(index, vectors[0], allowed=numbers[2990:])) == numbers[2990:].tolist()


def test_renewed_has_no_dead_slots(crowd: tuple[np.ndarray, np.ndarray]) -> None:
    numbers, vectors = crowd
    index = FaissIndex(32, "toy")
    index.add(numbers, vectors)
    index.remove(numbers[:700])
    assert not index.stale
    index.remove(numbers[:800])
    assert index.stale
    fresh = index.renewed()
    assert (fresh.stale, len(fresh), fresh.encoder) == (False, 2200, "toy")
    assert np.array_equal(fresh.rows(numbers[800:]), index.rows(numbers[800:]))
    assert found(fresh, vectors[900], 1) == [2700]


def test_removed_vectors_leave_the_disk(tmp_path: Path, crowd: tuple[np.ndarray, np.ndarray]) -> None:
    numbers, vectors = crowd
    index = FaissIndex(32)
    index.add(numbers, vectors)
    index.remove(numbers[5:6])
    index.save(tmp_path / "one")
    raw = (tmp_path / "one" / "vectors.faiss").read_bytes()
    assert vectors[6].astype("<f2").tobytes() in raw
    assert vectors[5].astype("<f2").tobytes() not in raw
    assert found(index, vectors[7], 1) == [21]


def test_a_graph_that_an_older_version_saved_is_not_taken(tmp_path: Path) -> None:
    import faiss

    with published(tmp_path / "one", "faiss", "toy", 2, 1) as beside:
        graph = faiss.IndexHNSWSQ(2, faiss.ScalarQuantizer.QT_fp16, 4, faiss.METRIC_INNER_PRODUCT)
        graph.add(rows(EAST))  # type: ignore[call-arg]
        faiss.write_index(graph, str(beside / "vectors.faiss"))
        np.save(beside / "ids.npy", ids(7))
    with pytest.raises(StorageError, match="of another kind"):
        FaissIndex.load(tmp_path / "one")
