"""Own style and script files. The version in their path changes with any of them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """Name -> (content, type); only these are ever served."""
    found = sorted(path for path in HERE.rglob("*") if path.suffix in KINDS)
    return {path.relative_to(HERE).as_posix(): (path.read_bytes(), KINDS[path.suffix]) for path in found}


@cache
def version() -> str:
    digest = hashlib.sha256()
    for name, (content, _) in files().items():
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:12]


def read(name: str) -> tuple[bytes, str] | None:
    return files().get(name)


def address(name: str) -> str:
    return f"/ui/static/{version()}/{name}"
