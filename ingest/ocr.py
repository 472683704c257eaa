"""Text out of pictures with RapidOCR (PP-OCR models packaged in its wheel: Latin, Chinese, Japanese; no download).

Gives `Word`s like a PDF's text layer, so that columns, tables and paragraphs are found by the same code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assistant.types import Box
from ingest.parsers.pdf_text import Word, upright

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE = 2000  # pixels: finer makes reading slower, not better
_SMALL = 700  # pictures below this are enlarged: their letters have too few pixels
_SURE = 0.8  # lines with a lower score are counted as uncertain
_TRANSPOSE: Any = (None, 2, 3, 4)  # Pillow's ROTATE_90, ROTATE_180, ROTATE_270 (counterclockwise) undo 1, 2, 3 turns
_TICK = re.compile(r"(?<=\d)[`´](?=\d)")  # Swiss thousands
_LEAST = 0.4  # lines below are noise: textures, logos


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines of a picture; `uncertain` of them had a low score, `dropped` were too bad to keep."""

    words: tuple[Word, ...]
    uncertain: int = 0
    dropped: int = 0


def read_picture(image: Image, points_per_pixel: float) -> Reading:
    """Lines of text with their places, in points of the picture as displayed; sideways and upside-down text is
    turned."""
    small, scale = _fitted(image)
    crops, boxes = _crops(small)
    turn = _turn(crops, boxes)
    if turn:
        crops, boxes = _crops(small.transpose(_TRANSPOSE[turn]))
    found = list(_lines(crops, boxes))
    words = []
    for text, score, box in found:
        if score >= _LEAST and text.strip():
            shown = _back(box, turn, small.width, small.height)
            x0, y0, x1, y1 = upright(tuple(v / scale * points_per_pixel for v in shown), turn)  # type: ignore[arg-type]
            height = y1 - y0
            # The detector's boxes stand off the letters by about a tenth of their height on each side.
            words.append(
                Word(_TICK.sub("'", text.strip()), (x0, y0, x1, y1), y1 - 0.22 * height, 0.74 * height, turn=turn)
            )
    uncertain = sum(_LEAST <= score < _SURE for _, score, _ in found)
    return Reading(tuple(words), uncertain, sum(score < _LEAST for _, score, _ in found))


def _fitted(image: Image) -> tuple[Image, float]:
    """RGB at a size that reads well, and its scale."""
    image = flat(image)
    longest = max(image.size)
    scale = min(1.0, LONG_SIDE / longest) if longest > _SMALL else min(3.0, 2 * _SMALL / longest)
    if scale == 1.0:
        return image, 1.0
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, 3), scale  # Resampling.BICUBIC


def flat(image: Image) -> Image:
    """Transparent pictures on white, everything in RGB."""
    from PIL import Image as pil

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = pil.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image.convert("RGB")


def _turn(crops: list[Any], boxes: list[Box]) -> int:
    """Quarter turns clockwise of a picture's text, from the shape of its lines and the packaged up-or-down
    classifier."""
    if not crops:
        return 0
    weights = [_width(box) * _height(box) for box in boxes]
    tall = sum(w for w, box in zip(weights, boxes) if _height(box) > 1.5 * _width(box))
    sideways = tall * 2 > sum(weights)
    judged = [i for i, box in enumerate(boxes) if not sideways or _height(box) > 1.5 * _width(box)][:24]
    _, result = _engine().cls_and_rotate([crops[i].copy() for i in judged])
    labels = result.cls_res or []
    flipped = sum(1 for label, score in labels if str(label) == "180" and score > 0.9)
    over = flipped * 2 > len(labels)
    return (3 if over else 1) if sideways else (2 if over else 0)


def _lines(crops: list[Any], boxes: list[Box]) -> Iterator[tuple[str, float, Box]]:
    """Text, score and box of each line."""
    if not crops:
        return
    result = _engine().recognize_txt(crops)
    for text, score, box in zip(result.txts or (), result.scores or (), boxes):
        yield str(text), float(score), box


def _crops(image: Image) -> tuple[list[Any], list[Box]]:
    """Cut-out lines and their boxes in pixels of the image."""
    import numpy as np
    from rapidocr.main import RapidOCRError
    from rapidocr.utils.process_img import map_boxes_to_original

    pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
    engine = _engine()
    prepared, record = engine.preprocess_img(pixels)
    try:
        crops, found = engine.detect_and_crop(prepared, record)
    except RapidOCRError:
        return [], []
    if found.boxes is None:
        return [], []
    quads = map_boxes_to_original(found.boxes, record, *pixels.shape[:2])
    boxes = [(float(q[:, 0].min()), float(q[:, 1].min()), float(q[:, 0].max()), float(q[:, 1].max())) for q in quads]
    return list(crops), boxes


def _back(box: Box, turn: int, width: int, height: int) -> Box:
    """From the turned picture's pixels to those of the picture (width x height) before."""
    x0, y0, x1, y1 = box
    return (
        (x0, y0, x1, y1),
        (width - y1, x0, width - y0, x1),
        (width - x1, height - y1, width - x0, height - y0),
        (y0, height - x1, y1, height - x0),
    )[turn]


def _width(box: Box) -> float:
    return box[2] - box[0]


def _height(box: Box) -> float:
    return box[3] - box[1]


@lru_cache(maxsize=1)
def _engine() -> Any:
    """Loaded on first use, about a second; two threads at most."""
    from rapidocr import RapidOCR

    threads = 2 if (os.cpu_count() or 1) > 2 else 1  # on two cores a second thread mostly waits
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": LONG_SIDE + 100,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
