"""The model server of a home, as other processes see it: what it serves, where, in which state, and its key."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

import psutil

FOLDER, STATE, KEY, LOG = "models", "server.json", "key", "server.log"
ServerState = Literal["starting", "ready", "restarting", "stopping", "stopped", "failed"]
ALIVE: frozenset[str] = frozenset({"starting", "ready", "restarting", "stopping"})


@dataclass(frozen=True, slots=True)
class Process:
    """A process that is never mistaken for a later one of the same number. `created`: seconds since 1970."""

    pid: int = 0
    created: float = 0.0

    @property
    def alive(self) -> bool:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            return self.pid > 0 and abs(process.create_time() - self.created) < 1 and process.status() != "zombie"
        return False


def process(pid: int) -> Process:
    """The process of this number; one that is gone counts as never created."""
    with contextlib.suppress(psutil.Error):
        return Process(pid, psutil.Process(pid).create_time())
    return Process(pid)


@dataclass(frozen=True, slots=True)
class Running:
    """A model server. `group` leads the process group of vLLM; `supervisor` keeps it up."""

    name: str
    folder: str  # of the model; its Hugging Face name where it was allowed to be fetched
    url: str  # ends in /v1
    context: int  # tokens of prompt and answer; 0: what the model has
    state: ServerState = "starting"
    phase: str = ""  # what it is doing, in plain words
    percent: int | None = None
    error: str = ""
    restarts: int = 0
    since: float = 0.0  # of this state, seconds since 1970
    supervisor: Process = Process()
    group: Process = Process()
    shared: tuple[str, ...] = ()  # its segments of shared memory, swept after a crash
    profile: str = ""
    key: str = field(default="", repr=False)


def models_folder(home: Path) -> Path:
    """Where the server's key, state and log lie; only its owner may look in."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def running(home: Path) -> Running | None:
    """The home's server while its supervisor lives, with its key; None otherwise. Its state may be "starting"."""
    last = last_known(home)
    if last is None or last.state not in ALIVE or not last.supervisor.alive:
        return None
    with contextlib.suppress(OSError):
        return replace(last, key=(home / FOLDER / KEY).read_text("ascii").strip())
    return None


def last_known(home: Path) -> Running | None:
    """What was last written about the home's server, whether it lives or not."""
    try:
        row = json.loads((home / FOLDER / STATE).read_text("utf-8"))
        known = {f.name for f in fields(Running)} - {"key"}
        values = {name: value for name, value in row.items() if name in known}
        values |= {name: Process(**row[name]) for name in ("supervisor", "group")}
        return Running(**values | {"shared": tuple(row["shared"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(home: Path, value: Running) -> None:
    """Replaces the state in one step; the key stays out of it."""
    row = asdict(value)
    del row["key"]
    target = models_folder(home) / STATE
    beside = target.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(row) + "\n", "utf-8")
    beside.replace(target)


def server_key(home: Path) -> str:
    """The key that the home's server asks for: made once, readable by its owner alone."""
    file = models_folder(home) / KEY
    with contextlib.suppress(FileExistsError):
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
    return file.read_text("ascii").strip()
