"""The home's log: home/logs/thickshell.log, kept small, with the words of our own modules only.

They name kinds, places, counts and ids, never texts, questions, names of documents or secrets (promise 34). Tracebacks
lose their messages, which may quote a document. Several processes write to one file; who fills it renames it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import traceback
from collections.abc import Iterator
from importlib import metadata
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from filelock import FileLock

ROOMS = ("assistant", "ingest")
FOLDER, NAME = "logs", "thickshell.log"
MAX_BYTES, KEPT = 1_000_000, 4
"""Size at which a new file is begun, and older ones kept beside it: thickshell.log.1 is the youngest."""
FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
log = logging.getLogger(__name__)


@contextlib.contextmanager
def kept(home: Path, level: str) -> Iterator[Path]:
    """Our modules write to the home's log until the end; gives the file. Warnings are shown on standard error too,
    unless something else (a server, a test) takes what is logged."""
    file = home / FOLDER / NAME
    handlers = [LogFile(file), _screen()]
    rooms = [logging.getLogger(room) for room in ROOMS]
    before = [room.level for room in rooms]
    for room in rooms:
        room.setLevel(level.upper())
        for handler in handlers:
            room.addHandler(handler)
    try:
        if home.is_dir():  # a home that cannot be made is said by who tries
            log.info("begins: %s, Python %s, %s", _version(), platform.python_version(), platform.platform())
        yield file
    finally:
        for room, was in zip(rooms, before):
            room.setLevel(was)
            for handler in handlers:
                room.removeHandler(handler)
        for handler in handlers:
            handler.close()


class LogFile(WatchedFileHandler):
    """Appends; starts a new file above MAX_BYTES; a disk that cannot be written costs lines, never the work."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, encoding="utf-8", delay=True, errors="backslashreplace")
        self.setFormatter(Plain(FORMAT))
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._turn()
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: the sentence of what failed reaches the user in its own way."""

    def _turn(self) -> None:
        if self._size() < MAX_BYTES:
            return
        with FileLock(self._file.with_name(f"{NAME}.lock"), timeout=5):
            if self._size() < MAX_BYTES:  # another process was quicker
                return
            for number in range(KEPT, 0, -1):
                older = self._file if number == 1 else self._file.with_name(f"{NAME}.{number - 1}")
                with contextlib.suppress(FileNotFoundError):
                    os.replace(older, self._file.with_name(f"{NAME}.{number}"))

    def _size(self) -> int:
        with contextlib.suppress(OSError):
            return self._file.stat().st_size
        return 0


class Plain(logging.Formatter):
    """One line a record: line breaks are shown as spaces, and of an exception its kind and where it came from."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(super().format(record).split("\n"))

    def formatException(self, ei: Any) -> str:
        kind, _, trace = ei
        places = [f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(trace)[-5:]]
        return f"[{kind.__name__ if kind else 'nothing'} at {' < '.join(reversed(places))}]"


def _screen() -> logging.Handler:
    """Standard error, for commands: warnings and worse, unless the root logger has a handler of its own."""
    screen = logging.StreamHandler()
    screen.setLevel(logging.WARNING)
    screen.addFilter(lambda _: not logging.getLogger().handlers)
    return screen


def _version() -> str:
    try:
        return f"thickshell {metadata.version('thickshell')}"
    except metadata.PackageNotFoundError:
        return "thickshell from its sources"
