"""The vector index as it grows: time of a search, recall@10 against comparing all in fp32, and memory."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from assistant.indexes.faiss import FaissIndex
from bench.machine import described, memory_mb, quantiles, timed
from bench.real import add_arguments, exact, parts, real, recall


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    add_arguments(parser)


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    base = real(args)
    for size in args.sizes:
        index, before = FaissIndex(base.rows.shape[1]), memory_mb()
        built = timed(lambda size=size, index=index: _fill(index, base.rows, size, args.noise))  # type: ignore[misc]
        held, times, found = memory_mb() - before, [], []
        for row in base.questions:
            start = time.perf_counter()
            found.append({i for i, _ in index.search(row[None, :], 10)[0]})
            times.append(time.perf_counter() - start)
        right = exact(base.rows, size, args.noise, base.questions)
        yield {
            "passages": size,
            "build_s": round(built, 1),
            "recall@10": recall(found, right),
            "memory_mb": held,
            "real": len(base.rows),
            "noise": args.noise,
        } | quantiles(times) | described()  # fmt: skip


def _fill(index: FaissIndex, base: Any, size: int, noise: float) -> None:
    for ids, rows in parts(base, size, noise):
        index.add(ids, rows)
