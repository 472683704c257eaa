"""Reads the archive of a corpus into a home: checked member by member, stored unseen, shown in one transaction."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from assistant.errors import StorageError, UnreadableFile
from assistant.types import Document, Passage
from ingest import codec, names
from ingest.archive import ArchivedDocument, Manifest
from ingest.catalog.database import Catalog, now
from ingest.catalog.queries import batches, check_free, pack, raise_revision, report_of
from ingest.catalog.tables import CorpusRow, DocumentRow, JobRow, PassageRow, VectorRow
from ingest.files import CHUNK, FileStore
from ingest.storing import text_hash

if TYPE_CHECKING:
    from assistant.seams import WordIndex

HIDDEN = "importing-"
TEXT_LIMIT = 1 << 30
DAMAGED = "The archive is damaged or was not written by thickshell: {}; take another one or export it anew."


class Importer:
    """One import. Until it is published, everything lies in a hidden corpus that nobody can name."""

    def __init__(
        self,
        catalog: Catalog,
        files: FileStore,
        words: WordIndex,
        changing: Callable[[], AbstractContextManager[None]],
        limit: int,
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._words = words
        self._changing = changing
        self._limit = limit
        self.hidden = f"{HIDDEN}{os.getpid()}-{secrets.token_hex(4)}"

    def run(self, source: Path, name: str | None) -> str:
        """Imports and publishes; the corpus's name. Conflict where it is taken."""
        with _opened(source) as archive:
            manifest = read_manifest(archive)
            target = names.corpus_name(name or manifest.corpus)
            self._check_name(target)
            verify(archive, manifest, self._catalog.home)
            with self._catalog.session() as session:
                row = CorpusRow(name=self.hidden, private=True, revision=1, created=now())
                session.add(row)
                session.flush()
                corpus = row.id
            ids = [self._document(archive, corpus, document) for document in manifest.documents]
        self._index_words(ids, self.hidden)
        self._publish(corpus, target)
        if missing := set(ids) - self._words.documents():  # swept by another process between the two
            self._index_words(sorted(missing), target)
        return target

    def _check_name(self, target: str) -> None:
        with self._catalog.read() as session:
            check_free(session, target)

    def _document(self, archive: zipfile.ZipFile, corpus: int, item: ArchivedDocument) -> int:
        parsed = _document_of(archive, item) if item.parsed else None
        with archive.open(f"originals/{item.sha256}") as source:
            received = self._files.receive(source, self._limit)  # type: ignore[arg-type]
        try:
            self._files.flush([received])
            with self._changing(), self._catalog.session() as session:
                row = _row(item, corpus, parsed, received.bytes)
                session.add(row)
                session.flush()
                if parsed is not None:
                    rows = [values | {"document_id": row.id} for values in _passages(archive, item, parsed)]
                    for batch in batches(rows):
                        session.execute(insert(PassageRow), list(batch))
                self._files.keep([received])
                return row.id
        finally:
            received.path.unlink(missing_ok=True)

    def _index_words(self, documents: list[int], corpus: str) -> None:
        for document in documents:
            with self._catalog.read() as session:
                query = select(PassageRow, DocumentRow.name).join(DocumentRow, DocumentRow.id == PassageRow.document_id)
                rows = session.execute(query.where(DocumentRow.id == document).order_by(PassageRow.ordinal)).all()
            pairs = [
                (Passage(p.id, corpus, name, p.start, p.end, p.text, p.context, p.page, p.table), document)
                for p, name in rows
            ]
            for batch in batches(pairs, 5000):
                self._words.add(batch)

    def _publish(self, corpus: int, target: str) -> None:
        with self._catalog.session() as session:
            check_free(session, target)
            session.execute(update(CorpusRow).where(CorpusRow.id == corpus).values(name=target, private=False))
            for document in _without_vectors(session, corpus):
                session.execute(update(DocumentRow).where(DocumentRow.id == document).values(state="words"))
            _queue(session, corpus, target)
            raise_revision(session, corpus)


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(_bytes(archive, "manifest.json"))
    except ValidationError as error:
        raise UnreadableFile(DAMAGED.format("its list of contents is not valid")) from error
    if manifest.version != 1:
        raise UnreadableFile("The archive was written by a newer thickshell; install that version to import it.")
    if len({document.name for document in manifest.documents}) != len(manifest.documents):
        raise UnreadableFile(DAMAGED.format("two documents have one name"))
    return manifest


