"""Promise 13 for PDF and pictures: a Document or one sentence, whatever is done to the bytes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutate import mutate
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from assistant.errors import UnreadableFile
from assistant.types import Document, Limits
from ingest.pool import ParserPool

FULL = int(os.environ.get("THICKSHELL_FUZZ", "2000"))


def pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(400, 600), pageCompression=0)
    canvas.drawString(40, 560, "A heading")
    canvas.acroForm.textfield(name="f1", value="Uppsala", x=100, y=500, width=120, height=20)
    for i in range(6):
        for x, text in zip((40, 200, 300), (f"Row {i}", f"{i},000", f"({i}.5)")):
            canvas.drawString(x, 450 - 14 * i, text)
    canvas.grid([40, 150, 300], [200, 180, 160, 140])
    canvas.save()
    return buffer.getvalue()


def picture(format: str) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", (64, 56), "white")  # nearly square: the text detector enlarges the shorter side
    ImageDraw.Draw(image).text((5, 5), "Words", "black")
    image.save(buffer, format)
    return buffer.getvalue()


SEEDS = {"pdf": pdf(), **{name: picture(name) for name in ("png", "jpeg", "tiff", "webp")}}


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(workers=1, limits=Limits(seconds=60)) as started:
        yield started


@pytest.mark.parametrize(("format", "count"), [("pdf", 40), ("png", 4), ("jpeg", 1), ("tiff", 2), ("webp", 2)])
def test_p13_mutated_files(pool: ParserPool, tmp_path: Path, format: str, count: int) -> None:
    _fuzz(pool, tmp_path, format, count)


@pytest.mark.hardening
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("format", SEEDS)
def test_p13_full_count(pool: ParserPool, tmp_path: Path, format: str) -> None:
    _fuzz(pool, tmp_path, format, FULL if format == "pdf" else FULL // 10)


def _fuzz(pool: ParserPool, folder: Path, format: str, count: int) -> None:
    path = folder / "mutated"
    for number in range(count):
        path.write_bytes(mutate(SEEDS[format], number))
        outcome = _outcome(pool, path, format)
        if isinstance(outcome, str):
            assert outcome.endswith("."), number
            assert "\n" not in outcome, number
            assert "crash" not in outcome, number
        else:
            outcome.text.encode()
            assert all(outcome.text[c.start : c.end] == c.text for t in outcome.tables for c in t.cells), number


def _outcome(pool: ParserPool, path: Path, format: str) -> Document | str:
    try:
        return pool.parse(path, format)
    except UnreadableFile as error:
        return str(error)
