"""An answer of the embedded brain in pieces, and the sentence that stands where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.answering.compose import marked
from assistant.answering.language import Language
from assistant.answering.wording import say
from assistant.readers.kinds import Found, scope
from assistant.seams import PassageStore
from assistant.types import Claim, Question

Piece = tuple[str, tuple[int, ...]]
"""Text and the numbers of its citations."""


def pieces(
    found: Found, claims: Sequence[Claim], marks: Sequence[tuple[int, ...]], tongue: Language
) -> Iterator[Piece]:
    """The head, a claim at a time under its label and with its marks, the tail."""
    if found.head:
        yield f"{found.head}\n\n", ()
    labels = found.labels or ("",) * len(claims)
    for n, (claim, numbers, label) in enumerate(zip(claims, marks, labels, strict=True)):
        line = (f"{label}: " if label and tongue == "en" else f"{label}：" if label else "") + marked(claim, numbers)
        before = ("\n" if found.listed else " ") if n else ""
        yield before + (f"- {line}" if found.listed else line), numbers
    for line in found.tail:
        yield f"\n\n{line}", ()


def nothing(question: Question, found: Found, tongue: Language, store: PassageStore) -> str:
    """Why there is no answer."""
    if found.instead:
        return found.instead
    if found.draft.details.get("unverified"):
        return say("unverified", tongue)
    if not found.hits:
        return say("nothing_near" if scope(store, question) else "empty", tongue)
    read = int(found.draft.details.get("read", len(found.hits)))
    return say("abstain" if read > 1 else "abstain_one", tongue, n=read)
