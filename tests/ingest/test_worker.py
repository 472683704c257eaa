"""The worker with its real parts: files, errors, replacing, cancelling, waiting for an encoder, other processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from homes import Home, home_at
from sqlalchemy import func, select

from assistant.embedders.hashed import HashedEmbedder
from assistant.errors import NotAvailable, StorageError
from assistant.types import Passage
from ingest import work
from ingest.catalog.database import Catalog
from ingest.catalog.tables import DocumentRow, JobRow, PassageRow, VectorRow


class Counting(HashedEmbedder):
    """Hashed vectors that remember what was embedded, and fail or wait on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.problem: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        self.gate.wait(20)
        if self.problem is not None:
            raise self.problem
        self.texts += texts
        return super().embed_passages(texts)


def write(folder: Path, **texts: str) -> list[Path]:
    files = []
    for name, text in texts.items():
        files.append(folder / f"{name}.txt")
        files[-1].write_text(text)
    return files


def count(catalog: Catalog, table: type) -> int:
    with catalog.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def words_found(home: Home, text: str) -> set[str]:
    """Documents found by words."""
    from assistant.retrieval.word_queries import Scope

    corpora = [home.store.corpus_id(info.name) for info in home.library.corpora()]
    hits = home.words.search(text, Scope(corpora), 10)
    return {p.document for p in home.store.passages([i for i, _ in hits])}


