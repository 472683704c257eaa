"""A conversation's prompts only grow: what the server has read of it once, it need not read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.models.running import Running
from assistant.settings import load
from assistant.wiring import House
from bench.prefix import conversation
from bench.serving import Served

FACTS = {
    "ferry.txt": "The ferry Aurora crosses the strait in 42 minutes. It carries 120 cars and 600 people.",
    "tickets.txt": "A ticket for a car costs 31 euros. Children under six travel free of charge on all days.",
    "timetable.txt": "The first ferry leaves Northport at 05:40. The last one leaves Southport at 23:15.",
    "crew.txt": "Captain Ines Halvorsen has commanded the Aurora since 2016. The crew counts 24 people.",
    "weather.txt": "Above wind force nine the ferry stays in the harbour. This happened on 11 days last year.",
}
QUESTIONS = (
    "How long does the Aurora take to cross the strait?",
    "What does a ticket for a car cost?",
    "When does the first ferry leave Northport?",
    "Who commands the Aurora?",
    "Above which wind force does the ferry stay in the harbour?",
)


@pytest.fixture
def house(served: Running, tmp_path: Path) -> Iterator[House]:
    """Short answers and few passages, so that five turns fit the 2,048 tokens of the server under test."""
    values = {"model": served.name, "model_url": served.url, "model_key": served.key, "model_folder": served.folder}
    made = House(load({"home": tmp_path / "home", "hits": 3, "model_tokens": 40, **values}))
    try:
        made.library.create("line")
        for name, text in FACTS.items():
            (tmp_path / name).write_text(text, "utf-8")
            made.library.submit("line", tmp_path / name, name)
        made.worker.run_until_idle()
        yield made
    finally:
        made.close()


def test_five_turns_find_most_of_their_prompts_in_the_cache(house: House, served: Running) -> None:
    model = Served(served.url, served.name, served.key, served.folder)
    found = conversation(house, "line", model, QUESTIONS)
    assert [turn["start"] for turn in found["turns"]] == [0] * len(QUESTIONS)
    assert all(turn["prompt"] for turn in found["turns"])
    assert found["cached_share"] >= 0.6, found
