"""Errors of model servers and their clients as a sentence each. A server's own words may quote a prompt: left out."""

from __future__ import annotations

import asyncio

import httpx2

from assistant.errors import GeneratorUnavailable, ThickshellError
from assistant.generators.endpoint import Endpoint

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class Cut(Exception):
    """A stream that ended without saying why."""


def status(error: BaseException) -> int | None:
    """The HTTP status behind an error of any provider's client."""
    for holder in (error, getattr(error, "response", None)):
        code = getattr(holder, "status_code", None)
        if isinstance(code, int):
            return code
    return None


def unreached(error: BaseException) -> bool:
    """Whether no answer came at all: refused, reset, timed out on the way."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (httpx2.TransportError, ConnectionError)) or type(seen).__name__ in {
            "APIConnectionError",
            "APITimeoutError",
            "ConnectError",
        }:
            return True
        seen = seen.__cause__
    return False


def passing(error: BaseException) -> bool:
    """Whether the same request may do a moment later."""
    return isinstance(error, (Cut, asyncio.TimeoutError)) or unreached(error) or status(error) in AGAIN


def sentence(error: BaseException, endpoint: Endpoint, model: str, *, begun: bool) -> ThickshellError:
    """`begun`: part of the answer had come."""
    if isinstance(error, ThickshellError):
        return error
    if begun or isinstance(error, Cut):
        return GeneratorUnavailable("The model broke off before its answer was whole; ask again.")
    if unreached(error):
        return endpoint.unreachable()
    return _by_status(status(error), endpoint, model, error)


def _by_status(code: int | None, endpoint: Endpoint, model: str, error: BaseException) -> GeneratorUnavailable:
    url = endpoint.url
    if code in {401, 403}:
        return endpoint.refused()
    if code == 404:
        return unknown_model(endpoint, model)
    if code == 429:
        return GeneratorUnavailable(f"The model server at {url} is busy; try again in a moment.")
    if code in {400, 413, 422}:
        if _too_long(error):
            return GeneratorUnavailable(
                f"The question with its passages is longer than the model “{model}” can read; "
                "ask a shorter one, or lower hits."
            )
        return GeneratorUnavailable(
            f"The model server at {url} does not take the request (status {code}); check model and model_tokens."
        )
    if code is not None:
        return GeneratorUnavailable(
            f"The model server at {url} failed (status {code}); look at its log, and restart it."
        )
    return GeneratorUnavailable(
        f"The model server at {url} failed ({type(error).__name__}); look at its log, and restart it."
    )


def unknown_model(endpoint: Endpoint, model: str) -> GeneratorUnavailable:
    """Names the models that there are."""
    try:
        names = ", ".join(f"“{served.name}”" for served in endpoint.models()) or "none"
    except GeneratorUnavailable as error:
        return error
    return GeneratorUnavailable(
        f"The model server at {endpoint.url} has no model named “{model}”; set model to one of these: {names}."
    )


def _too_long(error: BaseException) -> bool:
    said = str(error).lower()
    return any(sign in said for sign in ("context length", "maximum context", "too long", "max_model_len", "too large"))
