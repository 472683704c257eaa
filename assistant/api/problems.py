"""Errors as answers: one sentence in `detail`, its `code`, the sentence for people who see the page in another
language in `message`, a status that fits, nothing of the inside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
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
MEANING = {
    400: "The request itself is off; the sentence says what.",
    401: "The key is not in use.",
    403: "The key, or the place the request comes from, does not open this.",
    404: "There is no such thing, or it is not available here.",
    405: "The address does not take this method.",
    409: "The name is taken, or other work on it is under way.",
    413: "The body is larger than allowed.",
    422: "A field is missing or not as described.",
    429: "All places are taken; Retry-After says in how many seconds to try again.",
    499: "The client left before the answer.",
    503: "The model's server does not answer, or broke off.",
    507: "The disk cannot take it.",
}
"""What each status of a refusal means, for the OpenAPI file."""
BODY = 1 << 20
"""Bytes of a request that is no file."""
UNREADABLE = "The body cannot be read; send JSON in UTF-8."
UNEXPECTED = "Something went wrong on the server. Try again; the log names the place."
log = logging.getLogger(__name__)


class Fault(BaseModel):
    """An error as OpenAI's clients read it."""

    message: str
    type: str
    code: str | None


class Problem(BaseModel):
    """Every refusal. `detail` is one sentence, `message` the same in the reader's language."""

    detail: str
    code: str | None = None
    error: Fault
    message: str | None = None


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides what it is for, as its entry in the OpenAPI file."""
    return {status: {"model": Problem, "description": MEANING[status]} for status in statuses}


def refused(sentence: str, status: int, kind: str = "invalid_request_error", **headers: str) -> JSONResponse:
    """A refusal that comes before any route is reached."""
    fault = {"message": sentence, "type": kind, "code": None}
    return JSONResponse({"detail": sentence, "code": None, "error": fault}, status, headers)


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
    app.add_exception_handler(HTTPException, unrouted)


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
    if first["type"] == "json_invalid":
        return refused(UNREADABLE, 422, "UsageError")
    return refused(unusable(first["loc"][1:], first["msg"]), 422, "UsageError")


async def unrouted(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses by itself, in our form; Allow and the like stay."""
    assert isinstance(error, HTTPException)
    sentence = {
        400: UNREADABLE,
        404: "There is nothing at this address; /openapi.json lists what there is.",
        405: f"This address does not take {request.method}; /openapi.json lists what it takes.",
    }.get(error.status_code, "The request was refused.")
    return refused(sentence, error.status_code, **(error.headers or {}))


def unusable(place: Sequence[int | str], what: str) -> str:
    field = ".".join(str(part) for part in place) or "body"
    return f"The request is not usable: {field}: {what}."


def sentence_of(error: Exception, where: str) -> ThickshellError:
    """An error as one that may be shown; one that was not expected is noted in the log."""
    if isinstance(error, ThickshellError):
        return error
    record(error, where)
    return Unexpected(UNEXPECTED)


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
                await refused(UNEXPECTED, 500, "Unexpected")(scope, receive, send)
