"""An answer's pieces on their way into the catalog."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from assistant.errors import StorageError

log = logging.getLogger(__name__)
FLUSH_SECONDS = 0.15


class Stream:
    """Collects the pieces of one answer and writes them at most every 150 ms, the last ones soon after they came."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._pieces: list[str] = []
        self._timer: threading.Timer | None = None
        self._written = 0.0
        self._lock = threading.RLock()

    def append(self, text: str) -> None:
        with self._lock:
            self._pieces.append(text)
            wait = self._written + FLUSH_SECONDS - time.monotonic()
            if wait <= 0:
                self._flush()
            elif self._timer is None:
                self._timer = threading.Timer(wait, self._flush_later)
                self._timer.daemon = True
                self._timer.start()

    def take_back(self, clear: Callable[[], None]) -> None:
        """Forgets what waits; `clear` does the same to what is written. What comes after begins anew."""
        with self._lock:
            self._pieces.clear()
            clear()

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._flush()

    def _flush_later(self) -> None:
        with self._lock:
            self._timer = None
            try:
                self._flush()
            except StorageError as error:  # the pieces are kept: the next append or `finish` tries again, and says so
                log.warning("an answer could not be stored yet: %s", error)

    def _flush(self) -> None:
        if self._pieces:
            self._write("".join(self._pieces))
            self._pieces.clear()
        self._written = time.monotonic()
