"""Files that are their own stored text (TXT, Markdown, CSV): decoding, and blocks as spans of that text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from assistant.errors import LimitExceeded, UnreadableFile
from assistant.types import Block, BlockKind, Document, Limits, Report, Table
from ingest.encoding import decode


def read_text(path: Path, limits: Limits, head: int | None = None) -> str:
    """The decoded file with Windows line ends made plain; `head`: only about so many bytes, cut at a line end."""
    size = path.stat().st_size
    if head is None and size > limits.characters * 4:
        raise LimitExceeded(f"The file holds more than {limits.characters:,} characters; split it and add the parts.")
    with path.open("rb") as file:
        data = file.read() if head is None else _whole_lines(file.read(head), size)
    text = decode(data)[0]
    if len(text) > limits.characters:
        raise LimitExceeded(f"The file holds more than {limits.characters:,} characters; split it and add the parts.")
    return text


def _whole_lines(data: bytes, size: int) -> bytes:
    if len(data) == size:
        return data
    wide = {b"\xff\xfe": b"\n\x00", b"\xfe\xff": b"\x00\n"}.get(data[:2])
    cut = data.rfind(wide or b"\n")
    while wide and cut > 0 and cut % 2:
        cut = data.rfind(wide, 0, cut + 1)
    return data[: cut + len(wide or b"\n")] if cut > 0 else data


@dataclass
class Spans:
    """Blocks over a given text, in order; the counterpart of DocumentBuilder for text that must not change."""

    format: str
    text: str
    title: str = ""
    date: str | None = None
    blocks: list[Block] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _path: list[tuple[int, str]] = field(default_factory=list)

    def add(self, kind: BlockKind, start: int, end: int, *, level: int = 0, name: str | None = None) -> None:
        """A block over text[start:end], trimmed; `name`: what a heading is called in paths, if not its text."""
        piece = self.text[start:end]
        start += len(piece) - len(piece.lstrip())
        end = start + len(piece.strip())
        if start >= end:
            return
        if kind == "heading":
            self._path = [(depth, title) for depth, title in self._path if depth < level]
        self.blocks.append(Block(kind, start, end, None, self._names(), level))
        if kind == "heading":
            self._path.append((level, " ".join((name or self.text[start:end]).split())[:200]))

    def add_table(self, table: Table) -> None:
        self.tables.append(table)
        path = self._names() + ((table.name,) if table.name else ())
        self.blocks.append(Block("table", table.start, table.end, None, path, 0, len(self.tables) - 1))

    def build(self) -> Document:
        """The document; UnreadableFile where it is blank."""
        if not self.blocks:
            raise UnreadableFile("The file holds no text; check that it is the right one and add it again.")
        report = Report(characters=len(self.text), tables=len(self.tables), warnings=tuple(self.warnings))
        return Document(
            self.format, self.text, tuple(self.blocks), tuple(self.tables), (), report, self.title, self.date
        )

    def _names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._path)
