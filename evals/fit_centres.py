"""Compute the language means of `assistant.embedders.centred` from training texts (bench/SPLITS.md), and write them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assistant.embedders.centred import FILE, Centres, save_centres
from evals.data import CHINESE, RetrievalSet, fitting_sets
from evals.pool import embedded

SIZE = 100
"""Passages, and questions, of each set."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoder", default="packaged", help="embedding model, as in the settings")
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors between runs")
    parser.add_argument("--out", type=Path, default=FILE, help="file to write")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from assistant.embedders.sentence import SentenceEmbedder

    embedder = SentenceEmbedder(args.encoder)
    queries: dict[str, list[Any]] = {"en": [], "zh": []}
    passages: dict[str, list[Any]] = {"en": [], "zh": []}
    sets = fitting_sets(args.data, SIZE, args.seed)
    for data in sets:
        language = language_of(data)
        queries[language].append(embedded(embedder, "queries", list(data.questions.values()), args.cache).mean(axis=0))
        passages[language].append(embedded(embedder, "passages", list(data.passages.values()), args.cache).mean(axis=0))
    centres = Centres(embedder.id, *(np.stack([np.mean(k[lang], axis=0) for lang in k]) for k in (queries, passages)))
    sources = ", ".join(data.name.removeprefix("fit-") for data in sets)
    save_centres(centres, args.out, languages="en zh", sources=sources, size=str(SIZE), seed=str(args.seed))
    yield {"encoder": embedder.id, "sources": sources, "file": str(args.out)}


def language_of(data: RetrievalSet) -> str:
    return "zh" if data.name in CHINESE else "en"
