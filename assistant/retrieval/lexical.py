"""The word index: tantivy (BM25, k1 1.2, b 0.75) over the words of `analysis`, one folder for all corpora of a home.

The index is derived data: `documents()` says what it holds, so that the catalog's owner can put back what is missing. A
damaged folder, or one written by another version of the analysis, is thrown away when it is opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import StorageError
from assistant.retrieval.analysis import words
from assistant.retrieval.word_folder import opened
from assistant.retrieval.word_queries import Row, Scope, View, WordScore, everything_query, wherever
from assistant.types import Passage

HEAP = 64_000_000
OVERFETCH = 4


class TantivyWords:
    """Seam WordIndex, and the search that the retriever uses.

    `corpus_id` turns a corpus's name into the number that stays when it is renamed (PassageStore.corpus_id). `lock` is
    the file that writers of all processes take for one commit.
    """

    def __init__(self, folder: Path, corpus_id: Callable[[str], int], lock: Path | None = None) -> None:
        self._folder, self._corpus_id = folder, corpus_id
        self._lock = lock or folder.with_name(f"{folder.name}.lock")
        self._guard = threading.RLock()
        self._index: Any = None
        self._seen: object = None

    # --- writing ---
    def add(self, passages: Sequence[tuple[Passage, int]]) -> None:
        """(passage, document id) pairs in one commit, so call it with many. An id again replaces."""
        if not passages:
            return
        corpora = {name: self._corpus_id(name) for name in {p.corpus for p, _ in passages}}
        self._replace([(" ".join(words(p.search_text)), p.id, d, corpora[p.corpus]) for p, d in passages])

    def remove(self, documents: Collection[int], *, purge: bool = True) -> None:
        """All passages of these documents. Without `purge` they are hidden, and leave the disk with the next `purge`.

        Segments are immutable, so those that held the documents are written anew: about 10 s for 200,000 passages.
        """
        if not documents:
            return
        hidden = frozenset(documents)
        with self._writer() as writer:
            view = self._view()
            survivors = view.survivors(hidden) if purge else []
            writer.delete_documents_by_query(view.among("document", hidden))
            _rewrite(writer, view, survivors)

    def remove_corpus(self, corpus: int) -> None:
        """All passages of a corpus, by its id."""
        view = self._view()
        self.remove(set(view.values("document", view.hits(view.among("corpus", [corpus])))))

    def purge(self) -> None:
        """Take hidden documents off the disk."""
        with self._writer() as writer:
            view = self._view()
            _rewrite(writer, view, view.survivors(None))

    def _replace(self, rows: list[Row]) -> None:
        with self._writer() as writer:
            _rewrite(writer, self._view(), rows)

    # --- reading ---
    def documents(self) -> set[int]:
        view = self._view()
        return set(view.values("document", view.hits(everything_query())))

    def search(self, text: str, scope: Scope, k: int) -> list[tuple[int, float]]:
        """(passage id, BM25) best first, ties by id, of what the scope sees."""
        view = self._view()
        query = view.question(text)
        if query is None or (scope.only is not None and not scope.only):
            return []
        # Filtering the best few is faster than scoring all that may be seen, and is mostly enough.
        hits = view.hits(query, k * OVERFETCH)
        found = view.seen(hits, scope)
        if len(found) < k and len(hits) == k * OVERFETCH:
            found = view.seen(view.hits(view.within(query, scope), k), scope)
        return found[:k]

    def scores(self, text: str, ids: Collection[int]) -> dict[int, WordScore]:
        """What the text's words say for these passages: 0.0 where no word meets, nothing for ids that are not there."""
        if not ids:
            return {}
        view = self._view()
        listed, rarities = view.among("passage", ids), view.rarities(text)
        bm25, held = (
            dict(view.scored(listed if query is None else wherever(listed, query), len(ids)))
            for query in (view.question(text), view.held(rarities))
        )
        whole = sum(rarities.values()) or 1.0
        return {i: WordScore(score, held[i], min(held[i] / whole, 1.0)) for i, score in bm25.items()}

    # --- the folder ---
    def _view(self) -> View:
        """The newest committed state, of whichever process."""
        with self._guard:
            index = self._opened()
            stat = (self._folder / "meta.json").stat()
            now = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if now != self._seen:
                index.reload()
                self._seen = now
            return View(index.searcher(), index.schema)

    def _opened(self) -> Any:
        from filelock import FileLock

        with self._guard:
            if self._index is None:
                with FileLock(self._lock):
                    self._index = opened(self._folder)
            return self._index

    @contextmanager
    def _writer(self) -> Iterator[Any]:
        """A writer for one commit, under the lock; merges are over when it closes."""
        from filelock import FileLock

        index = self._opened()
        try:
            with FileLock(self._lock):
                writer = index.writer(HEAP, 1)
                writer.garbage_collect_files()  # a process killed in its commit leaves files that would stop the next
                try:
                    yield writer
                    writer.commit()
                    writer.garbage_collect_files()
                finally:
                    writer.wait_merging_threads()
        except (OSError, ValueError) as error:
            raise StorageError(f"The word index could not be written: {error}.") from error


def _rewrite(writer: Any, view: View, rows: Sequence[Row]) -> None:
    """Put rows in place of those with their passage ids."""
    import tantivy

    if rows:
        writer.delete_documents_by_query(view.among("passage", [passage for _, passage, _, _ in rows]))
    for text, passage, document, corpus in rows:
        writer.add_document(tantivy.Document(words=text, passage=passage, document=document, corpus=corpus))
