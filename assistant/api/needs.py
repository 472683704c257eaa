"""What routes depend on, kept in the application's state."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

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


TurnsDep = Annotated[Turns, Depends(need_turns)]
MetricsDep = Annotated[Metrics, Depends(need_metrics)]
HouseDep = Annotated[House, Depends(need_house)]
AnswersDep = Annotated[Answers, Depends(need_answers)]
UndosDep = Annotated[Undos, Depends(need_undos)]
