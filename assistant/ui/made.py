"""What made an answer, and what came of it, in lines for people: from its stored receipt alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.answering.notes import notes as sentences
from assistant.answering.notes import say as told
from assistant.ui.words import Language, say

EMBEDDED = "embedded"
RAW, PROMPTED = 1, 2


def scores(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (answer.get("receipt") or {}).get("scores") or {}
    return found


def asked_model(answer: Mapping[str, Any]) -> bool:
    """Whether a language model was sent anything."""
    return "model" in scores(answer)


def spoke(answer: Mapping[str, Any]) -> bool:
    """Whether the text is a language model's own: nothing of it was taken back."""
    return asked_model(answer) and not scores(answer).get("taken_back")


def way(brain: str, tier: int, language: Language) -> str:
    """A way of answering in plain words.

    >>> way("embedded", 3, "en"), way("small", 1, "en")
    ('From your documents (no model)', 'small alone')
    """
    if brain == EMBEDDED:
        return say("way_embedded", language)
    key = {RAW: "way_alone", PROMPTED: "way_role"}.get(tier, "way_documents")
    return say(key, language, model=brain)


def caption(answer: Mapping[str, Any], language: Language) -> str:
    """One line: who made this answer, from what."""
    brain, tier = str(answer.get("brain") or EMBEDDED), int(answer.get("tier") or 3)
    if answer.get("route") == "smalltalk" and not asked_model(answer):
        return say("made_fixed", language)
    if brain == EMBEDDED or spoke(answer):
        return way(brain, tier, language)
    if scores(answer).get("taken_back"):
        return say("made_instead", language, model=brain)
    return say("made_unasked", language, model=brain)


def notes(answer: Mapping[str, Any], language: Language) -> tuple[str, ...]:
    """What a reader must know of a model's answer, in the page's language."""
    found = scores(answer)
    fell_back = {"fell_back": told("fell_back", language)} if found.get("fell_back") else {}
    return sentences({**found, **fell_back}, language)
