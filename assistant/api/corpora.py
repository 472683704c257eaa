"""Routes of corpora, documents and jobs. Names travel as query parameters: they may hold slashes."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, BackgroundTasks, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import Field

from assistant.api import undo as undoing
from assistant.api.bodies import Body
from assistant.api.house import House, private_corpus
from assistant.api.incoming import receive_file
from assistant.api.needs import FILE_BODY, NAME, HouseDep, JobId, PathName, QueryName, UndosDep
from assistant.api.problems import refusals
from assistant.api.rights import RightsDep
from assistant.errors import NotFound, UsageError
from assistant.types import as_dict

router = APIRouter(prefix="/v1", tags=["page"], responses=refusals(400, 401, 403, 404, 422))
CHANGES = refusals(409, 413, 507)
FILE = {"requestBody": FILE_BODY}
UNDONE: dict[int | str, dict[str, Any]] = CHANGES | {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "With `undo`: the token."}
}


def binary(kind: str) -> dict[int | str, dict[str, Any]]:
    """A route that answers with a file, as its entry in the OpenAPI file."""
    schema = {"type": "string", "format": "binary"}
    return {200: {"content": {kind: {"schema": schema}}, "description": "The file."}}


class Name(Body):
    name: str = Field(min_length=1, max_length=200)


class Password(Body):
    password: str | None = Field(None, max_length=1000)


class Move(Body):
    target: str = Field(min_length=1, max_length=200)


@router.get("/corpora")
def corpora(house: HouseDep, rights: RightsDep) -> list[dict[str, Any]]:
    return [as_dict(info) for info in rights.corpora(house)]


@router.post("/corpora", status_code=201, responses=CHANGES)
def create(new: Name, house: HouseDep, rights: RightsDep) -> dict[str, Any]:
    rights.check_new()
    return as_dict(house.library.create(new.name))


@router.patch("/corpora", responses=CHANGES)
def rename(name: QueryName, new: Name, house: HouseDep) -> dict[str, str]:
    before = {info.name for info in house.library.corpora()} - {name}
    house.library.rename(name, new.name)
    after = {info.name for info in house.library.corpora()} - before
    return {"name": after.pop() if len(after) == 1 else new.name}


@router.delete("/corpora", status_code=204, response_model=None, responses=UNDONE)
def delete(name: QueryName, house: HouseDep, undos: UndosDep, undo: bool = False) -> JSONResponse | None:
    """With `undo`: a token that brings the corpus back for some seconds (`POST /v1/undo`)."""
    if undo:
        return JSONResponse(undoing.delete_corpus(house, undos, name))
    house.library.delete(name)
    return None


@router.get("/corpora/export", response_class=FileResponse, responses=binary("application/zip") | refusals(507))
def export(name: QueryName, after: BackgroundTasks, house: HouseDep) -> FileResponse:
    target = incoming(house) / f"{os.getpid()}-{secrets.token_hex(8)}.zip"
    try:
        house.library.export(name, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    after.add_task(target.unlink, missing_ok=True)
    return FileResponse(target, media_type="application/zip", filename=f"{name}.zip", background=after)


@router.post("/corpora/import", status_code=201, responses=CHANGES, openapi_extra=FILE)
async def import_(
    request: Request, house: HouseDep, name: Annotated[str | None, Query(max_length=NAME)] = None
) -> dict[str, Any]:
    """One archive as the raw body."""
    from starlette.concurrency import run_in_threadpool

    async with receive_file(request, incoming(house), house.settings.max_upload_mb) as file:
        info = await run_in_threadpool(house.library.import_, file, name or None)
    return as_dict(info)


@router.get("/documents")
def documents(corpus: QueryName, house: HouseDep) -> list[dict[str, Any]]:
    return [as_dict(info) for info in house.library.documents(corpus)]


@router.post("/documents", status_code=202, responses=CHANGES, openapi_extra=FILE)
async def upload(
    request: Request,
    house: HouseDep,
    name: QueryName,
    corpus: Annotated[str | None, Query(max_length=NAME)] = None,
    conversation: Annotated[str | None, Query(max_length=NAME)] = None,
) -> dict[str, Any]:
    """One file as the raw body, into a corpus, or privately into a conversation. The password travels as a header."""
    from starlette.concurrency import run_in_threadpool

    target = await run_in_threadpool(target_corpus, house, corpus, conversation)
    password = unquote(request.headers.get("x-document-password", "")) or None
    async with receive_file(request, incoming(house), house.settings.max_upload_mb) as file:
        job = await run_in_threadpool(lambda: house.library.submit(target, file, name, password=password, move=True))
        jobs = await run_in_threadpool(lambda: house.library.jobs(ids=[job]))
    return {"job": job, "corpus": target, "document": jobs[0].document if jobs else name}


@router.get("/documents/show")
def show(corpus: QueryName, name: QueryName, house: HouseDep) -> dict[str, Any]:
    return house.library.show(corpus, name)


@router.delete("/documents", status_code=204, response_model=None, responses=UNDONE)
def delete_document(
    corpus: QueryName, name: QueryName, house: HouseDep, undos: UndosDep, undo: bool = False
) -> JSONResponse | None:
    """With `undo`: a token that brings the document back for some seconds (`POST /v1/undo`)."""
    if undo:
        return JSONResponse(undoing.delete_document(house, undos, corpus, name))
    house.library.delete_document(corpus, name)
    return None


@router.post("/undo/{token}", responses=CHANGES)
def undo_(token: PathName, undos: UndosDep) -> dict[str, Any]:
    """Takes a deletion back; what came back. NotFound when its time is over."""
    return undos.back(token)


@router.post("/documents/move", responses=CHANGES)
def copy_document(corpus: QueryName, name: QueryName, to: Move, house: HouseDep) -> dict[str, int]:
    """Adds an attached file to a corpus too; it stays with its conversation."""
    original = house.library.original(corpus, name)
    return {"job": house.library.submit(to.target, original, name)}


@router.get("/documents/original", response_class=FileResponse, responses=binary("application/octet-stream"))
def original(corpus: QueryName, name: QueryName, house: HouseDep) -> FileResponse:
    """The uploaded file, always as a download: a document is never run as a page of this site."""
    path = house.library.original(corpus, name)
    disposition = f"attachment; filename*=UTF-8''{quote(Path(name).name)}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


@router.get("/documents/page", response_class=Response, responses=binary("image/png") | refusals(413))
def page(
    corpus: QueryName,
    name: QueryName,
    house: HouseDep,
    page: int = Query(ge=1, le=1_000_000),
    scale: float = Query(1.5, ge=0.5, le=4),
) -> Response:
    """PNG of one page; `scale` is pixels per point."""
    image = house.library.page_image(corpus, name, page, scale)
    return Response(image, media_type="image/png", headers={"Cache-Control": "private, no-cache"})


@router.get("/jobs")
def jobs(house: HouseDep, corpus: Annotated[str | None, Query(max_length=NAME)] = None) -> list[dict[str, Any]]:
    return [as_dict(job) for job in house.library.jobs(corpus)]


@router.post("/jobs/{job}/cancel", responses=CHANGES)
def cancel(job: JobId, house: HouseDep) -> dict[str, bool]:
    house.library.cancel(job)
    return {"cancelled": True}


@router.post("/jobs/{job}/retry", responses=CHANGES)
def retry(job: JobId, body: Password, house: HouseDep) -> dict[str, bool]:
    house.library.retry(job, password=body.password or None)
    return {"queued": True}


def incoming(house: House) -> Path:
    """Where bodies land before the library takes them, and archives before they leave."""
    folder = house.settings.home / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def target_corpus(house: House, corpus: str | None, conversation: str | None) -> str:
    if conversation is None and corpus is not None:
        if not any(info.name == corpus for info in house.library.corpora(private=True)):
            raise NotFound(f"There is no corpus named “{corpus}”; check the name, or create it.")
        return corpus
    if conversation is None:
        raise UsageError("Say which corpus the file is for.")
    house.chats.get(conversation)  # NotFound for a conversation that is gone
    name = private_corpus(conversation)
    if not any(info.name == name for info in house.library.corpora(private=True)):
        house.library.create(name, private=True)
    return name
