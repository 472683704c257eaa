"""From a name on the command line to a running model server, and its end."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from assistant.embedders.weights import packaged_file
from assistant.errors import GeneratorUnavailable, NotAvailable, NotFound, UsageError
from assistant.models import smollm
from assistant.models.profile import UNKNOWN, Profile, profiles
from assistant.models.running import ALIVE, LOG, Running, last_known, models_folder, running
from assistant.models.safetensors_header import read_header
from assistant.models.supervisor import already, as_words, clear_up
from assistant.models.vllm_command import Launch, engine, interpreter
from assistant.models.vllm_server import free_port, port_free, sweep

PACKAGED_PROFILE = "smollm2-135m"
SUPERVISOR_LOG = "supervisor.log"
CPU_HEADS = frozenset({32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512})
"""Widths of attention heads that vLLM's CPU build takes (0.32); with others its worker dies at the first request."""
HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")
_STOP_SECONDS = 25.0


def launch_of(home: Path, name: str, *, downloads: bool = False, weights: bool = True) -> tuple[Launch, Profile | None]:
    """How "packaged", a profile or a model folder is served. NotFound and NotAvailable say what is missing.

    Without `weights` settings and tokenizer are enough: vLLM fills the model with random numbers, to measure speed.
    """
    folder = Path(name).expanduser()
    known = profiles(home / "models" / "profiles")
    if not folder.is_dir() and HUB_NAME.fullmatch(name) and not folder.parent.is_dir():
        named = [profile.name for profile in known.values() if profile.model.casefold() == name.casefold()]
        if not named:
            return _of_hub(name, downloads, weights)
        name = named[0]
    elif folder.is_dir() or os.sep in name:
        return _of_folder(folder, None, weights=weights)
    if name in ("packaged", smollm.NAME, PACKAGED_PROFILE):
        return _of_folder(smollm.folder(), known[PACKAGED_PROFILE], smollm.NAME)
    if name not in known:
        raise unknown(name, known)
    profile = known[name]
    if found := hub_folder(profile.model, profile.revision, weights=weights):
        return _of_folder(found, profile, weights=weights)
    revision = "" if profile.revision == UNKNOWN else profile.revision
    if not downloads:
        pinned = f" --revision {revision}" if revision else ""
        raise NotAvailable(
            f"{profile.model} is not on this machine; download it with `hf download {profile.model}{pinned}`, "
            "or set allow_downloads = true."
        )
    return replace(_of_profile(profile, profile.model), revision=revision, downloads=True), profile


def unknown(name: str, known: Iterable[str]) -> NotFound:
    if near := difflib.get_close_matches(name, known, n=1):
        return NotFound(f"There is no model profile or folder {name}; the nearest profile is {near[0]}.")
    return NotFound(f"There is no model profile or folder {name}; `thickshell models list` shows what there is.")


def _of_hub(model: str, downloads: bool, weights: bool) -> tuple[Launch, None]:
    """A model of the hub that no profile knows."""
    name = model.rpartition("/")[2]
    if found := hub_folder(model, weights=weights):
        return _of_folder(found, None, name, weights=weights)[0], None
    if not downloads:
        raise NotAvailable(
            f"{model} is not on this machine; download it with `hf download {model}`, or set allow_downloads = true."
        )
    return Launch(name, model, 0, lora=False, downloads=True), None


def at_hand(profile: Profile) -> bool:
    """The model can be served without a download."""
    packaged = profile.name == PACKAGED_PROFILE and packaged_file(smollm.PACKAGE, smollm.FILE) is not None
    return packaged or hub_folder(profile.model, profile.revision) is not None


def hub_folder(model: str, revision: str = UNKNOWN, *, weights: bool = True) -> Path | None:
    """The folder of a model in the local Hugging Face cache, where all of it seems to be there. `revision`: a commit,
    or a branch or tag that was downloaded by that name."""
    cache = os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or "~/.cache/huggingface", "hub")
    place = Path(cache).expanduser() / f"models--{model.replace('/', '--')}"
    with contextlib.suppress(OSError):
        name = "main" if revision == UNKNOWN else revision
        named = place / "refs" / name
        folder = place / "snapshots" / (named.read_text().strip() if named.is_file() else name)
        if (folder / "config.json").is_file() and (not weights or any(folder.glob("*.safetensors"))):
            return folder
    return None


def _of_folder(
    folder: Path, profile: Profile | None, name: str = "", *, weights: bool = True
) -> tuple[Launch, Profile | None]:
    if not folder.is_dir():
        raise NotFound(f"There is no model folder {folder}; check the path.")
    folder = folder.resolve()
    if not (folder / "config.json").is_file() or (weights and not any(folder.glob("*.safetensors"))):
        raise UsageError(
            f"{folder} holds no model: config.json or safetensors weights are missing; name another folder."
        )
    if profile is None:
        return Launch(name or folder.name, str(folder), 0, lora=False), None  # not every architecture takes adapters
    return replace(_of_profile(profile, str(folder)), name=name or profile.name), profile


