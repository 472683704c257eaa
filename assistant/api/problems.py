"""Errors as answers: one sentence in `detail`, its `code`, the sentence for people who see the page in another
language in `message`, a status that fits, nothing of the inside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.errors import (
    Busy,
    Conflict,
    GeneratorUnavailable,
    LimitExceeded,
    NotAvailable,
    NotFound,
    StorageError,
    ThickshellError,
)


class Unexpected(ThickshellError):
    """A fault of ours; the log names its place."""


STATUS: tuple[tuple[type[ThickshellError], int], ...] = (
    (NotFound, 404),
    (NotAvailable, 404),
    (Busy, 429),
    (Conflict, 409),
    (LimitExceeded, 413),
    (GeneratorUnavailable, 503),
    (StorageError, 507),
    (Unexpected, 500),
    (ThickshellError, 400),
)
UNEXPECTED = "Something went wrong on the server. Try again; the log names the place."
log = logging.getLogger(__name__)


Said = Callable[[str, Request], str]
"""A sentence as the person who made the request reads it."""


def install(app: FastAPI, said: Said) -> None:
    async def known(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ThickshellError)
        status = next(code for kind, code in STATUS if isinstance(error, kind))
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy) else None
        return JSONResponse({**as_problem(error), "message": said(str(error), request)}, status, headers)

    app.add_exception_handler(ThickshellError, known)
    app.add_exception_handler(RequestValidationError, malformed)


def as_problem(error: ThickshellError) -> dict[str, Any]:
    """An error as the page and as OpenAI's clients read it."""
    sentence, code = str(error), error.code
    return {
        "detail": sentence,
        "code": code,
        "error": {"message": sentence, "type": type(error).__name__, "code": code},
    }


async def malformed(request: Request, error: Exception) -> JSONResponse:
    """The field that is off, without echoing what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    sentence = unusable(first["loc"][1:], first["msg"])
    return JSONResponse({"detail": sentence, "error": {"message": sentence, "type": "UsageError", "code": None}}, 422)


def unusable(place: Sequence[int | str], what: str) -> str:
    field = ".".join(str(part) for part in place) or "body"
    return f"The request is not usable: {field}: {what}."


def record(error: BaseException, where: str) -> None:
    """The log gets the kind and the place of an unexpected error, never its text, which may quote a document."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"
    log.error("%s in %s at %s", type(error).__name__, where, place)


class Guard:
    """Turns what no handler expected into a plain 500, so that no server log prints a traceback with document text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sender(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, sender)
        except Exception as error:
            if scope["type"] != "http":
                raise
            record(error, f"{scope['method']} {scope['path']}")
            if not started:
                await JSONResponse({"detail": UNEXPECTED}, 500)(scope, receive, send)
