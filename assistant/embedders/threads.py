"""One thread for each group of sequences, instead of several for each product.

The steps of a small encoder are too short to be worth dividing: with two threads inside each of them, six windows took
as long as with one. Sequences need nothing of each other, so groups of them run side by side, each in one thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")
_pools: dict[int, ThreadPoolExecutor] = {}
_guard = threading.Lock()


def shares(sizes: Sequence[int], count: int) -> list[list[int]]:
    """Places of `sizes` in at most `count` groups of nearly the same sum, largest first (Graham 1969).

    >>> shares([5, 4, 3, 3], 2), shares([7], 2)
    ([[0, 3], [1, 2]], [[0]])
    """
    groups: list[list[int]] = [[] for _ in range(min(count, len(sizes)))]
    loads = [0] * len(groups)
    for place in sorted(range(len(sizes)), key=lambda place: -sizes[place]):
        least = loads.index(min(loads))
        groups[least].append(place)
        loads[least] += sizes[place]
    return groups


def side_by_side(action: Callable[[T], R], items: Sequence[T], threads: int) -> list[R]:
    """`action` of each item, in order, each in a thread in which torch uses no further ones."""
    return list(_pool(threads).map(action, items))


def _alone() -> None:
    torch.get_num_threads()  # else the first product would take the number that was set last, anywhere
    torch.set_num_threads(1)


def _pool(threads: int) -> ThreadPoolExecutor:
    """torch keeps a number of threads for each thread, and one for those to come, which is set back here."""
    with _guard:
        if threads not in _pools:
            started = threading.Barrier(threads)
            pool = ThreadPoolExecutor(threads, "sequences", initializer=_alone)
            list(pool.map(lambda _: started.wait(), range(threads)))
            torch.set_num_threads(threads)
            _pools[threads] = pool
        return _pools[threads]
