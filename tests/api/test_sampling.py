"""Sampling of single requests: honoured where a model answers, validated, kept in the receipt; what cannot be had is
refused in one sentence, and what had no effect is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI

from assistant.generators.scripted import ScriptedGenerator
from assistant.types import Delta, Draw, Finished, Message, Sampling
from tests.api.served import ScriptedHouse, served

ASKED = [{"role": "user", "content": "When was the Eiffel Tower finished?"}]
SAYS = "The Eiffel Tower was finished in 1889 [1]. It is 330 metres tall [1]."
USUAL = Sampling(max_tokens=512)


class Noting(ScriptedGenerator):
    """Keeps the sampling of each call."""

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Delta | Finished]:
        self.drawn = sampling
        return super().stream(messages, sampling, stop)


MODEL = Noting(SAYS)
Place = tuple[ScriptedHouse, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with served(tmp_path_factory.mktemp("sampling") / "home", MODEL) as made:
        yield made


@pytest.fixture
def client(place: Place) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{place[1]}/v1", api_key="any", max_retries=0)


def ask(client: openai.OpenAI, model: str, **fields: Any) -> Any:
    return client.chat.completions.create(model=f"corpus/towers@{model}", messages=ASKED, **fields)


@pytest.mark.parametrize("tier", [1, 3])
def test_openais_client_draws_as_it_asks(client: openai.OpenAI, tier: int) -> None:
    whole = ask(client, f"{tier}+small", temperature=0.7, top_p=0.5, seed=7, max_completion_tokens=100, stop=["§", "#"])
    assert MODEL.drawn == Sampling(0.7, 0.5, 100, 7, ("§", "#"))
    kept = {"temperature": 0.7, "top_p": 0.5, "max_tokens": 100, "seed": 7, "stop": ["§", "#"]}
    assert whole.thickshell["sampling"] == kept
    assert whole.thickshell["ignored"] == []


def test_langchains_client_too(place: Place) -> None:
    chat = ChatOpenAI(base_url=f"{place[1]}/v1", api_key="any", model="corpus/towers@1+small", temperature=0.3,
                      max_tokens=50, seed=3, stop_sequences=["§"])  # fmt: skip
    assert chat.invoke("When was the Eiffel Tower finished?").text.startswith("The Eiffel Tower was")
    assert MODEL.drawn == Sampling(0.3, 1.0, 50, 3, ("§",))


def test_without_wishes_it_is_the_settings(client: openai.OpenAI) -> None:
    ask(client, "1+small")
    assert MODEL.drawn == USUAL
    ask(client, "1+small", max_tokens=30_000)
    assert MODEL.drawn == USUAL  # never more tokens than the setting allows


def test_what_ends_an_answer_is_said(client: openai.OpenAI) -> None:
    cut = ask(client, "1+small", max_tokens=4)
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("The Eiffel Tower was", "length")
    assert cut.usage.completion_tokens == 4
    stopped = ask(client, "1+small", stop=" in 1889")
    assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == (
        "The Eiffel Tower was finished",
        "stop",
    )


def test_streams_draw_the_same_and_tell_usage_where_asked(client: openai.OpenAI) -> None:
    fields: dict[str, Any] = {"stream": True, "max_tokens": 4, "stream_options": {"include_usage": True}}
    chunks = list(ask(client, "1+small", **fields))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "The Eiffel Tower was"
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-2].thickshell["sampling"]["max_tokens"] == 4
    assert chunks[-1].usage.completion_tokens == 4
    assert all(chunk.usage is None for chunk in ask(client, "1+small", stream=True))


def test_without_effect_on_the_embedded_brain_and_said(client: openai.OpenAI) -> None:
    plain = ask(client, "3+embedded")
    wished = ask(client, "3+embedded", temperature=1.5, max_tokens=1, presence_penalty=0.5, logprobs=True)
    assert wished.choices[0].message.content == plain.choices[0].message.content
    assert wished.thickshell["receipt_id"] == plain.thickshell["receipt_id"]
    assert wished.thickshell["sampling"] is None
    assert wished.thickshell["ignored"] == ["logprobs", "presence_penalty", "temperature", "max_tokens"]


def test_fields_that_say_nothing_are_taken(client: openai.OpenAI) -> None:
    whole = ask(client, "1+small", n=1, response_format={"type": "text"}, presence_penalty=0, tools=[], user="me",
                temperature=None, stop=None, extra_body={"stream": None, "tool_choice": "none"})  # fmt: skip
    assert (MODEL.drawn, whole.thickshell["ignored"]) == (USUAL, [])


TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"n": 2}, "There is one answer to a question here; leave n out, or ask again."),
        ({"n": 0}, "There is one answer to a question here; leave n out, or ask again."),
        ({"tools": [TOOL]}, "Answers here call no tools; leave tools and functions out."),
        ({"tool_choice": "auto"}, "Answers here call no tools; leave tools and functions out."),
        ({"functions": [TOOL["function"]]}, "Answers here call no tools; leave tools and functions out."),
        (
            {"response_format": {"type": "json_object"}},
            "Answers are text with sources here; leave response_format out.",
        ),
    ],
)
def test_what_cannot_be_had_is_400_in_one_sentence(place: Place, fields: dict[str, Any], sentence: str) -> None:
    body = {"model": "corpus/towers", "messages": ASKED, **fields}
    answer = httpx.post(f"{place[1]}/v1/chat/completions", json=body, timeout=30)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, sentence)


@pytest.mark.parametrize(
    "fields",
    [{"temperature": -0.1}, {"temperature": 2.1}, {"temperature": "hot"}, {"top_p": 0}, {"top_p": 1.1},
     {"max_tokens": 0}, {"max_completion_tokens": 1.5}, {"seed": 2**63}, {"stop": ""},
     {"stop": list("abcde")}, {"stop": [1]}],
)  # fmt: skip
def test_what_is_no_sampling_is_422(place: Place, fields: dict[str, Any]) -> None:
    body = {"model": "corpus/towers@1+small", "messages": ASKED, **fields}
    answer = httpx.post(f"{place[1]}/v1/chat/completions", json=body, timeout=30)
    assert answer.status_code == 422
    assert next(iter(fields)) in answer.json()["detail"]


def test_the_settings_bound_the_tokens() -> None:
    assert Draw(top_p=0.9).over(Sampling(0.5, max_tokens=64)) == Sampling(0.5, 0.9, 64)
    assert Draw(max_tokens=65).over(Sampling(max_tokens=64)).max_tokens == 64
