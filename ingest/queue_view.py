"""Jobs as lists show them, and as those who wait for them see them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.types import JobInfo
from ingest.catalog.queries import batches
from ingest.catalog.tables import JobRow

CLOSED = ("done", "failed", "cancelled")
CLOSED_SHOWN = 500
PATIENCE = 10.0
"""Seconds for which a job may say why it waits before nobody waits for it any longer."""


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


class Watch:
    """Looks at jobs until none is open. `read` gives the rows of ids; a job that is not there any more was deleted."""

    def __init__(
        self,
        read: Callable[[Sequence[int]], list[JobInfo]],
        ids: Sequence[int],
        progress: Callable[[list[JobInfo]], None] | None = None,
    ) -> None:
        self._read, self._progress = read, progress
        self._left = list(dict.fromkeys(ids))
        self._order = list(ids)
        self._rows: dict[int, JobInfo] = {}
        self._stuck_since: float | None = None
        self.pause = 0.1

    @property
    def rows(self) -> list[JobInfo]:
        """What is known of the jobs, in the order they were named."""
        return [self._rows[i] for i in self._order if i in self._rows]

    def look(self) -> bool:
        """One look at the open ones; True where there is nothing more to wait for."""
        began = time.monotonic()
        found = {row.id: row for row in self._read(self._left)}
        for gone in set(self._left) - set(found):
            self._rows.pop(gone, None)
        self._rows |= found
        self._left = [i for i in self._left if i in found and found[i].open]
        if self._progress is not None:
            self._progress(self.rows)
        self.pause = max(0.1, 3 * (time.monotonic() - began))
        return not self._left or self._stuck([found[i] for i in self._left])

    def _stuck(self, rows: Sequence[JobInfo]) -> bool:
        if not all(row.error for row in rows):
            self._stuck_since = None
            return False
        self._stuck_since = self._stuck_since or time.monotonic()
        return time.monotonic() - self._stuck_since > PATIENCE
