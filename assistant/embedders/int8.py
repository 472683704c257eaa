"""The packaged encoder in 8-bit whole numbers, for processors that multiply those fastest (docs/decisions/0255).

Weights are rounded to 127 steps a row. What enters a product is rounded to 255 steps between bounds measured
beforehand on training texts (`python -m evals fit-ranges`), so a text's vector depends on nothing but the text. Two
things keep the vectors within a cosine of 0.999 of fp32: large inputs share their size with their weights (Xiao et al.
2023, SmoothQuant), and the few channels behind GELU that reach 60, where the others stay below 6, are spread over
several (`spread`). Sequences are joined, not padded; products, GELU and residuals run inside oneDNN.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from assistant.embedders.attention import Bounds, attended
from assistant.embedders.bert import Bert, BertConfig, Embeddings, Layer, load_tensors

FILE = Path(__file__).with_name("int8.safetensors")
TOP, LEAST = 6.0, -0.17
"""Bounds of what GELU gives: its minimum is -0.17, what is above TOP goes to further channels."""
SHARE = 0.6
"""How much of an input's size its weights take over: 0 none, 1 all. 0.5 to 0.85 gave the same cosines."""
CENTRE = 128

Ranges = dict[str, Tensor]
"""Largest size seen of every input channel: "mixed", "out", "wide" (layers, hidden), "narrow" (layers, inner)."""


@dataclass(frozen=True)
class Product:
    """A linear layer: inputs x of (n, in) are round(x * inverse) + zero, 0 to 255; `step` is one of those steps."""

    weight: Tensor
    scales: Tensor
    zeros: Tensor
    bias: Tensor
    inverse: Tensor
    offset: Tensor
    step: float
    zero: int

    def rounded(self, states: Tensor) -> Tensor:
        """uint8 of states (n, in), by way of int16: torch takes five times as long straight from float."""
        return torch.addcmul(self.offset, states, self.inverse).clamp_(0, 255).to(torch.int16).to(torch.uint8)

    def to(self, inputs: Tensor, dtype: torch.dtype) -> Tensor:
        """(n, out) of rounded inputs."""
        return self._run(inputs, 1.0, 0, dtype, "none")

    def gelu(self, inputs: Tensor, then: Product) -> Tensor:
        """GELU of the product, rounded for `then`."""
        return self._run(inputs, then.step, then.zero, torch.uint8, "gelu")

    def _run(self, inputs: Tensor, step: float, zero: int, dtype: torch.dtype, after: str) -> Tensor:
        made: Tensor = torch.ops.onednn.qlinear_pointwise(
            inputs, self.step, self.zero, self.weight, self.scales, self.zeros, self.bias,
            step, zero, dtype, after, [], "none",
        )  # fmt: skip
        return made

    def added(self, inputs: Tensor, rest: Tensor) -> Tensor:
        """The product plus `rest` (n, out), float32, whose memory is used."""
        made: Tensor = torch.ops.onednn.qlinear_pointwise.binary(
            inputs, self.step, self.zero, self.weight, self.scales, self.zeros, rest, self.bias,
            1.0, 0, torch.float32, 1.0, 0, "sum", 1.0, "none", [], "",
        )  # fmt: skip
        return made


def product(weight: Tensor, bias: Tensor, sizes: Tensor, low: float, high: float) -> Product:
    """A float layer (out, in) whose input channel c lies within low * sizes[c] and high * sizes[c]."""
    weight = weight * sizes
    scales = weight.abs().amax(dim=1).clamp_min(1e-12) / 127
    packed = torch.ops.onednn.qlinear_prepack((weight / scales[:, None]).round().to(torch.int8), None)
    step = (high - low) / 255
    zero = round(-low / step)
    zeros = torch.zeros(len(scales), dtype=torch.int64)
    half_up = torch.tensor(zero + 0.5)
    return Product(packed, scales, zeros, bias, 1 / (sizes * step), half_up, step, zero)


