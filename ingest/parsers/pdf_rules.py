"""Ruling lines of a PDF page: strokes, thin rectangles and cell backgrounds, also inside form objects."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from assistant.types import Box
from ingest.parsers.pdf_text import Frame

_THIN = 2.5  # points: a rectangle this thin is a line
_MOST = 20_000  # objects looked at per page: drawings have more, tables do not
Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Displayed boxes: `lines` horizontal and vertical ones, `fills` coloured areas, `images` pictures."""

    lines: tuple[Box, ...] = ()
    fills: tuple[Box, ...] = ()
    images: tuple[Box, ...] = ()
    shapes: int = 0  # objects looked at


def drawing_of(page: Any, frame: Frame) -> Drawing:
    """What is drawn on a page, text apart."""
    lines: list[Box] = []
    fills: list[Box] = []
    images: list[Box] = []
    seen = 0
    for seen, (kind, object_, matrix) in enumerate(_objects(page.raw, _IDENTITY, True, 0), 1):
        if seen > _MOST:
            break
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            images.append(_bounds(object_, matrix, frame))
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            _path(object_, matrix, frame, lines, fills)
    return Drawing(tuple(lines), tuple(fills), tuple(images), seen)


def _objects(parent: Any, matrix: Matrix, is_page: bool, depth: int) -> Iterator[tuple[int, Any, Matrix]]:
    count = pdfium.FPDFPage_CountObjects(parent) if is_page else pdfium.FPDFFormObj_CountObjects(parent)
    get = pdfium.FPDFPage_GetObject if is_page else pdfium.FPDFFormObj_GetObject
    for i in range(count):
        object_ = get(parent, i)
        kind = pdfium.FPDFPageObj_GetType(object_)
        if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < 6:
            own = pdfium.FS_MATRIX()
            pdfium.FPDFPageObj_GetMatrix(object_, own)
            yield from _objects(object_, _times((own.a, own.b, own.c, own.d, own.e, own.f), matrix), False, depth + 1)
        elif kind in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE):
            yield kind, object_, matrix


def _times(m: Matrix, n: Matrix) -> Matrix:
    """First m, then n."""
    a, b, c, d, e, f = m
    p, q, r, s, t, u = n
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _bounds(object_: Any, matrix: Matrix, frame: Frame) -> Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(object_, left, bottom, right, top)
    if matrix is _IDENTITY:
        return frame.box(left.value, bottom.value, right.value, top.value)
    a, b, c, d, e, f = matrix
    corners = [(x.value, y.value) for x in (left, right) for y in (bottom, top)]
    xs, ys = [a * x + c * y + e for x, y in corners], [b * x + d * y + f for x, y in corners]
    return frame.box(min(xs), min(ys), max(xs), max(ys))


def _path(object_: Any, matrix: Matrix, frame: Frame, lines: list[Box], fills: list[Box]) -> None:
    segments = pdfium.FPDFPath_CountSegments(object_)
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(object_, mode, stroke)
    if not (mode.value or stroke.value) or segments > 400:
        return
    box = _bounds(object_, matrix, frame)
    width, height = box[2] - box[0], box[3] - box[1]
    if min(width, height) <= _THIN + (1 if stroke.value else 0):
        if max(width, height) > 3:
            lines.append(box)
    elif segments <= 6 and stroke.value:
        lines += sides(box)
    elif segments <= 6:
        fills.append(box)
    elif stroke.value:
        lines += _straight(object_, segments, matrix, frame)
    else:
        fills += _rectangles(object_, segments, matrix, frame, lines)


def sides(box: Box) -> list[Box]:
    """The four edges of a rectangle, as lines."""
    x0, y0, x1, y1 = box
    return [(x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)]


def _points(object_: Any, segments: int, matrix: Matrix, frame: Frame) -> Iterator[tuple[int, float, float, bool]]:
    own = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(object_, own)
    a, b, c, d, e, f = _times((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    for i in range(segments):
        segment = pdfium.FPDFPath_GetPathSegment(object_, i)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        px, py = frame.point(a * x.value + c * y.value + e, b * x.value + d * y.value + f)
        yield pdfium.FPDFPathSegment_GetType(segment), px, py, bool(pdfium.FPDFPathSegment_GetClose(segment))


def _straight(object_: Any, segments: int, matrix: Matrix, frame: Frame) -> list[Box]:
    """Horizontal and vertical strokes of a path with many parts."""
    out: list[Box] = []
    start = last = (0.0, 0.0)
    for kind, x, y, close in _points(object_, segments, matrix, frame):
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = (x, y)
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            out.append((min(last[0], x), min(last[1], y), max(last[0], x), max(last[1], y)))
        last = (x, y)
        if close:
            out.append((min(start[0], x), min(start[1], y), max(start[0], x), max(start[1], y)))
    return [b for b in out if min(b[2] - b[0], b[3] - b[1]) <= 1 and max(b[2] - b[0], b[3] - b[1]) > 3]


def _rectangles(object_: Any, segments: int, matrix: Matrix, frame: Frame, lines: list[Box]) -> list[Box]:
    """Parts of a filled path; thin ones go to `lines`."""
    fills: list[Box] = []
    part: list[tuple[float, float]] = []

    def flush() -> None:
        if len(part) >= 4:
            xs, ys = [p[0] for p in part], [p[1] for p in part]
            box = (min(xs), min(ys), max(xs), max(ys))
            (lines if min(box[2] - box[0], box[3] - box[1]) <= _THIN else fills).append(box)

    for kind, x, y, _ in _points(object_, segments, matrix, frame):
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            flush()
            part.clear()
        elif kind != pdfium.FPDF_SEGMENT_LINETO:
            return fills  # curves: a drawing
        part.append((x, y))
    flush()
    return fills
