"""How long 1,000 text files of 1 kB take until they are searchable by words; embedding is measured apart."""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import NotAvailable

if TYPE_CHECKING:
    from assistant.seams import F32, Embedder

COMMON = ("the", "of", "and", "in", "to", "a", "is", "was", "for", "on", "as", "by", "with", "at", "from", "that", "it")


class Counter:
    """The packaged encoder's token counts, for the splitter; its vectors are not asked for here."""

    def __init__(self, encoder: Embedder) -> None:
        self._encoder, self.id, self.dim = encoder, encoder.id, encoder.dim

    def count(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count(texts)

    def embed_queries(self, texts: Sequence[str]) -> F32:
        raise NotAvailable("Embedding is measured apart.")

    embed_passages = embed_queries


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--files", type=int, default=1000, help="how many files")
    parser.add_argument("--bytes", type=int, default=1000, help="size of each")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from assistant.embedders.sentence import SentenceEmbedder

    embedder = Counter(SentenceEmbedder())
    embedder.count(["The tokenizer is loaded before the clock starts."])
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder) / "in", args.files, args.bytes, args.seed)
        figures = measure(Path(folder) / "home", files, embedder)
        yield {"task": "small-files", "n": args.files, "bytes": args.bytes, **figures}


def measure(home: Path, files: list[Path], embedder: Counter) -> dict[str, Any]:
    """Seconds of submitting, and of parsing, splitting and storing."""
    from assistant.retrieval.lexical import TantivyWords
    from assistant.settings import load
    from assistant.types import Limits
    from ingest.catalog.database import Catalog
    from ingest.catalog.passages import SqlPassages
    from ingest.library import HomeLibrary
    from ingest.pool import ParserPool
    from ingest.worker import Worker

    settings = load({"home": home})
    catalog = Catalog.open(home)
    words = TantivyWords(home / "words", SqlPassages(catalog).corpus_id)
    library = HomeLibrary(catalog, words)
    library.create("small")
    began = time.perf_counter()
    library.submit_all("small", files)
    submitted = time.perf_counter()
    with ParserPool(settings.workers, Limits()) as pool:
        try:
            Worker(catalog, pool, embedder, words, settings).run_until_idle()
        except NotAvailable:
            stored = time.perf_counter()
    (info,) = library.corpora()
    catalog.close()
    return {
        "submit_seconds": round(submitted - began, 2),
        "store_seconds": round(stored - submitted, 2),
        "seconds": round(stored - began, 2),
        "passages": info.passages,
        "failed": info.failed,
    }


def write(folder: Path, files: int, size: int, seed: int) -> list[Path]:
    """Files of pronounceable nonsense, each different."""
    chance = random.Random(seed)
    folder.mkdir()
    found = []
    for number in range(files):
        text = ""
        while len(text) < size:
            words = [chance.choice(COMMON) if chance.random() < 0.5 else _word(chance) for _ in range(12)]
            text += " ".join(words).capitalize() + ". "
        found.append(folder / f"{number:05}.txt")
        found[-1].write_text(text[: size - 1].rstrip() + "\n")
    return found


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(1, 4)))
