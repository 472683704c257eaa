"""Which language model the settings name, and the generator for it. Nothing is loaded or asked here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import NotAvailable
from assistant.generators.pump import Patience

if TYPE_CHECKING:
    from assistant.seams import Generator
    from assistant.settings import Settings

PACKAGED = "packaged"
UNNAMED = "model"
"""What a model is called here whose name only its server knows."""
OFFICIAL = "https://api.openai.com/v1"


def model_name(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """What the model of the settings is called among the brains; "" where none is set.

    An address in OPENAI_BASE_URL alone is not taken: documents go to a server only where these settings say so.
    """
    if settings.model == PACKAGED:
        from assistant.models.smollm import NAME

        return NAME
    if settings.model:
        return Path(settings.model).name if _is_folder(settings.model) else settings.model
    if settings.model_url or (settings.brain == "model" and environment.get("OPENAI_BASE_URL")):
        return UNNAMED
    return ""


def default_brain(settings: Settings, embedded: str = "embedded") -> str:
    """The brain of a question that names none; NotAvailable where a model is asked for and none is set."""
    name = model_name(settings)
    if settings.brain == "model" and not name:
        raise NotAvailable("The setting brain asks for a model, but none is set; set model or model_url.")
    if settings.brain in {"auto", "model"}:
        return name or embedded
    return settings.brain


def generator(settings: Settings, environment: Mapping[str, str] = os.environ) -> Generator:
    """The generator of the settings' model: an address, or a folder in this process."""
    patience = Patience(settings.model_first_token_seconds, settings.model_seconds)
    url = settings.model_url or environment.get("OPENAI_BASE_URL", "")
    if not url and (settings.model == PACKAGED or _is_folder(settings.model)):
        return _local(settings, patience)
    return _served(settings, url.rstrip("/"), patience, environment)


def _local(settings: Settings, patience: Patience) -> Generator:
    from assistant.generators.local import LocalGenerator

    packaged = settings.model == PACKAGED
    if packaged:
        from assistant.models.smollm import folder

        place = folder()
    else:
        place = Path(settings.model)
    return LocalGenerator(
        place,
        name=model_name(settings),
        context=settings.model_context,
        threads=settings.threads,
        patience=patience,
    )


def _served(settings: Settings, url: str, patience: Patience, environment: Mapping[str, str]) -> Generator:
    from assistant.generators.endpoint import Endpoint
    from assistant.generators.openai import ServedModel, ServerGenerator

    key = settings.model_key.get_secret_value() or environment.get("OPENAI_API_KEY", "")
    if not url and settings.model_provider == "openai":
        if not key:
            raise NotAvailable(f"Nothing says where the model “{settings.model}” is served; set model_url.")
        url = OFFICIAL
    return ServerGenerator(
        ServedModel(
            Endpoint(url, key),
            settings.model,
            settings.model_provider,
            Path(settings.model_folder) if settings.model_folder else None,
            settings.model_context,
            patience,
            settings.model_streams,
        )
    )


def _is_folder(name: str) -> bool:
    """Whether a model is named by its place on this disk, rather than by its name on a server."""
    return name.startswith((".", "~", "/")) or (Path(name) / "config.json").is_file()
