"""Pages as pictures, for showing where a quote stands. Runs quickly; sizes are limited whatever a file says of
itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import NotAvailable, NotFound
from ingest.pictures import POINTS_PER_PIXEL, frame, frames, opened

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = frozenset({"png", "jpeg", "tiff", "webp"})
MAX_SIDE = 4000  # pixels


def page_image(path: Path, format: str, page: int, scale: float = 1.5, password: str | None = None) -> bytes:
    """PNG of a page (from 1) at `scale` pixels per point, smaller where a side would exceed MAX_SIDE.

    NotAvailable for formats without pages, NotFound for a page that is not there.
    """
    if format == "pdf":
        return _png(_pdf_page(path, page, scale, password))
    if format in PICTURES:
        return _png(_picture(path, page, scale))
    raise NotAvailable(f"Files of type {format} have no pages to show; open the original instead.")


def _pdf_page(path: Path, page: int, scale: float, password: str | None) -> Image:
    from ingest.parsers.pdf_open import open_pdf

    with open_pdf(path, password) as pdf:
        _check(page, len(pdf))
        pdf.init_forms()
        sheet = pdf[page - 1]
        return sheet.render(scale=_bounded(scale, *sheet.get_size()), may_draw_forms=True).to_pil()  # type: ignore[no-any-return]


def _picture(path: Path, page: int, scale: float) -> Image:
    from ingest.ocr import flat

    with opened(path) as image:
        _check(page, frames(image))
        shown = flat(frame(image, page - 1))
    width, height = shown.width * POINTS_PER_PIXEL, shown.height * POINTS_PER_PIXEL
    bounded = _bounded(scale, width, height)
    shown.thumbnail((max(1, round(width * bounded)), max(1, round(height * bounded))))
    return shown


def _bounded(scale: float, width: float, height: float) -> float:
    return max(0.01, min(scale, 8.0, MAX_SIDE / max(width, height, 1.0)))


def _check(page: int, pages: int) -> None:
    if not 1 <= page <= pages:
        raise NotFound(f"There is no page {page}; the document has {pages}; choose one of these.")


def _png(image: Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
