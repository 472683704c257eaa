"""Which architecture a build is, whatever it calls itself; and whose sizes it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.models.structure import Structure

LIKE_LLAMA = ("llama", "mistral", "internlm3")
"""Built of the same tensors: what sets them apart is in the settings, or in nothing but the weights."""

TITLES = {
    "llama": "Llama",
    "mistral": "Mistral",
    "mixtral": "Mixtral",
    "qwen2": "Qwen2",
    "qwen3": "Qwen3",
    "qwen3_moe": "Qwen3-MoE",
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3": "Gemma 3",
    "phi3": "Phi-3",
    "glm": "GLM-4",
    "glm4": "GLM-4-0414",
    "internlm2": "InternLM2",
    "internlm3": "InternLM3",
    "gpt_oss": "gpt-oss",
    "gpt2": "GPT-2",
    "olmo2": "OLMo 2",
    "unknown": "unknown",
}
CLAIMS = {
    "yi": "llama",
    "smollm": "llama",
    "gemma3_text": "gemma3",
    "chatglm": "glm",
    "phi": "phi3",
    "phi4": "phi3",
    "qwen2_5": "qwen2",
    "ministral": "mistral",
    "internlm": "internlm2",
}
"""Names in use that mean one of `TITLES`."""

# fmt: off
ALIKE = frozenset((
    "olmo", "olmo2", "olmo3", "olmoe", "granite", "granitemoe", "cohere", "cohere2", "stablelm", "smollm3",
    "arcee", "baichuan", "aquila", "helium", "minicpm", "minicpm3", "ernie4_5", "nemotron", "exaone", "exaone4",
    "hunyuan_v1_dense", "apertus", "seed_oss", "qwen2_moe", "deepseek_v2", "deepseek_v3", "glm4_moe", "mamba",
    "mamba2", "falcon", "falcon_h1", "gpt_neox", "gptj", "opt", "bloom", "starcoder2", "codegen", "mpt",
    "persimmon", "xglm", "lfm2", "llama4", "mistral3", "ministral3", "qwen3_next", "qwen3_5", "gemma3n", "gemma4",
    "phimoe", "dbrx", "jamba", "bamba", "zamba2", "moonshine", "vaultgemma", "bitnet", "diffllama", "doge",
    "dots1", "flex_olmo", "kimi_k2", "longcat_flash", "minimax", "nanochat", "telechat", "xverse", "orion",
    "skywork",
))
# fmt: on
"""Real architectures that are not told apart here: whoever claims to be one is not called a liar."""

SIZES: dict[tuple[int, int, int, int, int], str] = {
    # hidden, layers, inner, rows of keys, vocabulary: as published
    (4096, 32, 14336, 1024, 128256): "Llama 3 or 3.1 8B",
    (8192, 80, 28672, 1024, 128256): "Llama 3.x 70B",
    (2048, 16, 8192, 512, 128256): "Llama 3.2 1B",
    (3072, 28, 8192, 1024, 128256): "Llama 3.2 3B",
    (4096, 32, 11008, 4096, 32000): "Llama 2 7B",
    (5120, 40, 13824, 5120, 32000): "Llama 2 13B",
    (4096, 32, 14336, 1024, 32000): "Mistral 7B v0.1 or v0.2",
    (4096, 32, 14336, 1024, 32768): "Mistral 7B v0.3",
    (5120, 40, 14336, 1024, 131072): "Mistral Nemo 12B",
    (5120, 40, 32768, 1024, 131072): "Mistral Small 24B",
    (4096, 32, 11008, 512, 64000): "Yi or Yi-1.5 6B",
    (4096, 48, 11008, 512, 64000): "Yi or Yi-1.5 9B",
    (7168, 60, 20480, 1024, 64000): "Yi or Yi-1.5 34B",
    (4096, 48, 10240, 256, 128512): "InternLM3 8B",
    (576, 30, 1536, 192, 49152): "SmolLM2 135M",
    (960, 32, 2560, 320, 49152): "SmolLM2 360M",
    (2048, 24, 8192, 2048, 49152): "SmolLM2 1.7B",
    (896, 24, 4864, 128, 151936): "Qwen2.5 0.5B",
    (1536, 28, 8960, 256, 151936): "Qwen2.5 1.5B",
    (2048, 36, 11008, 256, 151936): "Qwen2.5 3B",
    (3584, 28, 18944, 512, 152064): "Qwen2.5 7B",
    (5120, 48, 13824, 1024, 152064): "Qwen2.5 14B",
    (5120, 64, 27648, 1024, 152064): "Qwen2.5 32B",
    (8192, 80, 29568, 1024, 152064): "Qwen2.5 72B",
    (1024, 28, 3072, 1024, 151936): "Qwen3 0.6B",
    (2048, 28, 6144, 1024, 151936): "Qwen3 1.7B",
    (2560, 36, 9728, 1024, 151936): "Qwen3 4B",
    (4096, 36, 12288, 1024, 151936): "Qwen3 8B",
    (5120, 40, 17408, 1024, 151936): "Qwen3 14B",
    (5120, 64, 25600, 1024, 151936): "Qwen3 32B",
    (2304, 26, 9216, 1024, 256000): "Gemma 2 2B",
    (3584, 42, 14336, 2048, 256000): "Gemma 2 9B",
    (1152, 26, 6912, 256, 262144): "Gemma 3 1B",
    (3072, 32, 8192, 3072, 32064): "Phi-3 or 3.5 mini",
    (5120, 40, 17920, 1280, 100352): "Phi-4",
    (3072, 32, 8192, 1024, 200064): "Phi-4 mini",
    (4096, 40, 13696, 256, 151552): "GLM-4 9B",
}


UNKNOWN = ("unknown", "its build is not one that is known here")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`architecture` is a key of `TITLES`. `claimed` is what the settings say, `disguised` that they are wrong."""

    architecture: str
    claimed: str
    disguised: bool
    because: str
    sizes_of: str  # a published model with the same sizes, or ""

    @property
    def title(self) -> str:
        return TITLES[self.architecture]


