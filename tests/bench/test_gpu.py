"""The scripted GPU run: what it measures, how it ends, and what its report says. A scripted program stands for vLLM."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from assistant.errors import UsageError
from assistant.models.running import last_known
from assistant.models.vllm_command import Launch
from bench import gpu
from bench.gpu_cells import Plan, cells, serving_cell, tier_cell
from bench.gpu_made import made
from bench.gpu_report import PACKAGES, Report, lines
from tests.models.scripted_vllm import install
from tests.models.tiny import build

SPREAD = {"median": 40.0, "least": 31.5, "greatest": 60.0}
SERVING = {
    "first_text_ms": {"ours": SPREAD, "straight": SPREAD},
    "tokens_per_second": {"ours": SPREAD, "straight": SPREAD},
    "added_to_first_text_ms": {"median": 4.2, "least": 1.0, "greatest": 9.0},
    "throughput_ratio": {"median": 0.95, "least": 0.9, "greatest": 0.99},
}
TIER = {
    "measures": {"gold in answer": {"value": 0.25, "low": 0.1, "high": 0.4, "n": 200}},
    "metrics": {"sentences_unsupported": {"value": 0.5, "low": 0.4, "high": 0.6}, "unmarked": 0},
}
FACTS = {
    "date": "2026-11-23 01:00",
    "machine": {"gpus": [], "processor": "P", "cores": 2, "memory_gb": 9, "load": 1.0, "system": "L", "driver": ""},
    "versions": dict.fromkeys(("python", "vllm", *PACKAGES), "1") | {"vllm_on_cpu": True},
    "model": {"name": "m", "parameters": 5},
    "split": {"cards": 1, "vllm_share": 0.8, "vllm_gb": 64.0, "left_gb": 16.0, "encoder_device": "cuda"}
    | {"vllm_took_mb": 61234},
}  # fmt: skip


def test_random_weights_are_asked_for_speed_alone() -> None:
    whole = [cell.key for cell in cells(Plan(Path("d")))]
    assert whole[:4] == ["serving-8-9-0", "serving-32-3-0", "card", "tiers-qed-1-200-512"]
    assert len(whole) == 3 + 4 * 3
    assert [cell.kind for cell in cells(Plan(Path("d"), quality=False))] == ["serving", "serving", "card"]


def test_more_questions_are_other_cells() -> None:
    few, many = (tier_cell(Plan(Path("d"), limit=limit), "qed", 3) for limit in (100, 200))
    assert few.key != many.key
    assert few.words[6:8] == ("--limit", "100")


def test_a_made_up_model_has_sizes_and_a_tokenizer(tmp_path: Path) -> None:
    small = build(tmp_path / "small", "llama")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (small / name).write_text("{}")
    folder = made("made:8b", tmp_path / "out", small)
    config = json.loads((folder / "config.json").read_text())
    assert (config["hidden_size"], config["head_dim"], config["vocab_size"]) == (4096, 128, 320)
    assert sorted(file.name for file in folder.iterdir())[-2:] == ["tokenizer.json", "tokenizer_config.json"]
    with pytest.raises(UsageError, match="no made-up model made:9b; there are made:tiny"):
        made("made:9b", tmp_path, small)


def test_a_report_says_what_was_not_measured() -> None:
    plan = Plan(Path("d"))
    told = {serving_cell(plan, 8).key: SERVING, tier_cell(plan, "qed", 3).key: TIER}
    report = Report(Path("o"), plan, Launch("m", "/m", 0), told, {"card": "it broke"}, {}, {})
    text = "\n".join(lines(report, FACTS))
    assert "| 8 | through thickshell | 40 (31.5-60) | 40 (31.5-60) | 4.2 (1-9) | 0.95 (0.9-0.99) |" in text
    assert "| 32 | straight | not measured | not measured |  |  |" in text
    assert "| 32 | through thickshell | not measured | not measured | not measured | not measured |" in text
    row = "| qed | gold in answer | 200 | not measured | not measured | 0.250 (0.100-0.400) | 0.500 (0.400-0.600) | 0 |"
    assert row in text
    assert "| filings |  |  | not measured | not measured | not measured | not measured | not measured |" in text
    assert "| MB of the card that the encoder took | not measured |  |" in text
    assert "- card: it broke" in text
    assert "vLLM 80% of 1 card(s) (64.0 GB; 61,234 MB taken), 16.0 GB left for the encoder on cuda" in text


def test_without_a_gpu_it_says_so_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "gpus", tuple)
    assert gpu.main(["qwen3-8b", "--out", str(tmp_path / "out")]) == 4
    assert capsys.readouterr().err == f"{gpu.NO_GPU}\n"
    assert not (tmp_path / "out").exists()


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    install(tmp_path / "bare")
    monkeypatch.setenv("THICKSHELL_VLLM_PYTHON", str(tmp_path / "bare" / "bin" / "python"))
    model = build(tmp_path / "m", "llama", head_dim=32)
    (tmp_path / "data").mkdir()
    given = {"device": "cpu", "out": tmp_path / "out", "data": tmp_path / "data", "people": 2, "streams": 2}
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "bench.gpu", str(model), "--dummy", *words]


def test_what_is_interrupted_leaves_nothing_running_and_a_report(command: list[str], tmp_path: Path) -> None:
    ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]  # as a shell starts what runs in the background
    child = subprocess.Popen(ignoring, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not ((now := last_known(tmp_path / "out" / "server")) and now.group.alive) and time.monotonic() < end:
        time.sleep(0.02)
    assert now
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == gpu.ENDED, said
    assert "the same command goes on where it stopped" in said
    assert not now.group.alive
    assert not psutil.pid_exists(now.supervisor.pid)
    assert "not measured" in (tmp_path / "out" / "report.md").read_text("utf-8")


def test_what_fails_is_told_and_what_was_measured_is_kept(command: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "out" / "cells" / "serving-2-9-0.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps(SERVING))
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    report = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "- card: its command ended with code 1: FileNotFoundError" in report
    assert "| 2 | through thickshell | 40 (31.5-60)" in report
    now = last_known(tmp_path / "out" / "server")
    assert now
    assert (now.state, now.group.alive) == ("stopped", False)
    other = subprocess.run([*command, "--context", "128"], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (other.returncode, "choose another folder with --out" in other.stderr) == (2, True)
