"""Questions to ask next: each is answered by one statement or cell of the passages, and none was asked already."""

from __future__ import annotations

import pytest

from assistant.answering.suggesting import suggestions
from assistant.types import Passage


def text(body: str, document: str = "a.md", context: str = "", number: int = 1) -> Passage:
    return Passage(number, "c", document, 0, len(body), body, context)


FERRY = Passage(
    7, "c", "ferry.xlsx", 0, 60,
    "Month | Passengers | Revenue EUR\nMay | 18340 | 137,905.50\nJune | 23107 | 176,410.00\nJuly | 31562 | 244,875.00",
    "2025\nheader: Month | Passengers | Revenue EUR", None, 0,
)  # fmt: skip


def test_a_table_suggests_the_neighbours_of_what_was_asked() -> None:
    assert suggestions([FERRY], "How many passengers travelled in June?", "en") == (
        "What is the Revenue EUR for June?",
        "How many passengers are there for July?",
    )
    assert suggestions([FERRY], "六月 June 的 Passengers 是多少？", "zh")[0] == "June的Revenue EUR是多少？"


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The largest file that is accepted is 1 GB.", "What is the largest file that is accepted?"),
        ("The price of a *day pass* is 12 euros.", "What is the price of a day pass?"),
        ("A file may have at most 5,000 pages.", "How many pages may a file have?"),
        ("The bell of Sankt Alban was cast by Theodora Winterhalter in 1742.", ""),
        ("The harbour office opens at eight o'clock.", "When does the harbour office open?"),
        ("The north pier was built in 1897.", "When was the north pier built?"),
        ("The musical score was written by Ada Brandt.", "Who wrote the musical score?"),
        ("It is a large building.", ""),
        ("The country is a republic.", ""),
        ("This office is the oldest.", ""),
    ],
)
def test_english_statements_become_the_questions_they_answer(sentence: str, question: str) -> None:
    assert suggestions([text(sentence)], "", "en") == ((question,) if question else ())


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("单个文件最大为 1 GB，可以修改。", "单个文件最大是多少？"),
        ("一个文件最多 5,000 页。", "一个文件最多多少页？"),
        ("资料库是一组命名的文档。", ""),
        ("滞纳金是五角钱。", "滞纳金是多少？"),
        ("旧馆位于北街。", "旧馆位于哪里？"),
        ("它是一种植物。", ""),
        ("由于它是一种植物。", ""),
    ],
)
def test_chinese_statements_become_the_questions_they_answer(sentence: str, question: str) -> None:
    assert suggestions([text(sentence)], "", "zh") == ((question,) if question else ())


def test_nothing_is_suggested_twice_or_after_it_was_asked() -> None:
    passage = text("The north pier was built in 1897. The north pier was built in 1897.")
    assert suggestions([passage, passage], "", "en") == ("When was the north pier built?",)
    assert suggestions([passage], "When was the north pier built?", "en") == ()


def test_sections_are_the_last_resort_and_titles_are_none() -> None:
    assert suggestions([text("Words.", context="Guide > 2. Harvest")], "When?", "en") == (
        "What does it say about Harvest?",
    )
    assert suggestions([text("Words.", "Guide.md", "Guide")], "When?", "en") == ()


def test_passages_near_by_fill_up() -> None:
    near = [text("The south pier was built in 1901.", number=2)]
    assert suggestions([text("Nothing here.")], "", "en", near=near) == ("When was the south pier built?",)
    assert suggestions([], "", "en") == ()
