"""People who chat through our own server with a model behind it, all at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

BEGIN = 300.0
"""Seconds until all of them read words of their answers, on busy cores."""
END = 60.0
"""Seconds until each has been told that there is no more to come."""


@dataclass
class Chat:
    """One conversation: what was asked, and what its reader was told last. `ended`: time.monotonic()."""

    text: str
    brain: str
    id: str = ""
    question: str = ""
    answer: str = ""
    last: dict[str, Any] = field(default_factory=dict)
    ended: float = 0.0
    reads: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, client: httpx.AsyncClient) -> None:
        """Asks, and reads the answer until the server says that it is closed."""
        self.id = (await client.post("/v1/conversations", json={})).json()["id"]
        body = {"text": self.text, "tier": 1, "brain": self.brain}
        sent = await client.post(f"/v1/conversations/{self.id}/messages", json=body)
        assert sent.status_code == 201, sent.text
        self.question, self.answer = sent.json()["question"], sent.json()["answer"]
        async with client.stream("GET", f"/v1/conversations/{self.id}/events") as events:
            async for line in events.aiter_lines():
                if line.startswith("data: "):
                    self.last = json.loads(line.removeprefix("data: "))
                    if self.last["stage"] == "writing" and self.last["html"]:
                        self.reads.set()
        self.ended = time.monotonic()


def broken_off(address: str, brain: str, people: int, end: Callable[[], object]) -> tuple[list[Chat], float]:
    """So many chats, and the seconds until the last of them ended after `end` was called, when all were reading."""
    return asyncio.run(_broken_off(address, [Chat(f"Story {n}, please.", brain) for n in range(people)], end))


async def _broken_off(address: str, chats: Sequence[Chat], end: Callable[[], object]) -> tuple[list[Chat], float]:
    limits = httpx.Limits(max_connections=2 * len(chats))
    async with httpx.AsyncClient(base_url=address, timeout=BEGIN, limits=limits, trust_env=False) as client:
        talks = [asyncio.create_task(chat.talk(client)) for chat in chats]
        try:
            async with asyncio.timeout(BEGIN):
                await asyncio.gather(*(chat.reads.wait() for chat in chats))
            assert not any(talk.done() for talk in talks), "all were to be written still"
            end()
            ended = time.monotonic()
            async with asyncio.timeout(END):
                await asyncio.gather(*talks)
        finally:
            for talk in talks:
                talk.cancel()
    return list(chats), max(chat.ended for chat in chats) - ended
