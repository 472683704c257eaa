"""What answers: the embedded brain always, and language models by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.types import Draw, Sampling

if TYPE_CHECKING:
    from assistant.seams import Generator


@dataclass(frozen=True, slots=True)
class Brain:
    """`parts` names what it is made of (encoder, reader, ...) with their hashes; asked at each answer."""

    name: str = "embedded"
    parts: Callable[[], Mapping[str, str]] = dict
    generator: Generator | None = None  # None: the embedded brain
    sampling: Sampling = field(default_factory=Sampling)
    persona: str = "assistant"  # where the question names none
    prices: tuple[float, float] = (0.0, 0.0)  # of a million tokens of prompts, of answers

    @property
    def has_model(self) -> bool:
        return self.generator is not None

    def drawing(self, draw: Draw | None) -> Brain:
        """The same, with the sampling that a question wishes."""
        return self if draw is None else replace(self, sampling=draw.over(self.sampling))


def chosen(name: str, embedded: Brain, models: Callable[[], Mapping[str, Brain]]) -> Brain:
    """The brain of a name; UsageError names those there are. The embedded one never asks for the models."""
    if name == embedded.name:
        return embedded
    there = models()
    if name not in there:
        known = ", ".join([embedded.name, *there])
        raise UsageError(f"There is no brain {name}; choose one of {known}.")
    return there[name]
