"""Which of the two interface languages a text is in."""

from __future__ import annotations

import re
from typing import Literal

Language = Literal["en", "zh"]
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")


def language(text: str) -> Language:
    """Chinese where Chinese characters are at least half as many as Latin words, else English.

    >>> language("iPhone 15 的价格是多少？"), language("What does 北京 mean in English?")
    ('zh', 'en')
    """
    han, latin = len(_HAN.findall(text)), len(_LATIN_WORD.findall(text))
    return "zh" if han and han * 2 > latin else "en"


def count_words(text: str) -> int:
    """Words as people count them: Latin words, and Chinese characters at two to a word (rounded up)."""
    han = len(_HAN.findall(text))
    rest = len(re.findall(rf"[^\s{HAN}]*\w[^\s{HAN}]*", _HAN.sub(" ", text)))
    return rest + (han + 1) // 2
