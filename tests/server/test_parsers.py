"""The parsers that profiles name are known to the vLLM that is installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from assistant.models.profile import packaged
from assistant.models.vllm_command import Engine

FIND = "import importlib.util as u; print(u.find_spec('vllm').submodule_search_locations[0])"
PARTS = {"reasoning": "reasoning_parser", "tool_parsers": "tool_parser"}


@pytest.mark.parametrize("part", PARTS)
def test_every_parser_of_a_profile_is_registered(vllm: Engine, part: str) -> None:
    done = subprocess.run([vllm.python, "-c", FIND], capture_output=True, text=True, check=True)
    registry = (Path(done.stdout.strip()) / part / "__init__.py").read_text("utf-8")
    named = {getattr(profile, PARTS[part]) for profile in packaged().values()} - {""}
    assert named
    assert {name for name in named if f'"{name}"' not in registry} == set()
