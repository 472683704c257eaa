"""The durable queue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.catalog.database import Catalog
from ingest.catalog.tables import CorpusRow, DocumentRow, JobRow
from ingest.jobs import CANCELLED, MOST_ATTEMPTS, WORN, Queue, requeue


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog.open(tmp_path)
    with catalog.session() as session:
        session.add(CorpusRow(id=1, name="c", created="2026-01-01"))
    yield catalog
    catalog.close()


def submit(catalog: Catalog, job: int, *, size: int = 10, live: bool = False, state: str = "queued") -> None:
    with catalog.session() as session:
        row = DocumentRow(id=job, corpus_id=1, name=f"{job}.txt", state=state, bytes=size, sha256=str(job), created="")
        row.live = live
        session.add(row)
        session.flush()
        session.add(JobRow(id=job, document_id=job, corpus="c", name=f"{job}.txt", state="queued", created=""))


def states(catalog: Catalog, job: int) -> tuple[str, str]:
    with catalog.read() as session:
        row, document = session.get(JobRow, job), session.get(DocumentRow, job)
        assert row is not None
        assert document is not None
        return row.state, document.state


def test_takes_the_oldest_first_and_each_once(catalog: Catalog) -> None:
    for job in (3, 1, 2):
        submit(catalog, job)
    first, second = Queue(catalog), Queue(catalog)
    assert [task.job for task in first.take(2)] == [1, 2]
    assert [task.job for task in second.take(2)] == [3]
    assert first.take(2) == []
    assert states(catalog, 1) == ("parsing", "parsing")


def test_big_files_are_taken_alone(catalog: Catalog) -> None:
    submit(catalog, 1, size=5 << 20)
    submit(catalog, 2, size=5 << 20)
    assert [task.job for task in Queue(catalog).take(10)] == [1]


def test_what_is_put_back_was_never_taken(catalog: Catalog) -> None:
    submit(catalog, 1)
    queue = Queue(catalog)
    for _ in range(MOST_ATTEMPTS + 1):
        queue.put_back(queue.take(1))
    assert states(catalog, 1) == ("queued", "queued")
    with catalog.read() as session:
        assert session.get_one(JobRow, 1).attempts == 0


def die(catalog: Catalog, *, reading: int | None = None) -> list[int]:
    """What the next worker does after the one that was reading this job has died."""
    if reading is not None:
        (catalog.home / "reading").mkdir(exist_ok=True)
        (catalog.home / "reading" / str(reading)).touch()
    with catalog.session() as session:
        return requeue(session, catalog.home)


def test_a_dead_workers_files_are_queued_again(catalog: Catalog) -> None:
    submit(catalog, 1)
    submit(catalog, 2)
    for _ in range(2 * MOST_ATTEMPTS):
        assert len(Queue(catalog).take(2)) == 2
        assert die(catalog) == [1, 2]
    assert [task.job for task in Queue(catalog).take(2)] == [1, 2]


def test_a_file_that_was_being_read_comes_last_and_fails_in_the_end(catalog: Catalog) -> None:
    submit(catalog, 1)
    submit(catalog, 2)
    for n in range(MOST_ATTEMPTS):
        assert [task.job for task in Queue(catalog).take(2)] == ([2, 1] if n else [1, 2])
        die(catalog, reading=1)
    assert [task.job for task in Queue(catalog).take(2)] == [2]
    assert states(catalog, 1) == ("failed", "failed")
    with catalog.read() as session:
        assert session.get_one(JobRow, 1).error == WORN


def test_cancelled_while_its_worker_died(catalog: Catalog) -> None:
    submit(catalog, 1)
    Queue(catalog).take(1)
    with catalog.session() as session:
        session.get_one(JobRow, 1).cancel = True
    assert Queue(catalog).cancelled() == {1}
    die(catalog)
    assert states(catalog, 1) == ("cancelled", "failed")


def test_failing_and_cancelling_end_the_job_with_a_sentence(catalog: Catalog) -> None:
    submit(catalog, 1)
    submit(catalog, 2)
    queue = Queue(catalog)
    one, two = queue.take(2)
    queue.fail(one, "The file is broken; save it anew.")
    queue.cancel(two)
    assert states(catalog, 1) == ("failed", "failed")
    assert states(catalog, 2) == ("cancelled", "failed")
    with catalog.read() as session:
        assert session.get_one(DocumentRow, 1).error == "The file is broken; save it anew."
        assert session.get_one(DocumentRow, 2).error == CANCELLED


def test_a_searchable_document_is_not_read_again(catalog: Catalog) -> None:
    submit(catalog, 1, live=True, state="words")
    assert Queue(catalog).take(1) == []
    assert states(catalog, 1) == ("words", "words")


def test_progress_is_written_seldom(catalog: Catalog) -> None:
    submit(catalog, 1)
    queue = Queue(catalog)
    queue.take(1)
    queue.read(1, 5, 10)
    queue.read(1, 10, 10)  # within SAY_EVERY
    with catalog.read() as session:
        row = session.get_one(JobRow, 1)
        assert (row.page, row.pages) == (5, 10)
        assert row.progress == pytest.approx(0.1575)


def test_a_deleted_document_ends_nothing(catalog: Catalog) -> None:
    submit(catalog, 1)
    queue = Queue(catalog)
    (task,) = queue.take(1)
    with catalog.session() as session:
        session.delete(session.get_one(JobRow, 1))
        session.flush()
        session.delete(session.get_one(DocumentRow, 1))
    queue.fail(task, "gone")
    queue.put_back([task])
    queue.cancel(task)
