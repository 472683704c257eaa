"""The supervisor of a model server, with a scripted program in vLLM's place: `tests/server` has the real one."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from assistant.errors import Conflict, GeneratorUnavailable, NotFound
from assistant.models import serving, vllm_command
from assistant.models.running import KEY, LOG, STATE, Process, Running, last_known, running, server_key, write
from assistant.models.supervisor import Patience, Supervisor, clear_up
from assistant.models.vllm_command import Engine, Launch
from assistant.models.vllm_server import SHARED, VllmServer, free_port, members

SCRIPTED = Path(__file__).with_name("scripted_vllm.py")
HASTE = Patience(start=20, silent=0.5, crashes=2, early=1, pause=0.05, longest_pause=0.1)


@pytest.fixture
def launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Launch]:
    model = tmp_path / "model"
    model.mkdir()
    monkeypatch.setattr(vllm_command, "LAUNCHER", SCRIPTED)
    found = Engine(Path(sys.executable), "0", cpu=True)
    monkeypatch.setattr("assistant.models.supervisor.engine", lambda _: found)
    return lambda script: Launch("tiny", str(model), free_port(), options={"script": script})


@contextlib.contextmanager
def kept_up(home: Path, launch: Launch, patience: Patience = HASTE) -> Iterator[Supervisor]:
    supervisor = Supervisor(home, launch, patience=patience)
    thread = threading.Thread(target=_run, args=(supervisor,))
    thread.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()
        thread.join(30)
        assert not thread.is_alive()


def _run(supervisor: Supervisor) -> None:
    with contextlib.suppress(GeneratorUnavailable):
        supervisor.run()


def until(home: Path, state: str, seconds: float = 30) -> Running:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = last_known(home)
        if now and now.state == state:
            return now
        time.sleep(0.02)
    raise AssertionError(f"not {state}: {last_known(home)}")


def starts(launch: Launch) -> int:
    return len((Path(launch.folder) / "starts").read_text())


def child_of(launch: Launch) -> tuple[int, str]:
    pid, name = (Path(launch.folder) / "child").read_text().split()
    return int(pid), name


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_it_becomes_ready_and_stops_without_a_trace(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("")
    with kept_up(tmp_path, wanted):
        now = until(tmp_path, "ready")
        assert now.url == f"http://127.0.0.1:{wanted.port}/v1"
        found = running(tmp_path)
        assert found is not None
        assert found.key == server_key(tmp_path)
        pid, name = child_of(wanted)
        assert not gone(pid)
        assert len(members(now.group)) >= 2
    assert until(tmp_path, "stopped").restarts == 0
    assert gone(pid)
    assert not (SHARED / name).exists()
    assert running(tmp_path) is None


def test_the_key_is_its_owners_alone_and_nowhere_else(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("")
    with kept_up(tmp_path, wanted):
        now = until(tmp_path, "ready")
        key = server_key(tmp_path)
        words = psutil.Process(now.group.pid).cmdline()
    assert len(key) > 30
    assert stat.S_IMODE((tmp_path / "models" / KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "models").stat().st_mode) == 0o700
    assert all(key not in word for word in words)
    assert key not in (tmp_path / "models" / LOG).read_text() + (tmp_path / "models" / STATE).read_text() + repr(now)


@pytest.mark.parametrize("code", [0, 1])
def test_an_end_that_nobody_asked_for_is_a_crash(tmp_path: Path, launch: Callable[[str], Launch], code: int) -> None:
    wanted = launch(f"die={code},after=0.3")
    with kept_up(tmp_path, wanted):
        failed = until(tmp_path, "failed")
    assert failed.error.startswith(
        "The server of tiny ended 3 times in a short while and is left alone now: "
        f"The server of tiny ended with code {code}: "
    )
    assert starts(wanted) == 3


def test_what_never_was_ready_is_tried_once_more(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("fail=1")
    with kept_up(tmp_path, wanted):
        until(tmp_path, "failed")
    assert starts(wanted) == 2


def test_what_cannot_get_better_is_not_tried_again(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("fail=1,log=ValueError:~No~available~memory~for~the~cache~blocks.")
    with kept_up(tmp_path, wanted):
        failed = until(tmp_path, "failed")
    assert failed.error.startswith("No memory is left for the cache of tiny; ")
    assert starts(wanted) == 1


def test_a_kill_is_survived(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("")
    with kept_up(tmp_path, wanted):
        first = until(tmp_path, "ready")
        pid, name = child_of(wanted)
        os.kill(first.group.pid, signal.SIGKILL)
        until(tmp_path, "restarting")
        again = until(tmp_path, "ready")
        assert again.group != first.group
        assert (again.url, again.restarts) == (first.url, 1)
        assert gone(pid)
        assert not (SHARED / name).exists()


def test_silence_is_a_crash(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("mute,after=0.5")
    with kept_up(tmp_path, wanted):
        until(tmp_path, "ready")
        assert until(tmp_path, "restarting").error == "The server of tiny fell silent and was ended."


def test_a_deaf_server_is_killed(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("deaf")
    server = VllmServer(wanted, Engine(Path(sys.executable), "0", True), "key", tmp_path / "log")
    while not server.ready():
        time.sleep(0.05)
    pid, _ = child_of(wanted)
    server.stop(seconds=0.3)
    assert server.poll() == -signal.SIGKILL
    assert gone(pid)


def test_a_taken_port_is_said(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("")
    with kept_up(tmp_path / "a", wanted):
        until(tmp_path / "a", "ready")
        with pytest.raises(GeneratorUnavailable, match=f"Port {wanted.port} is in use by another program"):
            Supervisor(tmp_path / "b", wanted, patience=HASTE).run()


def test_one_supervisor_a_home(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    wanted = launch("")
    with kept_up(tmp_path, wanted):
        until(tmp_path, "ready")
        with pytest.raises(Conflict, match="A server for tiny is at work already"):
            Supervisor(tmp_path, replace(wanted, port=free_port())).run()


def test_orphans_of_an_earlier_run_are_swept(tmp_path: Path, launch: Callable[[str], Launch]) -> None:
    """The API process is killed, and so is whoever would have noticed: its child lives on until the next start."""
    wanted = launch("")
    server = VllmServer(wanted, Engine(Path(sys.executable), "0", True), "key", tmp_path / "log")
    while not server.ready():
        time.sleep(0.05)
    pid, name = child_of(wanted)
    dead = Running("tiny", wanted.folder, "", 0, state="ready", group=server.group, shared=(name, "../escape"))
    write(tmp_path, dead)
    os.kill(server.group.pid, signal.SIGKILL)
    server._child.wait()
    assert not gone(pid)
    assert clear_up(tmp_path) >= 1
    assert gone(pid)
    assert not (SHARED / name).exists()


def test_a_group_number_that_went_to_another_program_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        group = Process(other.pid, psutil.Process(other.pid).create_time() - 100)
        write(tmp_path, Running("tiny", "", "", 0, state="ready", group=group))
        assert clear_up(tmp_path) == 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_stop_where_nothing_runs_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No model server is at work"):
        serving.stop(tmp_path)
