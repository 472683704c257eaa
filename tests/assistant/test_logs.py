"""The home's log: one line a record, no texts, small, and shared by processes."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import logs

log = logging.getLogger("assistant.some.module")


def test_our_modules_write_to_the_home_and_libraries_do_not(tmp_path: Path) -> None:
    with logs.kept(tmp_path, "info") as file:
        log.info("stored %d\nand more", 3)
        log.debug("not asked for")
        logging.getLogger("pdfminer").error("a line of a document")
    log.warning("after the end")
    begins, stored = file.read_text("utf-8").splitlines()
    assert "begins: thickshell" in begins
    assert stored.endswith("INFO assistant.some.module: stored 3 and more")
    assert file == tmp_path / "logs" / "thickshell.log"


def test_of_an_exception_its_kind_and_place_are_kept(tmp_path: Path) -> None:
    with logs.kept(tmp_path, "info") as file:
        try:
            raise ValueError("SECRET text")
        except ValueError:
            log.exception("reading failed")
    said = file.read_text("utf-8")
    assert "reading failed [ValueError at test_logs.py:" in said
    assert "SECRET" not in said


def test_a_full_file_is_set_aside_and_the_oldest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 200)
    with logs.kept(tmp_path, "info") as file:
        for n in range(40):
            log.info("line %d", n)
    names = sorted(path.name for path in file.parent.iterdir() if path.suffix != ".lock")
    assert names == ["thickshell.log", *(f"thickshell.log.{n}" for n in range(1, 5))]
    assert all(path.stat().st_size < 400 for path in file.parent.iterdir())
    assert "line 39" in file.read_text("utf-8")


WRITES = """
import logging, sys
from pathlib import Path
from assistant import logs
logs.MAX_BYTES, logs.KEPT = 2_000, 50
with logs.kept(Path(sys.argv[1]), "info"):
    for n in range(100):
        logging.getLogger("ingest.x").info("from %s line %d", sys.argv[2], n)
"""


def test_two_processes_lose_no_line(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", WRITES, str(tmp_path)]
    running = [subprocess.Popen([*command, name], cwd=root) for name in "ab"]
    assert [process.wait(60) for process in running] == [0, 0]
    said = "".join(path.read_text("utf-8") for path in (tmp_path / "logs").iterdir())
    assert [f"from {name} line {n}\n" in said for name in "ab" for n in range(100)] == [True] * 200


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("in the way")
    with logs.kept(tmp_path, "info"):
        log.info("nowhere")
    assert capsys.readouterr().err == ""
