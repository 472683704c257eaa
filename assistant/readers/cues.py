# ruff: noqa: E501 - patterns and sentences are tables: a row is a line
"""What kind of thing a question asks for, and whether a text holds one: who, when, how many, where (English, Chinese)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Wanted = Literal["number", "time", "person", "place", "reason", "any"]
_QUESTION_WORDS: tuple[tuple[Wanted, str], ...] = (
    (
        "time",
        r"\bwhen\b|\bwhat (?:\w+ )?(?:year|date|day|month|century|time)\b|\bwhich (?:year|date|day|month)\b|\bhow long ago\b"
        r"|何时|什么时[候间]|哪一?[年天日月]|几[年月日号点]|哪个(?:年|月|世纪|时期|朝代)|多久|什么年代|时间是",
    ),
    (
        "number",
        r"\bhow (?:many|much|long|old|tall|high|far|big|large|deep|fast|often|wide)\b|\bwhat (?:percent\w*|number|amount|share|rate|price)"
        r"|多少|几[个人次本部名位所种支条座]|多[大长高远重深宽快]|第几|百分之几|人数是|人口是|面积是",
    ),
    ("person", r"\bwho(?:m|se)?\b|谁|哪位|何人|哪个人|什么人|哪一?位"),
    (
        "place",
        r"\bwhere\b|\b(?:what|which) (?:country|city|state|place|town|county)\b|哪里|哪儿|何处|什么地方|哪个(?:国家|城市|省|地方|地区|市|县)|位于哪",
    ),
    ("reason", r"\bwhy\b|\bwhat (?:causes?|caused|is the reason)\b|为什么|为何|原因|怎么会"),
)
_QUESTIONS = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _QUESTION_WORDS)
_NUMBER = r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred|thousand|million|billion|half|dozen|once|twice)\b|[一二三四五六七八九十百千万亿两]"
_TIME = (
    r"\b1\d{3}\b|\b20\d{2}\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday"
    r"|Wednesday|Thursday|Friday|Saturday|Sunday|century|today|spring|summer|autumn|winter|season)\b|\d年|\d月|世纪|年代|[一二三四五六七八九十〇零]年|朝|时期"
)
_HOLDS: dict[Wanted, re.Pattern[str]] = {
    "number": re.compile(_NUMBER, re.IGNORECASE),
    "time": re.compile(_TIME, re.IGNORECASE),
    "person": re.compile(r"\b[A-Z][\w.'-]+|[\u4e00-\u9fff]{2,}"),
    "place": re.compile(r"\b(?:in|at|from|near|to|of) (?:the )?[A-Z]|[省市县区国州镇村岛洲山河湖港]"),
    "reason": re.compile(
        r"\b(?:because|due to|since|as a result|so that|caused?|owing to|in order|reasons?)\b|因|由于|所以|故|为了|导致",
        re.IGNORECASE,
    ),
    "any": re.compile(""),
}


@lru_cache(maxsize=1024)
def wanted(question: str) -> Wanted:
    """
    >>> wanted("How many people live there?"), wanted("谁写了这本书？"), wanted("what is it")
    ('number', 'person', 'any')
    """
    return next((kind for kind, pattern in _QUESTIONS if pattern.search(question)), "any")


def holds(kind: Wanted, text: str) -> bool:
    return bool(_HOLDS[kind].search(text))


_PARSE = re.compile(r"[-−+]?\d[\d,]*(?:\.\d+)?(?![\d-])")


def number_in(text: str) -> int | float | None:
    """The only number of a short text, commas as thousands; None where there is none or several.

    >>> number_in("1,250 people"), number_in("$3.5"), number_in("3 or 4")
    (1250, 3.5, None)
    """
    found = _PARSE.findall(text)
    if len(found) != 1:
        return None
    plain = found[0].replace(",", "").replace("−", "-")
    return float(plain) if "." in plain else int(plain)
