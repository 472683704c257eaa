"""Work of other processes, to be killed: changing the encoder of a home whose documents are ready."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assistant.embedders.hashed import HashedEmbedder
from tests.ingest.homes import home_at


def change_encoder(started: Any, folder: Path, dim: int) -> None:
    with home_at(folder, HashedEmbedder(dim)) as home:
        started.set()
        home.worker.run_until_idle()
