"""The rows of a corpus's list while work is under way."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from assistant.types import DocumentInfo, JobInfo
from assistant.ui import fragments


class Moving:
    """A library in which the only job ends between two reads, whichever comes first."""

    def __init__(self) -> None:
        self.reads = 0

    def _ended(self) -> bool:
        self.reads += 1
        return self.reads > 1

    def documents(self, corpus: str) -> list[DocumentInfo]:
        state: Any = "ready" if self._ended() else "words"
        return [DocumentInfo(1, corpus, "a.txt", state, None, "text", 10, "00", "2026-11-22")]

    def jobs(self, corpus: str) -> list[JobInfo]:
        state = "done" if self._ended() else "words"
        return [JobInfo(1, corpus, "a.txt", state, 0.9, 0, 0, None, "2026-11-22")]


def test_a_job_that_ends_while_rows_are_read_never_leaves_a_document_half_way() -> None:
    """A row that is not open is final: the page stops asking."""
    request = SimpleNamespace(
        cookies={},
        headers={},
        app=SimpleNamespace(state=SimpleNamespace(house=SimpleNamespace(settings=SimpleNamespace(language="en")))),
    )
    answer = fragments.files(request, "c", SimpleNamespace(library=Moving()))  # type: ignore[arg-type]
    row = json.loads(answer.body)[0]
    assert row["open"] or row["state"] == "ready"
