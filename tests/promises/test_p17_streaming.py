"""Promise 17 with a model: kill -9 while the answers of many chats stream in over HTTP and are stored as they come."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.conversations import SqlChats
from ingest.catalog.database import Catalog
from tests.generators.fake_server import Plan, serving
from tests.ingest import killing
from tests.promises import streaming

WORDS = tuple(f"w{n} " for n in range(60))
COUNTS = [pytest.param(3, 5, id="quick"), pytest.param(50, 20, id="full", marks=pytest.mark.hardening)]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("kills", "chats"), COUNTS)
def test_p17_answers_of_a_model_survive_a_kill_as_far_as_they_came(
    tmp_path: Path, kills: int, chats: int, record_property: Callable[[str, object], None]
) -> None:
    with serving(Plan(words=WORDS, gap=0.02)) as model:
        for n, after in enumerate(killing.moments(kills, 3.0, seed=kills)):
            killing.run_and_kill(streaming.talk, tmp_path, model.url, chats, n, after=after)
    confirmed = [line.split(" ", 3) for line in (tmp_path / "confirmed.txt").read_text().splitlines()]
    found = messages(tmp_path)
    by_id = {message["id"]: message for message in found}
    assert len(by_id) == len(found)
    for conversation, question, answer, text in confirmed:
        asked, told = by_id[question], by_id[answer]
        assert (asked["role"], asked["content"], asked["conversation"]) == ("user", text, conversation)
        assert (told["role"], told["parent"]) == ("assistant", question)
    asked = [m["id"] for m in found if m["role"] == "user"]
    answers = [m for m in found if m["role"] == "assistant"]
    assert len(asked) - len(confirmed) <= kills  # stored, and killed before that could be confirmed
    assert len({answer["parent"] for answer in answers}) == len(answers)  # no question was answered twice
    states = {state: [a for a in answers if a["state"] == state] for state in ("partial", "done")}
    assert sum(map(len, states.values())) == len(answers)
    assert all(as_far_as_it_came(answer) for answer in answers)
    cut = [answer for answer in states["partial"] if answer["content"]]
    assert cut, "some were killed in the midst of their words"
    assert len(states["partial"]) <= kills * chats
    record_property("questions, whole answers, cut ones with words", (len(asked), len(states["done"]), len(cut)))


def as_far_as_it_came(answer: dict[str, Any]) -> bool:
    """The model's words in order, none twice; all of them where the answer counts as whole."""
    whole = "".join(WORDS)
    return (
        str(answer["content"]).strip() == whole.strip()
        if answer["state"] == "done"
        else whole.startswith(answer["content"])
    )


def messages(home: Path) -> list[dict[str, Any]]:
    chats = SqlChats(Catalog.open(home))
    exported = ((row["id"], json.loads(chats.export(row["id"], "json"))["messages"]) for row in chats.list())
    return [message | {"conversation": id} for id, rows in exported for message in rows]
