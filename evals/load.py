"""Fifty people chatting with one server: failed questions, seconds until the whole answer, memory as questions add up.

    python -m evals load [--people 50] [--seconds 600] [--pause 10] [--questions 10000]

A real server in a process of its own, held to two cores, over QED and CMRC2018 paragraphs. First everyone asks, reads
(`--pause` seconds on average) and asks again for `--seconds`; then, without pauses, until `--questions` were asked.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import psutil

from evals.answer_sets import SETS
from evals.homes import ensure, house_at

if TYPE_CHECKING:
    import httpx

CORES = 2
CHAT = 20
"""Questions of one conversation before a person begins another."""
FIRST = 1000
"""Questions after which memory is read, to be compared with memory at the end."""
PATIENCE = 60.0
"""Seconds after which a question without an answer counts as failed."""


@dataclass
class Tally:
    """What happened so far; `at` is the server's memory in MB, by the number of questions asked."""

    pid: int
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    at: dict[int, float] = field(default_factory=dict)
    marks: tuple[int, ...] = (FIRST,)

    @property
    def asked(self) -> int:
        return len(self.seconds) + len(self.failures)

    def add(self, seconds: float, failure: str) -> None:
        if failure:
            self.failures.append(failure)
        else:
            self.seconds.append(seconds)
        if self.asked in self.marks:
            self.at[self.asked] = memory_mb(self.pid)


# --- people -----------------------------------------------------------------------------------------------------------
async def chatting(
    address: str, tally: Tally, questions: Sequence[str], people: int, pause: float, until: float, enough: int
) -> None:
    """`people` ask question after question until time.monotonic() says `until` or `enough` were asked."""
    import httpx

    limits = httpx.Limits(max_connections=2 * people)
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=limits, trust_env=False) as client:

        async def person(number: int) -> None:
            chance = random.Random(number)
            conversation = ""
            for turn in range(sys.maxsize):
                await asyncio.sleep(chance.uniform(0, 2 * pause))
                if time.monotonic() > until or tally.asked >= enough:
                    return
                if turn % CHAT == 0:
                    conversation = (await client.post("/v1/conversations", json={})).json()["id"]
                began = time.monotonic()
                failure = await asked(client, conversation, chance.choice(questions))
                tally.add(time.monotonic() - began, failure)

        await asyncio.gather(*(person(number) for number in range(people)))


async def asked(client: httpx.AsyncClient, conversation: str, question: str) -> str:
    """Asks and waits for the whole answer; what went wrong, or ""."""
    import httpx

    try:
        async with asyncio.timeout(PATIENCE):
            sent = await client.post(f"/v1/conversations/{conversation}/messages", json={"text": question})
            if sent.status_code != 201:
                return f"{sent.status_code}: {sent.text[:100]}"
            stage = [stage async for stage in stages(client, conversation)][-1]
            if stage == "idle":  # answered before the first look
                got = await client.get(f"/v1/conversations/{conversation}")
                messages = {message["id"]: message for message in got.json()["messages"]}
                stage = messages[sent.json()["answer"]]["state"]
            return "" if stage == "done" else f"the answer is {stage}"
    except (httpx.HTTPError, TimeoutError) as error:
        return type(error).__name__


async def stages(client: httpx.AsyncClient, conversation: str) -> AsyncIterator[str]:
    """The stages of the answer under way as they come; "idle" where there is none."""
    async with client.stream("GET", f"/v1/conversations/{conversation}/events") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield str(json.loads(line.removeprefix("data: ")).get("stage", "idle"))


# --- the server -------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def server(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[tuple[str, int]]:
    """(address, process id) of `thickshell serve` on a free port, ready to answer, on two cores."""
    command = [sys.executable, "-m", "assistant.cli", "--home", str(home), "serve", "--port", "0"]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, stderr=said, env=os.environ | dict(environment or {})) as process,  # noqa: S603
    ):
        try:
            own = psutil.Process(process.pid)
            own.cpu_affinity(own.cpu_affinity()[:CORES])
            yield _address(process, said), process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _address(process: subprocess.Popen[bytes], said: IO[str], patience: float = 300.0) -> str:
    """The address that the server prints, once it is ready; RuntimeError with its last words where it does not come."""
    import httpx

    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        said.seek(0)
        words = [word for line in said if " is at http://" in line for word in line.split()]
        found = [word for word in words if word.startswith("http://")]
        with contextlib.suppress(httpx.HTTPError):
            if found and httpx.get(f"{found[0]}/readyz", trust_env=False).status_code == 200:
                return found[0]
        time.sleep(0.2)
    said.seek(0)
    raise RuntimeError(f"the server did not become ready: {said.read()[-500:]}")


def memory_mb(pid: int) -> float:
    """Resident memory of the server process, its parser processes not counted."""
    return round(float(psutil.Process(pid).memory_info().rss) / (1 << 20), 1)


# --- the measurement --------------------------------------------------------------------------------------------------
def measured(
    address: str, pid: int, questions: Sequence[str], *, people: int, seconds: float, pause: float, total: int = 0
) -> dict[str, Any]:
    """Chats for `seconds`, then asks without pauses until `total` questions were asked; the figures of both."""
    tally = Tally(pid)
    asyncio.run(chatting(address, tally, questions, people, pause, time.monotonic() + seconds, sys.maxsize))
    chat = {"questions": tally.asked} | percentiles(tally.seconds)
    if tally.asked < total:
        asyncio.run(chatting(address, tally, questions, people, 0.0, float("inf"), total))
    end = memory_mb(pid)
    first = tally.at.get(FIRST)
    return {
        "people": people,
        "cores": CORES,
        "seconds": seconds,
        "pause": pause,
        "chat": chat,
        "questions": tally.asked,
        "failed": len(tally.failures),
        "failures": sorted(set(tally.failures))[:5],
        "memory_mb": {str(FIRST): first, str(tally.asked): end},
        "memory_growth": round(end / first - 1, 4) if first and tally.asked > FIRST else None,
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {f"p{p}_ms": round(float(np.percentile(seconds, p)) * 1000, 1) for p in (50, 95, 100)}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long they chat")
    parser.add_argument("--pause", type=float, default=10.0, help="mean seconds between an answer and a question")
    parser.add_argument("--questions", type=int, default=10_000, help="for memory: go on until so many were asked")
    parser.add_argument("--paragraphs", type=int, default=500, help="of each set, at most")
    parser.add_argument("--home", type=Path, help="a home that keeps the paragraphs between runs")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        home = args.home or Path(folder) / "home"
        questions: list[str] = []
        house = house_at(home)
        try:
            for name in ("qed", "cmrc2018"):
                found = SETS[name](args.data)
                kept = dict(list(found.paragraphs.items())[: args.paragraphs])
                ensure(house, name, kept)
                questions += [item.question for item in found.items if item.paragraph in kept]
        finally:
            house.close()
        with server(home) as (address, pid):
            options = {"people": args.people, "seconds": args.seconds, "pause": args.pause, "total": args.questions}
            yield {"task": "load"} | measured(address, pid, questions, **options)
