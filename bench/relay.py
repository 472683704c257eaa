"""A stand-in for a model server that keeps what it is sent: the real one is asked for everything but answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

SAID = (
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}},
)


@dataclass
class Relay:
    """`url` ends in /v1; `bodies`: the chat requests so far."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def relay(url: str, key: str) -> Iterator[Relay]:
    """Between a house and the server at `url`: models and tokenizer are the server's, every answer is "Yes."."""
    found = Relay("")
    head = {"Authorization": f"Bearer {key}"} if key else {}
    root = url.removesuffix("/v1")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass(httpx.get(root + self.path, headers=head, trust_env=False))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/v1/chat/completions":
                self._pass(httpx.post(root + self.path, json=body, headers=head, trust_env=False))
                return
            found.bodies.append(body)
            rows = [
                {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": body["model"]} | s for s in SAID
            ]
            text = "".join(f"data: {json.dumps(row)}\n\n" for row in rows) + "data: [DONE]\n\n"
            self._send(200, "text/event-stream", text.encode())

        def _pass(self, came: httpx.Response) -> None:
            self._send(came.status_code, came.headers.get("content-type", "text/plain"), came.content)

        def _send(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
