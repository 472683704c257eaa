"""The seam PassageStore over the catalog: live passages, their vectors and documents, for rankers and readers.

Built for a million passages: ids travel as arrays; passages of one document have consecutive ids (they are stored in
one transaction) and are therefore read as ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.errors import NotFound
from assistant.types import Document, DocumentInfo, Passage
from ingest.catalog.database import Catalog
from ingest.catalog.passage_queries import (
    Span,
    fully_embedded,
    ids_of_dates,
    ids_of_formats,
    live_ids,
    live_row,
    other_encoders,
    select_passages,
    spans_of,
)
from ingest.catalog.queries import BATCH, batches, corpus_row, info_of, shown_documents, unpack
from ingest.catalog.tables import CorpusRow, DocumentRow, PassageRow, VectorRow
from ingest.recent import Recent

if TYPE_CHECKING:
    from assistant.seams import F32, I64

Revisions = tuple[tuple[int, int], ...]
PASSAGES_KEPT = 20_000
DOCUMENTS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Filter:
    """Ids of live documents a question may see; see seams.DocumentFilter."""

    only: frozenset[int] | None
    without: frozenset[int]


class SqlPassages:
    """PassageStore over SQL. One per process is enough; what it keeps in memory is dropped when any corpus changes."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._documents: Recent[int, Document] = Recent(DOCUMENTS_KEPT)
        self._recent: tuple[Revisions, Recent[int, Passage]] = ((), Recent(PASSAGES_KEPT))
        self._embedded: dict[str, set[int]] = {}
        self._spans: dict[int, Span] = {}

    def revision(self, corpus: str) -> int:
        with self._catalog.read() as session:
            return corpus_row(session, corpus).revision

    def corpus_id(self, corpus: str) -> int:
        with self._catalog.read() as session:
            return corpus_row(session, corpus).id

    # --- passages ---------------------------------------------------------------------------------------------------
    def passages(self, ids: Sequence[int]) -> list[Passage]:
        wanted = [int(i) for i in ids]
        with self._catalog.read() as session:
            recent = self._recent_as_of(session)
            found = {i: p for i in wanted if (p := recent.get(i)) is not None}
            missing = [i for i in dict.fromkeys(wanted) if i not in found]
            for batch in batches(missing):
                for passage in select_passages(session, PassageRow.id.in_(batch)):
                    found[passage.id] = passage
                    recent.put(passage.id, passage)
        return [found[i] for i in wanted if i in found]

    def document_passages(self, corpus: str, name: str) -> list[Passage]:
        with self._catalog.read() as session:
            row = live_row(session, corpus, name)
            return select_passages(session, PassageRow.document_id == row.id)

    # --- documents --------------------------------------------------------------------------------------------------
    def document(self, corpus: str, name: str) -> Document:
        with self._catalog.read() as session:
            row = live_row(session, corpus, name)
            if (known := self._documents.get(row.id)) is not None:
                return known
            if row.parsed is None:
                raise NotFound(f"The text of “{name}” is not stored; upload the file again.")
            document = unpack(row.parsed)
        self._documents.put(row.id, document)
        return document

    def documents(self, corpus: str) -> list[DocumentInfo]:
        with self._catalog.read() as session:
            row = corpus_row(session, corpus)
            return [info_of(document, row.name) for document in shown_documents(session, row.id)]

    def document_ids(
        self,
        corpora: Sequence[str],
        only: Sequence[str] = (),
        without: Sequence[str] = (),
        formats: Sequence[str] = (),
        since: str = "",
        until: str = "",
    ) -> Filter:
        with self._catalog.read() as session:
            places = [corpus_row(session, name).id for name in corpora]
            hidden = frozenset(live_ids(session, places, without)) if without else frozenset()
            if not (only or formats or since or until):
                return Filter(None, hidden)
            allowed = live_ids(session, places, only)
            if formats:
                allowed &= ids_of_formats(session, places, formats)
            if since or until:
                allowed &= ids_of_dates(session, places, since, until)
        return Filter(frozenset(allowed) - hidden, hidden)

    # --- ids and vectors --------------------------------------------------------------------------------------------
    def vector_state(self, corpus: str, encoder: str) -> tuple[I64, I64]:
        """(passage ids, document ids), ascending by passage id, of `ready` documents whose passages all have vectors
        of this encoder."""
        with self._catalog.read() as session:
            place = corpus_row(session, corpus).id
            ready = list(
                session.scalars(
                    select(DocumentRow.id).where(
                        DocumentRow.corpus_id == place, DocumentRow.live, DocumentRow.state == "ready"
                    )
                )
            )
            return self._ids_of(session, self._with_vectors(session, ready, encoder))

    def vectors(self, ids: Sequence[int], encoder: str) -> F32:
        """(n, dim) in the order of ids; KeyError names an id that has no vector (any more)."""
        wanted = np.asarray(ids, dtype=np.int64)
        if not len(wanted):
            return np.zeros((0, 0), np.float32)
        order = np.sort(np.unique(wanted))
        got, blobs = [], []
        with self._catalog.read() as session:
            for batch in batches(order.tolist()):
                query = (
                    select(PassageRow.id, VectorRow.row)
                    .join(VectorRow, (VectorRow.hash == PassageRow.hash) & (VectorRow.encoder == encoder))
                    .where(PassageRow.id.in_(batch))
                    .order_by(PassageRow.id)
                )
                for passage, row in session.execute(query):
                    got.append(passage)
                    blobs.append(row)
        found = np.asarray(got, dtype=np.int64)
        if len(found) != len(order):
            raise KeyError(int(np.setdiff1d(order, found)[0]))
        rows = vectors_of(blobs)
        return rows if np.array_equal(wanted, order) else rows[np.searchsorted(order, wanted)]

    # --- inside -----------------------------------------------------------------------------------------------------
    def _recent_as_of(self, session: Session) -> Recent[int, Passage]:
        """The passages kept for exactly this state of the corpora: a slow thread never brings back what went."""
        now = tuple((i, r) for i, r in session.execute(select(CorpusRow.id, CorpusRow.revision)))
        seen, recent = self._recent
        if seen != now:
            recent = Recent(PASSAGES_KEPT)
            self._recent = (now, recent)
        return recent

    def _ids_of(self, session: Session, documents: Sequence[int]) -> tuple[I64, I64]:
        """(passage ids, document ids) of live documents, ascending by passage id. A version's passages never change,
        so where they are is asked once."""
        fresh = [d for d in documents if d not in self._spans]
        self._spans.update(spans_of(session, fresh))
        spans = [(d, self._spans[d]) for d in documents if d in self._spans]  # none for a document without passages
        runs = np.asarray([(span[0], span[1], d) for d, span in spans if isinstance(span, tuple)], np.int64)
        runs = runs.reshape(-1, 3)
        starts = np.cumsum(runs[:, 1]) - runs[:, 1]
        ids = np.arange(runs[:, 1].sum(), dtype=np.int64) + np.repeat(runs[:, 0] - starts, runs[:, 1])
        loose = [(d, span) for d, span in spans if not isinstance(span, tuple)]
        passages = np.concatenate([ids, *(span for _, span in loose)])
        owners = np.concatenate(
            [np.repeat(runs[:, 2], runs[:, 1]), *(np.full(len(span), d, np.int64) for d, span in loose)]
        )
        order = np.argsort(passages, kind="stable")
        return passages[order], owners[order]

    def _with_vectors(self, session: Session, documents: list[int], encoder: str) -> list[int]:
        """Those whose passages all have vectors. A version's passages never change, so each is looked at once."""
        known = self._embedded.setdefault(encoder, set())
        fresh = [d for d in documents if d not in known]
        if len(fresh) > BATCH and not other_encoders(session, encoder):
            known.update(fresh)  # `ready` says it: there is one encoder only
            return documents
        for batch in batches(fresh):
            known.update(fully_embedded(session, batch, encoder))
        return [d for d in documents if d in known]


def vectors_of(blobs: Sequence[bytes]) -> F32:
    """Stored float16 rows as float32 rows of unit length, (n, dim)."""
    rows = np.frombuffer(b"".join(blobs), dtype="<f2").reshape(len(blobs), -1).astype(np.float32)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return rows


def vector_bytes(row: F32) -> bytes:
    """One row as VectorRow keeps it."""
    return np.asarray(row, dtype="<f2").tobytes()
