"""Keeps one model server up: starts it, says how far it is, starts it again after a crash, stops it cleanly.

`python -m assistant.models.supervisor HOME` reads what to serve from standard input as JSON and lives until it is
told to stop. Whatever ends the server unasked, exit code 0 too, is a crash.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import FileLock, Timeout

from assistant.errors import Conflict, GeneratorUnavailable, ThickshellError
from assistant.models.running import LOG, Running, ServerState, last_known, models_folder, process, server_key, write
from assistant.models.vllm_command import HOST, Engine, Launch, engine, interpreter
from assistant.models.vllm_failures import Failure, explain
from assistant.models.vllm_server import VllmServer, port_free, sweep

POLL = 0.25
LOG_LIMIT = 20 << 20  # bytes; the log before is kept once


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, and how often is tried again."""

    start: float = 1800.0  # seconds until ready; a 70B model from a slow disk takes many minutes
    silent: float = 120.0  # seconds without an answer to /health before it counts as dead
    crashes: int = 5  # within `window` seconds, then it is left alone
    early: int = 1  # of these before it was ever ready: it would hardly get better
    window: float = 600.0
    pause: float = 1.0  # before the first new start; doubled each time, at most `longest_pause`
    longest_pause: float = 30.0


class Supervisor:
    """Runs in one thread; `stop` may be called from a signal handler or another thread."""

    def __init__(
        self,
        home: Path,
        launch: Launch,
        profile: str = "",
        patience: Patience = Patience(),
        tell: Callable[[Running], None] = lambda _: None,
    ) -> None:
        self._home, self._launch, self._patience, self._tell = home, launch, patience, tell
        self._stop = threading.Event()
        self._crashes: list[float] = []
        self._was_ready = False
        self._now = Running(
            launch.name,
            launch.folder,
            f"http://{HOST}:{launch.port}/v1",
            launch.context,
            since=time.time(),
            supervisor=process(os.getpid()),
            profile=profile,
        )

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Until `stop`, or until starting again makes no sense: then GeneratorUnavailable, in one sentence. Conflict:
        another supervisor is at work in this home."""
        lock = FileLock(models_folder(self._home) / "server.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise already(self._home) from error
        with lock:
            clear_up(self._home)
            try:
                self._keep_up(engine(interpreter()))
            except ThickshellError as error:
                self._say("failed", error=str(error))
                raise
            self._say("stopped")

    def _keep_up(self, engine: Engine) -> None:
        while not self._stop.is_set():
            self._say("restarting" if self._crashes else "starting", phase="starting Python")
            failure = self._serve_once(engine)
            if failure is None:
                return
            self._consider(failure)

    def _consider(self, failure: Failure) -> None:
        """Waits before the next start, or gives up."""
        p = self._patience
        self._crashes = [at for at in self._crashes if at > time.monotonic() - p.window] + [time.monotonic()]
        if failure.lasting:
            raise GeneratorUnavailable(failure.sentence)
        if len(self._crashes) > (p.crashes if self._was_ready else p.early):
            raise GeneratorUnavailable(
                f"The server of {self._launch.name} ended {len(self._crashes)} times in a short while and is left "
                f"alone now: {failure.sentence}"
            )
        self._now = replace(self._now, restarts=self._now.restarts + 1)
        self._say("restarting", phase="waiting before the next start", error=failure.sentence)
        self._stop.wait(min(p.pause * 2 ** (len(self._crashes) - 1), p.longest_pause))

    def _serve_once(self, engine: Engine) -> Failure | None:
        """One life of the server; None when it was stopped on request."""
        if not port_free(self._launch.port):
            return explain(1, "Address already in use", self._launch)
        _rotate(models_folder(self._home) / LOG)
        server = VllmServer(self._launch, engine, server_key(self._home), models_folder(self._home) / LOG)
        self._now = replace(self._now, group=server.group, shared=())
        self._say(self._now.state, phase="starting Python")  # first of all: a kill may come at any time
        try:
            failure = self._await_ready(server) or self._watch(server)
            if failure is None:
                self._say("stopping")
            return failure
        finally:
            server.stop(shared=self._now.shared)
            self._now = replace(self._now, shared=())

    def _await_ready(self, server: VllmServer) -> Failure | None:
        end = time.monotonic() + self._patience.start
        while not self._stop.is_set():
            if (code := server.poll()) is not None:
                return explain(code, server.text(), self._launch)
            if time.monotonic() > end:
                return Failure(
                    f"The server of {self._launch.name} was not ready after {self._patience.start:g} seconds; "
                    "its log tells more (`thickshell models logs`).",
                    True,
                )
            if (step := server.phase()) != (self._now.phase, self._now.percent):
                self._say(self._now.state, *step)
            if server.ready():
                self._was_ready = True
                self._now = replace(self._now, shared=server.shared())
                self._say("ready")
                return None
            self._stop.wait(POLL)
        return None

    def _watch(self, server: VllmServer) -> Failure | None:
        """Until it ends, falls silent, or is to stop."""
        answered = time.monotonic()
        while not self._stop.wait(POLL):
            if (code := server.poll()) is not None:
                return explain(code, server.text(), self._launch, served=True)
            if server.health() == 200:
                answered = time.monotonic()
            elif time.monotonic() - answered > self._patience.silent:
                return Failure(f"The server of {self._launch.name} fell silent and was ended.", False)
            self._stop.wait(1.0)
        return None

    def _say(self, state: ServerState, phase: str = "", percent: int | None = None, error: str = "") -> None:
        since = self._now.since if state == self._now.state else time.time()
        self._now = replace(self._now, state=state, phase=phase, percent=percent, error=error, since=since)
        write(self._home, self._now)
        self._tell(self._now)


def clear_up(home: Path) -> int:
    """Ends what a server whose supervisor was killed left running; how many processes that were."""
    last = last_known(home)
    return sweep(last.group, last.shared) if last and not last.supervisor.alive else 0


def already(home: Path) -> Conflict:
    last = last_known(home)
    name = last.name if last else "a model"
    return Conflict(f"A server for {name} is at work already; stop it with `thickshell models stop`.")


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


def as_words(launch: Launch) -> dict[str, Any]:
    """A launch as JSON-ready data."""
    return {name: getattr(launch, name) for name in Launch.__dataclass_fields__}


def main() -> int:
    home, words = Path(sys.argv[1]), json.load(sys.stdin)
    supervisor = Supervisor(home, Launch(**words["launch"]), words["profile"])

    def end(_: int, __: FrameType | None) -> None:
        supervisor.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        supervisor.run()
    except ThickshellError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
