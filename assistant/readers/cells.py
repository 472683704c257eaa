"""Answers from table rows: the cell that answers, under its header, in its row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.answering.compose import one_line
from assistant.answering.language import count_words
from assistant.answering.terms import terms
from assistant.seams import PassageStore
from assistant.types import Cell, Claim, Passage, Span, Table

TableOf = Callable[[Passage, int], Table | None]
"""(passage, offset in the document) -> the table that stands there, if any."""


def no_table(_passage: Passage, _offset: int) -> Table | None:
    return None


def row_claim(
    question: str, passage: Passage, row: tuple[int, int], bold: tuple[int, int] | None, table: Table, words: int
) -> tuple[Claim, str]:
    """The claim for a row (offsets in the document) and the cell that answers, as written.

    "Row label, Header: **cell**" where one cell stands out, else the row's cells under their headers. The
    span is the row's own text; `bold` is a place inside the answering cell where a reader found one.
    """
    cells = _cells(table, row)
    span = Span(passage, *row)
    if not cells:
        return Claim(one_line(span.quote), (span,)), one_line(span.quote)
    answer = _at(cells, bold) or _asked(question, cells, table)
    if answer is None:
        text = "; ".join(_named(cell, table) for cell in cells if cell.text)
        return Claim(_cut(text, words), (span,)), ""
    label = next((cell for cell in cells if cell.text and cell is not answer), None)
    left = f"{label.text}, " if label is not None and label.column < answer.column else ""
    head = _header(answer, table)
    text = f"{left}{head}: **{answer.text}**" if head else f"{left.removesuffix(', ')}: **{answer.text}**".lstrip(": ")
    return Claim(text, (span,)), answer.text


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
        cells, key=lambda cell: len(terms(_header(cell, table)) & asked) / (1 + len(terms(_header(cell, table))))
    )
    shares = terms(_header(best, table)) & asked
    return best if shares and best.text else None


def _header(cell: Cell, table: Table) -> str:
    return table.header[cell.column - 1] if cell.column <= len(table.header) else ""


def _named(cell: Cell, table: Table) -> str:
    head = _header(cell, table)
    return f"{head}: {cell.text}" if head else cell.text


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


def body_start(table: Table) -> int:
    """Where the first row below the header starts."""
    return next((cell.start for cell in table.cells if cell.row > table.header_rows), table.end)
