"""Takes documents out of the catalog: rows, passages, and the vectors that nothing else uses."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from ingest.catalog.queries import batches
from ingest.catalog.tables import DocumentRow, PassageRow, VectorRow

PACKED_IN_PAGE = 8192
"""Bytes of a packed document that may stand in a b-tree page; the rest has pages of its own, which are overwritten."""


def remove_documents(session: Session, documents: Sequence[int]) -> set[str]:
    """Deletes versions by id in the caller's transaction; gives their file hashes, for `unused_files` afterwards."""
    hashes: set[str] = set()
    for batch in batches(list(documents)):
        hashes.update(session.scalars(select(DocumentRow.sha256).where(DocumentRow.id.in_(batch))))
        remove_passages(session, batch)
        session.execute(delete(DocumentRow).where(DocumentRow.id.in_(batch)))
    return hashes


def remove_passages(session: Session, documents: Sequence[int]) -> None:
    """Deletes the passages of up to BATCH versions, and the vectors that no other passage has."""
    mine = PassageRow.document_id.in_(documents)
    texts = list(session.scalars(select(PassageRow.hash).where(mine).distinct()))
    session.execute(delete(PassageRow).where(mine))
    for some in batches(texts):
        in_use = exists().where(PassageRow.hash == VectorRow.hash)
        session.execute(delete(VectorRow).where(VectorRow.hash.in_(some), ~in_use))


def remove_stray_vectors(session: Session) -> None:
    """Vectors of texts that no passage has (a worker stored them while their document was deleted)."""
    session.execute(delete(VectorRow).where(~exists().where(PassageRow.hash == VectorRow.hash)))


def unused_files(session: Session, hashes: set[str]) -> set[str]:
    """Those of the hashes that no document has."""
    used: set[str] = set()
    for batch in batches(sorted(hashes)):
        used.update(session.scalars(select(DocumentRow.sha256).where(DocumentRow.sha256.in_(batch))))
    return hashes - used


def texts_of(session: Session, documents: Sequence[int]) -> list[bytes]:
    """What versions say and are called, as bytes: to make sure that nothing of it stays on disk."""
    texts: list[bytes] = []
    for batch in batches(list(documents)):
        query = select(PassageRow.text, PassageRow.context).where(PassageRow.document_id.in_(batch))
        found = {text for row in session.execute(query) for text in row}
        named = select(DocumentRow.name, DocumentRow.source, DocumentRow.title, DocumentRow.report, DocumentRow.error)
        found |= {text for row in session.execute(named.where(DocumentRow.id.in_(batch))) for text in row if text}
        texts += [text.encode("utf-8", "surrogatepass") for text in found]
        packed = select(func.substr(DocumentRow.parsed, 1, PACKED_IN_PAGE)).where(DocumentRow.id.in_(batch))
        texts += [blob for blob in session.scalars(packed) if blob]
    return texts
