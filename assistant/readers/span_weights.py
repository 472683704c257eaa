"""Load and run the span reader's network for inference, on the packaged encoder's embeddings and lower layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from assistant.embedders.bert import Bert, BertConfig, Embeddings, Layer, load_tensors
from assistant.embedders.int8 import Ranges, int8_layers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assistant.embedders.sentence import PackagedBert


class SpanHeads:
    """`run` gives start and end logits and the answerable logit of token lists; the counterpart of SpanNetwork."""

    def __init__(self, bert: Bert, tensors: dict[str, Tensor]) -> None:
        self.bert = bert
        self.span = _head(tensors, "span")
        self.answers = nn.Sequential(_head(tensors, "answers.0"), nn.Tanh(), _head(tensors, "answers.2"))

    @torch.inference_mode()
    def run(self, rows: Sequence[Sequence[int]]) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
        """(tokens, 2) of each row, and (rows,), float32."""
        states, bounds = self.bert.states(rows)
        spans = self.span(states.float())
        answers = self.answers(states[[start for start, _ in bounds]].float()).squeeze(-1)
        return [spans[start:end].numpy() for start, end in bounds], answers.numpy()


def load_heads(file: Path, base: PackagedBert, frozen_layers: int, ranges: Ranges | None = None) -> SpanHeads:
    """The reader of a weights file; its first `frozen_layers` layers are those of `base`. In whole numbers with
    `ranges`, which `python -m evals fit-ranges --reader` measured for these weights; else as `base` is."""
    tensors = load_tensors(file)
    config = BertConfig.read(base.folder)
    if ranges is None:
        dtype = base.bert.embeddings.dtype
        own = [Layer(tensors, f"layer.{index}.", config, dtype) for index in range(frozen_layers, config.layers)]
        return SpanHeads(Bert(base.bert.embeddings, [*base.bert.layers[:frozen_layers], *own]), tensors)
    encoder = load_tensors(base.folder / "model.safetensors")
    frozen = (Layer(encoder, f"encoder.layer.{index}.", config, torch.float32) for index in range(frozen_layers))
    upper = (Layer(tensors, f"layer.{n}.", config, torch.float32) for n in range(frozen_layers, config.layers))
    words = Embeddings(encoder, config, torch.float32).eval()
    return SpanHeads(Bert(words, int8_layers(chain(frozen, upper), ranges)), tensors)


def _head(tensors: dict[str, Tensor], name: str) -> nn.Linear:
    weight, bias = tensors[f"{name}.weight"].float(), tensors[f"{name}.bias"].float()
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight, layer.bias = nn.Parameter(weight, requires_grad=False), nn.Parameter(bias, requires_grad=False)
    return layer
