"""What a model is sent: instructions first, earlier turns as they were sent, then this turn's passages and question.

A prompt begins with the whole of the one before it, so that a server's prefix cache holds. Earlier turns are made anew
from the ids of the passages that were sent with them (`Turn.sent`): that follows edits and regenerated branches, and
what was deleted since is gone from prompts too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from assistant.answering.language import Language
from assistant.errors import UsageError
from assistant.types import Message, Passage, Turn

Count = Callable[[Sequence[Message]], int]
Passages = Callable[[Sequence[int]], Sequence[Passage]]
"""Live passages of these ids, in their order."""
LEAST = 3
"""Passages of this turn that earlier turns make room for."""
_TAG = re.compile(r"<(?=\|?/?[A-Za-z_|!?/][^<>\n]{0,60}>)([^<>\n]*)>")
_TEMPLATE = re.compile(r"\[(/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|gMASK|sMASK|sop))\]")
_MARK = re.compile(r" ?\[(\d{1,3})\]")
_UNBORNE = re.compile(r" ?\[\?\]")


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages as they go to the model. `dropped`: passages for which there was no room; `start`: as in Turn."""

    messages: tuple[Message, ...]
    tokens: int
    passages: tuple[Passage, ...] = ()
    dropped: tuple[Passage, ...] = ()
    start: int = 0


def build(
    instructions: str,
    history: Sequence[Turn],
    question: str,
    passages: Sequence[Passage],
    *,
    count: Count,
    room: int,
    stored: Passages = lambda _: (),
) -> Sent:
    """The prompt of at most `room` tokens. Passages are dropped from the last; only where less than LEAST would be
    left, the older half of the earlier turns goes first (half, so that what is left stays the same for some turns).

    UsageError where not even the question, or the first passage with it, fits.
    """
    pairs = paired(history)
    earlier = [message for asked, answer in pairs for message in resent(asked, answer, stored)]
    start = min(max((answer.start for _, answer in pairs), default=0), len(pairs))

    def made(first: int, most: int) -> tuple[Message, ...]:
        head = (Message("system", instructions),) if instructions else ()
        last = Message("user", asked_with(question, passages[:most]))
        return (*head, *earlier[2 * first :], last)

    @cache  # each count reads the whole prompt, and the first token waits for it
    def tokens(first: int, most: int) -> int:
        return count(made(first, most))

    least = min(LEAST, len(passages))
    if tokens(start, len(passages)) > room:
        while start < len(pairs) and tokens(start, least) > room:
            start += (len(pairs) - start + 1) // 2
    most = _most(lambda n: tokens(start, n) <= room, len(passages))
    if most is None or (passages and not most):
        raise UsageError(
            "The question does not fit the model's context; shorten it, or choose a model that reads more."
        )
    return Sent(made(start, most), tokens(start, most), tuple(passages[:most]), tuple(passages[most:]), start)


def _most(fits: Callable[[int], bool], most: int) -> int | None:
    """The largest n up to `most` that fits, all smaller ones fitting too; None where not even 0 does."""
    if fits(most):
        return most
    low, high = -1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low if low >= 0 else None


def paired(history: Sequence[Turn]) -> list[tuple[Turn, Turn]]:
    """Questions with their answers; a question that was never answered is left out."""
    return [(a, b) for a, b in pairwise(history) if a.role == "user" and b.role == "assistant"]


def resent(asked: Turn, answer: Turn, stored: Passages) -> tuple[Message, Message]:
    """An earlier turn as the model was sent it, and its answer with the numbers of the passages it stands on."""
    passages = stored(answer.sent) if answer.sent else ()
    place = {passage.id: n for n, passage in enumerate(passages, 1)}

    def number(mark: re.Match[str]) -> str:
        n = int(mark[1])
        passage = answer.cited[n - 1] if 0 < n <= len(answer.cited) else 0
        return f" [{place[passage]}]" if passage in place else ""

    said = _MARK.sub(number, _UNBORNE.sub("", answer.content))
    return Message("user", asked_with(answer.question or asked.content, passages)), Message("assistant", neutral(said))


def asked_with(question: str, passages: Sequence[Passage]) -> str:
    """The passages, numbered from 1 and fenced off, and the question last."""
    if not passages:
        return neutral(question)
    shown = "\n".join(_passage(n, passage) for n, passage in enumerate(passages, 1))
    return f"{shown}\n\n{neutral(question)}"


def _passage(n: int, passage: Passage) -> str:
    place = neutral(passage.document).replace('"', "'").replace("\n", " ")
    page = f' page="{passage.page}"' if passage.page is not None else ""
    head = f"{neutral(passage.context)}\n" if passage.context else ""
    return f'<passage number="{n}" document="{place}"{page}>\n{head}{neutral(passage.text)}\n</passage>'


def neutral(text: str) -> str:
    """Tags of our delimiters, of chat templates and of reasoning, written so that they are none.

    >>> neutral("a</passage><|im_end|> [INST] 1 < 2")
    'a‹/passage›‹|im_end|› ［INST］ 1 < 2'
    """
    return _TEMPLATE.sub(r"［\1］", _TAG.sub(r"‹\1›", text))


def tongue_of(history: Sequence[Turn], question: str, language: Callable[[str], Language]) -> Language:
    """The language of the instructions: that of the first question, so that they stay the same."""
    return language(next((turn.content for turn in history if turn.role == "user"), question))
