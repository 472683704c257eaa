"""`thickshell replay`: a stored answer's question asked again, and what differs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

from assistant.cli.state import emit, say, show, state
from assistant.errors import NotFound, UsageError
from assistant.types import Answer, Draw, Question

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.wiring import House

PASSING = frozenset({"usage", "cost", "stopped"})
"""Fields of a receipt that decide nothing."""


def replay(
    context: typer.Context,
    message: str = typer.Argument(..., help="Id of an answer, as exports and the page's receipts show it."),
    brain: str = typer.Option("", "--brain", help="Another brain than the receipt's."),
) -> None:
    """Ask the question of a stored answer again, as its receipt says, and show what differs."""
    from assistant.wiring import House

    with state(context).house() as house:
        stored = answer_of(house, message)
        question = question_of(house, message, stored, brain)
        again = House(settings_of(house.settings, stored))
        try:
            answer = again.assistant.answer(question)
        finally:
            again.close()
    row = compared(message, stored, answer)
    if state(context).json:
        emit(row)
    else:
        _show(row)


def answer_of(house: House, message: str) -> dict[str, Any]:
    """The stored answer with its receipt; NotFound, or UsageError for a message that has none."""
    stored = house.chats.message(message)["answer"]
    if not stored or not stored.get("receipt"):
        raise UsageError(f"The message {message} has no receipt to go by; give the id of a whole answer.")
    return dict(stored)


def question_of(house: House, message: str, stored: Mapping[str, Any], brain: str = "") -> Question:
    """The question as it was asked, in the same conversation, over the same corpora. NotFound: one is gone."""
    receipt = stored["receipt"]
    filters = receipt["filters"]
    there = {info.name for info in house.library.corpora(private=True)}
    for corpus in filters["corpora"]:
        if corpus not in there:
            raise NotFound(f"There is no corpus named “{corpus}”; check the name, or create it.")
    asked = str(house.chats.message(message)["parent"])
    return Question(
        text=stored["question"],
        corpora=tuple(filters["corpora"]),
        only=tuple(filters["only"]),
        without=tuple(filters["without"]),
        formats=tuple(filters["formats"]),
        since=filters.get("since", ""),
        until=filters.get("until", ""),
        history=house.chats.history(asked),
        tier=receipt["tier"],
        always_answer=filters["always_answer"],
        brain=brain or receipt["brain"],
        persona=receipt.get("persona", ""),
        draw=draw_of(receipt),
    )


def draw_of(receipt: Mapping[str, Any]) -> Draw | None:
    """The sampling of a receipt; None where no model was asked."""
    sampling = (receipt.get("scores") or {}).get("sampling")
    return Draw(**sampling | {"stop": tuple(sampling["stop"])}) if sampling else None


def settings_of(settings: Settings, stored: Mapping[str, Any]) -> Settings:
    """The settings, allowing as many tokens as the receipt's sampling."""
    sampling = (stored["receipt"].get("scores") or {}).get("sampling")
    if not sampling:
        return settings
    return settings.model_copy(update={"model_tokens": max(settings.model_tokens, sampling["max_tokens"])})


def compared(message: str, stored: Mapping[str, Any], again: Answer) -> dict[str, Any]:
    """{"message", "same" text, "same_receipt", "before", "after", "diff", "receipt": {field: [before, after]}}."""
    before, after = flat(stored["receipt"]), flat(again.receipt)
    changed = {
        name: [before.get(name), after.get(name)]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
    old, new = str(stored["answer"]), again.answer
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "after", lineterm="")
    return {
        "message": message,
        "same": old == new,
        "same_receipt": stored["receipt_id"] == again.receipt_id,
        "before": old,
        "after": new,
        "diff": list(lines),
        "receipt": changed,
    }


def flat(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by their path, lists whole, passages by their ids and scores: `parts.encoder`, `passages`."""
    return dict(_flat({name: value for name, value in receipt.items() if name not in PASSING}, ""))


def _flat(value: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}", inner


def _show(row: dict[str, Any]) -> None:
    say("The answer is the same." if row["same"] else "The answer differs.")
    for line in row["diff"]:
        show(line)
    for name, (before, after) in row["receipt"].items():
        show(f"{name}: {_short(before)} -> {_short(after)}")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"