def _of_profile(profile: Profile, folder: str) -> Launch:
    return Launch(
        profile.name,
        folder,
        0,
        context=profile.serve_context,
        dtype=profile.dtype,
        tensor_parallel=profile.tensor_parallel,
        data_parallel=profile.data_parallel,
        quantization=profile.quantization,
        lora=profile.lora,
        lora_rank=profile.lora_rank,
        prefix_caching=profile.prefix_caching,
        structured_outputs=profile.structured_outputs,
        reasoning_parser=profile.reasoning_parser,
        tool_parser=profile.tool_parser,
    )


def checked(launch: Launch) -> Launch:
    """The launch with its port and context settled; what cannot work is said now, not after minutes: UsageError,
    NotAvailable, or UnreadableFile for damaged weights."""
    found = engine(interpreter())
    if launch.port and not port_free(launch.port):
        raise UsageError(
            f"Port {launch.port} is in use by another program; choose another with --port, or 0 for a free one."
        )
    for file in Path(launch.folder).glob("*.safetensors"):
        read_header(file)
    limit = model_context(Path(launch.folder))
    if limit and launch.context > limit:
        raise UsageError(
            f"{launch.name} takes at most {limit} tokens, not {launch.context}; choose a smaller --context."
        )
    if found.cpu and (width := head_width(Path(launch.folder))) and width not in CPU_HEADS:
        raise UsageError(
            f"{launch.name} has attention heads of {width} numbers, which vLLM does not take on a CPU; "
            "serve it on a GPU, or set model to its folder, which needs no vLLM."
        )
    if found.cpu and (launch.tensor_parallel > 1 or launch.data_parallel > 1):
        launch = replace(launch, tensor_parallel=1, data_parallel=1)
    return replace(launch, port=launch.port or free_port(), context=launch.context or limit)


def model_context(folder: Path) -> int:
    """Tokens that a model folder's config allows; 0 where it does not say."""
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        return int(_text_config(folder).get("max_position_embeddings") or 0)
    return 0


def head_width(folder: Path) -> int:
    """Numbers in one attention head; 0 where the config does not say, or attention is of another kind."""
    with contextlib.suppress(AttributeError, TypeError, ValueError, ZeroDivisionError):
        text = _text_config(folder)
        if not text.get("kv_lora_rank"):
            return int(text.get("head_dim") or text.get("hidden_size", 0) // text.get("num_attention_heads", 0))
    return 0


def _text_config(folder: Path) -> dict[str, Any]:
    """The language model's part of a folder's config; {} where there is none."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        config = json.loads((folder / "config.json").read_text("utf-8"))
        text = config.get("text_config") or config
        return text if isinstance(text, dict) else {}
    return {}


def start(home: Path, launch: Launch, profile: str = "") -> int:
    """Starts a supervisor that outlives this process; its process id. Conflict where one is at work."""
    if running(home):
        raise already(home)
    clear_up(home)
    log = models_folder(home) / SUPERVISOR_LOG
    with log.open("wb") as out:
        child = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "assistant.models.supervisor", str(home)],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": _path()},
        )
        assert child.stdin
        with child.stdin as words:
            words.write(json.dumps({"launch": as_words(launch), "profile": profile}).encode())
    return child.pid


def follow(home: Path, supervisor: int, tell: Callable[[Running], None]) -> Running:
    """Waits until the server is ready, telling each step. GeneratorUnavailable: it could not be started."""
    told: tuple[Any, ...] = ()
    while True:
        alive = psutil.pid_exists(supervisor) and psutil.Process(supervisor).status() != psutil.STATUS_ZOMBIE
        now = last_known(home)
        if now and now.supervisor.pid == supervisor:
            if (step := (now.state, now.phase, now.percent)) != told:
                tell(now)
                told = step
            if now.state == "ready":
                return now
            if now.state not in ALIVE:
                raise GeneratorUnavailable(now.error or f"The server of {now.name} was stopped while it started.")
        if not alive and not (now and now.supervisor.pid == supervisor and now.state not in ALIVE):
            raise GeneratorUnavailable(
                f"The supervisor of the model server ended before it was ready; {models_folder(home) / SUPERVISOR_LOG} "
                "tells more."
            )
        time.sleep(0.2)


def stop(home: Path) -> Running:
    """Ends the home's server and its supervisor; nothing of them is left. NotFound where none runs."""
    last = last_known(home)
    if last is None or (not last.supervisor.alive and not sweep(last.group, last.shared)):
        raise NotFound("No model server is at work; start one with `thickshell models serve NAME`.")
    with contextlib.suppress(psutil.Error):
        supervisor = psutil.Process(last.supervisor.pid)
        if last.supervisor.alive:
            supervisor.send_signal(signal.SIGTERM)
            _gone, left = psutil.wait_procs([supervisor], timeout=_STOP_SECONDS)
            for each in left:
                each.kill()
    sweep(last.group, last.shared)
    return last


def log_lines(home: Path, *, follow: bool = False) -> Iterator[str]:
    """What the server logged; on and on with `follow`."""
    file = models_folder(home) / LOG
    if not file.is_file():
        raise NotFound("No model server has been started here; start one with `thickshell models serve NAME`.")
    with file.open(encoding="utf-8", errors="replace") as handle:
        while True:
            yield from handle
            if not follow:
                return
            time.sleep(0.5)


def _path() -> str:
    root = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
