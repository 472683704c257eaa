"""Jobs as lists show them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.types import JobInfo
from ingest.catalog.queries import batches
from ingest.catalog.tables import JobRow

CLOSED = ("done", "failed", "cancelled")
CLOSED_SHOWN = 500


def job_infos(session: Session, corpus: str | None, ids: Sequence[int] | None) -> list[JobInfo]:
    """By id: those of `ids`, else all open jobs and the latest closed ones (of one corpus, where it is named)."""
    query = select(JobRow) if corpus is None else select(JobRow).where(JobRow.corpus == corpus)
    rows: list[JobRow] = []
    if ids is not None:
        for batch in batches(list(ids)):
            rows += session.scalars(query.where(JobRow.id.in_(batch)))
    else:
        rows += session.scalars(query.where(JobRow.state.not_in(CLOSED)))
        rows += session.scalars(query.where(JobRow.state.in_(CLOSED)).order_by(JobRow.id.desc()).limit(CLOSED_SHOWN))
    return [job_info(row) for row in sorted(rows, key=lambda row: row.id)]


def job_info(row: JobRow) -> JobInfo:
    return JobInfo(
        id=row.id,
        corpus=row.corpus,
        document=row.name,
        state=row.state,
        progress=row.progress,
        page=row.page,
        pages=row.pages,
        error=row.error,
        created=row.created,
        seconds_left=_seconds_left(row),
    )


def _seconds_left(row: JobRow) -> float | None:
    """What is left if the rest goes as fast as the part done; None too early to say."""
    if row.state in CLOSED or row.started is None or row.progress < 0.03:
        return None
    passed = max(0.0, time.time() - row.started)
    return round(passed * (1 - row.progress) / row.progress, 1)
