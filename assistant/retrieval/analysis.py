"""Text to index words: the same on both sides, so that a question and a passage meet.

English is stemmed; Chinese is mapped to simplified characters and cut for search; other scripts without blanks give
pairs of characters. Numbers, identifiers and names with marks inside ("07-1315", "v2.1.3") stay whole beside their
parts; "71,137" is "71137".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_PAIRED = "\u3040-\u30ff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # kana, hangul, Thai, Lao, Burmese, Khmer
_SCAN = re.compile(
    rf"(?P<han>[{HAN}]+)|(?P<paired>[{_PAIRED}]+)"
    rf"|(?P<word>(?:(?![{HAN}{_PAIRED}])[^\W_])+(?:[.,'’\-_/:&@+#](?:(?![{HAN}{_PAIRED}])[^\W_])+)*(?:\+\+|#)?)"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL = re.compile(r"\d+\.\d+")
_PARTS = re.compile(r"[^\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_POSSESSIVE = re.compile(r"['’]s?$")
MAX_WORD = 200
"""Characters of a word that are kept: longer ones are no words but data."""


def words(text: str) -> list[str]:
    """Index words in order; none holds white space.

    >>> words("The cases No. 07-1315 cost 71,137 dollars")
    ['the', 'case', 'no', '07-1315', '07', '1315', 'cost', '71137', 'dollar']
    """
    return list(_words(_folded(text)))


def _words(text: str) -> Iterator[str]:
    for found in _SCAN.finditer(text):
        if han := found["han"]:
            yield from _cut(_simplified(han))
        elif paired := found["paired"]:
            yield from _pairs(paired)
        else:
            yield from _spelled(found["word"][:MAX_WORD])


def _folded(text: str) -> str:
    """One width and case; accents taken off."""
    text = unicodedata.normalize("NFKC", text).lower()
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def _spelled(word: str) -> Iterator[str]:
    """A word; one with marks inside also by its parts, so that "e5-small" is found by "small"."""
    if word.isalnum():
        yield _stem(word)
    elif _GROUPED.fullmatch(word):
        yield word.replace(",", "")
    elif _DECIMAL.fullmatch(word):
        yield word
    elif (bare := _POSSESSIVE.sub("", word)) != word and bare.isalnum():
        yield _stem(bare)
    else:
        yield word
        yield from map(_stem, _PARTS.findall(word))


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for at in range(len(run) - 1):
        yield run[at : at + 2]


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word)) if word.isascii() and word.isalpha() else word


def _cut(run: str) -> Iterator[str]:
    yield from _cutter().cut_for_search(run)


def _simplified(run: str) -> str:
    return _converter()(run)


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


@lru_cache(maxsize=1)
def _converter() -> Callable[[str], str]:
    import opencc

    return opencc.OpenCC("t2s").convert


@lru_cache(maxsize=1)
def _cutter() -> Any:
    """jieba with its dictionary read anew: its own cache is a file in a folder that everybody may write to."""
    import jieba

    class Cutter(jieba.Tokenizer):  # type: ignore[misc]
        initialized: bool

        def initialize(self, dictionary: str | None = None) -> None:
            with self.lock:
                if not self.initialized:
                    self.FREQ, self.total = self.gen_pfdict(self.get_dict_file())
                    self.initialized = True

    return Cutter()
