"""Takes out of a vector what only says its language, so that a passage in another language can come first.

The encoder puts a Chinese question nearer to any Chinese passage than to the English one that answers it: unrelated
pairs of one language have cosines of 0.74 to 0.82, of two languages 0.69 to 0.72. The mean vector of each language,
once for questions and once for passages, carries that difference; without it, recall within a language stays the same
(docs/decisions/0210-language-centres.md). `python -m evals fit-centres` computes the means from training texts.

For the same reason Chinese is embedded in simplified characters, which the encoder has seen more of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from assistant.seams import F32, Embedder

FILE = Path(__file__).with_name("centres.safetensors")
_HAN, _KANA = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"), re.compile("[\u3040-\u30ff]")
SHARPNESS = 0.02
"""A difference of cosines to two means that makes one language e times as likely."""


@dataclass(frozen=True)
class Centres:
    """Means (languages, dim) for the encoder named; row i of both is the same language."""

    encoder: str
    queries: F32
    passages: F32


class CentredEmbedder:
    """Embedder (seams) over another one. Where the means are of another encoder, it changes nothing."""

    def __init__(self, inner: Embedder, file: Path = FILE) -> None:
        self.inner = inner
        self._file = file

    @cached_property
    def centres(self) -> Centres | None:
        centres = load_centres(self._file) if self._file.is_file() else None
        return centres if centres and centres.encoder == self.inner.id else None

    @cached_property
    def id(self) -> str:
        return f"{self.inner.id}-centred" if self.centres else self.inner.id

    @property
    def dim(self) -> int:
        return self.inner.dim

    def count(self, texts: Sequence[str]) -> list[int]:
        return self.inner.count(texts)

    def embed_queries(self, texts: Sequence[str]) -> F32:
        return self.centred_queries(self.inner.embed_queries(self.prepared(texts)))

    def embed_passages(self, texts: Sequence[str]) -> F32:
        return self.centred_passages(self.inner.embed_passages(self.prepared(texts)))

    def prepared(self, texts: Sequence[str]) -> list[str]:
        """What the inner encoder reads."""
        return [simplified(text) for text in texts] if self.centres else list(texts)

    def centred_queries(self, rows: F32) -> F32:
        """Vectors (n, dim) of the inner encoder, centred."""
        return centred(rows, self.centres.queries) if self.centres else rows

    def centred_passages(self, rows: F32) -> F32:
        return centred(rows, self.centres.passages) if self.centres else rows


def simplified(text: str) -> str:
    """Chinese in simplified characters; other text, Japanese too, as it is."""
    return _converter()(text) if _HAN.search(text) and not _KANA.search(text) else text


def centred(rows: F32, means: F32) -> F32:
    """Unit rows (n, dim) without the mean of the language that each is nearest to."""
    if not len(rows):
        return rows
    likeness = rows @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T / SHARPNESS
    weights = np.exp(likeness - likeness.max(axis=1, keepdims=True))
    rest = rows - (weights / weights.sum(axis=1, keepdims=True)) @ means
    unit: F32 = (rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit


@lru_cache(maxsize=1)
def _converter() -> Callable[[str], str]:
    import opencc

    return opencc.OpenCC("t2s").convert


@lru_cache(maxsize=4)
def load_centres(file: Path) -> Centres:
    from safetensors import safe_open

    with safe_open(str(file), framework="np") as kept:
        encoder = (kept.metadata() or {}).get("encoder", "")
        return Centres(encoder, kept.get_tensor("queries"), kept.get_tensor("passages"))


def save_centres(centres: Centres, file: Path, **provenance: str) -> None:
    from safetensors.numpy import save_file

    tensors = {"queries": centres.queries.astype(np.float32), "passages": centres.passages.astype(np.float32)}
    save_file(tensors, str(file), metadata={"encoder": centres.encoder, **provenance})
