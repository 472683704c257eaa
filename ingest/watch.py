"""A watched folder: its new, changed and removed files are mirrored to a corpus until it is stopped.

Events of the system only wake it; what changed is told by comparing the folder with what was there before, so missed
events, moved folders and files from before the start are treated alike.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from assistant.errors import NotAvailable, NotFound, ThickshellError
from ingest.catalog.queries import corpus_row
from ingest.catalog.tables import DocumentRow

if TYPE_CHECKING:
    from ingest.library import HomeLibrary

log = logging.getLogger(__name__)
STABLE = 1.0
"""Seconds for which a file must not change before it is read: programs write files piece by piece."""
TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", ".swx", ".lock", "~")
Stamp = tuple[int, int]
"""Size and modification time (ns) of a file."""


def watch_folder(
    library: HomeLibrary,
    corpus: str,
    folder: Path,
    stop: threading.Event | None = None,
    tell: Callable[[str], None] = log.info,
) -> None:
    """Blocks until `stop` is set or the user interrupts. NotFound or NotAvailable where the folder goes away."""
    from watchfiles import watch

    mirror = Mirror(library, corpus, folder.absolute(), tell)
    mirror.step()
    ended = stop or threading.Event()
    for _ in watch(folder, stop_event=ended, rust_timeout=int(STABLE * 1000), yield_on_timeout=True, step=100):
        mirror.step()


def visible_files(folder: Path) -> Iterator[Path]:
    """Files below a folder in a stable order, without hidden and temporary ones and links that lead out of it."""
    root = folder.resolve()
    for file in sorted(folder.rglob("*")):
        name = file.name.lower()
        if any(part.startswith((".", "~$")) for part in file.relative_to(folder).parts) or name.endswith(TEMPORARY):
            continue
        if file.is_file() and (not file.is_symlink() or file.resolve().is_relative_to(root)):
            yield file


@dataclass
class Mirror:
    """The state of one watched folder. `step` compares it with the corpus and passes on what is settled."""

    library: HomeLibrary
    corpus: str
    folder: Path
    tell: Callable[[str], None]
    seen: dict[Path, tuple[Stamp, float]] = field(default_factory=dict)
    done: dict[Path, Stamp] = field(default_factory=dict)
    _device: int = 0

    def step(self) -> None:
        """Removes documents whose file is gone, submits files that are new or changed and at rest, waits for them."""
        files = {file: stamp for file in self._files() if (stamp := _stamp(file)) is not None}
        self._remove(files)
        at = time.monotonic()
        self.seen = {
            file: self.seen[file] if file in self.seen and self.seen[file][0] == stamp else (stamp, at)
            for file, stamp in files.items()
        }
        settled = [
            file
            for file, (stamp, since) in self.seen.items()
            if self.done.get(file) != stamp and (at - since >= STABLE or time.time_ns() - stamp[1] > 2e9 * STABLE)
        ]
        if settled:
            self._submit(settled)

    def _files(self) -> list[Path]:
        """What is there now. A folder on a disk that was taken away is not an empty folder."""
        try:
            device = self.folder.stat().st_dev
        except OSError:
            raise NotFound(
                f"The watched folder {self.folder} is gone, and nothing was removed from the corpus; "
                "put it back and start again."
            ) from None
        if self._device not in (0, device):
            raise NotAvailable(
                f"The disk of {self.folder} was changed, and nothing was removed from the corpus; "
                "start again if that is right."
            )
        self._device = device
        return list(visible_files(self.folder))

    def _remove(self, files: dict[Path, Stamp]) -> None:
        for source, name in self._documents().items():
            if source not in files and not source.exists():
                self.library.delete_document(self.corpus, name)
                self.done.pop(source, None)
                self.tell(f"{name}: removed")

    def _documents(self) -> dict[Path, str]:
        """The corpus's documents that came from this folder, by their file."""
        with self.library.catalog.read() as session:
            query = select(DocumentRow.source, DocumentRow.name)
            rows = session.execute(query.where(DocumentRow.corpus_id == corpus_row(session, self.corpus).id))
            found = {Path(source): name for source, name in rows if not source.startswith("upload:")}
        return {source: name for source, name in found.items() if source.is_relative_to(self.folder)}

    def _submit(self, files: list[Path]) -> None:
        jobs = []
        for file, result in zip(files, self.library.submit_all(self.corpus, files)):
            if isinstance(result, ThickshellError):
                self.tell(f"{file.name}: {result}")
            else:
                jobs.append(result)
            self.done[file] = self.seen[file][0]
        for job in self.library.wait(jobs):
            self.tell(f"{job.document}: {'ready' if job.state == 'done' else job.error or job.state}")


def _stamp(file: Path) -> Stamp | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
