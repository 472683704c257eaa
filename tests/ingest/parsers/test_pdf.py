from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_files import MakePdf, parsed, texts
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from assistant.errors import Encrypted, LimitExceeded, UnreadableFile
from assistant.types import Limits
from ingest.parsers.pdf import PdfParser
from ingest.parsers.pdf_open import open_pdf
from ingest.parsers.pdf_text import frame_of, words_of


def column(canvas: Canvas, x: float, words: str, lines: int, top: float = 500) -> None:
    canvas.setFont("Helvetica", 10)
    for i in range(lines):
        canvas.drawString(x, top - 12 * i, f"{words} line {i} goes on here.")


def test_two_columns_are_read_one_after_the_other(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(100, 560, "A heading over both")
        column(canvas, 30, "Left", 12)
        column(canvas, 210, "Right", 12)

    document = parsed(make_pdf(draw), "pdf")
    text = document.text
    assert texts(document, "heading") == ["A heading over both"]
    assert text.index("Left line 11") < text.index("Right line 0")
    assert document.blocks[1].heading_path == ("A heading over both",)


def test_lines_have_boxes_from_the_top_left(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(50, 500, "Baseline a hundred below the top")

    document = parsed(make_pdf(draw), "pdf")
    (line,) = document.lines
    x0, y0, x1, y1 = line.box
    assert document.text[line.start : line.end] == "Baseline a hundred below the top"
    assert x0 == pytest.approx(50, abs=1.5)
    assert y0 == pytest.approx(100 - 9.5, abs=3)
    assert y1 == pytest.approx(100 + 3, abs=2)
    assert 190 < x1 < 210


TRANSCRIPT = [
    "The above-entitled matter came on for oral", "argument before the court in the morning,", "and was heard.", "",
    "MR. GREY: The harbour was closed because of", "the storm, and ships of any size had to wait", "outside until",
    "the pilot came back.", "", "", "MS. WHITE: How long did they wait? I ask", "since the log says nothing of it.",
]  # fmt: skip


def numbered(canvas: Canvas, lines: list[str], x: float = 90) -> None:
    canvas.setFont("Courier", 10)
    for n, line in enumerate(lines, 1):
        canvas.drawRightString(60, 560 - 20 * n, str(n))
        canvas.drawString(x, 560 - 20 * n, line)


def test_line_numbers_in_the_margin_are_left_out(make_pdf: MakePdf) -> None:
    document = parsed(make_pdf(lambda canvas: numbered(canvas, TRANSCRIPT)), "pdf")
    assert "of\nthe storm, and ships of any size had to wait\noutside until\nthe pilot came back." in document.text
    assert not re.search(r"\d", document.text)
    assert document.report.warnings == ("12 numbers of printed lines in the margin were left out.",)


def test_ranks_and_numbered_names_stay(make_pdf: MakePdf) -> None:
    names = [f"{name} of the {n}th town" for n, name in enumerate(["Ann", "Bob", "Cid", "Dan", "Eva", "Fay"] * 2)]
    document = parsed(make_pdf(lambda canvas: numbered(canvas, names)), "pdf")
    assert "7 Ann of the 6th town" in document.text
    assert document.report.warnings == ()


def test_a_narrow_blank_of_the_file_is_one(make_pdf: MakePdf) -> None:
    """Justified lines squeeze blanks to a tenth of the font size; letters set apart without one stay a word."""

    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(50, 500)
        text.setFont("Helvetica", 10)
        text.setWordSpace(-1.8)
        text.textLine("the strength of a standard nut of comparable size")
        canvas.drawText(text)

    assert parsed(make_pdf(draw), "pdf").text == "the strength of a standard nut of comparable size"


# A line whose middle is about (140, 303) from the bottom left; the page is 400 x 600 points as displayed.
@pytest.mark.parametrize(("rotate", "middle"), [(90, (303, 140)), (180, (260, 303)), (270, (97, 460))])
def test_boxes_follow_the_page_as_displayed(make_pdf: MakePdf, rotate: int, middle: tuple[float, float]) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(rotate)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(50, 300, "Turned with the page, read all the same")

    document = parsed(make_pdf(draw), "pdf")
    (line,) = document.lines
    x0, y0, x1, y1 = line.box
    assert document.text == "Turned with the page, read all the same"
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == (pytest.approx(middle[0], abs=4), pytest.approx(middle[1], abs=4))


STATEMENT = [
    ("Net sales:", "", ""),
    ("Products", "63,355", "63,948"),
    ("Services", "19,604", "17,486"),
    ("Total net sales", "82,959", "81,434"),
    ("Other income/(expense), net", "(10)", "243"),
]


def statement(canvas: Canvas) -> None:
    canvas.setFont("Helvetica-Bold", 9)
    canvas.drawCentredString(285, 460, "Three Months Ended")
    canvas.drawRightString(270, 448, "June 25, 2022")
    canvas.drawRightString(360, 448, "June 26, 2021")
    canvas.setFont("Helvetica", 9)
    for i, (label, a, b) in enumerate(STATEMENT):
        y = 434 - 12 * i
        canvas.drawString(40, y, label)
        canvas.drawRightString(270, y, a)
        canvas.drawRightString(360, y, b)
        if i == 1:
            canvas.drawString(215, y, "$")
            canvas.drawString(305, y, "$")


def test_a_statement_without_lines_is_a_table(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 9)
        canvas.drawString(40, 500, "Statements of operations (in millions)")
        statement(canvas)
        canvas.drawString(40, 340, "See the accompanying notes, which are part of these statements.")

    document = parsed(make_pdf(draw), "pdf")
    (table,) = document.tables
    assert table.header == ("", "Three Months Ended / June 25, 2022", "Three Months Ended / June 26, 2021")
    assert table.rows[1] == ("Products", "$ 63,355", "$ 63,948")
    assert table.rows[3] == ("Total net sales", "82,959", "81,434")
    value = {(c.row, c.column): c.value for c in table.cells}
    assert (value[4, 2], value[7, 2]) == (63355, -10)
    assert all(document.text[c.start : c.end] == c.text for c in table.cells)
    assert "82,959" not in " ".join(texts(document, "paragraph"))
    assert texts(document)[-1].startswith("See the accompanying")


def test_cells_have_boxes(make_pdf: MakePdf) -> None:
    (table,) = parsed(make_pdf(statement), "pdf").tables
    (cell,) = [c for c in table.cells if c.text == "82,959"]
    assert cell.box is not None
    assert cell.box[2] == pytest.approx(270, abs=1.5)
    assert cell.box[1] < 600 - 434 + 36 < cell.box[3]


def test_a_ruled_table_of_words(make_pdf: MakePdf) -> None:
    rows = [("Item", "Where"), ("Pens", "In the upper drawer"), ("Paper", "On the shelf")]

    def draw(canvas: Canvas) -> None:
        canvas.grid([50, 150, 350], [500, 480, 460, 440])
        for i, (a, b) in enumerate(rows):
            canvas.drawString(55, 485 - 20 * i, a)
            canvas.drawString(155, 485 - 20 * i, b)

    (table,) = parsed(make_pdf(draw), "pdf").tables
    assert table.header == ("Item", "Where")
    assert table.rows == (("Pens", "In the upper drawer"), ("Paper", "On the shelf"))


def test_words_cut_at_line_ends_are_whole(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        for i, line in enumerate(
            ["The committee discussed com-", "pilation and a well-", "known matter. Well-known it is."]
        ):
            canvas.drawString(50, 500 - 14 * i, line)

    text = parsed(make_pdf(draw), "pdf").text
    assert "compilation" in text
    assert "well-known" in text


def test_running_heads_are_kept_once(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(1, 6):
            canvas.drawString(50, 580, "Annual report of the society")
            canvas.drawString(50, 300, f"What stands on this page is about subject {'abcde'[page - 1]}.")
            canvas.drawCentredString(200, 20, f"Page {page} of 5")
            canvas.showPage()

    document = parsed(make_pdf(draw), "pdf")
    assert texts(document, "header") == ["Annual report of the society"]
    assert texts(document, "footer") == ["Page 1 of 5"]
    assert document.report.pages == 5
    assert any("8 repetitions" in w for w in document.report.warnings)


def test_headings_nest_by_size(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        for y, size, text in [(560, 20, "Guide"), (530, 14, "First steps"), (480, 14, "Further steps")]:
            canvas.setFont("Helvetica-Bold", size)
            canvas.drawString(40, y, text)
            canvas.setFont("Helvetica", 10)
            canvas.drawString(40, y - 18, "Some ordinary text of usual size stands below the heading.")

    document = parsed(make_pdf(draw), "pdf")
    assert [(b.level, b.heading_path) for b in document.blocks if b.kind == "heading"] == [
        (1, ()),
        (2, ("Guide",)),
        (2, ("Guide",)),
    ]
    assert document.title == "Guide"


def test_form_values_are_read(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(50, 505, "Town")
        canvas.acroForm.textfield(name="f1", value="Uppsala", x=100, y=500, width=120, height=20)
        canvas.acroForm.textfield(name="f2", value="", x=100, y=460, width=120, height=20)
        canvas.acroForm.checkbox(name="f3", tooltip="Newsletter", checked=True, x=100, y=420, size=15)

    document = parsed(make_pdf(draw), "pdf")
    assert texts(document, "form") == ["Town: Uppsala", "Newsletter: yes"]


def test_a_password_opens_an_encrypted_file(make_pdf: MakePdf) -> None:
    path = make_pdf(lambda c: c.drawString(50, 500, "Only for you"), encrypt=StandardEncryption("open sesame"))
    with pytest.raises(Encrypted, match="give its password"):
        parsed(path, "pdf")
    with pytest.raises(Encrypted, match="does not open"):
        parsed(path, "pdf", password="wrong")
    assert parsed(path, "pdf", password="open sesame").text == "Only for you"


def test_a_password_nobody_asked_for_does_no_harm(make_pdf: MakePdf) -> None:
    assert parsed(make_pdf(lambda c: c.drawString(50, 500, "Open to all")), "pdf", password="x").text == "Open to all"


def test_damaged_files_are_repaired_or_named(make_pdf: MakePdf, tmp_path: Path) -> None:
    data = make_pdf(lambda c: c.drawString(50, 500, "Still there")).read_bytes()
    no_xref = tmp_path / "no-xref.pdf"
    no_xref.write_bytes(re.sub(rb"startxref\s+\d+", b"startxref\n1", data))
    assert parsed(no_xref, "pdf").text == "Still there"
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(data[:60])
    with pytest.raises(UnreadableFile, match="damaged"):
        parsed(cut, "pdf")


def test_too_many_pages(make_pdf: MakePdf) -> None:
    path = make_pdf(lambda c: [c.showPage() for _ in range(4)] and None)
    with pytest.raises(LimitExceeded, match="more than the limit of 3"):
        PdfParser().parse(path, Limits(pages=3))


def test_progress_counts_pages(make_pdf: MakePdf) -> None:
    seen: list[tuple[int, int]] = []

    def draw(canvas: Canvas) -> None:
        for _ in range(3):
            canvas.drawString(50, 500, "Text")
            canvas.showPage()

    PdfParser().parse(make_pdf(draw), Limits(), progress=lambda page, pages: seen.append((page, pages)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_scanned_page_is_read_by_ocr(make_pdf: MakePdf, make_picture: Callable[..., Path]) -> None:
    picture = make_picture("scan.png", ["Received on 14 May 2019", "Total 4,250 kroner"])

    def draw(canvas: Canvas) -> None:
        canvas.drawString(50, 500, "First a page of text, as usual.")
        canvas.showPage()
        canvas.drawImage(str(picture), 0, 300, 400, 160)

    document = parsed(make_pdf(draw), "pdf")
    assert document.report.ocr_pages == (2,)
    assert "Received on 14 May 2019" in document.text
    line = next(ln for ln in document.lines if "Received" in document.text[ln.start : ln.end])
    assert line.page == 2
    # drawn 40 of 1000 pixels from the left, 40 of 400 from the top, of a picture 400 points wide, 140 below the top
    assert line.box[0] == pytest.approx(16, abs=5)
    assert line.box[1] == pytest.approx(140 + 16, abs=6)


def test_pictures_beside_text_are_mentioned(make_pdf: MakePdf, make_picture: Callable[..., Path]) -> None:
    picture = make_picture("photo.png", ["inside"])

    def draw(canvas: Canvas) -> None:
        for i in range(10):
            canvas.drawString(50, 560 - 14 * i, "A page with plenty of text of its own.")
        canvas.drawImage(str(picture), 0, 100, 400, 160)

    document = parsed(make_pdf(draw), "pdf")
    assert document.report.ocr_pages == ()
    assert any("hold pictures" in w for w in document.report.warnings)


@pytest.mark.bench_data
def test_an_income_statement_of_a_filing(bench: Path) -> None:
    document = parsed(bench / "filings" / "2022 Q3 AAPL.pdf", "pdf")
    table = next(t for t in document.tables if any(row[0] == "Total net sales" for row in t.rows))
    row = next(row for row in table.rows if row[0] == "Total net sales")
    got = dict(zip(table.header, row))
    assert got["Three Months Ended / June 25, 2022"] == "82,959"
    assert got["Nine Months Ended / June 26, 2021"] == "282,457"
    assert table.page == 4


@pytest.mark.bench_data
@pytest.mark.parametrize("name", ["docs/tracemonkey.pdf", "docs/prefilled_f1040.pdf", "filings/2023 Q2 AAPL.pdf"])
def test_no_character_is_lost(bench: Path, name: str) -> None:
    text = Counter(c for c in parsed(bench / name, "pdf").text if c.isalnum())
    layer: Counter[str] = Counter()
    with open_pdf(bench / name) as pdf:
        for page in pdf:
            layer.update(c for word in words_of(page, frame_of(page)) for c in word.text if c.isalnum())
    assert layer - text == Counter()
