"""A public fake for tests: vectors from hashed character pieces. No model, the same on every machine."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from assistant.seams import F32

WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")


class HashedEmbedder:
    """Embedder (seams). Texts that share words or parts of words are near; a text without words is the first axis.

    >>> rows = HashedEmbedder().embed_passages(["red apples", "green apples", "tax law"])
    >>> bool(rows[0] @ rows[1] > rows[0] @ rows[2])
    True
    """

    def __init__(self, dim: int = 64) -> None:
        self._dim = dim

    @property
    def id(self) -> str:
        return f"hashed-v1-{self._dim}"

    @property
    def dim(self) -> int:
        return self._dim

    def count(self, texts: Sequence[str]) -> list[int]:
        """Words; each Chinese character is one."""
        return [len(WORD.findall(text)) for text in texts]

    def embed_queries(self, texts: Sequence[str]) -> F32:
        return self._rows(texts)

    def embed_passages(self, texts: Sequence[str]) -> F32:
        return self._rows(texts)

    def _rows(self, texts: Sequence[str]) -> F32:
        rows = np.zeros((len(texts), self._dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for piece in pieces(text):
                code = zlib.crc32(piece.encode("utf-8"))
                row[code % self._dim] += 1.0 if code & 0x80000000 else -1.0
            if not row.any():
                row[0] = 1.0
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


def pieces(text: str) -> list[str]:
    """Words of a text and their overlapping parts of three characters.

    >>> pieces("Cats 猫")
    ['cats', ' ca', 'cat', 'ats', 'ts ', '猫']
    """
    found: list[str] = []
    for word in WORD.findall(text.lower()):
        found.append(word)
        padded = f" {word} "
        if len(word) > 1:
            found.extend(padded[i : i + 3] for i in range(len(padded) - 2))
    return found
