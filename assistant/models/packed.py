"""Quantised weights as the matrices they stand for: the same names and shapes as before they were packed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.models.safetensors_header import Tensor

HELPERS = (
    ".scales",
    ".qzeros",
    ".g_idx",
    ".weight_scale",
    ".weight_scale_inv",
    ".input_scale",
    ".weight_zero_point",
    ".weight_shape",
    ".weight_g_idx",
)
FLATTENED = (".absmax", ".quant_map", ".quant_state", ".nested_absmax")
"""bitsandbytes keeps a matrix as one long row: its shape is not in the file's header."""


def unpacked(tensors: Sequence[Tensor], bits: int = 4) -> list[Tensor] | None:
    """GPTQ, AWQ and compressed-tensors matrices with their true shapes; None where those cannot be told."""
    if any(part in tensor.name for tensor in tensors for part in FLATTENED):
        return None
    scales = {t.name.removesuffix(".scales"): t for t in tensors if t.name.endswith(".scales")}
    kept = (t for t in tensors if not t.name.endswith(HELPERS))
    return [_true(tensor, scales, 32 // max(1, bits)) for tensor in kept]


def _true(tensor: Tensor, scales: dict[str, Tensor], numbers: int) -> Tensor:
    """`numbers`: weights in one 32-bit entry."""
    place, _, kind = tensor.name.rpartition(".")
    if kind == "qweight" and place in scales and len(tensor.shape) == 2:
        rows, columns = tensor.shape
        out = scales[place].shape[-1]
        shape = (out, rows * numbers) if columns == out else (out, rows)  # GPTQ packs rows, AWQ columns
        return replace(tensor, name=f"{place}.weight", shape=shape)
    if kind == "weight_packed" and len(tensor.shape) == 2:
        return replace(tensor, name=f"{place}.weight", shape=(tensor.shape[0], tensor.shape[1] * numbers))
    return tensor
