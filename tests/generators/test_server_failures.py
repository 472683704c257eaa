"""Promise 20: each way a model server fails gives one sentence that says what to do, in time."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from assistant.errors import GeneratorUnavailable
from assistant.generators.endpoint import Endpoint
from assistant.generators.openai import ServedModel, ServerGenerator
from assistant.generators.pump import Patience
from assistant.types import Delta, Finished, Message, Sampling, Usage
from tests.generators.fake_server import FakeServer, Plan, serving

ASKED = (Message("user", "Which rivers does Lyon have?"),)


def failure(plan: Plan, patience: Patience | None = None, name: str = "", key: str = "") -> tuple[str, FakeServer]:
    """The sentence, with the server's address as URL."""
    with serving(plan) as server:
        model = ServedModel(Endpoint(server.url, key), name, patience=patience or Patience(10, 20))
        with pytest.raises(GeneratorUnavailable) as caught:
            list(ServerGenerator(model).stream(ASKED, Sampling()))
        assert caught.value.code is not None
        return str(caught.value).replace(server.url, "URL"), server


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"key": "right"}, "The model server at URL refuses the key; set model_key."),
        ({"status": 403}, "The model server at URL refuses the key; set model_key."),
        ({"models": ()}, "The model server at URL has no model; start it with one."),
        (
            {"models": ("a", "b")},
            "The model server at URL has several models; set model to one of these: “a”, “b”.",
        ),
        (
            {"status": 400, "message": "This model's maximum context length is 2048 tokens."},
            "The question with its passages is longer than the model “small” can read; "
            "ask a shorter one, or lower hits.",
        ),
        (
            {"status": 400, "message": "max_tokens must be at least 1"},
            "The model server at URL does not take the request (status 400); check model and model_tokens.",
        ),
        ({"status": 429}, "The model server at URL is busy; try again in a moment."),
        ({"status": 500}, "The model server at URL failed (status 500); look at its log, and restart it."),
        ({"cut_after": 3}, "The model broke off before its answer was whole; ask again."),
        ({"error_after": 3}, "The model broke off before its answer was whole; ask again."),
        ({"finish": None}, "The model broke off before its answer was whole; ask again."),
        ({"finish": "abort"}, "The model broke off before its answer was whole; ask again."),
    ],
)
def test_p20_a_sentence_for_each_failure(plan: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.generators.openai.BACK_OFF", (0.01, 0.01))
    assert failure(Plan(**plan))[0] == sentence


def test_p20_an_unknown_model_names_those_there_are() -> None:
    assert failure(Plan(models=("a", "b")), name="c")[0] == (
        "The model server at URL has no model named “c”; set model to one of these: “a”, “b”."
    )


def test_p20_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(GeneratorUnavailable) as caught:
        list(ServerGenerator(ServedModel(Endpoint(url))).stream(ASKED, Sampling()))
    assert str(caught.value) == f"No model server answers at {url}; start it, or set model_url."


def test_p20_something_else_listens() -> None:
    assert failure(Plan(alien=True))[0] == (
        "What answers at URL is not an OpenAI-compatible server; check model_url (it ends in /v1)."
    )


@pytest.mark.parametrize("plan", [Plan(before=30), Plan(gap=30)])
def test_p20_silence_ends_with_the_patience(plan: Plan) -> None:
    began = time.monotonic()
    said, server = failure(plan, Patience(silence=0.5, whole=20))
    assert said == "The model said nothing for 0.5 seconds; ask again, or raise model_first_token_seconds."
    assert time.monotonic() - began < 5
    assert len(server.seen.chats) == 1


def test_p20_an_endless_answer_ends_with_the_patience() -> None:
    said, _ = failure(Plan(words=(" on",) * 10_000, gap=0.02), Patience(silence=5, whole=0.6))
    assert said == "The model's answer took longer than 0.6 seconds; ask for less, or raise model_seconds."


def test_before_the_first_token_a_failure_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.generators.openai.BACK_OFF", (0.01, 0.01))
    with serving(Plan(status=503, fail_first=2)) as server:
        parts = list(ServerGenerator(ServedModel(Endpoint(server.url))).stream(ASKED, Sampling()))
        assert "".join(p.text for p in parts if isinstance(p, Delta)) == "Lyon has two rivers."
        assert len(server.seen.chats) == 3


def test_after_the_first_token_nothing_is_tried_again() -> None:
    _, server = failure(Plan(cut_after=1))
    assert len(server.seen.chats) == 1


# --- what is sent and understood ------------------------------------------------------------------------------------
def test_the_request_carries_the_sampling() -> None:
    with serving() as server:
        sampling = Sampling(0.5, 0.9, 7, 3, ("END",))
        list(ServerGenerator(ServedModel(Endpoint(server.url))).stream(ASKED, sampling))
        sent = server.seen.chats[0]
    assert sent["messages"] == [{"role": "user", "content": "Which rivers does Lyon have?"}]
    assert (sent["temperature"], sent["top_p"], sent["seed"], sent["stop"]) == (0.5, 0.9, 3, ["END"])
    assert sent["max_tokens"] == sent["max_completion_tokens"] == 7
    assert sent["stream_options"] == {"include_usage": True}


def test_usage_tells_cached_tokens_where_the_server_does() -> None:
    for cached in (None, 8):
        with serving(Plan(cached=cached)) as server:
            *_, last = ServerGenerator(ServedModel(Endpoint(server.url))).stream(ASKED, Sampling())
        assert last == Finished("stop", Usage(11, 5, cached))


def test_an_answer_cut_by_its_length_says_so() -> None:
    with serving(Plan(finish="length")) as server:
        *_, last = ServerGenerator(ServedModel(Endpoint(server.url))).stream(ASKED, Sampling())
    assert isinstance(last, Finished)
    assert last.reason == "length"


@pytest.mark.parametrize(
    "plan",
    [
        Plan(reasoning=("Hm", ", rivers"), gap=0.01),
        Plan(words=("<thi", "nk>Hm", "</think>", "\n\n", "Lyon has two rivers.")),
    ],
)
def test_thoughts_stay_out_of_the_answer(plan: Plan) -> None:
    with serving(plan) as server:
        parts = list(ServerGenerator(ServedModel(Endpoint(server.url))).stream(ASKED, Sampling()))
    assert "".join(p.text for p in parts if isinstance(p, Delta)) == "Lyon has two rivers."


def test_context_and_count_come_from_the_server() -> None:
    with serving() as server:
        generator = ServerGenerator(ServedModel(Endpoint(server.url)))
        assert (generator.info.name, generator.info.context) == ("small", 2048)
        assert generator.count(ASKED) == 5
        assert generator.count(ASKED) == 5
        assert server.seen.paths.count("/tokenize") == 1


def test_without_them_context_is_assumed_and_counted_generously() -> None:
    with serving(Plan(length=None, tokenize=False)) as server:
        generator = ServerGenerator(ServedModel(Endpoint(server.url)))
        assert generator.info.context == 4096
        assert generator.info.provenance == {"context": "assumed"}
        assert generator.count(ASKED) == 12 + 12 + (3 + 3 + 2 + 2 + 2) + 1


def test_p22_a_hundred_readers_leave_and_a_hundred_streams_end() -> None:
    with serving(Plan(words=(" on",) * 2000, gap=0.01)) as server:
        generator = ServerGenerator(ServedModel(Endpoint(server.url)))
        for n in range(100):
            parts = generator.stream(ASKED, Sampling())
            next(parts)
            began = time.monotonic()
            parts.close()  # type: ignore[attr-defined]
            while server.seen.left < n + 1:
                assert time.monotonic() - began < 2
                time.sleep(0.005)
        assert server.seen.told == 0
        assert server.seen.open == 0
