"""A real house behind a real server in this process; answers to questions that end in "…" come slowly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.generators.scripted import ScriptedGenerator
from assistant.seams import Generator
from assistant.settings import Settings
from assistant.types import Answer, Delta, Event, Hit, Question
from assistant.wiring import House, build

PAUSE = 0.3
"""Seconds before a word: an answer of ten words is under way long enough for a slow browser to stop or reload it."""


class Paced:
    """An Asker that lets time pass between the words of another one's answer, for questions that end in "…"."""

    def __init__(self, asker: Any) -> None:
        self._asker = asker

    def ask(self, question: Question, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        for event in self._asker.ask(question, stop):
            if not question.asked.endswith("…"):
                yield event
            elif isinstance(event, Delta):
                yield from self._words(event, stop)
                if stop():
                    return
            else:
                time.sleep(PAUSE * 3)
                yield event

    def answer(self, question: Question) -> Answer:
        return self._asker.answer(question)  # type: ignore[no-any-return]

    def search(self, question: Question, k: int = 10) -> list[Hit]:
        return self._asker.search(question, k)  # type: ignore[no-any-return]

    def _words(self, event: Delta, stop: Callable[[], bool]) -> Iterator[Event]:
        for word in event.text.split(" "):
            time.sleep(PAUSE)
            if stop():
                return
            yield Delta(word + " ")


class ScriptedHouse(House):
    """A house whose model “small” says what it is told to."""

    model: ScriptedGenerator

    @property
    def brains(self) -> tuple[str, ...]:
        return ("embedded", "small")

    def generator(self, name: str) -> Generator:
        return self.model


def scripted(settings: Settings, model: ScriptedGenerator) -> House:
    house = ScriptedHouse(settings)
    house.model = model
    (house.catalog.home / "sample.offered").touch()
    return house


@contextmanager
def served(home: Path, model: ScriptedGenerator | None = None, **settings: Any) -> Iterator[tuple[str, House]]:
    """(address, house) of a server on a free port, with a scripted model where one is given."""
    import uvicorn

    from assistant.api import create_app
    from assistant.api.serving import listen

    made = Settings(home=home, port=0, **settings)
    house = scripted(made, model) if model else build(made)
    house.__dict__["assistant"] = Paced(house.assistant)
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(house), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", house
    finally:
        server.should_exit = True
        thread.join(20)
        house.close()
