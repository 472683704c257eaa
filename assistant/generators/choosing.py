"""Which language model the settings name, and the generator for it. Nothing is loaded or asked here."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import NotAvailable, ThickshellError
from assistant.generators.pump import Patience

if TYPE_CHECKING:
    from assistant.models.running import Running
    from assistant.seams import Generator
    from assistant.settings import Settings

log = logging.getLogger(__name__)
PACKAGED = "packaged"
UNNAMED = "model"
"""What a model is called here whose name only its server knows."""
HASHES = Path("models") / "hashes.json"
"""Where a home keeps hashes of model files."""
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


def model_names(settings: Settings, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The model of the settings first, then that of the home's own server (`thickshell models serve`)."""
    server = _server(settings)
    named = (model_name(settings, environment), server.name if server else "")
    return tuple(dict.fromkeys(name for name in named if name))


class Models:
    """Generators by name. One is made anew where the home's own server has come, gone or moved since."""

    def __init__(self, settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
        self._settings = settings
        self._environment = environment
        self._made: dict[str, tuple[tuple[str, str], Generator]] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Generator:
        server = _server(self._settings)
        ours = server if server and name in {server.name, *self._aliases(server)} else None
        place = (ours.url, ours.key) if ours else ("", "")
        with self._lock:
            if name not in self._made or self._made[name][0] != place:
                made = _of_server(self._settings, ours) if ours else generator(self._settings, self._environment)
                self._made[name] = (place, made)
            return self._made[name][1]

    def prepare(self, name: str) -> None:
        """Loads beforehand what the first answer of a model needs."""
        from assistant.generators.local import LocalGenerator
        from assistant.generators.openai import ServerGenerator

        made = self.get(name)
        if isinstance(made, LocalGenerator | ServerGenerator):
            made.prepare()

    def _aliases(self, server: Running) -> set[str]:
        """What the settings call the model of the server, where they name its folder and no other address."""
        s = self._settings
        if s.model_url or not _is_folder(s.model):
            return set()
        return {model_name(s)} if str(Path(s.model).expanduser().resolve()) == server.folder else set()


def generator(settings: Settings, environment: Mapping[str, str] = os.environ) -> Generator:
    """The generator of the settings' model: at an address, or a folder in this process."""
    url = (settings.model_url or environment.get("OPENAI_BASE_URL", "")).rstrip("/")
    if url or settings.model_provider != "openai":
        return _served(settings, url, environment)
    if settings.model == PACKAGED or _is_folder(settings.model):
        return _local(settings)
    if environment.get("OPENAI_API_KEY") or settings.model_key.get_secret_value():
        return _served(settings, OFFICIAL, environment)
    raise NotAvailable(f"Nothing says where the model “{settings.model}” is served; set model_url.")


def address(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """Where questions to the settings' model go: an address or a provider's name; "" where they stay here."""
    if not model_name(settings, environment):
        return ""
    url = (settings.model_url or environment.get("OPENAI_BASE_URL", "")).rstrip("/")
    if url or settings.model_provider != "openai":
        return url or settings.model_provider
    return "" if settings.model == PACKAGED or _is_folder(settings.model) else OFFICIAL


def _server(settings: Settings) -> Running | None:
    from assistant.models.running import running

    return running(settings.home)


def _of_server(settings: Settings, server: Running) -> Generator:
    from assistant.generators.endpoint import Endpoint
    from assistant.generators.openai import ServedModel, ServerGenerator

    folder = Path(server.folder)
    served = ServedModel(
        Endpoint(server.url, server.key),
        server.name,
        folder=folder if folder.is_dir() else None,
        context=settings.model_context,
        patience=_patience(settings),
        streams=settings.model_streams,
    )
    return ServerGenerator(served, lambda: described(folder, settings.home / HASHES) if folder.is_dir() else {})


def _local(settings: Settings) -> Generator:
    from assistant.generators.local import LocalGenerator

    if settings.model == PACKAGED:
        from assistant.models.smollm import folder

        place = folder()
    else:
        place = Path(settings.model).expanduser()
    return LocalGenerator(
        place,
        name=model_name(settings),
        context=settings.model_context,
        threads=settings.threads,
        patience=_patience(settings),
        provenance=lambda: described(place, settings.home / HASHES),
    )


def _served(settings: Settings, url: str, environment: Mapping[str, str]) -> Generator:
    from assistant.generators.endpoint import Endpoint
    from assistant.generators.openai import ServedModel, ServerGenerator

    key = settings.model_key.get_secret_value() or environment.get("OPENAI_API_KEY", "")
    folder = Path(settings.model_folder).expanduser() if settings.model_folder else None
    served = ServedModel(
        Endpoint(url, key),
        settings.model,
        settings.model_provider,
        folder,
        settings.model_context,
        _patience(settings),
        settings.model_streams,
    )
    return ServerGenerator(served, lambda: described(folder, settings.home / HASHES) if folder else {})


def _patience(settings: Settings) -> Patience:
    return Patience(settings.model_first_token_seconds, settings.model_seconds)


def _is_folder(name: str) -> bool:
    """Whether a model is named by its place on this disk, rather than by its name on a server."""
    return name.startswith((".", "~", "/")) or (Path(name) / "config.json").is_file()


def described(folder: Path, cache: Path) -> dict[str, Any]:
    """What receipts say of the model in a folder; hashes are kept in `cache`. Empty where the folder tells nothing."""
    from assistant.models.provenance import inspect

    try:
        found = inspect(folder, cache)
    except ThickshellError as error:
        log.warning("%s", error)
        return {}
    kept = ("architecture", "title", "disguised", "parameters", "dtype", "quantization", "licence", "limits", "base")
    weights = sorted(pair for pair in found.files.items() if pair[0].endswith(".safetensors"))
    digest = hashlib.sha256(json.dumps(weights).encode()).hexdigest()
    adapters = {adapter.name: adapter.sha256 for adapter in found.adapters}
    return {name: getattr(found, name) for name in (*kept, "commit")} | {"sha256": digest, "adapters": adapters}
