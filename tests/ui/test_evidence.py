"""The evidence panel's window on a table: which cell answered, and what part of an answer a mark stands for."""

from __future__ import annotations

import pytest

from assistant.types import Cell, Document, Table
from assistant.ui.evidence import around, bare, preview, said_for, sheet

ROWS = (("June", "3420", "2731"), ("July", "4118", "3320"))
TEXT = "Month | Cars | Bicycles\nJune | 3420 | 2731\nJuly | 4118 | 3320\n"


def table(rows: tuple[tuple[str, ...], ...] = ROWS) -> Table:
    cells, place = [], 24
    for number, row in enumerate(rows, 2):
        for column, text in enumerate(row, 1):
            cells.append(
                Cell(number, column, text, start=place, end=place + len(text), address=f"{'ABC'[column - 1]}{number}")
            )
            place += len(text) + (3 if column < 3 else 1)
    return Table("2025", ("Month", "Cars", "Bicycles"), rows, tuple(cells), 0, place)


def test_the_cell_that_was_looked_up_is_marked_alone() -> None:
    shown = sheet(table(), 24, 42, "June, Bicycles: **2731** ")
    assert shown.answering == {(2, 3)}
    assert shown.marked == {(2, 1), (2, 2), (2, 3)}
    assert shown.addresses == ("C2",)


@pytest.mark.parametrize("said", ["", "June had many.", "**9999** cars", "**Month**"])
def test_a_row_that_was_quoted_as_a_whole_is_marked_as_a_whole(said: str) -> None:
    shown = sheet(table(), 24, 42, said)
    assert shown.answering == frozenset()
    assert shown.addresses == ("A2", "B2", "C2")


def test_of_equal_cells_the_named_column_answers() -> None:
    twice = (("June", "2731", "2731"),)
    assert sheet(table(twice), 24, 42, "June, Cars: **2731** ").answering == {(2, 2)}
    assert sheet(table(twice), 24, 42, "**2731** ").answering == frozenset()


def test_marks_own_what_stands_before_them() -> None:
    answer = "- A: **1** [1]\n- B: **2** [2][3]"
    assert [said_for(answer, n) for n in (1, 2, 3, 4)] == ["- A: **1** ", "- B: **2** ", "- B: **2** ", ""]


def test_chinese_context_is_shorter() -> None:
    before, after = around("字" * 400 + "答案" + "字" * 400, 400, 402)
    assert (len(before), len(after)) == (131, 131)


def test_signs_of_headings_go_from_markdown_alone() -> None:
    assert bare("## Size\nOne # two", Document("markdown", "")) == "Size\nOne # two"
    assert bare("# a comment", Document("text", "")) == "# a comment"


def test_a_near_passage_of_a_table_is_shown_as_rows_without_marks() -> None:
    made = table(ROWS * 4)
    card = preview(made, made.start, made.end)
    assert card is not None
    assert (card.header, len(card.rows), card.rows[0], card.marked) == (made.header, 6, (2, ROWS[0]), frozenset())
    assert preview(made, made.start, made.start + 10 * len(TEXT)) is None
