"""Looks into pictures with limits that no file can exceed, and makes thumbnails that carry nothing but pixels."""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from shared_models.organization.files import PICTURES, TOO_MANY_PIXELS, BadFile, MediaType, check_picture_size

THUMBNAIL_SIZES = (64, 256, 1024)
"""Pixels of the longer side."""

_FORMATS = {MediaType.PNG: "PNG", MediaType.JPEG: "JPEG", MediaType.WEBP: "WEBP", MediaType.GIF: "GIF"}
_DAMAGED = "This picture is damaged. Save it again or choose another."
_QUALITY = 82
_MOST_SCANS = 64
"""A JPEG comes in at most some ten passes over the picture; thousands in a small file are there to keep us busy."""
_ONE_AT_A_TIME = threading.BoundedSemaphore(2)
"""A picture takes up to 160 MB while it is open; this bounds what a rush of them takes."""


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Width and height in pixels, as the picture is to be shown."""

    width: int
    height: int


def inspect_picture(content: bytes, media_type: MediaType) -> PictureSize:
    """Decode a picture once, within limits. Raises BadFile when it is damaged, moves, or is too large."""
    with _ONE_AT_A_TIME:
        picture = _decoded(content, media_type)
        turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        width, height = picture.size
        return PictureSize(height, width) if turned else PictureSize(width, height)


def thumbnail_of(content: bytes, media_type: MediaType, size: int) -> bytes:
    """A WebP no larger than `size` pixels on either side, upright, without any metadata. Raises BadFile."""
    if media_type not in PICTURES:
        raise BadFile("Only pictures have a thumbnail.")
    with _ONE_AT_A_TIME:
        picture = _decoded(content, media_type, size)
        upright = ImageOps.exif_transpose(picture)
        has_alpha = "A" in upright.getbands() or "transparency" in upright.info
        upright = upright.convert("RGBA" if has_alpha else "RGB")
        upright.thumbnail((size, size), Image.Resampling.LANCZOS)
        # A fresh picture of the same pixels: position, camera and comments stay behind.
        bare = Image.frombytes(upright.mode, upright.size, upright.tobytes())
    out = io.BytesIO()
    bare.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()


def _decoded(content: bytes, media_type: MediaType, wanted: int | None = None) -> Image.Image:
    if media_type is MediaType.JPEG and content.count(b"\xff\xda") > _MOST_SCANS:
        raise BadFile(_DAMAGED)
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures before our own limit, and of odd metadata, which is not used.
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(content), formats=[_FORMATS[media_type]])
            check_picture_size(*picture.size)
            if getattr(picture, "is_animated", False):
                raise BadFile("Moving pictures cannot be kept. Save one still picture of it.")
            if wanted is not None:
                picture.draft(None, (2 * wanted, 2 * wanted))
            picture.load()
    except BadFile:
        raise
    except Image.DecompressionBombError as error:
        raise BadFile(TOO_MANY_PIXELS) from error
    # Pillow says of a broken file in many ways that it is broken.
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError, OverflowError,
            ZeroDivisionError, MemoryError) as error:  # fmt: skip
        raise BadFile(_DAMAGED) from error
    return picture
