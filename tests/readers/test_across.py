"""Names of rows and columns in the other language, with the packaged encoder."""

from __future__ import annotations

import pytest

from assistant.embedders.centred import CentredEmbedder
from assistant.embedders.sentence import SentenceEmbedder
from assistant.readers.across import Names, column_across, look_up_across, months, phrases
from assistant.seams import Embedder
from tests.readers.tables import sheet

FERRY = [
    ["Month", "Passengers", "Bicycles", "Cars", "Revenue EUR"],
    ["March", "11208", "918", "1530", "82,455.00"],
    ["April", "14875", "1733", "1904", "110,320.00"],
]
CHINESE = [["姓名", "部门", "工资", "电话"], ["王芳", "销售", "9000", "123"], ["李雷", "研发", "12000", "456"]]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return CentredEmbedder(SentenceEmbedder("packaged"))


def test_months_in_both_languages() -> None:
    assert months("3月和十一月份") == {3, 11}
    assert months("in March, not in May") == {3, 5}
    assert months("one may mar 12个月") == frozenset()


def test_phrases_leave_out_what_says_nothing() -> None:
    assert phrases("3月的乘客有多少？") == (["乘客"], [])
    assert phrases("月票多少钱？") == (["月票", "钱"], [])
    assert phrases("What is the start date?") == (["start date"], ["start", "date"])


@pytest.mark.parametrize(
    ("question", "cell"),
    [("3月的乘客有多少？", "11208"), ("四月的收入是多少？", "110,320.00"), ("三月有多少辆汽车？", "1530")],
)
def test_a_month_and_a_column_name_a_cell(embedder: Embedder, question: str, cell: str) -> None:
    hit, table_of = sheet("2025", FERRY)
    found = look_up_across(question, [hit], table_of, embedder)
    assert found
    assert found.cell
    assert found.cell.text == cell


@pytest.mark.parametrize(
    "question", ["三月有多少只猫？", "五月的乘客有多少？", "三月和四月的乘客有多少？", "今天天气怎么样？"]
)
def test_what_the_table_does_not_hold_is_not_looked_up(embedder: Embedder, question: str) -> None:
    hit, table_of = sheet("2025", FERRY)
    assert look_up_across(question, [hit], table_of, embedder) is None


def test_a_name_kept_in_its_own_script_finds_its_row(embedder: Embedder) -> None:
    hit, table_of = sheet("staff", CHINESE)
    found = look_up_across("What is the salary of 王芳?", [hit], table_of, embedder)
    assert found
    assert found.cell
    assert found.cell.text == "9000"


def test_a_column_is_listed_by_its_name_in_the_other_language(embedder: Embedder) -> None:
    hit, table_of = sheet("2025", FERRY)
    made = table_of(hit.passage, 20)
    assert made is not None
    assert column_across("自行车", [made], embedder) == (made, "Bicycles")
    assert column_across("天气", [made], embedder) is None
    assert column_across("passengers", [made], embedder) is None


def test_names_without_letters_are_no_names(embedder: Embedder) -> None:
    assert Names("乘客", embedder).nearest(["2024", "2025"]) is None
