"""No quote leaves that does not stand, character for character, in a live passage (promise 14)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.seams import PassageStore
from assistant.types import Claim, Passage, Span

_WORDS = re.compile(r"\w+")


def standing(
    claims: Sequence[Claim], store: PassageStore, headers: Callable[[Passage], str] = lambda _: ""
) -> list[bool]:
    """For each claim, whether all its spans stand in the live passages and its words are theirs.

    `headers` gives the column names of the table that a passage is of: a claim over a row may use them.
    """
    wanted = list(dict.fromkeys(span.passage.id for claim in claims for span in claim.spans))
    live = {passage.id: passage for passage in store.passages(wanted)} if wanted else {}
    return [stands(claim, live, headers) for claim in claims]


def stands(claim: Claim, live: dict[int, Passage], headers: Callable[[Passage], str] = lambda _: "") -> bool:
    """Every span is exact, and where the claim says that it quotes, its words are the spans' words."""
    if not claim.spans or not all(_exact(span, live.get(span.passage.id)) for span in claim.spans):
        return False
    return not claim.quoted or same_words(claim.text, claim.spans) or _row_words(claim.text, claim.spans, headers)


def _exact(span: Span, live: Passage | None) -> bool:
    if live is None or (live.document, live.corpus, live.start) != (
        span.passage.document,
        span.passage.corpus,
        span.passage.start,
    ):
        return False
    if not live.start <= span.start < span.end <= live.end:
        return False
    return bool(span.quote) and live.text[span.start - live.start : span.end - live.start] == span.quote


def same_words(text: str, spans: Sequence[Span]) -> bool:
    """Equal but for blanks and the marks of emphasis."""
    return bare(text) == bare("".join(span.quote for span in spans))


def _row_words(text: str, spans: Sequence[Span], headers: Callable[[Passage], str]) -> bool:
    """Of a table row: every word stands in the row, in what is indexed with it, or in its table's header."""
    if any(span.passage.table is None for span in spans):
        return False
    there = " ".join(f"{span.quote} {span.passage.context} {headers(span.passage)}" for span in spans)
    return set(_WORDS.findall(text)) <= set(_WORDS.findall(there))


def bare(text: str) -> str:
    """Without blanks and without emphasis.

    >>> bare("**a**  b")
    'ab'
    """
    return "".join(text.replace("**", "").split())
