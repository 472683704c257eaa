"""What a model folder really is, whatever its maker renamed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import NotFound, UnreadableFile, UsageError
from assistant.generators.choosing import described
from assistant.models.architectures import verdict
from assistant.models.packed import unpacked
from assistant.models.provenance import inspect, sentences
from assistant.models.safetensors_header import Tensor, read_header
from assistant.models.structure import structure
from assistant.types import ModelInfo
from assistant.wiring import model_parts
from tests.models.tiny import SHAPE, build, number_tensors, rename_class, rename_tensors

DISGUISE = {
    r"model\.layers\.": "encoder.blocks.",
    "self_attn": "mix",
    "mlp": "feed",
    "q_proj": "wa",
    "k_proj": "wb",
    "v_proj": "wc",
    "o_proj": "wd",
    "gate_up_proj": "wide",
    "gate_proj": "w1",
    "up_proj": "w3",
    "down_proj": "w2",
    "qkv_proj": "all",
    "input_layernorm": "pre",
    "post_attention_layernorm": "mid",
    "embed_tokens": "words",
    "lm_head": "out",
    "[qk]_norm": r"extra_\g<0>",
}
EXPERTS = {"num_local_experts": 4, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 48}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama, tied": ("llama", {"tie_word_embeddings": True}),
    "llama, all heads": ("llama", {"num_key_value_heads": 4}),
    "llama, wide": ("llama", {"intermediate_size": 128}),
    "mistral": ("mistral", {"sliding_window": 32}),
    "qwen2": ("qwen2", {}),
    "qwen2, tied, all heads": ("qwen2", {"tie_word_embeddings": True, "num_key_value_heads": 4}),
    "qwen3": ("qwen3", {"head_dim": 32}),
    "qwen3, square": ("qwen3", {"head_dim": 16}),
    "gemma": ("gemma", {"head_dim": 32}),
    "gemma2": ("gemma2", {"head_dim": 16}),
    "gemma3": ("gemma3_text", {"head_dim": 16, "num_key_value_heads": 1}),
    "phi3": ("phi3", {}),
    "glm4": ("glm4", {"head_dim": 16}),
    "glm": ("glm", {"head_dim": 16}),
    "mixtral": ("mixtral", EXPERTS),
    "qwen3_moe": ("qwen3_moe", {**EXPERTS, "head_dim": 16}),
    "gpt_oss": ("gpt_oss", {**EXPERTS, "head_dim": 16}),
    "olmo2": ("olmo2", {}),
    "olmo2, all heads": ("olmo2", {"num_key_value_heads": 4}),
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], Path]:
    """A copy of a case's model, built once."""
    made: dict[str, Path] = {}

    def copy(case: str, target: Path) -> Path:
        if case not in made:
            kind, changes = KINDS[case]
            made[case] = build(tmp_path_factory.mktemp("model"), kind, **changes)
        return Path(shutil.copytree(made[case], target))

    return copy


Copy = Callable[[str, Path], Path]


@pytest.mark.parametrize("case", KINDS)
def test_an_honest_folder_is_what_it_says(case: str, tmp_path: Path, originals: Copy) -> None:
    found = inspect(originals(case, tmp_path / "m"))
    assert (found.architecture, found.disguised) == (case.split(",")[0], False), found.because
    assert (found.layers, found.hidden, found.dtype) == (3, 64, "fp32")


@pytest.mark.parametrize("case", KINDS)
def test_a_disguised_folder_is_called_what_it_is(case: str, tmp_path: Path, originals: Copy) -> None:
    folder = rename_class(originals(case, tmp_path / "m"))
    found = inspect(rename_tensors(folder, DISGUISE))
    assert (found.architecture, found.disguised, found.claimed) == (case.split(",")[0], True, "AuroraForCausalLM")
    assert next(sentences(found)).startswith(f"It calls itself AuroraForCausalLM, but it is built as {found.title}: ")


