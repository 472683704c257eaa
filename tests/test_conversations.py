"""Stored chats: branches, streams, search, export; and what a killed process leaves (promise 17)."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from assistant.conversations import SqlChats, private_corpus, title_from
from assistant.errors import NotFound, UsageError
from assistant.types import Answer, Citation, Turn
from ingest.catalog.database import Catalog


@pytest.fixture
def chats(tmp_path: Path) -> SqlChats:
    return SqlChats(Catalog.open(tmp_path))


def answered(chats: SqlChats, conversation: str, question: str, answer: str) -> tuple[str, str]:
    asked = chats.ask(conversation, question)
    message = chats.begin(asked)
    chats.append(message, answer)
    chats.finish(message, None)
    return asked, message


def texts(chats: SqlChats, conversation: str) -> list[str]:
    return [m["content"] for m in chats.get(conversation)["messages"]]


def test_a_chat_is_stored_in_order_with_its_title(chats: SqlChats) -> None:
    c = chats.create("reports")
    answered(chats, c, "How much protein?\nPlease.", "46 grams [1]")
    got = chats.get(c)
    assert (got["title"], got["corpus"]) == ("How much protein?", "reports")
    assert [(m["role"], m["content"], m["state"]) for m in got["messages"]] == [
        ("user", "How much protein?\nPlease.", "done"),
        ("assistant", "46 grams [1]", "done"),
    ]


def test_a_stream_is_stored_while_it_runs_and_marked_partial(chats: SqlChats) -> None:
    c = chats.create()
    message = chats.begin(chats.ask(c, "q"))
    for piece in ("one ", "two ", "three"):
        chats.append(message, piece)
    time.sleep(0.4)  # the last pieces follow by themselves
    shown = chats.message(message)
    assert (shown["content"], shown["state"], shown["streaming"]) == ("one two three", "partial", True)
    chats.finish(message, None, "stopped")
    assert chats.message(message)["state"] == "stopped"


def test_what_was_taken_back_is_gone_and_what_follows_stays(chats: SqlChats) -> None:
    message = chats.begin(chats.ask(chats.create(), "q"))
    for piece in ("wrong ", "and written", "late "):  # the last ones wait
        chats.append(message, piece)
    chats.take_back(message)
    assert chats.message(message)["content"] == ""
    chats.append(message, "right")
    chats.finish(message, None, "failed")
    assert (chats.message(message)["content"], chats.message(message)["state"]) == ("right", "failed")
    chats.take_back(message)  # closed: stays
    assert chats.message(message)["content"] == "right"
    with pytest.raises(NotFound):
        chats.take_back("nothing")


def test_an_edit_keeps_the_old_branch_and_select_brings_it_back(chats: SqlChats) -> None:
    c = chats.create()
    first, reply = answered(chats, c, "q1", "a1")
    answered(chats, c, "q2", "a2")
    edited = chats.ask(c, "q1 edited", parent=first)
    assert texts(chats, c) == ["q1 edited"]
    assert chats.message(edited)["siblings"] == [first, edited]
    chats.select(first)
    assert texts(chats, c) == ["q1", "a1", "q2", "a2"]
    third = chats.ask(c, "q3", parent=reply)
    assert texts(chats, c) == ["q1", "a1", "q3"]
    assert len(chats.message(third)["siblings"]) == 2


def test_a_regenerated_answer_is_a_sibling(chats: SqlChats) -> None:
    c = chats.create()
    asked, old = answered(chats, c, "q", "old")
    new = chats.begin(asked)
    chats.append(new, "new")
    chats.finish(new, None)
    assert texts(chats, c) == ["q", "new"]
    assert chats.message(new)["siblings"] == [old, new]
    assert chats.message(new)["parent"] == asked


def test_history_is_what_was_said_before(chats: SqlChats) -> None:
    c = chats.create()
    answered(chats, c, "q1", "a1")
    q2 = chats.ask(c, "q2")
    a2 = chats.begin(q2)
    before = (Turn("user", "q1"), Turn("assistant", "a1"))
    assert chats.history(q2) == before
    assert chats.history(a2) == (*before, Turn("user", "q2"))


def test_the_stored_answer_has_citations_and_receipt(chats: SqlChats) -> None:
    c = chats.create()
    message = chats.begin(chats.ask(c, "q"))
    chats.append(message, "streamed")
    citation = Citation(1, "reports", "a.pdf", 2, 10, 14, "46 g", ((1.0, 2.0, 3.0, 4.0),), 7)
    answer = Answer(
        "q", "46 g [1]", False, 0.9, "text", "embedded", 3, citations=(citation,), receipt={"parts": ["x"]},
        followups=("And fat?",),
    )  # fmt: skip
    chats.finish(message, answer)
    stored = chats.message(message)
    assert stored["content"] == "46 g [1]"
    assert stored["answer"]["citations"][0]["document"] == "a.pdf"
    assert stored["answer"]["receipt"] == {"parts": ["x"]}
    assert stored["answer"]["followups"] == ["And fat?"]


def test_search_looks_at_titles_and_messages_and_takes_signs_literally(chats: SqlChats) -> None:
    a, b = chats.create(title="Budget"), chats.create(title="Other")
    answered(chats, a, "Is it 100%?", "yes")
    answered(chats, b, "蛋白质多少？", "四十六克")
    assert [row["id"] for row in chats.list()] == [b, a]
    assert [row["id"] for row in chats.list("budget")] == [a]
    assert [row["id"] for row in chats.list("100%")] == [a]
    assert [row["id"] for row in chats.list("蛋白质")] == [b]
    assert chats.list("1_0") == []


def test_the_list_is_ordered_by_use_even_when_the_clock_goes_back(
    chats: SqlChats, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = chats.create(title="a"), chats.create(title="b")
    monkeypatch.setattr("assistant.conversations.now", lambda: "1999-01-01T00:00:00+00:00")
    chats.ask(a, "later, by an earlier clock")
    assert [row["id"] for row in chats.list()] == [a, b]


def test_feedback_is_one_row_a_message(chats: SqlChats) -> None:
    c = chats.create()
    _, message = answered(chats, c, "q", "a")
    chats.feedback(message, "up")
    chats.feedback(message, "down", "wrong page")
    assert chats.message(message)["feedback"] == {"rating": "down", "reason": "wrong page"}
    chats.feedback(message, "")
    assert chats.message(message)["feedback"] is None
    with pytest.raises(UsageError):
        chats.feedback(message, "maybe")


def test_delete_takes_messages_feedback_and_the_private_corpus(tmp_path: Path) -> None:
    forgotten: list[str] = []
    catalog = Catalog.open(tmp_path)
    chats = SqlChats(catalog, forget_corpus=forgotten.append)
    c = chats.create()
    _, message = answered(chats, c, "planted-secret-question", "planted-secret-answer")
    chats.feedback(message, "up", "planted-secret-reason")
    chats.delete(c)
    assert forgotten == [private_corpus(c)]
    assert chats.list() == []
    with pytest.raises(NotFound):
        chats.message(message)
    catalog.close()
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and b"planted-secret" in f.read_bytes()]


def test_export_as_markdown_and_json(chats: SqlChats) -> None:
    c = chats.create("reports", "Protein")
    asked, first = answered(chats, c, "How much?", "46 g")
    second = chats.begin(asked)
    citation = Citation(1, "reports", "a_b.pdf", 2, 10, 14, "46 g\na day", (), 7)
    chats.finish(second, Answer("q", "46 g a day [1]", False, 0.9, "text", "embedded", 3, citations=(citation,)))
    markdown = chats.export(c)
    assert markdown.startswith("# Protein\n")
    assert "## Question\n\nHow much?\n\n## Answer\n\n46 g a day [1]\n\n" in markdown
    assert "- [1] a\\_b.pdf, page 2: “46 g a day”\n" in markdown
    exported = json.loads(chats.export(c, "json"))
    assert [m["id"] for m in exported["messages"]] == [asked, first, second]
    assert exported["active"] == [asked, second]
    with pytest.raises(UsageError):
        chats.export(c, "pdf")


def test_unknown_ids_are_named(chats: SqlChats) -> None:
    for call in (chats.get, chats.delete, chats.message, chats.begin, chats.select, chats.history):
        with pytest.raises(NotFound, match="nope"):
            call("nope")
    with pytest.raises(NotFound):
        chats.append("nope", "x")


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("  Short?  ", "Short?"),
        ("First line\nsecond", "First line"),
        ("word " * 30, "word word word word word word word word word word word…"),
        ("字" * 80, "字" * 59 + "…"),
    ],
)
def test_titles_come_from_the_first_line(question: str, title: str) -> None:
    assert title_from(question) == title
