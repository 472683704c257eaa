"""An answer that breaks off right after its text was taken back keeps nothing of that text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from assistant import ask
from assistant.errors import GeneratorUnavailable
from assistant.generators.scripted import ScriptedGenerator
from tests.api.served import ScriptedHouse, served
from tests.waiting import eventually

INVENTED = "It was built by Berlin masons in 1777."
BROKE = "The model broke off before its answer was whole; ask again."


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedHouse, str]]:
    with served(tmp_path_factory.mktemp("back") / "home", ScriptedGenerator(INVENTED)) as made:
        yield made


def test_p17_nothing_of_it_stays_stored(place: tuple[ScriptedHouse, str], monkeypatch: pytest.MonkeyPatch) -> None:
    reached, go = threading.Event(), threading.Event()

    def breaks(*_: Any) -> Any:
        """The reader that answers in the model's place."""
        reached.set()
        assert go.wait(20)
        raise GeneratorUnavailable(BROKE)

    monkeypatch.setattr(ask, "KINDS", {**ask.KINDS, "text": breaks})
    with httpx.Client(base_url=place[1], timeout=30) as web:
        talk = web.post("/v1/conversations", json={}).json()["id"]
        asked = {"text": "When was the Eiffel Tower finished?", "brain": "small", "corpus": "towers"}
        message = web.post(f"/v1/conversations/{talk}/messages", json=asked).json()["answer"]
        assert reached.wait(30)
        now = place[0].chats.message(message)  # what a killed process would leave
        assert (now["state"], now["content"]) == ("partial", "")
        go.set()
        assert eventually(lambda: place[0].chats.message(message)["state"] != "partial")
    kept = place[0].chats.message(message)
    assert (kept["state"], kept["content"]) == ("failed", BROKE)


def test_streams_of_programs_say_that_it_fell_back(place: tuple[ScriptedHouse, str]) -> None:
    body = {
        "model": "corpus/towers@3+small",
        "messages": [{"role": "user", "content": "When was the Eiffel Tower finished?"}],
    }
    whole = httpx.post(f"{place[1]}/v1/chat/completions", json=body, timeout=30).json()
    assert whole["thickshell"]["fell_back"] is True
    assert whole["thickshell"]["notes"] == [
        "The model's own words were not found in the documents; these are the documents' words."
    ]
    assert "1889" in whole["choices"][0]["message"]["content"]
