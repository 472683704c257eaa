"""Pictures (PNG, JPEG, TIFF, WebP) by OCR: one page, or one per frame of a TIFF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistant.errors import LimitExceeded
from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.ocr import read_picture
from ingest.parsers.pdf_blocks import add_words
from ingest.pictures import POINTS_PER_PIXEL, frame, frames, opened

_NAMES = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "TIFF": "tiff", "WEBP": "webp"}


class ImageParser:
    types = frozenset(_NAMES.values())

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        """Blocks of kind "picture" (headings and tables where they show); boxes in points at 0.75 a pixel."""
        with opened(path) as image:
            count = frames(image)
            if count > limits.pages:
                raise LimitExceeded(
                    f"The picture has {count:,} pages, more than the limit of {limits.pages:,}; "
                    "split it and add the parts."
                )
            builder = DocumentBuilder(_NAMES.get(image.format or "", "png"), limits, pages=count)
            for number in range(1, count + 1):
                reading = read_picture(frame(image, number - 1), POINTS_PER_PIXEL)
                builder.ocr_pages.append(number)
                if reading.uncertain:
                    builder.warn(
                        f"Page {number}: OCR is not sure of {reading.uncertain} of {len(reading.words)} lines."
                    )
                if not reading.words:
                    builder.warn(f"Page {number}: no text found in the picture.")
                add_words(builder, reading.words, number, plain="picture")
                if progress:
                    progress(number, count)
            return builder.build(empty_ok=True)
