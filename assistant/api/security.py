"""What every request must pass (Host, Origin, size), and the headers that every answer carries.

Pure ASGI, so that streams stream.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.api.problems import BODY, refused
from assistant.errors import UsageError

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; "
    "manifest-src 'self'; frame-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; "
    "object-src 'none'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
# Routes of Gradio without use here: remote files, proxy, editor, uploads, run history, deep links, monitoring.
CLOSED = re.compile(
    r"^/(?:gradio_api/(?:file[=/]|proxy=|upload|component_server|stream|vibe|undo-vibe|deep_link|runs|run-history|openapi|"
    r"process_recording|dev/|profiling)|svelte/|monitoring|manifest\.json|pwa_icon|custom_component)",
    re.IGNORECASE,
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FILE_ROUTES = frozenset({"/v1/documents", "/v1/corpora/import"})
"""Routes that take a file as their body; they count its bytes against `max_upload_mb` themselves."""
FILE_PATH = re.compile(r"/v1/corpora/.+/documents")


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without its port, means this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_loopback(host: str) -> None:
    """UsageError unless the address is this machine's own: there are no accounts yet."""
    if not is_loopback(host):
        raise UsageError(
            f"thickshell listens on this machine only (127.0.0.1), not on {host}: other addresses need accounts."
        )


def host_name(header: str) -> str | None:
    """The name in a Host header; None where it is malformed.

    >>> host_name("127.0.0.1:7860"), host_name("[::1]:7860"), host_name("a b")
    ('127.0.0.1', '::1', None)
    """
    try:
        parts = urlsplit("//" + header)
        parts.port  # noqa: B018  # a port that is no number raises
    except ValueError:
        return None
    return parts.hostname if parts.netloc == header and not re.search(r"[\s@/\\]", header) else None


def refusal(method: str, headers: dict[bytes, bytes]) -> str | None:
    """Why a request is refused, or None. A foreign name in Host is DNS rebinding; a foreign Origin is another site."""
    host = headers.get(b"host", b"").decode("latin-1")
    name = host_name(host)
    if name is None or not is_loopback(name):
        return "This address is not this server's."
    if method in SAFE_METHODS:
        return None
    origin = headers.get(b"origin")
    if origin is not None and site(origin.decode("latin-1")) != host:
        return "Requests from other sites are refused."
    if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
        return "Requests from other sites are refused."
    return None


def site(origin: str) -> str | None:
    """The host and port of an Origin header; None where it is malformed.

    >>> site("http://127.0.0.1:7860"), site("http://[")
    ('127.0.0.1:7860', None)
    """
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


class Secure:
    """Refuses what is not ours and puts the headers on the rest; `scope["state"]["nonce"]` goes to the page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        send = with_headers(send, nonce, immutable=scope["path"].startswith(("/assets/", "/ui/static/")))
        headers = dict(scope["headers"])
        if reason := refusal(scope["method"], headers):
            await refused(reason, 403)(scope, receive, send)
        elif CLOSED.match(scope["path"]):
            await refused("Not found.", 404)(scope, receive, send)
        elif scope["path"] in FILE_ROUTES or FILE_PATH.fullmatch(scope["path"]) or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
        else:
            await self._small(scope, receive, send, headers)

    async def _small(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> None:
        """A request whose body has no reason to be large: taken whole before anything looks at it."""
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > BODY:
            await refused("The request is too large.", 413)(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > BODY:
                await refused("The request is too large.", 413)(scope, receive, send)
                return
        await self.app(scope, replayed(body, receive), send)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, then what comes after it."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return whole.pop() if whole else await receive()

    return replay


def with_headers(send: Send, nonce: str, *, immutable: bool) -> Send:
    extra: Iterable[tuple[bytes, bytes]] = (
        (b"content-security-policy", POLICY.format(nonce=nonce).encode()),
        *HEADERS,
    )
    names = {name for name, _ in extra}

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() not in names]
            if immutable and message["status"] == 200:
                kept = [pair for pair in kept if pair[0].lower() != b"cache-control"]
                kept.append((b"cache-control", b"public, max-age=31536000, immutable"))
            elif not any(pair[0].lower() == b"cache-control" for pair in kept):
                kept.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*kept, *extra]}
        await send(message)

    return sender
