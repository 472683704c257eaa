"""The room of prompts: what a model is told before the question, in versions to read, compare, add to and try."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import Field

from assistant.api.bodies import Body
from assistant.api.needs import HouseDep
from assistant.seams import PromptText
from assistant.ui.templating import render
from assistant.ui.words import language_of

router = APIRouter(default_response_class=HTMLResponse)
KINDS = ("persona", "system", "contract")
MOST_PIECES = 6000
"""Words of a text up to which versions are compared by words, else by lines."""
_WORD = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]|[^\s\u3400-\u9fff\uff00-\uffef\u3000-\u303f]+|\s+")


class NewPrompt(Body):
    name: str = Field(max_length=60)
    language: Literal["en", "zh"]
    kind: Literal["system", "persona", "contract"]
    title: str = Field("", max_length=120)
    text: str = Field(max_length=60_000)


@router.get("/prompts")
def room(
    request: Request,
    house: HouseDep,
    name: str = "",
    language: Literal["en", "zh", ""] = "",
    version: int = 0,
    against: int = 0,
) -> str:
    """The list, one prompt, and, where `against` names another of its versions, what differs."""
    tongue = language_of(request)
    every = house.prompts.list()
    one = found(every, name or house.settings.persona, language or tongue, version)
    versions = [prompt for prompt in every if one and (prompt.name, prompt.language) == (one.name, one.language)]
    other = next((prompt for prompt in versions if one and prompt.version == against != one.version), None)
    return render(
        "prompts",
        tongue,
        kinds=by_kind(every),
        one=one,
        versions=versions,
        other=other,
        pieces=differences(other.text, one.text) if one and other else [],
        models=house.brains[1:],
    )


@router.post("/prompts")
def save(new: NewPrompt, house: HouseDep) -> Response:
    """Stores the text as the next version of its name; no version is ever overwritten."""
    made = house.prompts.save(new.name.strip(), new.language, new.kind, new.text, new.title)
    return JSONResponse({"name": made.name, "language": made.language, "version": made.version}, 201)


def found(every: Sequence[PromptText], name: str, language: str, version: int) -> PromptText | None:
    """The version asked for, else the newest of its name, in the language where it is there; else the first of all."""
    named = [prompt for prompt in every if prompt.name == name] or list(every)
    fit = sorted(named, key=lambda p: (p.language != language, p.version != version, -p.version))
    return fit[0] if fit else None


def by_kind(every: Sequence[PromptText]) -> list[tuple[str, list[PromptText]]]:
    """The newest version of each name and language, under its kind."""
    ordered = sorted(every, key=lambda p: (KINDS.index(p.kind), p.name, p.language, -p.version))
    firsts = [next(group) for _, group in groupby(ordered, key=lambda p: (p.kind, p.name, p.language))]
    return [(kind, list(group)) for kind, group in groupby(firsts, key=lambda p: p.kind)]


def differences(before: str, after: str) -> list[tuple[str, str]]:
    """The text of both in order, as (sign, piece): "=" stands in both, "-" in the first, "+" in the second.

    Blanks between two changes belong to them, so that what was added reads as one.

    >>> differences("Be brief.", "Be very brief.")
    [('=', 'Be '), ('+', 'very '), ('=', 'brief.')]
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    if max(len(old), len(new)) > MOST_PIECES:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    pieces: list[tuple[str, str]] = []
    out, into = "", ""
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        same = "".join(old[a:b])
        if kind != "equal" or ((out or into) and same.isspace()):
            out, into = out + same, into + "".join(new[c:d])
            continue
        pieces += _changed(out, into)
        pieces.append(("=", same))
        out, into = "", ""
    return pieces + _changed(out, into)


def _changed(out: str, into: str) -> list[tuple[str, str]]:
    return [(sign, text) for sign, text in (("-", out), ("+", into)) if text and out != into]
