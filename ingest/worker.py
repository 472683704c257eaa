"""The worker of a home: one at a time, in whichever process holds `worker.lock`. What it does is in ingest.work."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from filelock import FileLock, Timeout

from assistant.seams import Embedder, WordIndex
from assistant.settings import Settings
from ingest.catalog.database import Catalog, storage_errors
from ingest.pool import ParserPool
from ingest.work import RETRY, Run, Tools, describe

log = logging.getLogger(__name__)


class Worker:
    """start/stop in the background, or run_until_idle in the caller's thread. May be started again."""

    def __init__(
        self, catalog: Catalog, pool: ParserPool, embedder: Embedder, words: WordIndex, settings: Settings
    ) -> None:
        self._tools = Tools(catalog, pool, embedder, words, settings)
        self._home = catalog.home
        self._lock = FileLock(catalog.home / "worker.lock", thread_local=False)
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    # --- the public face --------------------------------------------------------------------------------------------
    def start(self) -> bool:
        """Works in the background from now on; False where this or another process already has a worker at work."""
        with self._guard:
            if self._thread is not None or not self._acquire():
                return False
            self._stopping.clear()
            self._thread = threading.Thread(target=self._background, name="ingest-worker", daemon=True)
            self._thread.start()
            return True

    def stop(self) -> None:
        """Returns when everything is put back or stored; work that was begun goes on with the next start."""
        self._stopping.set()
        thread = self._thread
        if thread is not None:
            thread.join()

    def run_until_idle(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Works until no job is open that can go on (then True), or `stop`; False where another worker is at work.

        NotAvailable where documents wait for an encoder that cannot be had, StorageError where nothing can be written.
        """
        with self._guard:
            if self._thread is not None or not self._acquire():
                return False
            self._stopping.clear()
            self._thread = threading.current_thread()
        try:
            Run(self._tools, lambda: stop() or self._stopping.is_set(), until_idle=True).work()
            return True
        finally:
            self._release()

    # --- inside -----------------------------------------------------------------------------------------------------
    def _acquire(self) -> bool:
        try:
            with storage_errors(self._home):
                self._lock.acquire(timeout=0)
            return True
        except Timeout:
            return False

    def _release(self) -> None:
        with self._guard:
            self._lock.release()
            self._thread = None

    def _background(self) -> None:
        """Works until `stop`; what is not a file's fault is logged, and tried again after a while."""
        failures = 0
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                try:
                    Run(self._tools, self._stopping.is_set, until_idle=False).work()
                except Exception as error:
                    failures = 0 if time.monotonic() - began > 60 else failures + 1
                    log.error("the worker begins again after %s", describe(error))
                    self._stopping.wait(RETRY[min(failures, len(RETRY) - 1)])
        finally:
            self._release()
