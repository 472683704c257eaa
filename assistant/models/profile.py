"""Profiles of open models: what they are, what their licences ask, and how vLLM should serve them.

A file of `profiles/` is a family: settings all its models share, then `[[models]]`. A user's own files in
`HOME/models/profiles/` are read the same way. `"unknown"` says that something is not known; it is never guessed.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from assistant.errors import UsageError

PACKAGED = Path(__file__).with_name("profiles")
UNKNOWN = "unknown"
BYTES = {"fp32": 4.0, "bf16": 2.0, "fp8": 1.0, "int4": 0.56}
"""Bytes of one weight; int4 with its scales."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One open model. `context` is what its makers say it was made for; `serve_context` what it is served with."""

    name: str
    title: str
    family: str
    maker: str
    model: str  # owner/name on the Hugging Face hub
    licence: str
    parameters: int
    layers: int
    kv_heads: int
    head_dim: int
    context: int
    limits: str = ""  # of the licence, in a sentence; "" where it sets none beyond attribution
    revision: str = UNKNOWN
    active_parameters: int = 0  # of a mixture of experts, per token
    serve_context: int = 16384
    dtype: str = "bfloat16"
    weights_gb: float = 0.0  # of models that come quantised; 0: by parameters and dtype
    quantization: str = ""
    tensor_parallel: int = 1
    data_parallel: int = 1
    lora: bool = True
    lora_rank: int = 16
    prefix_caching: bool = True
    structured_outputs: str = "xgrammar"
    reasoning_parser: str = ""  # "" where it does not think aloud
    reasoning_tags: tuple[str, ...] = ()
    reasoning_off: str = ""  # template variable that switches thinking off
    tool_parser: str = ""  # "" none, or not known
    languages: str = UNKNOWN
    notes: str = ""

    @property
    def cache_bytes(self) -> int:
        """Of the key-value cache for one token, in 16-bit numbers. Sliding windows are counted in full."""
        return 2 * self.layers * self.kv_heads * self.head_dim * 2

    def weight_bytes(self, precision: str = "") -> float:
        """Of all weights, at a precision of `BYTES` or as they come."""
        if not precision and self.weights_gb:
            return self.weights_gb * 1e9
        return self.parameters * BYTES[precision or "bf16"]

    @property
    def as_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


@cache
def packaged() -> Mapping[str, Profile]:
    """The profiles that come with thickshell, by name."""
    return _read_folder(PACKAGED)


def profiles(own: Path | None = None) -> Mapping[str, Profile]:
    """The packaged profiles and those of a user's folder, which win."""
    return {**packaged(), **(_read_folder(own) if own and own.is_dir() else {})}


def read(file: Path) -> Iterator[Profile]:
    """The models of one family file. UsageError names what is off, and the nearest known key."""
    try:
        family = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The model profile {file} is not valid TOML: {error}; mend that line.") from error
    models = family.pop("models", None)
    if not isinstance(models, list) or not models:
        raise UsageError(f"The model profile {file} lists no [[models]]; add one.")
    for row in models:
        yield _profile({"family": file.stem} | family | row, file)


def _profile(values: dict[str, Any], file: Path) -> Profile:
    known = {f.name: f for f in fields(Profile)}
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise UsageError(f"Unknown key {key} in the model profile {file}; the nearest known key is {near}.")
    for name, field in known.items():
        needed = field.default is field.default_factory  # neither: both are MISSING
        if name in values:
            values[name] = _checked(values[name], str(field.type), f"{name} in the model profile {file}")
        elif needed:
            raise UsageError(f"The model profile {file} lacks {name}; add it.")
    return Profile(**values)


def _checked(value: Any, kind: str, where: str) -> Any:
    if kind == "tuple[str, ...]" and isinstance(value, list):
        return tuple(map(str, value))
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(value).__name__ != kind:
        raise UsageError(f"The value of {where} is not of the kind {kind}; correct it.")
    if kind == "int" and value < 0:
        raise UsageError(f"The value of {where} is negative; correct it.")
    return value


def _read_folder(folder: Path) -> dict[str, Profile]:
    found: dict[str, Profile] = {}
    for file in sorted(folder.glob("*.toml")):
        for profile in read(file):
            if profile.name in found:
                raise UsageError(f"Two model profiles in {folder} are named {profile.name}; rename one.")
            found[profile.name] = profile
    return found
