"""Small picture files for tests, of every kind that is kept and of some that are not."""

from __future__ import annotations

import io
import random
import struct
import zlib

from PIL import Image


def picture(
    format_name: str = "PNG", size: tuple[int, int] = (40, 30), color: str = "#1f4e8c", **options: object
) -> bytes:
    """A picture of one color in the named format of Pillow."""
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, format_name, **options)
    return out.getvalue()


def noise(side: int, seed: int = 1) -> bytes:
    """A PNG that does not compress: about three bytes per pixel, the same for the same seed."""
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(seed).randbytes(3 * side * side)).save(out, "PNG")
    return out.getvalue()


def photo_with_place(size: tuple[int, int] = (300, 200)) -> bytes:
    """A JPEG that says where it was taken, and that it lies on its side."""
    image = Image.new("RGB", size, "#a94422")
    exif = image.getexif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera of Hudson"
    exif.get_ifd(0x8825)[2] = (41.0, 2.0, 30.0)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few bytes that declares, and would take, gigabytes."""

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compress(b"\0" * 1_000_000, 9)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


def moving() -> bytes:
    """A GIF of two frames."""
    frames = [Image.new("RGB", (8, 8), color) for color in ("#000000", "#ffffff")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()
