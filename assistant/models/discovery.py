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
        answers = pool.map(lambda row: _ask(*row, seconds), rows)
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
    if answer.status in (401, 403):
        return Found(title, url, locked=True)
    try:
        rows = json.loads(body)["data"] if answer.status == 200 else None
        names = tuple(_printable(str(row["id"])) for row in rows or ()) if rows is not None else None
    except (ValueError, KeyError, TypeError):
        return None
    return Found(title, url, names) if names is not None else None


def _printable(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:200]
