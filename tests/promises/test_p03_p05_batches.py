"""Promises 3, 4 and 5 through the whole house: a batch with bad files, memory of the parent, honest reports."""

from __future__ import annotations

import gc
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from openpyxl import Workbook
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from assistant.errors import ThickshellError
from assistant.settings import Settings
from assistant.types import JobInfo
from assistant.wiring import House, build

PAGES = 4


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Small limits: 4 pages, 1 MB a file, 5 MB after decompression."""
    settings = Settings(
        home=tmp_path / "home",
        encoder="hashed",
        parse_pages=PAGES,
        max_upload_mb=1,
        expanded_mb=5,
        parse_seconds=120,
    )
    made = build(settings)
    yield made
    made.close()


def pdf(*pages: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(400, 600), **options)
    for text in pages:
        canvas.drawString(40, 500, text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def xlsx() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Port", "Boats"), ("Oban", 14), ("Mallaig", 9)):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", '<Types ContentType="wordprocessingml.document.main+xml"/>')
        archive.writestr("word/document.xml", b" " * 50_000_000)
    return buffer.getvalue()


def picture(text: str) -> Image.Image:
    image = Image.new("RGB", (900, 200), "white")
    ImageDraw.Draw(image).text((40, 60), text, "black", ImageFont.load_default(48))
    return image


GOOD = {
    "tea.txt": b"Tea is dried in the sun.",
    "ports.xlsx": xlsx(),
    "harbour.pdf": pdf("The harbour was built in 1911.", "It holds 40 boats."),
    "really-a-sheet.pdf": xlsx(),  # mislabelled, but a kind of file that can be read
    "really-a-pdf.docx": pdf("The lighthouse is red."),
    "no-ending": b"A file without an ending may be plain text.",
}
BAD = {
    "empty.txt": (b"", "empty"),
    "blank.txt": (b" \n\t\n", "blanks"),
    "truncated.pdf": (pdf("Cut off")[:300], "damaged"),
    "truncated.xlsx": (xlsx()[:800], "damaged"),
    "truncated.png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "damaged"),
    "encrypted.pdf": (pdf("Hidden", encrypt=StandardEncryption("key", canPrint=0)), "password"),
    "program.pdf": (b"MZ\x90\x00" + bytes(200), "Windows program"),
    "bytes.txt": (bytes(range(256)) * 20, ""),
    "archive.docx": (b"Rar!\x1a\x07\x00" + bytes(100), "RAR"),
    "bomb.docx": (bomb(), "expands to more than 5 MB"),
    "large.txt": (b"word " * 250_000, "larger than 1 MB"),
}


def outcomes(house: House, folder: Path, files: dict[str, bytes]) -> dict[str, str]:
    """Name -> the sentence it got, "" where it is ready."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    house.library.create("batch")
    submitted = house.library.submit_all("batch", [folder / name for name in files])
    jobs = {job.id: job for job in house.library.wait([job for job in submitted if isinstance(job, int)])}
    return {name: sentence(outcome, jobs) for name, outcome in zip(files, submitted, strict=True)}


def sentence(outcome: int | ThickshellError, jobs: dict[int, JobInfo]) -> str:
    if isinstance(outcome, ThickshellError):
        return str(outcome)
    assert (jobs[outcome].state == "done") == (jobs[outcome].error is None)
    return jobs[outcome].error or ""


def test_p03_p04_one_bad_file_never_stops_the_others(house: House, tmp_path: Path) -> None:
    before = resident_mb()
    mixed = dict(
        sorted((GOOD | {name: data for name, (data, _) in BAD.items()}).items(), key=lambda item: item[0][::-1])
    )
    said = outcomes(house, tmp_path / "in", mixed)
    assert {name for name, text in said.items() if not text} == set(GOOD)
    for name, (_, expected) in BAD.items():
        text = said[name]
        assert expected in text, (name, text)
        assert text[0].isupper(), (name, text)
        assert text.endswith("."), (name, text)
        assert text.replace("...", "").count(". ") == 0, (name, text)
        assert not {"\n", "Traceback", "Error("} & set(text.split()), (name, text)
    ready = {info.name for info in house.library.documents("batch") if info.state == "ready"}
    assert ready == set(GOOD)
    assert resident_mb() - before < 500  # promise 4: whatever is fed, the parent stays small


def resident_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / (1 << 20)


def test_p05_reports_count_and_warn(house: House, tmp_path: Path) -> None:
    drawn = io.BytesIO()
    canvas = Canvas(drawn, pagesize=(400, 600))
    canvas.drawString(40, 550, "Boats of the island by port")
    canvas.grid([40, 150, 300], [500, 480, 460])
    for y, row in ((485, ("Port", "Boats")), (465, ("Oban", "14"))):
        canvas.drawString(45, y, row[0])
        canvas.drawString(160, y, row[1])
    canvas.showPage()
    canvas.drawInlineImage(picture("FERRY TIMETABLE"), 20, 300, width=360, height=80)
    canvas.showPage()
    canvas.drawInlineImage(picture(""), 0, 0, width=400, height=600)
    canvas.showPage()
    canvas.save()
    long = pdf(*(f"Page {n} of the long report." for n in range(1, PAGES + 3)))
    said = outcomes(
        house, tmp_path / "in", {"scan.pdf": drawn.getvalue(), "long.pdf": long, "tea.txt": GOOD["tea.txt"]}
    )
    assert said["scan.pdf"] == said["tea.txt"] == ""
    report = house.library.info("batch", "scan.pdf").report
    document = house.library.document("batch", "scan.pdf")
    assert (report.pages, report.tables, report.ocr_pages) == (3, 1, (2, 3))
    assert report.characters == len(document.text)
    assert "FERRY" in document.text
    assert report.warnings == ("Page 3: OCR found no text.",)
    tea = house.library.info("batch", "tea.txt").report
    assert (tea.characters, tea.passages, tea.warnings) == (24, 1, ())
    # never cut in silence
    assert said["long.pdf"] == "The PDF has 6 pages, more than the limit of 4; split it and add the parts."
