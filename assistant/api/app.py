"""`create_app`: routes, page and the doors in front of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from assistant.api import conversations, corpora, health, problems
from assistant.api.answers import Answers
from assistant.api.house import House
from assistant.api.incoming import sweep
from assistant.api.security import Secure
from assistant.api.undo import Undos


def create_app(house: House) -> FastAPI:
    """The whole product over one house, which starts its background work when the server does.

    The caller closes the house; the application stops its own answers.
    """
    from assistant.ui import fragments, mount
    from assistant.ui.sentences import said_to

    answers, undos = Answers(house), Undos()
    sweep(house.settings.home / "incoming")

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        house.start()
        yield
        answers.close()
        undos.close()

    app = FastAPI(title="thickshell", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.state.house, app.state.answers, app.state.undos = house, answers, undos
    problems.install(app, said_to)
    for router in (health.router, corpora.router, conversations.router, fragments.router):
        app.include_router(router)
    app.add_middleware(problems.Guard)
    mounted = mount(app, house.settings)
    app.add_middleware(Secure)
    return mounted
