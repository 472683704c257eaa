from pathlib import Path

import pytest

from evals.answer_sets import SETS
from evals.report_sets import Figure, FilingItem, ReportItem, content, figures, markdown, report, states

NUMBERS = [
    ("Sales were $1,496.5 million in 2019 [2].", Figure(1496.5, "million"), True),
    ("Sales were 1496.5 in 2019.", Figure(1496.5, "million"), True),  # in the document's own scale
    ("Sales were $1.4965 billion.", Figure(1496.5, "million"), True),
    ("Sales were 1,496.5 thousand.", Figure(1496.5, "million"), False),
    ("It changed by -22.22%.", Figure(-22.22, "percent"), True),
    ("It fell by 22.22 percent.", Figure(-22.22, "percent"), True),
    ("It rose by 22.22%.", Figure(-22.22, "percent"), False),
    ("It is 22.22.", Figure(22.22, "percent"), False),
    ("It is (134).", Figure(-134.0), True),
    ("It is 22.224%.", Figure(22.22, "percent"), True),
    ("It is 22.2%.", Figure(22.22, "percent"), False),
    ("Between 2018-2019.", Figure(-2019.0), False),
]


@pytest.mark.parametrize(("answer", "gold", "right"), NUMBERS)
def test_a_number_is_right_by_value_scale_and_sign(answer: str, gold: Figure, right: bool) -> None:
    assert states(answer, gold) is right


def test_numbers_of_a_text() -> None:
    assert figures("a loss of $(2.5)% on 1,000 [3]") == [Figure(-2.5, "percent"), Figure(1000.0)]


def test_all_parts_of_an_answer_must_be_there() -> None:
    item = ReportItem("1", "?", (("cost-plus type",),), "0.md", ("0.md",), numbers=(Figure(12.0, "million"),))
    assert item.score("Cost-plus type, 12 million.") == 1.0
    assert item.score("Fixed type, 12 million.") == 0.0
    assert item.score("Cost-plus type, 13 million.") == 0.0


def test_a_table_stands_between_its_paragraphs() -> None:
    rows = [["", "2019"], ["Net|sales", "$  5"]]
    context = {"paragraphs": [{"order": 2, "text": "B"}, {"order": 1, "text": "A"}], "table": {"table": rows}}
    assert report(context) == "A\n\n|  | 2019 |\n|---|---|\n| Net\\|sales | $ 5 |\n\nB\n"
    assert markdown([["x"]]) == "| x |\n|---|"


def test_shares_of_a_long_gold() -> None:
    item = FilingItem("0", "?", (), "a.pdf", numbers=(Figure(21213.0, "million"), Figure(25.93, "percent")))
    assert item.score("About 25.93% of sales [1].") == 0.5
    said = FilingItem("1", "?", (), "a.pdf", words=content("The rise was in services."))
    assert said.score("Services, they say.") == 0.5  # of rise and services


@pytest.mark.bench_data
def test_the_sets_hold_their_own_gold(bench: Path) -> None:
    tables = SETS["tatqa"](bench)
    assert (len(tables.paragraphs), len(tables.items)) == (278, 1668)
    first = tables.items[1]
    assert (first.question, first.only) == ("What is the amount of total sales in 2019?", ("0.md",))
    assert [first.score(f"{amount} million") for amount in ("$1,496.5", "$1,202.9")] == [1.0, 0.0]
    filed = SETS["filings"](bench)
    assert (len(filed.files), len(filed.items)) == (6, 58)
    assert [item.score(item.golds[0][0]) for item in filed.items] == [1.0] * 58
    assert filed.items[0].only == tuple(name for name in filed.files if "AAPL" in name)
