from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_files import parsed
from PIL import Image

from assistant.errors import LimitExceeded, UnreadableFile
from ingest import pictures

Make = Callable[..., Path]
SMALL = (620, 280)
LINES = ["Invoice number 4711", "Two chairs and a table", "Payable within thirty days"]


def test_lines_are_read_with_their_places(make_picture: Make) -> None:
    document = parsed(make_picture("a.png", LINES), "png")
    assert [line for line in document.text.split("\n") if line] == LINES
    assert {b.kind for b in document.blocks} == {"picture"}
    assert document.report.ocr_pages == (1,)
    first = document.lines[0]
    # drawn 40 pixels from the left and the top; a pixel is 0.75 points
    assert first.box[0] == pytest.approx(30, abs=4)
    assert first.box[1] == pytest.approx(33, abs=8)


@pytest.mark.parametrize("turn", [2, 3])
def test_turned_scans_are_read(make_picture: Make, turn: int) -> None:
    document = parsed(make_picture("a.jpg", LINES, turn=turn, size=SMALL), "jpeg")
    assert "Two chairs and a table" in document.text
    boxes = [line.box for line in document.lines]
    width, height = (465, 210) if turn == 2 else (210, 465)  # points, as displayed
    assert all(0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height for x0, y0, x1, y1 in boxes)
    sideways = [(y1 - y0) > (x1 - x0) for x0, y0, x1, y1 in boxes]
    assert all(sideways) if turn != 2 else not any(sideways)


def test_exif_orientation_is_followed(make_picture: Make) -> None:
    document = parsed(make_picture("a.jpg", LINES, exif=6, size=SMALL), "jpeg")  # shown turned by 90 degrees clockwise
    assert "Two chairs and a table" in document.text
    assert all(x1 - x0 < y1 - y0 and x1 <= 210 for x0, y0, x1, y1 in (line.box for line in document.lines))


def test_every_frame_of_a_tiff_is_a_page(tmp_path: Path, make_picture: Make) -> None:
    frames = [Image.open(make_picture(f"{i}.png", [text])) for i, text in enumerate(["First sheet", "Second sheet"])]
    frames[0].save(tmp_path / "fax.tiff", save_all=True, append_images=frames[1:])
    document = parsed(tmp_path / "fax.tiff", "tiff")
    assert [(b.page, document.text[b.start : b.end]) for b in document.blocks] == [
        (1, "First sheet"),
        (2, "Second sheet"),
    ]
    assert document.report.pages == 2


def test_small_pictures_are_enlarged(make_picture: Make) -> None:
    path = make_picture("a.png", ["Tiny words"], size=(320, 120))
    Image.open(path).resize((110, 41)).save(path)
    assert "Tiny words" in parsed(path, "png").text


def test_a_blank_picture_is_reported_not_refused(make_picture: Make) -> None:
    document = parsed(make_picture("a.png", []), "png")
    assert document.text == ""
    assert document.report.warnings == ("Page 1: no text found in the picture.",)


def test_transparent_pictures_stand_on_white(tmp_path: Path, make_picture: Make) -> None:
    image = Image.open(make_picture("a.png", ["Clear words"])).convert("RGBA")
    image.putalpha(image.convert("L").point(lambda v: 255 - v))
    image.save(tmp_path / "b.png")
    assert "Clear words" in parsed(tmp_path / "b.png", "png").text


def test_damaged_and_huge_pictures_are_named(
    tmp_path: Path, make_picture: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_picture("a.png", LINES)
    cut = tmp_path / "cut.png"
    cut.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UnreadableFile, match="damaged"):
        parsed(cut, "png")
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)
    with pytest.raises(LimitExceeded, match="pixels"):
        parsed(path, "png")


@pytest.mark.bench_data
def test_a_bill_is_a_table(bench: Path) -> None:
    document = parsed(bench / "docs" / "qr_bill_example.jpg", "jpeg")
    rows = [dict(zip(t.header, row)) for t in document.tables for row in t.rows]
    (row,) = [row for row in rows if row.get("Description") == "Garden work"]
    assert row["Total"] == "CHF 3'360.00"
