"""PDF files and pictures made on the spot, so that every coordinate in a test is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_files import HEIGHT, WIDTH, Draw, MakePdf
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas


@pytest.fixture
def make_pdf(tmp_path: Path) -> MakePdf:
    """Calls a drawing function with a canvas of 400 x 600 points (origin bottom left) and saves it."""

    def make(draw: Draw, **options: object) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pdf"
        canvas = Canvas(str(path), pagesize=(WIDTH, HEIGHT), **options)
        draw(canvas)
        canvas.save()
        return path

    return make


@pytest.fixture
def make_picture(tmp_path: Path) -> Callable[..., Path]:
    """Black lines of text on white, 40 pixels high; saved in the format of the name."""

    def make(name: str, lines: list[str], *, turn: int = 0, size: tuple[int, int] = (1000, 400), exif: int = 0) -> Path:
        image = Image.new("RGB", size, "white")
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(40)
        for i, line in enumerate(lines):
            draw.text((40, 40 + 80 * i), line, "black", font)
        data = Image.Exif()
        if exif:
            data[0x0112] = exif
        image.rotate(90 * turn, expand=True).save(tmp_path / name, exif=data)
        return tmp_path / name

    return make
