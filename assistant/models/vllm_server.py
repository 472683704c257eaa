"""One vLLM process group: started, watched while it loads, stopped without leaving anything behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import psutil

from assistant.models.running import Process, process
from assistant.models.vllm_command import HOST, Engine, Launch, command, environment

STOP_SECONDS = 10.0
SHARED = Path("/dev/shm")  # noqa: S108
SHARED_NAMES = ("psm_", "sem.mp-")  # Python's own, of the segments its processes share
PHASES: tuple[tuple[str, str], ...] = (
    (r"Starting vLLM server", "opening the door"),
    (r"Capturing \w*\s*CUDA graphs.*?(\d+)%", "preparing the GPU"),
    (r"KV cache size", "warming up"),
    (r"torch\.compile takes|Start compiling|Compiling a graph|Dynamo bytecode transform", "compiling"),
    (r"Model loading took|Loading weights took", "making room for the cache"),
    (r"Loading safetensors checkpoint shards:\s+(\d+)%", "reading weights"),
    (r"Initializing a V1 LLM engine", "starting the engine"),
    (r"Resolved architecture", "reading the model's settings"),
    (r"", "starting Python"),
)
"""What the log says, latest first, and what that is in plain words; the group is a percentage."""


class VllmServer:
    """A started server. Its log is appended to `log`; `text` is what this start wrote."""

    def __init__(self, launch: Launch, engine: Engine, key: str, log: Path) -> None:
        self.launch = launch
        self._key = key
        self._log = log
        self._begin = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self._child = _popen(launch, engine, key, out)
        self.group = process(self._child.pid)

    def poll(self) -> int | None:
        """Exit code of the process that was started; None while it runs."""
        return self._child.poll()

    def text(self) -> str:
        """What was logged since the start, its last million characters."""
        with self._log.open("rb") as handle:
            handle.seek(max(self._begin, self._log.stat().st_size - 1_000_000))
            return handle.read().decode("utf-8", "replace")

    def phase(self) -> tuple[str, int | None]:
        """What it is doing, in plain words, and how far it is where the log says."""
        text = self.text()
        for pattern, words in PHASES:
            if found := list(re.finditer(pattern, text)):
                share = found[-1].groups()
                return words, int(share[0]) if share else None
        raise AssertionError("the last pattern always matches")

    def ready(self, timeout: float = 2.0) -> bool:
        """Healthy, and the model is on its list."""
        if self._get("/health", timeout)[0] != 200:
            return False
        status, body = self._get("/v1/models", timeout)
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return status == 200 and self.launch.name in {row["id"] for row in json.loads(body)["data"]}
        return False

    def health(self, timeout: float = 5.0) -> int:
        """Status of /health; 0 where nothing answers."""
        return self._get("/health", timeout)[0]

    def shared(self) -> tuple[str, ...]:
        """Names of the shared memory that its processes hold, which a kill leaves behind."""
        found: set[str] = set()
        for each in members(self.group):
            with contextlib.suppress(OSError):
                found |= set(re.findall(rf"{SHARED}/(\S+)", Path(f"/proc/{each.pid}/maps").read_text()))
        return tuple(sorted(name for name in found if name.startswith(SHARED_NAMES)))

    def stop(self, seconds: float = STOP_SECONDS, shared: Iterable[str] = ()) -> int | None:
        """Asks it to end, waits, then kills the group. Nothing of it is left afterwards."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)
        sweep(self.group, shared, patience=2.0)
        return self._child.wait()

    def _get(self, path: str, timeout: float) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.launch.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._key}"})
            answer = connection.getresponse()
            return answer.status, answer.read(1 << 20)
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()


def _popen(launch: Launch, engine: Engine, key: str, out: BinaryIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - the user's own choice of a Python
        command(launch, engine),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        env=environment(launch, key),
        start_new_session=True,
        cwd=Path(launch.folder) if Path(launch.folder).is_dir() else None,
    )


def members(group: Process) -> list[psutil.Process]:
    """The living processes of a group that this user started; none where its number now belongs to someone else."""
    if not group.pid:
        return []
    found = []
    for each in psutil.process_iter(["create_time", "uids"]):
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(each.pid) == group.pid and each.info["uids"].real == os.getuid():
                if each.pid == group.pid and abs(each.info["create_time"] - group.created) >= 1:
                    return []
                if each.status() != psutil.STATUS_ZOMBIE and each.info["create_time"] >= group.created - 1:
                    found.append(each)
    return found


def sweep(group: Process, shared: Iterable[str] = (), patience: float = 0.0) -> int:
    """Kills what is left of a group after `patience` seconds and unlinks the shared memory it held; how many there
    were."""
    end = time.monotonic() + patience
    while (left := members(group)) and time.monotonic() < end:
        time.sleep(0.05)
    names = set(shared) | {name for each in left for name in _mapped(each.pid)}
    if left:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group.pid, signal.SIGKILL)
        end = time.monotonic() + 5.0  # not psutil's wait: it would take a child's exit code from its Popen
        while members(group) and time.monotonic() < end:
            time.sleep(0.02)
    for name in names:
        if name.startswith(SHARED_NAMES) and "/" not in name and not _in_use(name):
            with contextlib.suppress(OSError):
                (SHARED / name).unlink()
    return len(left)


def _mapped(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return re.findall(rf"{SHARED}/(\S+)", Path(f"/proc/{pid}/maps").read_text())
    return []


def _in_use(name: str) -> bool:
    """Some living process still has the segment mapped."""
    return any(name in _mapped(pid) for pid in psutil.pids()) if (SHARED / name).exists() else False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def port_free(port: int) -> bool:
    """Nothing listens there. Closed connections of a server before do not count."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            listener.bind((HOST, port))
            return True
    return False
