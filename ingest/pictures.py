"""Opening pictures safely: size limits before decoding, EXIF orientation, frames of a TIFF as pages."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import LimitExceeded, UnreadableFile

if TYPE_CHECKING:
    from PIL.Image import Image

POINTS_PER_PIXEL = 0.75  # pictures are shown at 96 pixels an inch, whatever their own resolution says
MAX_PIXELS = 100_000_000
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")


@contextmanager
def opened(path: Path) -> Iterator[Image]:
    """A picture, not yet decoded; LimitExceeded for too many pixels, UnreadableFile for a damaged one."""
    # The imports register the formats; Pillow looks for no others, whatever a file claims to be.
    from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401

    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(path, formats=_FORMATS)
    except Image.DecompressionBombError:
        raise LimitExceeded(_too_large()) from None
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise UnreadableFile("The picture is damaged or cut off; save it anew.") from error
    with image:
        yield image


def frame(image: Image, number: int) -> Image:
    """Frame `number` (from 0) decoded and turned as its EXIF data say."""
    from PIL import Image as pil
    from PIL import ImageOps

    try:
        image.seek(number)
        if image.width * image.height > MAX_PIXELS:
            raise LimitExceeded(_too_large())
        image.load()
        return ImageOps.exif_transpose(image) or image
    except pil.DecompressionBombError:
        raise LimitExceeded(_too_large()) from None
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise UnreadableFile("The picture is damaged or cut off; save it anew.") from error


def frames(image: Image) -> int:
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _too_large() -> str:
    return f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels; save it smaller."
