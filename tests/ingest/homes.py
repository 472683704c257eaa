"""A home with its real parts for the tests of ingestion: catalog, library, parser processes, words, hashed vectors."""

from __future__ import annotations

import atexit
import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.embedders.hashed import HashedEmbedder
from assistant.errors import NotFound
from assistant.retrieval.lexical import TantivyWords
from assistant.seams import Embedder
from assistant.settings import Settings
from assistant.types import Limits, Passage
from ingest.catalog.database import Catalog
from ingest.catalog.passages import SqlPassages
from ingest.library import HomeLibrary
from ingest.pool import ParserPool
from ingest.worker import Worker


@dataclass
class Home:
    catalog: Catalog
    store: SqlPassages
    words: TantivyWords
    library: HomeLibrary
    worker: Worker
    pool: ParserPool

    def ingest(self, corpus: str, *files: Path) -> dict[str, str]:
        """Submits files and works until idle: document name -> state of its job."""
        if corpus not in {info.name for info in self.library.corpora()}:
            self.library.create(corpus)
        jobs = [self.library.submit(corpus, file) for file in files]
        self.worker.run_until_idle()
        return {row.document: row.state for row in self.library.jobs(ids=jobs)}

    def passages(self, corpus: str) -> dict[str, list[Passage]]:
        """Of the documents that can be searched; one that is removed while they are read has none."""
        found: dict[str, list[Passage]] = {}
        for info in self.library.documents(corpus):
            if info.searchable:
                with contextlib.suppress(NotFound):
                    found[info.name] = self.store.document_passages(corpus, info.name)
        return found


@contextlib.contextmanager
def home_at(folder: Path, embedder: Embedder | None = None, workers: int = 2) -> Iterator[Home]:
    settings = Settings(home=folder, workers=workers)
    catalog = Catalog.open(folder)
    pool = shared_pool()
    store = SqlPassages(catalog)
    words = TantivyWords(folder / "words", store.corpus_id)
    worker = Worker(catalog, pool, embedder or HashedEmbedder(), words, settings)
    library = HomeLibrary(catalog, words, worker=lambda: worker)
    try:
        yield Home(catalog, store, words, library, worker, pool)
    finally:
        worker.stop()
        catalog.close()


@functools.cache
def shared_pool() -> ParserPool:
    """Warm parser processes for all tests; a new process takes a second."""
    pool = ParserPool(2, Limits(seconds=30))
    atexit.register(pool.close)
    return pool
