# ruff: noqa: E501 - patterns and sentences are tables: a row is a line
"""Lists: everything of one kind that the passages hold, once each, where it stands first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.answering.compose import one_line
from assistant.answering.terms import coverage, normal, terms
from assistant.readers.cells import TableOf
from assistant.readers.extractive import Reading
from assistant.readers.instructions import asks_about_instructions, instruction_ranges
from assistant.readers.units import containing, shorten, units
from assistant.types import Claim, Hit, Passage, Span, Table

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?"
_PATTERNS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(pattern))
    for asked, pattern in (
        (r"\be-?mails?(?: address(?:es)?)?\b|电?子?邮[箱件](?:地址)?", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
        (
            r"\b(?:urls?|links?|web ?sites?|web addresses)\b|网址|链接|网站",
            r"(?:https?://|www\.)[^\s<>\"'）)，。]+[^\s<>\"'）)，。.,;]",
        ),
        (r"\b(?:phone|telephone|fax|contact) numbers?\b|电话|手机号", r"\+?\d[\d ()-]{6,}\d"),
        (r"\bpercent(?:age)?s?\b|百分比|百分率", r"\d+(?:[.,]\d+)?\s?(?:%|％|percent\b|per cent\b)"),
        (
            r"\b(?:amounts?|prices?|sums of money|costs)\b|金额|价格|价钱",
            r"(?:[$€£¥￥]|US\$|USD|EUR|RMB|HK\$)\s?\d[\d,.]*\d?(?:\s?(?:million|billion|thousand))?|\d[\d,.]*\s?(?:万|亿)?(?:美元|元|欧元|英镑|港元)",
        ),
        (
            r"\bdates?\b|日期",
            rf"\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}} {_MONTH}(?:,? \d{{4}})?|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|\b{_MONTH} \d{{4}}|\d{{4}}年(?:\d{{1,2}}月(?:\d{{1,2}}日)?)?|\d{{1,2}}月\d{{1,2}}日",
        ),
        (r"\byears?\b|年份", r"\b(?:1[0-9]|20)\d{2}\b|(?:1[0-9]|20)\d{2}年"),
    )
)
Find = Callable[[str, Sequence[str]], Sequence[Reading]]
CLOSE = 4.0  # logits below the best span at which a further span is still listed
MOST = 50
SEVERAL, MOSTLY = 3, 0.75  # marks between the things of a sentence that is a list; share of the topic's words in it


def things(topic: str, question: str, hits: Sequence[Hit], find: Find | None, words: int = 40) -> list[Claim]:
    """One claim a thing, in the order of documents and places. What has a pattern (dates, e-mail addresses, ...) is found
    by it, anything else by the span reader, or by sentences that share the topic's words where there is none."""
    pattern = next((shape for asked, shape in _PATTERNS if asked.search(topic)), None)
    places = (
        _matching(pattern, topic, hits) if pattern else _read(question, hits, find) if find else _sharing(topic, hits)
    )
    if not asks_about_instructions(question):
        banned = {hit.passage.id: instruction_ranges(hit.passage.text) for hit in hits}
        places = [(h, s, e) for h, s, e in places if not any(s < b and e > a for a, b in banned[h.passage.id])]
    return _claims(places, words, whole=pattern is None and find is None)


Place = tuple[Hit, int, int]


def patterned(topic: str) -> bool:
    """Whether what is listed has a shape of its own, so that every passage can be searched for it."""
    return any(asked.search(topic) for asked, _ in _PATTERNS)


def columns(topic: str, hits: Sequence[Hit], table_of: TableOf) -> list[Claim]:
    """The cells of every column whose header is the topic: "list every plant" over a column Plant."""
    asked = terms(topic) - {"document", "table", "column"}
    claims: list[Claim] = []
    for hit in hits:
        passage = hit.passage
        for table in {id(t): t for t in _tables_in(passage, table_of)}.values():
            wanted = {n for n, name in enumerate(table.header, 1) if asked and terms(name) == asked}
            claims += [
                Claim(one_line(cell.text), (Span(passage, cell.start, cell.end),))
                for cell in table.cells
                if cell.column in wanted and cell.row > table.header_rows and cell.text
                if passage.start <= cell.start and cell.end <= passage.end
            ]
    return list({claim.text: claim for claim in reversed(claims)}.values())[::-1][:MOST]


