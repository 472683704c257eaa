"""Corpora and documents for programs: names in the path, keys held to their rights."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from assistant.api.bodies import Body
from assistant.api.corpora import CHANGES, FILE, incoming
from assistant.api.incoming import receive_file
from assistant.api.needs import HouseDep, PathName, QueryName, TurnsDep
from assistant.api.problems import refusals
from assistant.api.rights import RightsDep
from assistant.types import Question, as_dict, hit_json

router = APIRouter(prefix="/v1/corpora", tags=["corpora"], responses=refusals(400, 401, 403, 404, 422))
MOST_HITS = 1000


class Search(Body):
    query: str = Field(min_length=1, max_length=20_000)
    k: int = Field(10, ge=1, le=MOST_HITS)
    only: list[str] = Field([], max_length=1000)
    without: list[str] = Field([], max_length=1000)
    formats: list[str] = Field([], max_length=100)
    since: str = Field("", max_length=10)
    until: str = Field("", max_length=10)


@router.post("/{corpus:path}/search", responses=refusals(413, 429))
def search(corpus: PathName, body: Search, house: HouseDep, rights: RightsDep, turns: TurnsDep) -> dict[str, Any]:
    """The nearest passages, best first."""
    question = Question(
        body.query,
        (rights.check(corpus),),
        only=tuple(body.only),
        without=tuple(body.without),
        formats=tuple(body.formats),
        since=body.since,
        until=body.until,
    )
    with turns.place():
        hits = house.assistant.search(question, body.k)
    return {"hits": [hit_json(hit, text=True) | {"corpus": corpus} for hit in hits]}


@router.get("/{corpus:path}/documents")
def documents(corpus: PathName, house: HouseDep, rights: RightsDep) -> list[dict[str, Any]]:
    return [as_dict(info) for info in house.library.documents(rights.check(corpus))]


@router.post("/{corpus:path}/documents", status_code=202, responses=CHANGES, openapi_extra=FILE)
async def upload(
    corpus: PathName,
    request: Request,
    house: HouseDep,
    rights: RightsDep,
    name: QueryName,
) -> dict[str, Any]:
    """One file as the raw body; its state is in the list of documents. The password travels as X-Document-Password."""
    rights.check(corpus)
    await run_in_threadpool(house.library.documents, corpus)  # NotFound before the body is read
    password = unquote(request.headers.get("x-document-password", "")) or None
    async with receive_file(request, incoming(house), house.settings.max_upload_mb) as file:
        job = await run_in_threadpool(lambda: house.library.submit(corpus, file, name, password=password, move=True))
        jobs = await run_in_threadpool(lambda: house.library.jobs(ids=[job]))
    return {"job": job, "corpus": corpus, "document": jobs[0].document if jobs else name}


@router.delete("/{corpus:path}/documents/{document:path}", status_code=204, response_model=None, responses=CHANGES)
def delete_document(corpus: PathName, document: PathName, house: HouseDep, rights: RightsDep) -> None:
    """Gone from searches, lists and the disk when this returns."""
    house.library.delete_document(rights.check(corpus), document)


@router.delete("/{corpus:path}", status_code=204, response_model=None, responses=CHANGES)
def delete(corpus: PathName, house: HouseDep, rights: RightsDep) -> None:
    house.library.delete(rights.check(corpus))
