"""Numbers as people write them in tables: 1,234.50 and 1.234,50, percent, currency, brackets for minus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.types import Scalar

MISSING = frozenset({"", "-", "–", "—", ".", "..", "...", "n/a", "na", "n.a.", "nil", "#n/a"})
_CURRENCY = r"(?:US\$|HK\$|NT\$|[$€£¥₩₹￥฿]|CHF|EUR|USD|GBP|CNY|RMB|JPY)"
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+−–])?\s*(?:{_CURRENCY})?\s*(?P<sign2>[-−])?\s*"
    r"(?P<digits>\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d+)?|\d[\d.,]*|[.,]\d+)(?P<exponent>[eE][-+]?\d{1,3})?"
    rf"\s*(?P<percent>%)?\s*(?:{_CURRENCY})?\s*(?P<close>\))?",
)
_POINT_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?$")
_COMMA_THOUSANDS = re.compile(r"\d{1,3}(,\d{2,3})*(,\d{3})(\.\d+)?$")
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}([ T]\d{1,2}:\d{2}(:\d{2})?)?$|\d{1,2}:\d{2}(:\d{2})?$")
_YEAR = re.compile(r"(?:FY ?)?(?:1[89]|20)\d\d(?:[-/](?:\d{2}|\d{4}))?(?: ?[EAae])?$")


def parse_number(text: str, decimal: str = ".") -> int | float | None:
    """The number a cell shows, None for anything else. `decimal` decides where a single separator could mean either."""
    text = text.strip()
    match = _NUMBER.fullmatch(text) if text and len(text) < 60 else None
    if not match or bool(match["open"]) != bool(match["close"]):
        return None
    plain = _plain(match["digits"], decimal)
    if plain is None:
        return None
    value: int | float
    if match["exponent"] or "." in plain:
        value = float(plain + (match["exponent"] or ""))
        if value in (float("inf"), float("-inf")):
            return None
    elif len(plain) > 18:  # an identifier rather than a quantity; also beyond what a database column holds
        return None
    else:
        value = int(plain)
    if match["open"] or match["sign"] in ("-", "−", "–") or match["sign2"]:
        value = -value
    return round(value / 100, 12) if match["percent"] else value


def _plain(digits: str, decimal: str) -> str | None:
    """Digits with at most one point; None where the separators make no number (dates, versions, phone numbers)."""
    digits = re.sub(r"[ \u00a0\u202f'’]", "", digits)
    points, commas = digits.count("."), digits.count(",")
    if not points and not commas:
        return digits
    if points and commas:
        decimal = max(".,", key=digits.rfind)
        thousands = "," if decimal == "." else "."
        ok = (_COMMA_THOUSANDS if decimal == "." else _POINT_THOUSANDS).match(digits)
        return digits.replace(thousands, "").replace(decimal, ".") if ok else None
    mark = "." if points else ","
    if points + commas == 1 and (mark == decimal or len(digits.split(mark)[1]) != 3 or digits.startswith("0" + mark)):
        return digits.replace(mark, ".")
    grouped = _POINT_THOUSANDS if mark == "." else _COMMA_THOUSANDS
    return digits.replace(mark, "") if grouped.match(digits) else None


def column_decimal(texts: Iterable[str]) -> str | None:
    """ "." or ",": what the cells of a column, taken together, use before decimals; None where nothing tells."""
    votes = {".": 0, ",": 0}
    dotted = hundreds = 0
    for text in texts:
        match = _NUMBER.fullmatch(text.strip()) if len(text) < 60 else None
        digits = match["digits"] if match else ""
        last = max(".,", key=digits.rfind)
        if last not in digits:
            hundreds += len(digits) == 3
            continue
        tail = len(digits) - digits.rfind(last) - 1
        if ("." in digits and "," in digits) or (digits.count(last) == 1 and (tail != 3 or digits.startswith("0"))):
            votes[last] += 1
        elif digits.count(last) > 1:
            votes["," if last == "." else "."] += 1
        else:
            dotted += last == "."
    if votes["."] == votes[","]:
        # 379, 1.133: whole numbers beside such with exactly three places mean that the point groups thousands
        return "," if dotted and hundreds and not votes["."] else None
    return max(votes, key=lambda mark: votes[mark])


def typed(grid: Sequence[Sequence[str]], header_rows: int = 0) -> list[list[Scalar]]:
    """Values of displayed texts, column by column: numbers where they are numbers, None for blanks, else the text."""
    width = max((len(row) for row in grid), default=0)
    found = [column_decimal(row[c] for row in grid[header_rows:] if c < len(row)) for c in range(width)]
    usual = "," if found.count(",") > found.count(".") else "."
    decimals = [mark or usual for mark in found]
    return [[_value(text, decimals[c], r < header_rows) for c, text in enumerate(row)] for r, row in enumerate(grid)]


def _value(text: str, decimal: str, header: bool) -> Scalar:
    text = " ".join(text.split())
    if header:
        return text or None
    if text.lower() in MISSING:
        return None
    if len(text) > 1 and text[0] == "0" and text.isdigit():  # 00123 is a code
        return text
    number = parse_number(text, decimal)
    return text if number is None else number


def is_year(text: str) -> bool:
    return bool(_YEAR.match(text.strip()))


def is_date(text: str) -> bool:
    return bool(_DATE.match(text.strip()))


def is_datum(text: str) -> bool:
    """A cell that holds data rather than a label: a number, date, time."""
    text = text.strip()
    return parse_number(text) is not None or is_date(text) or parse_number(text, ",") is not None
