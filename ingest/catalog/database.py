"""Opens the catalog of a home and hands out transactions.

Writers begin with BEGIN IMMEDIATE, so two of them never find out at commit time that one has to lose; readers see one
snapshot. Errors of the disk become one sentence here, and nowhere else.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from assistant.errors import StorageError
from ingest.catalog import migrate, residue

FILE = "catalog.sqlite3"
BUSY_SECONDS = 30
PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16000",
    "PRAGMA mmap_size=268435456",
)


class Catalog:
    """The catalog of one home. Safe for threads; each process opens its own."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self.engine = engine
        self.home = home
        self._writer = engine.execution_options(thickshell_write=True)
        self._turn = threading.Lock()

    @classmethod
    def open(cls, home: Path, scripts: Path = migrate.SCRIPTS) -> Catalog:
        """Opens or creates the catalog and brings its schema up to date; StorageError says why it cannot."""
        home = Path(home).absolute()
        with storage_errors(home):
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            engine = sqlite_engine(home / FILE)
            try:
                migrate.upgrade(engine, home, scripts)
            except BaseException:
                engine.dispose()
                raise
        return cls(engine, home)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """One write transaction: committed at the end of the block, rolled back where it raises."""
        with (
            storage_errors(self.home),
            self._in_turn(),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextlib.contextmanager
    def _in_turn(self) -> Iterator[None]:
        """The writers of this process wait for each other here. SQLite looks now and then whether the file is free: of
        many threads that write all the time, some would be unlucky until their patience is over."""
        taken = self._turn.acquire(timeout=BUSY_SECONDS)
        try:
            yield
        finally:
            if taken:
                self._turn.release()

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot, never written."""
        with storage_errors(self.home), Session(self.engine, expire_on_commit=False) as session:
            yield session

    def scrub(self, deleted: Iterable[bytes] | None = None, seconds: float = 10.0) -> bool:
        """Makes deletions final on disk: empties the write-ahead log, and writes the database anew where pieces of
        `deleted` texts (None: anything at all) stayed in gaps of its pages. False where readers held the log for too
        long.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        file = self.home / FILE
        with storage_errors(self.home), contextlib.closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as raw:
            raw.isolation_level = None
            raw.execute("PRAGMA synchronous=FULL")
            if not _emptied_log(raw, seconds):
                return False
            left = residue.gaps(file)
            if left and (deleted is None or residue.holds(left, deleted)):
                raw.execute("VACUUM")
                return _emptied_log(raw, seconds)
            return True

    def close(self) -> None:
        self.engine.dispose()


def _emptied_log(raw: sqlite3.Connection, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def now() -> str:
    """The time as the catalog writes it: ISO 8601, UTC, seconds. Nothing is ordered by it: clocks go backwards."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def sqlite_engine(file: Path) -> Engine:
    """An engine on a file; transactions are begun by us, not by the driver's guess."""
    engine = create_engine(
        f"sqlite:///{file.as_posix()}",
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=10,
        max_overflow=50,
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        for pragma in PRAGMAS:
            raw.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("thickshell_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextlib.contextmanager
def storage_errors(home: Path) -> Iterator[None]:
    """Turns errors of the disk and the database into a StorageError of one sentence."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(str(error.orig), home, error) from error
    except sqlite3.DatabaseError as error:
        raise _translate(str(error), home, error) from error
    except OSError as error:
        if sentence := disk_sentence(error, home):
            raise StorageError(sentence) from error
        raise


def disk_sentence(error: OSError, place: Path) -> str | None:
    """What an operating system error about storage means to the user; None for errors of other kinds."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"The disk that holds {place} is full; free some space and try again."
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return f"The folder {place} cannot be written; change its permissions or choose another with --home."
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return f"{place} is not a folder; choose another with --home."
    if error.errno == errno.EIO:
        return f"The disk that holds {place} reports errors; check it, then restore a backup if files are damaged."
    return None


MEANINGS = (
    ("disk is full", "The disk that holds {home} is full; free some space and try again."),
    ("readonly", "The folder {home} cannot be written; change its permissions or choose another with --home."),
    ("unable to open", "The folder {home} cannot be written; change its permissions or choose another with --home."),
    ("locked", "Another process has been writing to {home} for too long; try again when it is done."),
    ("malformed", "The catalog in {home} is damaged; restore a backup with `thickshell restore`."),
    ("not a database", "The catalog in {home} is damaged; restore a backup with `thickshell restore`."),
    ("disk i/o", "The catalog in {home} could not be written; check that its disk has space and is healthy."),
)


def _translate(message: str, home: Path, error: Exception) -> Exception:
    lower = message.lower()
    for sign, sentence in MEANINGS:
        if sign in lower:
            return StorageError(sentence.format(home=home))
    return error  # a fault of ours: shown as it is
