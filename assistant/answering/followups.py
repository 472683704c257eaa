# ruff: noqa: E501 - patterns and sentences are tables: a row is a line
"""Follow-ups: a question that leans on the conversation made to stand alone.

Rules only. The earlier question's words are kept and the changed part is put in its place; a question that
stands on its own is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.language import HAN, language
from assistant.answering.terms import STOP, terms
from assistant.types import Turn

_OPENING_EN = re.compile(
    r"^(?:(?:ok(?:ay)?|so|well)[, ]+)?(?:(?:and|or|but|also)\b[, ]*)?(?:(?:what|how) (?:about|of)\b|and\b|or\b|but\b|also\b|same (?:question )?for\b|then\b)?\s*",
    re.IGNORECASE,
)
_LEANS_EN = re.compile(
    r"^(?:(?:ok(?:ay)?|so|well)[, ]+)?(?:and|or|but|also|what about|how about|what of|same (?:question )?for)\b",
    re.IGNORECASE,
)
_QUESTION_EN = re.compile(
    r"\b(?:who|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|list|name|give|show"
    r"|tell|compare|summari[sz]e|find|explain|describe|define)\b",
    re.IGNORECASE,
)
_OPENING_ZH = re.compile(r"^(?:那么|那|还有|以及|而|再|换成|如果是|同样)[，,]?")
_CLOSING_ZH = re.compile(r"(?:又|则)?(?:怎么样|如何)?呢?[？?。\s]*$")
_QUESTION_ZH = re.compile(r"谁|什么|哪|多少|几|何|怎|为什么|吗|是否|如何|多[大长高远久]|列出|总结|概括|比较")
_HE = re.compile(r"\b(?:he|she|him|his|her|hers)\b|他|她", re.IGNORECASE)
_IT = re.compile(
    r"\b(?:it|its|they|them|their|theirs|that one|this one|the same one|(?:this|these|those)(?=\s*(?:\?|$|is|was|are|were|has|have|had|do|does|did|can|will|mean|happen)\b|\s*\?*$))\b|它们?|其(?!他|它|中|实|余|次)|该[\u4e00-\u9fff]{1,3}|这(?:个|家|种|本|部|位|座|些|款|项)?(?!份|篇|文|资料|报告|里|些文|个文)|那(?:个|家|种|本|部|位|座|些)|他们",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:(?<!\d)(?:1[0-9]|20)\d{2}(?!\d))")
_NAME_EN = re.compile(
    r"(?<![\w.])(?:[A-Z][\w&.'-]*|[A-Z]{2,})(?:(?: of| the| de| van| and)?(?: [A-Z0-9][\w&.'-]*))*(?:'s)?"
)
_NAME_ZH = re.compile(r"《[^》]+》|“[^”]+”|「[^」]+」")
_HEAD_EN = re.compile(
    r"^(?P<ask>(?:what|which|how (?:much|many)|who)\b.*?\b(?:is|was|are|were|did|does|do)\b (?:the |an? )?)(?P<head>[a-z][\w -]*?)(?P<rest>(?: (?:in|of|for|at|on|by|from|during)\b.*)?\??)$",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"^(?:in|at|on|for|from|by|during|before|after|since|until|with|of|to|under|near)\b", re.IGNORECASE
)
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def stand_alone(question: str, history: Sequence[Turn]) -> str:
    """The question as it would be asked without the conversation.

    >>> stand_alone("and in 2019?", [Turn("user", "What was the revenue in 2018?")])
    'What was the revenue in 2019?'
    >>> stand_alone("那2019年呢？", [Turn("user", "2018年的收入是多少？")])
    '2019年的收入是多少？'
    """
    asked = ""
    answer = ""
    for turn in history:
        if turn.role == "user":
            asked, answer = _resolved(turn.content, asked, answer), ""
        else:
            answer = turn.content
    return _resolved(question, asked, answer)


def leans(text: str) -> bool:
    """Whether a question still holds a word like it or he, which only a conversation explains.

    >>> leans("When was it built?"), leans("When was the tower built?")
    (True, False)
    """
    return bool(_HE.search(text) or _IT.search(text))


def _resolved(question: str, before: str, answer: str) -> str:
    text = question.strip()
    if not before or not text:
        return text
    chinese = language(text) == "zh"
    fragment = _fragment_zh(text) if chinese else _fragment_en(text)
    if fragment:
        return _substituted(before, fragment)
    return _with_antecedent(text, before, answer)


def _fragment_en(text: str) -> str | None:
    """The changed part of an elliptical question, or None where it has its own question words."""
    leans = _LEANS_EN.match(text)
    rest = text[_OPENING_EN.match(text).end() :] if leans else text  # type: ignore[union-attr]
    rest = rest.strip().rstrip("?.! ")
    if not rest or _QUESTION_EN.search(rest) or len(rest.split()) > 7:
        return None
    return rest if leans or _PREPOSITION.match(rest) or _YEAR.fullmatch(rest) else None


def _fragment_zh(text: str) -> str | None:
    opening, closing = _OPENING_ZH.match(text), text.rstrip("？?。 ").endswith("呢")
    if not opening and not closing:
        return None
    rest = _OPENING_ZH.sub("", text)
    rest = _CLOSING_ZH.sub("", rest).strip("，,的 ")
    return None if not rest or _QUESTION_ZH.search(rest) or len(rest) > 20 else rest


def _substituted(before: str, fragment: str) -> str:
    """The earlier question with its part of the same kind (year, name, head noun) exchanged; else the part added."""
    mark = "？" if language(before) == "zh" else "?"
    base = before.rstrip("?？.。! ")
    years = _YEAR.findall(fragment)
    old = _YEAR.findall(base)
    if years and old:
        return base.replace(old[-1], years[0]) + mark
    if not years and (changed := _named(base, fragment)):
        return changed + mark
    if (opening := _PREPOSITION.match(fragment)) and not years:
        place = re.search(rf"\b{opening[0]}\b(?: [\w'-]+){{1,4}}$", base, re.IGNORECASE)
        if place and not _PREPOSITION.search(place[0][len(opening[0]) :]):
            return base[: place.start()] + fragment + mark
    if not opening and not years and (found := _HEAD_EN.match(base)):
        bare = re.sub(r"^(?:the|an?|its|his|her|their) ", "", fragment, flags=re.IGNORECASE)
        return found["ask"] + bare + found["rest"] + mark
    if language(before) == "zh":
        return fragment + ("，" if len(base) > 12 else "") + base + mark
    return f"{base} {fragment if _PREPOSITION.match(fragment) or not years else 'in ' + fragment}{mark}"


def _named(base: str, fragment: str) -> str | None:
    """A name exchanged for a name: Latin names by their capitals, Chinese ones by quotes or by a shared ending."""
    bare = _PREPOSITION.sub("", fragment).strip()
    new = _NAME_EN.fullmatch(re.sub(r"^(?:the|an?) ", "", bare, flags=re.IGNORECASE))
    olds = [m for m in _NAME_EN.finditer(base) if m.start() and m[0].lower() not in STOP]
    if new and olds:
        old = olds[-1]
        tail = "'s" if old[0].endswith("'s") and not bare.endswith("'s") else ""
        return base[: old.start()] + bare + tail + base[old.end() :]
    quoted = list(_NAME_ZH.finditer(base))
    if quoted and _NAME_ZH.fullmatch(fragment):
        return base[: quoted[-1].start()] + fragment + base[quoted[-1].end() :]
    return _same_ending(base, fragment)


def _same_ending(base: str, fragment: str) -> str | None:
    """北京市…, 上海市 -> 上海市…: a Chinese run before 的 or at the start whose last character is the fragment's."""
    if not re.fullmatch(f"[{HAN}]{{2,8}}", fragment):
        return None
    if _YEAR.match(base) and (head := re.search(f"(?<=的)[{HAN}]{{1,8}}?(?=[是有为])", base)):
        return base[: head.start()] + fragment + base[head.end() :]
    found = re.match(f"[{HAN}]{{1,8}}?{fragment[-1]}(?=[的是有在])", base) or re.match(f"[{HAN}]{{2,6}}?(?=的)", base)
    return fragment + base[found.end() :] if found else None


