"""Passages a second into the indexes, beside LangChain's defaults over the same passages and encoder in one run.

LangChain: `HuggingFaceEmbeddings` as it comes (sentence-transformers, fp32, batches of 32) and what its FAISS store
adds to, an `IndexFlatL2` (langchain-community, which held that store, is archived, so it is filled directly). Ours:
embedder, vector index and word index. Rounds alternate, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assistant.embedders.sentence import SentenceEmbedder
from assistant.embedders.weights import encoder_folder
from assistant.indexes.faiss import FaissIndex
from assistant.retrieval.lexical import TantivyWords
from assistant.types import Passage
from bench.machine import described, encoder_flops, matmul_rate, timed
from bench.texts import paragraphs


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passages", type=int, default=128, help="passages of a round")
    parser.add_argument("--rounds", type=int, default=3)


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    texts = paragraphs(args.data)
    embedder, peer = SentenceEmbedder(), langchain_embedder(encoder_folder())
    fp32 = SentenceEmbedder(precision="fp32")
    for warm in (embedder.embed_passages, peer.embed_documents):
        warm(texts[:4])
    ratios, rates = [], []
    for turn in range(args.rounds):
        part = texts[turn * args.passages : (turn + 1) * args.passages]
        ours, embedding = _ours(embedder, part)
        theirs = timed(lambda part=part: _theirs(peer, part))  # type: ignore[misc]
        flops = encoder_flops([min(n + 5, 512) for n in embedder.count(part)])
        ratios.append(theirs / ours)
        rates.append(flops / embedding)
        yield {
            "round": turn + 1,
            "passages": len(part),
            "ours_per_s": round(len(part) / ours, 2),
            "langchain_per_s": round(len(part) / theirs, 2),
            "ratio": round(theirs / ours, 2),
        }
    limit = matmul_rate()
    sample = texts[:32]
    cosines = (embedder.embed_passages(sample) * fp32.embed_passages(sample)).sum(axis=1)
    yield {
        "ratio": {
            "median": round(float(np.median(ratios)), 2),
            "low": round(min(ratios), 2),
            "high": round(max(ratios), 2),
        },
        "encoder_tflops": round(float(np.median(rates)) / 1e12, 3),
        "matmul_bf16_tflops": round(limit / 1e12, 3),
        "share": round(float(np.median(rates)) / limit, 3),
        "cosine_to_fp32": {"mean": round(float(cosines.mean()), 5), "least": round(float(cosines.min()), 5)},
    } | described()


def _ours(embedder: SentenceEmbedder, texts: list[str]) -> tuple[float, float]:
    """Seconds in all, and of embedding."""
    rows: list[Any] = []
    embedding = timed(lambda: rows.append(embedder.embed_passages(texts)))
    return embedding + timed(lambda: _indexed(rows[0], texts)), embedding


def _indexed(rows: Any, texts: list[str]) -> None:
    FaissIndex(rows.shape[1]).add(np.arange(len(texts), dtype=np.int64), rows)
    with tempfile.TemporaryDirectory() as folder:
        words = TantivyWords(Path(folder) / "words", lambda _: 1)
        words.add([(Passage(i, "bench", str(i), 0, len(text), text), i) for i, text in enumerate(texts)])


def langchain_embedder(folder: Path) -> Any:
    """The packaged weights are stored in half precision; fp32, a model's usual form, is faster here and fairer."""
    from langchain_huggingface import HuggingFaceEmbeddings

    return HuggingFaceEmbeddings(
        model_name=str(folder), model_kwargs={"device": "cpu", "model_kwargs": {"dtype": "float32"}}
    )


def _theirs(peer: Any, texts: list[str]) -> None:
    import faiss

    rows = np.asarray(peer.embed_documents([f"passage: {text}" for text in texts]), np.float32)
    index: Any = faiss.IndexFlatL2(rows.shape[1])
    index.add(rows)
