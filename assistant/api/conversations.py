"""Routes of conversations: questions in, answers as events, branches, feedback, export."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field

from assistant.api.answers import Answers, Progress, Wish
from assistant.api.bodies import Body
from assistant.api.house import House, private_corpus
from assistant.api.needs import NAME, AnswersDep, HouseDep, UndosDep
from assistant.api.undo import delete_conversation
from assistant.errors import NotFound, UsageError

if TYPE_CHECKING:
    from assistant.ui.words import Language

router = APIRouter(prefix="/v1")
TITLE = 80
ONLY = 1000
"""Documents a question may be restricted to."""


class NewConversation(Body):
    corpus: str | None = Field(None, max_length=NAME)


class Again(Body):
    """Where to look and who answers. `corpus` None: in all; `only`: names of documents, none for all."""

    corpus: str | None = Field(None, max_length=NAME)
    only: list[str] = Field([], max_length=ONLY)
    tier: int = Field(3, ge=1, le=4)
    brain: str = Field("", max_length=200)  # "" is the default
    persona: str = Field("", max_length=200)

    def wish(self, corpora: tuple[str, ...]) -> Wish:
        return Wish(corpora, tuple(self.only), self.tier, self.brain, self.persona)


class Ask(Again):
    text: str = Field(min_length=1, max_length=20_000)
    parent: str | None = Field(None, max_length=200)  # the question that is edited: a new branch beside it


class Title(Body):
    title: str = Field(min_length=1, max_length=400)


class Feedback(Body):
    rating: Literal["up", "down", ""]
    reason: str = Field("", max_length=2000)


@router.get("/conversations")
def conversations(house: HouseDep, q: str = "") -> list[dict[str, Any]]:
    return house.chats.list(q)


@router.post("/conversations", status_code=201)
def create(new: NewConversation, house: HouseDep) -> dict[str, str]:
    return {"id": house.chats.create(new.corpus)}


@router.get("/conversations/{conversation}")
def get(conversation: str, house: HouseDep) -> dict[str, Any]:
    return house.chats.get(conversation)


@router.patch("/conversations/{conversation}")
def rename(conversation: str, title: Title, house: HouseDep) -> dict[str, str]:
    name = " ".join(title.title.split())[:TITLE]
    if not name:
        raise UsageError("A name needs at least one character.")
    house.chats.rename(conversation, name)
    return {"title": name}


@router.delete("/conversations/{conversation}", status_code=204, response_model=None)
def delete(
    conversation: str, house: HouseDep, answers: AnswersDep, undos: UndosDep, undo: bool = False
) -> JSONResponse | None:
    """Goes with everything attached to it. With `undo`: a token that brings it back for some seconds."""
    answers.stop(conversation)
    if undo:
        return JSONResponse(delete_conversation(house, undos, conversation))
    house.chats.delete(conversation)
    if has_files(house, conversation):
        house.library.delete(private_corpus(conversation))
    return None


@router.get("/conversations/{conversation}/export")
def export(conversation: str, house: HouseDep, form: Literal["markdown", "json"] = "markdown") -> Response:
    ending, kind = ("md", "text/markdown") if form == "markdown" else ("json", "application/json")
    disposition = f'attachment; filename="conversation-{conversation[:12]}.{ending}"'
    text = house.chats.export(conversation, form)
    return Response(text, media_type=f"{kind}; charset=utf-8", headers={"Content-Disposition": disposition})


@router.post("/conversations/{conversation}/messages", status_code=201)
def ask(conversation: str, body: Ask, house: HouseDep, answers: AnswersDep) -> dict[str, str]:
    """Stores the question, then starts its answer."""
    text = body.text.strip()
    if not text:
        raise UsageError("Type a question first.")
    corpora = searched(house, conversation, body.corpus)
    question, answer = answers.ask(conversation, text, body.parent, body.wish(corpora))
    return {"question": question, "answer": answer}


@router.post("/conversations/{conversation}/messages/{message}/again", status_code=201)
def again(conversation: str, message: str, body: Again, house: HouseDep, answers: AnswersDep) -> dict[str, str]:
    """Another answer to the same question; the earlier one stays as a branch."""
    found = house.chats.message(message)
    question = message if found["role"] == "user" else str(found["parent"])
    corpora = searched(house, conversation, body.corpus)
    return {"answer": answers.start(conversation, question, body.wish(corpora))}


@router.post("/conversations/{conversation}/stop")
def stop(conversation: str, answers: AnswersDep) -> dict[str, bool]:
    return {"stopped": answers.stop(conversation)}


@router.get("/conversations/{conversation}/events")
async def events(conversation: str, request: Request, answers: AnswersDep) -> StreamingResponse:
    """The answer under way as server-sent events; ends at once where there is none."""
    from assistant.ui.words import language_of

    return StreamingResponse(stream(answers, conversation, language_of(request)), media_type="text/event-stream")


@router.post("/messages/{message}/select")
def select(message: str, house: HouseDep) -> dict[str, bool]:
    house.chats.select(message)
    return {"selected": True}


@router.post("/messages/{message}/feedback")
def feedback(message: str, body: Feedback, house: HouseDep) -> dict[str, bool]:
    house.chats.feedback(message, body.rating, body.reason)
    return {"stored": True}


def has_files(house: House, conversation: str) -> bool:
    return private_corpus(conversation) in house.library.names(private=True)


def searched(house: House, conversation: str, corpus: str | None) -> tuple[str, ...]:
    """The chosen corpus, or all; always with the conversation's own files. NotFound for a corpus that is gone."""
    names = house.library.names()
    if corpus is not None:
        if corpus not in names:
            raise NotFound(f"There is no corpus named “{corpus}”; check the name, or create it.")
        names = [corpus]
    return (*names, private_corpus(conversation)) if has_files(house, conversation) else tuple(names)


async def stream(answers: Answers, conversation: str, language: Language = "en") -> AsyncIterator[str]:
    running = answers.running(conversation)
    if running is None:
        yield event("idle", {})
        return
    async for progress in running.watch():
        yield event("progress", as_data(progress, language))


def as_data(progress: Progress, language: Language = "en") -> dict[str, Any]:
    from assistant.ui.render import answer_html
    from assistant.ui.transcript import unborne

    return {
        "message": progress.message,
        "stage": progress.stage,
        "html": answer_html(progress.text, unborne=unborne(language)),
        "detail": progress.detail,
        "done": progress.done,
        "total": progress.total,
        "closed": progress.closed,
    }


def event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
