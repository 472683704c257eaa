"""The NVIDIA GPUs of this machine, as nvidia-smi tells of them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

QUERY = "name,memory.total,memory.free,compute_cap"


@dataclass(frozen=True, slots=True)
class Gpu:
    """One card; memory in bytes."""

    name: str
    total: int
    free: int
    compute: float  # compute capability; 8.9 and up calculate in fp8


def gpus() -> tuple[Gpu, ...]:
    """All cards; none where there is no working nvidia-smi."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    words = [program, f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse(done.stdout)


def parse(table: str) -> tuple[Gpu, ...]:
    """nvidia-smi's lines; those that are not understood ("[N/A]") are left out.

    >>> parse("NVIDIA L4, 23034, 22563, 8.9")
    (Gpu(name='NVIDIA L4', total=24152899584, free=23659020288, compute=8.9),)
    """
    found = []
    for line in table.splitlines():
        try:
            name, total, free, compute = (word.strip() for word in line.rsplit(",", 3))
            found.append(Gpu(name, int(total) << 20, int(free) << 20, float(compute)))
        except ValueError:
            continue
    return tuple(found)
