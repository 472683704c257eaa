# ruff: noqa: E501 - patterns are tables: a row is a line
"""Questions that ask for more than one cell of a table: totals, means, counts, extremes, differences (English, Chinese).

The embedded brain quotes and does not compute. It may still answer such a question where a document states the
result; `states` says whether a text speaks of one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Need = Literal["most", "least", "sum", "mean", "count", "difference", "arithmetic"]

_MOST = (
    r"highest|largest|biggest|greatest|maxim(?:um|al)|max|tallest|longest|busiest|heaviest|strongest|fastest|richest|priciest|dearest|best"
    r"|(?<!at )most(?! of\b| likely\b| recent)"
)
_LEAST = r"lowest|smallest|fewest|minim(?:um|al)|min|shortest|cheapest|lightest|weakest|slowest|quietest|poorest|worst|(?<!at )least"
_MORE = r"more|less|fewer|higher|lower|larger|smaller|greater|longer|shorter|cheaper|heavier|older|younger"
_QUESTIONS: tuple[tuple[Need, str], ...] = (
    (
        "arithmetic",
        r"^\W*(?:what(?:'s| is)|how much is|calculate|compute|请?计算)?\s*\(*-?\d[\d.,]*(?:\s*[-+*/×÷^x−]\s*\(*-?\d[\d.,]*\)*)+\s*(?:=|等于(?:多少|几)?|是多少|得多少)?\W*$",
    ),
    (
        "difference",
        rf"\bhow (?:much|many)(?: \w+)? (?:{_MORE})\b|\b(?:much|many) (?:{_MORE})\b.*\bthan\b|\bdifference between\b|\bby how (?:much|many)\b"
        r"|\bhow much (?:did|does|do|has|have)\b.*\b(?:increase|decrease|grow|grown|rise|risen|fall|fallen|drop|dropped|change|gain|lose)\w*\b"
        r"|\b(?:ratio of|times as (?:many|much))\b|\b(?:what|which) (?:share|percent\w*|proportion) of\b"
        r"|[多少高低大小长短](?:了)?(?:多少|几[个人元次倍])|相差|差(?:额|距|了)?(?:多少|是)|之差|比.{1,14}[多少高低](?:了|出)|(?:增长|增加|减少|下降|上升|提高|变化)了?(?:多少|几)|占.{0,14}(?:多少|比例|百分|几成)|[几多少]+倍",
    ),
    ("mean", r"\b(?:average|mean (?:number|value|of)|median|on average)\b|平均|均值|中位数"),
    ("most", rf"\b(?:{_MOST})\b|最[高大多长贵好忙快重强]|排名?第一"),
    ("least", rf"\b(?:{_LEAST})\b|最[低小少短便差慢轻弱]"),
    (
        "sum",
        r"\b(?:totals?|sum of|sums?|altogether|in all|overall|combined|all together|add(?:ed|ing)? up)\b|合计|总[共计和数额量]|总(?:收入|成本|人数|金额|营收|支出|费用|乘客|销量)|一共|共有|共计|加起来|全年.{0,8}多少",
    ),
    (
        "count",
        r"\bhow many (?:different |other )?\w+ (?:had|have|has|are|were|was|did|do|with|cost|costs)\b|\bnumber of (?:rows|entries)\b|有几[个种项]|多少[个种项]",
    ),
)
_NEEDS = tuple((need, re.compile(pattern, re.IGNORECASE)) for need, pattern in _QUESTIONS)
_RESULTS: tuple[tuple[Need, str], ...] = (
    ("most", rf"\b(?:{_MOST}|high|peak|top|record)\b|最|峰值|首位|第一|冠军"),
    ("least", rf"\b(?:{_LEAST}|low)\b|最|末位|倒数"),
    ("sum", r"\b(?:sub)?totals?\b|\b(?:sum|overall|altogether|all|whole|combined)\b|[合总共小]计|总|一共|全[年部]"),
    ("mean", r"\b(?:average|avg|mean|median|typical)\b|平均|均|中位"),
    ("count", r"\b(?:count|number|total|no\.|how many)\b|数|[合总共]计"),
    (
        "difference",
        rf"\b(?:differences?|changes?|increases?|decreases?|growth|ratio|share|proportion|{_MORE})\b|%|[±Δ]|percent|差|增|减|降|变化|[同环]比|占比|比例|倍",
    ),
)
_STATED = {need: re.compile(pattern, re.IGNORECASE) for need, pattern in _RESULTS}
_RANGE = re.compile(
    r"\b(?:since|until|till|through|after|before|between|from .+ to|up to|first \w+ months?|per|each|every)\b|从.+到|以[前后来]|之[前后]|每|至",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def needed(question: str) -> Need | None:
    """What would have to be worked out, where that is plain from the words.

    >>> needed("Which month had the highest revenue?"), needed("平均每月有多少乘客？"), needed("Who came in March?")
    ('most', 'mean', None)
    """
    return next((need for need, pattern in _NEEDS if pattern.search(question)), None)


def states(need: Need, text: str) -> bool:
    """Whether a text speaks of such a result, so that quoting it may answer.

    >>> states("sum", "Total, Passengers: 204708"), states("most", "March, Passengers: 11208")
    (True, False)
    """
    return need in _STATED and bool(_STATED[need].search(text))


def one_cell(question: str, need: Need) -> bool:
    """Whether the cell of the one row that is named is what is asked for ("the total revenue in March")."""
    return need in ("sum", "count") and not _RANGE.search(question)
