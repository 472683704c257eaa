"""The door of a home: files come in, get a name, are stored under their hash and queued.

Many files share one transaction and their writes reach the disk side by side, which is what makes a thousand small ones
cheap. Rows first, then the files' names on disk, then the commit: a crash leaves unnamed copies at worst.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from assistant.errors import NotFound, StorageError, ThickshellError, UnreadableFile, UsageError
from ingest import names, passwords
from ingest.catalog.database import Catalog, now
from ingest.catalog.queries import batches, corpus_row, versions
from ingest.catalog.removal import remove_documents
from ingest.catalog.tables import DocumentRow, JobRow
from ingest.files import FileStore, Received

OPEN_STATES = ("queued", "parsing", "words")
TOGETHER, TOGETHER_BYTES = 100, 64 << 20
"""Files of one transaction, at most; a larger file comes alone."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file at the door. `source` tells files of one name apart; `folders` may come in front of the name."""

    file: Path
    source: str
    folders: tuple[str, ...]
    name: str
    password: str | None = None

    @classmethod
    def of(cls, file: Path, name: str | None, password: str | None, *, upload: bool = False) -> Arrival:
        """`name` may carry folders (a relative path); those of the path itself stand in for none."""
        folders, base = names.split_path(name or file.name)
        if upload:
            return cls(file, f"upload:{'/'.join([*folders, base])}", folders, base, password)
        above = folders or names.split_path(str(file.absolute()))[0]
        return cls(file, str(file.absolute()), above, base, password)


@dataclass(frozen=True, slots=True)
class Place:
    """The corpus that files come into: its id and name."""

    id: int
    corpus: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A new version: the document's name, and the file."""

    name: str
    arrival: Arrival
    received: Received


class Door:
    """Takes files in. `changing` is held while stored files change (HomeLibrary)."""

    def __init__(
        self, catalog: Catalog, files: FileStore, changing: Callable[[], AbstractContextManager[None]], limit: int
    ) -> None:
        self._catalog, self._files, self._changing, self._limit = catalog, files, changing, limit

    def enter(self, corpus: str, arrivals: Sequence[Arrival]) -> list[int | ThickshellError]:
        """A job id for each arrival, or why it was not taken; a full disk or an unknown corpus ends all of it."""
        with self._catalog.read() as session:
            corpus_row(session, corpus)  # before gigabytes are copied
        outcomes: list[int | ThickshellError] = []
        for batch in _batches(arrivals):
            outcomes += self._enter_together(corpus, batch)
        return outcomes

    def _enter_together(self, corpus: str, batch: Sequence[Arrival]) -> list[int | ThickshellError]:
        received: list[Received | ThickshellError] = []
        try:
            for arrival in batch:
                received.append(self._receive(arrival))
            copies = [item for item in received if isinstance(item, Received)]
            self._files.flush(copies)
            with self._changing(), self._catalog.session() as session:
                place = corpus_row(session, corpus).id
                jobs = self._rows(session, Place(place, corpus), list(zip(batch, received)))
                self._files.keep(copies)
                return jobs
        finally:
            for item in received:
                if isinstance(item, Received):
                    item.path.unlink(missing_ok=True)

    def _receive(self, arrival: Arrival) -> Received | ThickshellError:
        try:
            with _readable(arrival.file) as stream:
                return self._files.receive(stream, self._limit)
        except StorageError:
            raise
        except ThickshellError as error:
            return error

    def _rows(
        self, session: Session, place: Place, pairs: Sequence[tuple[Arrival, Received | ThickshellError]]
    ) -> list[int | ThickshellError]:
        """A job for each received file, in the caller's transaction; those of new names are written together."""
        taken = _taken(session, place, [arrival for arrival, _ in pairs])
        outcomes: dict[int, int | ThickshellError] = {}
        fresh: list[tuple[int, Entry]] = []
        for n, (arrival, item) in enumerate(pairs):
            if isinstance(item, ThickshellError):
                outcomes[n] = item
            elif arrival.name in taken or arrival.source in taken:
                outcomes |= self._insert(session, place, fresh)
                fresh.clear()
                outcomes[n] = self._row(session, place, arrival, item)
            else:
                fresh.append((n, Entry(arrival.name, arrival, item)))
                taken |= {arrival.name, arrival.source}
        outcomes |= self._insert(session, place, fresh)
        return [outcomes[n] for n in range(len(pairs))]

    def _row(self, session: Session, place: Place, arrival: Arrival, received: Received) -> int:
        """The job of a file whose name or source is known: of a version that is there, or of a new one."""
        name = _name_for(session, place.id, arrival, received.sha256)
        held = versions(session, place.id, name)
        newest = max(held, key=lambda row: row.id, default=None)
        if newest is not None and newest.sha256 == received.sha256 and newest.state != "failed":
            return _job_of(session, newest, place.corpus)
        _supersede(session, held)
        live = next((row for row in held if row.live), None)
        if live is not None and live.sha256 == received.sha256:
            return _job_of(session, live, place.corpus)
        return self._insert(session, place, [(0, Entry(name, arrival, received))])[0]

    def _insert(self, session: Session, place: Place, entries: Sequence[tuple[int, Entry]]) -> dict[int, int]:
        """New versions and their jobs: the number of each entry -> job id."""
        if not entries:
            return {}
        documents = session.scalars(
            insert(DocumentRow).returning(DocumentRow.id, sort_by_parameter_order=True),
            [_version(place.id, entry) for _, entry in entries],
        ).all()
        jobs = session.scalars(
            insert(JobRow).returning(JobRow.id, sort_by_parameter_order=True),
            [
                {
                    "document_id": document,
                    "corpus": place.corpus,
                    "name": entry.name,
                    "state": "queued",
                    "created": now(),
                }
                for document, (_, entry) in zip(documents, entries)
            ],
        ).all()
        for job, (_, entry) in zip(jobs, entries):
            if entry.arrival.password is not None:  # before the commit: a worker may take the job right after it
                passwords.hold(self._catalog.home, job, entry.arrival.password)
        return {n: job for job, (n, _) in zip(jobs, entries)}


