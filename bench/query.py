"""Time of a search, from the question's text to ten hits: the product's retriever, and LangChain's defaults beside it.

The passages are real ones, and passages mixed from their sentences, whose vectors are perturbed copies of real ones
(see `bench.real`). Each sentence is cut into words once, however often it is used. `memory_mb` is what the program
grew by when its indexes were opened, encoder and texts apart.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
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
from bench.real import PART, add_arguments, exact, part, parts, real, recall
from bench.texts import mixed
from evals.pool import product_embedder

BATCH = 20_000
WARM = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000, help="passages")
    parser.add_argument("--questions", type=int, default=100)
    add_arguments(parser)
    parser.add_argument("--keep", type=Path, help="folder that keeps the indexes between runs with the same --size")
    parser.add_argument("--no-peer", action="store_true", help="leave LangChain out")


@dataclass(frozen=True)
class Everything:
    """A filter that hides nothing."""

    only: None = None
    without: frozenset[int] = frozenset()


class NumberedStore:
    """The part of PassageStore that a search uses, over passages given as sentences; each is its own document."""

    def __init__(self, pieces: Sequence[tuple[str, ...]], base: Any, noise: float) -> None:
        self._pieces, self._base, self._noise = pieces, base, noise
        self._ids = np.arange(len(pieces), dtype=np.int64)

    def revision(self, corpus: str) -> int:
        return 1

    def corpus_id(self, corpus: str) -> int:
        return 1

    def document_ids(self, *names: Sequence[str]) -> Everything:
        return Everything()

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        return [self.passage(i) for i in ids]

    def passage(self, number: int) -> Passage:
        text = " ".join(self._pieces[number])
        return Passage(number, "bench", f"{number}.txt", 0, len(text), text)

    def vector_state(self, corpus: str, encoder: str) -> tuple[Any, Any]:
        return self._ids, self._ids

    def vectors(self, ids: Sequence[int], encoder: str) -> Any:
        """Rows of neighbouring ids, as an index asks for them when it is built."""
        starts = range(ids[0] // PART * PART, ids[-1] + 1, PART)
        rows = np.vstack([part(self._base, at, len(self._ids), self._noise)[1] for at in starts])
        return rows[np.asarray(ids) - starts[0]]


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    embedder, base = product_embedder("packaged"), real(args)
    pieces = list(mixed(base.texts, args.size))
    store: Any = NumberedStore(pieces, base.rows, args.noise)
    asked = base.asked[: args.questions]
    embedder.embed_queries(asked[:1])
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)) / str(args.size)
        index = TantivyWords(folder / "words", store.corpus_id)
        worded = measured(lambda: fill(index, pieces) if index._view().count < args.size else None)
        vectors = CorpusVectors(folder / "vectors", store, embedder.id, embedder.dim)
        before = memory_mb()
        built = measured(lambda: vectors.save("bench"))
        held = memory_mb() - before
        retriever = HybridRetriever(store, index, DenseRanker(embedder, vectors))
        for text in base.asked[-WARM:]:
            retriever.retrieve(Question(text, ("bench",)), 10)
        queries = [embedder.embed_queries([text])[0] for text in asked]
        ours = [_seconds(lambda text=text: retriever.retrieve(Question(text, ("bench",)), 10)) for text in asked]
        embedding = [_seconds(lambda text=text: embedder.embed_queries([text])) for text in asked]
        found = [{i for i, _ in vectors.search("bench", query, 10)} for query in queries]
        dense = [_seconds(lambda row=row: vectors.search("bench", row, 100)) for row in queries]
        worded_times = [_seconds(lambda text=text: index.search(text, Scope([1]), 100)) for text in asked]
    yield {
        "who": "ours",
        "passages": args.size,
        "real": len(base.texts),
        "words_s": seconds(worded),
        "vectors_s": seconds(built),
        "memory_mb": held,
    } | quantiles(ours) | described()  # fmt: skip
    yield {"who": "ours, embedding the question", "passages": args.size} | quantiles(embedding)
    yield {"who": "ours, searching the vectors", "passages": args.size} | quantiles(dense)
    yield {"who": "ours, searching the words", "passages": args.size} | quantiles(worded_times)
    right = exact(base.rows, args.size, args.noise, np.vstack(queries))
    yield {"who": "ours", "passages": args.size, "recall@10_of_vectors": recall(found, right)}
    if not args.no_peer:
        rows = (rows for _, rows in parts(base.rows, args.size, args.noise))
        yield {"who": "langchain", "passages": args.size} | quantiles(_peer(rows, asked))


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


def _peer(parts: Iterable[Any], asked: Sequence[str]) -> list[float]:
    """`HuggingFaceEmbeddings` and an `IndexFlatL2`: seconds of each question."""
    import faiss

    peer = langchain_embedder(encoder_folder())
    index: Any = faiss.IndexFlatL2(384)
    for rows in parts:
        index.add(rows)

    def ask(text: str) -> None:
        index.search(np.asarray([peer.embed_query(f"query: {text}")], np.float32), 10)

    ask("warm")
    return [_seconds(lambda text=text: ask(text)) for text in asked]


def _seconds(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
