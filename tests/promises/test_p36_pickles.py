"""Promise 36 at run time: a model whose weights are pickles is refused, and a planted pickle never runs."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from assistant.embedders.safe_loading import only_safetensors
from assistant.embedders.sentence import SentenceEmbedder
from assistant.errors import NotAvailable

REFUSED = "choose one with safetensors weights"


class Planted:
    """Unpickling it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A sentence-transformers folder of a tiny BERT, saved as safetensors."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "river"]))
    BertTokenizerFast(str(bare / "vocab.txt")).save_pretrained(bare)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=7, **shape)).save_pretrained(bare)
    base = Transformer(str(bare))
    SentenceTransformer(modules=[base, Pooling(16)], device="cpu").save(str(tmp_path / "model"))
    return tmp_path / "model"


def test_p36_safetensors_load_and_pickled_weights_are_refused(model_folder: Path, tmp_path: Path) -> None:
    assert SentenceEmbedder(str(model_folder)).embed_queries(["tea"]).shape == (1, 16)
    weights = next(model_folder.rglob("model.safetensors"))
    mark = tmp_path / "ran"
    weights.with_name("pytorch_model.bin").write_bytes(pickle.dumps(Planted(mark)))
    weights.unlink()
    with pytest.raises(NotAvailable):
        SentenceEmbedder(str(model_folder)).embed_queries(["tea"])
    assert not mark.exists()


def test_p36_nothing_is_unpickled_while_a_model_loads(tmp_path: Path) -> None:
    import torch

    mark = tmp_path / "ran"
    data = pickle.dumps(Planted(mark))
    file = tmp_path / "weights.pt"
    torch.save({"w": torch.zeros(2)}, file)
    with only_safetensors("m"), pytest.raises(NotAvailable, match=REFUSED):
        pickle.loads(data)
    for weights_only in (True, False):
        with only_safetensors("m"), pytest.raises(NotAvailable, match=REFUSED):
            torch.load(file, weights_only=weights_only)
    assert not mark.exists()
    pickle.loads(data)  # outside, other code keeps its ways
    assert mark.exists()
