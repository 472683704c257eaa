"""A whole home as one file, taken while others write, and back.

The catalog is copied with SQLite's online backup: one consistent moment. Originals never change under their hash, so
they are copied afterwards; a document whose file was deleted meanwhile leaves the copy too, as it left the home. Words
and vector indexes are not in it: they are rebuilt from the catalog.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import Conflict, NotFound, StorageError, UnreadableFile
from ingest.catalog import migrate
from ingest.catalog.database import FILE, Catalog, storage_errors
from ingest.files import CHUNK, FileStore, sync_folder

FORMAT = "thickshell backup"
VERSION = 1
DAMAGED = "The backup {} is damaged: {}; take another one."


def backup(home: Path, target: Path) -> None:
    """Writes everything that matters of a home to one file. Conflict where `target` exists."""
    if not (home / FILE).is_file():
        raise NotFound(f"There is no data in {home}; name the folder with --home.")
    if target.exists():
        raise Conflict(f"{target} exists already; choose another name.")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    with storage_errors(target.parent), tempfile.TemporaryDirectory(dir=target.parent, prefix=".thickshell-") as folder:
        try:
            copy = Path(folder) / FILE
            _copy_catalog(home / FILE, copy)
            with zipfile.ZipFile(unfinished, "x", zipfile.ZIP_STORED) as archive:
                members = _write_files(archive, FileStore(home), copy)
                members[FILE] = _add(archive, FILE, copy)
                manifest = {"format": FORMAT, "version": VERSION, "schema": _schema(copy), "members": members}
                archive.writestr("manifest.json", json.dumps(manifest))
            with unfinished.open("rb") as written:
                os.fsync(written.fileno())
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)


def restore(source: Path, home: Path) -> Path | None:
    """Makes `home` what the backup holds; a home that is there already is set aside, and its new place returned.

    Everything is verified before anything is moved. Conflict where a program is at work in the home.
    """
    home = home.absolute()
    with storage_errors(home.parent):
        home.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(dir=home.parent, prefix=f".{home.name}.restoring-"))
        try:
            _unpack(source, staged)
            _check(staged, source)
            return _swap(staged, home)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


def _copy_catalog(source: Path, copy: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source, timeout=30)) as old,
        contextlib.closing(sqlite3.connect(copy)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")


def _write_files(archive: zipfile.ZipFile, files: FileStore, copy: Path) -> dict[str, str]:
    """Copies the originals the catalog knows; documents whose file is gone are taken out of the copy."""
    members: dict[str, str] = {}
    gone: set[str] = set()
    for sha256 in _hashes(copy):
        try:
            name = f"files/{sha256}"
            members[name] = _add(archive, name, files.path(sha256))
            if members[name] != sha256:
                raise StorageError(
                    f"The stored file {sha256[:12]}… is damaged on disk; upload it again, then delete it."
                )
        except FileNotFoundError:
            gone.add(sha256)
    if gone:
        _take_out(copy, gone)
    return members


def _hashes(catalog: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(catalog)) as copy:
        return [row[0] for row in copy.execute("SELECT DISTINCT sha256 FROM documents ORDER BY sha256")]


def _take_out(catalog: Path, hashes: set[str]) -> None:
    with contextlib.closing(sqlite3.connect(catalog)) as copy, copy:
        copy.execute("PRAGMA foreign_keys=ON")
        copy.execute("PRAGMA secure_delete=ON")
        for sha256 in hashes:
            of_it = "SELECT id FROM documents WHERE sha256 = ?"
            copy.execute(f"DELETE FROM jobs WHERE document_id IN ({of_it})", (sha256,))
            copy.execute("DELETE FROM documents WHERE sha256 = ?", (sha256,))
        copy.execute("DELETE FROM vectors WHERE hash NOT IN (SELECT hash FROM passages)")


def _add(archive: zipfile.ZipFile, name: str, file: Path) -> str:
    """Copies a file into the archive; its sha256."""
    digest = hashlib.sha256()
    with file.open("rb") as source, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            member.write(chunk)
    return digest.hexdigest()


def _schema(catalog: Path) -> str:
    with contextlib.closing(sqlite3.connect(catalog)) as copy:
        return str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _unpack(source: Path, staged: Path) -> None:
    """Members by the names of the manifest, each checked against its hash, to places that follow from the hash."""
    with _opened(source) as archive:
        try:
            manifest = json.loads(archive.read("manifest.json"))
            members = dict(manifest["members"])
            known = manifest["format"] == FORMAT and FILE in members
        except (KeyError, ValueError, TypeError) as error:
            raise UnreadableFile(DAMAGED.format(source, "its list of contents cannot be read")) from error
        if not known:
            raise UnreadableFile(f"{source} is not a backup of thickshell; name a file that `thickshell backup` wrote.")
        if manifest["version"] != VERSION or manifest["schema"] not in migrate.revisions():
            raise StorageError(f"The backup {source} was written by a newer thickshell; install that version first.")
        files = FileStore(staged)
        for name, sha256 in members.items():
            target = staged / FILE if name == FILE else files.path(_hash_of(name, source))
            if _extract(archive, name, target) != sha256 or name not in (FILE, f"files/{sha256}"):
                raise UnreadableFile(DAMAGED.format(source, f"{name[:80]} is not what its hash says"))


def _hash_of(name: str, source: Path) -> str:
    sha256 = name.removeprefix("files/")
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise UnreadableFile(DAMAGED.format(source, f"{name[:80]!r} does not belong there"))
    return sha256


def _extract(archive: zipfile.ZipFile, name: str, target: Path) -> str:
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(name) as member, target.open("xb") as copy:
            while chunk := member.read(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise UnreadableFile(DAMAGED.format(archive.filename, f"{name[:80]} cannot be read")) from error
    return digest.hexdigest()


def _check(staged: Path, source: Path) -> None:
    """The catalog is sound, knows exactly the files that are there, and has today's schema."""
    with contextlib.closing(sqlite3.connect(staged / FILE)) as copy:
        try:
            sound = copy.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        except sqlite3.DatabaseError:
            sound = False
    if not sound or set(_hashes(staged / FILE)) != set(FileStore(staged).stored()):
        raise UnreadableFile(DAMAGED.format(source, "its catalog does not match its files"))
    Catalog.open(staged).close()


def _swap(staged: Path, home: Path) -> Path | None:
    aside = None
    if home.exists() and any(home.iterdir()):
        with _nobody_at_work(home):
            aside = home.with_name(f"{home.name}.before-restore-{time.strftime('%Y%m%d-%H%M%S')}")
            home.rename(aside)
    elif home.exists():
        home.rmdir()
    staged.rename(home)
    home.chmod(0o700)
    sync_folder(home.parent)
    return aside


@contextlib.contextmanager
def _nobody_at_work(home: Path) -> Iterator[None]:
    try:
        with FileLock(home / "worker.lock", timeout=0), FileLock(home / "files.lock", timeout=0):
            yield
    except Timeout:
        raise Conflict(f"A program is at work in {home}; stop it, then restore.") from None


def _opened(source: Path) -> zipfile.ZipFile:
    if not source.is_file():
        raise NotFound(f"There is no file {source}; check the path.")
    try:
        return zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise UnreadableFile(f"{source} is not a backup of thickshell, or it was cut off; take another one.") from error
