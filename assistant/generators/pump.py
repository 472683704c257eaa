"""An asynchronous stream read from ordinary threads: it can be stopped, and left, while nothing comes.

One event loop in one thread serves all streams of the process. Cancelling a stream's task closes its HTTP response, so
that the server on the other side stops working too.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from assistant.errors import Cancelled, GeneratorUnavailable

T = TypeVar("T")
POLL_SECONDS = 0.1
"""How often `stop` is asked while nothing comes."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`silence`: longest wait for the first item, and between two; `whole`: for all of them."""

    silence: float
    whole: float


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    value: T


def drained(
    source: Callable[[], AsyncGenerator[T, None]], stop: Callable[[], bool], patience: Patience
) -> Iterator[list[T]]:
    """The items of a source as they come: all that have come since the last look, at least one.

    Its own errors come through, after what came before them; Cancelled once `stop` says yes; GeneratorUnavailable where
    the patience is over. Whatever ends it, the source is closed.
    """
    items: queue.SimpleQueue[_Item[T] | BaseException | None] = queue.SimpleQueue()

    async def work() -> None:
        try:
            async with aclosing(source()) as stream:
                async for value in stream:
                    items.put(_Item(value))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            items.put(error)
        else:
            items.put(None)

    async def until_stopped() -> None:
        """Ends the work by itself: whoever reads the items may just be busy with storing one of them."""
        working = asyncio.ensure_future(work())
        try:
            while not (working.done() or stop()):
                await asyncio.wait({working}, timeout=POLL_SECONDS)
        finally:
            working.cancel()

    task = asyncio.run_coroutine_threadsafe(until_stopped(), event_loop())
    try:
        yield from _taken(items, stop, patience)
    finally:
        task.cancel()


def _taken(
    items: queue.SimpleQueue[_Item[T] | BaseException | None], stop: Callable[[], bool], patience: Patience
) -> Iterator[list[T]]:
    started = heard = time.monotonic()
    while True:
        if stop():
            raise Cancelled("Stopped.")
        now = time.monotonic()
        if now - heard > patience.silence:
            raise GeneratorUnavailable(
                f"The model said nothing for {patience.silence:g} seconds; "
                "ask again, or raise model_first_token_seconds."
            )
        if now - started > patience.whole:
            raise GeneratorUnavailable(
                f"The model's answer took longer than {patience.whole:g} seconds; ask for less, or raise model_seconds."
            )
        try:
            item = items.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        come: list[T] = []
        while isinstance(item, _Item):
            come.append(item.value)
            try:
                item = items.get_nowait()
            except queue.Empty:
                break
        if come:
            heard = time.monotonic()
            yield come
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop of all streams, in a thread of its own that ends with the process."""
    with _starting:  # threads that ask first together must not get a loop each: a client belongs to one
        return _event_loop()


_starting = threading.Lock()


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="model-streams", daemon=True).start()
    return loop
