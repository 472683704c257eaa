"""From `words` to `ready`: vectors for the passages that have none, in batches shared by documents.

A vector is kept under the hash of its text and its encoder, so the same text is embedded once, in whatever document,
version or corpus it stands. A document becomes `ready` in one transaction, when all its passages have vectors.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from assistant.errors import ThickshellError
from assistant.seams import Embedder

if TYPE_CHECKING:
    from assistant.seams import F32

from ingest.catalog.database import Catalog
from ingest.catalog.passages import vector_bytes
from ingest.catalog.queries import batches, raise_revision
from ingest.catalog.tables import DocumentRow, JobRow, PassageRow, VectorRow
from ingest.jobs import Queue
from ingest.prepare import searched_text

log = logging.getLogger(__name__)
WINDOW = 1024
"""Passages looked at together: enough to sort by length, few enough that early documents are ready early."""
CHUNK = 128
"""Passages embedded and stored at once: the longest step between two looks at `stop`."""
DOCUMENTS = 200
LOOK_EVERY = 10.0
"""Seconds between two looks at all documents; jobs, which are indexed by state, tell of new ones at once."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document to embed: hashes of its passages that lack a vector (in this window, and in all), and all passages."""

    document: int
    lacking: frozenset[str]
    left: int
    passages: int

    def done(self, embedded: set[str]) -> bool:
        return self.left == len(self.lacking) and self.lacking <= embedded

    def share(self, embedded: set[str]) -> float:
        """The part of its passages that have vectors."""
        return 1.0 - (self.left - len(self.lacking & embedded)) / max(1, self.passages)


class Embedding:
    """Embeds what the catalog says is without vectors. One thread at a time.

    `complete`: it has found no `ready` document without vectors of its encoder.
    """

    def __init__(self, catalog: Catalog, embedder: Embedder, queue: Queue) -> None:
        self._catalog, self._embedder, self._queue = catalog, embedder, queue
        self.complete = False
        self._look_at = 0.0

    def step(self, stop: Callable[[], bool]) -> bool:
        """Embeds the next window of documents; False where none waits. Errors of the encoder go through."""
        encoder = self._embedder.id
        with self._catalog.read() as session:
            if time.monotonic() < self._look_at and not _any_job_waits(session):
                return False
            window, texts = _next_window(session, encoder, fresh=True)
            if not window and not self.complete:
                window, texts = _next_window(session, encoder, fresh=False)
                self.complete = not window
        if not window:
            self._look_at = time.monotonic() + LOOK_EVERY
            return False
        ready = [waiting.document for waiting in window if waiting.done(set())]
        self._finish(ready)
        embedded = self._embed(window, texts, stop)
        self._finish([w.document for w in window if w.done(embedded) and w.document not in ready])
        return True

    def _embed(self, window: Sequence[Waiting], texts: dict[str, str], stop: Callable[[], bool]) -> set[str]:
        """The hashes that have vectors now; not all of them where it was stopped or a job cancelled."""
        with self._catalog.read() as session:
            jobs = _jobs_of(session, [waiting.document for waiting in window])
        by_document = {waiting.document: waiting for waiting in window}
        embedded: set[str] = set()
        for chunk in _chunks(texts):
            if stop() or self._queue.cancelled() & jobs.keys():
                break
            rows = self._embedder.embed_passages([text for _, text in chunk])
            if not np.isfinite(rows).all():
                raise ValueError("the encoder gave numbers that are not finite")
            with self._catalog.session() as session:
                _keep(session, self._embedder.id, [hash_ for hash_, _ in chunk], rows)
            embedded.update(hash_ for hash_, _ in chunk)
            self._queue.embedded({job: by_document[document].share(embedded) for job, document in jobs.items()})
        return embedded

    def _finish(self, documents: Sequence[int]) -> None:
        """One transaction: these documents are ready."""
        if documents:
            with self._catalog.session() as session:
                _make_ready(session, documents, self._embedder.id)


