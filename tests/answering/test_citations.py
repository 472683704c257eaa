"""Spans resolved to pages and boxes."""

from __future__ import annotations

from assistant.answering.citations import boxes, cite, touching
from assistant.types import Claim, Document, Line, Passage, Span

LINES = (
    Line(0, 10, 1, (0.0, 0.0, 100.0, 12.0)),
    Line(11, 21, 1, (0.0, 20.0, 100.0, 32.0)),
    Line(22, 32, 2, (10.0, 0.0, 110.0, 12.0)),
)
DOCUMENT = Document("pdf", "x" * 32, lines=LINES)
PASSAGE = Passage(5, "c", "a.pdf", 0, 32, "x" * 32, page=1)


def test_partly_covered_lines_give_their_share() -> None:
    assert touching(LINES, 5, 16) == [LINES[0], LINES[1]]
    assert boxes(LINES[:2], 5, 16) == ((50.0, 0.0, 100.0, 12.0), (0.0, 20.0, 50.0, 32.0))


def test_boxes_stay_on_the_page_where_the_span_starts() -> None:
    (citation,), marks = cite([Claim("x", (Span(PASSAGE, 16, 27),))], lambda corpus, name: DOCUMENT)
    assert citation.page == 1
    assert citation.boxes == ((50.0, 20.0, 100.0, 32.0),)
    assert (citation.start, citation.end, citation.quote, citation.passage_id) == (16, 27, "x" * 11, 5)
    assert marks == [(1,)]


def test_the_page_is_the_span_s_not_the_passage_s() -> None:
    (citation,), _ = cite([Claim("x", (Span(PASSAGE, 25, 30),))], lambda corpus, name: DOCUMENT)
    assert citation.page == 2


def test_without_lines_there_are_no_boxes_and_the_passage_s_page() -> None:
    (citation,), _ = cite([Claim("x", (Span(PASSAGE, 0, 4),))], lambda corpus, name: Document("txt", "x" * 32))
    assert (citation.boxes, citation.page) == ((), 1)


def test_the_same_span_has_one_number() -> None:
    span, other = Span(PASSAGE, 0, 4), Span(PASSAGE, 5, 9)
    citations, marks = cite([Claim("a", (span,)), Claim("b", (other, span))], lambda corpus, name: DOCUMENT)
    assert [c.n for c in citations] == [1, 2]
    assert marks == [(1,), (2, 1)]
