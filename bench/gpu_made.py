"""Models made up of sizes alone: settings and a tokenizer, for vLLM's random weights. They say how quick a size is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from assistant.errors import UsageError

PREFIX = "made:"
SHAPES: dict[str, dict[str, int]] = {
    "tiny": {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1},
    "1b": {"hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8},
    "8b": {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8},
}
"""Of Llama's kind; "1b" and "8b" are as wide and deep as Llama 3.2 1B and Llama 3.1 8B, with the small tokenizer's
words."""
INNER = {"tiny": 384, "1b": 8192, "8b": 14336}
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def made(name: str, folder: Path, small: Path) -> Path:
    """A folder for "made:8b" and its like, with the tokenizer of the packaged model's folder `small`; UsageError for
    others."""
    size = name.removeprefix(PREFIX)
    if size not in SHAPES:
        raise UsageError(f"There is no made-up model {name}; there are {', '.join(PREFIX + each for each in SHAPES)}.")
    words = json.loads((small / "config.json").read_text("utf-8"))
    kept = {key: words[key] for key in ("vocab_size", "bos_token_id", "eos_token_id", "pad_token_id") if key in words}
    config = SHAPES[size] | kept | {"intermediate_size": INNER[size], "max_position_embeddings": 8192}
    config |= {"head_dim": config["hidden_size"] // config["num_attention_heads"]}
    told = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "rms_norm_eps": 1e-5}
    target = folder / f"made-{size}"
    target.mkdir(parents=True, exist_ok=True)
    for file in TOKENIZER:
        shutil.copyfile(small / file, target / file)
    whole = config | told | {"rope_theta": 500000.0, "torch_dtype": "bfloat16", "tie_word_embeddings": size == "tiny"}
    (target / "config.json").write_text(json.dumps(whole, indent=1), "utf-8")
    return target
