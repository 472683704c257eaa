"""What the machine can do, and what an encoder asks of it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np


def matmul_rate(size: int = 2048, rounds: int = 7) -> float:
    """The best rate of a bf16 matrix product (size, size) of torch, in FLOP/s, with the threads torch has now."""
    import torch

    a, b = (torch.randn(size, size).to(torch.bfloat16) for _ in range(2))
    a @ b
    return float(2 * size**3 / min(timed(lambda: a @ b) for _ in range(rounds)))


def encoder_flops(lengths: Sequence[int], layers: int = 12, hidden: int = 384, inner: int = 1536) -> float:
    """Multiply-adds, counted twice, of a BERT encoder over texts of these lengths in tokens, without padding."""
    tokens = np.asarray(lengths, float)
    dense = 2 * layers * (4 * hidden**2 + 2 * hidden * inner) * tokens.sum()
    attention = 4 * layers * hidden * (tokens**2).sum()
    return float(dense + attention)


def timed(action: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


class Seconds(NamedTuple):
    """By the clock, and of this program's threads together."""

    wall: float
    processor: float


def measured(action: Callable[[], object]) -> Seconds:
    """What running it took."""
    wall, processor = time.perf_counter(), time.process_time()
    action()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


def described() -> dict[str, object]:
    """Where a figure was measured, and how busy it was."""
    import torch

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            return next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def memory_mb() -> int:
    """What this program holds in memory now, in MB; 0 where Linux does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile, in milliseconds."""
    ms = 1000 * np.asarray(seconds)
    return {"p50_ms": round(float(np.median(ms)), 2), "p95_ms": round(float(np.percentile(ms, 95)), 2)}
