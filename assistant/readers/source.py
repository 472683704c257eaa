"""The span reader where its weights are here, else none: the embedded reader then chooses whole sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.readers.extractive import SpanSource

if TYPE_CHECKING:
    from assistant.embedders.sentence import SentenceEmbedder


def span_source(folder: Path | None = None, encoder: SentenceEmbedder | None = None) -> Callable[[], SpanSource | None]:
    """Gives the span model of `folder` (None: the packaged one), built at the first question; None without weights.

    `encoder` shares its layers with the reader where it is the packaged one.
    """
    held: list[SpanSource | None] = []

    def source() -> SpanSource | None:
        if not held:
            from assistant.readers.span import WEIGHTS, SpanModel, reader_folder

            there = ((folder or reader_folder()) / WEIGHTS).is_file()
            held.append(SpanModel(folder, encoder) if there else None)
        return held[0]

    return source
