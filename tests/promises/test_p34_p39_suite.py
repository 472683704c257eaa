"""Promises 34 and 39 over the whole suite: what it logs, and whether it passes where nothing can be reached."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hardening.offline import NONE_HERE

ROOT = Path(__file__).parents[2]
PLANTED = (
    "planted-password", "open sesame", "secret2x", "secret passage", "Tea grows in Yunnan", "Only for you",
    "Sales rose", "Ann sells apples", "grinds rye", "zephyrlock", "wickerbasket", "had 259 people",
)  # fmt: skip
"""Passwords and sentences of documents that tests plant: each is checked to be in the suite."""


@pytest.mark.hardening
@pytest.mark.timeout(14_400)
def test_p34_p39_the_suite_passes_without_a_route_and_logs_no_planted_text(tmp_path: Path) -> None:
    """One run of the suite for both."""
    sources = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__))
    assert [text for text in PLANTED if text not in sources and text != "had 259 people"] == []
    log = tmp_path / "suite.log"
    options = [f"--log-file={log}", "--log-file-level=INFO", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "tests.hardening.offline", sys.executable, "-m", "pytest", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == NONE_HERE:
        pytest.skip(done.stderr.strip())
    said = log.read_text("utf-8")
    assert said
    assert [text for text in PLANTED if text in said] == []
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-40:])
