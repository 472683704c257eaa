"""Each way a vLLM server fails gives one sentence: logs as vLLM 0.32 wrote them, cut short."""

from __future__ import annotations

import pytest

from assistant.errors import recognise
from assistant.models.vllm_command import Launch
from assistant.models.vllm_failures import explain

LAUNCH = Launch("tiny", "/models/tiny", 8101, context=9000)
CONFIG = "(EngineCore pid=7) INFO Initializing a V1 LLM engine with config: trust_remote_code=False, cuda\n"
CASES = {
    "served-torchvision": (1, "RuntimeError: operator torchvision::nms does not exist", True),
    "served-no-vllm": (1, "importlib.metadata.PackageNotFoundError: No package metadata was found for vllm", True),
    "served-port": (1, "OSError: [Errno 98] Address already in use", False),
    "served-cache": (
        1,
        "ValueError: To serve at least one request with the model's max seq len (2048), (0.04 GiB KV cache is needed, "
        "which is larger than the available KV cache memory (0.01 GiB). \n"
        "RuntimeError: Engine core initialization failed. See root cause above.",
        True,
    ),
    "served-no-cache": (1, "ValueError: No available memory for the cache blocks. Try increasing", True),
    "served-length": (
        1,
        "  Value error, User-specified max_model_len (9000) is greater than the derived max_model_len "
        "(max_position_embeddings=8192 or model_max_length=None in model's config.json).",
        True,
    ),
    "served-gpu-memory": (
        1,
        "ValueError: Free memory on device cuda:0 (1.2/23.0 GiB) is less than desired GPU memory utilization",
        True,
    ),
    "served-memory": (1, "ValueError: Available memory is less than desired CPU memory utilization (0.4)", True),
    "served-options": (2, "usage: vllm serve\nvllm serve: error: unrecognized arguments: --nonsense", True),
    "served-kind": (1, "ValueError: Model architectures ['MambaForX'] are not supported for now.", True),
    "served-code": (1, "The repository m contains custom code which must be executed to load", True),
    "served-folder": (1, "huggingface_hub.errors.HFValidationError: Repo id must use alphanumeric chars", True),
    "served-weights": (1, "safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge", True),
    "served-engine": (0, "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.", False),
    "served-killed": (-9, "INFO all is well", False),
    "served-ended": (1, "(APIServer pid=3) KeyError: 'rope'", False),
}


@pytest.mark.parametrize("code", CASES)
def test_a_failure_is_recognised(code: str) -> None:
    status, log, lasting = CASES[code]
    failure = explain(status, CONFIG + log, LAUNCH)
    known = recognise(failure.sentence)
    assert known is not None
    assert known.code == code.replace("served-torchvision", "vllm-torchvision")
    assert failure.lasting == lasting


def test_the_numbers_of_a_failure_are_said() -> None:
    said = explain(1, CASES["served-length"][1], LAUNCH).sentence
    assert said == "tiny takes at most 8192 tokens, not 9000; choose a smaller --context."
    assert "2048 tokens" in explain(1, CASES["served-cache"][1], LAUNCH).sentence
    assert "unrecognized arguments: --nonsense" in explain(2, CASES["served-options"][1], LAUNCH).sentence
    assert "KeyError: 'rope'" in explain(1, CASES["served-ended"][1], LAUNCH).sentence


def test_what_served_before_may_serve_again() -> None:
    status, log, _ = CASES["served-gpu-memory"]
    assert not explain(status, log, LAUNCH, served=True).lasting


def test_what_a_log_says_is_cut_short_and_cannot_draw() -> None:
    said = explain(1, "ValueError: \x1b[31m" + "x" * 5000, LAUNCH).sentence
    assert len(said) < 400
    assert "\x1b" not in said
