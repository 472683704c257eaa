"""What every Embedder keeps: one suite, one row a backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from assistant.embedders.hashed import HashedEmbedder
from assistant.embedders.sentence import SentenceEmbedder
from assistant.seams import Embedder
from tests.machine import packaged

TEXTS = ["The cat sat on the mat.", "猫坐在垫子上。", "", "x" * 2000, "  \n", "ﬁne ＡＢＣ 😀"]


@pytest.fixture(scope="module", params=["hashed", pytest.param("packaged", marks=packaged)])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    made: Embedder = HashedEmbedder() if request.param == "hashed" else SentenceEmbedder()
    return made


def test_rows_are_unit_float32_of_the_stated_width(embedder: Embedder) -> None:
    for rows in (embedder.embed_passages(TEXTS), embedder.embed_queries(TEXTS)):
        assert rows.dtype == np.float32
        assert rows.shape == (len(TEXTS), embedder.dim)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_queries([]).shape == (0, embedder.dim)
    assert embedder.embed_passages([]).shape == (0, embedder.dim)
    assert embedder.count([]) == []


def test_a_text_has_one_vector_whatever_stands_beside_it(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        assert float(embedder.embed_passages([text])[0] @ row) > 0.999


def test_counts_belong_to_texts(embedder: Embedder) -> None:
    counts = embedder.count(["one two three", "", "one two three four five six"])
    assert counts[1] == 0
    assert 0 < counts[0] < counts[2]


def test_the_id_is_stable_and_not_empty(embedder: Embedder) -> None:
    again = type(embedder)()
    assert embedder.id == again.id != ""


def test_threads_get_the_same_vectors(embedder: Embedder) -> None:
    with ThreadPoolExecutor(3) as pool:
        rows = list(pool.map(lambda _: embedder.embed_queries(["the same text"])[0], range(3)))
    assert min(float(rows[0] @ row) for row in rows) > 0.999
