"""Settings: flags > THICKSHELL_* > thickshell.toml > defaults. An unknown key is an error with its nearest name."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.errors import UsageError


class Settings(BaseSettings):
    """One value holds every setting; rooms get the pieces they need from `wiring.build`."""

    model_config = SettingsConfigDict(env_prefix="THICKSHELL_", extra="forbid", frozen=True)

    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("thickshell")), description="Folder of all data."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; only loopback without accounts.")
    port: int = Field(7860, ge=0, le=65535, description="Port of the page; 0 picks a free one.")
    language: Literal["auto", "en", "zh"] = Field("auto", description="Language of the page for a new visitor.")

    encoder: str = Field(
        "packaged", description="Embedding model: 'packaged', a folder, or a sentence-transformers name."
    )
    encoder_device: str = Field(
        "cpu", description="Where the encoder computes: 'cpu', or a GPU as torch names it, such as 'cuda'."
    )
    reader: str = Field("packaged", description="Span reader: 'packaged' or a folder.")
    threads: int = Field(0, ge=0, description="Threads for models; 0 means as many as cores.")
    precision: Literal["auto", "fp32", "bf16", "int8"] = Field(
        "auto", description="Arithmetic of the models; int8 is the encoder's alone: quickest, may cost recall."
    )
    allow_downloads: bool = Field(False, description="Allow model downloads from hubs.")

    workers: int = Field(2, ge=1, le=64, description="Parser processes.")
    max_upload_mb: int = Field(1024, ge=1, description="Largest file accepted, in MB.")
    parse_seconds: float = Field(300.0, gt=0, description="Longest time for parsing one file, in seconds.")
    parse_memory_mb: int = Field(1500, ge=200, description="Most memory of one parser process, in MB.")
    parse_pages: int = Field(5000, ge=1, description="Most pages read of one file.")
    expanded_mb: int = Field(1000, ge=1, description="Largest size of a compressed file after decompression, in MB.")
    ocr: bool = Field(True, description="Read pictures and pages without a text layer by OCR.")
    passage_tokens: int = Field(200, ge=50, le=450, description="Aim of a passage's length, in tokens of the encoder.")

    brain: str = Field("auto", description="What answers: 'embedded', 'model', or 'auto' (the model where one is set).")
    model: str = Field("", description="Language model: its name on the server, 'packaged', or a model folder.")
    model_url: str = Field(
        "", description="Address of an OpenAI-compatible server, ending in /v1; OPENAI_BASE_URL is honoured."
    )
    model_key: SecretStr = Field(SecretStr(""), description="Key for that server; OPENAI_API_KEY is honoured.")
    model_provider: str = Field("openai", description="LangChain provider of the model; 'openai' for any such server.")
    model_folder: str = Field("", description="Folder with the served model's tokenizer and config, to count tokens.")
    model_context: int = Field(0, ge=0, description="Tokens of prompt and answer together; 0 asks the server.")
    model_tokens: int = Field(512, ge=16, le=32768, description="Most tokens of one answer of the model.")
    model_temperature: float = Field(0.0, ge=0, le=2, description="Temperature of the model; 0 is greedy.")
    model_first_token_seconds: float = Field(60.0, gt=0, description="Longest wait for a model's first token.")
    model_seconds: float = Field(300.0, gt=0, description="Longest time of one answer of the model.")
    model_streams: int = Field(16, ge=1, description="Answers asked of the model at the same time; more wait.")
    max_waiting: int = Field(
        64, ge=0, description="Questions that may wait for their turn; more are refused with status 429."
    )
    price_prompt: float = Field(0.0, ge=0, description="Price of a million prompt tokens, for receipts.")
    price_completion: float = Field(0.0, ge=0, description="Price of a million tokens of answers, for receipts.")

    tier: Literal[1, 2, 3, 4] = Field(3, description="Default tier.")
    persona: str = Field("assistant", description="Prompt of the library that tiers 2 and up begin with.")
    hits: int = Field(10, ge=1, le=100, description="Passages retrieved for a question.")
    quote_words: int = Field(40, ge=5, le=400, description="Longest quote of an answer, in words.")
    abstain_below: float | None = Field(
        None, ge=0, le=1, description="Confidence below which the assistant abstains; unset: calibrated."
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much the log says.")


def load(flags: Mapping[str, Any] | None = None, config: Path | None = None) -> Settings:
    """Settings from flags, environment, file and defaults; UsageError in one sentence names what is off."""
    file = config or config_path()
    if config is not None and not file.is_file():
        raise UsageError(f"The settings file {file} does not exist; check the path.")
    values = _read(file) if file.is_file() else {}
    for key in os.environ:
        if key.startswith("THICKSHELL_") and key not in OTHER_VARIABLES:
            _known(key.removeprefix("THICKSHELL_").lower(), f"environment variable {key}")
    environment = {k.removeprefix("THICKSHELL_").lower() for k in os.environ if k.startswith("THICKSHELL_")}
    merged = {k: v for k, v in values.items() if k not in environment} | {
        k: v for k, v in (flags or {}).items() if v is not None
    }
    try:
        return Settings(**merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"The setting {name} is not usable: {first['msg']}; see docs/settings.md.") from error


OTHER_VARIABLES = frozenset(
    {
        "THICKSHELL_CACHE",
        "THICKSHELL_READER",
        "THICKSHELL_CONFIG",
        "THICKSHELL_BENCH",
        "THICKSHELL_VLLM_PYTHON",
        "THICKSHELL_FUZZ",
    }
)
"""Variables with our prefix that are not settings: where caches, experiments and benchmark data lie."""


def config_path() -> Path:
    """Where the settings file is looked for: THICKSHELL_CONFIG, ./thickshell.toml, the platform's config folder."""
    if named := os.environ.get("THICKSHELL_CONFIG"):
        return Path(named)
    here = Path("thickshell.toml")
    return here if here.is_file() else Path(platformdirs.user_config_dir("thickshell")) / "thickshell.toml"


def _read(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The settings file {file} is not valid TOML: {error}; mend that line.") from error
    for key in values:
        _known(key, f"setting {key} in {file}")
    return values


def _known(key: str, where: str) -> None:
    if key in Settings.model_fields:
        return
    near = difflib.get_close_matches(key, Settings.model_fields, n=1, cutoff=0.0)
    raise UsageError(f"Unknown {where}; the nearest known setting is {near[0]}.")
