# ruff: noqa: E501 - patterns are tables: a row is a line
"""Questions to ask next, made of the passages just read, without a model: from rows and columns, and from sentences.

A suggestion is only worth a click when it is answered. So each is made of one statement that stands in a passage: a cell
of a table ("What is the revenue for July?"), or a sentence that says how much, when, where or by whom. Definitions are
left out: asked for ("What is a corpus?"), the reader often quoted another sentence that uses the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from assistant.answering.language import HAN, Language
from assistant.answering.terms import terms
from assistant.answering.wording import say
from assistant.types import Passage

ROWS_READ = 60
_SENTENCE = re.compile(r"[^.!?。！？；\n]+(?:\.(?=\d)[^.!?。！？；\n]+)*[.!?。！？；]?")
_SUBJECT = r"(?P<subject>(?:The|An?|Every|Each|Your|All) [a-z][A-Za-z' -]{3,48}?|[A-Z][\w'-]+(?: (?:of |the |de |van )?[A-Z][\w'-]+){0,4})"
_VAGUE = re.compile(
    r"^(?:it|this|that|these|those|they|there|he|she|we|you|i|other|another|one|some|such|here|its|their|his|her)\b"
    r"|\b(?:which|who|it|they|this|these|if|when|because|result|reason|way|number \d)\b|\bthat$",
    re.IGNORECASE,
)
_BE = "is|are|was|were"
# (pattern of a statement, the question it answers); the question's subject stands where {subject} does
_ENGLISH: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(f"^{_SUBJECT} {rest}"), question)
    for rest, question in (
        (r"(?P<be>was|were) (?P<verb>\w{3,}(?:ed|en|lt|nt|st|de|wn)) by (?:the )?[A-Z]", "Who {verb} {subject}?"),
        (
            rf"(?P<be>{_BE}) (?P<verb>\w{{3,}}(?:ed|en|lt|nt|st|de|wn)) (?:in|on) (?:\w+ )?\d{{4}}\b",
            "When {be} {subject} {verb}?",
        ),
        (r"(?P<verb>opens|closes|starts|begins|ends) (?:at|on|in) ", "When does {subject} {base}?"),
        (r"(?P<be>is|are) (?P<verb>stored|kept|located|held|written) (?:in|on|at) ", "Where {be} {subject} {verb}?"),
        (
            r"(?P<be>may|can|must) (?P<verb>[a-z]+) (?:at most |at least |up to )?\d[\d.,]* (?P<noun>[a-z]+s)\b",
            "How many {noun} {be} {subject} {verb}?",
        ),
        (rf"(?P<be>{_BE}) (?:about |at most |at least |only )?[€$£]?\d[\d.,]*", "What {be} {subject}?"),
    )
)
_HAN_NUMBER = r"[\d一二三四五六七八九十百千两][\d.,一二三四五六七八九十百千两]*"
_HAN_SUBJECT = f"(?P<subject>[{HAN}A-Za-z0-9]{{2,14}})"
_CHINESE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(f"^{_HAN_SUBJECT}{rest}"), question)
    for rest, question in (
        (
            f"最多(?:可以)?(?P<verb>[借有用]?[阅]?)为?是? ?{_HAN_NUMBER} ?(?P<unit>[{HAN}])",
            "{subject}最多{verb}多少{unit}？",
        ),
        (f"最大[为是]? ?{_HAN_NUMBER}", "{subject}最大是多少？"),
        (r"(?:保存|存放|储存)在", "{subject}保存在哪里？"),
        (r"位于", "{subject}位于哪里？"),
        (
            f"[是为] ?(?:\\d|{_HAN_NUMBER}(?:元|角|天|年|个月|小时|分钟|米|公里|人|次|本|页|章|万|亿))",
            "{subject}是多少？",
        ),
    )
)
_HAN_VAGUE = re.compile(
    r"^(?:这|那|它|他|她|其|该|此|您|我|你|也|还|但|而|并|如果|因为|所以|每次|可以|需要|不|就|这样)|的时候$|不$|都$|也$|就$|会$|可以$|回答$|要么$|或者$|只$|仅$|通常$|每次$|^(?:由于|注意|每年|第[一二三四五]|只|同|由|从|在|对)|(?:均|可能|曾|亦|及|与|和|则|仍|又|更|皆)$"
)
_BASE = {"opens": "open", "closes": "close", "starts": "start", "begins": "begin", "ends": "end"}
_PAST = {
    "written": "wrote",
    "drawn": "drew",
    "taken": "took",
    "given": "gave",
    "chosen": "chose",
    "driven": "drove",
    "known": "",
}


def suggestions(
    read: Iterable[Passage], question: str, tongue: Language, limit: int = 3, near: Iterable[Passage] = ()
) -> tuple[str, ...]:
    """Up to `limit` questions, not asked yet, that the passages just read can answer; then those that were `near`."""
    passages, others = list(dict.fromkeys(read)), list(dict.fromkeys(near))
    cells = [text for passage in passages for text in _of_table(passage, question, tongue)]
    statements = [text for passage in passages + others for text in _of_text(passage, tongue)]
    made = [*cells[:2], *statements, *cells[2:]]
    made += [] if made else [text for passage in passages for text in _of_section(passage, tongue)]
    asked, found = terms(question), dict[frozenset[str], str]()
    for text in made:
        new = terms(text)
        if new and not new <= asked:
            found.setdefault(new, text)
    return tuple(found.values())[:limit]


def _of_table(passage: Passage, question: str, tongue: Language) -> Iterator[str]:
    """The next column of the row that was asked about, then the same column of the next row."""
    columns = _split(passage.context.partition("header: ")[2].split("\n")[0])
    if passage.table is None or len(columns) < 2:
        return
    rows = [cells for line in passage.text.splitlines()[:ROWS_READ] if len(cells := _split(line)) == len(columns)]
    rows = [cells for cells in rows if cells != columns and _label(cells[0])]
    if not rows:
        return
    asked = terms(question)
    here = next((n for n, cells in enumerate(rows) if terms(cells[0]) and terms(cells[0]) <= asked), 0)
    named = max(range(1, len(columns)), key=lambda n: len(terms(columns[n]) & asked))
    after = rows[(here + 1) % len(rows)]
    turned = [*range(named + 1, len(columns)), *range(1, named)]
    places = [(rows[here], n) for n in turned[:1]] + [(after, named)] + [(rows[here], n) for n in turned[1:]]
    for cells, n in places:
        if cells[n] and _label(columns[n]):
            yield _cell_question(columns[n], cells[0], cells[n], tongue)


def _cell_question(column: str, row: str, text: str, tongue: Language) -> str:
    number = re.fullmatch(r"[€$£¥+-]?\d[\d\s.,]*%?", text) is not None
    counted = number and text.isdigit() and re.search(r"(?<!s)s$", column) is not None and not column.isupper()
    lower = column[1:].islower() and " " not in column
    name = column.lower() if tongue == "en" and lower else column
    return say(
        "follow_count" if counted else "follow_number" if number else "follow_cell", tongue, column=name, row=row
    )


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(" | ")]


def _label(text: str) -> bool:
    """Whether a cell names something, in a few words that can be asked about."""
    long_enough = len(text) > 2 if text.isascii() else len(text) > 1
    return long_enough and len(text) <= 40 and bool(terms(text)) and not re.fullmatch(r"[\d\s.,%€$£/-]+", text)


def _of_text(passage: Passage, tongue: Language) -> Iterator[str]:
    if passage.table is not None:
        return
    for found in _SENTENCE.finditer(re.sub(r"(?<=[^\n])\n(?=[^\n#|*-])", " " if tongue == "en" else "", passage.text)):
        sentence = re.sub(r"[*`“”]", "", found[0]).strip(" #-\t")
        made = _asking(sentence, _ENGLISH) if tongue == "en" else _asking_zh(sentence)
        if made:
            yield made


def _asking(sentence: str, patterns: Sequence[tuple[re.Pattern[str], str]]) -> str:
    """The question that an English sentence answers; "" where it fits no pattern."""
    for pattern, question in patterns:
        found = pattern.match(sentence)
        if not found or _VAGUE.search(found["subject"]):
            continue
        parts = found.groupdict()
        verb = parts.get("verb") or ""
        if question.startswith("Who"):
            verb = _PAST.get(verb, verb)
            if not verb:
                continue
        subject = re.sub(r"^(The|An?|Every|Each|Your|All)\b", lambda m: m[0].lower(), parts["subject"])
        return question.format(**parts | {"subject": subject, "verb": verb, "base": _BASE.get(verb, verb)})
    return ""


def _asking_zh(sentence: str) -> str:
    for pattern, question in _CHINESE:
        found = pattern.match(sentence)
        if found and not _HAN_VAGUE.search(found["subject"]):
            return question.format(**found.groupdict())
    return ""


def _of_section(passage: Passage, tongue: Language) -> Iterator[str]:
    """The last heading above a passage, where it reads like a topic and not like a number or the name of a file."""
    heading = passage.context.partition("\n")[0]
    if heading.startswith("header: "):
        return
    last = re.split(r"\s*(?:>|›|/)\s*", heading.strip())[-1].strip("# ")
    bare = re.sub(r"^(?:\d+[.)]?)+\s*|^[（(]?[一二三四五六七八九十]+[）)、.]\s*", "", last)
    if passage.document.startswith(bare):  # the title: the question would be as wide as the document
        return
    if 3 <= len(bare) <= 60 and re.search(rf"[A-Za-z]{{3}}|[{HAN}]{{2}}", bare):
        yield say("follow_section", tongue, topic=bare)
