"""A crowd that asks one server far more than it takes: programs over the API, people in the page's chat."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE = 60.0


@dataclass
class Seen:
    """What the crowd met. `accepted` chats: (conversation, question, answer, text); `refused` chats were told 429."""

    whole: int = 0
    seconds: list[float] = field(default_factory=list)  # of whole answers over the API
    accepted: list[tuple[str, str, str, str]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Crowd:
    """`people` ask, and ask again a moment after the answer or the refusal, until time.monotonic() says `until`."""

    model: str
    brain: str
    said: str
    people: int
    until: float
    seen: Seen = field(default_factory=Seen)

    async def ask(self, address: str) -> Seen:
        # an idle connection is given up well before the server does it: asked at that moment it would break
        limits = httpx.Limits(max_connections=2 * self.people, keepalive_expiry=2)
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=limits, trust_env=False) as client:
            await asyncio.gather(*(self._person(client, number) for number in range(self.people)))
        return self.seen

    async def _person(self, client: httpx.AsyncClient, number: int) -> None:
        chance = random.Random(number)
        ask = self._program if number % 2 else self._chatter
        await asyncio.sleep(chance.uniform(0, 1))
        turn = 0
        while time.monotonic() < self.until:
            try:
                await ask(client, f"Question {number}-{turn}")
            except httpx.HTTPError as error:
                self.seen.wrong.append(repr(error))
            turn += 1
            await asyncio.sleep(chance.uniform(0.5, 1.5))

    async def _program(self, client: httpx.AsyncClient, text: str) -> None:
        body = {"model": self.model, "messages": [{"role": "user", "content": text}], "stream": True}
        began = time.monotonic()
        async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            if answer.status_code != 200:
                await answer.aread()
                self._refusal(answer, "program")
                return
            lines = [line.removeprefix("data: ") async for line in answer.aiter_lines() if line]
        rows = [json.loads(line) for line in lines[:-1]]
        told = "".join(choice["delta"].get("content") or "" for row in rows for choice in row.get("choices", ()))
        if lines[-1] == "[DONE]" and told.strip() == self.said:
            self.seen.whole += 1
            self.seen.seconds.append(time.monotonic() - began)
        else:
            self.seen.wrong.append(f"cut short: {told[-50:]!r}")

    async def _chatter(self, client: httpx.AsyncClient, text: str) -> None:
        chat = (await client.post("/v1/conversations", json={})).json()["id"]
        body = {"text": text, "tier": 1, "brain": self.brain}
        sent = await client.post(f"/v1/conversations/{chat}/messages", json=body)
        if sent.status_code != 201:
            self._refusal(sent, "chat")
            return
        found = sent.json()
        self.seen.accepted.append((chat, found["question"], found["answer"], text))
        async with client.stream("GET", f"/v1/conversations/{chat}/events") as events:
            async for _ in events.aiter_lines():
                pass

    def _refusal(self, answer: httpx.Response, kind: str) -> None:
        again = answer.headers.get("retry-after", "")
        if answer.status_code == 429 and again.isdigit() and int(again) >= 1:
            self.seen.refused[kind] += 1
        else:
            self.seen.wrong.append(f"{answer.status_code} {answer.text[:100]}")


async def watched(crowd: Crowd, address: str, look: Callable[[], Any], every: float) -> tuple[Seen, list[Any]]:
    """What the crowd met, and what `look` said again and again meanwhile."""
    asking = asyncio.create_task(crowd.ask(address))
    looks = []
    while not asking.done():
        looks.append(look())
        await asyncio.wait({asking}, timeout=every)
    return await asking, looks
