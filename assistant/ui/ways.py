"""Who may answer, and from what: the choices of the composer, and what a reader should know of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assistant.api.security import is_loopback
from assistant.ui.made import EMBEDDED, PROMPTED, RAW, way
from assistant.ui.words import Language, say

if TYPE_CHECKING:
    from assistant.seams import PromptText
    from assistant.settings import Settings
    from assistant.types import ModelInfo

GROUNDED = 3
SMALL = 1_000_000_000
"""Parameters below which a model is called very small."""


@dataclass(frozen=True, slots=True)
class Way:
    """A choice of the composer; `value` is what the page remembers."""

    brain: str
    tier: int
    text: str

    @property
    def value(self) -> str:
        return f"{self.tier}|{self.brain}"


def ways(brains: Sequence[str], language: Language) -> list[Way]:
    """Only what can be served now: the embedded brain reads documents alone, a model answers in three ways."""
    found = [(EMBEDDED, GROUNDED)] if EMBEDDED in brains else []
    found += [(name, tier) for name in brains if name != EMBEDDED for tier in (GROUNDED, PROMPTED, RAW)]
    return [Way(brain, tier, way(brain, tier, language)) for brain, tier in found]


def first_way(brains: Sequence[str], settings: Settings) -> str:
    """The choice of a browser that has chosen nothing: the settings' brain and tier, where it can be served."""
    models = [name for name in brains if name != EMBEDDED]
    brain = models[0] if models and settings.brain != EMBEDDED else EMBEDDED
    tier = settings.tier if brain != EMBEDDED and settings.tier in (RAW, PROMPTED) else GROUNDED
    return Way(brain, tier, "").value


def newest(prompts: Sequence[PromptText], language: Language) -> list[PromptText]:
    """One prompt a name, in the language where it is there, in its newest version."""
    found: dict[str, PromptText] = {}
    for prompt in sorted(prompts, key=lambda p: (p.language != language, -p.version)):
        found.setdefault(prompt.name, prompt)
    return sorted(found.values(), key=lambda p: p.name)


def about(model: ModelInfo, host: str, language: Language) -> str:
    """What a reader should know before they ask: how small the model is, and to which other machine their words go."""
    count = int(model.provenance.get("parameters") or 0)
    said = [say("model_small" if count < SMALL else "model_size", language, n=size(count, language))] if count else []
    if host:
        said.append(say("model_elsewhere", language, host=host))
    return " ".join(said) if language == "en" else "".join(said)


def elsewhere(place: str) -> str:
    """The host of an address, or a provider's name, where it is another machine; "" where words stay here.

    >>> elsewhere("https://models.example/v1"), elsewhere("http://127.0.0.1:8000/v1"), elsewhere("anthropic")
    ('models.example', '', 'anthropic')
    """
    host = urlsplit(place).hostname or place
    return "" if not host or is_loopback(host) else host


def size(count: int, language: Language) -> str:
    """A number of parameters for people.

    >>> size(134_515_008, "en"), size(7_615_616_512, "en"), size(134_515_008, "zh"), size(7_615_616_512, "zh")
    ('135 million', '7.6 billion', '1.35 亿', '76.2 亿')
    """
    if language == "zh":
        return f"{count / 1e8:.3g} 亿"
    return f"{count / 1e9:.2g} billion" if count >= 1e9 else f"{count / 1e6:.0f} million"
