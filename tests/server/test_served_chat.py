"""What a served model must do for us: stream, obey a schema, take adapters, serve many, and let go at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from assistant.errors import Cancelled, GeneratorUnavailable
from assistant.generators.endpoint import Endpoint
from assistant.generators.openai import ServedModel, ServerGenerator
from assistant.models.running import Running
from assistant.models.serving import log_lines
from assistant.types import Delta, Finished, Message, Sampling
from tests.server.adapters import write_adapter
from tests.server.measures import wait_idle

FRANCE = (Message("user", "What is the capital of France?"),)
LONG = (Message("user", "Tell a very long story about a ferry."),)
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}


def written(model: ServerGenerator, messages: tuple[Message, ...], **sampling: int) -> tuple[str, Finished]:
    *deltas, last = model.stream(messages, Sampling(**sampling))
    assert isinstance(last, Finished)
    return "".join(part.text for part in deltas if isinstance(part, Delta)), last


def test_it_streams_and_counts(model: ServerGenerator) -> None:
    parts = list(model.stream(FRANCE, Sampling(max_tokens=24)))
    text = "".join(part.text for part in parts if isinstance(part, Delta))
    assert "Paris" in text
    assert len(parts) > 4  # a delta a token, not all at once
    assert isinstance(parts[-1], Finished)
    assert parts[-1].usage.prompt == model.count(FRANCE)
    assert parts[-1].reason in ("stop", "length")


def test_it_knows_its_length(model: ServerGenerator) -> None:
    assert model.info.context == 2048


def test_greedy_is_the_same_again(model: ServerGenerator) -> None:
    assert written(model, FRANCE, max_tokens=16)[0] == written(model, FRANCE, max_tokens=16)[0]


def test_the_second_turn_finds_the_first_in_the_cache(model: ServerGenerator) -> None:
    system = Message("system", "You are a patient guide. " * 60)
    first = (system, *FRANCE)
    reply, _ = written(model, first, max_tokens=8)
    _, last = written(model, (*first, Message("assistant", reply), Message("user", "And of Italy?")), max_tokens=8)
    assert last.usage.cached is not None
    assert last.usage.cached >= 0.6 * last.usage.prompt


def test_a_schema_is_obeyed(model: ServerGenerator) -> None:
    found = model.structured(FRANCE, SCHEMA, Sampling(max_tokens=100))
    assert set(found) == {"city", "people"}
    assert isinstance(found["people"], int)


def test_a_prompt_that_is_too_long_is_refused_in_a_sentence(model: ServerGenerator) -> None:
    with pytest.raises(GeneratorUnavailable):
        written(model, (Message("user", "ferry " * 4000),), max_tokens=8)


def test_no_key_no_answer(served: Running) -> None:
    assert httpx.get(f"{served.url}/models").status_code == 401
    stranger = ServerGenerator(ServedModel(Endpoint(served.url, "wrong"), served.name))
    with pytest.raises(GeneratorUnavailable):
        written(stranger, FRANCE, max_tokens=4)


def test_sixteen_at_once_all_get_whole_answers(model: ServerGenerator) -> None:
    questions = [(Message("user", f"Count from {n} to {n + 5}."),) for n in range(16)]
    alone = written(model, questions[3], max_tokens=16)[0]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda q: written(model, q, max_tokens=16), questions))
    assert len(answers) == 16
    assert all(text and last.usage.completion > 0 for text, last in answers)
    assert answers[3][0].split()[:3] == alone.split()[:3]  # batches round differently later on


def test_p18_stop_ends_the_work_within_two_seconds(model: ServerGenerator, served: Running) -> None:
    stop = threading.Event()
    stream = model.stream(LONG, Sampling(max_tokens=1500), stop.is_set)
    next(stream)
    stop.set()
    with pytest.raises(Cancelled):
        list(stream)
    wait_idle(served, 2)


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.hardening)])
def test_p22_a_reader_that_is_gone_ends_the_work_within_two_seconds(
    model: ServerGenerator, served: Running, times: int
) -> None:
    for _ in range(times):
        stream = model.stream(LONG, Sampling(max_tokens=1500))
        next(stream)
        assert isinstance(stream, Iterator)
        stream.close()  # type: ignore[attr-defined]
        wait_idle(served, 2)


def test_an_adapter_comes_and_goes_while_the_base_streams(
    model: ServerGenerator, served: Running, tmp_path: Path
) -> None:
    folder = write_adapter(tmp_path / "loud", Path(served.folder))
    call = {"headers": {"Authorization": f"Bearer {served.key}"}, "timeout": 60}
    before = written(model, FRANCE, max_tokens=12)[0]
    stream = model.stream(LONG, Sampling(max_tokens=80))
    next(stream)
    body = {"lora_name": "loud", "lora_path": str(folder)}
    assert httpx.post(f"{served.url}/load_lora_adapter", json=body, **call).status_code == 200
    assert isinstance(list(stream)[-1], Finished)
    rows = httpx.get(f"{served.url}/models", **call).json()["data"]
    assert {row["id"]: row["parent"] for row in rows}["loud"] == served.name
    loud = ServerGenerator(ServedModel(Endpoint(served.url, served.key), "loud"))
    assert written(loud, FRANCE, max_tokens=12)[0] != before
    assert written(model, FRANCE, max_tokens=12)[0] == before
    gone = httpx.post(f"{served.url}/unload_lora_adapter", json={"lora_name": "loud"}, **call)
    assert gone.status_code == 200
    with pytest.raises(GeneratorUnavailable):
        written(ServerGenerator(ServedModel(Endpoint(served.url, served.key), "loud")), FRANCE, max_tokens=4)
    missing = httpx.post(f"{served.url}/load_lora_adapter", json={**body, "lora_path": str(tmp_path / "no")}, **call)
    assert missing.status_code == 404
    assert written(model, FRANCE, max_tokens=12)[0] == before


def test_logs_hold_neither_questions_nor_the_key(served_home: Path, served: Running, model: ServerGenerator) -> None:
    written(model, (Message("user", "zanzibar-secret-word"),), max_tokens=4)
    log = "".join(log_lines(served_home))
    assert "Starting vLLM server" in log
    assert served.key not in log
    assert "zanzibar" not in log
