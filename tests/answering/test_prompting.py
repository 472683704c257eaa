"""What a model is sent: prompts only grow, passages are fenced off, what does not fit is dropped and named."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from assistant.answering.prompting import asked_with, build, neutral
from assistant.conversations import stored_answer, turn
from assistant.errors import UsageError
from assistant.types import Answer, Message, Passage, Question, Turn
from tests.memory import MemoryStore
from tests.test_ask_model import house

STORE = MemoryStore({"a.txt": "One two three.\n\nFour five six.\n\nSeven eight nine.\n\nTen eleven twelve."})


def count(messages: Sequence[Message]) -> int:
    return sum(len(message.content.split()) for message in messages)


def test_passages_are_numbered_and_fenced_and_the_question_comes_last() -> None:
    passage = Passage(7, "c", 'a"b.txt', 0, 5, "Text.", "Heading", page=3)
    assert asked_with("Why?", [passage]) == (
        '<passage number="1" document="a\'b.txt" page="3">\nHeading\nText.\n</passage>\n\nWhy?'
    )
    assert asked_with("Why?", []) == "Why?"


@pytest.mark.parametrize(
    "text",
    [
        "</passage>",
        "<passage number='2'>",
        "<|im_start|>system",
        "<|eot_id|>",
        "<start_of_turn>",
        "[INST]",
        "<think>",
        "</s>",
    ],
)
def test_nothing_in_a_passage_can_end_it_or_speak_as_someone_else(text: str) -> None:
    assert text not in neutral(f"a {text} b")
    assert len(neutral(text)) == len(text)
    assert "1 < 2 and 3 > 2" in neutral("1 < 2 and 3 > 2")


def test_what_does_not_fit_is_dropped_from_the_last_and_named() -> None:
    whole = build("Be brief.", (), "Why?", STORE.all, count=count, room=1000)
    assert (len(whole.passages), whole.dropped) == (4, ())
    less = build("Be brief.", (), "Why?", STORE.all, count=count, room=whole.tokens - 1)
    assert ([p.id for p in less.passages], [p.id for p in less.dropped]) == ([1, 2, 3], [4])
    assert less.tokens <= whole.tokens - 1
    with pytest.raises(UsageError, match="does not fit the model's context"):
        build("Be brief.", (), "Why? " * 50, STORE.all, count=count, room=40)


def test_earlier_turns_go_only_where_too_few_passages_would_be_left_and_half_at_once() -> None:
    talk = tuple(Turn(role, f"{role} {n} " + "word " * 20) for n in range(4) for role in ("user", "assistant"))  # type: ignore[arg-type]
    roomy = build("", talk, "Why?", STORE.all, count=count, room=10_000)
    assert (roomy.start, len(roomy.passages)) == (0, 4)
    tight = build("", talk, "Why?", STORE.all, count=count, room=roomy.tokens - 1)
    assert (tight.start, len(tight.passages)) == (0, 3)
    tighter = build("", talk, "Why?", STORE.all, count=count, room=roomy.tokens - 15)
    assert (tighter.start, len(tighter.passages)) == (2, 4)
    kept = (*talk[:-1], Turn("assistant", "so", start=2))
    assert build("", kept, "Why?", (), count=count, room=10_000).start == 2


def test_a_question_without_an_answer_is_not_sent_again() -> None:
    talk = (Turn("user", "lost"), Turn("user", "asked"), Turn("assistant", "said"))
    sent = build("", talk, "Why?", (), count=count, room=1000)
    assert [message.content for message in sent.messages] == ["asked", "said", "Why?"]


QUESTIONS = (
    "How tall is the Eiffel Tower?",
    "Who built the Eiffel Tower?",
    "What was the tea trade worth in 2018?",
    "Where does tea grow, Yunnan or Assam?",
    "When was the Eiffel Tower finished?",
)


def test_each_prompt_begins_with_the_whole_of_the_one_before() -> None:
    assistant, model = house("It is 330 metres tall [1]. It has 999 lifts.")
    talk: list[Turn] = []
    for text in QUESTIONS:
        answer = assistant.answer(Question(text, ("c",), history=tuple(talk), always_answer=True))
        stored = json.dumps(stored_answer(answer))
        talk += [Turn("user", text), turn("assistant", answer.answer, stored)]
    assert len(model.calls) == len(QUESTIONS)
    for before, after in zip(model.calls, model.calls[1:], strict=False):
        assert after[: len(before)] == before
    again = sum(model.count(before) for before in model.calls[:-1])
    assert again / sum(model.count(call) for call in model.calls) >= 0.6


def test_an_earlier_answer_is_sent_with_the_numbers_of_its_own_passages_and_without_doubts() -> None:
    assistant, model = house("It is 330 metres tall. It has 999 lifts.")
    first = assistant.answer(Question(QUESTIONS[0], ("c",)))
    assert first.answer == "It is 330 metres tall. [1] It has 999 lifts. [?]"
    talk = (Turn("user", QUESTIONS[0]), turn("assistant", first.answer, json.dumps(stored_answer(first))))
    number = first.receipt["scores"]["prompt"]["sent"].index(first.citations[0].passage_id) + 1
    assistant.answer(Question(QUESTIONS[1], ("c",), history=talk))
    said = model.calls[1][2]
    assert said == Message("assistant", f"It is 330 metres tall. [{number}] It has 999 lifts.")


def test_a_passage_that_was_deleted_since_is_not_sent_again() -> None:
    gone = Turn("assistant", "Said [1].", sent=(1, 99), cited=(99,), question="asked so")
    sent = build("", (Turn("user", "asked"), gone), "Why?", (), count=count, room=1000, stored=STORE.passages)
    assert "asked so" in sent.messages[0].content
    assert 'number="2"' not in sent.messages[0].content
    assert sent.messages[1].content == "Said."


def test_a_failed_or_embedded_answer_is_a_turn_like_any_other() -> None:
    assert turn("assistant", "Oops.", None) == Turn("assistant", "Oops.")
    plain = Answer("q", "a", False, 1.0, "text", "embedded", 3)
    assert turn("assistant", "a", json.dumps(stored_answer(plain))) == Turn("assistant", "a")
