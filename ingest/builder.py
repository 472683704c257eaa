"""Assembles a Document piece by piece, so that every parser gets offsets, heading paths and tables the same way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.errors import LimitExceeded, UnreadableFile
from assistant.types import Block, BlockKind, Box, Cell, Document, Limits, Line, Report, Scalar, Table

SEPARATOR = "\n\n"
BETWEEN_CELLS = " | "
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Without control characters and halves of characters, which no index takes; form feeds become line breaks."""
    if not _UNPRINTABLE.search(text):
        return text
    return _UNPRINTABLE.sub("", text.replace("\x0b", "\n").replace("\x0c", "\n"))


@dataclass
class DocumentBuilder:
    """Append blocks in reading order, then `build`. A blank line stands between blocks, " | " between cells."""

    format: str
    limits: Limits = field(default_factory=Limits)
    title: str = ""
    date: str | None = None
    pages: int = 0
    ocr_pages: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _blocks: list[Block] = field(default_factory=list)
    _tables: list[Table] = field(default_factory=list)
    _lines: list[Line] = field(default_factory=list)
    _path: list[tuple[int, str]] = field(default_factory=list)

    def add(self, kind: BlockKind, text: str, *, page: int | None = None, level: int = 0) -> int:
        """Appends a block and returns its start offset; blank text adds nothing. `level` 1 is the highest."""
        text = printable(text).strip()
        if not text:
            return self._length
        start = self._append(text)
        if kind == "heading":
            self._path = [(depth, name) for depth, name in self._path if depth < level]
        self._blocks.append(Block(kind, start, start + len(text), page, self._names(), level))
        if kind == "heading":
            self._path.append((level, " ".join(text.split())[:200]))
        return start

    def close_headings(self) -> None:
        """What follows stands under no heading: a slide without a title, the next attachment."""
        self._path = []

    def add_lines(self, kind: BlockKind, lines: Sequence[tuple[str, Box]], *, page: int, level: int = 0) -> int:
        """A block of printed lines with their boxes; joined by line breaks, so quotes resolve to boxes."""
        clean = [(printable(text).strip(), box) for text, box in lines]
        kept = [(text, box) for text, box in clean if text]
        start = self.add(kind, "\n".join(text for text, _ in kept), page=page, level=level)
        at = start
        for text, box in kept:
            self._lines.append(Line(at, at + len(text), page, box))
            at += len(text) + 1
        return start

    def add_table(
        self,
        grid: Sequence[Sequence[str]],
        *,
        name: str = "",
        header_rows: int = 1,
        values: Sequence[Sequence[Scalar]] | None = None,
        addresses: Sequence[Sequence[str | None]] | None = None,
        boxes: Sequence[Sequence[Box | None]] | None = None,
        page: int | None = None,
        sheet: str | None = None,
    ) -> None:
        """A table from displayed texts, rows x columns; ragged rows are padded, merged cells repeat their text."""
        width = max((len(row) for row in grid), default=0)
        if not width or not any(cell.strip() for row in grid for cell in row):
            return
        start = self._append("")
        offset, cells, rows = start, [], []
        for r, row in enumerate(grid):
            texts = [" ".join(printable(cell).split()) for cell in row] + [""] * (width - len(row))
            rows.append(tuple(texts))
            for c, text in enumerate(texts):
                value = values[r][c] if values and r < len(values) and c < len(values[r]) else (text or None)
                address = addresses[r][c] if addresses and r < len(addresses) and c < len(addresses[r]) else None
                box = boxes[r][c] if boxes and r < len(boxes) and c < len(boxes[r]) else None
                cells.append(Cell(r + 1, c + 1, text, value, offset, offset + len(text), address, box))
                if box and page and text:
                    self._lines.append(Line(offset, offset + len(text), page, box))
                offset += len(text) + len(BETWEEN_CELLS)
            offset += 1 - len(BETWEEN_CELLS)
        text = "\n".join(BETWEEN_CELLS.join(row) for row in rows)
        self._parts.append(text)
        self._length += len(text)
        self._register(name, rows, cells, start, start + len(text), page, sheet, header_rows)
        self._check()

    def _register(
        self,
        name: str,
        rows: list[tuple[str, ...]],
        cells: list[Cell],
        start: int,
        end: int,
        page: int | None,
        sheet: str | None,
        header_rows: int,
    ) -> None:
        head = [rows[i] for i in range(min(header_rows, len(rows)))]
        header = (
            tuple(" / ".join(dict.fromkeys(part for part in column if part)) for column in zip(*head)) if head else ()
        )
        table = Table(name, header, tuple(rows[len(head) :]), tuple(cells), start, end, page, sheet, len(head))
        self._tables.append(table)
        path = self._names() + ((name,) if name and name not in self._names() else ())
        self._blocks.append(Block("table", start, end, page, path, 0, len(self._tables) - 1))

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    @property
    def length(self) -> int:
        return self._length

    def build(self, *, empty_ok: bool = False) -> Document:
        """The document; UnreadableFile where nothing at all was found."""
        text = "".join(self._parts)
        if not text.strip() and not empty_ok:
            raise UnreadableFile("The file holds no text; if it is a picture or a scan, switch OCR on and try again.")
        report = Report(
            pages=self.pages,
            characters=len(text),
            tables=len(self._tables),
            ocr_pages=tuple(self.ocr_pages),
            warnings=tuple(self.warnings),
        )
        return Document(
            self.format,
            text,
            tuple(self._blocks),
            tuple(self._tables),
            tuple(self._lines),
            report,
            self.title,
            self.date,
        )

    def _names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._path)

    def _append(self, text: str) -> int:
        if self._parts:
            self._parts.append(SEPARATOR)
            self._length += len(SEPARATOR)
        start = self._length
        if text:
            self._parts.append(text)
            self._length += len(text)
            self._check()
        return start

    def _check(self) -> None:
        if self._length > self.limits.characters:
            raise LimitExceeded(
                f"The file holds more than {self.limits.characters:,} characters; split it and add the parts."
            )
