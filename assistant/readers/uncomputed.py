"""Where an answer would have to be computed from a table: said in one sentence, never guessed by a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.answering.language import Language
from assistant.answering.terms import terms
from assistant.answering.wording import say
from assistant.planning.calculation import Need, needed, one_cell, states
from assistant.readers.across import foreign
from assistant.readers.cells import TableOf, tables_near
from assistant.readers.cues import wanted
from assistant.types import Claim, Draft, Hit, Question, Table

NEAR = 3  # passages among which the table must be that is shown instead of an answer


def refused(
    question: Question, draft: Draft, hits: Sequence[Hit], table_of: TableOf, tongue: Language
) -> tuple[Draft, tuple[Hit, ...], str] | None:
    """The draft as an abstention, the passages with the nearest table first, and the sentence to say; None where the
    answer may stand: it is prose, or a cell whose row, column or table is named after what was asked for."""
    need = needed(question.text)
    if question.always_answer:
        return None
    if need == "arithmetic":
        return _abstained(draft, need), tuple(hits), say("no_arithmetic", tongue)
    claim = draft.claims[0] if draft.claims and not draft.abstained else None
    own = _table(claim, table_of) if claim else None
    if claim and own and not _number_for_words(question.text, claim):
        need = need or "count"
    elif need is None and claim is None and _selects(question.text, hits, table_of):
        need = "count"
    elif need is None or (claim and _stands(question.text, need, claim, own, draft)):
        return None
    shown = _shown(question.text, hits, table_of, own)
    if shown is None:
        return (_abstained(draft, need), tuple(hits), "") if own else None
    number, table = shown
    first = (hits[number], *hits[:number], *hits[number + 1 :])
    return _abstained(draft, need), first, _sentence(table, hits[number].passage.document, tongue)


def _abstained(draft: Draft, need: Need) -> Draft:
    return replace(draft, abstained=True, value=None, unit=None, details=draft.details | {"needs": need})


def _sentence(table: Table, document: str, tongue: Language) -> str:
    name = table.sheet or table.name
    return say("no_sums" if name else "no_sums_unnamed", tongue, table=name, document=document)


def _table(claim: Claim, table_of: TableOf) -> Table | None:
    span = claim.spans[0]
    return table_of(span.passage, span.start)


def _number_for_words(question: str, claim: Claim) -> bool:
    """Whether a cell fits the question at all: how many is not answered by a name."""
    bold = re.search(r"\*\*(.+?)\*\*", claim.text)
    return wanted(question) != "number" or bold is None or bool(re.search(r"[\d一二三四五六七八九十百千万]", bold[1]))


def _stands(question: str, need: Need, claim: Claim, own: Table | None, draft: Draft) -> bool:
    """Whether an answer states what was asked for, and is not just near it."""
    if own is None:
        return True
    if states(need, claim.text):
        return True
    if need in ("sum", "mean") and states(
        need, f"{own.name} {claim.spans[0].passage.context.partition('header: ')[0]}"
    ):
        return True
    return one_cell(question, need) and bool(draft.details.get("looked_up")) and draft.value is not None


def _shown(question: str, hits: Sequence[Hit], table_of: TableOf, own: Table | None) -> tuple[int, Table] | None:
    """The place of the near passage whose table has most of what the question asks about, and the table."""
    found = []
    for number, hit in enumerate(hits[:NEAR]):
        table = table_of(hit.passage, hit.passage.end - 1)
        if table is None:
            continue
        met = _met(question, table)
        if met or table == own or (number == 0 and foreign(question, table)):
            found.append((-met, number, table))
    return min(found, key=lambda row: row[:2])[1:] if found else None


def _met(question: str, table: Table) -> int:
    """How many columns of a table the question speaks of."""
    asked = terms(question)
    return sum(bool(terms(name) & asked) for name in table.header)


def _selects(question: str, hits: Sequence[Hit], table_of: TableOf) -> bool:
    """Whether a question asks which row of a near table fulfils something ("Which month had no delays?")."""
    found = re.search(r"\b(?:which|what) (\w+)\b", question, re.IGNORECASE)
    wanted_row = terms(found[1]) if found else frozenset()
    tables = [table for table in tables_near(hits[:NEAR], table_of) if table.header]
    return any(wanted_row and wanted_row == terms(table.header[0]) and _met(question, table) > 1 for table in tables)
