"""Model servers on this machine's usual ports: looked for on request, offered, never used unasked."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

HOST, SECONDS, LONGEST = "127.0.0.1", 0.3, 1 << 20
USUAL: tuple[tuple[str, int], ...] = (("vLLM", 8000), ("Ollama", 11434), ("llama.cpp", 8080), ("LM Studio", 1234))


@dataclass(frozen=True, slots=True)
class Found:
    """An OpenAI-compatible server. `locked`: it asks for a key, so its models are not known."""

    title: str
    url: str  # ends in /v1
    models: tuple[str, ...] = ()
    locked: bool = False

    @property
    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def discover(usual: Iterable[tuple[str, int]] = USUAL, seconds: float = SECONDS) -> tuple[Found, ...]:
    """Whoever answers like a model server, all asked at once."""
    rows = tuple(usual)
    with ThreadPoolExecutor(max(1, len(rows))) as pool:
        answers = pool.map(lambda row: _ask(row[0], row[1], seconds), rows)
    return tuple(found for found in answers if found)


def _ask(title: str, port: int, seconds: float) -> Found | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    try:
        connection.request("GET", "/v1/models", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(LONGEST)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    url = f"http://{HOST}:{port}/v1"
    return _understood(title, url, answer.status, body)


def _understood(title: str, url: str, status: int, body: bytes) -> Found | None:
    """The server, where its answer is a model server's; None for anything else that listens there."""
    try:
        value = json.loads(body)
        if status in (401, 403) and "error" in value:
            return Found(title, url, locked=True)
        if status != 200 or not isinstance(value["data"], list):
            return None
        return Found(title, url, tuple(_printable(str(row["id"])) for row in value["data"]))
    except (ValueError, KeyError, TypeError):
        return None


def _printable(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:200]
