"""Cell values as a spreadsheet shows them, by format codes such as "#,##0.00;[Red](#,##0.00)", "d-mmm-yy", "0.0%"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from math import isfinite

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0;("$"#,##0)', 6: '"$"#,##0;("$"#,##0)',
    7: '"$"#,##0.00;("$"#,##0.00)', 8: '"$"#,##0.00;("$"#,##0.00)', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 41: '#,##0;(#,##0);"-"', 42: '"$"#,##0;("$"#,##0);"-"',
    43: '#,##0.00;(#,##0.00);"-"',
    44: '"$"#,##0.00;("$"#,##0.00);"-"', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""By id. 14 and 22 are "the short date of this computer": shown in ISO order, which nobody misreads."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]\-]*)(?:-[^\]]*)?\]|\[(?P<elapsed>h+|m+|s+)\]|\[[^\]]*\]'
    r"|(?P<ampm>AM/PM|A/P)|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+)|(?P<digit>[0#?])|(?P<other>.)",
    re.I | re.S,
)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[\d.]+)\]")
_COMPARE = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}
_MONTHS = ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)

Token = tuple[str, str]
"""(kind, text): literal, elapsed, ampm, exponent, date, digit or other."""


def render(value: float, code: str, *, epoch_1904: bool = False) -> str:
    """What a cell of this value and format code shows. Codes nobody understands show the plain number."""
    section, number = _section(value, code)
    if section.strip().lower() in ("general", "@", "") or not isfinite(number):
        return general(number) if section.strip() or not code.strip() else ""
    tokens = tokenize(section)
    if is_date(code):
        moment = to_datetime(value, epoch_1904)
        return _date(tokens, moment, value) if moment else general(value)
    if "general" in section.lower():
        return re.sub("general", general(number), "".join(t for _, t in tokens), flags=re.I).strip()
    return _number(tokens, number)


def general(value: float) -> str:
    """At most 11 significant digits, like an unformatted cell of ordinary width; whole numbers in full."""
    if value == int(value) if isfinite(value) else False:
        return str(int(value)) if abs(value) < 1e15 else f"{value:.6G}"
    return f"{value:.11g}"


@lru_cache(maxsize=2000)
def is_date(code: str) -> bool:
    """Whether a format code shows dates or times."""
    return any(kind in ("date", "elapsed", "ampm") for kind, _ in tokenize(_split(code)[0])) if code else False


def to_datetime(value: float, epoch_1904: bool = False) -> datetime | None:
    """A serial day number as a moment, to the nearest thousandth of a second; None outside the calendar."""
    try:
        return (_EPOCH_1904 if epoch_1904 else _EPOCH) + timedelta(milliseconds=round(value * 86_400_000))
    except (OverflowError, ValueError):
        return None


def iso(value: float, code: str, epoch_1904: bool = False) -> str | None:
    """The date, moment or time of day behind a date cell, in ISO 8601."""
    moment = to_datetime(value, epoch_1904)
    if moment is None:
        return None
    kinds = {t[0].lower() for kind, t in tokenize(_split(code)[0]) if kind == "date"}
    if value < 1 and not kinds & {"y", "d"}:
        return moment.time().isoformat("seconds")
    return moment.date().isoformat() if not kinds & {"h", "s"} else moment.isoformat(timespec="seconds")


@lru_cache(maxsize=2000)
def tokenize(section: str) -> tuple[Token, ...]:
    found: list[Token] = []
    for match in _TOKEN.finditer(section):
        kind = match.lastgroup
        text = match[kind] if kind else (" " if match[0].startswith("_") else "")
        literal = kind in ("quoted", "escaped", "currency", None)
        found.append(("literal" if literal else str(kind), text))
    return tuple(found)


@lru_cache(maxsize=2000)
def _split(code: str) -> tuple[str, ...]:
    """Sections at semicolons outside quotes, escapes and brackets."""
    return tuple("".join(m) for m in re.findall(r'((?:"[^"]*"?|\\.|\[[^\]]*\]|[^;"\\\[]|\[)*);?', code)[:4] or [code])


def _section(value: float, code: str) -> tuple[str, float]:
    """The section for a value, and the number to show there, without its sign where the section brings one."""
    sections = list(_split(code))
    while len(sections) > 1 and not sections[-1]:
        sections.pop()
    for section in sections:
        condition = _CONDITION.search(section)
        if condition and _COMPARE[condition[1]](value, float(condition[2] or 0)):
            return section, abs(value) if len(sections) > 1 and value < 0 and condition[1][0] == "<" else value
    plain = [s for s in sections if not _CONDITION.search(s)] or sections
    if value < 0 and len(plain) > 1:
        return plain[1], -value
    if value == 0 and len(plain) > 2:
        return plain[2], value
    return plain[0], value


def _number(tokens: tuple[Token, ...], value: float) -> str:
    shape = "".join(t if k in ("digit", "other") else ("E" if k == "exponent" else "\x00") for k, t in tokens)
    if "/" in shape and "." not in shape and re.search(r"[0#?]\s*/", shape.replace("\x00", "")):
        return _fraction(shape, value)
    if not re.search(r"[0#?]", shape):
        return ("-" if value < 0 else "") + "".join(t for _, t in tokens).strip()
    last = max(shape.rfind(c) for c in "0#?")
    scale = re.match(r",*", shape[last + 1 :])
    number = Decimal(repr(value)) * 100 ** shape.count("%") / 1000 ** len(scale[0] if scale else "")
    if "E" in shape:
        return _scientific(tokens, shape, value)
    decimals = re.search(r"\.([0#?]*)", re.sub(r"[\x00, ]", "", shape))
    places = decimals[1] if decimals else ""
    rounded = (
        abs(number).quantize(Decimal(1).scaleb(-len(places)), ROUND_HALF_UP) if abs(number) < 10**25 else abs(number)
    )
    whole, _, fraction = f"{rounded:f}".partition(".")
    keep = len(places) - len(re.search(r"#*$", places)[0])  # type: ignore[index]
    while len(fraction) > keep and fraction.endswith("0"):
        fraction = fraction[:-1]
    grouped = bool(re.search(r"[0#?],+[0#?]", shape.replace("\x00", "")))
    sign = "-" if number < 0 and rounded else ""
    return sign + _fill(tokens, whole, fraction, grouped).strip()


def _fill(tokens: tuple[Token, ...], whole: str, fraction: str, grouped: bool) -> str:
    """Digits into the places of a section; the first place takes all that are left over."""
    point = next((i for i, (k, t) in enumerate(tokens) if k == "other" and t == "."), len(tokens))
    slots = [i for i, (k, _) in enumerate(tokens[:point]) if k == "digit"]
    least = sum(1 for i in slots if tokens[i][1] == "0")
    whole = whole.lstrip("0").rjust(least, "0")
    placed: dict[int, str] = {}
    if grouped or len(slots) < 2:
        text = f"{int(whole or 0):,}".rjust(least, "0") if grouped and whole else whole
        placed = {slots[0]: text} if slots else {}
    else:
        rest = whole
        for i in reversed(slots[1:]):
            placed[i], rest = rest[-1:], rest[:-1]
        placed[slots[0]] = rest
    out, rest = [], fraction
    for i, (kind, text) in enumerate(tokens):
        if kind == "digit":
            if i < point:
                out.append(placed.get(i, ""))
            else:
                out.append(rest[:1])
                rest = rest[1:]
        elif kind == "other" and text == ".":
            out.append("." if fraction else "")
        elif not (kind == "other" and text == ","):
            out.append(text)
    return "".join(out)


def _scientific(tokens: tuple[Token, ...], shape: str, value: float) -> str:
    """Mantissa and exponent, then the number in full where it is short: nobody can compute with 1.98E+08."""
    places = re.search(r"\.([0#?]*)", shape)
    text = f"{value:.{len(places[1]) if places else 0}E}"
    exact = general(value)
    return text if len(exact) > 16 or float(text) == value else f"{text} ({exact})"


def _fraction(shape: str, value: float) -> str:
    below = re.search(r"/\s*([0#?\d]+)", shape.replace("\x00", ""))
    wanted = below[1] if below else "?"
    most = int(wanted) if wanted.isdigit() and int(wanted) else 10 ** min(len(wanted), 4) - 1
    whole, rest = divmod(abs(value), 1)
    part = Fraction(round(rest * most), most) if wanted.isdigit() else Fraction(rest).limit_denominator(most)
    if part == 1:
        whole, part = whole + 1, Fraction(0)
    texts = [str(int(whole))] if whole or not part else []
    texts += [f"{part.numerator}/{part.denominator}"] if part else []
    return ("-" if value < 0 else "") + " ".join(texts)


def _date(tokens: tuple[Token, ...], moment: datetime, serial: float) -> str:
    noon = any(kind == "ampm" for kind, _ in tokens)
    out, fraction = [], 0
    for i, (kind, text) in enumerate(tokens):
        if fraction:  # places after the seconds' point
            fraction -= 1
        elif kind == "elapsed":
            unit = {"h": 24, "m": 1440, "s": 86400}[text[0].lower()]
            out.append(str(int(serial * unit + 1e-9)).zfill(len(text)))
        elif kind == "ampm":
            out.append(("AM" if moment.hour < 12 else "PM")[: 2 if len(text) > 3 else 1])
        elif kind == "date":
            out.append(_date_part(text.lower(), moment, noon, _minutes(tokens, i)))
        elif kind == "other" and text == "." and i + 1 < len(tokens) and tokens[i + 1][0] == "digit":
            fraction = next((n for n, (k, _) in enumerate(tokens[i + 1 :]) if k != "digit"), len(tokens) - i - 1)
            out.append("." + f"{moment.microsecond:06d}"[: min(fraction, 6)])
        elif kind != "digit" and text != "@":
            out.append(text)
    return "".join(out).strip()


def _minutes(tokens: tuple[Token, ...], i: int) -> bool:
    """Whether an m at i means minutes: the part before is hours, or the part after is seconds."""
    timed = [(n, t[0].lower()) for n, (k, t) in enumerate(tokens) if k in ("date", "elapsed")]
    at = next(n for n, (index, _) in enumerate(timed) if index == i)
    return (at > 0 and timed[at - 1][1] == "h") or (at + 1 < len(timed) and timed[at + 1][1] == "s")


def _date_part(text: str, moment: datetime, noon: bool, minutes: bool) -> str:
    size = len(text)
    match text[0]:
        case "y":
            return f"{moment.year:04d}" if size > 2 else f"{moment.year % 100:02d}"
        case "m" if minutes:
            return str(moment.minute).zfill(min(size, 2))
        case "m":
            name = _MONTHS[moment.month - 1]
            return (
                str(moment.month).zfill(size)
                if size < 3
                else (name[:3] if size == 3 else name[:1] if size == 5 else name)
            )
        case "d":
            name = _DAYS[moment.weekday()]
            return str(moment.day).zfill(size) if size < 3 else (name[:3] if size == 3 else name)
        case "h":
            return str((moment.hour - 1) % 12 + 1 if noon else moment.hour).zfill(min(size, 2))
        case _:
            return str(moment.second).zfill(min(size, 2))
