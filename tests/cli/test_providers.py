"""A model of another LangChain provider, by settings alone: through `thickshell ask` to a real provider package."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from assistant.cli import main
from assistant.errors import GeneratorUnavailable, NotAvailable
from assistant.generators.endpoint import Endpoint
from assistant.generators.openai import ServedModel, ServerGenerator
from assistant.types import Delta, Finished, Message, Sampling, text_of
from tests.generators.fake_server import Plan, serving

ASKED = (Message("user", "When was the lighthouse first lit?"),)
SAYS = ("The", " lighthouse", " was", " first", " lit", " in", " 1874", " [1].", " It", " has", " 9", " cats.")


def test_ask_through_a_provider_of_langchain(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure's package is installed with OpenAI's and finds its server by its own variables."""
    file = tmp_path / "light.md"
    file.write_text("# The lighthouse\n\nThe lighthouse was first lit in 1874.\n", "utf-8")
    with serving(Plan(SAYS)) as server:
        for name, value in {
            "THICKSHELL_ENCODER": "hashed",
            "THICKSHELL_READER": str(tmp_path),
            "THICKSHELL_MODEL": "small",
            "THICKSHELL_MODEL_PROVIDER": "azure_openai",
            "THICKSHELL_MODEL_KEY": "a-key",
            "THICKSHELL_MODEL_TEMPERATURE": "0.5",
            "AZURE_OPENAI_ENDPOINT": server.url.removesuffix("/v1"),
            "OPENAI_API_VERSION": "2024-10-21",
        }.items():
            monkeypatch.setenv(name, value)

        def run(*words: str) -> dict[str, Any]:
            with pytest.raises(SystemExit) as ended:
                main([*words, "--json", "--home", str(tmp_path / "home")])
            out, err = capfdbinary.readouterr()
            assert not ended.value.code, err.decode()
            row: dict[str, Any] = json.loads(out)
            return row

        run("ingest", str(file), "--corpus", "harbour")
        row = run("ask", "When was the lighthouse first lit?", "--corpus", "harbour")
        (path,) = [path for path in server.seen.paths if "chat" in path]
        (body,) = server.seen.chats
    assert path == "/openai/deployments/small/chat/completions?api-version=2024-10-21"
    assert (body["temperature"], body["stream"]) == (0.5, True)
    assert (row["brain"], row["tier"]) == ("small", 3)
    assert row["answer"] == "The lighthouse was first lit in 1874. [1] It has 9 cats. [?]"
    assert [cited["document"] for cited in row["citations"]] == ["light.md"]
    assert row["notes"] == ["1 of 2 sentences were not found in the documents."]


Provided = Callable[[Any], ServerGenerator]


@pytest.fixture
def provided(monkeypatch: pytest.MonkeyPatch) -> Provided:
    """A generator over a chat model that `init_chat_model` would make."""

    def made(chat: Any) -> ServerGenerator:
        monkeypatch.setattr("langchain.chat_models.init_chat_model", lambda *_, **__: chat)
        return ServerGenerator(ServedModel(Endpoint(""), "made-up", "made_up"))

    return made


class Saying(FakeListChatModel):
    """Ends with a chunk that says why."""

    said: dict[str, str]

    async def _astream(self, *args: Any, **more: Any) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in super()._astream(*args, **more):
            yield chunk
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=self.said))


def test_a_provider_that_gives_no_reason_for_the_end_is_whole(provided: Provided) -> None:
    *parts, last = provided(FakeListChatModel(responses=["In 1874."])).stream(ASKED, Sampling())
    assert "".join(part.text for part in parts if isinstance(part, Delta)) == "In 1874."
    assert last == Finished("stop")


@pytest.mark.parametrize(
    ("said", "reason"),
    [({"stopReason": "max_tokens"}, "length"), ({"finish_reason": "MAX_TOKENS"}, "length"),
     ({"stop_reason": "end_turn"}, "stop"), ({"done_reason": "stop"}, "stop")],
)  # fmt: skip
def test_each_provider_s_word_for_the_end_is_known(provided: Provided, said: dict[str, str], reason: str) -> None:
    parts = list(provided(Saying(responses=["In 1874."], said=said)).stream(ASKED, Sampling()))
    assert text_of(parts) == "In 1874."
    assert isinstance(parts[-1], Finished)
    assert parts[-1].reason == reason


def test_a_provider_that_fails_in_the_midst_is_one_sentence(provided: Provided) -> None:
    chat = FakeListChatModel(responses=["In 1874."], error_on_chunk_number=3)
    heard: list[Any] = []
    with pytest.raises(GeneratorUnavailable, match=r"^[^\n]+\.$"):
        heard.extend(provided(chat).stream(ASKED, Sampling()))
    assert text_of(heard) == "In "


@pytest.mark.parametrize("provider", ["anthropic", "no-such-provider"])
def test_a_missing_package_or_provider_is_named(provider: str) -> None:
    with pytest.raises(NotAvailable, match=provider):
        list(ServerGenerator(ServedModel(Endpoint(""), "made-up", provider)).stream(ASKED, Sampling()))
