"""A small OpenAI-compatible server that can be told to fail in every way, and that notices who leaves."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GAP = 0.005


@dataclass
class Plan:
    """What the server does. `fail_first`: that many chat requests are answered with `status` before one succeeds."""

    words: tuple[str, ...] = ("Lyon", " has", " two", " rivers", ".")
    gap: float = 0.0  # seconds before each word
    before: float = 0.0  # seconds before the response begins
    status: int = 200
    message: str = "no"
    fail_first: int = 10**9
    models: tuple[str, ...] = ("small",)
    length: int | None = 2048
    key: str = ""
    cut_after: int | None = None  # words, then the connection is dropped
    error_after: int | None = None  # words, then an error event and [DONE], as vLLM ends a stream whose engine died
    finish: str | None = "stop"
    cached: int | None = None
    reasoning: tuple[str, ...] = ()
    tokenize: bool = True
    alien: bool = False  # not an OpenAI-compatible server at all


@dataclass
class Seen:
    chats: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    open: int = 0
    left: int = 0  # streams that the client closed
    told: int = 0  # streams told to the end
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Left(Exception):
    pass


@dataclass
class FakeServer:
    plan: Plan
    seen: Seen
    url: str


@contextmanager
def serving(plan: Plan | None = None) -> Iterator[FakeServer]:
    plan, seen = plan or Plan(), Seen()

    class Handler(_Handler):
        pass

    Handler.plan, Handler.seen = plan, seen
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield FakeServer(plan, seen, f"http://127.0.0.1:{server.server_address[1]}/v1")
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    plan: Plan
    seen: Seen
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.seen.paths.append(self.path)
        if self._locked():
            return
        if self.plan.alien:
            self._json(200, {"hello": "world"})
            return
        length = {} if self.plan.length is None else {"max_model_len": self.plan.length}
        rows = [{"id": name, "object": "model", "root": f"/models/{name}", **length} for name in self.plan.models]
        self._json(200, {"object": "list", "data": rows})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.paths.append(self.path)
        if self._locked():
            return
        if self.path == "/tokenize":
            words = sum(len(row["content"].split()) for row in body["messages"])
            self._json(200, {"count": words}) if self.plan.tokenize else self._json(404, {"detail": "Not Found"})
            return
        with self.seen.lock:
            self.seen.chats.append(body)
            turn = len(self.seen.chats)
        if self.plan.status != 200 and turn <= self.plan.fail_first:
            self._json(self.plan.status, {"error": {"message": self.plan.message, "code": self.plan.status}})
        elif body["model"] not in self.plan.models:
            self._json(404, {"error": {"message": "The model does not exist.", "code": 404}})
        else:
            self._stream(body)

    def _locked(self) -> bool:
        if self.plan.key and self.headers.get("Authorization") != f"Bearer {self.plan.key}":
            self._json(401, {"error": "Unauthorized"})
            return True
        return False

    def _json(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, body: dict[str, Any]) -> None:
        with self.seen.lock:
            self.seen.open += 1
        self.close_connection = True
        try:
            self._pause(self.plan.before)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self._tell(body)
            with self.seen.lock:
                self.seen.told += 1
        except (_Left, OSError):
            with self.seen.lock:
                self.seen.left += 1
        finally:
            with self.seen.lock:
                self.seen.open -= 1

    def _tell(self, body: dict[str, Any]) -> None:
        plan = self.plan
        self._event({"role": "assistant", "content": ""})
        for thought in plan.reasoning:
            self._pause(plan.gap)
            self._event({"reasoning_content": thought})
        for n, word in enumerate(plan.words):
            self._pause(plan.gap)
            if n == plan.cut_after:
                self.connection.shutdown(socket.SHUT_RDWR)
                raise _Left
            if n == plan.error_after:
                self._send({"error": {"message": "EngineCore encountered an issue.", "code": 500}})
                self.wfile.write(b"data: [DONE]\n\n")
                return
            self._event({"content": word})
        if plan.finish:
            self._event({}, plan.finish)
        if body.get("stream_options", {}).get("include_usage"):
            cached = {} if plan.cached is None else {"prompt_tokens_details": {"cached_tokens": plan.cached}}
            usage = {"prompt_tokens": 11, "completion_tokens": len(plan.words), "total_tokens": 0, **cached}
            self._send({"id": "1", "object": "chat.completion.chunk", "choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._send({"id": "1", "object": "chat.completion.chunk", "model": "small", "choices": [choice]})

    def _send(self, value: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
        self.wfile.flush()

    def _pause(self, seconds: float) -> None:
        """Waits, and notices when the client has closed its side."""
        until = time.monotonic() + seconds
        while True:
            if select.select([self.connection], [], [], 0)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                raise _Left
            if (left := until - time.monotonic()) <= 0:
                return
            time.sleep(min(GAP, left))
