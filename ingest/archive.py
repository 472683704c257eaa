"""One corpus as one zip archive, and back.

    manifest.json            what is inside, with the sha256 of every other member
    originals/<sha256>       the files as they were uploaded
    parsed/<n>.json          their texts, blocks and tables (ingest.codec)
    passages/<n>.jsonl       [ordinal, start, end, page, table, text, context] a line

An archive is foreign data: members are read by the names of the manifest, never extracted by their own; every hash,
every offset and every name is checked before anything becomes visible. It has no vectors: nothing short of embedding
a text tells whether a vector is its own, and all corpora of a home share them.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.errors import Conflict, StorageError
from ingest import codec
from ingest.catalog.database import Catalog, now, storage_errors
from ingest.catalog.queries import corpus_row, shown_documents, unpack
from ingest.catalog.tables import DocumentRow, PassageRow
from ingest.files import CHUNK, FileStore

FORMAT = "thickshell corpus"
VERSION = 1
SHA256 = r"^[0-9a-f]{64}$"


class ArchivedDocument(BaseModel):
    """One document of the manifest; `parsed` and `passages` are members, null for a document that was never read."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=400)
    state: str = Field(pattern="^(queued|words|ready|failed)$")
    error: str | None = Field(None, max_length=2000)
    format: str = Field("", max_length=20)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=SHA256)
    created: str = Field(max_length=40)
    title: str = Field("", max_length=2000)
    date: str | None = Field(None, max_length=40)
    report: dict[str, Any] = {}
    parsed: str | None = None
    passages: str | None = None


class Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    format: str = Field(pattern=f"^{FORMAT}$")
    version: int
    corpus: str = Field(min_length=1, max_length=200)
    created: str = Field(max_length=40)
    documents: list[ArchivedDocument]
    vectors: list[dict[str, Any]] = []  # of older archives; never read
    members: dict[str, str]  # sha256 of each member


def export_corpus(catalog: Catalog, files: FileStore, corpus: str, target: Path) -> None:
    """Writes the archive of a corpus as it is now; Conflict where `target` exists. A document that is deleted while
    the archive is written is left out of it."""
    if target.exists():
        raise Conflict(f"{target} exists already; choose another name.")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with storage_errors(target.parent):
            with catalog.read() as session, _new_archive(unfinished) as archive:
                _write(session, files, corpus, Writer(archive))
            with unfinished.open("rb") as written:
                os.fsync(written.fileno())
            unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _new_archive(file: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED, compresslevel=3)


class Writer:
    """Writes members and remembers their hashes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, str] = {}

    def text(self, name: str, content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        self._archive.writestr(name, data)
        self.members[name] = hashlib.sha256(data).hexdigest()
        return name

    def stream(self, name: str, source: BinaryIO, expected: str | None = None) -> str:
        """Copies a stream uncompressed; StorageError where it is not what its hash says."""
        digest = hashlib.sha256()
        info = zipfile.ZipInfo(name)
        with self._archive.open(info, "w", force_zip64=True) as member:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                member.write(chunk)
        self.members[name] = digest.hexdigest()
        if expected is not None and self.members[name] != expected:
            raise StorageError(f"The stored file {expected[:12]}… is damaged on disk; restore it from a backup.")
        return name


def _write(session: Session, files: FileStore, corpus: str, out: Writer) -> None:
    row = corpus_row(session, corpus)
    documents = []
    for number, document in enumerate(shown_documents(session, row.id)):
        original = f"originals/{document.sha256}"
        try:
            if original not in out.members:
                with files.path(document.sha256).open("rb") as source:
                    out.stream(original, source, document.sha256)
        except FileNotFoundError:
            continue  # deleted since the snapshot was taken
        documents.append(_write_document(session, document, number, out))
    manifest = Manifest(
        format=FORMAT,
        version=VERSION,
        corpus=row.name,
        created=now(),
        documents=documents,
        members=out.members,
    )
    out.text("manifest.json", manifest.model_dump_json())


def _write_document(session: Session, row: DocumentRow, number: int, out: Writer) -> ArchivedDocument:
    parsed = passages = None
    if row.live and row.parsed is not None:
        parsed = out.text(f"parsed/{number}.json", codec.dumps(unpack(row.parsed)))
        passages = out.text(f"passages/{number}.jsonl", "".join(_passage_lines(session, row.id)))
    return ArchivedDocument(
        name=row.name,
        state=row.state if row.live or row.state == "failed" else "queued",
        error=row.error,
        format=row.format,
        bytes=row.bytes,
        sha256=row.sha256,
        created=row.created,
        title=row.title[:2000],
        date=row.date,
        report=json.loads(row.report or "{}"),
        parsed=parsed,
        passages=passages,
    )


def _passage_lines(session: Session, document: int) -> Iterator[str]:
    rows = session.execute(
        select(
            PassageRow.ordinal,
            PassageRow.start,
            PassageRow.end,
            PassageRow.page,
            PassageRow.table,
            PassageRow.text,
            PassageRow.context,
        )
        .where(PassageRow.document_id == document)
        .order_by(PassageRow.ordinal)
    )
    for row in rows:
        yield json.dumps(list(row), ensure_ascii=False, separators=(",", ":")) + "\n"
