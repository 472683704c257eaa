"""One vector index for each corpus, kept in step with the catalog and, from time to time, on disk.

A folder `<corpus id>/<revision>` is a generation. The newest sound one of the right encoder is loaded, and what the
catalog says has changed since is added and removed; without one, all of it is. Old generations go when a new one is
published, so a changed encoder builds beside what there was.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import StorageError
from assistant.indexes import shelf
from assistant.indexes.faiss import FaissIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.seams import F32, I64, PassageStore

CHUNK = 20_000
ATTEMPTS = 5
WORTH_SAVING = 2_000
"""Changes that are saved at once; fewer are saved when they are a tenth of the corpus, or by `save`."""


@dataclass
class _Corpus:
    """The index of one corpus in this process. `documents` stands beside `ids`, which are ascending."""

    index: FaissIndex
    ids: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    documents: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    revision: int = -1
    unsaved: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)


class CorpusVectors:
    """Searches by meaning, safe for threads; several processes may use one folder."""

    def __init__(self, folder: Path, store: PassageStore, encoder: str, dim: int) -> None:
        self._folder, self._store, self._encoder, self._dim = folder, store, encoder, dim
        self._corpora: dict[int, _Corpus] = {}
        self._guard = threading.Lock()

    def search(
        self,
        corpus: str,
        query: F32,
        k: int,
        only: Collection[int] | None = None,
        without: Collection[int] = (),
    ) -> list[tuple[int, float]]:
        """(passage id, cosine) best first for one query (dim,); `only` and `without` are document ids."""
        entry = self._current(corpus)
        with entry.lock:
            allowed = None if only is None else entry.ids[np.isin(entry.documents, list(only))]
            excluded = entry.ids[np.isin(entry.documents, list(without))] if without else None
            return entry.index.search(query[None, :], k, allowed, excluded)[0]

    def scores(self, corpus: str, query: F32, ids: Collection[int]) -> dict[int, float]:
        """Cosines of those of the passages that have a vector."""
        entry = self._current(corpus)
        with entry.lock:
            wanted, known = np.unique(np.fromiter(ids, np.int64, len(ids))), entry.index.ids
            at = np.searchsorted(known, wanted)  # a hundred ids of a million: both sides are sorted already
            there = wanted[known[np.minimum(at, len(known) - 1)] == wanted] if len(known) else wanted[:0]
            cosines = entry.index.rows(there) @ query if len(there) else np.zeros(0)
        return {int(i): float(score) for i, score in zip(there, cosines)}

    def size(self, corpus: str) -> int:
        """Vectors that the corpus has now."""
        return len(self._current(corpus).index)

    def save(self, corpus: str) -> None:
        """Write a generation where the newest is not up to date; then nothing removed is left on disk."""
        entry = self._current(corpus)
        with entry.lock:
            number = self._store.corpus_id(corpus)
            if entry.unsaved or not shelf.generations(self._shelf(number)):
                self._publish(number, entry)

    def drop(self, corpus: int) -> None:
        """Everything of a deleted corpus, by its id."""
        with self._guard:
            self._corpora.pop(corpus, None)
        shutil.rmtree(self._shelf(corpus), ignore_errors=True)

    # --- in step with the catalog ---
    def _current(self, corpus: str) -> _Corpus:
        number = self._store.corpus_id(corpus)
        with self._guard:
            entry = self._corpora.setdefault(number, _Corpus(FaissIndex(self._dim, self._encoder)))
        with entry.lock:
            if entry.revision < 0:
                entry.index = shelf.newest(self._shelf(number), self._encoder, self._dim)
            revision = self._store.revision(corpus)
            if entry.revision != revision:
                self._follow(corpus, entry)
                entry.revision = revision
                if entry.index.stale:
                    entry.index = entry.index.renewed()
                if entry.unsaved >= max(WORTH_SAVING, len(entry.index) // 10):
                    self._publish(number, entry)
        return entry

    def _follow(self, corpus: str, entry: _Corpus) -> None:
        """Take in what changed: the catalog decides what is there."""
        for _ in range(ATTEMPTS):
            entry.ids, entry.documents = self._store.vector_state(corpus, self._encoder)
            gone = np.setdiff1d(entry.index.ids, entry.ids, assume_unique=True)
            new = np.setdiff1d(entry.ids, entry.index.ids, assume_unique=True)
            entry.index.remove(gone)
            entry.unsaved += len(gone) + len(new)
            try:
                for part in _parts(new):
                    entry.index.add(part, self._store.vectors(part.tolist(), self._encoder))
            except KeyError:  # deleted in between
                continue
            return
        raise StorageError(f"The vectors of the corpus {corpus} change too fast to be read; try again.")

    # --- on disk ---
    def _shelf(self, number: int) -> Path:
        return self._folder / str(number)

    def _publish(self, number: int, entry: _Corpus) -> None:
        if shelf.publish(self._shelf(number), max(entry.revision, 0), entry.index):
            entry.unsaved = 0


def _parts(ids: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)]
