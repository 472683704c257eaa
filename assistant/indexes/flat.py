"""The plain index: every vector compared, in float32. Slow at size and obviously right: the oracle of seam Index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.indexes.generations import checked, published

if TYPE_CHECKING:
    from assistant.seams import F32, I64


class FlatIndex:
    """Seam Index over one NumPy matrix."""

    KIND = "flat"

    def __init__(self, dim: int, encoder: str = "") -> None:
        self.dim, self.encoder = dim, encoder
        self._rows: dict[int, F32] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, ids: I64, rows: F32) -> None:
        self._rows.update({int(i): np.array(row, np.float32) for i, row in zip(ids, rows, strict=True)})

    def remove(self, ids: I64) -> int:
        return sum(self._rows.pop(int(i), None) is not None for i in ids)

    def search(
        self, queries: F32, k: int, allowed: I64 | None = None, excluded: I64 | None = None
    ) -> list[list[tuple[int, float]]]:
        hidden = set() if excluded is None else set(excluded.tolist())
        shown = self._rows.keys() if allowed is None else set(allowed.tolist()) & self._rows.keys()
        ids = sorted(i for i in shown if i not in hidden)
        if not ids:
            return [[] for _ in queries]
        scores = queries @ self.rows(np.array(ids)).T
        return [best(np.array(ids), row, k) for row in scores]

    def rows(self, ids: I64) -> F32:
        if not len(ids):
            return np.zeros((0, self.dim), np.float32)
        return np.stack([self._rows[int(i)] for i in ids])

    def save(self, folder: Path) -> None:
        ids = np.array(sorted(self._rows), np.int64)
        with published(folder, self.KIND, self.encoder, self.dim, len(ids)) as beside:
            np.save(beside / "ids.npy", ids, allow_pickle=False)
            np.save(beside / "rows.npy", self.rows(ids), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> FlatIndex:
        """StorageError where the folder is damaged."""
        manifest = checked(folder, cls.KIND)
        index = cls(manifest.dim, manifest.encoder)
        index.add(np.load(folder / "ids.npy", allow_pickle=False), np.load(folder / "rows.npy", allow_pickle=False))
        return index


def best(ids: I64, scores: F32, k: int) -> list[tuple[int, float]]:
    """The k best (id, score), ties by id."""
    order = np.lexsort((ids, -scores))[:k]
    return [(int(ids[i]), float(scores[i])) for i in order]
