"""The pieces of the 8-bit encoder, against the same sums in float."""

from __future__ import annotations

import torch
from torch.nn import functional

from assistant.embedders.int8 import TOP, load_ranges, product, smoothed, spread
from tests.machine import vnni


def test_a_large_channel_is_spread_over_copies() -> None:
    weight, bias, then = torch.tensor([[1.0], [0.5]]), torch.tensor([0.0, 1.0]), torch.tensor([[2.0, 3.0]])
    wide, moved, narrow = spread(weight, bias, then, torch.tensor([20.0, 1.0]))
    assert wide.shape == (2 + 16, 1)
    assert moved[:5].tolist() == [0.0, 1.0, -TOP, -2 * TOP, -3 * TOP]
    inputs = torch.tensor([[0.3], [19.0]])
    expected = functional.gelu(inputs @ weight.T + bias).clamp(max=20) @ then.T
    cut = functional.gelu(inputs @ wide.T + moved).clamp(max=TOP) @ narrow.T
    exact = functional.gelu(torch.tensor([[0.3, 1.15]])) @ then.T
    torch.testing.assert_close(cut[:1], exact)
    # the second channel, 10.5, is above what it was said to reach and is cut at TOP
    torch.testing.assert_close(cut[1], expected[1] - 3 * (10.5 - TOP), atol=0.4, rtol=0)


@vnni
def test_a_product_is_that_of_float() -> None:
    chance = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(48, 32, generator=chance), torch.randn(48, generator=chance)
    inputs = torch.randn(7, 32, generator=chance)
    inputs[:, 3] *= 40
    layer = smoothed(weight, bias, inputs.abs().amax(dim=0))
    expected = functional.linear(inputs, weight, bias)
    made = layer.to(layer.rounded(inputs), torch.float32)
    assert float((made - expected).norm() / expected.norm()) < 0.02
    rest = torch.ones_like(expected)
    torch.testing.assert_close(layer.added(layer.rounded(inputs), rest), made + 1)


@vnni
def test_gelu_comes_rounded_for_the_next_product() -> None:
    layer = product(torch.eye(16), torch.zeros(16), torch.ones(16), -8.0, 8.0)
    then = product(torch.eye(16), torch.zeros(16), torch.ones(16), -0.17, TOP)
    inputs = torch.linspace(-4, 7.9, 16)[None, :]
    made = then.to(layer.gelu(layer.rounded(inputs), then), torch.float32)
    torch.testing.assert_close(made, functional.gelu(inputs).clamp(max=TOP), atol=0.06, rtol=0)


def test_ranges_of_another_encoder_are_not_used() -> None:
    assert load_ranges("0" * 64) is None