def verdict(build: Structure | None, config: Mapping[str, Any], below_zero: float | None) -> Verdict:
    """The architecture of a build. `below_zero`: share of its first norms' weights that are 0 or less; None where not
    known. A Gemma keeps them less one; a Llama's are above 0, though often far below 1."""
    claimed = claim(config)
    if build is None:
        return Verdict("unknown", claimed, False, "its tensors are not those of a decoder that is known here", "")
    gemma = _gemma(build, config, below_zero)
    found, because = _kind(build, gemma)
    if found == "llama":
        found, because = _like_llama(claimed, config, build, because)
    said = _known(claimed)
    if said == "alike" and found != "unknown":
        return Verdict(found, claimed, False, f"{because}; {claimed} is not told apart from it here", _sizes(build))
    return Verdict(found, claimed, bool(claimed) and said != found != "unknown", because, _sizes(build))


def claim(config: Mapping[str, Any]) -> str:
    """What the settings call the model: its type, else the name of its class."""
    classes = config.get("architectures")
    first = str(classes[0]) if isinstance(classes, list) and classes else ""
    kind = str(config.get("model_type") or "")
    return first or kind


def _known(claimed: str) -> str | None:
    """The architecture a name stands for, "alike" for a real one that is not told apart; None for no known name."""
    plain = _plain(claimed)
    for ending in ("forcausallm", "forconditionalgeneration", "lmheadmodel", "model"):
        plain = plain.removesuffix(ending)
    for name, means in {**{key: key for key in TITLES}, **CLAIMS}.items():
        if plain == _plain(name):
            return means
    return "alike" if plain in {_plain(name) for name in ALIKE} else None


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _kind(b: Structure, gemma: bool) -> tuple[str, str]:
    if b.conv:
        return "gpt2", "learned positions, one matrix for attention, norms with biases"
    if b.positions or b.norm_biases or not b.gated:
        return UNKNOWN
    if b.experts:
        return _mixture(b)
    if b.fused_attention:
        if b.fused_gate and b.matrices == 4:
            return "phi3", "queries, keys and values in one matrix, gate and up in another"
        return (
            ("internlm2", "queries, keys and values in one matrix, gate and up apart") if b.matrices == 5 else UNKNOWN
        )
    if b.fused_gate and b.matrices == 6:
        return (
            ("glm4", "gate and up in one matrix, four norms") if b.norms >= 4 else ("glm", "gate and up in one matrix")
        )
    return _separate(b, gemma) if b.matrices == 7 else UNKNOWN


def _mixture(b: Structure) -> tuple[str, str]:
    if b.matrices != 4 or b.norms < 2:  # shared experts, or keys and values squeezed through a narrow matrix
        return UNKNOWN
    if b.expert_biases:
        return "gpt_oss", "experts that have biases"
    return ("qwen3_moe", "experts, and norms of queries and keys") if b.head_norms else ("mixtral", "experts")


def _separate(b: Structure, gemma: bool) -> tuple[str, str]:
    """Queries, keys, values, gate and up each in a matrix of their own."""
    if b.wide_norms or (b.norms == 4 and not b.head_norms and not b.tied):
        return "olmo2", "norms over all queries and keys"
    if b.norms == 4:
        if b.head_norms:
            return "gemma3", "four norms a layer, and norms of queries and keys"
        return "gemma2", "four norms a layer"
    if b.norms != 2:
        return UNKNOWN
    if b.head_norms:
        return "qwen3", "norms of queries and keys, no biases"
    if b.attention_biases and not b.output_bias:
        return "qwen2", "biases of queries, keys and values alone"
    if gemma:
        return "gemma", "norm weights less one, and one matrix for words in and out"
    return "llama", "two norms a layer, seven matrices, " + ("biases" if b.attention_biases else "no biases")


def _gemma(b: Structure, config: Mapping[str, Any], below_zero: float | None) -> bool:
    """A first Gemma rather than a Llama: the same tensors, another activation, norms less one."""
    activation = str(config.get("hidden_activation") or config.get("hidden_act") or "")
    return b.tied and b.queries >= b.hidden and (activation.startswith("gelu") or (below_zero or 0) > 0.5)


def _like_llama(claimed: str, config: Mapping[str, Any], build: Structure, because: str) -> tuple[str, str]:
    """Llama, or one of those built alike, by what the settings and sizes say."""
    said = _known(claimed)
    window = config.get("sliding_window")
    if said == "internlm3" or _sizes(build).startswith("InternLM3"):
        return "internlm3", because + "; its name or sizes are InternLM3's"
    if _sizes(build).startswith("Mistral"):
        return "mistral", because + "; its sizes are a Mistral's"
    if isinstance(window, int) and window > 0 and build.keys < build.queries and not build.attention_biases:
        return "mistral", because + "; shared keys and a sliding window"
    if said == "mistral" and ("sliding_window" in config or build.keys < build.queries):
        return "mistral", because + "; built like a Llama, it says that it is a Mistral"
    return "llama", because


def _sizes(b: Structure) -> str:
    return SIZES.get((b.hidden, b.layers, b.inner, b.keys, b.vocabulary), "")
