"""The quick attention against torch's own."""

from __future__ import annotations

import math

import torch

from assistant.embedders.attention import attended, fused, query_scale, quick


def mixed(tokens: int, size: float = 1.0) -> torch.Tensor:
    """Queries, keys and values of four heads of 32; scores spread by about size^2."""
    states = torch.randn(tokens, 3 * 128, generator=torch.Generator().manual_seed(tokens))
    states[:, :128] *= size * query_scale(32)
    states[:, 128:256] *= size
    return states.bfloat16()


def test_fused_attention_is_the_usual_one() -> None:
    states = mixed(3).float()
    query, key, value = (part.view(3, 4, 32).transpose(0, 1) for part in states.split(128, dim=1))
    weights = (query @ key.transpose(1, 2) / query_scale(32) / math.sqrt(32)).softmax(dim=2)
    torch.testing.assert_close(fused(states, 4), (weights @ value).transpose(0, 1).flatten(1))


def test_quick_attention_is_that_of_torch() -> None:
    for tokens in (1, 2, 70):
        states = mixed(tokens)
        torch.testing.assert_close(quick(states, 4), fused(states, 4), atol=0.03, rtol=0.02)


def test_scores_beyond_the_format_fall_back() -> None:
    wide = mixed(9, 12.0)  # beyond 2^127
    assert torch.equal(quick(wide, 4), fused(wide, 4))
    low = mixed(9)
    low[:, :128], low[:, 128:256] = 3, -3  # every score is -288, whose power of two is 0
    torch.testing.assert_close(quick(low, 4), low[:, 256:].float().mean(0).expand(9, 128).bfloat16(), atol=0.02, rtol=0)


def test_a_sequence_sees_itself_only() -> None:
    states = mixed(12).float()
    parts = torch.cat([fused(states[:5], 4), fused(states[5:], 4)])
    torch.testing.assert_close(attended(states, [(0, 5), (5, 12)], 4), parts)
