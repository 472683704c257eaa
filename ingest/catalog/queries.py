"""Small queries that the rooms of ingest share: names to rows, rows to frozen values."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from assistant.errors import Conflict, NotFound
from assistant.types import Document, DocumentInfo, Report
from ingest import codec
from ingest.catalog.tables import CorpusRow, DocumentRow

BATCH = 900
"""Ids of one IN list: SQLite took 999 variables for long."""
T = TypeVar("T")
LIVE: ColumnElement[bool] = and_(DocumentRow.live, DocumentRow.state.in_(("words", "ready")))


def batches(items: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def corpus_row(session: Session, name: str) -> CorpusRow:
    row = session.scalar(select(CorpusRow).where(CorpusRow.name == name))
    if row is None:
        raise NotFound(f"There is no corpus named “{name}”; check the name, or create it.")
    return row


def check_free(session: Session, corpus: str) -> None:
    """Conflict where a corpus of this name exists."""
    if session.scalar(select(CorpusRow.id).where(CorpusRow.name == corpus)) is not None:
        raise Conflict(f"There is a corpus named “{corpus}” already; choose another name.")


def versions(session: Session, corpus_id: int, name: str) -> list[DocumentRow]:
    """All versions of a document: the live one first, then the newest first."""
    rows = session.scalars(select(DocumentRow).where(DocumentRow.corpus_id == corpus_id, DocumentRow.name == name))
    return sorted(rows, key=lambda row: (not row.live, -row.id))


def document_row(session: Session, corpus: str, name: str) -> DocumentRow:
    """The version that lists show: the live one, else the newest."""
    rows = versions(session, corpus_row(session, corpus).id, name)
    if not rows:
        raise NotFound(f"There is no document named “{name}” in the corpus “{corpus}”; check the name.")
    return rows[0]


def shown_documents(session: Session, corpus_id: int) -> list[DocumentRow]:
    """One row a name, by name: the live version, else the newest."""
    shown: dict[str, DocumentRow] = {}
    for row in session.scalars(select(DocumentRow).where(DocumentRow.corpus_id == corpus_id).order_by(DocumentRow.id)):
        held = shown.get(row.name)
        if held is None or not held.live:
            shown[row.name] = row
    return [shown[name] for name in sorted(shown)]


def raise_revision(session: Session, corpus_id: int) -> None:
    """Tells the readers of every process that the corpus looks different now."""
    session.execute(
        update(CorpusRow).where(CorpusRow.id == corpus_id).values(revision=func.coalesce(CorpusRow.revision, 0) + 1)
    )


def info_of(row: DocumentRow, corpus: str) -> DocumentInfo:
    return DocumentInfo(
        id=row.id,
        corpus=corpus,
        name=row.name,
        state=row.state,  # type: ignore[arg-type]
        error=row.error,
        format=row.format,
        bytes=row.bytes,
        sha256=row.sha256,
        created=row.created,
        report=report_of(row.report),
        searchable=row.live and row.state in ("words", "ready"),
    )


def report_of(stored: str) -> Report:
    values = json.loads(stored or "{}")
    for name in ("ocr_pages", "warnings"):
        if name in values:
            values[name] = tuple(values[name])
    return Report(**values)


def pack(document: Document) -> bytes:
    """A parsed document as the catalog keeps it."""
    return zlib.compress(codec.dumps(document), 6)


def unpack(stored: bytes) -> Document:
    return codec.loads(zlib.decompress(stored))
