"""Fixtures that every room shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "2")


def bench_folder() -> Path | None:
    """The public benchmark data, where it lies beside the checkout or where THICKSHELL_BENCH points."""
    named = os.environ.get("THICKSHELL_BENCH")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "bench"
    return folder if (folder / "MANIFEST.md").is_file() else None


@pytest.fixture(scope="session")
def bench() -> Path:
    folder = bench_folder()
    if folder is None:
        pytest.skip("the public benchmark data is not here; set THICKSHELL_BENCH to its folder")
    return folder