def _next_window(session: Session, encoder: str, *, fresh: bool) -> tuple[list[Waiting], dict[str, str]]:
    """Documents in state `words`, or `ready` ones that lack vectors of this encoder (it was changed); hash -> text."""
    lacks = ~exists().where(VectorRow.hash == PassageRow.hash, VectorRow.encoder == encoder)
    query = select(DocumentRow.id).where(DocumentRow.live, DocumentRow.state == ("words" if fresh else "ready"))
    if not fresh:
        query = query.where(exists().where(PassageRow.document_id == DocumentRow.id, lacks))
    documents = session.scalars(query.order_by(DocumentRow.id).limit(DOCUMENTS)).all()
    mine = PassageRow.document_id.in_(documents)
    columns = select(PassageRow.document_id, PassageRow.hash, PassageRow.context, PassageRow.text)
    rows = session.execute(columns.where(mine, lacks).order_by(PassageRow.id).limit(WINDOW)).all()
    if len(rows) == WINDOW:  # documents after the last row's are for the next window
        documents = documents[: documents.index(rows[-1].document_id) + 1]
    counts = select(PassageRow.document_id, func.count()).where(mine).group_by(PassageRow.document_id)
    passages = {row[0]: row[1] for row in session.execute(counts)}
    hashes: dict[int, set[str]] = {document: set() for document in documents}
    for row in rows:
        hashes[row.document_id].add(row.hash)
    left = {document: len(found) for document, found in hashes.items()}
    if len(rows) == WINDOW:
        last = PassageRow.document_id == documents[-1]
        left[documents[-1]] = session.scalar(select(func.count(PassageRow.hash.distinct())).where(last, lacks)) or 0
    window = [Waiting(d, frozenset(hashes[d]), left[d], passages.get(d, 0)) for d in documents]
    return window, {row.hash: searched_text(row.context, row.text) for row in rows}


def _any_job_waits(session: Session) -> bool:
    return session.scalar(select(JobRow.id).where(JobRow.state == "words").limit(1)) is not None


def _chunks(texts: dict[str, str]) -> Iterator[list[tuple[str, str]]]:
    """Texts of like length together: less padding in the encoder."""
    ordered = sorted(texts.items(), key=lambda item: (len(item[1].encode()), item[0]))
    for at in range(0, len(ordered), CHUNK):
        yield ordered[at : at + CHUNK]


def _keep(session: Session, encoder: str, hashes: Sequence[str], rows: F32) -> None:
    """Stores vectors of passages that are still there and have none yet."""
    wanted = set(session.scalars(select(PassageRow.hash).where(PassageRow.hash.in_(hashes))))
    held = select(VectorRow.hash).where(VectorRow.encoder == encoder, VectorRow.hash.in_(hashes))
    wanted -= set(session.scalars(held))
    new = [
        {"hash": hash_, "encoder": encoder, "row": vector_bytes(row)}
        for hash_, row in zip(hashes, rows)
        if hash_ in wanted
    ]
    if new:
        session.execute(insert(VectorRow), new)


def _make_ready(session: Session, documents: Sequence[int], encoder: str) -> None:
    """Documents whose passages all have vectors, checked here once more: a deletion may have taken some."""
    lacks = ~exists().where(VectorRow.hash == PassageRow.hash, VectorRow.encoder == encoder)
    corpora: set[int] = set()
    for some in batches(list(documents)):
        query = select(DocumentRow).where(DocumentRow.id.in_(some), DocumentRow.live)
        for row in session.scalars(query.where(~exists().where(PassageRow.document_id == DocumentRow.id, lacks))):
            row.state = "ready"
            corpora.add(row.corpus_id)
            for job in session.scalars(select(JobRow).where(JobRow.document_id == row.id, JobRow.state == "words")):
                job.state, job.progress, job.error, job.cancel = "done", 1.0, None, False
    for corpus in sorted(corpora):
        raise_revision(session, corpus)


def _jobs_of(session: Session, documents: Sequence[int]) -> dict[int, int]:
    """Open job -> its document."""
    query = select(JobRow.id, JobRow.document_id).where(JobRow.document_id.in_(documents), JobRow.state == "words")
    return {job: document for job, document in session.execute(query) if document is not None}


def waiting_documents(catalog: Catalog) -> bool:
    """Whether any document is searchable by words only."""
    with catalog.read() as session:
        query = select(DocumentRow.id).where(DocumentRow.live, DocumentRow.state == "words")
        return session.scalar(query.limit(1)) is not None


def sentence_of(error: Exception) -> str:
    """Why meaning has to wait, for the job's line."""
    reason = str(error) if isinstance(error, ThickshellError) else f"internal error {type(error).__name__}"
    return f"Searchable by words; by meaning it waits: {reason}"
