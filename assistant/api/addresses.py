"""Corpora under model names: `corpus/NAME[@TIER][+BRAIN]`."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from assistant.errors import NotFound

PREFIX = "corpus/"
ENCODER = "encoder"
_PARTS = re.compile(r"(.+?)(?:@([1-4]))?(?:\+([^+]+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    corpus: str
    tier: int
    brain: str = ""


def address(model: str, corpora: Collection[str], tier: int) -> Address:
    """What a model name means; a corpus whose own name ends like a tier or brain goes first. NotFound.

    >>> address("corpus/law@1+small", {"law"}, 3)
    Address(corpus='law', tier=1, brain='small')
    >>> address("corpus/a@2", {"a", "a@2"}, 3)
    Address(corpus='a@2', tier=3, brain='')
    """
    name = model.removeprefix(PREFIX)
    if model.startswith(PREFIX) and name in corpora:
        return Address(name, tier)
    parts = _PARTS.fullmatch(name) if model.startswith(PREFIX) else None
    if parts is None or parts[1] not in corpora:
        raise NotFound(f"There is no model {model}; ask /v1/models for those there are.")
    return Address(parts[1], int(parts[2] or tier), parts[3] or "")


def names(corpora: Collection[str], brains: Collection[str], embedded: str = "embedded") -> list[str]:
    """All that `address` understands: tiers 1 to 3 of each model, tier 3 of the embedded brain, the encoder."""
    made = [PREFIX + corpus for corpus in corpora]
    models = [brain for brain in brains if brain != embedded]
    for corpus in corpora:
        made += [f"{PREFIX}{corpus}@{tier}+{brain}" for brain in models for tier in (1, 2, 3)]
        made += [f"{PREFIX}{corpus}@3+{embedded}"] if models else []
    return [*made, ENCODER]
