# ruff: noqa: E501, SIM905 - patterns and words are tables: a row is a line
"""What of a sentence can be compared exactly: numbers with their units, dates, names, and whether it denies."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from assistant.answering.language import HAN
from assistant.answering.terms import STOP, normal, stem, terms

_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "mn": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
           "百": 100, "千": 10**3, "万": 10**4, "萬": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "億": 10**8, "万亿": 10**12}  # fmt: skip
_UNITS = {
    "%": "% percent percentage 个百分点",
    "usd": "$ us$ usd dollar dollars 美元",
    "eur": "€ eur euro euros 欧元",
    "gbp": "£ gbp pound-sterling 英镑",
    "cny": "¥ rmb cny yuan 元 人民币 块",
    "m": "m metre metres meter meters 米",
    "km": "km kilometre kilometres kilometer kilometers 公里 千米",
    "cm": "cm centimetre centimetres centimeter centimeters 厘米",
    "mm": "mm millimetre millimetres millimeter millimeters 毫米",
    "mile": "mile miles mi 英里",
    "ft": "ft foot feet 英尺",
    "inch": "inch inches 英寸",
    "kg": "kg kilogram kilograms kilogramme kilogrammes 公斤 千克",
    "g": "g gram grams gramme grammes 克",
    "mg": "mg milligram milligrams 毫克",
    "lb": "lb lbs pound pounds 磅",
    "t": "t ton tons tonne tonnes 吨",
    "l": "l litre litres liter liters 升",
    "ml": "ml millilitre millilitres milliliter milliliters 毫升",
    "°c": "°c ℃ celsius 摄氏度",
    "°f": "°f ℉ fahrenheit 华氏度",
    "year": "year years 年度",
    "month": "month months 个月",
    "week": "week weeks 周 星期",
    "day": "day days 天",
    "hour": "h hour hours 小时",
    "minute": "min minute minutes 分钟",
    "second": "s second seconds 秒",
    "am": "am",
    "pm": "pm",
    "person": "people persons person 人 名 位",
}
MONTH = "month name"
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_MONTHS = {name: n for n, name in enumerate("january february march april may june july august september october november december".split(), 1)}  # fmt: skip
_MONTHS |= {name[:3]: n for name, n in _MONTHS.items()} | {"sept": 9}
_MONTH = r"(?P<month>January|February|March|April|May|June|July|August|September|October|November|December|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
_DATE = re.compile(
    rf"(?<!\d)(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}})(?!\d)|(?<!\d)(?P<zy>\d{{4}})年(?:(?P<zm>\d{{1,2}})月(?:(?P<zd>\d{{1,2}})[日号])?)?"
    rf"|(?<!\d)(?P<zm2>\d{{1,2}})月(?P<zd2>\d{{1,2}})[日号]|\b{_MONTH}(?=\s+\d)|(?<=\d)\s+(?:of\s+)?\b{_MONTH.replace('month', 'month2')}\b|\b(?:[Ii]n|[Oo]f|[Oo]n|[Uu]ntil|[Ss]ince|[Bb]y) {_MONTH.replace('month', 'month3')}\b"
)
_WORDS_OF_NUMBER = {w: n for n, w in enumerate("two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split(), 2)}  # fmt: skip
_WORDS_OF_NUMBER |= {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
_WORD_NUMBER = "|".join(_WORDS_OF_NUMBER)
_ZH_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_ZH_NUMBER = r"[〇零一二两兩三四五六七八九十百千]"
_NUMBER = re.compile(
    rf"(?P<money>US\$|[$€£¥])?\s?(?<![A-Za-z0-9_.])(?<![A-Za-z]-)(?P<sign>-)?(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d*\.\d+|\d+)(?:st|nd|rd|th|s\b)?"
    rf"(?:\s*(?P<scale>hundred|thousand|million|billion|trillion|mn|bn|百万|千万|万亿|[百千万萬亿億])(?![A-Za-z]))?"
    rf"(?:[\s-]?(?P<unit>%|°[cCfF]|[℃℉]|per ?cent|percentage points?|[A-Za-z]+|个百分点|个月|公里|千米|厘米|毫米|英里|英尺|英寸|公斤|千克|毫克|毫升|小时|分钟|星期|年度|美元|欧元|英镑|人民币|摄氏度|华氏度|[{HAN}]))?"
)
_WRITTEN = re.compile(
    rf"\b(?P<word>{_WORD_NUMBER})(?:-(?P<ones>{_WORD_NUMBER}))?\b(?:\s+(?P<scale>hundred|thousand|million|billion|trillion)\b)?(?:[\s-](?P<unit>[A-Za-z]+))?"
    rf"|百分之(?P<share>{_ZH_NUMBER}+|\d+(?:\.\d+)?)|(?P<zh>{_ZH_NUMBER}*[二两兩三四五六七八九十百千]{_ZH_NUMBER}*)(?P<zhscale>万亿|[万亿])?(?P<zhunit>个月|个百分点|公里|厘米|公斤|小时|分钟|星期|美元|欧元|[年月日号天人名位岁元米里吨克倍周秒家座条种部件届次个])",
    re.IGNORECASE,
)
_ORDINAL = re.compile(rf"(?<!\ba )(?<!per )(?<!\d )\b(?:{'|'.join(_ORDINALS)})\b(?!,)", re.IGNORECASE)
_NO = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|fail(?:s|ed)? to|unable|lacks?|lacked|refus(?:e|es|ed)|n't)\b|\w+n't\b"
    r"|(?<!是)不(?!仅|但|只|过|同|少|断|久|得不|论|管|如)|没有|没|未(?!来)|无(?!论|锡|线|数|限)|非(?!常|洲)|从不|并非",
    re.IGNORECASE,
)
_ONLY = re.compile(
    r"\b(?:only|solely|exclusively|merely|just|always|all|every|entirely|purely|incapable|mistakenly|wrongly)\b|仅|只|唯一|全部|所有|总是|完全|每(?!年|月|日|天|个)",
    re.IGNORECASE,
)
_LIST_MARK = re.compile(r"^\s*(?:[-*•·>#]+\s+)*(?:\(?\d{1,2}[.)、](?!\d)\s*|[-*•·]\s+)?")
_WORD = re.compile(r"[^\W\d_](?:[\w’'&.-]*\w)?")
_CODE = re.compile(r"(?<![A-Za-z0-9_.])\d+(?:\.\d+)?[A-Za-z][A-Za-z0-9]*")
"""Digits and letters in one word."""
_QUOTED = re.compile(r"《([^》]{1,40})》|“([^”]{1,40})”|「([^」]{1,40})」|『([^』]{1,40})』")
_STARTS = re.compile(r"(?:^|[.:;!?—–|]|[\"“(\[]|\*\*)\s*$")


@dataclass(frozen=True, slots=True)
class Number:
    """A value and its unit in a canonical form; "" where none is known. Months are numbers of the unit MONTH."""

    value: Decimal
    unit: str = ""

    def equals(self, other: Number) -> bool:
        """The same value, and no two different units: a unit that is not said may stand in a table's header. November
        is no 11."""
        same = self.unit == other.unit or (MONTH not in {self.unit, other.unit} and not (self.unit and other.unit))
        return same and self.value == other.value


@lru_cache(maxsize=4096)
def numbers(text: str) -> frozenset[Number]:
    """Numbers of a text, its list mark left out.

    >>> numbers("1,000 m") == numbers("1000 metres"), numbers("12 %") == numbers("12 percent")
    (True, True)
    >>> numbers("9 million dollars") == numbers("$9,000,000"), numbers("三百人") == numbers("300 人")
    (True, True)
    >>> numbers("2005-07-01") == numbers("July 1, 2005") == numbers("2005年7月1日")
    True
    """
    plain = unicodedata.normalize("NFKC", _LIST_MARK.sub("", text)).replace("−", "-")
    rest, found = _dates(plain)
    for match in _NUMBER.finditer(rest):
        if made := _digits(match):
            found.add(made)
    found |= {Number(Decimal(_ORDINALS[match[0].lower()])) for match in _ORDINAL.finditer(rest)}
    for match in _WRITTEN.finditer(rest):
        if made := _written(match):
            found.add(made)
    return frozenset(found)


def exact_words(text: str) -> frozenset[str]:
    """The terms of a text that `numbers` compares: digits, the units said, months.

    >>> sorted(exact_words("It is 330 m tall in May 2004, by the second metre."))
    ['2004', '330', 'm', 'metr']
    """
    units = {number.unit for number in numbers(text)}
    words = {stem(word) for word, unit in _UNIT_OF.items() if unit in units}
    if MONTH in units:
        words |= {stem(name) for name in _MONTHS}
    return frozenset(word for word in terms(text) if word in words or re.search(r"\d", word))


def _dates(text: str) -> tuple[str, set[Number]]:
    """The text without its dates, and their years, months and days."""
    found: set[Number] = set()

    def take(match: re.Match[str]) -> str:
        for key, value in match.groupdict().items():
            if value is None:
                continue
            if key.startswith("month"):
                found.add(Number(Decimal(_MONTHS[value.rstrip(".").lower()]), MONTH))
            elif key in {"m", "zm", "zm2"}:
                found.add(Number(Decimal(value), MONTH))
            else:
                found.add(Number(Decimal(value)))
        return " "

    return _DATE.sub(take, text), found


def _digits(match: re.Match[str]) -> Number | None:
    value = _decimal(match["digits"].replace(",", ""))
    if value is None:
        return None
    if match["scale"]:
        value *= _SCALES[match["scale"].lower()]
    unit = _UNIT_OF.get((match["money"] or "").lower(), "") or _unit(match["unit"])
    if match["unit"] and not unit and match.end("digits") == match.start("unit") and match["unit"].isascii():
        return None  # 4x4, 12a: a name
    before = match.string[max(match.start("digits") - 1, 0) : match.start("digits")]
    negative = bool(match["sign"]) and before == "-" and not re.search(r"\w\s?$", match.string[: match.start("sign")])
    return Number(-value if negative else value, unit)


def _written(match: re.Match[str]) -> Number | None:
    if match["share"]:
        share = _decimal(match["share"]) if match["share"][0].isdigit() else Decimal(chinese(match["share"]))
        return Number(share, "%") if share is not None else None
    if match["zh"]:
        scale = _SCALES[match["zhscale"]] if match["zhscale"] else 1
        return Number(Decimal(chinese(match["zh"]) * scale), _unit(match["zhunit"]))
    value = _WORDS_OF_NUMBER[match["word"].lower()] + (_WORDS_OF_NUMBER.get((match["ones"] or "").lower(), 0))
    return Number(Decimal(value * _SCALES.get((match["scale"] or "").lower(), 1)), _unit(match["unit"]))


def _unit(word: str | None) -> str:
    bare = re.sub(r"per ?cent.*|percentage.*", "%", (word or "").lower())
    return MONTH if bare == "月" else _UNIT_OF.get(bare, "")


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text).normalize() + 0
    except InvalidOperation:
        return None


def chinese(text: str) -> int:
    """A number in Chinese characters below 10,000, or its digits in a row.

    >>> chinese("三百二十"), chinese("十二"), chinese("二〇一九"), chinese("两千零五")
    (320, 12, 2019, 2005)
    """
    if not re.search("[十百千]", text):
        return int("".join(str(_ZH_DIGITS[c]) for c in text))
    total, digit = 0, 0
    for c in text:
        if c in _ZH_DIGITS:
            digit = _ZH_DIGITS[c]
        else:
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[c]
            digit = 0
    return total + digit


@lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    """What must be named in the evidence: words with capitals inside a sentence, words with digits, Chinese in quotes.

    >>> sorted(names("The tower of Gustave Eiffel has a B12 lift.")), sorted(names("他写了《红楼梦》"))
    (['b12', 'eiffel', 'gustav'], ['红楼梦'])
    >>> sorted(names("A film in 3D, 330m long.")), sorted(names("他参加了U17亚洲杯"))
    (['3d'], ['u17'])
    """
    plain = unicodedata.normalize("NFKC", _LIST_MARK.sub("", text))
    found = {normal(next(part for part in match.groups() if part)) for match in _QUOTED.finditer(text) if _short(match)}
    found |= {match[0].casefold() for match in _CODE.finditer(plain) if not numbers(match[0])}
    plain = re.sub(f"[{HAN}]", "、", plain)  # 参加U17亚洲杯: the word ends there
    for match in _WORD.finditer(plain):
        word = match[0]
        bare = word.casefold().removesuffix("'s").removesuffix("’s")
        start = bool(_STARTS.search(plain[: match.start()]))
        capital = word[0].isupper() and (not start or word[:3].isupper())
        if (
            (capital or re.search(r"\d", word))
            and bare not in STOP
            and bare not in _MONTHS
            and len(bare) > 1
            and word.isascii()
        ):
            found.update(stem(part) for part in re.split(r"[-.&]", bare) if part and part not in STOP)
    return frozenset(found)


def _short(match: re.Match[str]) -> bool:
    """Quotation marks around a whole statement make no name of it."""
    inner = next(part for part in match.groups() if part)
    return bool(re.search(f"[{HAN}]", inner)) and len(inner) <= 16


def named_in(name: str, text: str) -> bool:
    """Whether a name (as `names` gives it) stands in a text. One with digits is no part of a longer one.

    >>> named_in("u17", "The U17 team."), named_in("u17", "The U175 team.")
    (True, False)
    """
    if re.search(r"\d", name):
        return re.search(rf"(?<![a-z\d]){re.escape(name)}(?![a-z\d])", normal(text)) is not None
    return name in terms(text) or name in normal(text)


def limits(text: str) -> int:
    """How often a sentence says that something holds alone, or without exception.

    >>> limits("It only flies at night."), limits("他总是迟到")
    (1, 1)
    """
    return len(_ONLY.findall(unicodedata.normalize("NFKC", text)))


def denials(text: str) -> int:
    """How often a sentence denies.

    >>> denials("It does not fly and never did."), denials("他不是医生"), denials("不仅如此")
    (2, 1, 0)
    """
    return len(_NO.findall(unicodedata.normalize("NFKC", text)))
