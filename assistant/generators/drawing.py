"""Drawing a token from a model's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.types import Sampling

if TYPE_CHECKING:
    import torch


def drawer(sampling: Sampling) -> torch.Generator:
    """Randomness of one answer: the same seed draws the same tokens."""
    import torch

    return torch.Generator().manual_seed(sampling.seed)


def draw(scores: torch.Tensor, sampling: Sampling, random: torch.Generator) -> int:
    """A token id from scores (vocabulary,): the best at temperature 0, else by chance among the likeliest `top_p`."""
    import torch

    if sampling.temperature == 0:
        return int(scores.argmax())
    chances = (scores.float() / sampling.temperature).softmax(-1)
    ordered, ids = chances.sort(descending=True)
    before = ordered.cumsum(-1) - ordered
    ordered = ordered.masked_fill(before >= sampling.top_p, 0.0)
    return int(ids[torch.multinomial(ordered, 1, generator=random)])
