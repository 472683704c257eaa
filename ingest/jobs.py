"""The durable queue: what the worker takes, says and ends. Each change is one transaction.

queued -> parsing -> words -> done, or failed, or cancelled. `parsing` of a worker that died is queued again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from assistant.errors import StorageError
from ingest.catalog.database import Catalog
from ingest.catalog.queries import batches
from ingest.catalog.tables import DocumentRow, JobRow

MOST_ATTEMPTS = 10
"""Times a file may be in a reader's hands when the worker dies. Not fewer: it is seldom to blame for a killed process,
and such files are read after all others."""
TAKEN_BYTES = 1 << 20
"""Files taken together have no more bytes than this, but the first."""
READ_SHARE = 0.35
"""Part of a job's way that reading and splitting take."""
SAY_EVERY, LOOK_EVERY = 0.5, 0.2
"""Seconds between two writes of one job's progress, and between two looks at cancelled jobs."""

CANCELLED = "Cancelled; upload the file again or retry."
WORN = f"The file stopped the program {MOST_ATTEMPTS} times while it was read; convert it to PDF and upload that."


@dataclass(frozen=True, slots=True)
class Task:
    """A job that this worker has taken."""

    job: int
    document: int
    name: str
    sha256: str
    bytes: int


class Queue:
    """The jobs of one home, for its worker. Safe for threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._said: dict[int, float] = {}
        self._cancelled: frozenset[int] = frozenset()
        self._looked = 0.0
        self._lock = threading.Lock()

    # --- taking -----------------------------------------------------------------------------------------------------
    def take(self, most: int) -> list[Task]:
        """Up to `most` queued jobs, oldest first, in state `parsing` from now on."""
        if not self.waiting():
            return []
        with self._catalog.session() as session:
            rows = _small_batch(_queued(session, most))
            return [task for job, document in rows if (task := _begin(job, document)) is not None]

    def waiting(self) -> bool:
        with self._catalog.read() as session:
            return session.scalar(select(JobRow.id).where(JobRow.state == "queued").limit(1)) is not None

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Gives tasks back that were not read because the worker stops: as if never taken."""
        with self._catalog.session() as session:
            for job, document in _rows(session, tasks):
                if job.state == "parsing":
                    job.state, job.progress, job.started = "queued", 0.0, None
                    if not document.live:
                        document.state = "queued"

    @contextlib.contextmanager
    def in_hand(self, task: Task) -> Iterator[None]:
        """Marks a task as being read: an empty file outlives a killed process and costs less than a transaction."""
        mark = _marks(self._catalog.home) / str(task.job)
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)

    # --- saying -----------------------------------------------------------------------------------------------------
    def read(self, job: int, page: int, pages: int) -> None:
        """Page `page` of `pages` is read; written at most every SAY_EVERY seconds."""
        if self._due(job):
            share = READ_SHARE * 0.9 * min(1.0, page / pages) if pages else 0.0
            self._say(job, progress=share, page=page, pages=pages)

    def embedded(self, shares: dict[int, float]) -> None:
        """Job -> part of its passages that have vectors; written at most every SAY_EVERY seconds."""
        for job, share in shares.items():
            if self._due(job):
                self._say(job, progress=READ_SHARE + (1 - READ_SHARE) * share)

    def say_of_waiting(self, sentence: str) -> None:
        """Says why jobs in state `words` wait for their vectors."""
        with self._catalog.session() as session:
            session.execute(update(JobRow).where(JobRow.state == "words").values(error=sentence))

    # --- ending -----------------------------------------------------------------------------------------------------
    def fail(self, task: Task, sentence: str) -> None:
        """The job failed; a document that has no older readable version shows the sentence."""
        self._end(task, "failed", sentence)

    def cancel(self, task: Task) -> None:
        self._end(task, "cancelled", CANCELLED)

    def _end(self, task: Task, state: str, sentence: str) -> None:
        with self._catalog.session() as session:
            for job, document in _rows(session, [task]):
                end_job(job, document, state, sentence)

    def cancelled(self) -> frozenset[int]:
        """Open jobs that the user stopped; looked up at most every LOOK_EVERY seconds."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_EVERY:
                with self._catalog.read() as session:
                    query = select(JobRow.id).where(JobRow.cancel, JobRow.state.in_(("parsing", "words")))
                    self._cancelled = frozenset(session.scalars(query))
                self._looked = time.monotonic()
            return self._cancelled

    # --- inside -----------------------------------------------------------------------------------------------------
    def _due(self, job: int) -> bool:
        with self._lock:
            at = time.monotonic()
            if at - self._said.get(job, 0.0) < SAY_EVERY:
                return False
            if len(self._said) > 10_000:
                self._said.clear()
            self._said[job] = at
            return True

    def _say(self, job: int, **values: float) -> None:
        with contextlib.suppress(StorageError), self._catalog.session() as session:
            session.execute(update(JobRow).where(JobRow.id == job).values(**values))


def end_job(job: JobRow, document: DocumentRow, state: str, sentence: str | None) -> None:
    """Ends a job as failed or cancelled; a document that never became searchable says why."""
    job.state, job.error, job.cancel = state, sentence, False
    if not document.live:
        document.state, document.error = "failed", sentence


def requeue(session: Session, home: Path) -> list[int]:
    """Queues what a dead worker had taken, and fails what it died with too often; the ids of these documents."""
    marks = {mark.name: mark for mark in _marks(home).glob("*")}
    query = select(JobRow, DocumentRow).join(DocumentRow, DocumentRow.id == JobRow.document_id)
    touched = []
    for job, document in session.execute(query.where(JobRow.state == "parsing")):
        touched.append(document.id)
        job.attempts += str(job.id) in marks
        if job.cancel:
            end_job(job, document, "cancelled", CANCELLED)
        elif job.attempts >= MOST_ATTEMPTS:
            end_job(job, document, "failed", WORN)
        else:
            job.state, job.progress, job.started = "queued", 0.0, None
            if not document.live:
                document.state = "queued"
    for mark in marks.values():
        mark.unlink(missing_ok=True)
    return touched


def _marks(home: Path) -> Path:
    return home / "reading"


def _queued(session: Session, most: int) -> list[tuple[JobRow, DocumentRow]]:
    query = select(JobRow, DocumentRow).join(DocumentRow, DocumentRow.id == JobRow.document_id)
    return [
        (j, d)
        for j, d in session.execute(
            query.where(JobRow.state == "queued").order_by(JobRow.attempts, JobRow.id).limit(most)
        )
    ]


def _small_batch(rows: list[tuple[JobRow, DocumentRow]]) -> list[tuple[JobRow, DocumentRow]]:
    taken: list[tuple[JobRow, DocumentRow]] = []
    size = 0
    for job, document in rows:
        size += document.bytes
        if taken and size > TAKEN_BYTES:
            break
        taken.append((job, document))
    return taken


def _begin(job: JobRow, document: DocumentRow) -> Task | None:
    """The task of a job; None where the document is searchable already and only its vectors are missing."""
    if document.live:
        ready = document.state == "ready"
        job.state, job.error, job.progress = ("done", None, 1.0) if ready else ("words", None, READ_SHARE)
        return None
    job.state, job.started, job.error, job.progress = "parsing", time.time(), None, 0.0
    document.state, document.error = "parsing", None
    return Task(job.id, document.id, job.name, document.sha256, document.bytes)


def _rows(session: Session, tasks: Sequence[Task]) -> list[tuple[JobRow, DocumentRow]]:
    """Rows of tasks whose documents are still there."""
    query = select(JobRow, DocumentRow).join(DocumentRow, DocumentRow.id == JobRow.document_id)
    found: list[tuple[JobRow, DocumentRow]] = []
    for some in batches([task.job for task in tasks]):
        found += [(j, d) for j, d in session.execute(query.where(JobRow.id.in_(some)))]
    return found
