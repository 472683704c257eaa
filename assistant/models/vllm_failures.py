"""Why a vLLM server ended, in one sentence: read from its exit code and its log, most certain causes first."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from dataclasses import dataclass

from assistant.models.vllm_command import Launch, clash

LONGEST_REASON = 160


@dataclass(frozen=True, slots=True)
class Failure:
    """`lasting`: starting again with the same words would end the same way."""

    sentence: str
    lasting: bool


Sentence = Callable[[Launch, re.Match[str]], str]


def _short_cache(launch: Launch, found: re.Match[str]) -> str:
    return (
        f"The memory left for the cache of {launch.name} does not hold {found[1]} tokens; "
        "choose a smaller --context, or give more with --cache-memory."
    )


USAGE: tuple[str, bool, Sentence] = (
    r"error: (?:argument )?(.+)",  # argparse's, which ends with code 2
    True,
    lambda x, m: f"vLLM does not take these options: {_brief(m[1])}; correct them and start again.",
)
CAUSES: tuple[tuple[str, bool, Sentence], ...] = (
    (r"operator torchvision::nms does not exist|torchvision.*undefined symbol", True, lambda x, _: str(clash("vLLM"))),
    (
        r"No module named 'vllm'|No package metadata was found for vllm",
        True,
        lambda x, _: (
            "The Python that was chosen has no vLLM; install it there, or name another in THICKSHELL_VLLM_PYTHON."
        ),
    ),
    (
        r"Address already in use",
        False,
        lambda x, _: f"Port {x.port} is in use by another program; choose another with --port, or 0 for a free one.",
    ),
    (r"max seq len \((\d+)\).{0,80}KV cache is needed", True, _short_cache),
    (
        r"No available memory for the cache blocks",
        True,
        lambda x, _: (
            f"No memory is left for the cache of {x.name}; choose a smaller --context, or a smaller or quantised model."
        ),
    ),
    (
        r"max_model_len \((\d+)\) is greater than the derived max_model_len \D*?(\d+)",
        True,
        lambda x, m: f"{x.name} takes at most {m[2]} tokens, not {m[1]}; choose a smaller --context.",
    ),
    (
        r"(?:CUDA|HIP) out of memory|OutOfMemoryError|less than desired GPU memory utilization",
        True,
        lambda x, _: (
            f"The GPU has too little free memory for {x.name}; close what else uses it, or choose a smaller or "
            "quantised model."
        ),
    ),
    (
        r"less than desired CPU memory utilization|std::bad_alloc|Cannot allocate memory",
        True,
        lambda x, _: f"This machine has too little free memory for {x.name}; free some, or lower --cache-memory.",
    ),
    USAGE,
    (
        r"Model architectures \[(.+?)\] are not supported",
        True,
        lambda x, m: f"This vLLM cannot serve models of the kind {_brief(m[1])}; take a newer one or another model.",
    ),
    (
        r"contains custom code which must be executed|pass the argument `?trust_remote_code=True",
        True,
        lambda x, _: f"{x.name} brings program code of its own, which is not run; choose a model that needs none.",
    ),
    (
        r"HFValidationError|LocalEntryNotFoundError|OfflineModeIsEnabled|RepositoryNotFoundError"
        r"|Can't load (?:the configuration|tokenizer)|does not appear to have a file named",
        True,
        lambda x, _: f"There is no whole model at {x.folder}; name a Hugging Face folder with its tokenizer.",
    ),
    (
        r"(?:SafetensorError|HeaderTooLarge|InvalidHeaderDeserialization|MetadataIncompleteBuffer)",
        True,
        lambda x, _: f"The weights of {x.name} are damaged; take another copy of them.",
    ),
    (
        r"EngineDeadError|EngineCore encountered an issue|EngineCore.{0,40}died|Engine core proc \S+ died",
        False,
        lambda x, _: f"The engine of {x.name} died while it served; its log tells more (`thickshell models logs`).",
    ),
)


def explain(code: int | None, log: str, launch: Launch, *, served: bool = False) -> Failure:
    """The failure behind an exit that nobody asked for. `code` is Popen's: negative for a signal; `log` is this
    start's alone. One that `served` may serve again, whatever ended it."""
    if code == -signal.SIGKILL:
        return Failure(
            f"The server of {launch.name} was killed from outside, perhaps for want of memory; "
            "free some, or choose a smaller model.",
            False,
        )
    for cause in CAUSES:
        usage = cause is USAGE
        if usage and code != 2:
            continue
        if found := re.search(cause[0], _last_error(log) if usage else log, re.DOTALL):
            return Failure(cause[2](launch, found), cause[1] and not served)
    return Failure(
        f"The server of {launch.name} ended with code {code}: {_brief(_reason(log))}; "
        "its log tells more (`thickshell models logs`).",
        code == 2 and not served,  # wrong usage stays wrong
    )


def _last_error(log: str) -> str:
    """argparse's own line, without the rest of the log."""
    lines = [line for line in log.splitlines() if "error: " in line]
    return lines[-1] if lines else ""


def _reason(log: str) -> str:
    """The last line that names an error, else the last line."""
    lines = [line for line in log.splitlines() if line.strip()]
    named = [line for line in lines if re.search(r"\b\w*(?:Error|Exception)\b: ", line)]
    return re.sub(r"^\(.*?pid=\d+\)\s*", "", (named or lines or ["no reason given"])[-1])


def _brief(text: str) -> str:
    """One line of a log as part of a sentence: printable, not long, no full stop."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split())).rstrip(".;: ")
    return line if len(line) <= LONGEST_REASON else line[:LONGEST_REASON].rstrip() + "…"