def smoothed(weight: Tensor, bias: Tensor, largest: Tensor) -> Product:
    """A product for inputs up to `largest` (in) in size, which its weights take over in part."""
    largest = largest.clamp_min(1e-3)
    sizes = largest**SHARE / weight.abs().amax(dim=0).clamp_min(1e-5) ** (1 - SHARE)
    bound = float((largest / sizes).max())
    return product(weight, bias, sizes, -bound * CENTRE / (255 - CENTRE), bound)


def spread(weight: Tensor, bias: Tensor, then: Tensor, largest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both feed-forward layers, with a copy of a channel for each TOP that it exceeds: gelu(x) is nearly
    min(gelu(x), TOP) + min(gelu(x - TOP), TOP) + ..., and rounding to 255 steps takes the minimum by itself."""
    copies = (torch.ceil(largest * 1.1 / TOP) - 1).clamp_min(0).long()
    copies[largest.argmax()] += -copies.sum() % 16  # whole vectors; the largest channel gets room above
    source = torch.arange(len(largest)).repeat_interleave(copies)
    below = torch.cat([torch.arange(1, int(count) + 1) for count in copies]) * TOP
    weight = torch.cat([weight, weight[source]])
    return weight, torch.cat([bias, bias[source] - below]), torch.cat([then, then[:, source]], dim=1)


class Int8Layer:
    """`bert.Layer` in whole numbers, over joined sequences."""

    def __init__(self, layer: Layer, ranges: Ranges, index: int) -> None:
        self.heads, self.norm, self.last_norm = layer.heads, layer.norm, layer.last_norm
        wide, bias, narrow = spread(layer.wide.weight, layer.wide.bias, layer.narrow.weight, ranges["narrow"][index])
        self.mixed = smoothed(layer.mixed.weight, layer.mixed.bias, ranges["mixed"][index])
        self.out = smoothed(layer.out.weight, layer.out.bias, ranges["out"][index])
        self.wide = smoothed(wide, bias, ranges["wide"][index])
        self.narrow = product(narrow, layer.narrow.bias, torch.ones(narrow.shape[1]), LEAST, TOP)

    def __call__(self, states: Tensor, bounds: Bounds) -> Tensor:
        mixed = self.mixed.to(self.mixed.rounded(states), torch.bfloat16)
        seen = attended(mixed, bounds, self.heads).float()
        states = self.norm(self.out.added(self.out.rounded(seen), states))
        inner = self.wide.gelu(self.wide.rounded(states), self.narrow)
        last: Tensor = self.last_norm(self.narrow.added(inner, states))
        return last


def int8_layers(layers: Iterable[Layer], ranges: Ranges) -> list[Int8Layer]:
    """The int8 form of float32 layers, which are used up one by one: memory holds one of them."""
    with torch.inference_mode():
        return [Int8Layer(layer, ranges, index) for index, layer in enumerate(layers)]


def load_int8(folder: Path, ranges: Ranges) -> Bert:
    """The encoder of a Hugging Face BertModel folder; takes about twice its float32 size while it loads."""
    tensors = load_tensors(folder / "model.safetensors")
    config = BertConfig.read(folder)
    made = (Layer(tensors, f"encoder.layer.{i}.", config, torch.float32) for i in range(config.layers))
    return Bert(Embeddings(tensors, config, torch.float32).eval(), int8_layers(made, ranges))


def load_ranges(source: str, file: Path = FILE) -> Ranges | None:
    """The ranges measured for the weights of this sha256 (the encoder's source, or a reader's file); None where there
    are none."""
    from safetensors import safe_open

    if not file.is_file():
        return None
    with safe_open(str(file), framework="pt") as kept:
        if (kept.metadata() or {}).get("weights_sha256") != source:
            return None
        return {name: kept.get_tensor(name).float() for name in ("mixed", "out", "wide", "narrow")}
