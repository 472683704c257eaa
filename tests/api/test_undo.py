"""Deletions taken back: gone at once all the same, back as it was, final in the end and after a crash (promise 7)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from assistant.api.house import private_corpus
from assistant.api.undo import Undos
from assistant.errors import NotFound
from assistant.types import Question
from assistant.wiring import House

FACT = b"The bell of Sankt Alban was cast by Theodora Winterhalter."


def filled(house: House, folder: Path, corpus: str, *, private: bool = False) -> None:
    house.library.create(corpus, private=private)
    (folder / "bell.txt").write_bytes(FACT)
    ready(house, house.library.submit(corpus, folder / "bell.txt", "bell.txt"))


def ready(house: House, job: int) -> None:
    deadline = time.monotonic() + 150
    while any(row.open for row in house.library.jobs(ids=[job])):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def found(house: House, corpus: str) -> list[str]:
    hits = house.assistant.search(Question("Who cast the bell of Sankt Alban?", (corpus,)))
    return [hit.passage.text for hit in hits]


def undo(client: TestClient, offer: dict[str, Any]) -> Any:
    return client.post(f"/v1/undo/{offer['undo']}")


def test_p07_a_document_is_gone_at_once_and_comes_back(client: TestClient, house: House, tmp_path: Path) -> None:
    filled(house, tmp_path, "bells")
    sha256 = house.library.info("bells", "bell.txt").sha256
    offer = client.delete("/v1/documents?corpus=bells&name=bell.txt&undo=true").json()
    assert found(house, "bells") == []
    assert client.get("/v1/documents/original?corpus=bells&name=bell.txt").status_code == 404
    back = undo(client, offer).json()
    ready(house, back["job"])
    assert house.library.info("bells", "bell.txt").sha256 == sha256
    assert found(house, "bells") == [FACT.decode()]
    assert undo(client, offer).status_code == 404, "once"
    house.library.delete("bells")


def test_a_corpus_is_hidden_and_comes_back(client: TestClient, house: House, tmp_path: Path) -> None:
    filled(house, tmp_path, "towers")
    offer = client.delete("/v1/corpora?name=towers&undo=true").json()
    assert "towers" not in [info.name for info in house.library.corpora(private=True)]
    with pytest.raises(NotFound):
        found(house, "towers")
    assert undo(client, offer).json() == {"corpus": "towers"}
    assert found(house, "towers") == [FACT.decode()]
    house.library.delete("towers")


def test_a_corpus_whose_name_was_taken_meanwhile_is_deleted(client: TestClient, house: House, tmp_path: Path) -> None:
    filled(house, tmp_path, "twice")
    offer = client.delete("/v1/corpora?name=twice&undo=true").json()
    house.library.create("twice")
    assert undo(client, offer).status_code == 409
    assert hidden(house) == []
    house.library.delete("twice")


def test_a_conversation_comes_back_whole(client: TestClient, house: House, tmp_path: Path) -> None:
    chats = house.chats
    conversation = chats.create(title="Bells")
    question = chats.ask(conversation, "Who?")
    first, second = chats.begin(question), chats.begin(question)
    for answer in (first, second):
        chats.append(answer, f"text of {answer}")
        chats.finish(answer, None)
    chats.feedback(second, "up", "good")
    filled(house, tmp_path, private_corpus(conversation), private=True)
    before = chats.export(conversation, "json")
    offer = client.delete(f"/v1/conversations/{conversation}?undo=true").json()
    assert client.get(f"/v1/conversations/{conversation}").status_code == 404
    assert conversation not in [row["id"] for row in chats.list()]
    undo(client, offer)
    assert chats.export(conversation, "json") == before
    assert found(house, private_corpus(conversation)) == [FACT.decode()]
    client.delete(f"/v1/conversations/{conversation}")


def test_p07_when_the_time_is_over_nothing_is_left(house: House, tmp_path: Path) -> None:
    from assistant.api.undo import delete_corpus, delete_document

    filled(house, tmp_path, "late")
    undos = Undos(seconds=0.2)
    incoming = house.settings.home / "incoming"
    offers = [delete_document(house, undos, "late", "bell.txt"), delete_corpus(house, undos, "late")]
    assert list(incoming.iterdir())
    deadline = time.monotonic() + 60
    while list(incoming.iterdir()) or hidden(house):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for offer in offers:
        with pytest.raises(NotFound, match="too late"):
            undos.back(offer["undo"])


def test_p07_a_stopping_server_ends_all_offers(house: House, tmp_path: Path) -> None:
    from assistant.api.undo import delete_corpus

    filled(house, tmp_path, "closing")
    undos = Undos()
    delete_corpus(house, undos, "closing")
    undos.close()
    assert hidden(house) == []


def hidden(house: House) -> list[str]:
    with house.catalog.read() as session:
        return list(session.scalars(text("select name from corpora where name like 'importing-%'")))
