"""The application on a real port of this machine, with the embedded brain and a scripted model."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from assistant.api import app as application
from assistant.api.serving import listen
from assistant.generators.scripted import ScriptedGenerator
from assistant.seams import Generator
from assistant.settings import Settings
from assistant.wiring import House

TOWERS = "The Eiffel Tower was finished in 1889. It is 330 metres tall.\n\nGustave Eiffel built it in Paris.\n"


class ScriptedHouse(House):
    """A house whose model says what it is told to."""

    def __init__(self, settings: Settings, model: ScriptedGenerator) -> None:
        super().__init__(settings)
        self.model = model

    @property
    def brains(self) -> tuple[str, ...]:
        return ("embedded", "small")

    def generator(self, name: str) -> Generator:
        return self.model if name == "small" else super().generator(name)


@contextmanager
def served(home: Path, model: ScriptedGenerator, **settings: object) -> Iterator[tuple[ScriptedHouse, str]]:
    """(house, address). A corpus “towers” of one document is there."""
    house = ScriptedHouse(Settings(home=home, encoder="hashed", **settings), model)  # type: ignore[arg-type]
    (house.catalog.home / "sample.offered").touch()
    add(house, "towers", "tower.txt", TOWERS, home.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant.ui.mount", lambda app, settings: app)
        app = application.create_app(house)
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield house, f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        house.close()


def add(house: House, corpus: str, name: str, text: str, folder: Path) -> None:
    house.library.create(corpus)
    file = folder / name
    file.write_text(text, "utf-8")
    (job,) = house.library.wait([house.library.submit(corpus, file, name)])
    assert job.state == "done", job.error
