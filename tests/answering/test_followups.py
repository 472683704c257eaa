"""Follow-ups made to stand alone; questions that stand alone are left as they are."""

from __future__ import annotations

import pytest

from assistant.answering.followups import stand_alone
from assistant.types import Turn

REVENUE = "What was the revenue in 2018?"


def talk(*texts: str) -> list[Turn]:
    return [Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("question", "before", "expected"),
    [
        ("and in 2019?", (REVENUE,), "What was the revenue in 2019?"),
        ("2019?", (REVENUE,), "What was the revenue in 2019?"),
        ("And the profit?", (REVENUE,), "What was the profit in 2018?"),
        ("what about Apple?", ("What was Google's revenue in 2018?",), "What was Apple's revenue in 2018?"),
        ("in 2020?", ("How many people live in Paris?",), "How many people live in Paris in 2020?"),
        ("and in 2020?", (REVENUE, "x", "and in 2019?", "y"), "What was the revenue in 2020?"),
        ("When was he born?", ("Who founded Apple?", "**Steve Jobs** founded it [1]"), "When was Steve Jobs born?"),
        ("How tall is it?", ("Where is the Eiffel Tower?",), "How tall is Eiffel Tower?"),
        ("How much did it grow?", (REVENUE,), "How much did it grow (revenue 2018)?"),
        ("Why?", ("What fell?",), "Why (fell)?"),
        ("那2019年呢？", ("2018年的收入是多少？",), "2019年的收入是多少？"),
        ("利润呢？", ("2018年的收入是多少？",), "2018年的利润是多少？"),
        ("上海呢？", ("北京的人口是多少？",), "上海的人口是多少？"),
        ("它的作者是谁？", ("《红楼梦》是哪年写的？",), "《红楼梦》的作者是谁？"),
        ("他是哪年出生的？", ("谁写了《红楼梦》？", "由**曹雪芹**写成。"), "曹雪芹是哪年出生的？"),
    ],
)
def test_what_changed_is_put_into_the_earlier_question(question: str, before: tuple[str, ...], expected: str) -> None:
    assert stand_alone(question, talk(*before)) == expected


@pytest.mark.parametrize(
    "question",
    ["Who won the World Cup in 1998?", "长城有多长？", "What is the population of Paris?", "Summarise this document"],
)
def test_a_whole_question_is_not_touched(question: str) -> None:
    assert stand_alone(question, talk(REVENUE, "9 million [1]")) == question


def test_without_a_conversation_nothing_changes() -> None:
    assert stand_alone("and in 2019?", ()) == "and in 2019?"
