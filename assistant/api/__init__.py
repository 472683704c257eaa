"""The HTTP edge: `create_app` gives the whole product as one ASGI application, `serve` runs it."""

from __future__ import annotations

from assistant.api.house import House
from assistant.api.serving import serve

__all__ = ["House", "create_app", "serve"]


def create_app(house: House):  # type: ignore[no-untyped-def]  # FastAPI is imported when it is needed
    """The page and its routes over one house."""
    from assistant.api.app import create_app as create

    return create(house)