def _version(corpus: int, entry: Entry) -> dict[str, Any]:
    return {
        "corpus_id": corpus,
        "name": entry.name,
        "state": "queued",
        "bytes": entry.received.bytes,
        "sha256": entry.received.sha256,
        "created": now(),
        "source": entry.arrival.source,
    }


def _taken(session: Session, place: Place, arrivals: Sequence[Arrival]) -> set[str]:
    """Those of the names and sources that the corpus has already."""
    taken: set[str] = set()
    for column, texts in (
        (DocumentRow.name, {arrival.name for arrival in arrivals}),
        (DocumentRow.source, {arrival.source for arrival in arrivals}),
    ):
        for batch in batches(sorted(texts)):
            query = select(column).where(DocumentRow.corpus_id == place.id, column.in_(batch))
            taken.update(session.scalars(query))
    return taken


def renewed(session: Session, row: DocumentRow) -> int:
    """Puts a fresh version in place of one that is not live, to be read again; its id.

    So the passages of an id never change once it was live, and readers may remember where they are.
    """
    fresh = DocumentRow(
        corpus_id=row.corpus_id,
        name=row.name,
        state="queued",
        bytes=row.bytes,
        sha256=row.sha256,
        created=row.created,
        source=row.source,
    )
    session.add(fresh)
    session.flush()
    remove_documents(session, [row.id])
    return fresh.id


def _batches(arrivals: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    batch: list[Arrival] = []
    size = 0
    for arrival in arrivals:
        more = _size(arrival.file)
        if batch and (len(batch) >= TOGETHER or size + more > TOGETHER_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(arrival)
        size += more
    if batch:
        yield batch


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # `_readable` says what is wrong with it


def _name_for(session: Session, corpus: int, arrival: Arrival, sha256: str) -> str:
    """The document's name: what its source was called before, else the first of the candidates that fits.

    A document of unknown source (imported) is taken for an older version of the file.
    """
    known = session.scalar(
        select(DocumentRow.name).where(DocumentRow.corpus_id == corpus, DocumentRow.source == arrival.source).limit(1)
    )
    if known is not None:
        return known
    plain_upload = arrival.source == f"upload:{arrival.name}"
    for name in names.candidates(arrival.folders, arrival.name):
        held = versions(session, corpus, name)
        if not held or plain_upload or any(row.sha256 == sha256 or not row.source for row in held):
            return name
    raise AssertionError("names.candidates never ends")


def _supersede(session: Session, held: Sequence[DocumentRow]) -> None:
    """Ends what was still to become the live version: a newer file of the name is here."""
    for row in held:
        if row.live:
            continue
        jobs = list(session.scalars(select(JobRow).where(JobRow.document_id == row.id)))
        if any(job.state in ("parsing", "words") for job in jobs):
            for job in jobs:
                job.cancel = True
            continue
        for job in jobs:
            if job.state == "queued":
                job.state, job.error = "cancelled", "A newer version of the file came."
        session.flush()
        remove_documents(session, [row.id])


def _job_of(session: Session, row: DocumentRow, corpus: str) -> int:
    """The job of a version that is there already: its open one, else one that is done at once."""
    open_job = session.scalar(
        select(JobRow.id).where(JobRow.document_id == row.id, JobRow.state.in_(OPEN_STATES)).limit(1)
    )
    if open_job is not None:
        return open_job
    job = JobRow(document_id=row.id, corpus=corpus, name=row.name, state="done", progress=1.0, created=now())
    session.add(job)
    session.flush()
    return job.id


@contextlib.contextmanager
def _readable(file: Path) -> Iterator[BinaryIO]:
    """The file opened for reading; what keeps it shut is said in one sentence."""
    try:
        stream = file.open("rb")
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}; check the path.") from None
    except IsADirectoryError:
        raise UsageError(f"{file} is a folder; name its files.") from None
    except OSError as error:
        raise UnreadableFile(f"The file {file} cannot be read ({error.strerror}); check its permissions.") from error
    with stream:
        yield stream
