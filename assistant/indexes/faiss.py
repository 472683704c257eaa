"""Vectors in FAISS, half precision, all of them compared, by several threads where they are many.

FAISS numbers vectors by slot, in the order they came. A slot is never used again: removing an id, or adding it anew,
leaves a dead slot that searches skip, and `renewed()` gives an index without them. `bench scale` measures the numbers,
docs/decisions/0280 says what else was measured.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import StorageError
from assistant.indexes.flat import best
from assistant.indexes.generations import checked, published

if TYPE_CHECKING:
    from assistant.seams import F32, I64

WORTH_A_THREAD = 50_000
"""Vectors that take 2 ms to compare; another thread costs a tenth of that."""
DEAD_SHARE = 0.25
CHUNK = 50_000


class FaissIndex:
    """Seam Index. Searches may run at once; adding and removing must not run beside them."""

    KIND = "faiss"

    def __init__(self, dim: int, encoder: str = "") -> None:
        self.dim, self.encoder = dim, encoder
        self._index = _empty(dim)
        self._ids = np.zeros(0, np.int64)  # by slot
        self._alive = np.zeros(0, np.bool_)  # by slot
        self._count = 0  # live slots
        self._sorted: tuple[I64, I64] | None = None  # live ids ascending, and their slots

    def __len__(self) -> int:
        return self._count

    @property
    def ids(self) -> I64:
        """Ids that are there, ascending."""
        return self._live()[0]

    @property
    def stale(self) -> bool:
        """Whether so many slots are dead that `renewed()` would be faster."""
        return len(self._alive) - self._count > DEAD_SHARE * len(self._alive)

    def add(self, ids: I64, rows: F32) -> None:
        if not len(ids):
            return
        last = np.unique(np.asarray(ids, np.int64)[::-1], return_index=True)[1]  # the last of equal ids counts
        kept = np.sort(len(ids) - 1 - last)
        ids, rows = np.asarray(ids, np.int64)[kept], np.ascontiguousarray(rows[kept], np.float32)
        self.remove(ids)
        self._index.add(rows)
        self._ids = np.concatenate([self._ids, ids])
        self._alive = np.concatenate([self._alive, np.ones(len(ids), np.bool_)])
        self._changed()

    def remove(self, ids: I64) -> int:
        slots = self._slots(ids)
        if len(slots):
            self._alive[slots] = False
            self._changed()
        return len(slots)

    def search(
        self, queries: F32, k: int, allowed: I64 | None = None, excluded: I64 | None = None
    ) -> list[list[tuple[int, float]]]:
        queries = np.ascontiguousarray(queries, np.float32)
        shown = self._shown(allowed, excluded)
        count = self._count if shown is None else int(np.count_nonzero(shown))
        if not count or not len(queries) or k < 1:
            return [[] for _ in queries]
        fetch = min(k + 8, count)
        while True:  # more than k are fetched, until the last is worse than the k-th, so that ties go by id
            scores, slots = self._asked(queries, fetch, shown)
            tied = scores[:, -1] >= scores[:, min(k, fetch) - 1]
            if fetch >= min(count, 8 * k + 64) or not np.any(tied):
                return [best(self._ids[s], v, k) for s, v in zip(slots, scores)]
            fetch = min(count, 4 * fetch)

    def rows(self, ids: I64) -> F32:
        live, slots = self._live()
        ids = np.asarray(ids, np.int64)
        at = np.searchsorted(live, ids)
        missing = (at == len(live)) | (live[np.minimum(at, len(live) - 1)] != ids) if len(live) else np.ones(len(ids))
        if np.any(missing):
            raise KeyError(int(ids[np.flatnonzero(missing)[0]]))
        return self._decoded(slots[at])

    def renewed(self) -> FaissIndex:
        """The same vectors without dead slots."""
        faiss, slots = _faiss(), np.flatnonzero(self._alive)
        fresh = FaissIndex(self.dim, self.encoder)
        codes = faiss.rev_swig_ptr(self._index.codes.data(), self._index.codes.size()).reshape(len(self._alive), -1)
        for at in range(0, len(slots), CHUNK):
            fresh._index.add_sa_codes(codes[slots[at : at + CHUNK]])
        fresh._ids, fresh._alive = self._ids[slots], np.ones(len(slots), np.bool_)
        fresh._changed()
        return fresh

    # --- on disk ---
    def save(self, folder: Path) -> None:
        """A new folder; what was removed is not in it."""
        if self._count < len(self._alive):
            return self.renewed().save(folder)
        with published(folder, self.KIND, self.encoder, self.dim, len(self)) as beside:
            _faiss().write_index(self._index, str(beside / "vectors.faiss"))
            np.save(beside / "ids.npy", self._ids, allow_pickle=False)
        return None

    @classmethod
    def load(cls, folder: Path) -> FaissIndex:
        """StorageError where the folder is damaged, or of a kind that was written once (a graph)."""
        faiss = _faiss()
        manifest = checked(folder, cls.KIND)
        index = cls(manifest.dim, manifest.encoder)
        index._index = faiss.read_index(str(folder / "vectors.faiss"))
        if not isinstance(index._index, faiss.IndexScalarQuantizer):
            raise StorageError(f"The vector index in {folder.name} is damaged or of another kind.")
        index._ids = np.load(folder / "ids.npy", allow_pickle=False)
        index._alive = np.ones(len(index._ids), np.bool_)
        index._changed()
        return index

    # --- searching ---
    def _asked(self, queries: F32, fetch: int, shown: NDArray[np.bool_] | None) -> tuple[F32, I64]:
        """(scores, slots), each (queries, fetch), best first, of at least `fetch` slots that are shown."""
        total = len(self._alive)
        parts = min(_thread_count(), max(1, total // WORTH_A_THREAD))
        edges = [total * n // parts for n in range(parts + 1)]
        if parts == 1:
            return self._scanned(queries, fetch, shown)
        halves = (_within(shown, total, start, stop) for start, stop in pairwise(edges))
        found = list(_threads().map(lambda half: self._scanned(queries, fetch, half), halves))
        scores, slots = (np.concatenate(each, axis=1) for each in zip(*found))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :fetch]
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(slots, order, axis=1)

    def _scanned(self, queries: F32, fetch: int, shown: NDArray[np.bool_] | None) -> tuple[F32, I64]:
        """In this thread; where fewer are shown, slot -1 with a very low score fills up."""
        faiss = _faiss()
        bits = None if shown is None else np.packbits(shown, bitorder="little")
        params = None if bits is None else faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
        found: tuple[F32, I64] = self._index.search(queries, fetch, params=params)
        return found

    # --- slots ---
    def _shown(self, allowed: I64 | None, excluded: I64 | None) -> NDArray[np.bool_] | None:
        """By slot, whether it may be found; None where all may."""
        if allowed is None and self._count == len(self._alive) and (excluded is None or not len(excluded)):
            return None
        if allowed is None:
            shown = self._alive.copy()
        else:
            shown = np.zeros(len(self._alive), np.bool_)
            shown[self._slots(allowed)] = True
        if excluded is not None:
            shown[self._slots(excluded)] = False
        return shown

    def _changed(self) -> None:
        self._count = int(np.count_nonzero(self._alive))
        self._sorted = None

    def _live(self) -> tuple[I64, I64]:
        if self._sorted is None:
            slots = np.flatnonzero(self._alive)
            order = np.argsort(self._ids[slots], kind="stable")
            self._sorted = (self._ids[slots][order], slots[order])
        return self._sorted

    def _slots(self, ids: I64) -> I64:
        """Slots of the ids that are there."""
        live, slots = self._live()
        if not len(live) or not len(ids):
            return np.zeros(0, np.int64)
        wanted = np.unique(np.asarray(ids, np.int64))
        at = np.searchsorted(live, wanted)
        found = (at < len(live)) & (live[np.minimum(at, len(live) - 1)] == wanted)
        hits: I64 = slots[at[found]]
        return hits

    def _decoded(self, slots: I64) -> F32:
        if not len(slots):
            return np.zeros((0, self.dim), np.float32)
        rows: F32 = self._index.reconstruct_batch(np.ascontiguousarray(slots, np.int64))
        return rows


def _within(shown: NDArray[np.bool_] | None, total: int, start: int, stop: int) -> NDArray[np.bool_]:
    """What is shown of the slots from start to stop, (total,)."""
    inside = np.zeros(total, np.bool_)
    inside[start:stop] = True if shown is None else shown[start:stop]
    return inside


def _thread_count() -> int:
    """As many as FAISS takes for itself: OMP_NUM_THREADS, else all cores."""
    return int(_faiss().omp_get_max_threads())


@cache
def _threads() -> ThreadPoolExecutor:
    """FAISS divides queries among threads, never the vectors that one query is compared with."""
    return ThreadPoolExecutor(
        _thread_count(), "compare-vectors", initializer=_faiss().omp_set_num_threads, initargs=(1,)
    )


def _empty(dim: int) -> Any:
    faiss = _faiss()
    return faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _faiss() -> Any:
    """The library, without the types of its wrapper, which know less than it."""
    import faiss

    return faiss
