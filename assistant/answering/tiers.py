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


TUNED = 4


def reads(number: int) -> bool:
    """Whether a tier looks into the documents."""
    return any(tier.grounded for tier in TIERS if tier.number == number)


def refusal(number: int, has_model: bool, language: Language) -> str | None:
    """One sentence where the tier cannot be served; None where it can. Tier 4 comes with tuning."""
    tier = next((tier for tier in TIERS if tier.number == number), None)
    if has_model and number == TUNED:
        return say("tier_tuned", language)
    if tier is not None and (has_model or not tier.model):
        return None
    return say("tier_model", language, tier=number)
