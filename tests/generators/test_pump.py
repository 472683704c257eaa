"""Streams of all threads share one event loop, whoever asks first."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.generators import pump


def test_threads_that_ask_first_together_get_the_same_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    made = asyncio.new_event_loop

    def slow() -> asyncio.AbstractEventLoop:
        time.sleep(0.05)
        return made()

    monkeypatch.setattr(asyncio, "new_event_loop", slow)
    pump._event_loop.cache_clear()
    together = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        loops = list(pool.map(lambda _: (together.wait(), pump.event_loop())[1], range(8)))
    assert len(set(map(id, loops))) == 1