def enumerated(topic: str, hits: Sequence[Hit], words: int) -> Claim | None:
    """The sentence that names several things and speaks of the topic: a list that the document gives itself."""
    asked = terms(topic)
    found = []
    for number, hit in enumerate(hits):
        for start, end in units(hit.passage) if asked and hit.passage.table is None else ():
            sentence = hit.passage.text[start:end]
            parts = len(re.findall(r"[,，、;；]", sentence))
            share = coverage(asked, sentence)
            if parts >= SEVERAL and share >= MOSTLY and not instruction_ranges(sentence):
                found.append((-share, number, start, end))
    if not found:
        return None
    _, number, start, end = min(found)
    passage = hits[number].passage
    start, end = shorten(passage.text, start, end, (start, start), words)
    span = Span(passage, passage.start + start, passage.start + end)
    return Claim(one_line(span.quote), (span,))


def _tables_in(passage: Passage, table_of: TableOf) -> list[Table]:
    if passage.table is None:
        return []
    found = [table_of(passage, passage.start + start) for start, _ in units(passage)]
    return [table for table in found if table is not None]


def _matching(pattern: re.Pattern[str], topic: str, hits: Sequence[Hit]) -> list[Place]:
    """All matches; with words beside the pattern's own ("dates of payment") only in sentences that share one, if any do."""
    every = [(hit, m.start(), m.end()) for hit in hits for m in pattern.finditer(hit.passage.text)]
    own = next(asked for asked, shape in _PATTERNS if shape is pattern)
    rest = terms(own.sub(" ", topic)) - {
        "address",
        "number",
        "mention",
        "document",
        "text",
        "file",
        "文档",
        "文中",
        "提到",
    }
    near = [(h, s, e) for h, s, e in every if rest and coverage(rest, _sentence(h, s, e)) > 0]
    return near or every


def _read(question: str, hits: Sequence[Hit], find: Find) -> list[Place]:
    readings = find(question, [hit.passage.text for hit in hits])
    best = max((score for reading in readings for *_, score in reading.spans), default=0.0)
    return [
        (hit, start, end)
        for hit, reading in zip(hits, readings, strict=True)
        for start, end, score in _apart(reading.spans)
        if score >= best - CLOSE and reading.answerable > -1.0
        if any(a <= start and end <= b for a, b in units(hit.passage))
    ]


def _apart(spans: Sequence[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Best first, none overlapping a better one."""
    kept: list[tuple[int, int, float]] = []
    for start, end, score in sorted(spans, key=lambda s: (-s[2], s[0])):
        if all(end <= a or start >= b for a, b, _ in kept):
            kept.append((start, end, score))
    return kept


def _sharing(topic: str, hits: Sequence[Hit]) -> list[Place]:
    asked = terms(topic)
    found = [(hit, start, end) for hit in hits for start, end in units(hit.passage)]
    return [(h, s, e) for h, s, e in found if asked and coverage(asked, h.passage.text[s:e]) >= 0.5]


def _sentence(hit: Hit, start: int, end: int) -> str:
    a, b = containing(units(hit.passage), start, end)
    return hit.passage.text[a:b]


def _claims(places: list[Place], words: int, whole: bool) -> list[Claim]:
    seen: set[str] = set()
    claims: list[Claim] = []
    for hit, start, end in sorted(
        places, key=lambda p: (p[0].passage.corpus, p[0].passage.document, p[0].passage.start + p[1])
    ):
        passage = hit.passage
        if whole:
            start, end = shorten(passage.text, start, end, (start, start), words)
        key = re.sub(r"\W+", "", normal(passage.text[start:end]))
        if not key or key in seen:
            continue
        seen.add(key)
        span = Span(passage, passage.start + start, passage.start + end)
        claims.append(Claim(one_line(span.quote), (span,)))
    return claims[:MOST]
