"""Where a question takes for granted what the cited documents contradict: another number, or yes for no."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.terms import terms
from assistant.readers.facts import MONTH, Number, denials, numbers
from assistant.readers.support import head, met_share
from assistant.types import Span

NEAR, SAME = 0.6, 0.8
"""Share of the question's words that must stand in a sentence of which a number, or only yes and no, differ."""
_WHY = re.compile(r"^\W*(?:why|how come|for what reason)\b|为什么|为何|怎么会", re.IGNORECASE)


def contradicting(question: str, spans: Sequence[Span]) -> Span | None:
    """The first cited place that says otherwise than the question; None where there is none, which is no proof.

    A number counts where the place has one of the same unit and the passage never has the question's; years,
    which differ for many reasons, and denials, in questions for a reason, only where the sentence is else the same.
    """
    for span in spans:
        share = met_share(_words(question), f"{head(span.passage)} {span.quote}")
        if share >= NEAR and _other_number(question, span, years=share >= SAME):
            return span
        if share >= SAME and _WHY.search(question) and (denials(question) - denials(span.quote)) % 2:
            return span
    return None


def _words(question: str) -> frozenset[str]:
    """Content words without numbers."""
    return frozenset(word for word in terms(_WHY.sub("", question)) if not re.search(r"\d", word))


def _other_number(question: str, span: Span, *, years: bool) -> bool:
    there, passage = numbers(span.quote), numbers(span.passage.text)
    strange = [n for n in numbers(question) if not any(n.equals(other) for other in passage)]
    return any(_alike(n, other, years) for n in strange for other in there)


def _alike(number: Number, other: Number, years: bool) -> bool:
    if number.unit:
        return number.unit == other.unit != MONTH
    return years and _year(number) and _year(other)


def _year(number: Number) -> bool:
    return not number.unit and number.value == int(number.value) and 1000 <= number.value <= 2100