def verify(archive: zipfile.ZipFile, manifest: Manifest, home: Path) -> None:
    """Every member the manifest names is there with its hash, and nothing is taken from outside of it."""
    needed = {f"originals/{d.sha256}": d.sha256 for d in manifest.documents}
    wanted = set(needed) | {m for d in manifest.documents for m in (d.parsed, d.passages) if m}
    if not wanted <= set(manifest.members):
        raise UnreadableFile(DAMAGED.format("its list of contents is not complete"))
    _check_space(archive, home)
    for member, sha256 in manifest.members.items():
        if _hash(archive, member) != sha256 or needed.get(member, sha256) != sha256:
            raise UnreadableFile(DAMAGED.format(f"{member[:80]} is not what its hash says"))


def _check_space(archive: zipfile.ZipFile, home: Path) -> None:
    if sum(info.file_size for info in archive.infolist()) > shutil.disk_usage(home).free:
        raise StorageError(
            f"The archive needs more space than the disk that holds {home} has; free some and try again."
        )


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as error:
        raise UnreadableFile(f"{source} cannot be read as an archive of a corpus; export it anew.") from error


def _member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return archive.open(name)
    except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise UnreadableFile(DAMAGED.format(f"{name[:80]} is missing")) from error


def _bytes(archive: zipfile.ZipFile, name: str) -> bytes:
    with _member(archive, name) as member:
        try:
            data = member.read(TEXT_LIMIT + 1)
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise UnreadableFile(DAMAGED.format(f"{name[:80]} cannot be read")) from error
    if len(data) > TEXT_LIMIT:
        raise UnreadableFile(DAMAGED.format(f"{name[:80]} is too large"))
    return data


def _hash(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with _member(archive, name) as member:
        try:
            while chunk := member.read(CHUNK):
                digest.update(chunk)
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise UnreadableFile(DAMAGED.format(f"{name[:80]} cannot be read")) from error
    return digest.hexdigest()


def _document_of(archive: zipfile.ZipFile, item: ArchivedDocument) -> Document:
    try:
        return codec.loads(_bytes(archive, str(item.parsed)))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UnreadableFile(DAMAGED.format("the text of a document cannot be read")) from error


def _row(item: ArchivedDocument, corpus: int, parsed: Document | None, size: int) -> DocumentRow:
    folders, base = names.split_path(item.name)
    try:
        report_of(json.dumps(item.report))
    except TypeError as error:
        raise UnreadableFile(DAMAGED.format("a report cannot be read")) from error
    if (parsed is None) != (item.state in ("queued", "failed")):
        raise UnreadableFile(DAMAGED.format("a document without its text"))
    return DocumentRow(
        corpus_id=corpus,
        name="/".join([*folders, base])[:400],
        live=parsed is not None,
        state=item.state,
        error=item.error,
        format=item.format,
        bytes=size,
        sha256=item.sha256,
        created=item.created,
        title=item.title,
        date=item.date,
        report=json.dumps(item.report),
        parsed=pack(parsed) if parsed else None,
    )


def _passages(archive: zipfile.ZipFile, item: ArchivedDocument, parsed: Document) -> Iterator[dict[str, Any]]:
    """Rows of a document's passages; each must be the text of the document at its offsets."""
    for line in _bytes(archive, str(item.passages)).splitlines():
        try:
            ordinal, start, end, page, table, text, context = json.loads(line)
            ok = 0 <= start < end and parsed.text[start:end] == text and isinstance(context, str)
        except (ValueError, TypeError) as error:
            raise UnreadableFile(DAMAGED.format("a passage cannot be read")) from error
        if not ok:
            raise UnreadableFile(DAMAGED.format("a passage is not what its document says"))
        yield {
            "ordinal": int(ordinal),
            "start": start,
            "end": end,
            "page": page,
            "table": table,
            "text": text,
            "context": context,
            "hash": text_hash(context, text),
        }


def _without_vectors(session: Session, corpus: int) -> set[int]:
    """Documents of the corpus with a passage that has no vector of any encoder."""
    query = (
        select(PassageRow.document_id)
        .join(DocumentRow, DocumentRow.id == PassageRow.document_id)
        .outerjoin(VectorRow, VectorRow.hash == PassageRow.hash)
        .where(DocumentRow.corpus_id == corpus, VectorRow.hash.is_(None))
    )
    return set(session.scalars(query.distinct()))


def _queue(session: Session, corpus: int, target: str) -> None:
    """Jobs for what was not read or not embedded yet."""
    unfinished = DocumentRow.state.in_(("queued", "words"))
    for row in session.scalars(select(DocumentRow).where(DocumentRow.corpus_id == corpus, unfinished)):
        session.add(JobRow(document_id=row.id, corpus=target, name=row.name, state=row.state, created=now()))
