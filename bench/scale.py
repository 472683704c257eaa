"""The vector index as it grows: time of a search, recall@10 against comparing all, and memory.

Vectors are those of real paragraphs and perturbed copies of them: noise of a given length is added and the sum brought
back to unit length. Questions are real questions about some of the paragraphs.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.indexes.faiss import FaissIndex
from bench.machine import described, quantiles, timed
from evals.data import REPORTED
from evals.pool import embedded, product_embedder

SETS = ("qed", "cmrc2018")
PART = 20_000
KNOWN = 200
"""Questions that are asked, and whose exact answer is computed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--noise", type=float, default=0.5, help="length of what is added to a unit vector")
    parser.add_argument("--graph", choices=["auto", "yes", "no"], default="auto", help="index kind")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    base, questions = real_vectors(args)
    for size in args.sizes:
        index = FaissIndex(base.shape[1], graph=args.graph == "yes")
        built = timed(lambda size=size, index=index: _fill(index, base, size, args.noise))  # type: ignore[misc]
        if args.graph == "auto" and index.stale:
            start = time.perf_counter()
            index = index.renewed()
            built += time.perf_counter() - start
        times = []
        found = []
        for row in questions:
            start = time.perf_counter()
            found.append({i for i, _ in index.search(row[None, :], 10)[0]})
            times.append(time.perf_counter() - start)
        right = exact(base, size, args.noise, questions)
        yield (
            {
                "passages": size,
                "kind": "graph" if index.is_graph else "all",
                "build_s": round(built, 1),
                "recall@10": recall(found, right),
                "mb_per_million": round(_bytes(index) / size),
                "noise": args.noise,
            }
            | quantiles(times)
            | described()
        )


def real_vectors(args: argparse.Namespace) -> tuple[Any, Any]:
    """Vectors of the paragraphs of SETS, and of KNOWN questions about them."""
    embedder = product_embedder("packaged")
    base = [embedded(embedder, "passages", texts, args.cache) for texts in real_texts(args.data)]
    return np.vstack(base), embedded(embedder, "queries", real_questions(args.data), args.cache)


def real_texts(data: Path) -> list[list[str]]:
    """The paragraphs of each of SETS."""
    return [list(REPORTED[name](data).passages.values()) for name in SETS]


def real_questions(data: Path) -> list[str]:
    """KNOWN questions of SETS together, in a fixed random order."""
    asked = [text for name in SETS for text in REPORTED[name](data).questions.values()]
    return random.Random(0).sample(asked, KNOWN)


def parts(base: Any, size: int, noise: float) -> Iterator[tuple[Any, Any]]:
    """(ids, rows) of `size` vectors: the real ones, then perturbed copies."""
    for at in range(0, size, PART):
        ids = np.arange(at, min(at + PART, size), dtype=np.int64)
        rows = base[ids % len(base)].copy()
        copies = ids >= len(base)
        added = np.random.default_rng(at).normal(size=(int(copies.sum()), base.shape[1])).astype(np.float32)
        rows[copies] += noise * added / np.linalg.norm(added, axis=1, keepdims=True)
        yield ids, (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def exact(base: Any, size: int, noise: float, questions: Any) -> list[set[int]]:
    """The ten best for each question, by comparing all in float32, part by part."""
    best: list[list[tuple[float, int]]] = [[] for _ in questions]
    for ids, rows in parts(base, size, noise):
        scores = questions @ rows.T
        top = np.argpartition(-scores, min(10, len(ids)) - 1, axis=1)[:, :10]
        for row, kept, places in zip(scores, best, top):
            kept += [(float(row[p]), int(ids[p])) for p in places]
            kept.sort(reverse=True)
            del kept[10:]
    return [{i for _, i in kept} for kept in best]


def recall(found: Sequence[set[int]], right: Sequence[set[int]]) -> float:
    """Share of the ten right ones that were found.

    >>> recall([{1, 2}, {3}], [{1, 2}, {3, 4}])
    0.75
    """
    return round(float(np.mean([len(a & b) / len(b) for a, b in zip(found, right, strict=True)])), 4)


def _fill(index: FaissIndex, base: Any, size: int, noise: float) -> None:
    for ids, rows in parts(base, size, noise):
        index.add(ids, rows)


def _bytes(index: FaissIndex) -> float:
    """What the index takes, as it is written: vectors, links and ids."""
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder) / "one")
        return sum(file.stat().st_size for file in (Path(folder) / "one").iterdir())
