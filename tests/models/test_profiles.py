"""Profiles of open models: all are read, mistakes are named, and memory is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.models.fit import fit, needed, room
from assistant.models.gpu import Gpu, parse
from assistant.models.profile import Profile, packaged, profiles, read

FAMILIES = {"qwen3", "llama3", "glm4", "internlm3", "yi1_5", "mistral", "gemma", "phi", "gpt_oss", "smollm2"}
MINE = """
maker = "Me"
licence = "MIT"
[[models]]
name = "mine"
title = "Mine"
model = "me/mine"
parameters = 1_000_000
layers = 2
kv_heads = 2
head_dim = 16
context = 512
"""
GIB = 1 << 30


def card(gigabytes: int, compute: float = 8.9) -> Gpu:
    return Gpu("card", gigabytes * GIB, gigabytes * GIB, compute)


def test_every_family_has_models_with_a_licence() -> None:
    assert {p.family for p in packaged().values()} == FAMILIES
    assert all(p.licence and p.maker and p.parameters > 0 for p in packaged().values())
    assert all(p.limits for p in packaged().values() if p.licence.startswith(("Llama", "Gemma")))


@pytest.mark.parametrize("name", sorted(packaged()))
def test_a_profile_holds_together(name: str) -> None:
    p = packaged()[name]
    assert p.name == name
    assert p.serve_context <= p.context
    assert p.model.count("/") == 1
    assert bool(p.reasoning_tags) <= bool(p.reasoning_parser)


def test_cache_and_weights_are_counted() -> None:
    p = packaged()["llama-3.1-8b"]
    assert p.cache_bytes == 2 * 32 * 8 * 128 * 2 == 131072
    assert p.weight_bytes() == 8.03e9 * 2
    assert p.weight_bytes("fp8") == 8.03e9
    assert packaged()["gpt-oss-20b"].weight_bytes() == 13.8e9


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("layers = 2", "layerz = 2", r"Unknown key layerz in .*; the nearest known key is layers\."),
        ("layers = 2\n", "", r"lacks layers; add it\."),
        ("layers = 2", 'layers = "2"', r"The value of layers in .* is not of the kind int; correct it\."),
        ("layers = 2", "layers = true", r"not of the kind int"),
        ("layers = 2", "layers = -2", r"negative; correct it\."),
        ("[[models]]", "[other]", r"lists no \[\[models\]\]; add one\."),
        ("layers = 2", "layers = ", r"is not valid TOML: .*; mend that line\."),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(MINE.replace(old, new), "utf-8")
    with pytest.raises(UsageError, match=said):
        list(read(file))


def test_own_profiles_stand_beside_the_packaged(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(MINE, "utf-8")
    assert profiles(tmp_path)["mine"].family == "own"
    assert len(profiles(tmp_path)) == len(packaged()) + 1
    (tmp_path / "second.toml").write_text(MINE, "utf-8")
    with pytest.raises(UsageError, match=r"Two model profiles in .* are named mine"):
        profiles(tmp_path)


# --- what fits -------------------------------------------------------------------------------------------------------
def fits(name: str, *cards: Gpu) -> tuple[bool, str, int]:
    found = fit(packaged()[name], cards)
    return found.ok, found.precision, found.cards


def test_a_model_fits_as_it_comes_or_smaller_or_on_more_cards() -> None:
    assert fits("qwen3-8b", card(24)) == (True, "", 1)
    assert fits("qwen3-14b", card(24)) == (True, "fp8", 1)
    assert fits("qwen3-14b", card(24, compute=8.6)) == (True, "int4", 1)
    assert fits("qwen3-14b", card(24), card(24)) == (True, "", 2)
    assert fits("llama-3.1-70b", card(24)) == (False, "", 0)
    assert fits("gpt-oss-20b", card(24)) == (True, "", 1)
    assert fits("gpt-oss-120b", card(48)) == (False, "", 0)  # comes in 4 bits: it gets no smaller


def test_room_is_what_weights_and_working_memory_leave() -> None:
    p = packaged()["llama-3.1-8b"]
    left = 24 * GIB * 0.9 - 8.03e9 * 2 * 1.02 - 1.5e9
    assert room(p, [card(24)]) == int(left / 131072)
    assert needed(p, context=0) == pytest.approx((8.03e9 * 2 * 1.02 + 1.5e9) / 0.9)


def test_no_gpu_is_said_with_what_runs_all_the_same() -> None:
    large, small = (fit(packaged()[name], (), memory=16 * GIB) for name in ("qwen3-8b", "smollm2-135m"))
    assert (large.ok, small.ok) == (False, True)
    assert large.why.startswith("needs a GPU of about ")
    assert small.why.startswith("on the CPU")
    assert not fit(packaged()["smollm2-1.7b"], (), memory=2 * GIB).ok


def test_nvidia_smi_is_understood() -> None:
    table = "NVIDIA H100 80GB HBM3, 81559, 81000, 9.0\nNVIDIA A, B, 24564, 20000, 8.6\nBroken, [N/A], [N/A], [N/A]\n\n"
    assert [(g.name, g.total >> 20, g.compute) for g in parse(table)] == [
        ("NVIDIA H100 80GB HBM3", 81559, 9.0),
        ("NVIDIA A, B", 24564, 8.6),
    ]


def test_profiles_are_values() -> None:
    p = packaged()["smollm2-135m"]
    assert isinstance(p, Profile)
    assert p.as_json["licence"] == "Apache-2.0"
