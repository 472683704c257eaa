"""Brings a catalog's schema up to date with Alembic: in one transaction, after a backup, one process at a time.

Alembic is only imported where there is something to do: opening a current catalog costs one query.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Engine, inspect, text

from assistant.errors import StorageError

SCRIPTS = Path(__file__).parent
log = logging.getLogger(__name__)


def upgrade(engine: Engine, home: Path, scripts: Path = SCRIPTS) -> None:
    """Leaves the schema at the newest revision; StorageError where it is newer than this program."""
    newest = revisions(scripts)[-1]
    if current(engine) == newest:
        return
    with FileLock(home / "catalog.lock", timeout=120):
        found = current(engine)
        if found == newest:  # another process was faster
            return
        if found is not None and found not in revisions(scripts):
            raise StorageError(
                f"The data in {home} was written by a newer thickshell (schema {found}, this one knows {newest}); "
                "install that version, or choose another folder with --home."
            )
        if found is not None:
            kept = _backup(engine, home, found)
            log.info("upgrading the catalog from schema %s to %s; the old one is kept as %s", found, newest, kept.name)
        _run(engine, scripts)


def current(engine: Engine) -> str | None:
    """The revision of the schema, None for an empty database."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def revisions(scripts: Path = SCRIPTS) -> list[str]:
    """All known revisions, oldest first: the numbers in front of the files' names."""
    return sorted(file.name.split("_")[0] for file in (scripts / "versions").glob("[0-9]*_*.py"))


def _run(engine: Engine, scripts: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.execution_options(thickshell_write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _backup(engine: Engine, home: Path, revision: str) -> Path:
    folder = home / "backups"
    folder.mkdir(exist_ok=True)
    target = folder / f"catalog-schema-{revision}-{time.strftime('%Y%m%d-%H%M%S')}.sqlite3"
    source = Path(str(engine.url.database))
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return target
