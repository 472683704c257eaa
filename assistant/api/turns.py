"""Whose turn it is: so many questions are computed at once, so many more wait, and further ones are refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from assistant.errors import Busy


class Turns:
    """A pool of threads with a short queue, first come, first served."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self.at_once = at_once
        self._most = at_once + waiting
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="answer")
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Questions computed or waiting."""
        return self._taken

    def check(self) -> None:
        """Busy where all places are taken."""
        if self._taken >= self._most:
            raise Busy("Too many questions are waiting; try again in a few seconds.")

    def take(self) -> None:
        """Takes a place; Busy where all are taken. `run` or `give` frees it."""
        with self._lock:
            self.check()
            self._taken += 1

    def give(self) -> None:
        with self._lock:
            self._taken -= 1

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for work that is done at once, in the caller's thread; Busy where all are taken."""
        self.take()
        try:
            yield
        finally:
            self.give()

    def run(self, work: Callable[[], None]) -> None:
        """Does the work of a place that was taken, when its turn comes; then the place is free."""

        def freed(_: Future[None]) -> None:
            self.give()

        self._pool.submit(work).add_done_callback(freed)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
