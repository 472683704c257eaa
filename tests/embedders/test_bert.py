"""Our encoder against transformers' BertModel and sentence-transformers, on weights of our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from embedders import e5_writer

from assistant.embedders import weights
from assistant.embedders.bert import load_bert
from assistant.embedders.sentence import PackagedBert


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny")
    e5_writer.write(root / "tiny.bin")
    return weights.encoder_folder(root / "tiny.bin", root / "cache")


def test_states_are_those_of_transformers(folder: Path) -> None:
    from transformers import AutoModel

    ids = torch.tensor([[0, 5, 6, 7, 2], [0, 7, 2, 1, 1]])
    mask = ids != 1
    original = AutoModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False).eval()
    with torch.inference_mode():
        expected = original(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        states = load_bert(folder, torch.float32).states([[0, 5, 6, 7, 2], [0, 7, 2]])[0]
    np.testing.assert_allclose(states.numpy(), expected[mask].numpy(), atol=2e-5)


def test_vectors_are_those_of_sentence_transformers(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["passage: ab a", "passage: b", "query: ａｂ   ab"]
    original = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    expected = original.encode(texts, prompt="", normalize_embeddings=True)
    backend = PackagedBert(folder, "fp32")
    rows = backend.encode(texts, backend.tokens(texts))
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_company_changes_nothing(folder: Path) -> None:
    backend = PackagedBert(folder, "fp32")
    alone = backend.encode(["a"], backend.tokens(["a"]))
    beside = backend.encode(["a", "b ab ab ab"], backend.tokens(["a", "b ab ab ab"]))
    np.testing.assert_allclose(beside[0], alone[0], atol=1e-6)
