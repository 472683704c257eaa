"""A person's day with the real commands in processes of their own, where every look beyond this machine is noted.

An audit hook, brought into each process (parser processes too) by `sitecustomize`, refuses connections, datagrams and
name look-ups that are not for this machine, and writes them to a file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

HOOK = """
import os, sys
def look(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host in (None, "", "localhost", "::1", "0.0.0.0", "::") or host.startswith("127."):
        return
    with open(os.environ["NOTED_LOOKS"], "a") as noted:
        noted.write(f"{event} {host}\\n")
    raise OSError(101, "Network is unreachable")
sys.addaudithook(look)
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    said: str  # standard error


class Outside:
    """Runs `thickshell` with a home, and notes what its processes looked for elsewhere."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.home = folder / "home"
        self.looks = folder / "looks.txt"
        self.looks.touch()
        (folder / "hook").mkdir()
        (folder / "hook" / "sitecustomize.py").write_text(HOOK)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
        self.environment = kept | {
            "PYTHONPATH": os.pathsep.join([str(folder / "hook"), str(Path(__file__).parents[2])]),
            "NOTED_LOOKS": str(self.looks),
            **{f"THICKSHELL_{key.upper()}": value for key, value in settings.items()},
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "assistant.cli", "--home", str(self.home), *words]

    def run(self, *words: str) -> Ran:
        done = subprocess.run(
            self.command(*words), env=self.environment, capture_output=True, text=True, timeout=240, check=False
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def serve(self, visit: Sequence[object], patience: float = 240.0) -> str:
        """Starts the server, calls each of `visit` with a client, stops the server; all that it printed."""
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                self.command("serve", "--port", "0"), env=self.environment, stdout=said, stderr=said
            )
            try:
                with httpx.Client(base_url=self._address(said, patience), timeout=60, trust_env=False) as client:
                    for call in visit:
                        call(client)  # type: ignore[operator]
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(30)
            said.seek(0)
            return said.read()

    def _address(self, said: object, patience: float) -> str:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            said.seek(0)  # type: ignore[attr-defined]
            for word in said.read().split():  # type: ignore[attr-defined]
                if word.startswith("http://"):
                    return str(word)
            time.sleep(0.1)
        raise AssertionError("the server did not start")

    def noted(self) -> list[str]:
        return self.looks.read_text().splitlines()


def until_answered(client: httpx.Client, conversation: str, question: str) -> dict[str, object]:
    """Asks in a conversation and waits for the stored answer."""
    sent = client.post(f"/v1/conversations/{conversation}/messages", json={"text": question})
    assert sent.status_code == 201, sent.text
    for _ in range(600):
        messages = client.get(f"/v1/conversations/{conversation}").json()["messages"]
        answer = next(message for message in messages if message["id"] == sent.json()["answer"])
        if answer["state"] in ("done", "failed", "stopped"):
            return dict(answer)
        time.sleep(0.1)
    raise AssertionError("no answer came")
