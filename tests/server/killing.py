"""Servers to be killed: of a model that streams on and on, up in earnest before each case begins."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from assistant.errors import GeneratorUnavailable
from assistant.generators.endpoint import Endpoint
from assistant.generators.openai import ServedModel, ServerGenerator
from assistant.models import serving
from assistant.models.running import Running, last_known, running
from assistant.models.vllm_command import Launch
from assistant.models.vllm_server import SHARED, free_port, members
from assistant.types import Message, Sampling

NAME = "tireless"
CONTEXT = 1 << 16
PROCESSES = ("EngineCor", "Worker", "API")
"""Of a server, as the system names them; the API is the one that was started."""
PATIENCE = 900.0
"""Seconds for a start on busy cores."""


@contextmanager
def kept_up(home: Path, folder: Path) -> Iterator[Path]:
    """A home whose server is kept up; at the end nothing is left of it."""
    start(home, folder)
    try:
        yield home
    finally:
        last = last_known(home)
        serving.stop(home)
    assert last is not None
    assert members(last.group) == []


def start(home: Path, folder: Path) -> None:
    launch = Launch(NAME, str(folder), free_port(), context=CONTEXT, cache_memory="256M", lora=False)
    serving.follow(home, serving.start(home, serving.checked(launch)), lambda now: print(now.state, now.phase))


def up(home: Path, folder: Path) -> Running:
    """The server, once it has answered: whatever the case before did to it, and if its supervisor is gone."""
    if running(home) is None:
        start(home, folder)
    return again(home, 0)


def again(home: Path, restarts: int) -> Running:
    """The server, once its supervisor has started it so often and it has answered."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        now = running(home)
        assert now is not None, last_known(home)
        if now.state == "ready" and now.restarts >= restarts and answers(now):
            return now
        time.sleep(0.1)
    raise AssertionError(f"not up: {last_known(home)}")


def answers(server: Running) -> bool:
    try:
        return bool(list(model_of(server).stream((Message("user", "Hello"),), Sampling(max_tokens=1))))
    except GeneratorUnavailable:
        return False


def model_of(server: Running) -> ServerGenerator:
    return ServerGenerator(ServedModel(Endpoint(server.url, server.key), server.name, folder=Path(server.folder)))


def part_of(server: Running, name: str) -> psutil.Process:
    if name == "API":
        return psutil.Process(server.group.pid)
    return next(p for p in members(server.group) if name in p.name())


def nothing_left(server: Running, old: list[psutil.Process]) -> None:
    """No process and no shared memory of a server that was killed."""
    assert members(server.group) == []
    assert [p.pid for p in old if p.is_running()] == []
    assert not [name for name in server.shared if (SHARED / name).exists()]
