"""Time of a search, from the question's text to ten hits: the product's retriever, and LangChain's defaults beside it.

The passages are real paragraphs, and passages mixed from their sentences, whose vectors are perturbed copies of real
ones (see `bench.scale`): embedding 200,000 passages would take hours. For the same reason each sentence is cut into
words once, however often it is used.
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
from assistant.retrieval.analysis import words
from assistant.retrieval.dense import DenseRanker
from assistant.retrieval.hybrid import HybridRetriever
from assistant.retrieval.lexical import TantivyWords
from assistant.retrieval.word_queries import Scope
from assistant.types import Passage, Question
from bench.ingest import langchain_embedder
from bench.machine import Seconds, described, measured, memory_mb, quantiles
from bench.scale import exact, parts, real_questions, real_texts, real_vectors, recall
from bench.texts import mixed
from evals.pool import product_embedder

BATCH = 20_000


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000, help="passages")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--keep", type=Path, help="folder that keeps the indexes between runs with the same --size")
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
    pieces = list(mixed([text for texts in real_texts(args.data) for text in texts], args.size))
    base, _ = real_vectors(args)
    rows = np.vstack([part.astype(np.float16) for _, part in parts(base, args.size, args.noise)])
    store: Any = NumberedStore([" ".join(each) for each in pieces], rows)
    asked = real_questions(args.data)[: args.questions]
    before = memory_mb()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)) / str(args.size)
        index = TantivyWords(folder / "words", store.corpus_id)
        worded = measured(lambda: fill(index, pieces) if len(index.documents()) < args.size else None)
        vectors = CorpusVectors(folder / "vectors", store, embedder.id, embedder.dim)
        retriever = HybridRetriever(store, index, DenseRanker(embedder, vectors))
        built = measured(lambda: warmed(retriever, vectors))
        held = memory_mb() - before
        queries = [embedder.embed_queries([text])[0] for text in asked]
        ours = [_seconds(lambda text=text: retriever.retrieve(Question(text, ("bench",)), 10)) for text in asked]
        embedding = [_seconds(lambda text=text: embedder.embed_queries([text])) for text in asked]
        found = [{i for i, _ in vectors.search("bench", query, 10)} for query in queries]
        dense = [_seconds(lambda row=row: vectors.search("bench", row, 100)) for row in queries]
        worded_times = [_seconds(lambda text=text: index.search(text, Scope([1]), 100)) for text in asked]
    right = exact(base, args.size, args.noise, np.vstack(queries))
    yield {
        "who": "ours",
        "passages": args.size,
        "words_s": seconds(worded),
        "vectors_s": seconds(built),
        "memory_mb": held,
        "recall@10_of_vectors": recall(found, right),
    } | quantiles(ours) | described()  # fmt: skip
    yield {"who": "ours, embedding the question", "passages": args.size} | quantiles(embedding)
    yield {"who": "ours, searching the vectors", "passages": args.size} | quantiles(dense)
    yield {"who": "ours, searching the words", "passages": args.size} | quantiles(worded_times)
    if not args.no_peer:
        yield {"who": "langchain", "passages": args.size} | quantiles(_peer(rows, asked))


def warmed(retriever: HybridRetriever, vectors: CorpusVectors) -> None:
    """A first question, whose indexes are loaded or built, and kept."""
    retriever.retrieve(Question("warm", ("bench",)), 10)
    vectors.wait()
    vectors.save("bench")


def seconds(spent: Seconds) -> dict[str, float]:
    """By the clock and of the processor; next to nothing where an index was kept."""
    return {"clock": round(spent.wall, 1), "processor": round(spent.processor, 1)}


def fill(index: TantivyWords, passages: Sequence[tuple[str, ...]]) -> None:
    """Passages that are given as sentences, numbered from 0, in a corpus of number 1."""
    known: dict[str, str] = {}
    for at in range(0, len(passages), BATCH):
        rows = []
        for number, pieces in enumerate(passages[at : at + BATCH], start=at):
            for piece in pieces:
                if piece not in known:
                    known[piece] = " ".join(words(piece))
            rows.append((" ".join(known[piece] for piece in pieces), number, number, 1))
        index._replace(rows)


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
