"""Settings of a training run of the span reader, and its clock."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass

log = logging.getLogger(__name__)
LOG_EVERY = 25  # steps


@dataclass(frozen=True)
class Recipe:
    """Times in minutes, sizes in padded tokens; shares are parts of the time budget."""

    minutes: float
    frozen_layers: int = 4
    rate: float = 2e-4
    head_rate: float = 1e-3
    tokens: int = 3600
    weight_decay: float = 0.01
    clip: float = 1.0
    warm_up: float = 0.03
    steady: float = 0.6
    save_every: float = 8.0
    dev_examples: int = 200
    seed: int = 1


def rate_factor(share: float, recipe: Recipe) -> float:
    """Part of the full learning rate when `share` of the time has passed: up, level, down to nothing.

    >>> [rate_factor(share, Recipe(1, warm_up=0.1, steady=0.5)) for share in (0.05, 0.3, 0.75, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    """
    if share < recipe.warm_up:
        return share / recipe.warm_up
    if share < recipe.steady:
        return 1.0
    return max(0.0, (1.0 - share) / (1.0 - recipe.steady))


class Progress:
    """Counts, times and running losses of one run."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.began = self.saved = time.monotonic()
        self.steps = self.examples = 0
        self.loss = [0.0, 0.0]
        self.measured: dict[str, float] = {}

    @property
    def minutes(self) -> float:
        return (time.monotonic() - self.began) / 60

    def share(self) -> float:
        """Part of the budget that has passed."""
        return self.minutes / self.recipe.minutes

    def due(self) -> bool:
        """True once every `save_every` minutes."""
        if time.monotonic() - self.saved < self.recipe.save_every * 60:
            return False
        self.saved = time.monotonic()
        return True

    def add(self, count: int, span: float, answer: float) -> None:
        """One step over `count` examples with its two losses."""
        self.steps += 1
        self.examples += count
        keep = 0.98 if self.steps > 50 else 0.9
        self.loss = [keep * old + (1 - keep) * new for old, new in zip(self.loss, (span, answer), strict=True)]
        if self.steps % LOG_EVERY == 0:
            line = "%4.1f%% step %d, %d examples, %.1f/s, loss span %.3f answerable %.3f"
            speed = self.examples / (60 * self.minutes)
            log.info(line, 100 * self.share(), self.steps, self.examples, speed, *self.loss)

    def note(self, measured: dict[str, float]) -> None:
        """What the held-out part says now."""
        self.measured = measured
        log.info("dev: %s", json.dumps({name: round(value, 4) for name, value in measured.items()}))
