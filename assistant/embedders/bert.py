"""A BERT encoder in plain torch, for inference: the shape of `transformers.BertModel`, without its import.

Importing transformers' BertModel costs several seconds of processor time, four times what torch itself
does, and every start of the command line would pay it; two models (encoder and span reader) also share word
embeddings and lower layers here. Parameter names are those of BertModel, so its files load unchanged;
tests/embedders/test_bert.py holds it to the original.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

PAD = 1


@dataclass(frozen=True)
class BertConfig:
    """The sizes that `config.json` states."""

    hidden: int
    layers: int
    heads: int
    positions: int
    eps: float

    @classmethod
    def read(cls, folder: Path) -> BertConfig:
        given = json.loads((folder / "config.json").read_text("utf-8"))
        return cls(
            given["hidden_size"],
            given["num_hidden_layers"],
            given["num_attention_heads"],
            given["max_position_embeddings"],
            given["layer_norm_eps"],
        )


class Embeddings(nn.Module):
    """Word + position + type 0, normalised. Words stay float16, mapped from the file: rows are widened as used."""

    def __init__(self, tensors: Mapping[str, Tensor], config: BertConfig, dtype: torch.dtype) -> None:
        super().__init__()
        self.words = tensors["embeddings.word_embeddings.weight"]
        types = tensors["embeddings.token_type_embeddings.weight"][0].float()
        self.places = tensors["embeddings.position_embeddings.weight"].float() + types
        self.norm = _norm(tensors, "embeddings.LayerNorm", config, torch.float32)
        self.dtype = dtype

    def forward(self, ids: Tensor, places: Tensor | None = None) -> Tensor:
        """`places` are the positions of ids where they are not rows that start at 0."""
        words = functional.embedding(ids, self.words).float()
        states: Tensor = self.norm(words + self.places[slice(ids.shape[1]) if places is None else places])
        return states.to(self.dtype)


class Layer(nn.Module):
    """Self-attention and feed-forward, each with residual and normalisation after it (Devlin et al. 2019)."""

    def __init__(self, tensors: Mapping[str, Tensor], prefix: str, config: BertConfig, dtype: torch.dtype) -> None:
        super().__init__()
        self.heads = config.heads
        parts = [f"{prefix}attention.self.{name}" for name in ("query", "key", "value")]
        self.mixed = _linear(tensors, parts, dtype)
        self.out = _linear(tensors, [f"{prefix}attention.output.dense"], dtype)
        self.norm = _norm(tensors, f"{prefix}attention.output.LayerNorm", config, dtype)
        self.wide = _linear(tensors, [f"{prefix}intermediate.dense"], dtype)
        self.narrow = _linear(tensors, [f"{prefix}output.dense"], dtype)
        self.last_norm = _norm(tensors, f"{prefix}output.LayerNorm", config, dtype)

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        states = self.norm(states + self.out(self.attended(states, mask)))
        last: Tensor = self.last_norm(states + self.narrow(functional.gelu(self.wide(states))))
        return last

    def attended(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """Heads of the self-attention, side by side, before the output layer."""
        rows, tokens, width = states.shape
        mixed = self.mixed(states).view(rows, tokens, 3, self.heads, width // self.heads)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return seen.transpose(1, 2).reshape(rows, tokens, width)


class Bert(nn.Module):
    """Embeddings and layers; `forward` gives the last states (rows, tokens, hidden) in the layers' type."""

    def __init__(self, embeddings: Embeddings, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.layers = nn.ModuleList(layers)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (rows, tokens) is True at tokens; None when nothing is padded."""
        states: Tensor = self.embeddings(ids)
        wide = None if mask is None else mask[:, None, None, :]
        for layer in self.layers:
            states = layer(states, wide)
        return states

    def means(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean of each row's last states, (rows, hidden) float32."""
        states: Tensor = self(ids, mask).float()
        if mask is None:
            return states.mean(dim=1)
        return (states * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)


def load_bert(folder: Path, dtype: torch.dtype) -> Bert:
    """The encoder of a Hugging Face BertModel folder, in evaluation mode."""
    tensors = load_tensors(folder / "model.safetensors")
    config = BertConfig.read(folder)
    layers = [Layer(tensors, f"encoder.layer.{index}.", config, dtype) for index in range(config.layers)]
    return Bert(Embeddings(tensors, config, dtype), layers).eval()


def load_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, mapped, not copied."""
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = load_file(str(path))
    return tensors


def padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor | None]:
    """Token ids as one tensor and the mask of real tokens, None when all rows are equally long."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), PAD, dtype=torch.long)
    for line, row in enumerate(rows):
        ids[line, : len(row)] = torch.tensor(row, dtype=torch.long)
    lengths = torch.tensor([len(row) for row in rows])
    return ids, None if int(lengths.min()) == width else torch.arange(width) < lengths[:, None]


def _linear(tensors: Mapping[str, Tensor], names: Sequence[str], dtype: torch.dtype) -> nn.Linear:
    """One linear layer from the rows of several (query, key and value run as one product)."""
    weight = torch.cat([tensors[f"{name}.weight"] for name in names]).to(dtype)
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = nn.Parameter(torch.cat([tensors[f"{name}.bias"] for name in names]).to(dtype), requires_grad=False)
    return layer


def _norm(tensors: Mapping[str, Tensor], name: str, config: BertConfig, dtype: torch.dtype) -> nn.LayerNorm:
    norm = nn.LayerNorm(config.hidden, eps=config.eps, device="meta")
    norm.weight = nn.Parameter(tensors[f"{name}.weight"].to(dtype), requires_grad=False)
    norm.bias = nn.Parameter(tensors[f"{name}.bias"].to(dtype), requires_grad=False)
    return norm
