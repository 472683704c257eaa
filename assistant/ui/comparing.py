"""Two answers to one question side by side, and which of them a person finds better."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import Field

from assistant.api.bodies import Body
from assistant.api.house import House
from assistant.api.needs import HouseDep
from assistant.errors import UsageError
from assistant.ui.templating import render
from assistant.ui.transcript import Shown, message
from assistant.ui.ways import ways
from assistant.ui.words import Language, language_of

router = APIRouter(default_response_class=HTMLResponse)


class Better(Body):
    better: str = Field(max_length=200)
    worse: str = Field(max_length=200)


@router.get("/compare")
def compare(request: Request, house: HouseDep, message: str, against: str = "") -> str:
    """An answer beside another one to the same question (the one before it, unless `against` names one), and the ways
    in which the question can be asked once more."""
    language = language_of(request)
    one = shown(house, message, language)
    others = [sibling for sibling in one.siblings if sibling != message]
    other = against if against in others else one.before or one.after
    pair = sorted([one, shown(house, other, language)], key=lambda m: m.version) if other else [one]
    return render("compare", language, one=one, pair=pair, others=others, ways=ways(house.brains, language))


@router.post("/better")
def better(choice: Better, house: HouseDep) -> Response:
    """Kept as a rating of the better answer, with the receipts of both; a rating of the other is taken back."""
    one, other = house.chats.message(choice.better), house.chats.message(choice.worse)
    if one["parent"] != other["parent"] or one["id"] == other["id"] or not (one["answer"] and other["answer"]):
        raise UsageError("Two whole answers to one question can be compared; choose such a pair.")
    receipts = [row["answer"].get("receipt_id", "") for row in (one, other)]
    house.chats.feedback(choice.worse, "")
    house.chats.feedback(choice.better, "up", f"better: {receipts[0]}, than: {receipts[1]}")
    return JSONResponse({"stored": True})


def shown(house: House, name: str, language: Language) -> Shown:
    return message(house.chats.message(name), language, None, False)
