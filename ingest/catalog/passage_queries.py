"""Queries behind the passage store: live passages, live documents by name, format and date, where passages stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from assistant.errors import NotFound
from assistant.types import Passage
from ingest.catalog.queries import LIVE, batches, corpus_row
from ingest.catalog.tables import CorpusRow, DocumentRow, PassageRow, VectorRow

if TYPE_CHECKING:
    from assistant.seams import I64

Span: TypeAlias = "tuple[int, int] | I64"
"""Ids of a document's passages: (first, count), or all of them where they do not follow each other."""


def select_passages(session: Session, *conditions: ColumnElement[bool]) -> list[Passage]:
    """Live passages in reading order of their document."""
    query = (
        select(
            PassageRow.id,
            CorpusRow.name,
            DocumentRow.name,
            PassageRow.start,
            PassageRow.end,
            PassageRow.text,
            PassageRow.context,
            PassageRow.page,
            PassageRow.table,
        )
        .join(DocumentRow, DocumentRow.id == PassageRow.document_id)
        .join(CorpusRow, CorpusRow.id == DocumentRow.corpus_id)
        .where(LIVE, *conditions)
        .order_by(PassageRow.document_id, PassageRow.ordinal)
    )
    return [Passage(*row) for row in session.execute(query)]


def live_row(session: Session, corpus: str, name: str) -> DocumentRow:
    place = corpus_row(session, corpus).id
    row = session.scalar(select(DocumentRow).where(DocumentRow.corpus_id == place, DocumentRow.name == name, LIVE))
    if row is None:
        raise NotFound(
            f"There is no searchable document named “{name}” in the corpus “{corpus}”; look at its state in the list."
        )
    return row


def live_ids(session: Session, corpora: Sequence[int], names: Sequence[str]) -> set[int]:
    """Live documents of these names (all for no names). A name that exists but is not live yet has no ids."""
    if not names:
        return set(session.scalars(select(DocumentRow.id).where(DocumentRow.corpus_id.in_(corpora), LIVE)))
    ids: set[int] = set()
    known: set[str] = set()
    for batch in batches(list(dict.fromkeys(names))):
        query = select(DocumentRow.id, DocumentRow.name, DocumentRow.live, DocumentRow.state)
        for row in session.execute(query.where(DocumentRow.corpus_id.in_(corpora), DocumentRow.name.in_(batch))):
            known.add(row.name)
            if row.live and row.state in ("words", "ready"):
                ids.add(row.id)
    for name in names:
        if name not in known:
            raise NotFound(f"There is no document named “{name}” in the corpora that were asked; check the name.")
    return ids


def ids_of_formats(session: Session, corpora: Sequence[int], formats: Sequence[str]) -> set[int]:
    query = select(DocumentRow.id).where(DocumentRow.corpus_id.in_(corpora), DocumentRow.format.in_(formats), LIVE)
    return set(session.scalars(query))


def ids_of_dates(session: Session, corpora: Sequence[int], since: str, until: str) -> set[int]:
    """Documents by the date they state, else that of their upload; both ends count, as far as they are given."""
    day = func.coalesce(func.nullif(DocumentRow.date, ""), DocumentRow.created)
    query = select(DocumentRow.id).where(DocumentRow.corpus_id.in_(corpora), LIVE)
    if since:
        query = query.where(func.substr(day, 1, len(since)) >= since)
    if until:
        query = query.where(func.substr(day, 1, len(until)) <= until)
    return set(session.scalars(query))


def spans_of(session: Session, documents: Sequence[int]) -> Iterator[tuple[int, Span]]:
    """Document -> where its passages are; one row travels for each document, not one for each passage."""
    for batch in batches(documents):
        query = select(
            PassageRow.document_id, func.min(PassageRow.id), func.max(PassageRow.id), func.count(PassageRow.id)
        ).where(PassageRow.document_id.in_(batch))
        for document, first, last, count in session.execute(query.group_by(PassageRow.document_id)):
            if last - first + 1 == count:
                yield document, (first, count)
            else:
                one = select(PassageRow.id).where(PassageRow.document_id == document).order_by(PassageRow.id)
                yield document, np.fromiter(session.scalars(one), dtype=np.int64)


def other_encoders(session: Session, encoder: str) -> bool:
    return session.scalar(select(VectorRow.encoder).where(VectorRow.encoder != encoder).limit(1)) is not None


def fully_embedded(session: Session, documents: Sequence[int], encoder: str) -> set[int]:
    """Those of the documents none of whose passages lacks a vector of the encoder."""
    query = (
        select(PassageRow.document_id)
        .outerjoin(VectorRow, (VectorRow.hash == PassageRow.hash) & (VectorRow.encoder == encoder))
        .where(PassageRow.document_id.in_(documents), VectorRow.hash.is_(None))
        .distinct()
    )
    return set(documents) - set(session.scalars(query))
