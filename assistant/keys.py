"""Keys of programs that talk to the HTTP API, over the catalog.

A key is 256 random bits, shown once; its SHA-256 is stored. A slow password hash would add nothing: there is no list of
likely keys to try, and 2^256 of them. Each request looks its key up in the catalog, so a revoked one stops at once, in
every process.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.errors import NotFound, UsageError
from assistant.types import ApiKey
from ingest.catalog.database import Catalog, now
from ingest.catalog.tables import ApiKeyRow, CorpusRow

PREFIX = "tsk-"


class SqlKeys:
    """Seam Keys. Corpora are kept by id: a rename keeps the right, and a corpus made anew under the name has none."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def create(self, name: str, *, write: bool = False, corpora: Sequence[str] = ()) -> tuple[str, ApiKey]:
        """The key itself, which is shown now and never again, and what is known of it. No corpora: all of them."""
        if not name.strip():
            raise UsageError("A key needs a name; say what will use it.")
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._catalog.session() as session:
            row = ApiKeyRow(
                id=secrets.token_hex(4),
                name=name.strip()[:200],
                hash=_hash(secret),
                write=write,
                corpora=json.dumps(_ids(session, corpora)) if corpora else None,
                created=now(),
            )
            session.add(row)
            session.flush()
            return secret, _info(session, row)

    def list(self) -> list[ApiKey]:
        with self._catalog.read() as session:
            return [_info(session, row) for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created))]

    def revoke(self, key: str) -> ApiKey:
        """By its id, or by its name where only one has it."""
        with self._catalog.session() as session:
            rows = session.scalars(
                select(ApiKeyRow).where((ApiKeyRow.id == key) | (ApiKeyRow.name == key), ApiKeyRow.revoked.is_(None))
            ).all()
            if len(rows) != 1:
                raise NotFound(f"There is no one key {key} in use; take an id from `thickshell keys list`.")
            rows[0].revoked = now()
            session.flush()
            return _info(session, rows[0])

    def find(self, secret: str) -> ApiKey | None:
        """The key in use that this is; None for any other text."""
        with self._catalog.read() as session:
            row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.hash == _hash(secret), ApiKeyRow.revoked.is_(None)))
            return _info(session, row) if row else None

    def any(self) -> bool:
        """Whether a key was ever made here."""
        with self._catalog.read() as session:
            return session.scalar(select(ApiKeyRow.id).limit(1)) is not None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _ids(session: Session, names: Sequence[str]) -> list[int]:
    found = {row.name: row.id for row in session.scalars(select(CorpusRow).where(CorpusRow.name.in_(names)))}
    for name in names:
        if name not in found:
            raise NotFound(f"There is no corpus named “{name}”; check the name, or create it.")
    return sorted(found.values())


def _info(session: Session, row: ApiKeyRow) -> ApiKey:
    names: frozenset[str] | None = None
    if row.corpora is not None:
        ids = json.loads(row.corpora)
        names = frozenset(session.scalars(select(CorpusRow.name).where(CorpusRow.id.in_(ids))))
    return ApiKey(row.id, row.name, row.write, names, row.created, row.revoked)
