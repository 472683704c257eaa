"""The page's HTML on its way out: nonces on scripts, our own files, no metadata that names other hosts. Pure ASGI."""

from __future__ import annotations

import gzip
import re

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.ui.static_files import address
from assistant.ui.words import language_of

OUTSIDE = re.compile(r'\s*<meta\s+(?:property|name)="(?:og|twitter):[^>]*/?>|\s*<link[^>]*href="https?://[^>]*>')
STYLES = ("tokens.css", "gradio.css", "parts.css", "chat.css", "corpora.css")
BOOT = '<div id="ts-boot" role="status"><span class="ts-mark"></span>thickshell</div>'


class Page:
    """Rewrites "/" alone; every other answer passes untouched, so streams stream."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in ("", "/"):
            await self.app(scope, receive, send)
            return
        packed = b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
        # It must arrive uncompressed to be rewritten.
        inner = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        await self.app(inner, receive, Rewriter(scope, send, packed).send)


class Rewriter:
    """Gathers one HTML answer and sends it changed."""

    def __init__(self, scope: Scope, send: Send, packed: bool) -> None:
        self._scope, self._send, self._packed = scope, send, packed
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = dict(message["headers"]).get(b"content-type", b"")
            if kind.startswith(b"text/html"):
                self._start = message
                return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        request = Request(self._scope)
        language = "zh-CN" if language_of(request) == "zh" else "en"
        page = rewrite(self._body.decode("utf-8"), self._scope["state"]["nonce"], language).encode()
        dropped = (b"content-length", b"cache-control", b"content-encoding")
        headers = [pair for pair in start["headers"] if pair[0] not in dropped]
        headers.append((b"cache-control", b"no-store"))
        if self._packed:
            page = gzip.compress(page, 6)
            headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
        headers.append((b"content-length", str(len(page)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": page})


def rewrite(page: str, nonce: str, language: str) -> str:
    ours = "".join(f'<link rel="stylesheet" href="{address(name)}">' for name in STYLES)
    ours += f'<script src="{address("theme-first.js")}"></script>'
    ours += f'<script type="module" src="{address("main.js")}"></script>'
    page = OUTSIDE.sub("", page).replace("</head>", ours + "</head>", 1)
    page = re.sub(r"<script\b", f'<script nonce="{nonce}"', page)
    page = re.sub(r'lang="[^"]*"', f'lang="{language}"', page, count=1)
    return page.replace("<gradio-app", BOOT + "<gradio-app", 1)
