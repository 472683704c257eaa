"""Answers from table rows: the cell that answers, under its header, in its row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.answering.compose import one_line
from assistant.answering.language import count_words
from assistant.answering.terms import terms
from assistant.seams import PassageStore
from assistant.types import Cell, Claim, Hit, Passage, Span, Table

TableOf = Callable[[Passage, int], Table | None]
"""(passage, offset in the document) -> the table that stands there, if any."""


def no_table(_passage: Passage, _offset: int) -> Table | None:
    return None


def row_claim(
    question: str,
    passage: Passage,
    row: tuple[int, int],
    bold: tuple[int, int] | None,
    table: Table,
    words: int,
    *,
    guess: bool = True,
) -> tuple[Claim, str]:
    """The claim for a row (offsets in the document) and the cell that answers, as written.

    "Row label, Header: **cell**" where one cell stands out, else the row's cells under their headers. The
    span is the row's own text; `bold` is a place inside the answering cell where a reader found one. `guess`: without
    it, the cell whose header shares most words with the question.
    """
    cells = _cells(table, row)
    span = Span(passage, *row)
    if not cells:
        return Claim(one_line(span.quote), (span,)), one_line(span.quote)
    answer = _at(cells, bold) or (_asked(question, cells, table) if guess else None)
    if answer is None:
        text = "; ".join(_named(cell, table) for cell in cells if cell.text)
        return Claim(_cut(text, words), (span,)), ""
    label = next((cell for cell in cells if cell.text), answer)
    if label is answer and len(cells) > 1:  # the row's own name says little without its row
        rest = "; ".join(_named(cell, table) for cell in cells if cell.text and cell is not answer)
        return Claim(_cut(f"{_bold(answer, table)}; {rest}", words), (span,)), answer.text
    left = f"{label.text}{', ' if header_of(answer, table) else ': '}" if label is not answer else ""
    return Claim(left + _bold(answer, table), (span,)), answer.text


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A row whose label the question names, in passage number `hit`, and the cell under the header it names, if one is.

    `row`: offsets in the document.
    """

    hit: int
    table: Table
    row: tuple[int, int]
    cell: Cell | None


def look_up(question: str, hits: Sequence[Hit], table_of: TableOf) -> LookedUp | None:
    """The row and cell that a question names by their own words; None where no row, or more than one, is named."""
    asked = terms(question)
    for table in tables_near(hits, table_of):
        rows = named_rows(table, question)
        if len(rows) == 1 and (found := located(hits, table, rows[0], _named_column(table, rows[0], asked), table_of)):
            return found
    return None


def located(
    hits: Sequence[Hit], table: Table, row: Sequence[Cell], cell: Cell | None, table_of: TableOf
) -> LookedUp | None:
    """A row with the number of the passage it stands in; None where no passage holds it whole."""
    start, end = row[0].start, row[-1].end
    for number, hit in enumerate(hits):
        if hit.passage.start <= start and end <= hit.passage.end and table_of(hit.passage, start) == table:
            return LookedUp(number, table, (start, end), cell)
    return None


def tables_near(hits: Sequence[Hit], table_of: TableOf) -> list[Table]:
    """The tables of the passages, nearest first, each once."""
    found: list[Table] = []
    for hit in hits:
        table = table_of(hit.passage, hit.passage.end - 1)
        if table is not None and table not in found:
            found.append(table)
    return found


def _names(question: str, label: str) -> bool:
    """Whether a question holds a label: its content words in any form, others ("May") as they are written."""
    rest = [word for word in re.findall(r"[^\W_]+", label) if not terms(word) and not word.islower()]
    written = set(re.findall(r"[^\W_]+", question))
    return bool(terms(label) or rest) and terms(label) <= terms(question) and written.issuperset(rest)


def body_rows(table: Table) -> list[list[Cell]]:
    """The cells of each row below the header."""
    rows: dict[int, list[Cell]] = {}
    for cell in table.cells:
        if cell.row > table.header_rows:
            rows.setdefault(cell.row, []).append(cell)
    return list(rows.values())


def label_of(row: Sequence[Cell]) -> str:
    """What a row is called: its first cell that is no number; "" where all are."""
    return next((cell.text for cell in row if cell.text and not isinstance(cell.value, int | float)), "")


def named_rows(table: Table, question: str) -> list[list[Cell]]:
    """The rows whose label the question names in full; of several, those with the longest label."""
    met = [row for row in body_rows(table) if (label := label_of(row)) and _names(question, label)]
    longest = max((len(label_of(row).split()) for row in met), default=0)
    return [row for row in met if len(label_of(row).split()) == longest]


