"""A home with real documents for tests: real catalog, word index and storing; only parser and encoder are plain."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from assistant.retrieval.lexical import TantivyWords
from assistant.types import Document
from ingest.builder import DocumentBuilder
from ingest.catalog.database import Catalog
from ingest.catalog.passages import SqlPassages, vector_bytes
from ingest.catalog.tables import DocumentRow, JobRow, PassageRow, VectorRow
from ingest.jobs import Queue
from ingest.library import HomeLibrary
from ingest.prepare import Prepared
from ingest.split import Piece
from ingest.storing import parsed, store

ENCODER = "plain-4"


class Home:
    """A library on a folder; `put` takes a text all the way to `ready`, one passage a paragraph."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.exists() or not any(folder.iterdir()):
            shutil.copytree(_empty_home(), folder, dirs_exist_ok=True)
        self.catalog = Catalog.open(folder)
        self.store = SqlPassages(self.catalog)
        self.words = TantivyWords(folder / "words", self.store.corpus_id, folder / "words.lock")
        self.library = HomeLibrary(self.catalog, self.words)

    def put(self, corpus: str, name: str, text: str, *, ready: bool = True) -> int:
        """Uploads and stores a text under a name; the document's id."""
        upload = self.folder / "upload.tmp"
        upload.write_text(text, "utf-8")
        job = self.library.submit(corpus, upload, name, move=True)
        store(self.catalog, self.words, [parsed(task, plain(text)) for task in Queue(self.catalog).take(10)])
        with self.catalog.session() as session:
            document = session.scalars(select(JobRow.document_id).where(JobRow.id == job)).one()
            assert document is not None
            if ready:
                embed(session, document)
        return document

    def close(self) -> None:
        self.catalog.close()


@cache
def _empty_home() -> Path:
    """A home with a catalog of today's schema: copied, since migrating takes a while."""
    folder = Path(tempfile.mkdtemp(prefix="thickshell-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Catalog.open(folder).close()
    return folder


def plain(text: str) -> Prepared:
    """Paragraphs as blocks and passages, below the heading "Top"."""
    builder = DocumentBuilder("txt")
    for paragraph in text.split("\n\n"):
        builder.add("paragraph", paragraph)
    document: Document = builder.build()
    pieces = tuple(Piece(block.start, block.end, None, None, "Top") for block in document.blocks)
    return Prepared(document, pieces)


def vector(key: str) -> np.ndarray:
    """A unit vector of 4 dimensions that depends on nothing but the key."""
    raw = np.frombuffer(hashlib.sha256(key.encode()).digest()[:4], np.uint8).astype(np.float32) + 1
    return raw / np.linalg.norm(raw)


def embed(session: Session, document: int) -> None:
    """Vectors for a document's passages; it is `ready`."""
    for name in set(session.scalars(select(PassageRow.hash).where(PassageRow.document_id == document))):
        if session.get(VectorRow, (name, ENCODER)) is None:
            session.add(VectorRow(hash=name, encoder=ENCODER, row=vector_bytes(vector(name))))
    session.execute(update(DocumentRow).where(DocumentRow.id == document).values(state="ready"))
    session.execute(update(JobRow).where(JobRow.document_id == document).values(state="done", progress=1.0))


def files_with(folder: Path, needles: Sequence[str]) -> list[tuple[str, str]]:
    """(file, needle) of every file below a folder that holds one of the texts, as UTF-8."""
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = file.read_bytes()
        found += [(str(file.relative_to(folder)), needle) for needle in needles if needle.encode() in data]
    return found
