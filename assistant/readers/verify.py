"""No quote leaves that does not stand, character for character, in a live passage (promise 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.seams import PassageStore
from assistant.types import Claim, Draft, Passage, Span


def verify(draft: Draft, store: PassageStore) -> tuple[Draft, int]:
    """The draft without claims whose spans do not stand in the live passages, and how many were dropped."""
    wanted = list(dict.fromkeys(span.passage.id for claim in draft.claims for span in claim.spans))
    live = {passage.id: passage for passage in store.passages(wanted)} if wanted else {}
    kept = tuple(claim for claim in draft.claims if stands(claim, live))
    return replace(draft, claims=kept), len(draft.claims) - len(kept)


def stands(claim: Claim, live: dict[int, Passage]) -> bool:
    """Every span is exact, and where the claim says that it quotes, its words are the spans' words."""
    if not claim.spans or not all(_exact(span, live.get(span.passage.id)) for span in claim.spans):
        return False
    return not claim.quoted or all(same_words(part, claim.spans) for part in (claim.text,))


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


def bare(text: str) -> str:
    """Without blanks and without emphasis.

    >>> bare("**a**  b")
    'ab'
    """
    return "".join(text.replace("**", "").split())
