"""List numbers as Word shows them: "1.2.3", "Appendix A:", "iv)", bullets as "-"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ingest.parsers.ooxml import Element, attribute, child, elements

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"))
_ROMAN_ONES = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_CHINESE = "〇一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Level:
    start: int
    format: str
    text: str


@dataclass
class Numbering:
    """Counts the paragraphs of each list; `label` must be called once per paragraph, in order."""

    lists: dict[str, tuple[str, dict[int, Level]]]  # numId -> (abstract id, levels)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def label(self, number: str, level: int) -> str | None:
        """The printed label, None where the list is unknown or switched off (numId 0)."""
        if number not in self.lists or not 0 <= level <= 8:
            return None
        abstract, levels = self.lists[number]
        here = levels.get(level)
        if here is None:
            return None
        counts = self.counts.setdefault(abstract, {})
        counts[level] = counts.get(level, here.start - 1) + 1
        for deeper in [each for each in counts if each > level]:
            del counts[deeper]
        if here.format == "bullet":
            return "-"
        if here.format == "none" and "%" not in here.text:
            return here.text
        return re.sub(r"%(\d)", lambda m: self._number(levels, counts, int(m[1]) - 1), here.text).strip()

    @staticmethod
    def _number(levels: dict[int, Level], counts: dict[int, int], level: int) -> str:
        default = levels.get(level, Level(1, "decimal", ""))
        return shown(counts.get(level, default.start), default.format)


def read_numbering(root: Element | None) -> Numbering:
    """From word/numbering.xml; None gives an empty one."""
    abstract = {attribute(a, "abstractNumId"): _levels(a) for a in elements(root, "abstractNum")}
    lists = {}
    for num in elements(root, "num"):
        number, base = attribute(num, "numId"), attribute(child(num, "abstractNumId"), "val")
        levels = dict(abstract.get(base, {}))
        key = base
        for override in elements(num, "lvlOverride"):
            at = _int(attribute(override, "ilvl"), 0)
            start = child(override, "startOverride")
            if start is not None and at in levels:
                levels[at] = Level(_int(attribute(start, "val"), 1), levels[at].format, levels[at].text)
                key = f"{base}/{number}"  # counts of its own
            levels |= _levels(override)
        lists[number] = (key, levels)
    return Numbering(lists)


def _levels(root: Element) -> dict[int, Level]:
    found = {}
    for level in elements(root, "lvl"):
        form = attribute(child(level, "numFmt"), "val", "decimal")
        text = attribute(child(level, "lvlText"), "val")
        found[_int(attribute(level, "ilvl"), 0)] = Level(_int(attribute(child(level, "start"), "val"), 1), form, text)
    return found


def _int(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,6}", text) else default


def shown(number: int, form: str) -> str:
    """A number in one of Word's formats; unknown formats as digits."""
    match form:
        case "lowerLetter" | "upperLetter" if number > 0:
            letter = chr(ord("a") + (number - 1) % 26) * min(20, (number - 1) // 26 + 1)
            return letter if form == "lowerLetter" else letter.upper()
        case "lowerRoman" | "upperRoman" if 0 < number < 4000:
            text = _roman(number)
            return text if form == "lowerRoman" else text.upper()
        case "decimalZero":
            return f"{number:02d}"
        case "chineseCounting" | "chineseCountingThousand" | "japaneseCounting" | "ideographTraditional" if (
            0 < number < 100
        ):
            return _chinese(number)
        case "none":
            return ""
        case _:
            return str(number)


def _roman(number: int) -> str:
    text = ""
    for worth, sign in _ROMAN:
        text += sign * (number // worth)
        number %= worth
    return text + _ROMAN_ONES[number]


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else _CHINESE[tens]) + "十" if tens else ""
    return head + (_CHINESE[ones] if ones else "")
