"""Messages of a conversation as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from assistant.ui import made
from assistant.ui.evidence import NEAREST
from assistant.ui.render import answer_html
from assistant.ui.sentences import translated
from assistant.ui.words import Language, say


@dataclass(frozen=True, slots=True)
class Shown:
    """One message. `version` counts from 1 among its siblings; `body` is safe HTML."""

    id: str
    parent: str
    role: str
    state: str
    text: str
    body: Markup
    siblings: tuple[str, ...]
    version: int
    rating: str
    answer: Mapping[str, Any] | None
    sources: int
    near: tuple[Mapping[str, Any], ...]
    summary: str
    understood: str
    only: tuple[str, ...]  # documents the question was restricted to
    made: str  # who made the answer, from what
    notes: tuple[str, ...]  # what a reader must know of it
    last: bool

    @property
    def before(self) -> str:
        return self.siblings[self.version - 2] if self.version > 1 else ""

    @property
    def after(self) -> str:
        return self.siblings[self.version] if self.version < len(self.siblings) else ""


def messages(rows: Iterable[Mapping[str, Any]], language: Language, running: str | None) -> list[Shown]:
    """`running`: the message that is being written now; other partial ones were cut off."""
    listed = list(rows)
    return [message(row, language, running, row is listed[-1]) for row in listed]


def message(row: Mapping[str, Any], language: Language, running: str | None, last: bool) -> Shown:
    answer = row.get("answer")
    siblings = tuple(row.get("siblings") or ()) or (row["id"],)
    feedback = row.get("feedback") or {}
    state = str(row.get("state", "done"))
    if state == "partial":
        state = "running" if row["id"] == running else "cut"
    near = nearest(answer) if answer and answer.get("abstained") else ()
    return Shown(
        id=row["id"],
        parent=row.get("parent") or "",
        role=row["role"],
        state=state,
        text=row.get("content") or "",
        body=Markup(body(row, answer, language)),  # noqa: S704  # cleaned by nh3 in render.py
        siblings=siblings,
        version=siblings.index(row["id"]) + 1 if row["id"] in siblings else 1,
        rating=feedback.get("rating", ""),
        answer=answer,
        sources=len(answer.get("citations") or ()) if answer else 0,
        near=near,
        summary=summary(answer, language) if answer else "",
        understood=understood(row),
        only=only(answer),
        made=made.caption(answer, language) if answer else "",
        notes=made.notes(answer, language) if answer else (),
        last=last,
    )


def body(row: Mapping[str, Any], answer: Mapping[str, Any] | None, language: Language) -> str:
    if row["role"] == "user":
        return ""
    styled = answer is not None and made.spoke(answer)
    checked = answer is not None and made.spoke(answer) and not made.scores(answer).get("unchecked")
    cited = {c["n"]: bool(c.get("quoted", True)) for c in (answer or {}).get("citations") or ()}
    chips = {n: chip(row["id"], n, quoted, language) for n, quoted in cited.items()}
    text = str(row.get("content") or "")
    shown = text if answer else problem_last(text, language)
    return answer_html(shown, chips, styled=styled, unborne=unborne(language) if checked or not answer else "")


def problem_last(text: str, language: Language) -> str:
    """An unfinished answer ends with the sentence that says why, on a line of its own where more was written."""
    written, gap, sentence = text.rpartition("\n")
    return written + gap + translated(sentence, language)


def chip(message: str, n: int, quoted: bool, language: Language) -> Markup:
    """The button that opens source `n`; an inferred one carries a sign of its own."""
    label = say("source" if quoted else "source_inferred", language, n=n)
    sign = Markup("") if quoted else Markup('<span class="sign" aria-hidden="true">≈</span>')
    return Markup(
        '<button type="button" class="cite{}" data-act="cite" data-message="{}" data-n="{}" '
        'aria-label="{}" title="{}">{}{}</button>'
    ).format("" if quoted else " inferred", message, n, label, label, sign, n)


def unborne(language: Language) -> Markup:
    """The mark behind a sentence that the documents do not bear out: a sign and words, for the ear as well."""
    return Markup(
        '<span class="unborne" title="{full}"><span aria-hidden="true">? {short}</span>'
        '<span class="sr">{full}</span></span>'
    ).format(full=say("unborne_full", language), short=say("unborne", language))


def understood(row: Mapping[str, Any]) -> str:
    """The question that was searched for, where it is not the one that was typed."""
    answer = row.get("answer") or {}
    searched = str(answer.get("searched") or "")
    return searched if searched != answer.get("question") else ""


def only(answer: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple((((answer or {}).get("receipt") or {}).get("filters") or {}).get("only") or ())


def nearest(answer: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    hits = (answer.get("hits") or ())[:NEAREST]
    return tuple({"document": hit["document"], "page": hit.get("page")} for hit in hits)


def summary(answer: Mapping[str, Any], language: Language) -> str:
    """One line on what was done: passages read, sources, seconds."""
    parts = []
    scores = (answer.get("receipt") or {}).get("scores") or {}
    sent = (scores.get("prompt") or {}).get("sent")  # what a model was given; the embedded reader says it itself
    if read := int(scores.get("read") or len(sent or answer.get("hits") or ())):
        parts.append(say("read_n", language, n=read))
    if count := len(answer.get("citations") or ()):
        parts.append(say("source_1", language) if count == 1 else say("sources_n", language, n=count))
    if total := (answer.get("timings_ms") or {}).get("total"):
        parts.append(say("seconds", language, n=f"{max(total / 1000, 0.1):.1f}"))
    return " · ".join(parts)
