"""Taking documents out of a home for good: files, words, vectors, and what SQLite leaves on disk.

Storing and removing run under the home's file lock with a marker file: where the process dies in the middle, the next
one that opens the home finds the marker and finishes the work.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from assistant.errors import NotFound
from ingest.catalog.database import Catalog, storage_errors
from ingest.catalog.removal import remove_stray_vectors, unused_files
from ingest.catalog.tables import CorpusRow, DocumentRow, PassageRow
from ingest.files import FileStore

if TYPE_CHECKING:
    from assistant.seams import I64, WordIndex

log = logging.getLogger(__name__)
REMOVING = "removing"
"""In the marker file: deleted text may still be on disk."""


class Removal:
    """Changes of one home's files. `forget_vectors(folder, ids)` keeps these ids alone in a saved index."""

    def __init__(
        self, catalog: Catalog, files: FileStore, words: WordIndex, forget_vectors: Callable[[Path, I64], None] | None
    ) -> None:
        self._catalog, self._files, self._words = catalog, files, words
        self._forget_vectors = forget_vectors
        self._marker = catalog.home / "files.unfinished"

    @property
    def unfinished(self) -> bool:
        """A process died in the middle of a change."""
        return self._marker.exists()

    @contextlib.contextmanager
    def changing(self, what: str = "storing") -> Iterator[None]:
        """One change of the stored files at a time; a marker stays where the process dies before the end."""
        with storage_errors(self._catalog.home), self._files.lock():
            unfinished = self._marker.exists()  # of a process that died since this one began
            if what == REMOVING or not unfinished:
                self._marker.write_text(what, "utf-8")
            try:
                yield
            except NotFound:  # nothing was changed yet
                if not unfinished:
                    self._marker.unlink(missing_ok=True)
                raise
            if unfinished:
                self.sweep()
            self._marker.unlink(missing_ok=True)

    def finish(self, documents: Sequence[int], hashes: set[str], texts: Sequence[bytes] | None) -> None:
        """What follows a removal from the catalog: words, files, and what SQLite leaves on disk."""
        if documents:
            self._words.remove(documents)
        self.discard_unused(hashes)
        if not self._catalog.scrub(texts):
            log.warning("readers held the database; deleted text leaves its log when they are done")

    def without_vectors(self, place: int) -> None:
        """Takes vectors of passages that are gone out of the corpus's saved index, where it has one."""
        folder = self._catalog.home / "vectors" / str(place)
        if self._forget_vectors is None or not folder.is_dir():
            return
        with self._catalog.read() as session:
            query = select(PassageRow.id).join(DocumentRow).where(DocumentRow.corpus_id == place)
            live = np.fromiter(session.scalars(query), np.int64)
        self._forget_vectors(folder, live)

    def discard_unused(self, hashes: set[str]) -> None:
        """Removes those of the files that no document has: after a removal or a replacement."""
        with self._files.lock():
            with self._catalog.read() as session:
                unused = unused_files(session, hashes)
            for sha256 in unused:
                self._files.discard(sha256)

    def sweep(self) -> None:
        """Removes whatever the catalog does not know: files, words, vectors, index folders. For after a crash."""
        with self._files.lock():
            with self._catalog.session() as session:
                remove_stray_vectors(session)
                known = set(session.scalars(select(DocumentRow.id)))
                corpora = {str(i) for i in session.scalars(select(CorpusRow.id))}
            if stray := self._words.documents() - known:
                self._words.remove(sorted(stray))
            self.discard_unused(set(self._files.stored()))
            for folder in (self._catalog.home / "vectors").glob("*"):
                if folder.name not in corpora:
                    shutil.rmtree(folder, ignore_errors=True)
                elif self._marked() == REMOVING:
                    self.without_vectors(int(folder.name))
            # what was being deleted is not known any more, so anything left in the database counts
            self._catalog.scrub(None if self._marked() == REMOVING else ())
            self._marker.unlink(missing_ok=True)

    def _marked(self) -> str:
        return self._marker.read_text("utf-8") if self._marker.exists() else ""
