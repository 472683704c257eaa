"""The Model Context Protocol at `/mcp`, spoken by its official client, behind the same doors as all routes."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import anyio
import httpx
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from assistant.generators.scripted import ScriptedGenerator
from tests.api.served import ScriptedHouse, add, served
from tests.waiting import eventually

SLOW = ScriptedGenerator(" ".join(f"word{n}" for n in range(2000)), delay=0.02)
ASKED = {"question": "When was the Eiffel Tower finished?", "corpus": "towers"}
SLOWLY = ASKED | {"tier": 1, "brain": "small"}
FULL = "Too many questions are waiting; try again in a few seconds."
Place = tuple[ScriptedHouse, str]
T = TypeVar("T")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One question at a time, one may wait."""
    home = tmp_path_factory.mktemp("mcp") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant.api.app.AT_ONCE", 1)
        with served(home, SLOW, model_streams=1, max_waiting=1) as made:
            add(made[0], "secrets", "secret.txt", "The vault code is 4711.\n", home.parent)
            yield made


def talk(url: str, work: Callable[[Client], Awaitable[T]], *, key: str = "", mode: str = "auto") -> T:
    """What `work` makes of a client's connection."""

    async def run() -> T:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as web:
            transport = streamable_http_client(f"{url}/mcp", http_client=web)
            async with Client(transport, mode=mode) as client:
                return await work(client)

    try:
        return anyio.run(run)
    except BaseExceptionGroup as group:  # of the client's own tasks, around the one failure
        found: BaseException = group
        while isinstance(found, BaseExceptionGroup):
            (found,) = found.exceptions
        raise found from None


def call(url: str, tool: str, arguments: dict[str, object], *, key: str = "", mode: str = "auto") -> CallToolResult:
    return talk(url, lambda client: client.call_tool(tool, arguments), key=key, mode=mode)


def said(result: CallToolResult) -> str:
    (content,) = result.content
    assert content.type == "text"
    return content.text


def test_three_tools_that_only_read(place: Place) -> None:
    tools = {tool.name: tool for tool in talk(place[1], lambda client: client.list_tools()).tools}
    assert set(tools) == {"list_corpora", "search", "ask"}
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())
    assert tools["ask"].input_schema["required"] == ["question", "corpus"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_answer_comes_as_text_and_as_the_command_lines_json(place: Place, mode: str) -> None:
    answer = call(place[1], "ask", ASKED | {"brain": "embedded"}, mode=mode)
    whole = answer.structured_content
    assert "1889" in whole["answer"]
    assert (whole["abstained"], whole["brain"], whole["tier"]) == (False, "embedded", 3)
    assert whole["citations"][0]["document"] == "tower.txt"
    assert said(answer).startswith(whole["answer"] + "\n[1] tower.txt: ")


def test_passages_come_as_data(place: Place) -> None:
    found = call(place[1], "search", ASKED | {"k": 1})
    (hit,) = found.structured_content["hits"]
    assert (hit["rank"], hit["document"]) == (1, "tower.txt")
    assert "1889" in hit["text"]
    assert json.loads(said(found)) == found.structured_content


def test_corpora_are_listed_without_private_ones(place: Place) -> None:
    rows = call(place[1], "list_corpora", {}).structured_content["corpora"]
    assert [(row["name"], row["documents"]) for row in rows] == [("secrets", 1), ("towers", 1)]


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("ask", ASKED | {"corpus": "none"}, "There is no corpus named “none”; check the name, or create it."),
        ("search", ASKED | {"k": 0}, "The request is not usable: k: Input should be greater than or equal to 1."),
        ("search", {"question": "x"}, "The request is not usable: corpus: Field required."),
        ("ask", ASKED | {"only": "a"}, "The request is not usable: only: Extra inputs are not permitted."),
    ],
)
def test_failures_are_the_houses_sentences(
    place: Place, tool: str, arguments: dict[str, object], sentence: str
) -> None:
    failed = call(place[1], tool, arguments)
    assert (failed.is_error, said(failed)) == (True, sentence)


def test_an_unknown_tool_is_an_error_of_the_protocol(place: Place) -> None:
    with pytest.raises(MCPError, match="no such tool"):
        call(place[1], "delete_everything", {})


# --- doors ------------------------------------------------------------------------------------------------------------
def test_p31_a_key_sees_its_corpora_and_a_revoked_one_nothing(place: Place) -> None:
    secret, key = place[0].keys.create("other assistant", corpora=["towers"])
    rows = call(place[1], "list_corpora", {}, key=secret).structured_content["corpora"]
    assert [row["name"] for row in rows] == ["towers"]
    hidden = call(place[1], "search", {"question": "vault code", "corpus": "secrets"}, key=secret)
    assert said(hidden) == "There is no corpus named “secrets”; check the name, or create it."
    place[0].keys.revoke(key.id)
    with pytest.raises(MCPError):
        call(place[1], "list_corpora", {}, key=secret)
    refused = httpx.post(f"{place[1]}/mcp", json={}, headers={"Authorization": f"Bearer {secret}"})
    assert (refused.status_code, "not in use" in refused.text) == (401, True)


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_p31_other_sites_are_refused(place: Place, header: dict[str, str]) -> None:
    assert httpx.post(f"{place[1]}/mcp", json={}, headers=header).status_code == 403


def test_there_are_no_sessions_to_stream_from_or_end(place: Place) -> None:
    assert [httpx.request(method, f"{place[1]}/mcp").status_code for method in ("GET", "DELETE")] == [405, 405]


# --- capacity ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_p22_a_client_that_gives_up_ends_the_model(place: Place, mode: str) -> None:
    async def impatient(client: Client) -> None:
        with anyio.move_on_after(0.7) as time_out:
            await client.call_tool("ask", SLOWLY)
        assert time_out.cancelled_caught

    talk(place[1], impatient, mode=mode)
    assert eventually(lambda: SLOW.running == 0, 2)
    assert eventually(lambda: "thickshell_questions_under_way 0.0" in httpx.get(f"{place[1]}/metrics").text)


def test_p23_a_full_house_is_429_for_questions_alone(place: Place) -> None:
    release = threading.Event()

    async def hold(client: Client) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "ask", SLOWLY)
            await anyio.to_thread.run_sync(release.wait, 60)
            tasks.cancel_scope.cancel()

    holders = [threading.Thread(target=talk, args=(place[1], hold)) for _ in range(2)]
    for holder in holders:
        holder.start()
    try:
        assert eventually(lambda: "under_way 2.0" in httpx.get(f"{place[1]}/metrics").text, 20)
        with pytest.raises(MCPError) as caught:
            call(place[1], "ask", ASKED)
        assert caught.value.message == FULL
        body = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "ask", "arguments": ASKED}}
        refused = httpx.post(f"{place[1]}/mcp", json=body)
        assert (refused.status_code, refused.headers["retry-after"], refused.json()["id"]) == (429, "5", 7)
        assert call(place[1], "search", ASKED).structured_content["hits"]
    finally:
        release.set()
        for holder in holders:
            holder.join()
    assert eventually(lambda: SLOW.running == 0)
