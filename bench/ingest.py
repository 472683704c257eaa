"""Passages a second into the indexes, beside LangChain's defaults over the same passages and encoder in one run.

LangChain: `HuggingFaceEmbeddings` as it comes (sentence-transformers, fp32, batches of 32) and what its FAISS store
adds to, an `IndexFlatL2` (langchain-community, which held that store, is archived, so it is filled directly). Ours:
embedder and vector index; the word index, which LangChain has none of, is timed by itself. Rounds alternate, so that a
busy machine slows both; the ratio of processor time (of all threads) feels other programs less.
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
from bench.machine import Seconds, described, encoder_flops, matmul_rate, measured
from bench.texts import paragraphs

BATCH = 32
"""Passages of a round: LangChain's batch."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=4, help=f"batches of {BATCH} passages, from short to long")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16", "int8"], default="auto")
    parser.add_argument("--cosines", type=int, default=16, help="passages compared with fp32")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    texts = sorted(paragraphs(args.data), key=lambda text: len(text.encode()))
    embedder, peer = SentenceEmbedder(precision=args.precision), langchain_embedder(encoder_folder())
    for warm in (embedder.embed_passages, peer.embed_documents):
        warm(texts[:4])
    ratios, rates, spent = [], [], np.zeros((2, 2))
    for turn in range(args.rounds):
        part = batch_of(texts, (turn + 0.5) / args.rounds)
        ours = _ours(embedder, part)
        theirs = measured(lambda part=part: _theirs(peer, part))  # type: ignore[misc]
        flops = encoder_flops([min(n + 5, 512) for n in embedder.count(part)])
        ratios.append((theirs.wall / ours.wall, theirs.processor / ours.processor))
        rates.append(flops / ours.wall)
        spent += (theirs, ours)
        yield {
            "round": turn + 1,
            "passages": len(part),
            "ours_per_s": round(len(part) / ours.wall, 2),
            "langchain_per_s": round(len(part) / theirs.wall, 2),
            "ratio": round(ratios[-1][0], 2),
            "ratio_of_processor_time": round(ratios[-1][1], 2),
        }
    limit, rate = matmul_rate(), float(np.median(rates))
    yield {
        "precision": precision_of(embedder),
        "ratio_of_all": round(float(spent[0, 0] / spent[1, 0]), 2),
        "ratio_of_all_processor_time": round(float(spent[0, 1] / spent[1, 1]), 2),
        "ratio": spread([wall for wall, _ in ratios]),
        "ratio_of_processor_time": spread([processor for _, processor in ratios]),
        "encoder_tflops": round(rate / 1e12, 3),
        "matmul_bf16_tflops": round(limit / 1e12, 3),
        "share": round(rate / limit, 3),
        "word_index_per_s": round(_words_rate(texts[:: len(texts) // 500]), 1),
        "cosine_to_fp32": cosines(embedder, texts[:: len(texts) // args.cosines]),
    } | described()


def batch_of(texts: list[str], share: float) -> list[str]:
    """BATCH neighbours at this share of sorted texts.

    Both sides sort by length what they are given, so this is a batch as it comes up when all texts are ingested, with
    as little padding. Few texts at random would be padded far more (20% of 128, 1% of 3,392), most of all the peer's.
    """
    start = min(int(share * len(texts)), len(texts) - BATCH)
    return texts[start : start + BATCH]


def spread(values: list[float]) -> dict[str, float]:
    """Least, median and largest.

    >>> spread([3.0, 1.0, 2.0])
    {'min': 1.0, 'median': 2.0, 'max': 3.0}
    """
    return {"min": round(min(values), 2), "median": round(float(np.median(values)), 2), "max": round(max(values), 2)}


def precision_of(embedder: SentenceEmbedder) -> str:
    """The arithmetic in use, which "auto" chose."""
    backend = embedder.packaged_bert()
    if backend is None:
        return "fp32"
    return "int8" if backend.int8 else backend.floating


def cosines(embedder: SentenceEmbedder, texts: list[str]) -> dict[str, float]:
    """How near the vectors are to those of fp32."""
    exact = SentenceEmbedder(precision="fp32").embed_passages(texts)
    found = (embedder.embed_passages(texts) * exact).sum(axis=1)
    return {"mean": round(float(found.mean()), 5), "min": round(float(found.min()), 5)}


def _ours(embedder: SentenceEmbedder, texts: list[str]) -> Seconds:
    def embed_and_add() -> None:
        rows = embedder.embed_passages(texts)
        FaissIndex(rows.shape[1]).add(np.arange(len(texts), dtype=np.int64), rows)

    return measured(embed_and_add)


def _words_rate(texts: list[str]) -> float:
    """Passages a second into the word index, which LangChain's defaults do not have."""
    with tempfile.TemporaryDirectory() as folder:
        words = TantivyWords(Path(folder) / "words", lambda _: 1)
        entries = [(Passage(i, "bench", str(i), 0, len(text), text), i) for i, text in enumerate(texts)]
        words.add(entries[:1])  # the Chinese dictionary loads
        return (len(texts) - 1) / measured(lambda: words.add(entries[1:])).wall


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
