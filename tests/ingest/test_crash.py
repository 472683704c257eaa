"""P1: kill -9 at random moments while files are ingested loses nothing and doubles nothing."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from homes import Home, home_at
from sqlalchemy import func, select

from assistant.embedders.hashed import HashedEmbedder
from assistant.retrieval.word_queries import Scope
from ingest.catalog.tables import DocumentRow, JobRow, PassageRow, VectorRow

CHILD = Path(__file__).with_name("crash_child.py")
EACH = 4
SUBJECTS = ("river", "stone", "market", "energy", "house", "profit", "forest", "engine", "letter", "winter", "garden")


def make_files(folder: Path, n: int, seed: int = 7) -> list[Path]:
    """Texts of one to eight paragraphs, some CSV, one broken PDF; every sentence is told apart by its number."""
    chance = random.Random(seed)
    folder.mkdir()
    files = []
    for number in range(n):
        paragraphs = [
            " ".join(f"The {chance.choice(SUBJECTS)} of case {number}-{p}-{s} is plain." for s in range(12))
            for p in range(chance.randint(1, 8))
        ]
        files.append(folder / f"file{number}.txt")
        files[-1].write_text("\n\n".join(paragraphs))
    table = "\n".join(["name,amount", *(f"{chance.choice(SUBJECTS)}{row},{row * 7}" for row in range(60))])
    (folder / "table.csv").write_text(table)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    return [*files, folder / "table.csv", folder / "broken.pdf"]


def run(home: Path, files: list[Path], kill_after: float | None = None) -> float:
    """Ingests in a process of its own, killed so many seconds after it has opened the home; the seconds it took."""
    command = [sys.executable, str(CHILD), str(home), *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stderr
        child.stdout.readline()
        began = time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(kill_after)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
        errors = child.stderr.read().decode()
        assert child.wait() in (0, -signal.SIGKILL), errors
        return time.monotonic() - began


def shape(home: Home) -> dict[str, object]:
    """All that a search can see, without what may differ between runs: ids and times."""
    found: dict[str, object] = {}
    for info in home.library.documents("c"):
        passages = home.store.document_passages("c", info.name) if info.searchable else []
        found[info.name] = (info.state, info.error, [(p.start, p.end, p.text, p.context, p.table) for p in passages])
    return found


def by_words(home: Home, text: str) -> list[tuple[str, int, float]]:
    scope = Scope([home.store.corpus_id("c")])
    hits = home.words.search(text, scope, 1000)
    places = {p.id: (p.document, p.start) for p in home.store.passages([i for i, _ in hits])}
    assert len(places) == len(hits), "the word index holds passages that the catalog does not"
    return sorted((*places[i], round(score, 4)) for i, score in hits)


def by_meaning(home: Home, text: str) -> list[tuple[str, int, float]]:
    embedder = HashedEmbedder()
    ids, _ = home.store.vector_state("c", embedder.id)
    scores = home.store.vectors(ids.tolist(), embedder.id) @ embedder.embed_queries([text])[0]
    places = {p.id: (p.document, p.start) for p in home.store.passages(ids.tolist())}
    return sorted((*places[int(i)], round(float(s), 4)) for i, s in zip(ids, scores))


def nothing_twice(home: Home) -> None:
    with home.catalog.read() as session:
        names = Counter(session.scalars(select(DocumentRow.name)))
        places = Counter(session.execute(select(PassageRow.document_id, PassageRow.ordinal)).all())
        assert set(session.scalars(select(JobRow.state))) <= {"done", "failed"}
        texts = session.scalar(select(func.count(PassageRow.hash.distinct())))
        assert session.scalar(select(func.count()).select_from(VectorRow)) == texts
    assert max(names.values()) == 1
    assert max(places.values()) == 1
    stored = {file.name for file in (home.catalog.home / "files").rglob("*") if file.is_file()}
    assert len(stored) == len(names)


def same(crashed: Home, whole: Home) -> None:
    assert shape(crashed) == shape(whole)
    for question in ["river stone", "case 3-0-5", "market7 amount", "winter garden letter"]:
        assert by_words(crashed, question) == by_words(whole, question)
        assert np.allclose([x[2] for x in by_meaning(crashed, question)], [x[2] for x in by_meaning(whole, question)])
    nothing_twice(crashed)


def kills(tmp_path: Path, files: int, enough: int, seed: int) -> int:
    """Kills at random moments, at most EACH in a home, until `enough` met a process at work; how many there were.

    A home that has nothing left to do is compared and left: what is killed there is not at work.
    """
    paths = make_files(tmp_path / "in", files)
    whole = run(tmp_path / "whole", paths)
    chance, met, all_kills = random.Random(seed), 0, 0
    with home_at(tmp_path / "whole") as uninterrupted:
        nothing_twice(uninterrupted)
        while met < enough:
            folder = tmp_path / f"home{met}"
            for _ in range(EACH):
                run(folder, paths, chance.uniform(0, whole))
                all_kills += 1
                if idle(folder):
                    break
                met += 1
            run(folder, paths)
            with home_at(folder) as crashed:
                same(crashed, uninterrupted)
            shutil.rmtree(folder)
    return all_kills


def idle(folder: Path) -> bool:
    with home_at(folder) as home:
        jobs = home.library.jobs()
        return bool(jobs) and not any(job.open for job in jobs)


def test_p01_a_crash_loses_nothing(tmp_path: Path) -> None:
    kills(tmp_path, files=20, enough=2, seed=1)


def test_p11_two_processes_share_one_home(tmp_path: Path) -> None:
    """Both ingest at once, some files twice: one is the worker, both get all they asked for, nothing is there twice."""
    paths = make_files(tmp_path / "in", 16)
    run(tmp_path / "alone", paths)
    command = [sys.executable, str(CHILD), str(tmp_path / "shared")]
    both = [subprocess.Popen([*command, *map(str, some)]) for some in (paths[:12], paths[6:])]
    assert [child.wait(120) for child in both] == [0, 0]
    with home_at(tmp_path / "alone") as alone, home_at(tmp_path / "shared") as shared:
        same(shared, alone)


def test_p09_a_damaged_word_index_is_filled_again(tmp_path: Path) -> None:
    """Each file of the index in turn is damaged; the next worker makes the index whole from the catalog."""
    paths = make_files(tmp_path / "in", 4)
    run(tmp_path / "whole", paths)
    for damage in (lambda file: file.write_bytes(b"x" * 50), Path.unlink):
        shutil.copytree(tmp_path / "whole", tmp_path / "damaged")
        for file in (tmp_path / "damaged" / "words").glob("*"):
            if file.is_file() and not file.name.endswith(".lock"):
                damage(file)
        with home_at(tmp_path / "whole") as whole, home_at(tmp_path / "damaged") as damaged:
            damaged.worker.run_until_idle()
            same(damaged, whole)
        shutil.rmtree(tmp_path / "damaged")


@pytest.mark.hardening
@pytest.mark.timeout(14_400)
def test_p01_a_crash_loses_nothing_full(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """100 kills that met a process at work, in homes of 50 files."""
    record_property("kills until 100 met a process at work", kills(tmp_path, files=48, enough=100, seed=2))
