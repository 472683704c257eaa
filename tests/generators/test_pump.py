"""Streams of all threads share one event loop, whoever asks first."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.errors import Cancelled, GeneratorUnavailable
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


def test_p18_a_stop_reaches_the_source_while_its_reader_is_busy_with_something_else() -> None:
    stop, closed = threading.Event(), threading.Event()

    async def endless() -> AsyncGenerator[int, None]:
        try:
            while True:
                await asyncio.sleep(0.01)
                yield 1
        finally:
            await asyncio.sleep(0.3)  # closing takes a moment: nothing may break it off
            closed.set()

    items = pump.drained(endless, stop.is_set, pump.Patience(5, 5))
    assert next(items) == [1]
    stop.set()
    assert closed.wait(2)
    with pytest.raises(Cancelled):
        next(items)


def test_what_came_while_its_reader_was_busy_comes_together_before_the_error_that_ended_it() -> None:
    go, broke = threading.Event(), threading.Event()

    async def breaks() -> AsyncGenerator[int, None]:
        yield 0
        while not go.is_set():
            await asyncio.sleep(0.01)
        for n in range(1, 100):
            yield n
        broke.set()
        raise GeneratorUnavailable("It broke.")

    items = pump.drained(breaks, lambda: False, pump.Patience(5, 5))
    assert next(items) == [0]
    go.set()
    assert broke.wait(5)
    assert next(items) == list(range(1, 100))
    with pytest.raises(GeneratorUnavailable, match="It broke"):
        next(items)
