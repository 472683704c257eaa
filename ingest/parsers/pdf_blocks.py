"""From the words of one page to blocks of a document: tables, headings, paragraphs, running heads, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.types import BlockKind, Box
from ingest.builder import DocumentBuilder
from ingest.parsers.numbers import typed
from ingest.parsers.pdf_lattice import find_ruled
from ingest.parsers.pdf_layout import (
    Island,
    Segment,
    gutter,
    joined,
    ordered,
    rows_of,
    segments_of,
    union,
)
from ingest.parsers.pdf_margin import without_line_numbers
from ingest.parsers.pdf_paragraphs import Paragraph, is_list, line_of, paragraphs
from ingest.parsers.pdf_style import Style, learn, running_key, unhyphenated, vocabulary
from ingest.parsers.pdf_tables import Found, find_tables, is_strong
from ingest.parsers.pdf_text import Word, turned, upright

_CAPTION = 3.5  # font sizes above a table in which its name may stand


@dataclass(slots=True)
class Flow:
    """What goes on from page to page."""

    builder: DocumentBuilder
    style: Style
    plain: BlockKind = "paragraph"
    running: set[str] = field(default_factory=set)  # heads and feet already kept
    repeated: int = 0  # and left out since
    line_numbers: int = 0  # left out
    title: str = ""  # the last short lines: a table's name
    title_level: int = 9  # of the heading that names the document: the highest on page 1; 0: the file names itself


def add_words(
    builder: DocumentBuilder,
    words: Sequence[Word],
    number: int,
    *,
    plain: BlockKind = "paragraph",
    rules: Sequence[Box] = (),
) -> None:
    """One page on its own, as OCR gives it; `plain`: the kind of what is neither heading, list nor table."""
    height = max((w.box[3] for w in words), default=0.0) + 1
    add_page(Flow(builder, learn([(words, height)]), plain), words, number, rules, height)


def add_page(flow: Flow, words: Sequence[Word], number: int, rules: Sequence[Box], height: float) -> None:
    """Words of every direction, the main one first. `rules`, `height`: of the page as displayed."""
    flow.style.words.update(vocabulary(words))
    for turn in sorted({word.turn for word in words}, key=lambda t: -sum(w.turn == t for w in words)):
        own, numbers = without_line_numbers([w for w in words if w.turn == turn])
        flow.line_numbers += numbers
        if turn == 0 and flow.style.running:
            own = _without_running(flow, own, number, height)
        if own:
            _add_turned(flow, own, [upright(box, turn) for box in rules], number, turn)


def _without_running(flow: Flow, words: list[Word], number: int, height: float) -> list[Word]:
    """Keeps each running head or foot once, as a block of its kind; counts the rest."""
    kept: list[Word] = []
    for row in rows_of(words):
        key = running_key(row, height)
        if key not in flow.style.running:
            kept += row
        elif key in flow.running:
            flow.repeated += 1
        else:
            flow.running.add(key)
            kind: BlockKind = "header" if key.startswith("^") else "footer"
            flow.builder.add_lines(kind, [(joined(row), union([w.box for w in row]))], page=number)
    return kept


def _add_turned(flow: Flow, words: list[Word], rules: list[Box], number: int, turn: int) -> None:
    size = sorted(w.size for w in words)[len(words) // 2]
    tables = find_ruled(words, rules)
    items = _segments(words, tables)
    at = gutter(items, size)
    if at is not None:  # tables across both columns would be cut by it
        full = find_tables([segments_of(row) for row in rows_of(_outside(words, tables))], rules)
        tables += [
            table for table in full if table.box[0] < at - size and table.box[2] > at + size and is_strong(table)
        ]
        items = _segments(words, tables)
    rows: list[list[Segment]] = []
    islands = [Island(table.box, i) for i, table in enumerate(tables)]
    for row in ordered([*items, *islands], size):
        if isinstance(row[0], Island):
            _add_flow(flow, rows, rules, number, turn)
            _add_table(flow, tables[row[0].key], number, turn)
            rows = []
        else:
            rows.append([i for i in row if isinstance(i, Segment)])
    _add_flow(flow, rows, rules, number, turn)


def _segments(words: list[Word], tables: list[Found]) -> list[Segment]:
    return [segment for row in rows_of(_outside(words, tables)) for segment in segments_of(row)]


def _outside(words: list[Word], tables: list[Found]) -> list[Word]:
    return [w for w in words if not any(_holds(table.box, w) for table in tables)]


def _holds(box: Box, word: Word) -> bool:
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _add_flow(flow: Flow, rows: list[list[Segment]], rules: list[Box], number: int, turn: int) -> None:
    at = 0
    for table in find_tables(rows, rules):
        _add_rows(flow, rows[at : table.first], number, turn)
        _add_table(flow, table, number, turn)
        at = table.last
    _add_rows(flow, rows[at:], number, turn)


def _add_table(flow: Flow, table: Found, number: int, turn: int) -> None:
    boxes = [[box and turned(box, turn) for box in row] for row in table.boxes]
    values = typed(table.grid, table.header_rows)
    flow.builder.add_table(
        table.grid, name=flow.title, header_rows=table.header_rows, values=values, boxes=boxes, page=number
    )
    flow.title = ""


def _add_rows(flow: Flow, rows: list[list[Segment]], number: int, turn: int) -> None:
    found = paragraphs([line_of(row) for row in rows])
    for paragraph in found:
        _add_paragraph(flow, paragraph, number, turn)
    flow.title = _name(found)


def _name(above: Sequence[Paragraph]) -> str:
    """The name of a table that follows: the last short lines above it, with a unit in brackets under them."""
    out: list[str] = []
    for paragraph in reversed(above[-3:]):
        text = " ".join(paragraph.text.split())
        if len(text) > 150 or len(out) == 2:
            break
        unit = text.startswith("(") and text.endswith(")")
        if not unit and (text.endswith(".") or text[:1].islower()):
            break
        out.insert(0, text.rstrip(":"))
        if not unit:
            break
    return " ".join(out)


def _add_paragraph(flow: Flow, paragraph: Paragraph, number: int, turn: int) -> None:
    lines = [(line.text, turned(line.box, turn)) for line in unhyphenated(paragraph.lines, flow.style.words)]
    level = flow.style.level(paragraph)
    kind: BlockKind = "heading" if level else "list" if is_list(paragraph.text) else flow.plain
    flow.builder.add_lines(kind, lines, page=number, level=level)
    if level and level < flow.title_level and number == 1:
        flow.title_level = level
        flow.builder.title = " ".join(" ".join(text for text, _ in lines).split())[:200]
