"""A BERT encoder in plain torch, for inference: the shape of `transformers.BertModel`, without its import.

Importing transformers' BertModel costs several seconds of processor time, four times what torch itself
does, and every start of the command line would pay it; two models (encoder and span reader) also share word
embeddings and lower layers here. Parameter names are those of BertModel, so its files load unchanged;
tests/embedders/test_bert.py holds it to the original.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from assistant.embedders.attention import Bounds, attended, query_scale
from assistant.embedders.threads import shares, side_by_side


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

    def forward(self, ids: Tensor, places: Tensor) -> Tensor:
        """(n, hidden) of n token ids and their places in their sequences."""
        states: Tensor = self.norm(functional.embedding(ids, self.words).float() + self.places[places])
        return states.to(self.dtype)


class Layer(nn.Module):
    """Self-attention and feed-forward, each with residual and normalisation after it (Devlin et al. 2019)."""

    def __init__(self, tensors: Mapping[str, Tensor], prefix: str, config: BertConfig, dtype: torch.dtype) -> None:
        super().__init__()
        self.heads = config.heads
        self.mixed = _mixed(tensors, f"{prefix}attention.self.", config, dtype)
        self.out = _linear(tensors, f"{prefix}attention.output.dense", dtype)
        self.norm = _norm(tensors, f"{prefix}attention.output.LayerNorm", config, dtype)
        self.wide = _linear(tensors, f"{prefix}intermediate.dense", dtype)
        self.narrow = _linear(tensors, f"{prefix}output.dense", dtype)
        self.last_norm = _norm(tensors, f"{prefix}output.LayerNorm", config, dtype)

    def forward(self, states: Tensor, bounds: Bounds) -> Tensor:
        """Of joined sequences: (n, hidden) to the same."""
        states = self.norm(states + self.out(attended(self.mixed(states), bounds, self.heads)))
        last: Tensor = self.last_norm(states + self.narrow(functional.gelu(self.wide(states))))
        return last


SHORT = 128
"""Tokens of a row alone for which further threads only cost time."""
AnyLayer = Callable[[Tensor, Bounds], Tensor]
"""A `Layer`, or its form in whole numbers (`embedders.int8`)."""


class Bert:
    """Embeddings and layers, over joined sequences: none is padded, and none feels the ones beside it."""

    def __init__(self, embeddings: Embeddings, layers: Sequence[AnyLayer]) -> None:
        self.embeddings, self.layers = embeddings, list(layers)
        self.device = embeddings.words.device

    def states(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Bounds]:
        """Last states of all tokens of `rows`, (tokens, hidden) in the layers' type, and where each row stands."""
        threads = torch.get_num_threads()
        if self.device.type != "cpu" or threads == 1 or (len(rows) == 1 and len(rows[0]) > SHORT):
            return self._states(rows)
        groups = shares([len(row) for row in rows], threads)
        parts = side_by_side(self._states, [[rows[place] for place in group] for group in groups], threads)
        bounds: list[tuple[int, int]] = [(0, 0)] * len(rows)
        before = 0
        for group, (states, inside) in zip(groups, parts, strict=True):
            for place, (start, end) in zip(group, inside, strict=True):
                bounds[place] = before + start, before + end
            before += len(states)
        return torch.cat([states for states, _ in parts]), bounds

    @torch.inference_mode()
    def _states(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Bounds]:
        ids, places, bounds = joined(rows)
        states: Tensor = self.embeddings(ids.to(self.device), places.to(self.device))
        for layer in self.layers:
            states = layer(states, bounds)
        return states, bounds

    def means(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Mean of each row's last states, (rows, hidden) float32."""
        states, bounds = self.states(rows)
        return torch.stack([states[start:end].float().mean(dim=0) for start, end in bounds])


def load_bert(folder: Path, dtype: torch.dtype, device: str = "cpu") -> Bert:
    """The encoder of a Hugging Face BertModel folder, in evaluation mode."""
    tensors = load_tensors(folder / "model.safetensors")
    if device != "cpu":
        tensors = {name: tensor.to(device) for name, tensor in tensors.items()}
    config = BertConfig.read(folder)
    layers = [Layer(tensors, f"encoder.layer.{index}.", config, dtype) for index in range(config.layers)]
    return Bert(Embeddings(tensors, config, dtype).eval(), [layer.eval() for layer in layers])


def load_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, mapped, not copied."""
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = load_file(str(path))
    return tensors


def joined(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Bounds]:
    """Token ids of all rows, their places in their own row, and where each row stands.

    >>> ids, places, bounds = joined([[7, 8], [9]])
    >>> ids.tolist(), places.tolist(), bounds
    ([7, 8, 9], [0, 1, 0], [(0, 2), (2, 3)])
    """
    ids = torch.tensor([piece for row in rows for piece in row])
    places = torch.cat([torch.arange(len(row)) for row in rows])
    return ids, places, list(pairwise(accumulate((len(row) for row in rows), initial=0)))


def _mixed(tensors: Mapping[str, Tensor], prefix: str, config: BertConfig, dtype: torch.dtype) -> nn.Linear:
    """Queries, keys and values as one product, in the form that `attention` takes them."""
    scale = query_scale(config.hidden // config.heads)
    weights = [tensors[f"{prefix}{name}.weight"].float() for name in ("query", "key", "value")]
    biases = [tensors[f"{prefix}{name}.bias"].float() for name in ("query", "value")]
    weight = torch.cat([weights[0] * scale, *weights[1:]])
    return _layer(weight, torch.cat([biases[0] * scale, torch.zeros_like(biases[0]), biases[1]]), dtype)


def _linear(tensors: Mapping[str, Tensor], name: str, dtype: torch.dtype) -> nn.Linear:
    return _layer(tensors[f"{name}.weight"], tensors[f"{name}.bias"], dtype)


def _layer(weight: Tensor, bias: Tensor, dtype: torch.dtype) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight = nn.Parameter(weight.to(dtype), requires_grad=False)
    layer.bias = nn.Parameter(bias.to(dtype), requires_grad=False)
    return layer


def _norm(tensors: Mapping[str, Tensor], name: str, config: BertConfig, dtype: torch.dtype) -> nn.LayerNorm:
    norm = nn.LayerNorm(config.hidden, eps=config.eps, device="meta")
    norm.weight = nn.Parameter(tensors[f"{name}.weight"].to(dtype), requires_grad=False)
    norm.bias = nn.Parameter(tensors[f"{name}.bias"].to(dtype), requires_grad=False)
    return norm
