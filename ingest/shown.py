"""Corpora and documents as lists and the command line show them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assistant.types import CorpusInfo, Document, DocumentInfo
from ingest.catalog.queries import LIVE
from ingest.catalog.tables import CorpusRow, DocumentRow, PassageRow


def corpus_info(session: Session, row: CorpusRow) -> CorpusInfo:
    shown = session.execute(
        select(DocumentRow.name, DocumentRow.live, DocumentRow.state, DocumentRow.bytes)
        .where(DocumentRow.corpus_id == row.id)
        .order_by(DocumentRow.live, DocumentRow.id)
    )
    latest = {document.name: document for document in shown}
    passages = session.scalar(
        select(func.count(PassageRow.id))
        .join(DocumentRow, DocumentRow.id == PassageRow.document_id)
        .where(DocumentRow.corpus_id == row.id, LIVE)
    )
    return CorpusInfo(
        name=row.name,
        documents=len(latest),
        passages=passages or 0,
        failed=sum(document.state == "failed" for document in latest.values()),
        bytes=sum(document.bytes for document in latest.values()),
        created=row.created,
        private=row.private,
    )


def document_json(info: DocumentInfo, document: Document | None) -> dict[str, Any]:
    """The object of `documents show`; a document that was never read has an empty text."""
    return {
        "document": info.name,
        "state": info.state,
        "error": info.error,
        "format": info.format,
        "bytes": info.bytes,
        "sha256": info.sha256,
        "title": document.title if document else "",
        "date": document.date if document else None,
        "text": document.text if document else "",
        "blocks": [asdict(block) for block in document.blocks] if document else [],
        "tables": [asdict(table) for table in document.tables] if document else [],
        "report": asdict(info.report),
    }
