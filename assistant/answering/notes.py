"""What a reader must know of an answer that a model had a part in: from its receipt alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.answering.language import Language
from assistant.answering.wording import say

__all__ = ["notes", "say"]


def notes(scores: Mapping[str, Any], tongue: Language) -> tuple[str, ...]:
    """Sentences without support, cuts, what was taken back, what the model did not see. `scores`: the receipt's.

    >>> notes({"model": {}, "supported": 3, "unsupported": 2}, "en")
    ('2 of 5 sentences were not found in the documents.',)
    """
    said = []
    if scores.get("taken_back"):
        said.append(str(scores.get("fell_back") or say("taken_back", tongue)))
    elif "model" in scores:
        said += [_support(scores, tongue), _end(scores, tongue)]
        said.append(say("unchecked", tongue) if scores.get("unchecked") else "")
    return tuple(line for line in [*said, *_unseen(scores, tongue)] if line)


def _support(scores: Mapping[str, Any], tongue: Language) -> str:
    borne, missing = int(scores.get("supported") or 0), int(scores.get("unsupported") or 0)
    if not missing:
        return ""
    if borne + missing == 1:
        return say("unborne_only", tongue)
    return say("unborne_n", tongue, n=missing, total=borne + missing)


def _end(scores: Mapping[str, Any], tongue: Language) -> str:
    key = {"length": "ended_length", "loop": "ended_loop"}.get(str(scores.get("ended")))
    return say(key, tongue) if key else ""


def _unseen(scores: Mapping[str, Any], tongue: Language) -> list[str]:
    """Passages and earlier turns that did not fit."""
    prompt = scores.get("prompt") or {}
    dropped, start = len(prompt.get("dropped") or ()), int(prompt.get("start") or 0)
    passages = say("dropped_one" if dropped == 1 else "dropped_n", tongue, n=dropped) if dropped else ""
    return [passages, say("turns_left_out", tongue) if start else ""]
