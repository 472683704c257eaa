"""Whether the span reader's "this passage answers" logit puts the right passage first, on training questions.

The reader learned from nine tenths of these passages, so only questions about its held-out tenth are asked.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.retrieval.hybrid import order
from evals.fusion_sets import KINDS, fusion_set
from evals.pool import Pool, pooled, product_embedder

if TYPE_CHECKING:
    from assistant.readers.span import SpanModel

WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")
    parser.add_argument("--size", type=int, default=150, help="questions of each kind")
    parser.add_argument("--reader", type=Path, help="folder of another span reader than the packaged one")
    parser.add_argument("--top", type=int, default=5, help="hits that are read")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from assistant.embedders.sentence import SentenceEmbedder
    from assistant.readers.span import SpanModel
    from assistant.tuning.reading_data import is_dev

    embedder = product_embedder("packaged")
    assert isinstance(embedder.inner, SentenceEmbedder)
    reader = SpanModel(args.reader, embedder.inner)
    for language in KINDS:
        made = fusion_set(args.data, language, embedder.count, args.seed, args.size, about=is_dev)
        with pooled(made.data.head(args.limit), embedder, args.cache) as pool:
            start = time.perf_counter()
            rows = list(read(pool, reader, args.top))
        spent = (time.perf_counter() - start) / max(len(rows), 1)
        found = {str(weight): recall(rows, weight) for weight in WEIGHTS}
        yield {"set": language, "n": len(rows), "recall@1 by weight": found, "seconds a question": round(spent, 3)}


def read(pool: Pool, reader: SpanModel, top: int) -> Iterator[tuple[Any, Any, Any]]:
    """For each question: log shares, logits and rightness of its best hits."""
    for row in pool.scored():
        best = order(row.dense, row.words)[:top]
        texts = [pool.data.passages[pool.names[i]] for i, *_ in best]
        readings = reader.predict(pool.data.questions[row.question], texts)
        shares = np.log([max(share, 1e-12) for _, share, *_ in best])
        right = np.array([pool.names[i] in pool.data.gold[row.question] for i, *_ in best])
        yield shares, np.array([reading.answerable for reading in readings]), right


def recall(rows: list[tuple[Any, Any, Any]], weight: float) -> float:
    return round(float(np.mean([right[(shares + weight * logits).argmax()] for shares, logits, right in rows])), 4)
