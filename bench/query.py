"""Time of a search, from the question's text to ten hits: the product's retriever, and LangChain's defaults beside it.

The passages are real paragraphs and passages mixed from their sentences; the vectors of the mixed ones are perturbed
copies of real ones (see `bench.scale`), for embedding 200,000 passages would take hours.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.embedders.weights import encoder_folder
from assistant.indexes.corpus import CorpusVectors
from assistant.retrieval.dense import DenseRanker
from assistant.retrieval.hybrid import HybridRetriever
from assistant.retrieval.lexical import TantivyWords
from assistant.types import Passage, Question
from bench.ingest import langchain_embedder
from bench.machine import described, quantiles
from bench.scale import parts, real_vectors
from bench.texts import mixed, paragraphs
from evals.data import qed
from evals.pool import product_embedder

BATCH = 20_000


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000, help="passages")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--no-peer", action="store_true", help="leave LangChain out")


@dataclass(frozen=True)
class Everything:
    """A filter that hides nothing."""

    only: None = None
    without: frozenset[int] = frozenset()


class NumberedStore:
    """The part of PassageStore that a search uses, over a list of texts; a passage is its own document."""

    def __init__(self, texts: Sequence[str], rows: Any) -> None:
        self._texts, self._rows = texts, rows
        self._ids = np.arange(len(texts), dtype=np.int64)

    def revision(self, corpus: str) -> int:
        return 1

    def corpus_id(self, corpus: str) -> int:
        return 1

    def document_ids(self, *names: Sequence[str]) -> Everything:
        return Everything()

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        return [self.passage(i) for i in ids]

    def passage(self, number: int) -> Passage:
        text = self._texts[number]
        return Passage(number, "bench", f"{number}.txt", 0, len(text), text)

    def vector_state(self, corpus: str, encoder: str) -> tuple[Any, Any]:
        return self._ids, self._ids

    def vectors(self, ids: Sequence[int], encoder: str) -> Any:
        return self._rows[np.asarray(ids)].astype(np.float32)


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    embedder = product_embedder("packaged")
    texts = list(mixed(paragraphs(args.data), args.size))
    base, _ = real_vectors(args)
    rows = np.vstack([part.astype(np.float16) for _, part in parts(base, args.size, args.noise)])
    store: Any = NumberedStore(texts, rows)
    asked = list(qed(args.data).questions.values())[: args.questions]
    with tempfile.TemporaryDirectory() as folder:
        words = TantivyWords(Path(folder) / "words", store.corpus_id)
        for at in range(0, len(texts), BATCH):
            words.add([(store.passage(i), i) for i in range(at, min(at + BATCH, len(texts)))])
        vectors = CorpusVectors(Path(folder) / "vectors", store, embedder.id, embedder.dim)
        retriever = HybridRetriever(store, words, DenseRanker(embedder, vectors))
        retriever.retrieve(Question("warm", ("bench",)), 10)
        vectors.wait()
        ours = [_seconds(lambda text=text: retriever.retrieve(Question(text, ("bench",)), 10)) for text in asked]
        embedding = [_seconds(lambda text=text: embedder.embed_queries([text])) for text in asked]
    yield {"who": "ours", "passages": args.size} | quantiles(ours) | described()
    yield {"who": "ours, embedding the question", "passages": args.size} | quantiles(embedding)
    if not args.no_peer:
        yield {"who": "langchain", "passages": args.size} | quantiles(_peer(rows, asked))


def _peer(rows: Any, asked: Sequence[str]) -> list[float]:
    """`HuggingFaceEmbeddings` and an `IndexFlatL2`: seconds of each question."""
    import faiss

    peer = langchain_embedder(encoder_folder())
    index: Any = faiss.IndexFlatL2(rows.shape[1])
    index.add(rows.astype(np.float32))

    def ask(text: str) -> None:
        index.search(np.asarray([peer.embed_query(f"query: {text}")], np.float32), 10)

    ask("warm")
    return [_seconds(lambda text=text: ask(text)) for text in asked]


def _seconds(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
