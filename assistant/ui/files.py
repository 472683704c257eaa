"""Rows of a corpus's file list: documents joined with the jobs that bring them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.errors import recognise
from assistant.types import DocumentInfo, JobInfo
from assistant.ui.sentences import translated
from assistant.ui.words import Language

PASSWORD_HELPS = frozenset({"locked", "locked-pdf", "password-wrong", "password-wrong-pdf"})
"""Codes of sentences that a password typed into the page can answer."""


def rows(documents: Sequence[DocumentInfo], jobs: Sequence[JobInfo], language: Language = "en") -> list[dict[str, Any]]:
    """One row per document name, newest first; the latest job of that name adds progress and what can be done.

    A job without a document (cancelled before it was read) has no row: the page that started it knows.
    """
    latest: dict[str, JobInfo] = {}
    for job in sorted(jobs, key=lambda job: job.id):
        latest[job.document] = job
    table = {info.name: document_row(info, latest.get(info.name)) for info in documents}
    for name, job in latest.items():
        if name not in table and (job.open or job.state == "failed"):
            table[name] = job_row(job)
    listed = sorted(table.values(), key=lambda row: (row["created"], row["name"]), reverse=True)
    return [row | problem(row["error"], language) for row in listed]


def problem(sentence: str | None, language: Language) -> dict[str, Any]:
    """What a row says of its problem: `error` in the visitor's language, `technical` as the library put it."""
    if not sentence:
        return {"error": None, "technical": "", "locked": False}
    known = recognise(sentence)
    locked = known is not None and known.code in PASSWORD_HELPS
    return {"error": translated(sentence, language), "technical": sentence, "locked": locked}


def document_row(info: DocumentInfo, job: JobInfo | None) -> dict[str, Any]:
    row = {
        "name": info.name,
        "state": info.state,
        "error": info.error,
        "bytes": info.bytes,
        "created": info.created,
        "format": info.format,
        "pages": info.report.pages,
        "tables": info.report.tables,
        "warnings": len(info.report.warnings),
        "job": None,
        "open": False,
        "progress": 1.0 if info.state == "ready" else 0.0,
        "page": 0,
        "of": 0,
        "left": None,
    }
    if job is None or not (job.open or info.state == "failed"):
        return row
    return row | working(job) | {"error": job.error or (None if job.open else info.error)}


def job_row(job: JobInfo) -> dict[str, Any]:
    return {
        "name": job.document,
        "error": job.error,
        "bytes": None,
        "created": job.created,
        "format": "",
        "pages": 0,
        "tables": 0,
        "warnings": 0,
    } | working(job)


def working(job: JobInfo) -> dict[str, Any]:
    return {
        "job": job.id,
        "open": job.open,
        "state": job.state,
        "error": job.error,
        "progress": round(job.progress, 4),
        "page": job.page,
        "of": job.pages,
        "left": job.seconds_left,
    }