def _with_antecedent(text: str, before: str, answer: str) -> str:
    """A pronoun replaced by what it stands for: the person just named, else the name the earlier question was about."""
    he, it = _HE.search(text), _IT.search(text)
    if not he and not it:
        return text if terms(text) else _with_words(text, before)
    if _NAME_ZH.search(text) or (not he and _names(text)):
        return text
    short = _BOLD.search(answer)
    names = _names(before)
    person = short[1] if he and short and not names and len(short[1]) <= 40 else ""
    if he and short and re.search(r"\bwho\b|谁|哪位", before, re.IGNORECASE) and len(short[1]) <= 40:
        person = short[1]
    topic = person or (names[-1] if names else "")
    pronoun = he or it
    if topic and pronoun:
        return text[: pronoun.start()] + _cased(topic, pronoun[0]) + text[pronoun.end() :]
    return _with_words(text, before) if len(terms(text)) <= 6 else text


def _with_words(text: str, before: str) -> str:
    """The question with what the earlier one was about in brackets: enough for retrieval and reading."""
    kept = _content(before)
    return f"{text.rstrip('?？ ')} ({kept})?" if kept else text


def _cased(topic: str, pronoun: str) -> str:
    possessive = pronoun.lower() in {"his", "her", "its", "their", "hers", "theirs"}
    topic = topic.removesuffix("'s")
    return topic + "'s" if possessive and topic.isascii() else topic


def _names(text: str) -> list[str]:
    latin = [m[0] for m in _NAME_EN.finditer(text) if (m.start() or " " in m[0]) and m[0].lower() not in STOP]
    if text[:1].isupper():
        latin = [
            re.sub(r"^(?:Who|What|When|Where|Which|How|Why|Is|Are|Was|Were|Did|Does|Do|The|In|Can)\b\s*", "", n)
            for n in latin
        ]
    return [name for name in latin if name] + _NAME_ZH.findall(text)


def _content(text: str) -> str:
    """What an earlier question was about, without its question words."""
    if language(text) == "zh":
        return re.sub(
            r"请问|是?(?:谁|什么|哪[里儿些个年位]?|多少|几|何时|怎么样?|为什么)|[？?。，]|的时候|吗|呢", "", text
        ).strip("的是 ")
    words = re.findall(r"[\w'’.-]+", text)
    return " ".join(word for word in words if word.lower() not in STOP).rstrip(".")
