"""PDF: text in reading order, tables, form values, notes; OCR for pages without a usable text layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as raw

from assistant.errors import Encrypted, LimitExceeded, UnreadableFile
from assistant.types import Box, Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.numbers import typed
from ingest.parsers.pdf_lattice import find_ruled
from ingest.parsers.pdf_layout import Island, Paragraph, Segment, is_list, line_of, ordered, paragraphs, rows_of, segments_of
from ingest.parsers.pdf_rules import drawing_of
from ingest.parsers.pdf_tables import Found, find_tables
from ingest.parsers.pdf_text import Word, frame_of, turned, upright, words_of

Progress = Callable[[int, int], None]


class PdfParser:
    types = frozenset({"pdf"})

    def parse(self, path: Path, limits: Limits, *, password: str | None = None, progress: Progress | None = None) -> Document:
        """Pages in order; Encrypted asks for a password, LimitExceeded for smaller parts."""
        with open_pdf(path, password) as pdf:
            count = len(pdf)
            if count > limits.pages:
                raise LimitExceeded(f"The PDF has {count:,} pages, more than the limit of {limits.pages:,}; split it.")
            builder = DocumentBuilder("pdf", limits, pages=count)
            for number in range(1, count + 1):
                page = pdf[number - 1]
                _add_page(builder, page, number)
                page.close()
                if progress:
                    progress(number, count)
            return builder.build()


def open_pdf(path: Path, password: str | None = None) -> Any:
    """A pypdfium2 document; tries without the password first, as files without one refuse any."""
    error = _try(path, None)
    if not isinstance(error, pypdfium2.PdfiumError):
        return error
    if error.err_code == raw.FPDF_ERR_PASSWORD:
        opened = _try(path, password) if password else error
        if isinstance(opened, pypdfium2.PdfiumError):
            wrong = "The password does not open the PDF" if password else "The PDF is encrypted"
            raise Encrypted(f"{wrong}; give its password and try again.")
        return opened
    if error.err_code == raw.FPDF_ERR_SECURITY:
        raise Encrypted("The PDF is encrypted in a way that cannot be opened; save it without protection.")
    raise UnreadableFile("The PDF is damaged and cannot be repaired; save or print it to PDF anew.")


def _try(path: Path, password: str | None) -> Any:
    try:
        return pypdfium2.PdfDocument(path, password=password)
    except pypdfium2.PdfiumError as error:
        return error


def _add_page(builder: DocumentBuilder, page: Any, number: int) -> None:
    frame = frame_of(page)
    words = words_of(page, frame)
    drawing = drawing_of(page, frame)
    for turn in sorted({word.turn for word in words}, key=lambda t: -sum(w.turn == t for w in words)):
        lines = [upright(box, turn) for box in drawing.lines]
        _add_words(builder, [w for w in words if w.turn == turn], lines, number, turn)


def _add_words(builder: DocumentBuilder, words: list[Word], rules: list[Box], number: int, turn: int) -> None:
    size = sorted(w.size for w in words)[len(words) // 2]
    ruled = find_ruled(words, rules)
    loose = [w for w in words if not any(_holds(table.box, w) for table in ruled)]
    items: list[Segment | Island] = [segment for row in rows_of(loose) for segment in segments_of(row)]
    items += [Island(table.box, i) for i, table in enumerate(ruled)]
    rows: list[list[Segment]] = []
    for row in ordered(items, size):
        if isinstance(row[0], Island):
            _add_flow(builder, rows, rules, number, turn)
            _add_table(builder, ruled[row[0].key], number, turn)
            rows = []
        else:
            rows.append([i for i in row if isinstance(i, Segment)])
    _add_flow(builder, rows, rules, number, turn)


def _holds(box: Box, word: Word) -> bool:
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _add_flow(builder: DocumentBuilder, rows: list[list[Segment]], rules: list[Box], number: int, turn: int) -> None:
    at = 0
    for table in find_tables(rows, rules):
        _add_rows(builder, rows[at : table.first], number, turn)
        _add_table(builder, table, number, turn)
        at = table.last
    _add_rows(builder, rows[at:], number, turn)


def _add_table(builder: DocumentBuilder, table: Found, number: int, turn: int) -> None:
    boxes = [[box and turned(box, turn) for box in row] for row in table.boxes]
    values = typed(table.grid, table.header_rows)
    builder.add_table(table.grid, header_rows=table.header_rows, values=values, boxes=boxes, page=number)


def _add_rows(builder: DocumentBuilder, rows: list[list[Segment]], number: int, turn: int) -> None:
    for paragraph in paragraphs([line_of(row) for row in rows]):
        _add_paragraph(builder, paragraph, number, turn)


def _add_paragraph(builder: DocumentBuilder, paragraph: Paragraph, number: int, turn: int) -> None:
    lines = [(line.text, turned(line.box, turn)) for line in paragraph.lines]
    builder.add_lines("list" if is_list(paragraph.text) else "paragraph", lines, page=number)
