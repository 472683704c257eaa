"""What a worker puts right before it begins: leftovers of one that died, and a word index that disagrees."""

from __future__ import annotations

import logging

from sqlalchemy import delete, select

from assistant.seams import WordIndex
from ingest.catalog.database import Catalog
from ingest.catalog.passages import SqlPassages
from ingest.catalog.queries import LIVE, batches
from ingest.catalog.tables import CorpusRow, DocumentRow, PassageRow
from ingest.jobs import requeue

log = logging.getLogger(__name__)
ADDED_TOGETHER = 200
"""Documents put back into the word index with one commit."""


def recover(catalog: Catalog, words: WordIndex) -> None:
    """Queues what was being read, removes what never became visible, and reconciles the word index with the catalog."""
    with catalog.session() as session:
        requeue(session, catalog.home)
        hidden = select(DocumentRow.id).where(~LIVE)
        session.execute(delete(PassageRow).where(PassageRow.document_id.in_(hidden)))
    reconcile(catalog, words)


def reconcile(catalog: Catalog, words: WordIndex) -> tuple[int, int]:
    """(documents removed from, documents put back into) the word index."""
    with catalog.read() as session:
        live = set(session.scalars(select(DocumentRow.id).where(LIVE)))
        filled = live & set(session.scalars(select(PassageRow.document_id).distinct()))
    there = words.documents()
    stray, missing = sorted(there - live), sorted(filled - there)
    if stray:
        words.remove(stray, purge=False)
    words.purge()
    for some in batches(missing, ADDED_TOGETHER):
        _put_back(catalog, words, list(some))
    if stray or missing:
        log.warning("word index: %d documents removed, %d put back", len(stray), len(missing))
    return len(stray), len(missing)


def _put_back(catalog: Catalog, words: WordIndex, documents: list[int]) -> None:
    store = SqlPassages(catalog)
    with catalog.read() as session:
        query = select(DocumentRow.id, DocumentRow.name, CorpusRow.name.label("corpus"))
        query = query.join(CorpusRow, CorpusRow.id == DocumentRow.corpus_id).where(DocumentRow.id.in_(documents), LIVE)
        places = [(row.id, row.corpus, row.name) for row in session.execute(query)]
    words.add([(p, id_) for id_, corpus, name in places for p in store.document_passages(corpus, name)])
