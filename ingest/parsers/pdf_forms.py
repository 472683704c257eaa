"""Values that people typed into a PDF's form, and notes they pinned to it; the text layer holds neither."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from assistant.types import Box
from ingest.parsers.pdf_layout import joined, overlap
from ingest.parsers.pdf_text import Frame, Word

_NOTES = {
    pdfium.FPDF_ANNOT_TEXT,
    pdfium.FPDF_ANNOT_FREETEXT,
    pdfium.FPDF_ANNOT_HIGHLIGHT,
    pdfium.FPDF_ANNOT_UNDERLINE,
    pdfium.FPDF_ANNOT_STRIKEOUT,
    pdfium.FPDF_ANNOT_SQUIGGLY,
    pdfium.FPDF_ANNOT_CARET,
    pdfium.FPDF_ANNOT_STAMP,
    pdfium.FPDF_ANNOT_SQUARE,
    pdfium.FPDF_ANNOT_CIRCLE,
}
_TEXTS = {pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX}
_CHECKS = {pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON}
_MOST = 5000


@dataclass(frozen=True, slots=True)
class Mark:
    """`form`: a filled field, "label: value"; else a note's text."""

    form: bool
    text: str
    box: Box


def marks_of(page: Any, form: Any, frame: Frame, words: Sequence[Word]) -> list[Mark]:
    """Filled fields and notes of a page, top to bottom. `form`: the document's form handle, or None."""
    found = list(_marks(page.raw, form, frame, words))
    return sorted(found, key=lambda m: (round(m.box[1] / 6), m.box[0]))


def _marks(page: Any, form: Any, frame: Frame, words: Sequence[Word]) -> Iterator[Mark]:
    for i in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)):
        annotation = pdfium.FPDFPage_GetAnnot(page, i)
        if not annotation:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            if kind == pdfium.FPDF_ANNOT_WIDGET and form:
                value = _value(form, annotation)
                if value:
                    box = _box(annotation, frame)
                    yield Mark(True, f"{_label(form, annotation, box, words)}: {value}", box)
            elif kind in _NOTES:
                text = _string(lambda b, n, a=annotation: pdfium.FPDFAnnot_GetStringValue(a, b"Contents", b, n))  # type: ignore[misc]
                if text.strip():
                    yield Mark(False, text.strip(), _box(annotation, frame))
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _value(form: Any, annotation: Any) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _CHECKS:
        if not pdfium.FPDFAnnot_IsChecked(form, annotation):
            return ""
        name = _string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldExportValue(form, annotation, b, n))
        return "yes" if name.lower() in ("", "on", "yes", "1") else name
    if kind in _TEXTS:
        return _string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, b, n)).strip()
    return ""


def _label(form: Any, annotation: Any, box: Box, words: Sequence[Word]) -> str:
    """What the form calls the field: its tooltip, the text beside it, else its internal name."""
    tip = _string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldAlternateName(form, annotation, b, n)).strip()
    name = _string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldName(form, annotation, b, n)).strip()
    return tip or _beside(box, words) or name or "Field"


def _beside(box: Box, words: Sequence[Word]) -> str:
    """The words left of a field on its line, or right of a small one (a check box)."""
    small = box[2] - box[0] < 20
    line = [w for w in words if overlap(w.box[1], w.box[3], box[1], box[3]) > 0.4 * (w.box[3] - w.box[1])]
    left = [w for w in line if w.box[2] <= box[0] + 2 and box[0] - w.box[2] < 220]
    right = [w for w in line if w.box[0] >= box[2] - 2 and w.box[0] - box[2] < 220]
    chosen = sorted(right if small and right else left, key=lambda w: w.box[0])
    return joined(chosen).rstrip(" .:_")[-100:] if chosen else ""


def _box(annotation: Any, frame: Frame) -> Box:
    rect = pdfium.FS_RECTF()
    pdfium.FPDFAnnot_GetRect(annotation, rect)
    return frame.box(rect.left, rect.bottom, rect.right, rect.top)


def _string(get: Callable[[Any, int], int]) -> str:
    """PDFium's way with strings: ask for the length in bytes (UTF-16LE with its end), then for the text."""
    size = get(None, 0)
    if size <= 2 or size > 1_000_000:
        return ""
    buffer = ctypes.create_string_buffer(size)
    get(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")
