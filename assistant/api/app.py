"""`create_app`: routes, page and the doors in front of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from assistant import __version__
from assistant.api import conversations, corpora, documents, health, openai, problems
from assistant.api.answers import AT_ONCE, Answers
from assistant.api.house import House
from assistant.api.incoming import sweep
from assistant.api.mcp_door import PATH, McpDoor
from assistant.api.mcp_tools import Desk
from assistant.api.metrics import Metrics
from assistant.api.rights import KeyDoor
from assistant.api.security import Secure
from assistant.api.turns import Turns
from assistant.api.undo import Undos


def create_app(house: House) -> FastAPI:
    """The whole product over one house, which starts its background work when the server does.

    The caller closes the house; the application stops its own answers.
    """
    from assistant.ui import fragments, mount
    from assistant.ui.sentences import said_to

    turns = Turns(at_once(house), house.settings.max_waiting)
    undos = Undos()
    sweep(house.settings.home / "incoming")

    metrics = Metrics(lambda: turns.taken)
    answers = Answers(house, turns, metrics)
    door = McpDoor(Desk(house, turns, metrics), turns)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        house.start()
        async with door.life():
            yield
        answers.close()
        turns.close()
        undos.close()

    app = FastAPI(title="thickshell", version=__version__, docs_url=None, redoc_url=None, lifespan=life)
    app.state.house, app.state.answers, app.state.undos = house, answers, undos
    app.state.turns, app.state.metrics = turns, metrics
    problems.install(app, said_to)
    for router in (health.router, openai.router, corpora.router, documents.router):
        app.include_router(router)
    for router in (conversations.router, fragments.router):  # the page's own
        app.include_router(router, include_in_schema=False)
    app.router.routes.append(Route(PATH, door, include_in_schema=False))
    app.add_middleware(problems.Guard)
    mounted = mount(app, house.settings)
    app.add_middleware(KeyDoor, keys=house.keys)
    app.add_middleware(Secure)
    return mounted


def at_once(house: House) -> int:
    """Questions computed at the same time: with a model most of their time is its server's."""
    return max(AT_ONCE, house.settings.model_streams) if len(house.brains) > 1 else AT_ONCE
