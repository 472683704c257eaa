"""Real passages with their vectors, and as many more as are asked for: perturbed copies, whose texts are mixed.

Embedding a million passages would take hours. A copy is the vector of a real passage with noise of a given length
added, brought back to unit length. The passages are the paragraphs of SETS, or all passages of corpora of a home,
which `python -m evals latency` fills; questions are real ones about some of them.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.data import REPORTED
from evals.pool import embedded, product_embedder

SETS = ("qed", "cmrc2018")
PART = 20_000
KNOWN = 200
"""Questions that are asked, and whose exact answer is computed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--noise", type=float, default=0.5, help="length of what is added to a unit vector")
    parser.add_argument("--home", type=Path, help=f"home whose passages are used, not the paragraphs of {SETS}")
    parser.add_argument("--corpora", nargs="+", help="corpora of --home; all of them without")


@dataclass(frozen=True)
class Real:
    """Texts, their vectors (n, dim), and KNOWN questions' texts and vectors."""

    texts: list[str]
    rows: Any
    asked: list[str]
    questions: Any


def real(args: argparse.Namespace) -> Real:
    """What the arguments ask for, embedded with the packaged encoder where no home has the vectors."""
    embedder = product_embedder("packaged")
    asked = real_questions(args.data)
    if args.home:
        texts, rows = of_home(args.home, args.corpora)
    else:
        sets = [list(REPORTED[name](args.data).passages.values()) for name in SETS]
        texts = [text for each in sets for text in each]
        rows = np.vstack([embedded(embedder, "passages", each, args.cache) for each in sets])
    return Real(texts, rows, asked, embedded(embedder, "queries", asked, args.cache))


def of_home(home: Path, corpora: Sequence[str] | None) -> tuple[list[str], Any]:
    """Passages that have a vector, as text, and the vectors."""
    from assistant.settings import load
    from assistant.wiring import House

    house = House(load({"home": home}))
    try:
        store, encoder = house.store, house.embedder.id
        names = corpora or sorted(info.name for info in house.library.corpora())
        found = [store.vector_state(name, encoder)[0].tolist() for name in names]
        texts = [passage.text for ids in found for passage in store.passages(ids)]
        return texts, np.vstack([store.vectors(ids, encoder) for ids in found if ids])
    finally:
        house.close()


def real_questions(data: Path) -> list[str]:
    """KNOWN questions of SETS together, in a fixed random order."""
    asked = [text for name in SETS for text in REPORTED[name](data).questions.values()]
    return random.Random(0).sample(asked, KNOWN)


def part(base: Any, at: int, size: int, noise: float) -> tuple[Any, Any]:
    """(ids, rows) of the vectors from number `at`, a multiple of PART, to the next one."""
    ids = np.arange(at, min(at + PART, size), dtype=np.int64)
    rows = base[ids % len(base)].copy()
    copies = ids >= len(base)
    added = np.random.default_rng(at).standard_normal((int(copies.sum()), base.shape[1]), np.float32)
    rows[copies] += noise * added / np.linalg.norm(added, axis=1, keepdims=True)
    return ids, (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def parts(base: Any, size: int, noise: float) -> Iterator[tuple[Any, Any]]:
    """(ids, rows) of `size` vectors: the real ones, then perturbed copies."""
    for at in range(0, size, PART):
        yield part(base, at, size, noise)


def exact(base: Any, size: int, noise: float, questions: Any) -> list[set[int]]:
    """The ten best for each question, by comparing all in float32, part by part."""
    best: list[list[tuple[float, int]]] = [[] for _ in questions]
    for ids, rows in parts(base, size, noise):
        scores = questions @ rows.T
        top = np.argpartition(-scores, min(10, len(ids)) - 1, axis=1)[:, :10]
        for row, kept, places in zip(scores, best, top):
            kept += [(float(row[p]), int(ids[p])) for p in places]
            kept.sort(reverse=True)
            del kept[10:]
    return [{i for _, i in kept} for kept in best]


def recall(found: Sequence[set[int]], right: Sequence[set[int]]) -> float:
    """Share of the ten right ones that were found.

    >>> recall([{1, 2}, {3}], [{1, 2}, {3, 4}])
    0.75
    """
    return round(float(np.mean([len(a & b) / len(b) for a, b in zip(found, right, strict=True)])), 4)
