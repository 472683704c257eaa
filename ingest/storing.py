"""Prepared documents into the catalog and the word index, so that each becomes searchable wholly or not at all.

1. One transaction writes the passages of versions that nobody sees yet, which gives them their ids.
2. The word index commits these passages; searches drop ids of versions that are not live.
3. One transaction makes the versions live, in state `words`, and takes older versions away.
A crash in between leaves passages and words of versions that are not live: `ingest.recovery` removes them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from assistant.errors import NotFound
from assistant.seams import WordIndex
from assistant.types import Passage
from ingest.catalog.database import Catalog
from ingest.catalog.queries import batches, pack, raise_revision
from ingest.catalog.removal import remove_documents, remove_passages, unused_files
from ingest.catalog.tables import CorpusRow, DocumentRow, JobRow, PassageRow
from ingest.files import FileStore
from ingest.jobs import CANCELLED, READ_SHARE, Task, end_job
from ingest.prepare import Prepared, searched_text

log = logging.getLogger(__name__)
SUPERSEDED = "A newer version of the file came."


@dataclass(frozen=True, slots=True)
class Parsed:
    """A task with what its file gave, and the packed form that the catalog keeps."""

    task: Task
    prepared: Prepared
    packed: bytes


def parsed(task: Task, prepared: Prepared) -> Parsed:
    return Parsed(task, prepared, pack(prepared.document))


def store(catalog: Catalog, words: WordIndex, batch: Sequence[Parsed]) -> None:
    """Makes these documents searchable by words. StorageError: nothing of them is shown, and it may be called again."""
    entered = _enter(catalog, batch)
    try:
        words.add([pair for pairs in entered.values() for pair in pairs])
    except NotFound:  # a corpus was renamed or deleted just now
        entered = _enter(catalog, batch)
        words.add([pair for pairs in entered.values() for pair in pairs])
    with _files_change(catalog) as files:
        with catalog.session() as session:
            shown, removed, hashes = _show(session, list(entered))
        _discard(catalog, files, hashes)
    if lost := (set(entered) - shown) | removed:
        words.remove(sorted(lost))


def _enter(catalog: Catalog, batch: Sequence[Parsed]) -> dict[int, list[tuple[Passage, int]]]:
    """Step 1: document id -> its passages with that id, of those that are still wanted."""
    entered: dict[int, list[tuple[Passage, int]]] = {}
    with catalog.session() as session:
        for item in batch:
            row = session.get(DocumentRow, item.task.document)
            if row is None or row.live:
                continue
            session.execute(delete(PassageRow).where(PassageRow.document_id == row.id))
            _fill(row, item)
            _insert_passages(session, row.id, item.prepared)
            entered[row.id] = _entered(session, row, item.prepared)
    return entered


def _fill(row: DocumentRow, item: Parsed) -> None:
    document = item.prepared.document
    row.format, row.title, row.date = document.format, document.title, document.date
    row.report = json.dumps(asdict(document.report), ensure_ascii=False)
    row.parsed = item.packed


def _insert_passages(session: Session, document: int, prepared: Prepared) -> None:
    text = prepared.document.text
    rows = [
        {
            "document_id": document,
            "ordinal": ordinal,
            "start": piece.start,
            "end": piece.end,
            "page": piece.page,
            "table": piece.table,
            "text": text[piece.start : piece.end],
            "context": piece.context,
            "hash": text_hash(piece.context, text[piece.start : piece.end]),
        }
        for ordinal, piece in enumerate(prepared.pieces)
    ]
    if rows:
        session.execute(insert(PassageRow), rows)


def text_hash(context: str, text: str) -> str:
    """What vectors are kept under: sha256 of the searched text."""
    return hashlib.sha256(searched_text(context, text).encode("utf-8", "surrogatepass")).hexdigest()


def _entered(session: Session, row: DocumentRow, prepared: Prepared) -> list[tuple[Passage, int]]:
    corpus = session.scalar(select(CorpusRow.name).where(CorpusRow.id == row.corpus_id)) or ""
    ids = session.scalars(select(PassageRow.id).where(PassageRow.document_id == row.id).order_by(PassageRow.ordinal))
    text = prepared.document.text
    return [
        (Passage(id_, corpus, row.name, p.start, p.end, text[p.start : p.end], p.context, p.page, p.table), row.id)
        for id_, p in zip(ids, prepared.pieces)
    ]


def _show(session: Session, documents: Sequence[int]) -> tuple[set[int], set[int], set[str]]:
    """Step 3: (ids shown, ids of older versions removed, hashes of the files these had)."""
    shown: set[int] = set()
    removed: set[int] = set()
    corpora: set[int] = set()
    for some in batches(list(documents)):
        for row in session.scalars(select(DocumentRow).where(DocumentRow.id.in_(some)).order_by(DocumentRow.id)):
            job = session.scalar(select(JobRow).where(JobRow.document_id == row.id, JobRow.state == "parsing").limit(1))
            versions = _other_versions(session, row)
            if (job is not None and job.cancel) or any(other.live and other.id > row.id for other in versions):
                _leave_out(session, row, job)
                continue
            older = [other for other in versions if other.id < row.id]
            _end_older(session, older)
            removed.update(other.id for other in older)
            row.live, row.state, row.error = True, "words", None
            if job is not None:
                job.state, job.progress, job.error = "words", READ_SHARE, None
            shown.add(row.id)
            corpora.add(row.corpus_id)
    session.flush()
    hashes = remove_documents(session, sorted(removed))
    for corpus in sorted(corpora):
        raise_revision(session, corpus)
    return shown, removed, hashes


def _other_versions(session: Session, row: DocumentRow) -> list[DocumentRow]:
    same = select(DocumentRow).where(DocumentRow.corpus_id == row.corpus_id, DocumentRow.name == row.name)
    return list(session.scalars(same.where(DocumentRow.id != row.id)))


def _leave_out(session: Session, row: DocumentRow, job: JobRow | None) -> None:
    session.execute(delete(PassageRow).where(PassageRow.document_id == row.id))
    if job is not None:
        end_job(job, row, "cancelled", CANCELLED)


def _end_older(session: Session, older: Sequence[DocumentRow]) -> None:
    ids = [row.id for row in older]
    open_jobs = JobRow.document_id.in_(ids), JobRow.state.in_(("queued", "parsing", "words"))
    session.execute(update(JobRow).where(*open_jobs).values(state="cancelled", error=SUPERSEDED))


def withdraw(catalog: Catalog, words: WordIndex, jobs: Sequence[int]) -> None:
    """Takes documents whose jobs were cancelled in state `words` out of search again; the file can be retried."""
    withdrawn: list[int] = []
    with catalog.session() as session:
        query = select(JobRow, DocumentRow).join(DocumentRow, DocumentRow.id == JobRow.document_id)
        for job, row in session.execute(query.where(JobRow.id.in_(jobs), JobRow.state == "words", JobRow.cancel)).all():
            remove_passages(session, [row.id])
            row.live, row.parsed = False, None
            end_job(job, row, "cancelled", CANCELLED)
            raise_revision(session, row.corpus_id)
            withdrawn.append(row.id)
    if withdrawn:
        words.remove(withdrawn)


# --- files of versions that went ------------------------------------------------------------------------------------
@contextlib.contextmanager
def _files_change(catalog: Catalog) -> Iterator[FileStore]:
    """The home's file lock, taken before the catalog as everywhere; a marker stays where the process dies inside."""
    files, marker = FileStore(catalog.home), catalog.home / "files.unfinished"
    with files.lock():
        unfinished = marker.exists()
        marker.touch()
        yield files
        if not unfinished:
            marker.unlink(missing_ok=True)


def _discard(catalog: Catalog, files: FileStore, hashes: set[str]) -> None:
    if not hashes:
        return
    with catalog.read() as session:
        unused = unused_files(session, hashes)
    for sha256 in unused:
        files.discard(sha256)
