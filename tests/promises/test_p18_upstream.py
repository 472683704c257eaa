"""Promise 18 with a model at an address: a stopped answer ends what the server of the model writes for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.api.answers import Answers
from assistant.api.metrics import Metrics
from assistant.api.turns import Turns
from assistant.wiring import House
from tests.generators.fake_server import FakeServer, Plan, serving
from tests.promises.streaming import ALONE, opened
from tests.waiting import eventually

TIMES = [pytest.param(5, id="quick"), pytest.param(100, id="full", marks=pytest.mark.hardening)]


@pytest.fixture
def model() -> Iterator[FakeServer]:
    with serving(Plan(words=(" on",) * 100_000, gap=0.01)) as running:
        yield running


@pytest.fixture
def house(model: FakeServer, tmp_path: Path) -> Iterator[House]:
    made = opened(tmp_path / "home", model.url, 4)
    yield made
    made.close()


@pytest.mark.parametrize("times", TIMES)
def test_p18_a_stopped_answer_ends_at_the_model_s_server_too(house: House, model: FakeServer, times: int) -> None:
    turns = Turns(4, 0)
    answers = Answers(house, turns, Metrics(lambda: turns.taken))
    for n in range(times):
        chat = house.chats.create()
        _, answer = answers.ask(chat, f"Story {n}, please.", None, ALONE)
        assert eventually(lambda: bool(house.chats.message(answer)["content"]), 30)  # noqa: B023
        began = time.monotonic()
        assert answers.stop(chat)
        assert eventually(lambda: model.seen.left == n + 1 and not model.seen.open, 2)  # noqa: B023
        assert eventually(lambda: house.chats.message(answer)["state"] == "stopped", 2)  # noqa: B023
        assert time.monotonic() - began < 2
        assert set(house.chats.message(answer)["content"].split()) == {"on"}
    assert model.seen.told == 0
    assert eventually(lambda: turns.taken == 0)
    turns.close()
