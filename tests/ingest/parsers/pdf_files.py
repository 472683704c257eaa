"""What the PDF and picture tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from assistant.types import Document, Limits
from ingest.parsers import parser_for

MakePdf = Callable[..., Path]
Draw = Callable[[Canvas], None]
WIDTH, HEIGHT = 400, 600  # points


def parsed(path: Path, format: str, password: str | None = None) -> Document:
    return parser_for(format).parse(path, Limits(), password=password)


def texts(document: Document, kind: str | None = None) -> list[str]:
    """The texts of its blocks, of one kind or all."""
    return [document.text[b.start : b.end] for b in document.blocks if kind in (None, b.kind)]
