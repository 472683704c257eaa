"""A watched folder mirrors its files to a corpus."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from homes import home_at

from assistant.errors import NotFound
from ingest import watch
from ingest.watch import Mirror, visible_files, watch_folder


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "STABLE", 0.05)


def test_hidden_and_temporary_files_are_passed_over(tmp_path: Path) -> None:
    for name in ["a.txt", ".hidden", "~$a.docx", "b.pdf.part", "c.txt~", ".git/config", "sub/d.md"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "out").symlink_to("/etc/hostname")
    assert [str(file.relative_to(tmp_path)) for file in visible_files(tmp_path)] == ["a.txt", "sub/d.md"]


def test_new_changed_and_removed_files(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("First apples.")
    said: list[str] = []
    with home_at(tmp_path / "home") as home:
        home.library.create("c")
        (tmp_path / "elsewhere.txt").write_text("Stays.")
        home.ingest("c", tmp_path / "elsewhere.txt")
        mirror = Mirror(home.library, "c", folder, said.append)

        def settle() -> dict[str, list[str]]:
            mirror.step()
            time.sleep(0.06)
            mirror.step()
            return {name: [p.text for p in found] for name, found in home.passages("c").items()}

        stays = {"elsewhere.txt": ["Stays."]}
        assert settle() == {"a.txt": ["First apples."], **stays}
        (folder / "a.txt").write_text("Second apples!")
        (folder / "sub").mkdir()
        (folder / "sub" / "b.txt").write_text("Pears.")
        assert settle() == {"a.txt": ["Second apples!"], "b.txt": ["Pears."], **stays}
        (folder / "a.txt").unlink()
        assert settle() == {"b.txt": ["Pears."], **stays}
        assert said == ["a.txt: ready", "a.txt: ready", "b.txt: ready", "a.txt: removed"]
        (folder / "sub" / "b.txt").unlink()
        (folder / "sub").rmdir()
        folder.rmdir()
        with pytest.raises(NotFound, match="nothing was removed"):
            mirror.step()
        assert "b.txt" in home.passages("c")


def test_a_file_that_still_grows_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "STABLE", 30.0)
    with home_at(tmp_path / "home") as home:
        home.library.create("c")
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.txt").write_text("Half of")
        mirror = Mirror(home.library, "c", tmp_path / "in", print)
        mirror.step()
        mirror.step()
        assert home.library.documents("c") == []


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120  # patience of a busy machine; nothing is measured
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_watching_until_it_is_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    stop = threading.Event()
    with home_at(tmp_path / "home") as home:
        home.library.create("c")
        thread = threading.Thread(target=watch_folder, args=(home.library, "c", folder, stop))
        thread.start()
        (folder / "a.txt").write_text("Apples.")
        until(lambda: "a.txt" in home.passages("c"))
        (folder / "a.txt").unlink()
        until(lambda: home.passages("c") == {})
        stop.set()
        thread.join(60)
        assert not thread.is_alive()
