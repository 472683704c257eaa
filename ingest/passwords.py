"""Passwords of encrypted files on their way to the worker: in memory only, taken once, never in the catalog or on disk.

A worker in the same process reads them from here. Where another process is the worker, they travel through a file of
this user on a RAM disk (tmpfs), removed when it is taken; where there is none, that worker asks for the password again.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

RAM_DISK = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there, open to this user alone
_held: dict[tuple[str, int], str] = {}
_lock = threading.Lock()


def hold(home: Path, job: int, password: str) -> None:
    """Keeps a password for the worker that will take this job."""
    with _lock:
        _held[str(home), job] = password
    if _worker_at_work(home) and (folder := _shared(home, create=True)):
        (folder / str(job)).unlink(missing_ok=True)
        handle = os.open(folder / str(job), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(password)


def take(home: Path, job: int) -> str | None:
    """The password of a job, forgotten here and on the RAM disk; None where none was given."""
    with _lock:
        password = _held.pop((str(home), job), None)
    if folder := _shared(home, create=False):
        file = folder / str(job)
        if file.is_file() and not file.is_symlink():
            password = password or file.read_text("utf-8")
            file.unlink(missing_ok=True)
    return password


def _shared(home: Path, *, create: bool) -> Path | None:
    """A folder of this user alone on a RAM disk, named after the home; None where the system has none."""
    if os.name != "posix" or not _is_tmpfs(RAM_DISK):
        return None
    name = hashlib.sha256(f"{os.getuid()}:{home}".encode()).hexdigest()[:24]
    folder = RAM_DISK / f"thickshell-{name}"
    if create and not folder.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
    if not folder.is_dir() or folder.is_symlink():
        return None
    status = folder.stat()
    return folder if status.st_uid == os.getuid() and not status.st_mode & 0o077 else None


def _worker_at_work(home: Path) -> bool:
    try:
        with FileLock(home / "worker.lock", timeout=0, thread_local=False):
            return False
    except Timeout:
        return True


def _is_tmpfs(folder: Path) -> bool:
    return any(p.mountpoint == str(folder) and p.fstype == "tmpfs" for p in psutil.disk_partitions(all=True))
