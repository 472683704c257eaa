"""What stands in a safetensors file, read from its header alone: names, types and shapes. Nothing is executed."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from assistant.errors import UnreadableFile

MAX_HEADER = 100 << 20  # the format's own limit


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor; `start` and `end` are bytes after the header."""

    name: str
    dtype: str  # "BF16", "F32", "U8", ...
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def count(self) -> int:
        return prod(self.shape)


def read_header(file: Path) -> tuple[list[Tensor], dict[str, str], int]:
    """Tensors in the file's order, its metadata, and where its data begin. UnreadableFile for anything else."""
    try:
        with file.open("rb") as handle:
            (length,) = struct.unpack("<Q", handle.read(8))
            if length > min(MAX_HEADER, file.stat().st_size):
                raise ValueError("header longer than the file")
            rows: dict[str, Any] = json.loads(handle.read(length))
        metadata = rows.pop("__metadata__", {})
        tensors = [
            Tensor(name, str(row["dtype"]), tuple(int(n) for n in row["shape"]), *map(int, row["data_offsets"]))
            for name, row in rows.items()
        ]
        if max((tensor.end for tensor in tensors), default=0) > file.stat().st_size - 8 - length:
            raise ValueError("cut off")
    except (ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise UnreadableFile(f"{file.name} is not a readable safetensors file; take another copy of it.") from error
    return tensors, {str(key): str(value) for key, value in dict(metadata).items()}, 8 + length


def tensors_digest(file: Path) -> str:
    """sha256 over names, types, shapes and bytes in the order of names: the same however the file is laid out."""
    tensors, _, begin = read_header(file)
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        for tensor in sorted(tensors, key=lambda each: each.name):
            digest.update(f"{tensor.name} {tensor.dtype} {tensor.shape}\n".encode())
            handle.seek(begin + tensor.start)
            digest.update(handle.read(tensor.end - tensor.start))
    return digest.hexdigest()
