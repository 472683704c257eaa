"""Pages a second and peak memory of one PDF of 2,000 pages, made of public filings, until it is searchable by words."""

from __future__ import annotations

import argparse
import itertools
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from evals.small_files import Counter


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pages", type=int, default=2000, help="pages of the PDF")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from assistant.embedders.sentence import SentenceEmbedder

    embedder = Counter(SentenceEmbedder())
    embedder.count(["The tokenizer is loaded before the clock starts."])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "big.pdf"
        make(sorted((args.data / "filings").glob("*.pdf")), args.pages, file)
        yield {"task": "big-pdf", "pages": args.pages, **measure(Path(folder) / "home", file, args.pages, embedder)}


def make(sources: list[Path], pages: int, target: Path) -> None:
    """A PDF of the pages of these, again and again."""
    import pypdfium2

    with pypdfium2.PdfDocument.new() as big:
        for source in itertools.cycle(sources):
            with pypdfium2.PdfDocument(source) as part:
                big.import_pages(part, list(range(min(len(part), pages - len(big)))))
            if len(big) >= pages:
                break
        big.save(target)


def measure(home: Path, file: Path, pages: int, embedder: Counter) -> dict[str, Any]:
    from assistant.errors import NotAvailable
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
    library.create("big")
    library.submit("big", file)
    limits = Limits(settings.parse_seconds, settings.parse_memory_mb, settings.parse_pages)
    before, began = psutil.Process().memory_info().rss, time.perf_counter()
    with ParserPool(1, limits) as pool, Peak() as peak:
        try:
            Worker(catalog, pool, embedder, words, settings).run_until_idle()
        except NotAvailable:
            seconds = time.perf_counter() - began
    (info,) = library.documents("big")
    catalog.close()
    return {
        "seconds": round(seconds, 1),
        "pages_per_second": round(pages / seconds, 1),
        "state": info.state,
        "error": info.error,
        "passages": info.report.passages,
        "duplicates": info.report.duplicates,
        "parent_before_mb": before >> 20,
        "parent_peak_mb": peak.own >> 20,
        "parsers_peak_mb": peak.children >> 20,
        "peak_mb": peak.both >> 20,
    }


class Peak:
    """The most memory (resident, in bytes) of this process, of its children, and of both at one time."""

    def __enter__(self) -> Peak:
        self.own = self.children = self.both = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._end.wait(0.1):
            own, children = me.memory_info().rss, sum(map(_resident, me.children(recursive=True)))
            self.own, self.children = max(self.own, own), max(self.children, children)
            self.both = max(self.both, own + children)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
