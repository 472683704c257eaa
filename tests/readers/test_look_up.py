"""Rows and cells that a question names by their own words."""

from __future__ import annotations

from assistant.readers.cells import look_up
from assistant.readers.extractive import ExtractiveReader
from assistant.types import Cell, Hit, Passage, Question, Table

GRID = [
    ["Month", "Passengers", "Revenue EUR"],
    ["March", "11208", "82,455.00"],
    ["April", "14875", "110,320.00"],
    ["May and June", "41447", "314,315.50"],
]
TEXT = "\n".join(" | ".join(row) for row in GRID)


def table() -> Table:
    cells, at = [], 0
    for r, row in enumerate(GRID):
        for c, text in enumerate(row):
            value = float(text.replace(",", "")) if text[0].isdigit() else text
            cells.append(Cell(r + 1, c + 1, text, value, at, at + len(text)))
            at += len(text) + 3
        at -= 2
    return Table("2025", tuple(GRID[0]), tuple(tuple(row) for row in GRID[1:]), tuple(cells), 0, len(TEXT))


TABLE = table()
HIT = Hit(Passage(1, "c", "ferry.xlsx", 0, len(TEXT), TEXT, table=0), 0.9, 0.5, 3.0, 1)


def table_of(passage: Passage, offset: int) -> Table | None:
    return TABLE if TABLE.start <= offset < TABLE.end else None


def named(question: str) -> tuple[str, str | None] | None:
    found = look_up(question, [HIT], table_of)
    return (TEXT[found.row[0] : found.row[1]], found.cell.text if found.cell else None) if found else None


def test_row_and_header_name_a_cell() -> None:
    assert named("How many passengers travelled in March?") == ("March | 11208 | 82,455.00", "11208")
    assert named("What was the revenue in April?") == ("April | 14875 | 110,320.00", "110,320.00")


def test_a_label_counts_only_when_all_of_it_is_named() -> None:
    assert named("How many passengers travelled in June?") is None
    assert named("What may passengers bring?") is None
    assert named("How many passengers travelled in May and June?") == ("May and June | 41447 | 314,315.50", "41447")


def test_a_row_without_a_named_column_is_the_whole_row() -> None:
    assert named("What happened in April?") == ("April | 14875 | 110,320.00", None)


def test_two_rows_are_no_answer() -> None:
    assert named("Did March or April bring more passengers?") is None


def test_no_cell_of_a_row_that_was_not_asked_for_is_ever_quoted() -> None:
    reader = ExtractiveReader(table_of=table_of)
    found = reader.read(Question("How many passengers travelled in December?", ("c",), always_answer=True), [HIT])
    assert found.claims == ()
    answered = reader.read(Question("How many passengers travelled in March?", ("c",)), [HIT])
    assert (answered.value, answered.abstained) == ("11208", False)
    assert answered.claims[0].text == "March, Passengers: **11208**"
    assert answered.claims[0].spans[0].quote == "March | 11208 | 82,455.00"
