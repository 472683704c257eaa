"""`thickshell ask` and `thickshell search`: one question, or many from JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assistant.cli.state import emit, say, show, state
from assistant.errors import NotFound, ThickshellError, UsageError
from assistant.types import Answer, Hit, Question, Turn, hit_json

if TYPE_CHECKING:
    from assistant.wiring import House

CORPUS = typer.Option(None, "--corpus", help="Corpus to look in; lines of --questions may name their own.")
QUESTIONS = typer.Option(
    None, "--questions", metavar="FILE.jsonl|-", help="Questions as JSON lines; - reads standard input."
)
ONLY = typer.Option([], "--only", help="Look only in this document (may be given several times).")
GROUNDED = 3
"""The first tier that reads documents; those below need no corpus."""
TIER = typer.Option(None, "--tier", min=1, max=4, help="1 raw, 2 prompted, 3 grounded, 4 tuned.")
BRAIN = typer.Option("", "--brain", help="What answers: embedded, or the model's name (default: the setting brain).")
PERSONA = typer.Option("", "--persona", help="Prompt that tiers 2 and up begin with (default: the setting persona).")
WITHOUT = typer.Option([], "--without", help="Hide this document (may be given several times).")


def ask(
    context: typer.Context,
    question: str | None = typer.Argument(None, metavar="[Q]"),
    corpus: str | None = CORPUS,
    tier: int | None = TIER,
    brain: str = BRAIN,
    persona: str = PERSONA,
    always_answer: bool = typer.Option(
        False, "--always-answer", help="Never abstain (for scores that count it as wrong)."
    ),
    questions: str | None = QUESTIONS,
    only: list[str] = ONLY,
    without: list[str] = WITHOUT,
) -> None:
    """Ask the documents; every claim comes with its source."""
    _one_of(question, questions)
    with state(context).house() as house:

        def answer(row: dict[str, Any]) -> dict[str, Any]:
            asked = _question(row, corpus, only, without, tier or house.settings.tier, always_answer)
            asked = replace(asked, brain=brain, persona=persona)
            return _shown(context, house.assistant.answer(asked), row)

        _run(context, house, question, questions, answer)


def search(
    context: typer.Context,
    question: str | None = typer.Argument(None, metavar="[Q]"),
    corpus: str | None = CORPUS,
    k: int = typer.Option(10, "-k", min=1, max=1000, help="How many passages."),
    questions: str | None = QUESTIONS,
    only: list[str] = ONLY,
    without: list[str] = WITHOUT,
) -> None:
    """Find the passages nearest to a question."""
    _one_of(question, questions)
    with state(context).house() as house:

        def found(row: dict[str, Any]) -> dict[str, Any]:
            hits = house.assistant.search(_question(row, corpus, only, without), k)
            if not state(context).json and "id" not in row:
                _show_hits(hits)
            return _keyed(row) | {"hits": [hit_json(hit, text=True) for hit in hits]}

        _run(context, house, question, questions, found)


def _run(
    context: typer.Context,
    house: House,
    question: str | None,
    file: str | None,
    work: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Each question in order; a line that fails writes its error in its place, and the exit code is 1."""
    if question is not None:
        row = work({"question": question})
        if state(context).json:
            emit(row)
        return
    failures = 0
    for number, row in enumerate(read_questions(file or "-"), 1):
        try:
            if "error" in row:
                raise UsageError(str(row["error"]))
            emit(work(row))
        except ThickshellError as error:
            failures += 1
            emit(_keyed(row) | {"error": str(error)})
        if number % 100 == 0:
            say(f"{number} questions done")
    if failures:
        raise typer.Exit(1)


def _one_of(question: str | None, file: str | None) -> None:
    if (question is None) == (file is None):
        raise UsageError(
            'Give one question in quotes, or --questions FILE. Example: thickshell ask "How long?" --corpus NAME'
        )


def read_questions(file: str) -> Iterator[dict[str, Any]]:
    """The rows of a JSON lines file or standard input; a bad line comes as {"id", "question", "error"}."""
    if file != "-" and not Path(file).is_file():
        raise NotFound(f"{file} does not exist; give a file of JSON lines, or - for standard input.")
    with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            if not raw.strip():
                continue
            try:
                row = json.loads(raw)
                if not isinstance(row, dict) or not isinstance(row.get("question"), str):
                    raise ValueError('it needs "id" and "question"')
            except ValueError as error:
                row = {"id": str(number), "question": "", "error": f"Line {number} is not a question: {error}."}
            yield {"id": str(number), **row}


def _question(
    row: dict[str, Any],
    corpus: str | None,
    only: list[str],
    without: list[str],
    tier: int = 3,
    always_answer: bool = False,
) -> Question:
    name = row.get("corpus") or corpus
    if not name and tier >= GROUNDED:
        raise UsageError("Name the corpus with --corpus NAME.")
    history = tuple(Turn(turn["role"], str(turn["content"])) for turn in row.get("history") or ())
    return Question(
        text=row["question"],
        corpora=(name,) if name else (),
        only=(*only, *(row.get("only") or ())),
        without=(*without, *(row.get("without") or ())),
        history=history,
        tier=tier,
        always_answer=always_answer,
    )


def _keyed(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row.get("id", ""), "question": row["question"]}


def _shown(context: typer.Context, answer: Answer, row: dict[str, Any]) -> dict[str, Any]:
    if not state(context).json and "id" not in row:
        show(answer.answer)
        show_notes_and_sources(answer)
    return answer.as_json() | ({"id": row["id"]} if "id" in row else {})


def show_notes_and_sources(answer: Answer) -> None:
    """What stands below an answer's text."""
    for note in answer.notes:
        show(f"({note})")
    for citation in answer.citations:
        place = citation.document + (f", page {citation.page}" if citation.page else "")
        show(f"  [{citation.n}] {place}")


def _show_hits(hits: list[Hit]) -> None:
    for hit in hits:
        place = hit.passage.document + (f", page {hit.passage.page}" if hit.passage.page else "")
        show(f"{hit.rank:>3}  {hit.score:.3f}  {place}")
        show("     " + " ".join(hit.passage.text.split())[:160])
    if not hits:
        show("Nothing found.")
