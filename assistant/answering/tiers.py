"""The four tiers, and which of them a brain can serve."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.answering.language import Language
from assistant.answering.wording import say


@dataclass(frozen=True, slots=True)
class Tier:
    number: int
    name: str
    grounded: bool  # reads the documents
    model: bool  # needs a language model


TIERS = (
    Tier(1, "raw", grounded=False, model=True),
    Tier(2, "prompted", grounded=False, model=True),
    Tier(3, "grounded", grounded=True, model=False),
    Tier(4, "tuned", grounded=True, model=True),
)


def refusal(number: int, has_model: bool, language: Language) -> str | None:
    """One sentence where the tier cannot be served; None where it can."""
    tier = next((tier for tier in TIERS if tier.number == number), None)
    if tier is not None and (has_model or not tier.model):
        return None
    return say("tier_model", language, tier=number)
