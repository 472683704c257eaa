"""One question under way, and what has been said of its answer so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from assistant.answering.brains import Brain
from assistant.answering.language import Language
from assistant.planning.router import Plan
from assistant.types import Citation, Cited, Delta, Hit, Question, Revised

T = TypeVar("T")
Stop = Callable[[], bool]
Said = Delta | Cited | Revised
"""What a model's way to an answer yields. Revised: what came before was no answer."""


@dataclass(slots=True)
class Progress:
    """What has been said so far: all of it is kept when the person stops."""

    started: float = field(default_factory=time.perf_counter)
    said: str = ""
    hits: tuple[Hit, ...] = ()
    citations: tuple[Citation, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)  # of the model's prompt
    usage: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)

    def time(self, name: str) -> None:
        so_far = (time.perf_counter() - self.started) * 1000
        self.timings[name] = round(self.timings.get(name, 0.0) + so_far - sum(self.timings.values()), 1)

    def watch(self, events: Generator[Said, None, T]) -> Generator[Said, None, T]:
        """The same events, noted as they pass."""
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(event, Delta):
                self.said += event.text
            elif isinstance(event, Revised):
                self.take_back()
            else:
                self.citations += (event.citation,)
            yield event

    def take_back(self) -> None:
        self.said, self.citations = "", ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One question under way: as it stands alone, what it asks for, in which language, of whom."""

    question: Question
    plan: Plan
    tongue: Language
    brain: Brain
    stop: Stop
    progress: Progress
