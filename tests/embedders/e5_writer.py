"""Writes small E5S1 files, so that tests know every weight."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HIDDEN, LAYERS, HEADS, FFN, POSITIONS = 32, 2, 2, 64, 40
PIECES = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁", -3.0),
    ("a", -4.0),
    ("b", -5.0),
    ("▁ab", -2.0),
]
SHAPES = {
    "emb.word": (len(PIECES), HIDDEN),
    "emb.pos": (POSITIONS, HIDDEN),
    "emb.type": (2, HIDDEN),
    "emb.ln.w": (HIDDEN,),
    "emb.ln.b": (HIDDEN,),
}
for _layer in range(LAYERS):
    for _part, _out, _in in (
        ("q", HIDDEN, HIDDEN),
        ("k", HIDDEN, HIDDEN),
        ("v", HIDDEN, HIDDEN),
        ("ao", HIDDEN, HIDDEN),
    ):
        SHAPES |= {f"l{_layer}.{_part}.w": (_out, _in), f"l{_layer}.{_part}.b": (_out,)}
    SHAPES |= {f"l{_layer}.fi.w": (FFN, HIDDEN), f"l{_layer}.fi.b": (FFN,)}
    SHAPES |= {f"l{_layer}.fo.w": (HIDDEN, FFN), f"l{_layer}.fo.b": (HIDDEN,)}
    SHAPES |= {f"l{_layer}.{_norm}.{_kind}": (HIDDEN,) for _norm in ("aln", "oln") for _kind in "wb"}


def tensors(seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Random weights that Q4_0 and float16 hold exactly: whole numbers from -8 to 7, times 1/16."""
    random = np.random.default_rng(seed)
    return {name: random.integers(-8, 8, shape).astype(np.float32) / 16 for name, shape in SHAPES.items()}


def quantised(name: str) -> bool:
    return name == "emb.word" or (name.endswith(".w") and "ln" not in name)


def q4(rows: NDArray[np.float32]) -> bytes:
    """Q4_0 blocks with scale 1/16."""
    blocks = (rows.reshape(-1, 32) * 16 + 8).astype(np.uint8)
    scale = np.float16(1 / 16).tobytes()
    return b"".join(scale + bytes(block[:16] | block[16:] << 4) for block in blocks)


def write(path: Path, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """An E5S1 file at `path`; returns the weights that it holds."""
    weights = tensors(seed)
    blob = b"".join(text.encode() for text, _ in PIECES)
    ends = np.cumsum([0] + [len(text.encode()) for text, _ in PIECES]).astype("<u4").tobytes()
    scores = np.array([score for _, score in PIECES], dtype="<f4").tobytes()
    head = b"E5S1" + struct.pack("<I7ifi", 1, HIDDEN, LAYERS, HEADS, FFN, len(PIECES), POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob)) + ends + scores + blob
    head += struct.pack("<iI", 1, 5) + b"skip!" + struct.pack("<i", len(weights))
    bodies = {name: q4(rows) if quantised(name) else rows.astype("<f4").tobytes() for name, rows in weights.items()}
    at = len(head) + sum(2 + len(name) + 21 for name in weights)
    for name, body in bodies.items():
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", int(quantised(name)), weights[name].size, at, len(body))
        at += len(body)
    path.write_bytes(head + b"".join(bodies.values()))
    return weights
