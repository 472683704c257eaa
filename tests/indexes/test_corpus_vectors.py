"""CorpusVectors follows the catalog, survives damage, and leaves nothing behind."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
import pytest
from changing_store import ChangingStore

from assistant.indexes import corpus as corpus_module
from assistant.indexes import shelf
from assistant.indexes.corpus import CorpusVectors


@pytest.fixture
def store() -> ChangingStore:
    store = ChangingStore(("main", "other"))
    store.put("main", "fruit.txt", "apples are sweet", "the green apples are sour")
    store.put("main", "law.txt", "tax law of 2019")
    return store


def vectors(store: ChangingStore, folder: Path, encoder: str | None = None) -> CorpusVectors:
    return CorpusVectors(folder, store, encoder or store.embedder.id, store.embedder.dim)


def found(index: CorpusVectors, store: ChangingStore, text: str, **scope: object) -> list[int]:
    query = store.embedder.embed_queries([text])[0]
    return [i for i, _ in index.search("main", query, 10, **scope)]  # type: ignore[arg-type]


def generations(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*/*"))


def test_it_follows_the_catalog(store: ChangingStore, tmp_path: Path) -> None:
    index = vectors(store, tmp_path)
    assert found(index, store, "apples")[:2] == [1, 2]
    store.put("main", "pie.txt", "apples apples")
    store.take(101)
    assert found(index, store, "apples") == [4, 3]
    assert index.size("main") == 2
    assert index.size("other") == 0


def test_documents_without_vectors_wait(store: ChangingStore, tmp_path: Path) -> None:
    index = vectors(store, tmp_path)
    store.put("main", "pie.txt", "apples apples", ready=False)
    assert 4 not in found(index, store, "apples")
    assert index.scores("main", store.embedder.embed_queries(["apples"])[0], [1, 4]).keys() == {1}
    store.embedded(103)
    assert found(index, store, "apples")[0] == 4


def test_scope(store: ChangingStore, tmp_path: Path) -> None:
    index = vectors(store, tmp_path)
    assert found(index, store, "apples", only={102}) == [3]
    assert found(index, store, "apples", without={101}) == [3]
    assert found(index, store, "apples", only=frozenset()) == []


def test_a_saved_generation_is_loaded_and_only_the_difference_is_read(store: ChangingStore, tmp_path: Path) -> None:
    vectors(store, tmp_path).save("main")
    store.put("main", "pie.txt", "apples apples")
    store.vector_calls = 0
    again = vectors(store, tmp_path)
    assert found(again, store, "apples")[0] == 4
    assert store.vector_calls == 1
    again.save("main")
    store.vector_calls = 0
    assert found(vectors(store, tmp_path), store, "apples")[0] == 4
    assert store.vector_calls == 0


def test_saving_takes_removed_vectors_off_the_disk(store: ChangingStore, tmp_path: Path) -> None:
    index = vectors(store, tmp_path)
    index.save("main")
    gone = store.embedder.embed_passages(["tax law of 2019"]).astype("<f2").tobytes()
    assert any(gone in file.read_bytes() for file in tmp_path.rglob("vectors.faiss"))
    store.take(102)
    index.save("main")
    assert not any(gone in file.read_bytes() for file in tmp_path.rglob("vectors.faiss"))
    assert len(generations(tmp_path)) == 1


@pytest.mark.parametrize("document", [101, 102])
def test_forgetting_needs_no_encoder(store: ChangingStore, tmp_path: Path, document: int) -> None:
    vectors(store, tmp_path).save("main")
    gone = store.embedder.embed_passages(["tax law of 2019"]).astype("<f2").tobytes()
    store.take(document)
    live = store.vector_state("main", "")[0]
    shelf.forget(tmp_path / "1", live)
    assert any(gone in file.read_bytes() for file in tmp_path.rglob("vectors.faiss")) == (document == 101)
    assert len(generations(tmp_path)) == 1
    before = generations(tmp_path)
    shelf.forget(tmp_path / "1", live)
    assert generations(tmp_path) == before
    shelf.forget(tmp_path / "1", live[:0])
    assert generations(tmp_path) == []
    shelf.forget(tmp_path / "never", live)


def test_damage_is_noticed_and_mended(store: ChangingStore, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    vectors(store, tmp_path).save("main")
    file = next(tmp_path.rglob("vectors.faiss"))
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    with caplog.at_level(logging.WARNING):
        index = vectors(store, tmp_path)
        assert found(index, store, "apples")[:2] == [1, 2]
    assert "made anew from the catalog" in caplog.text
    index.save("main")
    caplog.clear()
    found(vectors(store, tmp_path), store, "apples")
    assert not caplog.text


def test_another_encoder_builds_beside_and_then_takes_over(store: ChangingStore, tmp_path: Path) -> None:
    vectors(store, tmp_path).save("main")
    other = vectors(store, tmp_path, "other-encoder")
    assert found(other, store, "apples")[:2] == [1, 2]
    assert len(generations(tmp_path)) == 1
    other.save("main")
    assert len(generations(tmp_path)) == 1
    assert '"other-encoder"' in next(tmp_path.rglob("manifest.json")).read_text()


def test_large_changes_are_saved_by_themselves(
    store: ChangingStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_module, "WORTH_SAVING", 3)
    found(vectors(store, tmp_path), store, "apples")
    assert len(generations(tmp_path)) == 1


def test_a_dropped_corpus_leaves_the_disk(store: ChangingStore, tmp_path: Path) -> None:
    index = vectors(store, tmp_path)
    index.save("main")
    index.drop(1)
    assert not list(tmp_path.iterdir())


def test_dead_slots_are_dropped_when_they_are_many(store: ChangingStore, tmp_path: Path) -> None:
    index = vectors(store, tmp_path)
    store.put("main", "many.txt", *(f"subject {n} and detail {n * n}" for n in range(80)))
    before = found(index, store, "subject 9 and detail 81")
    store.put("main", "few.txt", "subject 9 and detail 81")
    store.take(103)
    assert found(index, store, "subject 9 and detail 81")[0] == 84
    assert before[0] == 13
    assert index.size("main") == 4


def test_searches_at_once_while_documents_come(store: ChangingStore, tmp_path: Path) -> None:
    index = vectors(store, tmp_path)
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(50):
                assert 1 in found(index, store, "apples are sweet")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(30):
        store.put("main", f"{n}.txt", f"text number {n}")
    for thread in threads:
        thread.join()
    assert not failures
    assert index.size("main") == 33


def test_a_vector_deleted_meanwhile_is_asked_for_again(
    store: ChangingStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = store.vectors, []

    def vanishing(ids: list[int], encoder: str) -> np.ndarray:
        calls.append(ids)
        if len(calls) == 1:
            store.take(102)
            raise KeyError(3)
        return real(ids, encoder)

    monkeypatch.setattr(store, "vectors", vanishing)
    assert found(vectors(store, tmp_path), store, "apples") == [1, 2]
