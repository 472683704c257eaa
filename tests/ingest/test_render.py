from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from assistant.errors import Encrypted, NotAvailable, NotFound
from ingest.render import MAX_SIDE, page_image


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """Two pages of 400 x 600 points; the second is shown turned and has a black field at its own bottom left."""
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    canvas.showPage()
    canvas.setPageSize((600, 400))
    canvas.rect(0, 0, 100, 100, fill=1)
    canvas.showPage()
    canvas.save()
    return tmp_path / "a.pdf"


def test_a_page_as_a_picture(pdf: Path) -> None:
    image = Image.open(io.BytesIO(page_image(pdf, "pdf", 2, 2.0)))
    assert image.format == "PNG"
    assert image.size == (1200, 800)
    assert image.convert("L").getpixel((100, 700)) == 0
    assert image.convert("L").getpixel((700, 100)) == 255


def test_sizes_are_in_points_as_displayed(pdf: Path, tmp_path: Path) -> None:
    Image.new("RGB", (400, 100)).save(tmp_path / "a.png")
    assert Image.open(io.BytesIO(page_image(tmp_path / "a.png", "png", 1, 1.0))).size == (300, 75)


def test_sizes_are_limited(pdf: Path) -> None:
    assert max(Image.open(io.BytesIO(page_image(pdf, "pdf", 1, 1000))).size) <= MAX_SIDE


def test_pages_that_are_not_there(pdf: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no page 3"):
        page_image(pdf, "pdf", 3)
    with pytest.raises(NotAvailable, match="no pages"):
        page_image(pdf, "docx", 1)


def test_an_encrypted_page_needs_its_password(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600), encrypt="secret")
    canvas.showPage()
    canvas.save()
    with pytest.raises(Encrypted):
        page_image(tmp_path / "a.pdf", "pdf", 1)
    assert page_image(tmp_path / "a.pdf", "pdf", 1, password="secret").startswith(b"\x89PNG")
