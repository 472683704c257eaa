"""Warm parser processes: a file is read in a process that may be killed, so a bad file costs one sentence and
nothing else.

The parent watches wall-clock time (per page, where pages are reported) and resident memory; a process that
hangs, dies or swells is killed and replaced. Each leads a process group, so that what it started (LibreOffice) ends
with it, whoever of them dies first.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from queue import Empty, LifoQueue, Queue
from typing import Any

import psutil

import ingest
from assistant import errors
from assistant.types import Document, Limits
from ingest import codec

Progress = Callable[[int, int], None]
_POLL = 0.05  # seconds between looks at time, memory and `cancelled`
_START = 60.0  # seconds a process may take until it listens
_RETIRE_AFTER = 500  # parses: whatever a library leaks goes with its process
_START_PROGRAMS = frozenset({"doc", "ppt"})  # formats read by LibreOffice; looking for children takes 5 ms
_MAX_RESULT = 400 << 20  # bytes of JSON


class ParserPool:
    """`workers` processes, started when first needed. Thread-safe: each `parse` takes a free process, or waits
    for one."""

    def __init__(self, workers: int = 1, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._folder = tempfile.TemporaryDirectory(prefix="thickshell-parse-")
        self._slots: LifoQueue[_Child | None] = LifoQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._children: set[_Child] = set()
        for _ in range(max(1, workers)):
            self._slots.put(None)

    def parse(
        self,
        path: Path,
        format: str,
        *,
        password: str | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Document:
        """The Document of a file. UnreadableFile (Encrypted, LimitExceeded) or Cancelled otherwise, each one
        sentence."""
        with self._child(cancelled) as child:
            descriptor, name = tempfile.mkstemp(dir=self._folder.name)
            os.close(descriptor)
            result = Path(name)
            try:
                request = {
                    "path": str(path),
                    "format": format,
                    "password": password,
                    "result": name,
                    "limits": asdict(self.limits),
                }
                child.run(request, self.limits, progress, cancelled)
                return _read(result)
            finally:
                result.unlink(missing_ok=True)

    def pids(self) -> list[int]:
        """Process ids of the running children."""
        with self._lock:
            return [child.pid for child in self._children if child.alive]

    def close(self) -> None:
        """Ends every process; parses under way fail."""
        self._closed = True
        with self._lock:
            children = list(self._children)
        for child in children:
            child.kill()
        self._folder.cleanup()

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _child(self, cancelled: Callable[[], bool] | None) -> Iterator[_Child]:
        child = self._take(cancelled)
        try:
            if child is None or not child.usable(self.limits):
                self._forget(child)
                child = None
                child = self._start()
            yield child
        finally:
            if child is not None and not child.alive:
                self._forget(child)
                child = None
            self._slots.put(child)

    def _take(self, cancelled: Callable[[], bool] | None) -> _Child | None:
        while True:
            if self._closed:
                raise errors.Cancelled("Reading the file was stopped; add it again.")
            if cancelled and cancelled():
                raise errors.Cancelled("Reading the file was stopped; add it again.")
            with contextlib.suppress(Empty):
                return self._slots.get(timeout=_POLL)

    def _start(self) -> _Child:
        child = _Child()
        with self._lock:
            self._children.add(child)
        if self._closed:
            child.kill()
        return child

    def _forget(self, child: _Child | None) -> None:
        if child is not None:
            child.kill()
            with self._lock:
                self._children.discard(child)


class _Child:
    """One process and the thread that reads its lines."""

    def __init__(self) -> None:
        root = str(Path(ingest.__file__).resolve().parent.parent)
        paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingest.pool_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
            env=os.environ
            | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "MALLOC_ARENA_MAX": "2"},
        )
        self._parses = 0
        self._ready = False
        self._killed = self._starts_programs = False
        self._lines: Queue[bytes | None] = Queue()
        threading.Thread(target=self._listen, daemon=True, name="parser-listener").start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def usable(self, limits: Limits) -> bool:
        """Still there, not worn out, not half full of what earlier files left."""
        return self.alive and self._parses < _RETIRE_AFTER and self._resident() < limits.memory_mb / 2

    def kill(self) -> None:
        """Ends the process and its group; again does no harm."""
        if not self._killed and hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._killed = True
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):  # bytes not yet flushed to a process that is gone
            if self._process.stdin:
                self._process.stdin.close()

    def run(
        self, request: dict[str, Any], limits: Limits, progress: Progress | None, cancelled: Callable[[], bool] | None
    ) -> None:
        """Returns when the result file is written; kills the process on every other outcome but an orderly error."""
        self._parses += 1
        self._starts_programs = request["format"] in _START_PROGRAMS
        end = time.monotonic() + limits.seconds + (0 if self._ready else _START)
        try:
            self._send(request)
            while True:
                message = self._next(end, limits, cancelled)
                if "done" in message:
                    return
                if "error" in message:
                    raise _error(message)
                # Started, or one page more done: long scans take their time, a hang does not.
                end = time.monotonic() + limits.seconds
                self._ready = True
                if progress and "page" in message:
                    progress(message["page"], message["pages"])
        except errors.ThickshellError:
            raise
        except BaseException:  # an exception out of `progress`, or an interrupt: the process is in the middle of a file
            self.kill()
            raise

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            self.kill()
            raise errors.UnreadableFile("The parser process ended before it read the file; try again.") from None

    def _next(self, end: float, limits: Limits, cancelled: Callable[[], bool] | None) -> dict[str, Any]:
        """The next message; checks the limits while waiting and after each."""
        while True:
            try:
                line: bytes | None = self._lines.get(timeout=_POLL)
            except Empty:
                line = b""
            if line is None:
                self.kill()
                raise errors.UnreadableFile("The file made its parser crash; save it anew or convert it to PDF.")
            if line and b'"page"' not in line:
                message: dict[str, Any] = json.loads(line)
                return message
            self._check(end, limits, cancelled)
            if line:
                return dict(json.loads(line))

    def _check(self, end: float, limits: Limits, cancelled: Callable[[], bool] | None) -> None:
        if cancelled and cancelled():
            self.kill()
            raise errors.Cancelled("Reading the file was stopped; add it again.")
        if time.monotonic() > end:
            self.kill()
            raise errors.LimitExceeded(
                f"Reading took longer than {limits.seconds:g} seconds without a page done; "
                "split the file and add the parts."
            )
        if self._resident() > limits.memory_mb:
            self.kill()
            raise errors.LimitExceeded(
                f"Reading the file takes more than {limits.memory_mb} MB of memory; split it and add the parts."
            )

    def _resident(self) -> float:
        """MB in memory now, with the programs that it started; 0 for a process that is gone."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            started = process.children(recursive=True) if self._starts_programs else []
            return sum(map(_resident, [process, *started])) / (1 << 20)
        return 0.0

    def _listen(self) -> None:
        assert self._process.stdout
        with self._process.stdout as stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _read(result: Path) -> Document:
    if result.stat().st_size > _MAX_RESULT:
        raise errors.LimitExceeded("The file holds more text than can be kept; split it and add the parts.")
    return codec.loads(result.read_bytes())


def _error(message: dict[str, Any]) -> errors.ThickshellError:
    kind = getattr(errors, str(message["error"]), errors.UnreadableFile)
    known = isinstance(kind, type) and issubclass(kind, errors.ThickshellError)
    return (kind if known else errors.UnreadableFile)(str(message["message"]))
