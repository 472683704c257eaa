"""Files inside files (attachments): read by their own parser, their blocks put under a heading of their name."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.errors import Encrypted, LimitExceeded, UnreadableFile
from assistant.types import Document, Limits, Table
from ingest.builder import DocumentBuilder
from ingest.detect import detect

MAX_DEPTH = 3
MAX_FILES = 200
MAX_BYTES = 500_000_000


@dataclass
class Budget:
    """What the attachments of one file may take together, at all depths."""

    limits: Limits
    files: int = MAX_FILES
    bytes: int = MAX_BYTES
    depth: int = 0

    def take(self, size: int) -> None:
        self.files -= 1
        self.bytes -= size
        if self.files < 0 or self.bytes < 0:
            raise LimitExceeded(
                f"The file has more than {MAX_FILES} attachments, or {MAX_BYTES // 1_000_000} MB of them; "
                "save them and add those."
            )


def add_file(builder: DocumentBuilder, name: str, data: bytes, budget: Budget, level: int) -> None:
    """An attached file as a section; one that cannot be read leaves a warning with the reason."""
    from ingest.parsers import mail, parser_for

    shown = " ".join(name.split())[:200] or "attachment"
    builder.add("heading", f"Attachment: {shown}", level=level)
    try:
        budget.take(len(data))
        if budget.depth >= MAX_DEPTH:
            raise LimitExceeded("Its attachments are nested too deeply; save them and add those.")
        with tempfile.TemporaryDirectory(prefix="thickshell-attached-") as folder:
            path = Path(folder) / "attached"
            path.write_bytes(data)
            format = detect(path, shown)
            if format in ("eml", "msg"):
                budget.depth += 1
                mail.add_message_file(builder, path, format, budget, level + 1)
                budget.depth -= 1
            else:
                left = replace(budget.limits, characters=max(1, budget.limits.characters - builder.length))
                add_document(builder, parser_for(format).parse(path, left), level)
    except Encrypted:
        builder.warn(
            f"The attachment {shown!r} is protected with a password and was not read; add it as a file of its own."
        )
    except LimitExceeded:
        raise
    except UnreadableFile as error:
        builder.warn(f"The attachment {shown!r} was not read: {error}")


def add_document(builder: DocumentBuilder, document: Document, level: int) -> None:
    """A document's blocks below the current heading. Pages and boxes are the inner file's own, so they are left out."""
    for block in document.blocks:
        text = document.text[block.start : block.end]
        if block.table is not None:
            _add_table(builder, document.tables[block.table])
        elif block.kind == "heading":
            builder.add("heading", text, level=level + max(1, block.level))
        else:
            builder.add(block.kind, text)
    for warning in document.report.warnings:
        builder.warn(warning)


def _add_table(builder: DocumentBuilder, table: Table) -> None:
    height = max((cell.row for cell in table.cells), default=0)
    width = max((cell.column for cell in table.cells), default=0)
    grid = [[""] * width for _ in range(height)]
    values: list[list[str | int | float | bool | None]] = [[None] * width for _ in range(height)]
    addresses: list[list[str | None]] = [[None] * width for _ in range(height)]
    for cell in table.cells:
        at = (cell.row - 1, cell.column - 1)
        grid[at[0]][at[1]], values[at[0]][at[1]], addresses[at[0]][at[1]] = cell.text, cell.value, cell.address
    builder.add_table(
        grid, name=table.name, header_rows=table.header_rows, values=values, addresses=addresses, sheet=table.sheet
    )
