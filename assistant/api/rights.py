"""What a program with a key may do. A request without one is the page's, or this machine's: Host and Origin guard it.

Until a first key is made, keys that clients send (OpenAI's always send one) mean nothing and are not looked at.
"""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.api.house import PRIVATE, House
from assistant.api.problems import refused
from assistant.errors import NotFound, UsageError
from assistant.seams import Keys
from assistant.types import ApiKey, CorpusInfo

READS = (
    ("GET", r"/(healthz|readyz|metrics|openapi\.json)"),
    ("GET", r"/v1/models(/.+)?"),
    ("POST", r"/v1/(chat/completions|embeddings)"),
    ("GET", r"/v1/corpora(/.+/documents)?"),
    ("POST", r"/v1/corpora/.+/search"),
    ("GET", r"/mcp"),
    ("POST", r"/mcp"),
)
WRITES = (("POST", r"/v1/corpora(/.+/documents)?"), ("DELETE", r"/v1/corpora/.+"))
"""Routes that keys open; all others are the page's alone."""
LOOK_SECONDS = 0.25
"""How often it is looked whether the key of an answer under way is still in use."""


class Rights:
    """Whose corpora a request may see. Others do not exist for it."""

    def __init__(self, key: ApiKey | None) -> None:
        self.key = key

    def sees(self, corpus: str) -> bool:
        if self.key is None:
            return True
        return not corpus.startswith(PRIVATE) and (self.key.corpora is None or corpus in self.key.corpora)

    def check(self, corpus: str) -> str:
        """The corpus again; NotFound, as for one that is not there."""
        if not self.sees(corpus):
            raise NotFound(f"There is no corpus named “{corpus}”; check the name, or create it.")
        return corpus

    def check_new(self) -> None:
        """UsageError for a key of certain corpora: it could not see what it makes."""
        if self.key is not None and self.key.corpora is not None:
            raise UsageError("This key is for certain corpora; make new ones with another.")

    def names(self, house: House) -> list[str]:
        return [name for name in house.library.names() if self.sees(name)]

    def corpora(self, house: House) -> list[CorpusInfo]:
        return [info for info in house.library.corpora() if self.sees(info.name)]


class KeyDoor:
    """Refuses keys that are not in use, and those that do not open the route asked for."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self.app = app
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secret = bearer(scope) if scope["type"] == "http" else ""
        if not secret:
            await self.app(scope, receive, send)
            return
        key, locked = await run_in_threadpool(lambda: (self.keys.find(secret), self.keys.any()))
        scope.setdefault("state", {})["key"] = key
        if key is None and locked:
            await not_in_use(scope, receive, send)
        elif key is None:
            await self.app(scope, receive, send)
        elif not opens(key, scope["method"], scope["path"]):
            await refused("This key does not open that.", 403)(scope, receive, send)
        else:
            await self._until_revoked(secret, scope, receive, send)

    async def _until_revoked(self, secret: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer, broken off where its key is revoked meanwhile: as if the client had left."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        serving = asyncio.ensure_future(self.app(scope, receive, sent))
        looking = asyncio.ensure_future(self._revoked(secret))
        try:
            await asyncio.wait({serving, looking}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
        finally:
            looking.cancel()
            serving.cancel()
            await asyncio.wait({serving})
        if serving.cancelled() and not begun:
            await not_in_use(scope, receive, send)

    async def _revoked(self, secret: str) -> None:
        """Returns once the key is no longer in use."""
        await asyncio.sleep(LOOK_SECONDS)  # it was just found
        while await run_in_threadpool(self.keys.find, secret):
            await asyncio.sleep(LOOK_SECONDS)


async def not_in_use(scope: Scope, receive: Receive, send: Send) -> None:
    sentence = "This key is not in use; make one with `thickshell keys create`."
    await refused(sentence, 401, **{"WWW-Authenticate": "Bearer"})(scope, receive, send)


def bearer(scope: Scope) -> str:
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    kind, _, secret = header.decode("latin-1").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def opens(key: ApiKey, method: str, path: str) -> bool:
    routes = READS + WRITES if key.write else READS
    return any(method.replace("HEAD", "GET") == known and re.fullmatch(pattern, path) for known, pattern in routes)


def need_rights(request: Request) -> Rights:
    return Rights(cast("ApiKey | None", getattr(request.state, "key", None)))


RightsDep = Annotated[Rights, Depends(need_rights)]
