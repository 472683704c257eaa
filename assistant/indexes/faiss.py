"""Vectors in FAISS, half precision: compared one by one while they are few, through a graph (HNSW) when they are many.

FAISS numbers vectors by slot, in the order they came. A slot is never used again: removing an id, or adding it anew,
leaves a dead slot that searches skip, and `renewed()` gives an index without them. `bench scale` measures the numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assistant.indexes.flat import best
from assistant.indexes.generations import checked, published

if TYPE_CHECKING:
    from assistant.seams import F32, I64

CROSSOVER = 250_000
"""Vectors from which a graph is worth building: comparing all takes 8.5 ms at 200,000, a quarter of a search's time,
and finds all; a graph over perturbed copies found 85% of the best ten there (docs/decisions/0220)."""
LINKS, BUILD, SEARCH = 32, 120, 256
"""HNSW: links of a node; candidates kept while building and while searching."""
FEW = 20_000
"""So many allowed vectors or fewer are compared one by one."""
SCARCE = 0.05
"""Where less than this share of a graph may be seen, walking it finds too little."""
DEAD_SHARE = 0.25


class FaissIndex:
    """Seam Index. Searches may run at once; adding and removing must not run beside them."""

    KIND = "faiss"

    def __init__(self, dim: int, encoder: str = "", *, graph: bool = False) -> None:
        self.dim, self.encoder = dim, encoder
        self._index = _graph(dim) if graph else _plain(dim)
        self._ids = np.zeros(0, np.int64)  # by slot
        self._alive = np.zeros(0, np.bool_)  # by slot
        self._sorted: tuple[I64, I64] | None = None  # live ids ascending, and their slots

    def __len__(self) -> int:
        return int(self._alive.sum())

    @property
    def ids(self) -> I64:
        """Ids that are there, ascending."""
        return self._live()[0]

    @property
    def is_graph(self) -> bool:
        return hasattr(self._index, "hnsw")

    @property
    def stale(self) -> bool:
        """Whether `renewed()` would be faster: many dead slots, or the other kind for this size."""
        dead = len(self._alive) - len(self)
        return dead > DEAD_SHARE * len(self._alive) or self.is_graph != (len(self) >= CROSSOVER)

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
        self._sorted = None

    def remove(self, ids: I64) -> int:
        slots = self._slots(ids)
        if len(slots):
            self._alive[slots] = False
            self._sorted = None
        return len(slots)

    def search(
        self, queries: F32, k: int, allowed: I64 | None = None, excluded: I64 | None = None
    ) -> list[list[tuple[int, float]]]:
        queries = np.ascontiguousarray(queries, np.float32)
        shown = self._shown(allowed, excluded)
        count = int(shown.sum())
        if not count or not len(queries) or k < 1:
            return [[] for _ in queries]
        if count <= FEW and (allowed is not None or self.is_graph):
            return self._compared(queries, k, np.flatnonzero(shown))
        return self._searched(queries, k, shown, count)

    def rows(self, ids: I64) -> F32:
        live, slots = self._live()
        ids = np.asarray(ids, np.int64)
        at = np.searchsorted(live, ids)
        missing = (at == len(live)) | (live[np.minimum(at, len(live) - 1)] != ids) if len(live) else np.ones(len(ids))
        if np.any(missing):
            raise KeyError(int(ids[np.flatnonzero(missing)[0]]))
        return self._decoded(slots[at])

    def renewed(self) -> FaissIndex:
        """The same vectors without dead slots, in the kind that their number asks for."""
        ids, slots = self._live()
        fresh = FaissIndex(self.dim, self.encoder, graph=len(ids) >= CROSSOVER)
        for at in range(0, len(ids), 50_000):
            fresh.add(ids[at : at + 50_000], self._decoded(slots[at : at + 50_000]))
        return fresh

    # --- on disk ---
    def save(self, folder: Path) -> None:
        """A new folder; what was removed is not in it."""
        faiss = _faiss()
        if not self._alive.all() and not self.is_graph:
            return self.renewed().save(folder)
        self._forget()
        with published(folder, self.KIND, self.encoder, self.dim, len(self)) as beside:
            faiss.write_index(self._index, str(beside / "vectors.faiss"))
            np.save(beside / "ids.npy", np.where(self._alive, self._ids, -1), allow_pickle=False)
        return None

    @classmethod
    def load(cls, folder: Path) -> FaissIndex:
        """StorageError where the folder is damaged."""
        faiss = _faiss()
        manifest = checked(folder, cls.KIND)
        index = cls(manifest.dim, manifest.encoder)
        index._index = faiss.read_index(str(folder / "vectors.faiss"))
        if index.is_graph:
            index._index.hnsw.efSearch = SEARCH
        index._ids = np.load(folder / "ids.npy", allow_pickle=False)
        index._alive = index._ids >= 0
        return index

    def _forget(self) -> None:
        """Give dead nodes of a graph the vector of the nearest live one: the way through them stays, they are gone."""
        faiss = _faiss()
        dead = np.flatnonzero(~self._alive)
        if not len(dead) or not len(self):
            return
        near = [hits[0][0] for hits in self.search(self._decoded(dead), 1)]
        storage = faiss.downcast_index(self._index.storage)
        codes = faiss.vector_to_array(storage.codes).reshape(-1, storage.code_size)
        codes[dead] = codes[self._slots(np.array(near))]
        faiss.copy_array_to_vector(codes.ravel(), storage.codes)

    # --- searching ---
    def _compared(self, queries: F32, k: int, slots: I64) -> list[list[tuple[int, float]]]:
        scores = queries @ self._decoded(slots).T
        return [best(self._ids[slots], row, k) for row in scores]

    def _searched(self, queries: F32, k: int, shown: NDArray[np.bool_], count: int) -> list[list[tuple[int, float]]]:
        """Through FAISS. More than k are fetched until the last is worse than the k-th, so that ties go by id."""
        fetch = min(k + 8, count)
        while True:
            scores, slots = self._asked(queries, fetch, shown, count)
            tied = scores[:, -1] >= scores[:, min(k, fetch) - 1]
            if fetch >= min(count, 8 * k + 64) or not np.any(tied & (slots[:, -1] >= 0)):
                return [best(self._ids[s[s >= 0]], v[s >= 0], k) for s, v in zip(slots, scores)]
            fetch = min(count, 4 * fetch)

    def _asked(self, queries: F32, fetch: int, shown: NDArray[np.bool_], count: int) -> tuple[F32, I64]:
        faiss = _faiss()
        share = count / len(shown)
        bits = np.packbits(shown, bitorder="little")
        selector = faiss.IDSelectorBitmap(bits) if share < 1 else None
        if not self.is_graph or share < SCARCE:
            index = faiss.downcast_index(self._index.storage) if self.is_graph else self._index
            params = faiss.SearchParameters(sel=selector) if selector else None
        else:
            width = int(max(SEARCH, 2 * fetch) / share)
            index, params = self._index, faiss.SearchParametersHNSW(sel=selector, efSearch=width)
        found: tuple[F32, I64] = index.search(queries, fetch, params=params)
        return found

    # --- slots ---
    def _shown(self, allowed: I64 | None, excluded: I64 | None) -> NDArray[np.bool_]:
        if allowed is None:
            shown = self._alive.copy()
        else:
            shown = np.zeros(len(self._alive), np.bool_)
            shown[self._slots(allowed)] = True
        if excluded is not None:
            shown[self._slots(excluded)] = False
        return shown

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
        faiss = _faiss()
        storage = faiss.downcast_index(self._index.storage) if self.is_graph else self._index
        if not len(slots):
            return np.zeros((0, self.dim), np.float32)
        rows: F32 = storage.reconstruct_batch(np.ascontiguousarray(slots, np.int64))
        return rows


def _plain(dim: int) -> Any:
    faiss = _faiss()
    return faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _graph(dim: int) -> Any:
    faiss = _faiss()
    index = faiss.IndexHNSWSQ(dim, faiss.ScalarQuantizer.QT_fp16, LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD
    index.hnsw.efSearch = SEARCH
    return index


def _faiss() -> Any:
    """The library, without the types of its wrapper, which know less than it."""
    import faiss

    return faiss
