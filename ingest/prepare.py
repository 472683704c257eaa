"""From a parsed Document to the passages it is searched by, with a report that says what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.textual import plain
from assistant.types import Block, Document
from ingest.clean import clean
from ingest.duplicates import duplicates
from ingest.split import Piece, split
from ingest.units import BIG_TABLE, Count


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be stored; the pieces are in the order of its text."""

    document: Document
    pieces: tuple[Piece, ...]


def prepare(document: Document, count: Count, aim: int) -> Prepared:
    """Clean, split, drop repeated passages. The same document, counts and aim give the same pieces."""
    if not document.blocks:
        document = replace(document, blocks=(Block("paragraph", 0, len(document.text)),))
    pieces = split(document, clean(document).blocks, count, aim)
    repeated = duplicates([(document.text[piece.start : piece.end], piece.context) for piece in pieces])
    kept = tuple(piece for n, piece in enumerate(pieces) if n not in repeated)
    report = replace(
        document.report,
        passages=len(kept),
        duplicates=len(repeated),
        warnings=(*document.report.warnings, *_warnings(document, len(repeated))),
    )
    return Prepared(replace(document, report=report), kept)


def estimated_tokens(texts: Sequence[str]) -> list[int]:
    """Tokens of texts where no encoder is at hand: a little above what multilingual encoders give."""
    return [_estimate(text) for text in texts]


def _estimate(text: str) -> int:
    wide = sum(1 for character in text if character > "\u2e7f")
    return 1 + int(wide * 0.75) + (len(text) - wide) // 3


def searched_text(context: str, text: str) -> str:
    """What is embedded and indexed for a passage."""
    return plain(f"{context}\n{text}" if context else text)


def _warnings(document: Document, repeated: int) -> list[str]:
    found = []
    if repeated:
        passages = "1 passage was" if repeated == 1 else f"{repeated} passages were"
        found.append(f"{passages} left out of search because the same text stands elsewhere in the document.")
    for table in document.tables:
        if len(table.rows) > BIG_TABLE:
            name = table.sheet or table.name or "A table"
            found.append(f"{name} has {len(table.rows):,} rows: it is searched by its columns and some of its rows.")
    return found
