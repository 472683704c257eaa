"""Which number format the processor is quick with."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from assistant.errors import NotAvailable

Arithmetic = Literal["fp32", "bf16", "int8"]
Precision = Literal["auto", "fp32", "bf16", "int8"]
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
INT8_FLAGS = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
AMX_FLAGS = frozenset({"amx_bf16", "amx_int8"})


@lru_cache(maxsize=1)
def processor_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """What the processor says it can do; nothing where that cannot be told (not Linux)."""
    try:
        lines = cpuinfo.read_text("utf-8").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())


def quick_bf16() -> bool:
    """True where the processor multiplies bfloat16 in hardware."""
    return not BF16_FLAGS.isdisjoint(processor_flags())


def quick_int8() -> bool:
    """True where the processor multiplies bytes and adds them up in 32 bits; others lose digits on the way."""
    return not INT8_FLAGS.isdisjoint(processor_flags())


def floating(precision: Precision) -> Literal["fp32", "bf16"]:
    """The format of what has no int8 form, the span reader first of all."""
    if precision in ("fp32", "bf16"):
        return precision
    return "bf16" if quick_bf16() else "fp32"


def chosen(precision: Precision) -> Arithmetic:
    """The encoder's format for a setting. `auto` takes int8 where it was measured to be quickest and to cost no recall:
    on processors with AVX512-VNNI and without AMX (docs/decisions/0255-embedding-speed.md).

    NotAvailable when int8 is asked for by name and the processor lacks it.
    """
    if precision == "int8" and not quick_int8():
        raise NotAvailable("This processor has no quick int8 arithmetic; set precision to auto, bf16 or fp32.")
    flags = processor_flags()
    best = precision == "auto" and "avx512_vnni" in flags and AMX_FLAGS.isdisjoint(flags)
    return "int8" if best or precision == "int8" else floating(precision)
