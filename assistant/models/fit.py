"""Which models a machine can hold: weights, cache and working memory against what its GPUs have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from assistant.models.gpu import Gpu
from assistant.models.profile import Profile

GPU_SHARE = 0.9  # of a card's memory, as vLLM is told
WORKING = 1.5e9  # bytes on each card besides weights and cache: activations, CUDA graphs, libraries
LEAST_CONTEXT = 4096
CPU_PARAMETERS = 4e9  # beyond that, a CPU writes slower than people read
FP8_COMPUTE = 8.9


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model fits, and why. `precision` "" is as it comes; `cards` share the weights."""

    ok: bool
    why: str
    precision: str = ""
    cards: int = 0
    context: int = 0


def fit(profile: Profile, gpus: Sequence[Gpu], memory: int | None = None) -> Fit:
    """The first way that works: as it comes on the fewest cards, then in 8 bits, then in 4. `memory`: of the machine,
    in bytes, for models that run without a GPU."""
    if not gpus:
        return _on_cpu(profile, psutil.virtual_memory().total if memory is None else memory)
    for precision in ("", "fp8", "int4"):
        if precision and (profile.weights_gb or (precision == "fp8" and gpus[0].compute < FP8_COMPUTE)):
            continue
        for cards in (1, 2, 4, 8):
            if cards > len(gpus) or (profile.kv_heads % cards and cards % profile.kv_heads):
                continue
            tokens = room(profile, gpus[:cards], precision)
            if tokens >= min(LEAST_CONTEXT, profile.context):
                return _fits(profile, precision, cards, min(tokens, profile.context))
    return Fit(False, _too_large(profile, gpus))


def room(profile: Profile, cards: Sequence[Gpu], precision: str = "") -> int:
    """Tokens of cache that are left beside the weights; below 0 where those do not fit."""
    usable = min(card.total for card in cards) * GPU_SHARE * len(cards)
    copies = max(1.0, len(cards) / profile.kv_heads)  # heads that cannot be shared out are kept twice
    left = usable - profile.weight_bytes(precision) * 1.02 - WORKING * len(cards)
    return int(left / (profile.cache_bytes * copies))


def needed(profile: Profile, precision: str = "", context: int = LEAST_CONTEXT) -> float:
    """Bytes of GPU memory for one conversation of `context` tokens on one card."""
    held = profile.weight_bytes(precision) * 1.02 + WORKING + profile.cache_bytes * context
    return held / GPU_SHARE


def _fits(profile: Profile, precision: str, cards: int, context: int) -> Fit:
    how = {"": "as it comes", "fp8": "in 8 bits (fp8)", "int4": "in a 4-bit version (AWQ or GPTQ)"}[precision]
    on = "" if cards == 1 else f" on {cards} GPUs"
    size = profile.weight_bytes(precision) / 1e9
    return Fit(True, f"{how}{on}: {size:.1f} GB of weights, {context:,} tokens of context", precision, cards, context)


def _too_large(profile: Profile, gpus: Sequence[Gpu]) -> str:
    least = needed(profile, "" if profile.weights_gb else "int4") / 1e9
    have = sum(card.total for card in gpus) / 1e9
    smallest = "" if profile.weights_gb else " in 4 bits"
    return f"needs about {least:.0f} GB{smallest}; the GPUs have {have:.0f} GB"


def _on_cpu(profile: Profile, memory: int) -> Fit:
    need = (profile.weight_bytes() * 1.2 + 3e9) / 1e9
    if profile.parameters > CPU_PARAMETERS or profile.weights_gb:
        gpu = needed(profile) / 1e9
        return Fit(False, f"needs a GPU of about {gpu:.0f} GB; none was found")
    if need * 1e9 > memory:
        return Fit(False, f"needs about {need:.0f} GB of memory; this machine has {memory / 1e9:.0f} GB")
    return Fit(
        True, f"on the CPU ({os.cpu_count()} cores), slowly: about {need:.0f} GB of memory", "", 0, profile.context
    )
