"""What routes depend on, kept in the application's state."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request

from assistant.api.answers import Answers
from assistant.api.house import House
from assistant.api.metrics import Metrics
from assistant.api.turns import Turns
from assistant.api.undo import Undos


def need_house(request: Request) -> House:
    return cast(House, request.app.state.house)


def need_answers(request: Request) -> Answers:
    return cast(Answers, request.app.state.answers)


def need_undos(request: Request) -> Undos:
    return cast(Undos, request.app.state.undos)


def need_turns(request: Request) -> Turns:
    return cast(Turns, request.app.state.turns)


def need_metrics(request: Request) -> Metrics:
    return cast(Metrics, request.app.state.metrics)


NAME = 1000
"""Characters of a name of a corpus, document, job or undo token in an address."""
QueryName = Annotated[str, Query(min_length=1, max_length=NAME)]
PathName = Annotated[str, Path(min_length=1, max_length=NAME)]
JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]
FILE_BODY = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    "required": True,
}
"""The OpenAPI file's word for a body that is a file, of at most `max_upload_mb`."""


TurnsDep = Annotated[Turns, Depends(need_turns)]
MetricsDep = Annotated[Metrics, Depends(need_metrics)]
HouseDep = Annotated[House, Depends(need_house)]
AnswersDep = Annotated[Answers, Depends(need_answers)]
UndosDep = Annotated[Undos, Depends(need_undos)]
