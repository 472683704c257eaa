"""PDF: text in reading order, tables, form values, notes; OCR for pages without a usable text layer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as raw

from assistant.errors import LimitExceeded, UnreadableFile
from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.pdf_blocks import Flow, add_page, add_words
from ingest.parsers.pdf_forms import marks_of
from ingest.parsers.pdf_open import open_pdf
from ingest.parsers.pdf_rules import Drawing, drawing_of
from ingest.parsers.pdf_style import SAMPLE, learn
from ingest.parsers.pdf_text import Frame, Word, frame_of, words_of

Progress = Callable[[int, int], None]
_DPI = 200
_NO_TITLE = re.compile(
    r"untitled|microsoft|\.(docx?|pdf|tex|dvi|indd|qxd|pptx?|xlsx?)\b|^[\W\d_]*$|^about:|^file:|^https?:",
    re.IGNORECASE,
)


class PdfParser:
    types = frozenset({"pdf"})

    def parse(
        self, path: Path, limits: Limits, *, password: str | None = None, progress: Progress | None = None
    ) -> Document:
        """Pages in order; Encrypted asks for a password, LimitExceeded for smaller parts."""
        with open_pdf(path, password) as pdf:
            count = len(pdf)
            if count > limits.pages:
                raise LimitExceeded(
                    f"The PDF has {count:,} pages, more than the limit of {limits.pages:,}; split it and add the parts."
                )
            builder = DocumentBuilder("pdf", limits, title=_title(pdf), date=_date(pdf), pages=count)
            sample = dict(_sample(pdf))
            flow = Flow(builder, learn(sample.values()), title_level=0 if builder.title else 9)
            form = _form(pdf)
            pictures = 0
            for number in range(1, count + 1):
                pictures += _add(flow, pdf, number, form, sample.pop(number, None))
                if progress:
                    progress(number, count)
            _report(flow, pictures)
            if not builder.length and not builder.ocr_pages:
                raise UnreadableFile(
                    "The PDF holds no text: its pages are blank or too damaged to be shown; print it to PDF anew."
                )
            return builder.build(empty_ok=True)


def _add(flow: Flow, pdf: Any, number: int, form: Any, read: tuple[Sequence[Word], float] | None) -> bool:
    """One page, `read` if its words are known; True where it holds pictures that were not read."""
    page = _page(pdf, number)
    if page is None:
        flow.builder.warn(f"Page {number} is damaged and was left out.")
        return False
    try:
        frame = frame_of(page)
        words = read[0] if read else words_of(page, frame)
        drawing = drawing_of(page, frame)
        marks = marks_of(page, form, frame, words)
        scanned = _needs_ocr(words, drawing, frame)
        if scanned:
            _add_scanned(flow, page, number, words)
        elif words:
            add_page(flow, words, number, drawing.lines, frame.size[1])
    finally:
        page.close()
    for mark in marks:
        flow.builder.add_lines(
            "form" if mark.form else "comment", [(" ".join(mark.text.split()), mark.box)], page=number
        )
    return not scanned and any(_area(box, frame) > 0.15 for box in drawing.images)


def _form(pdf: Any) -> Any:
    """PDFium's handle on the form's fields, None where there is no form."""
    if pdf.get_formtype() == raw.FORMTYPE_NONE:
        return None
    pdf.init_forms()
    return pdf.formenv.raw if pdf.formenv else None


def _page(pdf: Any, number: int) -> Any:
    try:
        return pdf[number - 1]
    except pypdfium2.PdfiumError:
        return None


def _sample(pdf: Any) -> Iterator[tuple[int, tuple[Sequence[Word], float]]]:
    """Number, words and height of pages spread evenly over the document."""
    count = len(pdf)
    for i in sorted(
        {round(k * (count - 1) / max(1, SAMPLE - 1)) for k in range(SAMPLE)} if count > SAMPLE else range(count)
    ):
        page = _page(pdf, i + 1)
        if page is not None:
            frame = frame_of(page)
            yield i + 1, (words_of(page, frame), frame.size[1])
            page.close()


# --- pages without a usable text layer -------------------------------------------------------------------------------
def _needs_ocr(words: Sequence[Word], drawing: Drawing, frame: Frame) -> bool:
    """No text but something drawn, a page-filling picture with next to no text, or text that is garbage."""
    letters = sum(len(w.text) for w in words)
    covered = max((_area(box, frame) for box in drawing.images), default=0.0)
    if letters == 0:
        return covered > 0.01 or drawing.shapes > 20
    if covered > 0.5 and letters < 60:
        return True
    return letters > 20 and sum(_is_garbage(c) for w in words for c in w.text) * 10 > 3 * letters


def _is_garbage(char: str) -> bool:
    return char == "\ufffd" or unicodedata.category(char) in ("Co", "Cn", "Cc")


def _area(box: tuple[float, float, float, float], frame: Frame) -> float:
    """Share of the page."""
    width, height = frame.size
    w, h = min(box[2], width) - max(box[0], 0), min(box[3], height) - max(box[1], 0)
    return max(0.0, w) * max(0.0, h) / (width * height)


def _add_scanned(flow: Flow, page: Any, number: int, words: Sequence[Word]) -> None:
    from ingest.ocr import LONG_SIDE, read_picture

    width, height = page.get_size()
    scale = min(_DPI / 72, LONG_SIDE / max(width, height))
    reading = read_picture(page.render(scale=scale).to_pil(), 1 / scale)
    flow.builder.ocr_pages.append(number)
    if not reading.words:
        flow.builder.warn(f"Page {number}: OCR found no text.")
    if reading.uncertain:
        flow.builder.warn(f"Page {number}: OCR is not sure of {reading.uncertain} of {len(reading.words)} lines.")
    if words and not reading.words:
        add_page(flow, words, number, (), height)
    else:
        add_words(flow.builder, reading.words, number)


# --- about the whole -------------------------------------------------------------------------------------------------
def _report(flow: Flow, pictures: int) -> None:
    if flow.repeated:
        flow.builder.warn(f"Page headers and footers are kept once; {flow.repeated} repetitions were left out.")
    if flow.line_numbers:
        flow.builder.warn(f"{flow.line_numbers} numbers of printed lines in the margin were left out.")
    if pictures:
        flow.builder.warn(f"{pictures} page(s) hold pictures; text inside them was not read.")


def _title(pdf: Any) -> str:
    """The title in the file's properties, where it is one."""
    text = " ".join(str(pdf.get_metadata_value("Title") or "").split())
    return "" if not text or _NO_TITLE.search(text) or "\ufffd" in text else text[:200]


def _date(pdf: Any) -> str | None:
    found = re.match(r"D:(\d{4})(\d\d)(\d\d)", str(pdf.get_metadata_value("CreationDate") or ""))
    if not found:
        return None
    year, month, day = (int(g) for g in found.groups())
    return f"{year:04}-{month:02}-{day:02}" if 1900 < year < 2200 and 1 <= month <= 12 and 1 <= day <= 31 else None
