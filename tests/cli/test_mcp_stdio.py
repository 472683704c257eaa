"""`thickshell mcp` as other assistants start it: a process of its own, spoken to by the official client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, ListToolsResult

from assistant.settings import Settings
from assistant.wiring import build

ASKED = {"question": "When was the Eiffel Tower finished?", "corpus": "towers"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stdio")
    house = build(Settings(home=folder / "home", encoder="hashed"))
    file = folder / "tower.txt"
    file.write_text("The Eiffel Tower was finished in 1889.\n\nIt is 330 metres tall.\n", "utf-8")
    house.library.create("towers")
    house.library.wait([house.library.submit("towers", file)])
    house.close()
    return folder / "home"


def words(home: Path) -> list[str]:
    return ["-m", "assistant.cli", "mcp", "--home", str(home)]


def test_tools_and_answers_over_standard_input_and_output(home: Path) -> None:
    async def run() -> tuple[ListToolsResult, CallToolResult, CallToolResult]:
        server = StdioServerParameters(
            command=sys.executable, args=words(home), env={"THICKSHELL_ENCODER": "hashed", "OMP_NUM_THREADS": "1"}
        )
        async with Client(server, read_timeout_seconds=60) as client:
            tools = await client.list_tools()
            return tools, await client.call_tool("ask", ASKED), await client.call_tool("ask", ASKED | {"corpus": "no"})

    tools, answer, failed = anyio.run(run)
    assert [tool.name for tool in tools.tools] == ["list_corpora", "search", "ask"]
    assert "1889" in answer.structured_content["answer"]
    assert answer.structured_content["citations"][0]["document"] == "tower.txt"
    assert failed.is_error
    assert failed.content[0].text == "There is no corpus named “no”; check the name, or create it."  # type: ignore[union-attr]


def test_standard_output_carries_the_protocol_alone_and_ends_with_the_input(home: Path) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "0"},
        },
    }
    done = subprocess.run(
        [sys.executable, *words(home)],
        input=json.dumps(hello) + "\nnot json\n",
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"THICKSHELL_ENCODER": "hashed"},
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    assert lines[0]["result"]["serverInfo"]["name"] == "thickshell"
