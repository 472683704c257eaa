"""Which questions would have to be worked out, and which texts state the result."""

from __future__ import annotations

import pytest

from assistant.planning.calculation import needed, one_cell, states


@pytest.mark.parametrize(
    ("question", "need"),
    [
        ("Which month had the highest revenue?", "most"),
        ("Which month had the most passengers?", "most"),
        ("收入最高的月份是哪个月？", "most"),
        ("What is the cheapest ticket?", "least"),
        ("最便宜的票是什么？", "least"),
        ("What is the total number of passengers?", "sum"),
        ("2025年一共有多少乘客？", "sum"),
        ("What is the average number of passengers per month?", "mean"),
        ("平均每月有多少乘客？", "mean"),
        ("How many more passengers travelled in August than in July?", "difference"),
        ("8月比7月多多少乘客？", "difference"),
        ("By how much did revenue grow?", "difference"),
        ("How many months had no cancelled sailings?", "count"),
        ("What is 11208 + 14875?", "arithmetic"),
        ("2+2", "arithmetic"),
        ("How many passengers travelled in March?", None),
        ("3月的乘客有多少？", None),
        ("How many pages may a file have at most?", None),
        ("Who wrote most of the report?", None),
        ("What happened in 2019-2020?", None),
        ("月票多少钱？", None),
    ],
)
def test_what_a_question_needs(question: str, need: str | None) -> None:
    assert needed(question) == need


def test_a_result_is_stated_by_its_name() -> None:
    assert states("sum", "Total, Passengers: **204708**")
    assert states("mean", "全年平均, 乘客: **17059**")
    assert states("most", "France, Largest city: **Paris**")
    assert not states("most", "March, Passengers: **11208**")
    assert not states("arithmetic", "the sum is 4")


def test_a_total_over_one_row_is_its_cell_and_over_several_is_not() -> None:
    assert one_cell("What is the total revenue in March?", "sum")
    assert not one_cell("What is the total revenue from March to May?", "sum")
    assert not one_cell("What is the average revenue in March?", "mean")
