"""Promises 9, 19 and 40 through the whole house: damaged vectors, the same answer again, a home on another disk."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.settings import Settings
from assistant.types import Answer, Question
from assistant.wiring import House, build

QUESTION = Question("How many people did Place7 have in 1907?", ("towns",))


@pytest.fixture
def papers(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(30):
        (folder / f"place{n}.txt").write_text(f"In {1900 + n} the town of Place{n} had {n * 37} people. It has a mill.")
    return sorted(folder.iterdir())


def opened(home: Path) -> House:
    return build(Settings(home=home, encoder="hashed"))


def filled(home: Path, papers: list[Path]) -> House:
    house = opened(home)
    house.library.create("towns")
    house.library.submit_all("towns", papers)
    house.worker.run_until_idle()
    return house


def answered(home: Path) -> Answer:
    """Asked of a house that was opened for it: nothing is remembered from before."""
    house = opened(home)
    try:
        return house.assistant.answer(QUESTION)
    finally:
        house.close()


def flip(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)


@pytest.mark.parametrize("damage", [flip, Path.unlink, lambda file: file.write_bytes(b"")])
def test_p09_a_damaged_vector_index_is_made_anew(
    tmp_path: Path, papers: list[Path], caplog: pytest.LogCaptureFixture, damage: Callable[[Path], object]
) -> None:
    house = filled(tmp_path / "home", papers)
    house.assistant.answer(QUESTION)
    house.vectors.save("towns")
    house.close()
    whole = answered(tmp_path / "home")
    names = [file.name for file in sorted((tmp_path / "home" / "vectors").rglob("*")) if file.is_file()]
    assert "manifest.json" in names
    for name in names:
        copy = tmp_path / name
        shutil.copytree(tmp_path / "home", copy)
        damage(next((copy / "vectors").rglob(name)))
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            mended = answered(copy)
        assert "made anew from the catalog" in caplog.text, name
        assert (mended.answer, mended.hits) == (whole.answer, whole.hits), name


def test_p19_the_same_question_has_the_same_answer_after_a_restart(tmp_path: Path, papers: list[Path]) -> None:
    filled(tmp_path / "home", papers).close()
    first, again = answered(tmp_path / "home"), answered(tmp_path / "home")
    assert first.receipt_id
    assert (again.receipt_id, again.answer, again.citations) == (first.receipt_id, first.answer, first.citations)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than the files."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk here to put a home on")
    with tempfile.TemporaryDirectory(dir=memory, prefix="thickshell-test-") as folder:
        yield Path(folder)


def test_p40_a_home_on_another_disk(tmp_path: Path, elsewhere: Path, papers: list[Path]) -> None:
    from ingest.backup import backup, restore

    house = filled(elsewhere / "home", papers)
    job = house.library.submit("towns", papers[0], "moved.txt", move=True)
    house.worker.run_until_idle()
    assert house.library.jobs(ids=[job])[0].state == "done"
    assert not papers[0].exists()
    house.library.export("towns", tmp_path / "towns.zip")
    copy = house.library.import_(tmp_path / "towns.zip", "again")
    assert copy.documents == 31
    house.close()
    backup(elsewhere / "home", tmp_path / "all.backup")
    restore(tmp_path / "all.backup", tmp_path / "restored")
    # Words of replaced versions count in BM25 until the word index merges, and a restored one is made anew: what is
    # cited first is the same, a weaker second sentence need not be.
    first = [answered(home).citations[0].quote for home in (tmp_path / "restored", elsewhere / "home")]
    assert first[0] == first[1]
