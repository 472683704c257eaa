"""Promise 23 under load: ten times as many people as there are places, over the API and in the chat."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.conversations import SqlChats
from evals.load import memory_mb, percentiles, server
from ingest.catalog.database import Catalog
from tests.generators.fake_server import Plan, serving
from tests.promises.crowd import Crowd, Seen, watched
from tests.waiting import eventually

WORDS = ("Lyon", " has", " two", " rivers", ",", " and", " both", " are", " wide", ".")
AT_ONCE, WAITING = 4, 4
SETTINGS = {
    "THICKSHELL_ENCODER": "hashed",
    "THICKSHELL_MODEL": "small",
    "THICKSHELL_MODEL_STREAMS": str(AT_ONCE),
    "THICKSHELL_MAX_WAITING": str(WAITING),
}


@pytest.mark.parametrize(
    "seconds", [pytest.param(6, id="quick"), pytest.param(60, id="full", marks=pytest.mark.hardening)]
)
def test_p23_ten_times_the_load_is_refused_in_order_and_nothing_accepted_is_lost(
    tmp_path: Path, seconds: int, record_property: Callable[[str, object], None]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sample.offered").touch()
    with (
        serving(Plan(words=WORDS, gap=0.08)) as model,
        server(tmp_path / "home", SETTINGS | {"THICKSHELL_MODEL_URL": model.url}) as (address, pid),
    ):
        crowd = Crowd("corpus/none@1+small", "small", "".join(WORDS), 10 * (AT_ONCE + WAITING), 0.0)
        made(address)
        crowd.until = time.monotonic() + seconds
        seen, memory = asyncio.run(watched(crowd, address, lambda: memory_mb(pid), 0.5))
    refused = dict(seen.refused)
    record_property("asked for", f"{seconds} s by {crowd.people} for {AT_ONCE} places and {WAITING} to wait in")
    record_property(
        "answered", f"{seen.whole} over the API ({percentiles(seen.seconds)}), {len(seen.accepted)} in chat"
    )
    record_property("refused with 429", refused)
    assert seen.wrong == []
    assert min(refused.values()) > 0
    assert seen.whole > 0
    assert nothing_is_lost(tmp_path / "home", seen) > 0
    assert model.seen.left == 0
    assert eventually(lambda: model.seen.told == seen.whole + len(seen.accepted))
    if seconds >= 60:
        early, late = (statistics.median(part) for part in (memory[20:40], memory[-20:]))
        record_property("memory in MB after 15 s and at the end", (round(early, 1), round(late, 1)))
        assert late < 1.05 * early


def made(address: str) -> None:
    import httpx

    httpx.post(f"{address}/v1/corpora", json={"name": "none"}, trust_env=False).raise_for_status()


def nothing_is_lost(home: Path, seen: Seen) -> int:
    """Each accepted question stands in the catalog once, with its whole answer; of refused ones there is none."""
    chats = SqlChats(Catalog.open(home))
    rows = {row["id"]: chats.get(row["id"])["messages"] for row in chats.list(limit=100_000)}
    accepted = {chat: (question, answer, text) for chat, question, answer, text in seen.accepted}
    assert len(accepted) == len(seen.accepted)
    assert {chat for chat, messages in rows.items() if messages} == set(accepted)
    for chat, (question, answer, text) in accepted.items():
        told = [(m["id"], m["role"], m["state"], m["content"]) for m in rows[chat]]
        assert told == [(question, "user", "done", text), (answer, "assistant", "done", "".join(WORDS))]
    return len(accepted)
