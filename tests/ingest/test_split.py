"""Passages: exact places, bounds, structure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.types import Block, Cell, Document, Table
from ingest.builder import DocumentBuilder
from ingest.split import Piece, split

AIM = 40


def count(texts: Sequence[str]) -> list[int]:
    """Words, and characters of Chinese."""
    return [len(re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+", text)) for text in texts]


def passages(document: Document, aim: int = AIM) -> list[Piece]:
    return split(document, document.blocks, count, aim)


def texts(document: Document, aim: int = AIM) -> list[str]:
    return [document.text[piece.start : piece.end] for piece in passages(document, aim)]


def words(n: int, word: str = "word", end: str = ".") -> str:
    return " ".join([word.capitalize()] + [word] * (n - 1)) + end


def test_a_short_document_is_one_passage() -> None:
    builder = DocumentBuilder("md", title="Guide")
    builder.add("heading", "Install", level=1)
    builder.add("paragraph", words(10))
    builder.add("heading", "Use", level=1)
    builder.add("paragraph", words(30))
    document = builder.build()
    assert texts(document) == [document.text]
    assert passages(document)[0].context == "Guide"


def test_sections_are_passages_with_their_heading_and_path() -> None:
    builder = DocumentBuilder("md", title="Guide")
    builder.add("heading", "Install", level=1)
    builder.add("paragraph", words(35))
    builder.add("heading", "Linux", level=2)
    builder.add("paragraph", words(35))
    builder.add("paragraph", words(35, "more"))
    document = builder.build()
    assert texts(document) == [f"Install\n\n{words(35)}", f"Linux\n\n{words(35)}", words(35, "more")]
    assert [piece.context for piece in passages(document)] == ["Guide", "Guide > Install", "Guide > Install > Linux"]


def test_tiny_sections_stand_together() -> None:
    builder = DocumentBuilder("md")
    for n in range(8):
        builder.add("heading", f"Term {n}", level=1)
        builder.add("paragraph", words(8))
    assert [count([text])[0] for text in texts(builder.build())] == [20, 20, 20, 20]


def test_a_cut_paragraph_overlaps_by_one_sentence() -> None:
    builder = DocumentBuilder("txt")
    sentence = [f"{words(9)[:-1]} {n}." for n in range(9)]
    builder.add("paragraph", " ".join(sentence))
    assert texts(builder.build()) == [
        " ".join(sentence[:3]),
        " ".join(sentence[2:6]),
        " ".join(sentence[5:]),
    ]


def test_chinese_is_cut_at_its_full_stops() -> None:
    builder = DocumentBuilder("txt")
    builder.add("paragraph", "".join(f"{'甲' * 18}{'乙丙丁戊己'[n]}。" for n in range(5)))
    found = texts(builder.build())
    assert all(text.endswith("。") for text in found)
    assert len(found) == 3


def test_one_endless_sentence_is_cut_at_spaces() -> None:
    builder = DocumentBuilder("txt")
    builder.add("paragraph", words(200, end=""))
    document = builder.build()
    assert max(count(texts(document))) <= AIM * 5 // 4
    assert " ".join(texts(document)).split() == document.text.split()


def table(rows: int, *, caption: str = "", header: tuple[str, ...] = ("Name", "Age")) -> Document:
    builder = DocumentBuilder("docx")
    builder.add("paragraph", words(60, "before"))
    builder.add("paragraph", caption)
    builder.add_table([header, *[(f"Name{n}", str(n)) for n in range(rows)]], name="People")
    builder.add("paragraph", words(60, "after"))
    return builder.build()


def test_a_small_table_stays_with_its_caption() -> None:
    document = table(6, caption="Table 1: who is how old")
    found = [text for text in texts(document) if "Name3" in text]
    assert len(found) == 1
    assert found[0].startswith("Table 1: who is how old\n\nName | Age\nName0 | 0")
    assert found[0].endswith("Name5 | 5")


def test_a_long_table_keeps_rows_whole_and_repeats_its_header() -> None:
    document = table(50, caption="Table 1: who is how old")
    found = [piece for piece in passages(document) if piece.table == 0]
    rows = [row for piece in found for row in document.text[piece.start : piece.end].split("\n")]
    assert rows == ["Table 1: who is how old", "", "Name | Age", *[f"Name{n} | {n}" for n in range(50)]]
    assert found[0].context == ""
    assert {piece.context for piece in found[1:]} == {"People\nheader: Name | Age"}


def test_rows_of_a_file_kept_as_it_is_begin_at_their_line() -> None:
    lines = ['"Name";"Age"', *[f'"   Name{n}";"{n}"' for n in range(40)]]
    text, cells, at = "\n".join(lines), [], 0
    for row, line in enumerate(lines, 1):
        for column, value in enumerate(line.split(";"), 1):
            start = at + line.index(value) + value.index(value.strip('" '))
            cells.append(Cell(row, column, value.strip('" '), None, start, start + len(value.strip('" '))))
        at += len(line) + 1
    shape = Table("", ("Name", "Age"), (), tuple(cells), 0, len(text))
    document = Document("csv", text, (Block("table", 0, len(text), table=0),), (shape,))
    assert "\n".join(texts(document)) == text


def test_a_context_says_nothing_twice_and_no_file_numbers() -> None:
    builder = DocumentBuilder("pdf", title="0000320193-22-000070")
    builder.add("heading", "Balance", level=1)
    builder.add("paragraph", words(60))
    builder.add("paragraph", words(60, "more"))
    builder.add_table([("A", "B"), *[(f"x{n}", f"{n}") for n in range(40)]], name="Balance sheet")
    found = passages(builder.build())
    assert found[1].context == "Balance"
    assert found[-1].context == "Balance sheet\nheader: A | B"


def test_a_big_sheet_is_schema_and_samples() -> None:
    builder = DocumentBuilder("xlsx")
    builder.add_table([("Name", "Age"), *[(f"Name{n}", str(n)) for n in range(5000)]], name="People", sheet="People")
    document = builder.build()
    found = passages(document)
    assert len(found) == 10
    assert found[0].context == "People\nPeople: 5000 rows, 2 columns"
    assert found[1].context == "People\nPeople: 5000 rows, 2 columns\nheader: Name | Age"
    assert [document.text[p.start : p.end].count("\n") for p in found] == [4] * 10


def test_pages_without_lines_are_not_mixed() -> None:
    builder = DocumentBuilder("pptx")
    builder.add("heading", "One", page=1, level=1)
    builder.add("paragraph", words(5), page=1)
    builder.add("heading", "Two", page=2, level=1)
    builder.add("paragraph", words(5), page=2)
    assert [(p.page, p.context) for p in passages(builder.build())] == [(1, ""), (2, "")]


def test_left_out_blocks_are_in_no_passage() -> None:
    builder = DocumentBuilder("pdf")
    builder.add("paragraph", "First part", page=1)
    builder.add("footer", "7", page=1)
    builder.add("paragraph", "second part.", page=2)
    document = builder.build()
    kept = [document.blocks[0], document.blocks[2]]
    assert [document.text[p.start : p.end] for p in split(document, kept, count)] == ["First part", "second part."]


SENTENCE = st.sampled_from(["One two three.", "Four!", "这是一个句子。", "3.5 is Mr. X.", "a, b, c, d; e f", "x" * 30])
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=25).map(" ".join)
BLOCK = st.one_of(
    st.tuples(st.sampled_from(["paragraph", "list", "note", "form"]), PARAGRAPH),
    st.tuples(st.just("heading"), SENTENCE),
    st.tuples(st.just("table"), st.lists(st.lists(SENTENCE, min_size=1, max_size=4), min_size=1, max_size=30)),
)


def built(blocks: Sequence[tuple[str, object]]) -> Document:
    builder = DocumentBuilder("docx", title="Title")
    for n, (kind, content) in enumerate(blocks):
        if kind == "table":
            builder.add_table(content, name=f"T{n}")  # type: ignore[arg-type]
        else:
            builder.add(kind, str(content), level=n % 3 + 1)  # type: ignore[arg-type]
    return builder.build()


@settings(deadline=None, max_examples=150)
@given(st.lists(BLOCK, min_size=1, max_size=12), st.sampled_from([20, 40, 200]))
def test_everything_is_in_a_bounded_passage_in_order(blocks: list[tuple[str, object]], aim: int) -> None:
    document = built(blocks)
    found = passages(document, aim)
    covered = set().union(*(range(piece.start, piece.end) for piece in found))
    assert all(c.isspace() for n, c in enumerate(document.text) if n not in covered)
    assert all(left.start < right.start and left.end < right.end for left, right in pairwise(found))
    bound = aim * 5 // 4 if len(found) > 1 else aim * 3 // 2
    assert max(count([document.text[p.start : p.end] for p in found])) <= bound
    assert all(document.text[p.start : p.end].strip() == document.text[p.start : p.end] for p in found)
    assert found == passages(document, aim)


@settings(deadline=None, max_examples=80)
@given(st.lists(BLOCK, min_size=1, max_size=12))
def test_rows_are_whole_unless_one_alone_is_too_long(blocks: list[tuple[str, object]]) -> None:
    document = built(blocks)
    cuts = {p.start for p in passages(document)} | {p.end for p in passages(document)}
    for shape in document.tables:
        for row in {cell.row for cell in shape.cells}:
            cells = [cell for cell in shape.cells if cell.row == row and cell.text]
            inside = range(min(c.start for c in cells) + 1, max(c.end for c in cells)) if cells else range(0)
            if sum(count([c.text for c in cells])) + len(cells) <= AIM:
                assert not cuts & set(inside)
