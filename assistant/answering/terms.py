"""The words of a question that must be met, and how well a text meets them.

English words without their commonest endings, Chinese as pairs of characters: no dictionary, so that a
score never depends on one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from assistant.answering.language import HAN

_WORD = re.compile(rf"[{HAN}]+|[^\W_]+(?:[-'.,/:][^\W_]+)*")
_HAN_RUN = re.compile(f"[{HAN}]+")
_STOP_WORDS = """
a an the of in on at to for from by with about as into is are was were be been being am do does did done has have had
having can could may might shall should will would must and or but not no nor if then than that this these those it
its he she they them his her their there here what which who whom whose when where why how many much long old far
often s t i me my we our you your please tell give name say said states called known between during also all any some
one
"""
STOP = frozenset(_STOP_WORDS.split())
_STOP_ZH = re.compile(
    "什么|怎么样|怎么|怎样|如何|哪些|哪个|哪里|哪儿|哪一|哪|谁|多少|多久|多大|几个|几|为何|为什么|是否|是不是|有没有|请问|时候|"
    "是|的|了|吗|呢|吧|啊|在|被|由|和|与|及|或|有|其|该|这|那|之|于|对|为|以|也|都|就|而|且|所|将|把|从|到|个|者"
)


def normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def stem(word: str) -> str:
    """A crude English stem: enough to match win, wins and winning.

    >>> stem("winning"), stem("countries"), stem("based")
    ('win', 'country', 'bas')
    """
    if not word.isascii() or len(word) < 4 or not word.isalpha():
        return word
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("ly", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def runs(text: str) -> list[str]:
    """Chinese characters between marks, other scripts and words that say nothing.

    >>> runs("单程票的价格是多少？")
    ['单程票', '价格']
    """
    return [part for run in _HAN_RUN.findall(normal(text)) for part in _STOP_ZH.split(run) if part]


@lru_cache(maxsize=8192)
def terms(text: str) -> frozenset[str]:
    """Stems of the content words, and pairs of Chinese characters (a single one where it stands alone)."""
    found: set[str] = set()
    for word in _WORD.findall(normal(text)):
        if re.match(f"[{HAN}]", word):
            for part in _STOP_ZH.split(word):
                found.update(part[i : i + 2] for i in range(len(part) - 1))
                if len(part) == 1:
                    found.add(part)
        elif word not in STOP:
            found.add(stem(word.removesuffix("'s")))
    return frozenset(found)


@lru_cache(maxsize=4096)
def hard_terms(text: str) -> frozenset[str]:
    """What must stand in the evidence as it is: numbers, identifiers, names (capitals inside an English sentence)."""
    words = re.findall(r"[^\W_]+(?:[-.,/:][^\W_]+)*", unicodedata.normalize("NFKC", text))
    found = {word.casefold() for word in words if re.search(r"\d", word)}
    for word in words[1:]:
        if word[0].isupper() and word.casefold() not in STOP and word.isascii() and len(word) > 1:
            found.add(stem(word.casefold()))
    return frozenset(part for word in found for part in _latin(word))


def _latin(word: str) -> list[str]:
    """Runs without Chinese: 2019年 asks for 2019."""
    return [part for part in re.split(f"[{HAN}]+", word) if part]


def coverage(question: Collection[str], text: str) -> float:
    """Share of the question's terms that stand in the text; 1 where it has none."""
    if not question:
        return 1.0
    there = terms(text)
    plain = normal(text)
    return sum(term in there or (len(term) > 2 and term in plain) for term in question) / len(question)
