"""A LoRA adapter of random weights, large enough that the answers change."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file


def write_adapter(folder: Path, base: Path, rank: int = 8) -> Path:
    config = json.loads((base / "config.json").read_text("utf-8"))
    hidden, layers = config["hidden_size"], config["num_hidden_layers"]
    random = np.random.default_rng(0)
    tensors = {}
    for n in range(layers):
        name = f"base_model.model.model.layers.{n}.self_attn.q_proj"
        tensors[f"{name}.lora_A.weight"] = random.normal(0, 0.2, (rank, hidden)).astype(np.float32)
        tensors[f"{name}.lora_B.weight"] = random.normal(0, 0.2, (hidden, rank)).astype(np.float32)
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    words = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": ["q_proj"],
        "base_model_name_or_path": str(base),
    }
    (folder / "adapter_config.json").write_text(json.dumps(words), "utf-8")
    return folder