def _named_column(table: Table, row: Sequence[Cell], asked: frozenset[str]) -> Cell | None:
    """The cell whose header the question names: most words, then the smallest rest; None where two are alike."""
    name = label_of(row)
    label = next((cell for cell in row if cell.text == name), None)
    left = asked - terms(name)
    scored = []
    for cell in row:
        head = terms(header_of(cell, table))
        if cell is not label and cell.text and head & left:
            scored.append((len(head & left), len(head & left) / len(head), cell))
    scored.sort(key=lambda row: row[:2], reverse=True)
    if not scored or (len(scored) > 1 and scored[0][:2] == scored[1][:2]):
        return None
    return scored[0][2]


def is_title(passage: Passage, place: int, table_of: TableOf) -> bool:
    """Whether a place (offset in the document) lies in the name of a sheet that stands above its table: "2025" over the
    months of that year names what is below, and answers nothing."""
    if passage.table is None or table_of(passage, place) is not None:
        return False
    at = place - passage.start
    first, last = passage.text.rfind("\n", 0, at) + 1, passage.text.find("\n", at)
    if last < 0:
        return False
    below = len(passage.text) - len(passage.text[last:].lstrip())
    table = table_of(passage, passage.start + below)
    return table is not None and passage.text[first:last].strip() in {table.name, table.sheet}


def row_is_met(question: str, text: str) -> bool:
    """Whether a row says anything of the question: a cell of any other row would be a guess."""
    return bool(terms(text) & terms(question))


def _cells(table: Table, row: tuple[int, int]) -> list[Cell]:
    return [
        cell for cell in table.cells if row[0] <= cell.start and cell.end <= row[1] and cell.row > table.header_rows
    ]


def _at(cells: Sequence[Cell], place: tuple[int, int] | None) -> Cell | None:
    if place is None:
        return None
    return next((cell for cell in cells if cell.start < place[1] and cell.end > place[0] and cell.text), None)


def _asked(question: str, cells: Sequence[Cell], table: Table) -> Cell | None:
    """The cell whose header shares most words with the question; None where none does."""
    asked = terms(question)
    best = max(
        cells, key=lambda cell: len(terms(header_of(cell, table)) & asked) / (1 + len(terms(header_of(cell, table))))
    )
    shares = terms(header_of(best, table)) & asked
    return best if shares and best.text else None


def header_of(cell: Cell, table: Table) -> str:
    return table.header[cell.column - 1] if cell.column <= len(table.header) else ""


def _named(cell: Cell, table: Table) -> str:
    head = header_of(cell, table)
    return f"{head}: {cell.text}" if head else cell.text


def _bold(cell: Cell, table: Table) -> str:
    head = header_of(cell, table)
    return f"{head}: **{cell.text}**" if head else f"**{cell.text}**"


def _cut(text: str, words: int) -> str:
    parts = text.split("; ")
    while len(parts) > 1 and count_words("; ".join(parts)) > words:
        parts.pop()
    return "; ".join(parts)


def tables_of(store: PassageStore) -> TableOf:
    """Looks tables up in the parsed documents of a store."""

    def table_of(passage: Passage, offset: int) -> Table | None:
        if passage.table is None:
            return None
        tables = store.document(passage.corpus, passage.document).tables
        return next((table for table in tables if table.start <= offset < table.end), None)

    return table_of


def table_heads(passages: Sequence[Passage], tables: Sequence[Table]) -> list[Claim]:
    """What each table says it holds: its name where it stands above, and its columns."""
    claims = []
    for table in tables:
        end = max((cell.end for cell in table.cells if cell.row <= table.header_rows), default=table.start)
        passage = next((p for p in passages if p.start <= table.start < end <= p.end), None)
        columns = ", ".join(dict.fromkeys(name for name in table.header if name))
        if passage is None or not columns:
            continue
        above = passage.text[: table.start - passage.start].rstrip()
        titled = table.name != "" and above.endswith(table.name)
        start = passage.start + len(above) - len(table.name) if titled else table.start
        claims.append(Claim(f"{table.name}: {columns}" if titled else columns, (Span(passage, start, end),)))
    return claims


def body_start(table: Table) -> int:
    """Where the first row below the header starts."""
    return next((cell.start for cell in table.cells if cell.row > table.header_rows), table.end)
