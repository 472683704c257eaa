"""Promise 21: kill -9 of each process of a real server while it streams: clear errors, no hang, no orphan, up again."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.errors import GeneratorUnavailable
from assistant.models.running import Running, running
from assistant.models.vllm_command import Engine
from assistant.models.vllm_server import SHARED, members
from assistant.types import Finished, Message, Sampling
from tests.server.killing import CONTEXT, PROCESSES, again, kept_up, model_of, nothing_left, part_of, start, up

COUNTS = (8, pytest.param(50, marks=pytest.mark.hardening))
LONG = (Message("user", "Tell a very long story."),)
WHOLE = Sampling(max_tokens=CONTEXT - 500)
"""An answer that takes minutes: none is over before the kill, however quick the machine."""


@pytest.fixture(scope="module")
def home(vllm: Engine, tireless: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with kept_up(tmp_path_factory.mktemp("home"), tireless) as home:
        yield home


def stream(server: Running, begun: threading.Semaphore, stop: threading.Event) -> tuple[str, float]:
    """How one stream ended, and when. Its first token is told."""
    model = model_of(server)
    try:
        parts = []
        for part in model.stream(LONG, WHOLE, stop.is_set):
            parts.append(part)
            if len(parts) == 1:
                begun.release()
        return ("whole" if isinstance(parts[-1], Finished) else "cut"), time.monotonic()
    except GeneratorUnavailable as error:
        return ("error" if str(error).endswith(".") else str(error)), time.monotonic()


@pytest.mark.parametrize("streams", COUNTS)
@pytest.mark.parametrize("name", PROCESSES)
def test_p21_a_kill_ends_every_stream_with_an_error_and_the_server_comes_back(
    home: Path, tireless: Path, name: str, streams: int
) -> None:
    server = up(home, tireless)
    old, victim = members(server.group), part_of(server, name)
    begun, stop = threading.Semaphore(0), threading.Event()
    with ThreadPoolExecutor(streams) as pool:
        try:
            told = [pool.submit(stream, server, begun, stop) for _ in range(streams)]
            assert all(begun.acquire(timeout=120) for _ in range(streams))
            assert not [each.result() for each in told if each.done()], "all were to stream still"
            victim.kill()
            killed = time.monotonic()
            ends = [each.result(timeout=60) for each in told]
        finally:
            stop.set()
    assert [how for how, _ in ends] == ["error"] * streams
    assert max(at for _, at in ends) - killed < 30
    anew = again(home, server.restarts + 1)
    assert (anew.url, anew.key) == (server.url, server.key)
    nothing_left(server, old)


def test_p21_a_killed_supervisor_leaves_nothing_for_the_next_start(home: Path, tireless: Path) -> None:
    server = up(home, tireless)
    os.kill(server.supervisor.pid, signal.SIGKILL)
    end = time.monotonic() + 30
    while members(server.group) and time.monotonic() < end:
        time.sleep(0.1)
    assert members(server.group) == []  # the kernel ends each with the one that started it
    assert running(home) is None
    start(home, tireless)
    assert not [name for name in server.shared if (SHARED / name).exists()]
    assert running(home) is not None
