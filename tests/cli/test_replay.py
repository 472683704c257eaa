"""A stored answer asked again: the same, or what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.settings import Settings
from assistant.types import Question
from assistant.wiring import House, build


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THICKSHELL_ENCODER", "hashed")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    made = build(Settings(home=home, encoder="hashed"))
    yield made
    made.close()


def stored(house: House) -> str:
    """An answer about a tower in a conversation; its message id."""
    file = house.settings.home.parent / "tower.txt"
    file.write_text("The Eiffel Tower was finished in 1889.\n\nIt is 330 metres tall.\n", "utf-8")
    house.library.create("towers")
    house.library.wait([house.library.submit("towers", file)])
    asked = house.chats.ask(house.chats.create("towers"), "When was the Eiffel Tower finished?")
    message = house.chats.begin(asked)
    answer = house.assistant.answer(Question("When was the Eiffel Tower finished?", ("towers",)))
    house.chats.finish(message, answer)
    return message


def replayed(home: Path, message: str, capfd: pytest.CaptureFixture[str]) -> dict[str, object]:
    with pytest.raises(SystemExit) as ended:
        main(["replay", message, "--home", str(home), "--json"])
    assert ended.value.code == 0
    return dict(json.loads(capfd.readouterr().out))


def test_p19_nothing_changed_nothing_differs(house: House, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    row = replayed(home, stored(house), capfd)
    assert (row["same"], row["same_receipt"], row["diff"], row["receipt"]) == (True, True, [], {})


def test_a_changed_document_shows_in_text_and_receipt(
    house: House, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    message = stored(house)
    file = home.parent / "tower.txt"
    file.write_text("The Eiffel Tower was finished in 1890.\n\nIt is 330 metres tall.\n", "utf-8")
    house.library.wait([house.library.submit("towers", file)])
    row = replayed(home, message, capfd)
    assert row["same"] is False
    assert "1889" in str(row["before"])
    assert "1890" in str(row["after"])
    assert {"revisions.towers", "passages"} <= set(row["receipt"])  # type: ignore[arg-type, call-overload]


def test_a_question_has_no_receipt(house: House, home: Path) -> None:
    asked = house.chats.ask(house.chats.create(), "When?")
    with pytest.raises(SystemExit) as ended:
        main(["replay", asked, "--home", str(home)])
    assert ended.value.code == 2
