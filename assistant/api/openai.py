"""The assistant as a model: `/v1/models`, `/v1/chat/completions`, `/v1/embeddings`, as OpenAI's clients know them."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from assistant.api.addresses import ENCODER, address, names
from assistant.api.asking import Gone, asked, watched
from assistant.api.bodies import Body
from assistant.api.completions import Completion, Conversation, Form, conversation, event, usage_of
from assistant.api.house import House
from assistant.api.needs import HouseDep, MetricsDep, PathName, TurnsDep
from assistant.api.problems import as_problem, refusals
from assistant.api.rights import Rights, RightsDep
from assistant.errors import NotFound, ThickshellError, UsageError
from assistant.types import Answer, Delta, Done, Event, Question, Revised

router = APIRouter(prefix="/v1", tags=["OpenAI"], responses=refusals(400, 401, 403, 404, 422))
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "The answer."}
}
CLIENT_GONE = 499
TAKEN_BACK = "\n\n---\n\n"
"""Stands between a text that was taken back and the one that holds, in streams, which cannot unsay anything."""


@router.get("/models")
def models(house: HouseDep, rights: RightsDep) -> dict[str, Any]:
    """Each corpus as a model, by tier and brain; and the encoder."""
    return {"object": "list", "data": [_model(name) for name in _names(house, rights)]}


@router.get("/models/{model:path}")
def model(model: PathName, house: HouseDep, rights: RightsDep) -> dict[str, Any]:
    if model not in _names(house, rights):
        raise NotFound(f"There is no model {model}; ask /v1/models for those there are.")
    return _model(model)


@router.post("/chat/completions", response_model=None, responses=STREAM | refusals(413, 429, 499, 503))
async def complete(
    body: Completion, request: Request, house: HouseDep, rights: RightsDep, turns: TurnsDep, metrics: MetricsDep
) -> Response:
    """An answer with its sources. Streams begin with the first text: until then errors have their own status."""
    talk = conversation(body)
    question = await run_in_threadpool(_question, body, talk, house, rights)
    form = Form(f"chatcmpl-{secrets.token_hex(12)}", int(time.time()), body.model)
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(asked(house, turns, metrics, question))
        try:
            if body.stream:
                first = await _first(events, request)
                kept = stack.pop_all()
                stream = _streamed(first, events, kept, form, talk, house, body)
                return StreamingResponse(stream, media_type="text/event-stream")
            answer = await _answer(events, request)
        except Gone:
            return Response(status_code=CLIENT_GONE)
    return JSONResponse(form.whole(answer, await run_in_threadpool(_usage, house, answer), talk))


class Embedding(Body):
    """`input_type`: the encoder reads questions and passages differently."""

    input: str | list[str]
    model: str = Field(ENCODER, max_length=600)
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)
    input_type: Literal["query", "passage"] = "passage"


MOST_TEXTS = 2048


@router.post("/embeddings", responses=refusals(413, 429))
def embeddings(body: Embedding, house: HouseDep, turns: TurnsDep) -> dict[str, Any]:
    """Unit vectors of the encoder that searches the corpora."""
    texts = [body.input] if isinstance(body.input, str) else body.input
    encoder = house.embedder
    if body.model not in {ENCODER, encoder.id}:
        raise NotFound(f"There is no model {body.model}; ask /v1/models for those there are.")
    if not texts or len(texts) > MOST_TEXTS:
        raise UsageError(f"Embeddings are made of 1 to {MOST_TEXTS} texts; send fewer.")
    if body.dimensions not in {None, encoder.dim}:
        raise UsageError(f"The encoder's vectors have {encoder.dim} dimensions; leave dimensions out.")
    with turns.place():
        rows = encoder.embed_queries(texts) if body.input_type == "query" else encoder.embed_passages(texts)
    coded = [
        row.tolist() if body.encoding_format == "float" else base64.b64encode(row.tobytes()).decode() for row in rows
    ]
    tokens = sum(encoder.count(texts))
    return {
        "object": "list",
        "model": encoder.id,
        "data": [{"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(coded)],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


# --- inside -----------------------------------------------------------------------------------------------------------
def _names(house: House, rights: Rights) -> list[str]:
    return names(rights.names(house), house.brains)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "thickshell"}


def _question(body: Completion, talk: Conversation, house: House, rights: Rights) -> Question:
    to = address(body.model, rights.names(house), house.settings.tier)
    if to.brain and to.brain not in house.brains:
        raise NotFound(f"There is no model {body.model}; ask /v1/models for those there are.")
    return Question(
        talk.question,
        (to.corpus,),
        only=tuple(body.only),
        history=talk.history,
        tier=to.tier,
        brain=to.brain,
        persona=body.persona,
        draw=talk.draw,
    )


async def _first(events: AsyncIterator[Event], request: Request) -> Event:
    """The first event that says something."""
    async for come in watched(events, request):
        if isinstance(come, Delta | Done):
            return come
    raise AssertionError("events end with Done")


async def _answer(events: AsyncIterator[Event], request: Request) -> Answer:
    async for come in watched(events, request):
        if isinstance(come, Done):
            return come.answer
    raise AssertionError("events end with Done")


async def _streamed(
    first: Event,
    events: AsyncIterator[Event],
    kept: AsyncExitStack,
    form: Form,
    talk: Conversation,
    house: House,
    body: Completion,
) -> AsyncIterator[str]:
    """Chunks of an answer. When the client leaves, this ends in the midst, and the question with it."""
    async with kept:
        yield form.chunk({"role": "assistant", "content": ""})
        try:
            said: Event | None = first
            while said is not None:
                if isinstance(said, Done):
                    yield form.last(said.answer, talk)
                    if body.stream_options and body.stream_options.include_usage:
                        yield form.usage(await run_in_threadpool(_usage, house, said.answer))
                elif isinstance(said, Delta):
                    yield form.chunk({"content": said.text})
                elif isinstance(said, Revised):
                    yield form.chunk({"content": TAKEN_BACK}, thickshell={"taken_back": True})
                said = await anext(events, None)
        except ThickshellError as error:
            yield event({"error": as_problem(error)["error"]})
            return
        yield "data: [DONE]\n\n"


def _usage(house: House, answer: Answer) -> dict[str, Any]:
    """The model's tokens; without one, the encoder's of question and answer."""
    if answer.receipt.get("usage"):
        return usage_of(answer, (0, 0))
    asked_, said = house.embedder.count([answer.question, answer.answer])
    return usage_of(answer, (asked_, said))
