"""A request body that is a file: to disk as it comes, under a size limit, removed whatever happens."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import psutil
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from assistant.errors import Cancelled, LimitExceeded, StorageError, UsageError

ENOUGH = 1 << 20
"""Bytes gathered before a write: fewer trips to the thread pool."""


@asynccontextmanager
async def receive_file(request: Request, folder: Path, limit_mb: int) -> AsyncIterator[Path]:
    """The body as a file in `folder` under a name of our own; LimitExceeded as soon as it is too large."""
    limit = limit_mb << 20
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared[:19]) > limit:
        raise too_large(limit_mb)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f"{os.getpid()}-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            size = await _store(request, file, limit, limit_mb)
        if size == 0:
            raise UsageError("The file is empty. Choose a file with content.")
        yield path
    finally:
        path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Removes what servers left behind that died while a file came in or went out."""
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        owner = file.name.split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            file.unlink(missing_ok=True)


async def _store(request: Request, file: BinaryIO, limit: int, limit_mb: int) -> int:
    size, pending = 0, bytearray()
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise too_large(limit_mb)
            pending += chunk
            if len(pending) >= ENOUGH:
                await run_in_threadpool(file.write, bytes(pending))
                pending.clear()
        await run_in_threadpool(file.write, bytes(pending))
    except ClientDisconnect as error:
        raise Cancelled("The upload was stopped.") from error
    except OSError as error:
        raise StorageError("The disk cannot take the file. Make space and try again.") from error
    return size


def too_large(limit_mb: int) -> LimitExceeded:
    shown = f"{limit_mb // 1024} GB" if limit_mb % 1024 == 0 else f"{limit_mb} MB"
    return LimitExceeded(f"The file is larger than {shown}. Split it and try again.")
