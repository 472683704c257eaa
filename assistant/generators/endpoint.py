"""What an OpenAI-compatible server says of itself: its models, their lengths, how long a prompt is."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2

from assistant.errors import GeneratorUnavailable
from assistant.types import Message

SECONDS = 5.0
LENGTHS = ("max_model_len", "context_length", "max_context_length", "n_ctx")
"""Where servers say the length: vLLM; OpenRouter and others; LM Studio; llama.cpp (in "meta")."""


@dataclass(frozen=True, slots=True)
class Served:
    """A model on a server. `context` 0: the server does not say. `root`: what it was loaded from."""

    name: str
    context: int = 0
    root: str = ""
    parent: str = ""  # of an adapter: its base model


@dataclass(frozen=True)
class Endpoint:
    """An address ending in /v1 and its key. Short questions only; answers are streamed elsewhere."""

    url: str
    key: str = field(default="", repr=False)

    @property
    def local(self) -> bool:
        """On this machine: asked without proxies, and a round trip costs next to nothing."""
        host = urlsplit(self.url).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def models(self) -> list[Served]:
        """GeneratorUnavailable says what is wrong with the server, in one sentence."""
        try:
            response = self._request("GET", f"{self.url}/models")
        except httpx2.HTTPError as error:
            raise self.unreachable() from error
        if response.status_code in {401, 403}:
            raise self.refused()
        rows = _rows(response)
        if rows is None:
            raise GeneratorUnavailable(
                f"What answers at {self.url} is not an OpenAI-compatible server; check model_url (it ends in /v1)."
            )
        return [_served(row) for row in rows]

    def tokens(self, model: str, messages: Sequence[Message]) -> int | None:
        """Tokens of a prompt by vLLM's /tokenize; None where the server has no such route."""
        rows = [{"role": m.role, "content": m.content} for m in messages]
        root = self.url.removesuffix("/v1")
        try:
            response = self._request("POST", f"{root}/tokenize", {"model": model, "messages": rows})
            count = response.json()["count"] if response.status_code == 200 else None
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            return None
        return count if isinstance(count, int) else None

    def unreachable(self) -> GeneratorUnavailable:
        return GeneratorUnavailable(f"No model server answers at {self.url}; start it, or set model_url.")

    def refused(self) -> GeneratorUnavailable:
        return GeneratorUnavailable(f"The model server at {self.url} refuses the key; set model_key.")

    def _request(self, method: str, url: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return httpx2.request(
            method, url, json=body, headers=headers, timeout=SECONDS, trust_env=not self.local, follow_redirects=False
        )


def _rows(response: httpx2.Response) -> list[dict[str, Any]] | None:
    try:
        rows = response.json()["data"] if response.status_code == 200 else None
    except (ValueError, KeyError, TypeError):
        return None
    return rows if isinstance(rows, list) and all(isinstance(row, dict) and "id" in row for row in rows) else None


def _served(row: dict[str, Any]) -> Served:
    meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
    lengths = [value for name in LENGTHS for value in (row.get(name), (meta or {}).get(name)) if isinstance(value, int)]
    return Served(
        str(row["id"]), lengths[0] if lengths else 0, str(row.get("root") or ""), str(row.get("parent") or "")
    )
