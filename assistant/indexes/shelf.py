"""The generations of one corpus on disk: a folder of folders, named by growing numbers."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import StorageError
from assistant.indexes.faiss import FaissIndex

if TYPE_CHECKING:
    from assistant.seams import I64

log = logging.getLogger(__name__)


def generations(folder: Path) -> list[Path]:
    """Newest first."""
    names = [path for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    return sorted(names, key=lambda path: int(path.name), reverse=True)


def newest(folder: Path, encoder: str, dim: int) -> FaissIndex:
    """The newest sound generation of this encoder, or an empty index."""
    for path in generations(folder):
        index = _loaded(path)
        if index and (index.encoder, index.dim) == (encoder, dim):
            return index
        if index:
            log.info("The vector index in %s is of another encoder; a new one is made beside it.", path.name)
    return FaissIndex(dim, encoder)


def publish(folder: Path, number: int, index: FaissIndex) -> bool:
    """Write the generation of this number, then delete the others. A read-only home works without: False."""
    target, others = folder / str(number), generations(folder)
    try:
        if target in others:  # damaged, of another encoder, or written by another process at the same revision
            shutil.rmtree(target)
        index.save(target)
    except (StorageError, OSError) as error:
        log.warning("The vectors are not saved: %s", error)
        return False
    for path in others:
        if path != target:
            shutil.rmtree(path, ignore_errors=True)
    return True


def forget(folder: Path, live: I64) -> None:
    """Take the vectors of all other passages off the disk, whatever the encoder; without need nothing is written."""
    for path in generations(folder):
        index = _loaded(path)
        gone = np.setdiff1d(index.ids, live) if index else np.zeros(0, np.int64)
        if index is None:
            shutil.rmtree(path, ignore_errors=True)
        elif len(gone) == len(index):
            shutil.rmtree(path)
        elif len(gone):
            index.remove(gone)
            publish(folder, int(generations(folder)[0].name) + 1, index)
            return


def _loaded(path: Path) -> FaissIndex | None:
    try:
        return FaissIndex.load(path)
    except StorageError as error:
        log.warning("%s It is made anew from the catalog.", error)
        return None
