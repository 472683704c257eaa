"""Tiny models with random weights, saved as makers save them, and renamed as those do who hide where one is from."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.numpy import save_file

SHAPE: dict[str, Any] = {
    "vocab_size": 320,
    "hidden_size": 64,
    "intermediate_size": 112,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "pad_token_id": 0,
}


def build(folder: Path, kind: str, *, never: Sequence[int] = (), **changes: Any) -> Path:
    """A folder with a random model of a transformers type, in the layout of its own `save_pretrained`.

    Tokens of `never` score 0 whatever stands before them, and so are never the best of thousands.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **{**SHAPE, **changes})
    model = AutoModelForCausalLM.from_config(config).to(torch.float32)
    with torch.no_grad():
        model.get_output_embeddings().weight[list(never)] = 0
    model.save_pretrained(folder)
    return folder


def rename_class(folder: Path, name: str = "Aurora") -> Path:
    """The settings say something else; the tensors stay."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config |= {"architectures": [f"{name}ForCausalLM"], "model_type": name.lower()}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


def rename_tensors(folder: Path, words: dict[str, str]) -> Path:
    """Parts of names are replaced."""
    return _renamed(folder, lambda _, name: _replaced(name, words))


def number_tensors(folder: Path) -> Path:
    """Names are numbers: nothing of them is left, not even the layers'."""
    return _renamed(folder, lambda n, _: "t" + "".join(chr(97 + int(d)) for d in str(n)))


def _replaced(name: str, words: dict[str, str]) -> str:
    for old, new in words.items():
        name = re.sub(old, new, name)
    return name


def _renamed(folder: Path, new: Any) -> Path:
    file = folder / "model.safetensors"
    with safe_open(file, "numpy") as opened:
        held = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
    save_file({new(n, name): array for n, (name, array) in enumerate(sorted(held.items()))}, file)
    return folder
