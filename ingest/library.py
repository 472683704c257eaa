"""Corpora and documents of one home: the seam Library. What is derived (words, vectors) follows the catalog."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psutil
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from assistant.errors import NotFound, ThickshellError
from assistant.types import CorpusInfo, Document, DocumentInfo, JobInfo
from ingest import names, passwords
from ingest.archive import export_corpus
from ingest.archive_reader import HIDDEN, Importer
from ingest.catalog.database import Catalog, now
from ingest.catalog.queries import (
    check_free,
    corpus_row,
    document_row,
    info_of,
    raise_revision,
    shown_documents,
    unpack,
    versions,
)
from ingest.catalog.removal import remove_documents, texts_of
from ingest.catalog.tables import ConversationRow, CorpusRow, DocumentRow, JobRow
from ingest.entry import OPEN_STATES, Arrival, Door, renewed
from ingest.files import FileStore
from ingest.queue_view import Watch, job_infos
from ingest.recent import Recent
from ingest.removing import REMOVING, Removal
from ingest.shown import corpus_info, document_json

if TYPE_CHECKING:
    from assistant.seams import I64, WordIndex

IMAGES_KEPT = 24


class Working(Protocol):
    """What `wait` asks of ingest.worker.Worker."""

    def start(self) -> bool:
        """Takes jobs in the background from now on; False where another process (or thread) of the home does."""
        ...

    def stop(self) -> None: ...


class HomeLibrary:
    """Library over a catalog, a file store and a word index. Safe for threads and for several processes."""

    def __init__(
        self,
        catalog: Catalog,
        words: WordIndex,
        *,
        worker: Callable[[], Working] | None = None,
        max_upload_mb: int = 1024,
        forget_vectors: Callable[[Path, I64], None] | None = None,
    ) -> None:
        self.catalog = catalog
        self.files = FileStore(catalog.home)
        self._words = words
        self._worker = worker
        self._limit = max_upload_mb << 20
        self._removal = Removal(catalog, self.files, words, forget_vectors)
        self._door = Door(catalog, self.files, self._removal.changing, self._limit)
        self._images: Recent[tuple[str, int, float], bytes] = Recent(IMAGES_KEPT)
        self.files.sweep_incoming()
        if self._removal.unfinished:
            self._removal.sweep()
        self._end_dead_imports()

    # --- corpora ----------------------------------------------------------------------------------------------------
    def corpora(self, *, private: bool = False) -> list[CorpusInfo]:
        """By name; with `private`, those of conversations too."""
        with self.catalog.read() as session:
            query = select(CorpusRow).where(~CorpusRow.name.startswith(HIDDEN)).order_by(CorpusRow.name)
            rows = session.scalars(query if private else query.where(CorpusRow.private.is_(False))).all()
            return [corpus_info(session, row) for row in rows]

    def names(self, *, private: bool = False) -> list[str]:
        with self.catalog.read() as session:
            query = select(CorpusRow.name).where(~CorpusRow.name.startswith(HIDDEN)).order_by(CorpusRow.name)
            return list(session.scalars(query if private else query.where(CorpusRow.private.is_(False))))

    def create(self, corpus: str, *, private: bool = False) -> CorpusInfo:
        name = names.corpus_name(corpus)
        with self.catalog.session() as session:
            check_free(session, name)
            row = CorpusRow(name=name, private=private, revision=1, created=now())
            session.add(row)
            session.flush()
            return corpus_info(session, row)

    def rename(self, corpus: str, new: str) -> None:
        name = names.corpus_name(new)
        with self.catalog.session() as session:
            if name != corpus_row(session, corpus).name:
                check_free(session, name)
                _rename(session, corpus, name)

    def hide(self, corpus: str) -> str:
        """Takes a corpus out of lists and searches; the name it goes by until `unhide` or `delete`.

        When this process dies before either, the next start deletes it.
        """
        hidden = f"{HIDDEN}{os.getpid()}-{secrets.token_hex(8)}"
        with self.catalog.session() as session:
            _rename(session, corpus, hidden)
        return hidden

    def unhide(self, hidden: str, corpus: str) -> None:
        """Conflict where another corpus has the name now."""
        with self.catalog.session() as session:
            check_free(session, corpus)
            _rename(session, hidden, corpus)

    def delete(self, corpus: str) -> None:
        with self._removal.changing(REMOVING):
            with self.catalog.session() as session:
                row = corpus_row(session, corpus)
                place = row.id
                doomed = list(session.scalars(select(DocumentRow.id).where(DocumentRow.corpus_id == place)))
                hashes = remove_documents(session, doomed)
                session.execute(delete(JobRow).where(JobRow.corpus == corpus))
                session.execute(update(ConversationRow).where(ConversationRow.corpus == corpus).values(corpus=None))
                session.delete(row)
            shutil.rmtree(self.catalog.home / "vectors" / str(place), ignore_errors=True)
            self._removal.finish(doomed, hashes, None)
            self._images = Recent(IMAGES_KEPT)

    # --- documents --------------------------------------------------------------------------------------------------
    def documents(self, corpus: str) -> list[DocumentInfo]:
        """By name; a document that is not searchable yet, or that failed, is among them."""
        with self.catalog.read() as session:
            row = corpus_row(session, corpus)
            return [info_of(document, row.name) for document in shown_documents(session, row.id)]

    def info(self, corpus: str, name: str) -> DocumentInfo:
        with self.catalog.read() as session:
            return info_of(document_row(session, corpus, name), corpus)

    def show(self, corpus: str, name: str) -> dict[str, Any]:
        with self.catalog.read() as session:
            row = document_row(session, corpus, name)
            document = unpack(row.parsed) if row.parsed else None
            info = info_of(row, corpus)
        return document_json(info, document)

    def document(self, corpus: str, name: str) -> Document:
        with self.catalog.read() as session:
            row = document_row(session, corpus, name)
            if row.parsed is None:
                reason = f": {row.error}" if row.error else " yet; wait until it is."
                raise NotFound(f"“{name}” has not been read{reason}")
            return unpack(row.parsed)

    def delete_document(self, corpus: str, name: str) -> None:
        with self._removal.changing(REMOVING):
            with self.catalog.session() as session:
                place = corpus_row(session, corpus).id
                doomed = [row.id for row in versions(session, place, name)]
                if not doomed:
                    raise NotFound(f"There is no document named “{name}” in the corpus “{corpus}”; check the name.")
                texts = texts_of(session, doomed)
                hashes = remove_documents(session, doomed)
                session.execute(delete(JobRow).where(JobRow.corpus == corpus, JobRow.name == name))
                raise_revision(session, place)
            self._removal.finish(doomed, hashes, texts)
            self._images = Recent(IMAGES_KEPT)
            self._removal.without_vectors(place)

    def original(self, corpus: str, name: str) -> Path:
        with self.catalog.read() as session:
            path = self.files.path(document_row(session, corpus, name).sha256)
        if not path.is_file():
            raise NotFound(f"The original of “{name}” is missing on disk; upload the file again.")
        return path

    def page_image(self, corpus: str, name: str, page: int, scale: float = 1.5) -> bytes:
        from ingest import render

        info = self.info(corpus, name)
        key = (info.sha256, page, round(scale, 2))
        if (known := self._images.get(key)) is not None:
            return known
        image = render.page_image(self.original(corpus, name), info.format, page, scale)
        self._images.put(key, image)
        return image

    # --- files on their way in --------------------------------------------------------------------------------------
    def submit(
        self, corpus: str, file: Path, name: str | None = None, *, password: str | None = None, move: bool = False
    ) -> int:
        """Stores a file and queues it; a job id. `move` is for uploads: the file is removed when it is stored.

        The same source again, or an upload of a name that is there, is a new version. Another file of a name that is
        taken gets its folders in front (those of `name`, else those of the path).
        """
        job = self._door.enter(corpus, [Arrival.of(file, name, password, upload=move)])[0]
        if isinstance(job, ThickshellError):
            raise job
        if move:
            file.unlink(missing_ok=True)
        return job

    def submit_all(
        self, corpus: str, files: Sequence[Path], *, password: str | None = None
    ) -> list[int | ThickshellError]:
        """`submit` for many files at once, in their order: a job id, or why a file was not taken. Much faster."""
        return self._door.enter(corpus, [Arrival.of(file, None, password) for file in files])

    def retry(self, job: int, *, password: str | None = None) -> None:
        with self.catalog.session() as session:
            row = _job_row(session, job)
            if password is not None:
                passwords.hold(self.catalog.home, job, password)
            if row.state not in ("failed", "cancelled"):
                return
            document = session.get(DocumentRow, row.document_id) if row.document_id else None
            if document is None:
                raise NotFound(f"The file of “{row.name}” is not stored any more; upload it again.")
            row.state, row.error, row.cancel, row.progress, row.attempts = "queued", None, False, 0.0, 0
            if not document.live:
                row.document_id = renewed(session, document)

    def jobs(self, corpus: str | None = None, ids: Sequence[int] | None = None) -> list[JobInfo]:
        """By id: those asked for, else all open ones and the latest closed ones."""
        with self.catalog.read() as session:
            return job_infos(session, corpus, ids)

    def cancel(self, job: int) -> None:
        with self.catalog.session() as session:
            row = _job_row(session, job)
            if row.state == "queued":
                row.state = "cancelled"
                document = session.get(DocumentRow, row.document_id) if row.document_id else None
                if document is not None and not document.live:
                    document.state, document.error = "failed", "Cancelled before it was read; upload it again or retry."
            elif row.state in OPEN_STATES:
                row.cancel = True  # the worker looks at it between steps

    def wait(self, ids: Sequence[int], progress: Callable[[list[JobInfo]], None] | None = None) -> list[JobInfo]:
        """Blocks until all jobs are closed; runs the worker here where no other process does.

        Jobs that say why they wait (no encoder, say), and do so for a while, are returned open, with that sentence.
        """
        watch = Watch(lambda left: self.jobs(ids=left), ids, progress)
        worker: Working | None = None
        try:
            while not watch.look():
                if worker is None and self._worker is not None:
                    candidate = self._worker()
                    worker = candidate if candidate.start() else None
                time.sleep(watch.pause)
        finally:
            if worker is not None:
                worker.stop()
        return watch.rows

    # --- archives ---------------------------------------------------------------------------------------------------
    def export(self, corpus: str, target: Path) -> None:
        """Writes the corpus as one zip archive: originals, texts, passages, a manifest with their hashes."""
        export_corpus(self.catalog, self.files, corpus, target)

    def import_(self, source: Path, name: str | None = None) -> CorpusInfo:
        """Reads an archive as a new corpus; Conflict where its name is taken, UnreadableFile where it is damaged.

        Searchable by words when this returns; by meaning when its jobs, which embed it, are done.
        """
        importer = Importer(self.catalog, self.files, self._words, self._removal.changing, self._limit)
        try:
            imported = importer.run(source, name)
        except BaseException:
            with contextlib.suppress(NotFound):
                self.delete(importer.hidden)
            raise
        with self.catalog.read() as session:
            return corpus_info(session, corpus_row(session, imported))

    def _end_dead_imports(self) -> None:
        """Deletes what an import left that died with its process."""
        with self.catalog.read() as session:
            hidden = session.scalars(select(CorpusRow.name).where(CorpusRow.name.startswith(HIDDEN))).all()
        for name in hidden:
            owner = name.removeprefix(HIDDEN).split("-")[0]
            if not psutil.pid_exists(int(owner)):
                with contextlib.suppress(NotFound):
                    self.delete(name)


def _rename(session: Session, corpus: str, name: str) -> None:
    row = corpus_row(session, corpus)
    row.name = name
    session.execute(update(JobRow).where(JobRow.corpus == corpus).values(corpus=name))
    session.execute(update(ConversationRow).where(ConversationRow.corpus == corpus).values(corpus=name))
    session.flush()
    raise_revision(session, row.id)


def _job_row(session: Session, job: int) -> JobRow:
    row = session.get(JobRow, job)
    if row is None:
        raise NotFound(f"There is no job {job}; its document was deleted. Add the file again.")
    return row
