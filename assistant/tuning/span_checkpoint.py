"""Folders of span reader weights: written in one step, read back to go on from."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from assistant.errors import NotAvailable
from assistant.readers.span import CONFIG, WEIGHTS, file_hash, read_config
from assistant.readers.span_network import SpanNetwork
from assistant.tuning.span_recipe import Progress

KEPT = 2


def save(network: SpanNetwork, out: Path, state: Progress, encoder: str | None) -> Path:
    """Write a checkpoint folder and point the link `out/current` at it; older ones but the last go.

    `encoder` is the hash of the packaged encoder that the network stands on.
    """
    from safetensors.torch import save_file

    folder = out / f"step-{state.steps:06d}"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.half().contiguous() for name, value in network.stored().items()}, folder / WEIGHTS)
    config = {
        "format": 1,
        "sha256": file_hash(folder / WEIGHTS),
        "frozen_layers": network.frozen_layers,
        "encoder_sha256": encoder,
        "recipe": asdict(state.recipe),
        "steps": state.steps,
        "examples": state.examples,
        "minutes": round(state.minutes, 1),
        "dev": state.measured,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    link = out / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    os.replace(link, out / "current")
    for old in sorted(out.glob("step-*"))[:-KEPT]:
        shutil.rmtree(old)
    return folder


def restore(network: SpanNetwork, folder: Path, encoder: str | None) -> None:
    """Load the weights of `folder` into `network`. NotAvailable when they do not fit."""
    from safetensors.torch import load_file

    config = read_config(folder)
    if config["encoder_sha256"] != encoder or config["frozen_layers"] != network.frozen_layers:
        raise NotAvailable(f"The reader in {folder.name} stands on another encoder or froze other layers.")
    network.load_stored(load_file(str(folder / WEIGHTS)))


def blend(first: Path, last: Path, share: float, out: Path) -> Path:
    """Write to `out` the mean of two readers' weights, `share` of it from `last`; its folder.

    Going on from a good reader forgets some of what it knew; the mean keeps both (Wortsman et al. 2022, WiSE-FT).
    NotAvailable when they stand on different encoders.
    """
    from safetensors.torch import load_file, save_file

    before, after = read_config(first), read_config(last)
    if any(before[key] != after[key] for key in ("encoder_sha256", "frozen_layers")):
        raise NotAvailable(f"The readers in {first.name} and {last.name} do not stand on the same encoder.")
    old, new = load_file(str(first / WEIGHTS)), load_file(str(last / WEIGHTS))
    mixed = {name: (old[name].float() * (1 - share) + new[name].float() * share).half() for name in new}
    out.mkdir(parents=True, exist_ok=True)
    save_file(mixed, out / WEIGHTS)
    del after["dev"]  # of the reader before it was mixed
    config = after | {"sha256": file_hash(out / WEIGHTS), "blended": {"share": share, "with": before["sha256"]}}
    (out / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return out