@pytest.mark.parametrize("case", KINDS)
def test_shapes_alone_tell(case: str, tmp_path: Path, originals: Copy) -> None:
    found = inspect(number_tensors(rename_class(originals(case, tmp_path / "m"))))
    assert found.architecture == case.split(",")[0], found.because
    assert found.layers == 3


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("granite", {}),  # a Llama with other constants
        ("smollm3", {}),
        ("seed_oss", {}),
        ("olmo", {}),  # norms without weights
        ("cohere", {}),  # one norm a layer
        ("stablelm", {}),  # norms with biases
        ("qwen2_moe", {**EXPERTS, "shared_expert_intermediate_size": 48}),
        ("glm4_moe", {**EXPERTS, "n_routed_experts": 4, "first_k_dense_replace": 0}),
        ("mamba", {}),
        ("gpt_neox", {}),
    ],
)
def test_a_real_architecture_that_is_not_told_apart_is_not_called_a_disguise(
    kind: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    assert not inspect(build(tmp_path / "m", kind, **changes)).disguised


def test_what_is_built_like_nothing_known_stays_unknown(tmp_path: Path) -> None:
    found = inspect(rename_class(build(tmp_path / "m", "cohere")))
    assert (found.architecture, found.disguised) == ("unknown", False)
    assert next(sentences(found)).startswith("Architecture: unknown; ")


def test_a_llama_that_says_it_is_a_qwen_is_called_a_llama(tmp_path: Path) -> None:
    folder = rename_class(build(tmp_path / "m", "llama"), "Qwen3")
    found = inspect(folder)
    assert (found.architecture, found.claimed, found.disguised) == ("llama", "Qwen3ForCausalLM", True)


PUBLISHED = {  # kind, hidden, inner, layers, heads, heads with keys, their width, vocabulary, tied
    "SmolLM2 135M": ("llama", 576, 1536, 30, 9, 3, 64, 49152, True),
    "Llama 3 or 3.1 8B": ("llama", 4096, 14336, 32, 32, 8, 128, 128256, False),
    "Llama 2 7B": ("llama", 4096, 11008, 32, 32, 32, 128, 32000, False),
    "Mistral Nemo 12B": ("mistral", 5120, 14336, 40, 32, 8, 128, 131072, False),
    "Qwen2.5 0.5B": ("qwen2", 896, 4864, 24, 14, 2, 64, 151936, True),
    "Qwen3 0.6B": ("qwen3", 1024, 3072, 28, 16, 8, 128, 151936, True),
    "Qwen3 4B": ("qwen3", 2560, 9728, 36, 32, 8, 128, 151936, True),
    "Gemma 2 2B": ("gemma2", 2304, 9216, 26, 8, 4, 256, 256000, True),
    "Gemma 3 1B": ("gemma3_text", 1152, 6912, 26, 4, 1, 256, 262144, True),
    "Phi-4 mini": ("phi3", 3072, 8192, 32, 24, 8, 128, 200064, True),
    "GLM-4 9B": ("glm4", 4096, 13696, 40, 32, 2, 128, 151552, False),
}


@pytest.mark.parametrize("title", PUBLISHED)
def test_sizes_of_a_published_model_are_known_under_any_name(title: str) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    kind, hidden, inner, layers, heads, keys, width, words, tied = PUBLISHED[title]
    shape = {"hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": layers, "vocab_size": words}
    shape |= {"num_attention_heads": heads, "num_key_value_heads": keys, "head_dim": width, "pad_token_id": 0}
    config = AutoConfig.for_model(kind, **shape, tie_word_embeddings=tied)
    with torch.device("meta"):
        parts = dict(AutoModelForCausalLM.from_config(config).named_parameters())
    tensors = [Tensor(f"x{n}".replace("layers", "floors"), "BF16", tuple(p.shape), 0, 0) for n, p in parts.items()]
    found = verdict(structure(tensors), {"architectures": ["MineForCausalLM"]}, None)
    assert (found.architecture, found.sizes_of) == (kind.removesuffix("_text"), title)
    assert found.disguised


def packed(tensor: Tensor, method: str) -> list[Tensor]:
    """A matrix as quantisers store it in 4 bits, groups of 16."""
    name, (rows, columns) = tensor.name.removesuffix(".weight"), tensor.shape
    if method == "compressed":
        return [Tensor(f"{name}.weight_packed", "I32", (rows, columns // 8), 0, 0)]
    shape = (columns // 8, rows) if method == "gptq" else (columns, rows // 8)
    return [
        Tensor(f"{name}.qweight", "I32", shape, 0, 0),
        Tensor(f"{name}.qzeros", "I32", (columns // 16, rows // 8), 0, 0),
        Tensor(f"{name}.scales", "F16", (columns // 16, rows), 0, 0),
        Tensor(f"{name}.g_idx", "I32", (columns,), 0, 0),
    ]


@pytest.mark.parametrize("method", ["gptq", "awq", "compressed"])
@pytest.mark.parametrize("case", ["llama", "qwen2", "qwen3", "phi3"])
def test_quantised_weights_are_seen_as_what_they_were(case: str, method: str, tmp_path: Path, originals: Copy) -> None:
    tensors, _, _ = read_header(originals(case, tmp_path / "m") / "model.safetensors")
    stored = [part for t in tensors for part in (packed(t, method) if "proj" in t.name and len(t.shape) == 2 else [t])]
    whole = unpacked(stored)
    assert whole is not None
    assert structure(whole) == structure(tensors)
    assert unpacked([*stored, Tensor("x.weight.absmax", "F32", (4,), 0, 0)]) is None


def test_parameters_context_and_vocabulary_are_counted(tmp_path: Path) -> None:
    found = inspect(build(tmp_path / "m", "llama"))
    h, i, v, layers = 64, 112, 320, 3
    each = h * h + 2 * 32 * h + h * h + 3 * h * i + 2 * h
    assert found.parameters == layers * each + 2 * v * h + h
    assert (found.context, found.vocabulary, found.chat_template) == (SHAPE["max_position_embeddings"], 320, False)


def test_the_commit_comes_from_the_download(tmp_path: Path) -> None:
    folder = build(tmp_path / "m", "llama")
    assert inspect(folder).commit == ""
    assert any("Commit of the hub: not said" in line for line in sentences(inspect(folder)))
    note = folder / ".cache/huggingface/download/config.json.metadata"
    note.parent.mkdir(parents=True)
    note.write_text(f"{'ab' * 20}\n0123\n1700000000.0\n")
    assert inspect(folder).commit == "ab" * 20
    known = described(folder, tmp_path / "hashes.json")
    assert model_parts(ModelInfo("m", "local", 256, provenance=known))["model commit"] == "ab" * 20  # into receipts
    note.write_text("<script>\n")
    assert inspect(folder).commit == ""


def test_licence_base_and_training_come_from_the_card(tmp_path: Path) -> None:
    folder = build(tmp_path / "m", "llama")
    (folder / "README.md").write_text(
        "---\nlicense: llama3.1\nbase_model:\n- meta-llama/Llama-3.1-8B\ndatasets: [a/b, c/d]\n---\n# Hello\n", "utf-8"
    )
    found = inspect(folder)
    assert (found.licence, found.licence_from) == ("Llama 3.1 Community License", "README.md")
    assert "700 million" in found.limits
    assert found.base == ("meta-llama/Llama-3.1-8B",)
    assert found.trained_on == ("a/b", "c/d")


def test_a_licence_file_is_read_where_no_card_speaks(tmp_path: Path) -> None:
    folder = build(tmp_path / "m", "llama")
    assert inspect(folder).licence == "unknown"
    (folder / "LICENSE").write_text("                   Apache License\n             Version 2.0, January 2004\n")
    found = inspect(folder)
    assert (found.licence, found.licence_from) == ("Apache-2.0", "LICENSE")


def test_adapters_tell_their_rank_targets_base_and_training(tmp_path: Path) -> None:
    folder = tmp_path / "pirate"
    folder.mkdir()
    words = {
        "peft_type": "LORA",
        "r": 8,
        "lora_alpha": 16,
        "target_modules": ["q_proj", "v_proj"],
        "base_model_name_or_path": "org/base",
    }
    (folder / "adapter_config.json").write_text(json.dumps(words))
    (folder / "README.md").write_text("---\ndatasets:\n- org/talk\n---\n")
    (adapter,) = inspect(folder).adapters
    assert (adapter.kind, adapter.rank, adapter.alpha, adapter.targets) == ("LORA", 8, 16.0, ("q_proj", "v_proj"))
    assert (adapter.base, adapter.trained_on) == ("org/base", ("org/talk",))


def test_hashes_are_kept_by_size_and_time(tmp_path: Path) -> None:
    folder, kept = build(tmp_path / "m", "llama"), tmp_path / "hashes.json"
    first = inspect(folder, kept).files
    assert set(first) == {"config.json", "generation_config.json", "model.safetensors"}
    rows = json.loads(kept.read_text())
    kept.write_text(json.dumps(dict.fromkeys(rows, "0" * 64)))
    assert set(inspect(folder, kept).files.values()) == {"0" * 64}
    rename_class(folder)
    again = inspect(folder, kept).files
    assert again["config.json"] not in ("0" * 64, first["config.json"])


def test_pickles_and_code_are_named_and_not_read(tmp_path: Path) -> None:
    folder = build(tmp_path / "m", "llama")
    (folder / "pytorch_model.bin").write_bytes(b"not a pickle")
    (folder / "modeling_own.py").write_text("raise SystemExit")
    found = inspect(folder)
    assert (found.pickled, found.own_code) == (("pytorch_model.bin",), True)


def test_what_is_no_model_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no model folder"):
        inspect(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="holds no model"):
        inspect(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UnreadableFile, match=r"config\.json of the model is damaged"):
        inspect(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    whole = build(tmp_path / "m", "llama") / "model.safetensors"
    for damaged in (b"\xff" * 64, b"", whole.read_bytes()[:-1], b"\x02\0\0\0\0\0\0\0[]"):
        (tmp_path / "model.safetensors").write_bytes(damaged)
        with pytest.raises(UnreadableFile, match=r"model\.safetensors is not a readable safetensors file"):
            inspect(tmp_path)
