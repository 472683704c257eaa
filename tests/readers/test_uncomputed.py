"""A cell is never given for what would have to be computed, unless the table states it."""

from __future__ import annotations

import pytest

from assistant.readers.cells import is_title, row_claim, table_heads
from assistant.readers.extractive import ExtractiveReader
from assistant.readers.uncomputed import refused
from assistant.types import Claim, Draft, Passage, Question, Span
from tests.readers.tables import sheet

GRID = [
    ["Month", "Passengers", "Revenue EUR"],
    ["March", "11208", "82,455.00"],
    ["April", "14875", "110,320.00"],
    ["Total", "26083", "192,775.00"],
]
HIT, TABLE_OF = sheet("Ferry", GRID)
PROSE = Passage(9, "c", "a.md", 0, 37, "The highest revenue was in the April.")


def told(question: str) -> tuple[bool, str]:
    """Whether the answer is refused, and its text or the sentence instead."""
    asked = Question(question, ("c",))
    draft = ExtractiveReader(table_of=TABLE_OF, abstain_below=0.0).read(asked, [HIT])
    found = refused(asked, draft, [HIT], TABLE_OF, "en")
    return (True, found[2]) if found else (draft.abstained, draft.claims[0].text if draft.claims else "")


@pytest.mark.parametrize(
    "question",
    [
        "Which month had the highest revenue?",
        "What is the average number of passengers?",
        "How many more passengers travelled in April than in March?",
        "What was the lowest revenue?",
    ],
)
def test_what_must_be_computed_is_refused_in_one_sentence_that_names_the_table(question: str) -> None:
    refusal, sentence = told(question)
    assert refusal
    assert sentence.endswith("the nearest table is “Ferry” in Ferry.xlsx.")


def test_a_row_named_total_is_quoted() -> None:
    assert told("What is the total revenue?") == (False, "Total, Revenue EUR: **192,775.00**")


def test_the_total_of_one_month_is_its_cell() -> None:
    assert told("What was the revenue in March altogether?") == (False, "March, Revenue EUR: **82,455.00**")


def test_plain_questions_are_left_alone() -> None:
    asked = Question("How many passengers travelled in March?", ("c",))
    draft = ExtractiveReader(table_of=TABLE_OF).read(asked, [HIT])
    assert refused(asked, draft, [HIT], TABLE_OF, "en") is None


def test_prose_that_answers_stands_beside_a_table() -> None:
    asked = Question("Which month had the highest revenue?", ("c",))
    draft = Draft((Claim(PROSE.text, (Span(PROSE, 0, 37),)),), 0.8)
    assert refused(asked, draft, [HIT], TABLE_OF, "en") is None


def test_arithmetic_is_refused_whatever_is_near() -> None:
    found = refused(Question("What is 2 + 2?", ("c",)), Draft(), [], TABLE_OF, "zh")
    assert found
    assert found[0].abstained
    assert found[2] == "我还不会计算；请询问文档中写明的内容。"


def test_the_name_of_a_sheet_is_a_title_and_no_answer() -> None:
    assert is_title(HIT.passage, 2, TABLE_OF)
    assert not is_title(HIT.passage, HIT.passage.text.index("March"), TABLE_OF)
    assert not is_title(PROSE, 2, TABLE_OF)


def test_a_label_that_answers_comes_with_its_row() -> None:
    start = HIT.passage.text.index("March")
    made = TABLE_OF(HIT.passage, start)
    assert made is not None
    claim, value = row_claim("Which?", HIT.passage, (start, start + 25), (start, start + 5), made, 40)
    assert (claim.text, value) == ("Month: **March**; Passengers: 11208; Revenue EUR: 82,455.00", "March")


def test_a_table_says_its_name_and_columns() -> None:
    made = TABLE_OF(HIT.passage, 20)
    assert made is not None
    (claim,) = table_heads([HIT.passage], [made])
    assert claim.text == "Ferry: Month, Passengers, Revenue EUR"
    assert claim.spans[0].quote == "Ferry\n\nMonth | Passengers | Revenue EUR"
