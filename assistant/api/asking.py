"""A question of a program: computed in a thread when its turn comes, its events read in the server's own loop.

Who leaves before the end frees the place: the question is stopped, and with it what a model writes for it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import Request

from assistant.api.house import House
from assistant.api.metrics import Metrics
from assistant.api.problems import sentence_of
from assistant.api.turns import Turns
from assistant.types import Event, Question

T = TypeVar("T")
LOOK_SECONDS = 0.25
"""How often it is looked whether the client is still there."""


class Gone(Exception):
    """The client has left."""


@asynccontextmanager
async def asked(
    house: House, turns: Turns, metrics: Metrics, question: Question
) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of a question as they come; Busy at once where no place is free. Leaving the block stops it."""
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
    stop = threading.Event()

    def tell(event: Event | Exception | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(events.put_nowait, event)

    def work() -> None:
        try:
            if not stop.is_set():
                for event in metrics.watched(question, house.assistant.ask(question, stop.is_set)):
                    tell(event)
        except Exception as error:
            tell(sentence_of(error, "an answer"))
        finally:
            tell(None)

    async def come() -> AsyncIterator[Event]:
        while (event := await events.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event

    turns.take()
    turns.run(work)
    try:
        yield come()
    finally:
        stop.set()


async def watched(events: AsyncIterator[T], request: Request) -> AsyncIterator[T]:
    """The same events; Gone where the client leaves meanwhile, whether events come or not."""
    looked = time.monotonic()
    coming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=LOOK_SECONDS)
            if time.monotonic() - looked >= LOOK_SECONDS:
                looked = time.monotonic()
                if await request.is_disconnected():
                    raise Gone
            if coming.done():
                if (event := coming.result()) is None:
                    return
                yield event
                coming = asyncio.ensure_future(anext(events, None))
    finally:
        coming.cancel()
