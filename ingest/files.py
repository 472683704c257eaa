"""The originals of a home, each stored once under its sha256. What is named by a hash cannot be a path attack.

Storing and discarding happen under one lock of the home, held until the catalog has said what it knows of the file; so
a file that one process discards is never one that another process has just begun to use.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil
from filelock import FileLock

from assistant.errors import LimitExceeded, StorageError
from ingest.catalog.database import disk_sentence

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Received:
    """A complete copy of a file, on disk but not under its name yet."""

    path: Path
    sha256: str
    bytes: int


class FileStore:
    """`files/ab/<sha256>` below a home."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._root = home / "files"
        self._incoming = self._root / "incoming"
        self._thread_lock = threading.RLock()
        self._process_lock = FileLock(home / "files.lock", thread_local=False)

    def path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """One thread of one process at a time; may be entered again by the same thread."""
        with self._thread_lock, self._process_lock:
            yield

    def receive(self, source: BinaryIO, limit: int) -> Received:
        """Copies a stream while hashing it; LimitExceeded above `limit` bytes, StorageError on a full disk."""
        target = self._incoming / f"{os.getpid()}-{secrets.token_hex(8)}"
        digest, size = hashlib.sha256(), 0
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as copy:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise LimitExceeded(
                            f"The file is larger than {limit // (1 << 20):,} MB; split it, or raise max_upload_mb."
                        )
                    digest.update(chunk)
                    copy.write(chunk)
        except BaseException as error:
            target.unlink(missing_ok=True)
            if isinstance(error, OSError) and (sentence := disk_sentence(error, self._home)):
                raise StorageError(sentence) from error
            raise
        return Received(target, digest.hexdigest(), size)

    def flush(self, received: Sequence[Received]) -> None:
        """Makes copies durable, side by side: the disk groups what arrives together."""
        side_by_side(sync_file, [item.path for item in received])

    def keep(self, received: Sequence[Received]) -> None:
        """Moves flushed copies under their hashes, durably. To be called under the lock."""
        changed: dict[Path, None] = {}
        for item in received:
            target = self.path(item.sha256)
            if target.is_file() and target.stat().st_size == item.bytes:
                continue
            if not target.parent.is_dir():
                target.parent.mkdir(parents=True, exist_ok=True)
                changed[self._root] = None
            item.path.replace(target)
            changed[target.parent] = None
        side_by_side(sync_folder, list(changed))

    def discard(self, sha256: str) -> None:
        """Removes a file that no document uses. To be called under the lock."""
        self.path(sha256).unlink(missing_ok=True)

    def stored(self) -> Iterator[str]:
        """The hashes of all files that are there."""
        for folder in self._root.glob("[0-9a-f][0-9a-f]"):
            for file in folder.iterdir():
                yield file.name

    def sweep_incoming(self) -> None:
        """Removes copies that processes left behind when they died."""
        if self._incoming.is_dir():
            for file in self._incoming.iterdir():
                owner = file.name.split("-")[0]
                if owner.isdigit() and not psutil.pid_exists(int(owner)):
                    file.unlink(missing_ok=True)


def side_by_side(sync: Callable[[Path], None], paths: Sequence[Path]) -> None:
    if len(paths) < 2:
        for path in paths:
            sync(path)
        return
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(sync, paths))


def sync_file(file: Path) -> None:
    with file.open("r+b") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder durable, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
