"""`/mcp`: the Model Context Protocol over HTTP, behind the same doors as all routes.

Each request stands on its own: no sessions are kept, so nothing grows and no key can use another's session. The
protocol's package is loaded at the first request, beside the loop: most servers never need it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from assistant.api.mcp_tools import Desk
from assistant.api.security import replayed
from assistant.api.turns import Turns
from assistant.errors import Busy

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH = "/mcp"
OVER_CAPACITY = -32000
"""JSON-RPC's first code for errors of a server's own."""


class McpDoor:
    """An ASGI application that works within `life`."""

    def __init__(self, desk: Desk, turns: Turns) -> None:
        self._desk, self._turns = desk, turns
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        self._wanted, self._ready = asyncio.Event(), asyncio.Event()
        host = asyncio.create_task(self._host())
        try:
            yield
        finally:
            host.cancel()
            await asyncio.gather(host, return_exceptions=True)

    async def _host(self) -> None:
        """One task opens the protocol's tasks and closes them again, as they demand."""
        await self._wanted.wait()
        try:
            manager = await asyncio.to_thread(made, self._desk)
            async with manager.run():
                self._manager = manager
                self._ready.set()
                await asyncio.Event().wait()
        finally:
            self._manager = None
            self._ready.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":  # no streams of the server's own, no sessions to end
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        try:
            self._turns.check()
        except Busy as error:
            body = await Request(scope, receive).body()
            receive = replayed(body, receive)
            if (call := question_in(body)) is not None:
                problem = {"code": OVER_CAPACITY, "message": str(error)}
                answer = {"jsonrpc": "2.0", "id": call.get("id"), "error": problem}
                await JSONResponse(answer, 429, {"Retry-After": str(error.retry_after)})(scope, receive, send)
                return
        self._wanted.set()
        await self._ready.wait()
        if self._manager is None:
            raise RuntimeError("the protocol's server could not be started, or has ended")
        await self._manager.handle_request(scope, receive, send)


def made(desk: Desk) -> StreamableHTTPSessionManager:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from assistant.api.mcp_server import make_server

    return StreamableHTTPSessionManager(make_server(desk), stateless=True)


def question_in(body: bytes) -> dict[str, Any] | None:
    """The call where a body calls the tool `ask`: the one that takes a turn."""
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(call, dict) or call.get("method") != "tools/call":
        return None
    params = call.get("params")
    return call if isinstance(params, dict) and params.get("name") == "ask" else None
