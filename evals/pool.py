"""The product's rankers over the paragraphs of a public set, one passage each, without catalog and files."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.embedders.arithmetic import Precision, chosen
from assistant.embedders.centred import CentredEmbedder
from assistant.indexes.faiss import FaissIndex
from assistant.retrieval.hybrid import CANDIDATES
from assistant.retrieval.lexical import TantivyWords
from assistant.retrieval.word_queries import Scope, WordScore
from assistant.types import Passage
from evals.data import RetrievalSet

if TYPE_CHECKING:
    from assistant.seams import F32, Embedder

BATCH = 256


@dataclass(frozen=True)
class Scored:
    """The candidates of a question with both rankers' scores; ids are places in `Pool.names`."""

    question: str
    dense: dict[int, float]
    words: dict[int, WordScore]


@dataclass(frozen=True)
class Pool:
    """Indexes over a set's passages; ids count from 0 in the order of `names`."""

    data: RetrievalSet
    names: list[str]
    index: FaissIndex
    words: TantivyWords
    queries: dict[str, F32]

    def scored(self, n: int = CANDIDATES) -> Iterator[Scored]:
        """Every question with its candidates, as `HybridRetriever` gathers them."""
        for question, text in self.data.questions.items():
            row = self.queries[question]
            dense = dict(self.index.search(row[None, :], n)[0])
            worded = dict(self.words.search(text, Scope([1]), n))
            extra = np.array(sorted(worded.keys() - dense.keys()), np.int64)
            if len(extra):
                dense |= dict(zip(extra.tolist(), (self.index.rows(extra) @ row).tolist()))
            yield Scored(question, dense, self.words.scores(text, dense.keys()))


def product_embedder(encoder: str, precision: Precision = "auto") -> CentredEmbedder:
    """The embedder that `wiring` makes of these settings."""
    from assistant.embedders.sentence import SentenceEmbedder

    return CentredEmbedder(SentenceEmbedder(encoder, precision=precision))


@contextmanager
def pooled(data: RetrievalSet, embedder: Embedder, cache: Path | None = None) -> Iterator[Pool]:
    """Build the indexes in a temporary folder. `cache` keeps vectors between runs."""
    names = list(data.passages)
    texts = list(data.passages.values())
    rows = embedded(embedder, "passages", texts, cache)
    queries = embedded(embedder, "queries", list(data.questions.values()), cache)
    with worded(data) as words:
        index = FaissIndex(rows.shape[1])
        index.add(np.arange(len(names), dtype=np.int64), rows)
        yield Pool(data, names, index, words, dict(zip(data.questions, queries)))


@contextmanager
def worded(data: RetrievalSet) -> Iterator[TantivyWords]:
    """The word index alone, in a temporary folder; ids count from 0 in the order of the passages."""
    with tempfile.TemporaryDirectory(prefix="thickshell-evals-") as folder:
        words = TantivyWords(Path(folder) / "words", lambda _: 1)
        rows = enumerate(data.passages.items())
        words.add([(Passage(i, data.name, name, 0, len(text), text), i) for i, (name, text) in rows])
        yield words


def embedded(embedder: Embedder, kind: str, texts: Sequence[str], cache: Path | None) -> F32:
    """Vectors (n, dim) of "passages" or "queries". `cache` keeps each block of `BATCH` texts in a file of its own, so
    that a run that was cut off goes on where it stopped."""
    if isinstance(embedder, CentredEmbedder):  # what is kept is the encoder's own
        rows = embedded(embedder.inner, kind, embedder.prepared(texts), cache)
        return embedder.centred_passages(rows) if kind == "passages" else embedder.centred_queries(rows)
    blocks = [_block(embedder, kind, texts[at : at + BATCH], cache) for at in range(0, len(texts), BATCH)]
    return np.vstack(blocks)


def _block(embedder: Embedder, kind: str, texts: Sequence[str], cache: Path | None) -> F32:
    encode = embedder.embed_passages if kind == "passages" else embedder.embed_queries
    if cache is None:
        return encode(texts)
    file = cache / f"{_key(embedder, kind, texts)}.npy"
    if file.is_file():
        kept: F32 = np.load(file, allow_pickle=False).astype(np.float32)
        return kept
    rows = encode(texts)
    cache.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".part").open("wb") as part:
        np.save(part, rows.astype(np.float16), allow_pickle=False)
    file.with_suffix(".part").replace(file)
    return rows


def _key(embedder: Embedder, kind: str, texts: Sequence[str]) -> str:
    digest = hashlib.sha256(f"{embedder.id}\0{kind}".encode())
    if kind == "passages" and chosen(getattr(embedder, "precision", "auto")) == "int8":
        digest.update(b"\0int8")  # the embedder's id names no precision
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:24]
