"""Questions over chosen documents alone."""

from __future__ import annotations

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from assistant.wiring import House


@pytest.fixture(scope="module")
def bells(house: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("files")
    house.library.create("bells")
    for name, who in (("north.txt", "Theodora"), ("south.txt", "Bruno")):
        (folder / name).write_text(f"The bell of Sankt Alban was cast by {who} Winterhalter.")
        house.library.wait([house.library.submit("bells", folder / name, name)])
    return "bells"


def answered(client: TestClient, **body: Any) -> dict[str, Any]:
    conversation = client.post("/v1/conversations", json={}).json()["id"]
    text = {"text": "Who cast the bell of Sankt Alban?"}
    message = client.post(f"/v1/conversations/{conversation}/messages", json=text | body).json()["answer"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for row in client.get(f"/v1/conversations/{conversation}").json()["messages"]:
            if row["id"] == message and row["state"] != "partial":
                return row
        time.sleep(0.05)
    raise AssertionError("no answer")


def test_a_question_over_one_document_reads_no_other(client: TestClient, bells: str) -> None:
    both = answered(client, corpus=bells)["answer"]
    assert {hit["document"] for hit in both["hits"]} == {"north.txt", "south.txt"}
    one = answered(client, corpus=bells, only=["south.txt"])["answer"]
    assert {hit["document"] for hit in one["hits"]} == {"south.txt"}
    assert one["receipt"]["filters"]["only"] == ["south.txt"]


def test_a_document_that_is_gone_is_said(client: TestClient, bells: str) -> None:
    row = answered(client, corpus=bells, only=["west.txt"])
    assert row["state"] == "failed"
    assert "west.txt" in row["content"]


def test_the_page_offers_what_can_be_searched(client: TestClient, bells: str) -> None:
    assert client.get("/ui/only", params={"corpus": bells}).json() == {"names": ["north.txt", "south.txt"]}
    assert client.get("/ui/only", params={"corpus": "nowhere"}).json() == {"names": []}
