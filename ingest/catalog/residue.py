"""Finds deleted text that SQLite left behind in its own pages.

`secure_delete` overwrites a deleted cell, but when b-tree pages are balanced, cells move and their old bytes stay in
the unallocated gap of a page, where no later delete reaches them. Here the file is only read; VACUUM is the cure.
Format: https://www.sqlite.org/fileformat2.html, section 1.6.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

WINDOW = 16
"""Bytes of deleted text that count as a find."""
TOO_MANY = 16 << 20
"""Bytes in gaps that are not worth searching: so many are a find."""
PAGES = 1 << 16
HEADERS = {2: 12, 5: 12, 10: 8, 13: 8}  # kind of b-tree page -> size of its header


def gaps(file: Path) -> bytes:
    """All bytes but zeros in the unallocated gaps of a database's pages, page after page."""
    if not file.stat().st_size:
        return b""
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        size = int.from_bytes(data[16:18], "big")
        size = 65536 if size == 1 else size
        return b"\0".join(piece for start, end in _gaps(data, size) if (piece := data[start:end].strip(b"\0")))


def holds(found: bytes, deleted: Iterable[bytes]) -> bool:
    """Whether a piece of a deleted text is among the bytes found."""
    if not found:
        return False
    if len(found) > TOO_MANY:
        return True
    windows: set[bytes] = set()
    for text in deleted:
        if len(text) < WINDOW:
            if text and text in found:
                return True
            continue
        windows.update(text[at : at + WINDOW] for at in range(0, len(text) - WINDOW + 1, WINDOW))
    return any(found[at : at + WINDOW] in windows for at in range(len(found) - WINDOW + 1))


def _gaps(data: mmap.mmap, size: int) -> Iterator[tuple[int, int]]:
    """(start, end) in the file of each gap that is not empty."""
    whole = np.frombuffer(data, np.uint8)
    try:
        pages = len(whole) // size
        for first in range(0, pages, PAGES):
            count = min(PAGES, pages - first)
            heads = whole[first * size : (first + count) * size].reshape(count, size)[:, :8].astype(np.int64)
            if first == 0:
                heads[0] = whole[100:108]  # the first page begins with the file's own header
            sizes = np.select([heads[:, 0] == kind for kind in HEADERS], list(HEADERS.values()), 0)
            start = sizes + 2 * (heads[:, 3] * 256 + heads[:, 4])
            if first == 0:
                start[0] += 100
            end = heads[:, 5] * 256 + heads[:, 6]
            end[end == 0] = 65536
            for n in np.nonzero((sizes > 0) & (start < end) & (end <= size))[0].tolist():
                at = (first + n) * size
                yield at + int(start[n]), at + int(end[n])
    finally:
        del whole  # an open view would keep the map from closing
