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
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session

from assistant.errors import NotFound
from assistant.seams import WordIndex
from assistant.types import Passage
from ingest.catalog.database import Catalog
from ingest.catalog.queries import pack, raise_revision
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


def store(catalog: Catalog, words: WordIndex, batch: Sequence[Parsed]) -> bool:
    """Makes some documents searchable by words. StorageError: none of them is shown, and it may be called again.

    True where words of older versions were hidden: a `words.purge()` takes them off the disk, best when there is time.
    """
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
        words.remove(sorted(lost), purge=False)
    return bool(lost)


def _enter(catalog: Catalog, batch: Sequence[Parsed]) -> dict[int, list[tuple[Passage, int]]]:
    """Step 1: document id -> its passages with that id, of those that are still wanted."""
    items = {item.task.document: item for item in batch}
    with catalog.session() as session:
        query = select(DocumentRow).where(DocumentRow.id.in_(items), DocumentRow.live.is_(False))
        rows = session.scalars(query.order_by(DocumentRow.id)).all()
        session.execute(delete(PassageRow).where(PassageRow.document_id.in_([row.id for row in rows])))
        for row in rows:
            _fill(row, items[row.id])
        values = [values for row in rows for values in _passage_values(row.id, items[row.id].prepared)]
        if values:
            session.execute(insert(PassageRow), values)
        return _entered(session, rows, items)


def _fill(row: DocumentRow, item: Parsed) -> None:
    document = item.prepared.document
    row.format, row.title, row.date = document.format, document.title, document.date
    row.report = json.dumps(asdict(document.report), ensure_ascii=False)
    row.parsed = item.packed


def _passage_values(document: int, prepared: Prepared) -> Iterator[dict[str, Any]]:
    for ordinal, piece in enumerate(prepared.pieces):
        text = prepared.document.text[piece.start : piece.end]
        yield {
            "document_id": document,
            "ordinal": ordinal,
            "start": piece.start,
            "end": piece.end,
            "page": piece.page,
            "table": piece.table,
            "text": text,
            "context": piece.context,
            "hash": text_hash(piece.context, text),
        }


def text_hash(context: str, text: str) -> str:
    """What vectors are kept under: sha256 of the searched text."""
    return hashlib.sha256(searched_text(context, text).encode("utf-8", "surrogatepass")).hexdigest()


def _entered(
    session: Session, rows: Sequence[DocumentRow], items: dict[int, Parsed]
) -> dict[int, list[tuple[Passage, int]]]:
    names = {corpus.id: corpus.name for corpus in session.scalars(select(CorpusRow))}
    query = select(PassageRow.document_id, PassageRow.id).where(PassageRow.document_id.in_([row.id for row in rows]))
    ids: dict[int, list[int]] = {row.id: [] for row in rows}
    for document, passage in session.execute(query.order_by(PassageRow.document_id, PassageRow.ordinal)):
        ids[document].append(passage)
    return {row.id: _pairs(row, names[row.corpus_id], ids[row.id], items[row.id].prepared) for row in rows}


def _pairs(row: DocumentRow, corpus: str, ids: list[int], prepared: Prepared) -> list[tuple[Passage, int]]:
    text = prepared.document.text
    return [
        (Passage(id_, corpus, row.name, p.start, p.end, text[p.start : p.end], p.context, p.page, p.table), row.id)
        for id_, p in zip(ids, prepared.pieces)
    ]


def _show(session: Session, documents: Sequence[int]) -> tuple[set[int], set[int], set[str]]:
    """Step 3: (ids shown, ids of older versions removed, hashes of the files these had)."""
    rows = session.scalars(select(DocumentRow).where(DocumentRow.id.in_(documents)).order_by(DocumentRow.id)).all()
    jobs = {job.document_id: job for job in session.scalars(_jobs_of(documents, "parsing"))}
    versions = _versions(session, rows)
    shown: set[int] = set()
    removed: set[int] = set()
    for row in rows:
        job = jobs.get(row.id)
        same = versions[row.corpus_id, row.name]
        if (job is not None and job.cancel) or any(other.id > row.id and _newer(other, shown) for other in same):
            _leave_out(session, row, job)
            continue
        removed.update(other.id for other in same if other.id < row.id)
        row.live, row.state, row.error = True, "words", None
        if job is not None:
            job.state, job.progress, job.error = "words", READ_SHARE, None
        shown.add(row.id)
    session.flush()
    hashes = _remove_older(session, sorted(removed))
    for corpus in sorted({row.corpus_id for row in rows}):
        raise_revision(session, corpus)
    return shown - removed, removed, hashes


def _jobs_of(documents: Sequence[int], *states: str) -> Select[JobRow]:
    return select(JobRow).where(JobRow.document_id.in_(documents), JobRow.state.in_(states))


def _newer(other: DocumentRow, shown: set[int]) -> bool:
    return other.live or other.id in shown


def _versions(session: Session, rows: Sequence[DocumentRow]) -> dict[tuple[int, str], list[DocumentRow]]:
    """All versions of the documents that these rows are versions of."""
    found: dict[tuple[int, str], list[DocumentRow]] = {(row.corpus_id, row.name): [] for row in rows}
    corpora, names = {corpus for corpus, _ in found}, {name for _, name in found}
    query = select(DocumentRow).where(DocumentRow.corpus_id.in_(corpora), DocumentRow.name.in_(names))
    for row in session.scalars(query):
        if (row.corpus_id, row.name) in found:
            found[row.corpus_id, row.name].append(row)
    return found


def _remove_older(session: Session, older: Sequence[int]) -> set[str]:
    if not older:
        return set()
    for job in session.scalars(_jobs_of(older, "queued", "parsing", "words")):
        job.state, job.error = "cancelled", SUPERSEDED
    session.flush()
    return remove_documents(session, older)


def _leave_out(session: Session, row: DocumentRow, job: JobRow | None) -> None:
    session.execute(delete(PassageRow).where(PassageRow.document_id == row.id))
    if job is not None:
        end_job(job, row, "cancelled", CANCELLED)


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
