"""kill -9 of each process of a real server while it streams: clear errors, no hang, no orphan, and up again."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from assistant.errors import GeneratorUnavailable
from assistant.generators.endpoint import Endpoint
from assistant.generators.openai import ServedModel, ServerGenerator
from assistant.models import serving
from assistant.models.running import Running, last_known, running
from assistant.models.vllm_command import Engine, Launch
from assistant.models.vllm_server import SHARED, free_port, members
from assistant.types import Finished, Message, Sampling

COUNTS = (8, pytest.param(50, marks=pytest.mark.hardening))
LONG = (Message("user", "Tell a very long story."),)


@pytest.fixture(scope="module")
def home(vllm: Engine, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    start(home, tiny)
    yield home
    last = last_known(home)
    serving.stop(home)
    assert last is not None
    assert members(last.group) == []


def start(home: Path, tiny: Path) -> None:
    launch = Launch("tiny", str(tiny), free_port(), context=2048, cache_memory="64M", lora=False)
    serving.follow(home, serving.start(home, serving.checked(launch)), lambda now: print(now.state, now.phase))


def ready(home: Path, restarts: int) -> Running:
    end = time.monotonic() + 900
    while time.monotonic() < end:
        now = running(home)
        if now and now.state == "ready" and now.restarts >= restarts:
            return now
        assert now is not None, last_known(home)
        time.sleep(0.1)
    raise AssertionError("not up again")


def part_of(server: Running, name: str) -> psutil.Process:
    if name == "API":
        return psutil.Process(server.group.pid)
    return next(p for p in members(server.group) if name in p.name())


def stream(server: Running, begun: threading.Semaphore) -> tuple[str, float]:
    """How one stream ended, and when. Its first token is told."""
    model = ServerGenerator(ServedModel(Endpoint(server.url, server.key), server.name, folder=Path(server.folder)))
    try:
        parts = []
        for part in model.stream(LONG, Sampling(max_tokens=1900)):
            parts.append(part)
            if len(parts) == 1:
                begun.release()
        return ("whole" if isinstance(parts[-1], Finished) else "cut"), time.monotonic()
    except GeneratorUnavailable as error:
        return ("error" if str(error).endswith(".") else str(error)), time.monotonic()


@pytest.mark.parametrize("streams", COUNTS)
@pytest.mark.parametrize("name", ["EngineCor", "Worker", "API"])
def test_a_kill_ends_every_stream_with_an_error_and_the_server_comes_back(home: Path, name: str, streams: int) -> None:
    before = last_known(home)
    assert before is not None
    server = ready(home, before.restarts)
    begun = threading.Semaphore(0)
    with ThreadPoolExecutor(streams) as pool:
        told = [pool.submit(stream, server, begun) for _ in range(streams)]
        assert all(begun.acquire(timeout=120) for _ in range(streams))
        old = members(server.group)
        victim = part_of(server, name)
        victim.kill()
        killed = time.monotonic()
        ends = [each.result(timeout=60) for each in told]
    assert [how for how, _ in ends] == ["error"] * streams
    assert max(at for _, at in ends) - killed < 30
    again = ready(home, server.restarts + 1)
    assert (again.url, again.key) == (server.url, server.key)
    assert members(server.group) == []
    assert [p.pid for p in old if p.is_running()] == []
    assert not [name for name in server.shared if (SHARED / name).exists()]


def test_a_killed_supervisor_leaves_nothing_for_the_next_start(home: Path, tiny: Path) -> None:
    server = ready(home, 0)
    os.kill(server.supervisor.pid, signal.SIGKILL)
    end = time.monotonic() + 30
    while members(server.group) and time.monotonic() < end:
        time.sleep(0.1)
    assert members(server.group) == []  # the kernel ends each with the one that started it
    assert running(home) is None
    start(home, tiny)
    assert not [name for name in server.shared if (SHARED / name).exists()]
    assert running(home) is not None