def until(condition: object, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def test_files_become_ready_and_one_bad_file_stops_none(tmp_path: Path) -> None:
    files = write(tmp_path, a="Ann sells apples.", b="Bob buys bread.", empty="")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 and no more")
    (tmp_path / "lie.docx").write_text("Really plain text, about whales.")
    with home_at(tmp_path / "home") as home:
        states = home.ingest("c", *files, tmp_path / "bad.pdf", tmp_path / "lie.docx")
        assert states == {
            "a.txt": "done",
            "b.txt": "done",
            "empty.txt": "failed",
            "bad.pdf": "failed",
            "lie.docx": "done",
        }
        assert words_found(home, "apples") == {"a.txt"}
        assert words_found(home, "whales") == {"lie.docx"}
        ids, _ = home.store.vector_state("c", HashedEmbedder().id)
        assert len(ids) == 3
        assert home.library.info("c", "empty.txt").error == "The file is empty; add one with text in it."
        info = home.library.info("c", "a.txt")
        assert (info.state, info.report.passages, info.report.characters) == ("ready", 1, 17)
        for job in home.library.jobs("c"):
            assert job.error is None or job.error.count(". ") == 0


def test_the_same_text_is_embedded_once(tmp_path: Path) -> None:
    embedder = Counting()
    with home_at(tmp_path / "home", embedder) as home:
        home.ingest("c", *write(tmp_path, a="The same words.", b="The same words."))
        home.ingest("d", tmp_path / "a.txt")
        assert embedder.texts == ["The same words."]
        assert count(home.catalog, VectorRow) == 1
        assert len(home.store.vector_state("d", embedder.id)[0]) == 1


def test_a_new_version_replaces_in_one_step(tmp_path: Path) -> None:
    with home_at(tmp_path / "home") as home:
        (file,) = write(tmp_path, a="Old apples here.")
        home.ingest("c", file)
        old = home.library.original("c", "a.txt")
        revision = home.store.revision("c")
        file.write_text("New pears there.")
        home.ingest("c", file)
        assert words_found(home, "apples") == set()
        assert words_found(home, "pears") == {"a.txt"}
        assert [p.text for p in home.passages("c")["a.txt"]] == ["New pears there."]
        assert (count(home.catalog, DocumentRow), count(home.catalog, PassageRow)) == (1, 1)
        assert count(home.catalog, VectorRow) == 1
        assert home.store.revision("c") > revision
        assert not old.exists()


def test_a_failed_new_version_leaves_the_old_one(tmp_path: Path) -> None:
    with home_at(tmp_path / "home") as home:
        (file,) = write(tmp_path, a="Old apples here.")
        home.ingest("c", file)
        file.write_bytes(b"%PDF-1.7 nothing")
        assert home.ingest("c", file) == {"a.txt": "failed"}
        assert words_found(home, "apples") == {"a.txt"}


def test_the_newest_version_wins_whatever_is_read_first(tmp_path: Path) -> None:
    with home_at(tmp_path / "home") as home:
        home.library.create("c")
        (file,) = write(tmp_path, a="First apples.")
        first = home.library.submit("c", file)
        file.write_text("Second pears.")
        second = home.library.submit("c", file)
        home.worker.run_until_idle()
        assert {row.id: row.state for row in home.library.jobs()} == {first: "cancelled", second: "done"}
        assert [p.text for p in home.passages("c")["a.txt"]] == ["Second pears."]


def test_words_first_then_vectors(tmp_path: Path) -> None:
    embedder = Counting()
    embedder.gate.clear()
    with home_at(tmp_path / "home", embedder) as home:
        home.library.create("c")
        job = home.library.submit("c", *write(tmp_path, a="Searchable apples."))
        assert home.worker.start()
        assert not home.worker.start()
        until(lambda: home.library.jobs(ids=[job])[0].state == "words")
        assert words_found(home, "apples") == {"a.txt"}
        assert len(home.store.vector_state("c", embedder.id)[0]) == 0
        embedder.gate.set()
        until(lambda: home.library.jobs(ids=[job])[0].state == "done")
        assert len(home.store.vector_state("c", embedder.id)[0]) == 1


def test_cancelled_while_embedding_leaves_nothing(tmp_path: Path) -> None:
    embedder = Counting()
    embedder.gate.clear()
    with home_at(tmp_path / "home", embedder) as home:
        home.library.create("c")
        job = home.library.submit("c", *write(tmp_path, a="Searchable apples."))
        home.worker.start()
        until(lambda: home.library.jobs(ids=[job])[0].state == "words")
        home.library.cancel(job)
        until(lambda: home.library.jobs(ids=[job])[0].state == "cancelled")
        embedder.gate.set()
        assert words_found(home, "apples") == set()
        assert count(home.catalog, PassageRow) == 0
        home.library.retry(job)
        until(lambda: home.library.jobs(ids=[job])[0].state == "done")
        assert words_found(home, "apples") == {"a.txt"}
        assert count(home.catalog, VectorRow) == 1


def test_deleted_while_embedding_leaves_nothing(tmp_path: Path) -> None:
    embedder = Counting()
    embedder.gate.clear()
    with home_at(tmp_path / "home", embedder) as home:
        home.library.create("c")
        job = home.library.submit("c", *write(tmp_path, a="Searchable apples."))
        home.worker.start()
        until(lambda: home.library.jobs(ids=[job])[0].state == "words")
        home.library.delete_document("c", "a.txt")
        embedder.gate.set()
        home.worker.stop()
        assert (count(home.catalog, PassageRow), count(home.catalog, VectorRow), home.words.documents()) == (
            0,
            0,
            set(),
        )


def test_without_an_encoder_documents_wait_in_words(tmp_path: Path) -> None:
    embedder = Counting()
    embedder.problem = NotAvailable("The embedding model is not here; install it.")
    with home_at(tmp_path / "home", embedder) as home:
        with pytest.raises(NotAvailable, match="not here"):
            home.ingest("c", *write(tmp_path, a="Searchable apples."))
        (job,) = home.library.jobs("c")
        assert job.state == "words"
        assert job.error == "Searchable by words; by meaning it waits: The embedding model is not here; install it."
        assert words_found(home, "apples") == {"a.txt"}
        embedder.problem = None
        home.worker.run_until_idle()
        (job,) = home.library.jobs("c")
        assert (job.state, job.error, job.progress) == ("done", None, 1.0)


def test_an_encoder_that_is_not_there_yet_can_still_be_counted_without(tmp_path: Path) -> None:
    class Absent(Counting):
        def count(self, texts: Sequence[str]) -> list[int]:
            raise NotAvailable("Not here.")

    with home_at(tmp_path / "home", Absent()) as home:
        assert home.ingest("c", *write(tmp_path, a=" ".join(f"Apple {n}." for n in range(300)))) == {"a.txt": "done"}
        assert len(home.passages("c")["a.txt"]) > 1


def test_a_changed_encoder_embeds_anew_beside_the_old(tmp_path: Path) -> None:
    with home_at(tmp_path / "home") as home:
        home.ingest("c", *write(tmp_path, a="Apples.", b="Pears."))
    wider = HashedEmbedder(128)
    with home_at(tmp_path / "home", wider) as home:
        assert len(home.store.vector_state("c", wider.id)[0]) == 0
        home.worker.run_until_idle()
        assert len(home.store.vector_state("c", wider.id)[0]) == 2
        assert len(home.store.vector_state("c", HashedEmbedder().id)[0]) == 2


def test_a_lost_word_index_is_filled_again(tmp_path: Path) -> None:
    import shutil

    with home_at(tmp_path / "home") as home:
        home.ingest("c", *write(tmp_path, a="Apples.", b="Pears."))
    shutil.rmtree(tmp_path / "home" / "words")
    with home_at(tmp_path / "home") as home:
        assert words_found(home, "apples") == set()
        home.worker.run_until_idle()
        assert words_found(home, "apples") == {"a.txt"}


def test_words_of_unknown_documents_are_swept(tmp_path: Path) -> None:
    with home_at(tmp_path / "home") as home:
        home.ingest("c", *write(tmp_path, a="Apples."))
        home.words.add([(Passage(999, "c", "x.txt", 0, 5, "Ghost"), 77)])
        home.worker.run_until_idle()
        assert home.words.documents() == {1}


def test_one_worker_a_home(tmp_path: Path) -> None:
    with home_at(tmp_path / "home") as first, home_at(tmp_path / "home") as second:
        assert first.worker.start()
        assert not second.worker.start()
        assert not second.worker.run_until_idle()
        first.library.create("c")
        job = second.library.submit("c", *write(tmp_path, a="Apples."))
        assert [row.state for row in second.library.wait([job])] == ["done"]
        first.worker.stop()
        assert second.worker.start()


def test_a_full_disk_delays_and_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "RETRY", (0.05,))
    real, left = work.store, [2]

    def full(*args: object) -> None:
        if left[0]:
            left[0] -= 1
            raise StorageError("The disk is full; free some space and try again.")
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "store", full)
    with home_at(tmp_path / "home") as home:
        assert home.ingest("c", *write(tmp_path, a="Apples.")) == {"a.txt": "done"}
        left[0] = 1000
        assert home.ingest("c", *write(tmp_path, b="Pears.")) == {"b.txt": "failed"}
        assert home.library.info("c", "b.txt").error == "The disk is full; free some space and try again."
        left[0] = 0
        home.library.retry(home.library.jobs("c")[-1].id)
        home.worker.run_until_idle()
        assert words_found(home, "pears") == {"b.txt"}


