"""Immutable folders: written beside, synced, published by rename, checked by hash when they are opened."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.errors import StorageError

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a generation holds. `files`: name -> SHA-256."""

    kind: str
    encoder: str
    dim: int
    count: int
    files: dict[str, str]
    format: int = FORMAT


@contextmanager
def published(folder: Path, kind: str, encoder: str, dim: int, count: int) -> Iterator[Path]:
    """A new folder to write files into; it takes the name `folder` when all of them are on disk, or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield beside
        files = {path.name: _hashed(path) for path in sorted(beside.iterdir())}
        manifest = Manifest(kind, encoder, dim, count, files)
        (beside / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", "utf-8")
        for path in (*beside.iterdir(), beside):
            _sync(path)
        beside.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        raise StorageError(f"The vector index could not be written: {error}.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def checked(folder: Path, kind: str) -> Manifest:
    """The manifest of a folder whose files are those that were written; StorageError otherwise."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
        whole = all(_hashed(folder / name) == digest for name, digest in manifest.files.items())
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"The vector index in {folder.name} is damaged: {error}.") from error
    if not whole or (manifest.format, manifest.kind) != (FORMAT, kind):
        raise StorageError(f"The vector index in {folder.name} is damaged or of another kind.")
    return manifest


def _hashed(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
