"""Promises 18, 21 and 22 through the whole house with a real vLLM behind it: killed, stopped and left while it writes.

Tier 1, so that the answers are long: a random model's words would not stand a check against documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.conversations import SqlChats
from assistant.models.running import Running
from assistant.models.vllm_command import Engine
from assistant.models.vllm_server import members
from evals.load import server as our_server
from ingest.catalog.database import Catalog
from tests.server.chatting import Chat, broken_off
from tests.server.killing import NAME, PROCESSES, again, kept_up, nothing_left, part_of, up
from tests.server.measures import on_server, wait_idle
from tests.waiting import eventually

CUT = "The model broke off before its answer was whole; ask again."
FULL = pytest.mark.hardening
PEOPLE = [pytest.param("Worker", 8, id="Worker-8")]
PEOPLE += [pytest.param(name, 50, id=f"{name}-50", marks=FULL) for name in PROCESSES]
TIMES = [pytest.param(5, id="5"), pytest.param(100, id="100", marks=FULL)]
SETTINGS = {
    "THICKSHELL_ENCODER": "hashed",
    "THICKSHELL_MODEL_STREAMS": "50",
    "THICKSHELL_MODEL_TOKENS": "32768",
}


@pytest.fixture(scope="module")
def home(vllm: Engine, tireless: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with kept_up(tmp_path_factory.mktemp("home"), tireless) as home:
        (home / "sample.offered").touch()
        yield home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with our_server(home, SETTINGS) as (address, _):
        httpx.post(f"{address}/v1/corpora", json={"name": "notes"}).raise_for_status()
        yield address


# --- 21 ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "people"), PEOPLE)
def test_p21_a_kill_ends_every_chat_with_a_sentence_and_loses_no_message(
    home: Path, tireless: Path, address: str, name: str, people: int, record_property: Callable[[str, object], None]
) -> None:
    server = up(home, tireless)
    old, victim = members(server.group), part_of(server, name)
    before = stored(home)
    chats, seconds = broken_off(address, NAME, people, victim.kill)
    record_property(f"{name}: seconds until the last of {people} chats had ended", round(seconds, 1))
    assert [chat.last["stage"] for chat in chats] == ["failed"] * people
    assert seconds < 30
    told = [*(row for row in stored(home) if row not in before)]
    assert len(told) == 2 * people
    for chat in chats:
        asked, answer = (row for row in told if row["conversation"] == chat.id)
        assert (asked["id"], asked["role"], asked["content"]) == (chat.question, "user", chat.text)
        assert (answer["id"], answer["parent"], answer["state"]) == (chat.answer, chat.question, "failed")
        written, _, sentence = answer["content"].rpartition("\n\n")
        assert (bool(written), sentence) == (True, CUT)
    again(home, server.restarts + 1)
    nothing_left(server, old)
    asked_again(address, home, chats[0], told)


def asked_again(address: str, home: Path, chat: Chat, before: list[dict[str, Any]]) -> None:
    """The same question to the server that came back: an answer of its own, and the one that was cut stays."""
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as web:
        body = {"tier": 1, "brain": NAME}
        answer = web.post(f"/v1/conversations/{chat.id}/messages/{chat.question}/again", json=body).json()["answer"]
        assert eventually(lambda: bool(message(web, chat.id, answer)["content"]), 120)
        web.post(f"/v1/conversations/{chat.id}/stop").raise_for_status()
        assert eventually(lambda: message(web, chat.id, answer)["state"] == "stopped", 10)
    now = stored(home)
    assert all(row in now for row in before)


def stored(home: Path) -> list[dict[str, Any]]:
    """All messages of all chats as they lie in the catalog, in their order."""
    chats = SqlChats(Catalog.open(home))
    kept = [chats.kept(row["id"]).messages for row in chats.list(limit=10_000)]
    names = ("id", "parent", "role", "content", "state")
    return [{"conversation": m["conversation_id"]} | {n: m[n] for n in names} for messages in kept for m in messages]


def message(web: httpx.Client, conversation: str, id: str) -> dict[str, Any]:
    messages = web.get(f"/v1/conversations/{conversation}").json()["messages"]
    return next(dict(found) for found in messages if found["id"] == id)


# --- 18 and 22 --------------------------------------------------------------------------------------------------------
@pytest.fixture
def server(home: Path, tireless: Path) -> Running:
    return up(home, tireless)


def at_work(server: Running) -> bool:
    return on_server(server, "num_requests_running") == 1


@pytest.mark.parametrize("times", TIMES)
def test_p18_stop_ends_the_server_s_work_within_two_seconds(address: str, server: Running, times: int) -> None:
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as web:
        for n in range(times):
            chat = web.post("/v1/conversations", json={}).json()["id"]
            body = {"text": f"Story {n}, please.", "tier": 1, "brain": NAME}
            answer = web.post(f"/v1/conversations/{chat}/messages", json=body).json()["answer"]
            assert eventually(lambda: bool(message(web, chat, answer)["content"]), 60)  # noqa: B023
            assert eventually(lambda: at_work(server), 30)
            assert web.post(f"/v1/conversations/{chat}/stop").json() == {"stopped": True}
            wait_idle(server, 2)
            assert eventually(lambda: message(web, chat, answer)["state"] == "stopped", 10)  # noqa: B023


@pytest.mark.parametrize("times", TIMES)
def test_p22_a_client_of_ours_that_leaves_ends_the_server_s_work(address: str, server: Running, times: int) -> None:
    body = {"model": f"corpus/notes@1+{NAME}", "messages": [{"role": "user", "content": "A story."}], "stream": True}
    for _ in range(times):
        with (
            httpx.Client(base_url=address, timeout=60, trust_env=False) as web,
            web.stream("POST", "/v1/chat/completions", json=body) as answer,
        ):
            lines = answer.iter_lines()  # held: the connection is closed with it
            assert any(re.search('"content": "[^"]', line) for line in lines)
            assert eventually(lambda: at_work(server), 30)
        wait_idle(server, 2)
    under_way = "thickshell_questions_under_way 0.0"
    assert eventually(lambda: under_way in httpx.get(f"{address}/metrics", trust_env=False).text)