def test_an_internal_error_names_itself_and_spares_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = work.prepare

    def broken(document: object, *args: object) -> object:
        if "SECRET" in document.text:  # type: ignore[attr-defined]
            raise KeyError(document.text)  # type: ignore[attr-defined]
        return real(document, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "prepare", broken)
    with home_at(tmp_path / "home") as home:
        states = home.ingest("c", *write(tmp_path, a="Apples.", b="SECRET"))
        assert states == {"a.txt": "done", "b.txt": "failed"}
        error = home.library.info("c", "b.txt").error or ""
        assert error.startswith("The file could not be read (internal error KeyError); try again")
    assert "KeyError at test_worker.py" in caplog.text
    assert "SECRET" not in caplog.text


def test_stopping_puts_back_what_was_not_read(tmp_path: Path) -> None:
    with home_at(tmp_path / "home") as home:
        home.library.create("c")
        jobs = [home.library.submit("c", f) for f in write(tmp_path, **{f"f{n}": f"Text {n}." for n in range(12)})]
        home.worker.start()
        home.worker.stop()
        with home.catalog.read() as session:
            assert set(session.scalars(select(JobRow.state))) <= {"queued", "words", "done"}
        home.worker.run_until_idle()
        assert {row.state for row in home.library.jobs(ids=jobs)} == {"done"}
