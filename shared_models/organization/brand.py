"""The organization's color and logo on its papers (product §10): what is stored, and what can be printed."""

from __future__ import annotations

import base64
import binascii
import re

DEFAULT_COLOR = "#17614F"
"""The color of a center that has chosen none."""
LOGO_SIDE = 256
"""The most pixels that a stored logo has in width and in height."""
LOGO_BYTES = 48 * 1024
"""The most bytes that a stored logo's PNG file has."""
TEXT_CONTRAST = 4.5
"""Smallest contrast of text that WCAG 2.2 AA allows."""

_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)
_PNG_START = b"\x89PNG\r\n\x1a\n"


def parse_color(typed: str) -> str | None:
    """``#rrggbb`` from ``1f4e8c``, ``#1F4E8C`` or ``#abc``; None for anything else."""
    found = _HEX.fullmatch(typed.strip())
    if found is None:
        return None
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def contrast_with_white(color: str) -> float:
    """WCAG contrast of a ``#rrggbb`` color with white, 1 to 21."""
    return 1.05 / (_luminance(color) + 0.05)


def printable_color(stored: str) -> str:
    """The color to print: the stored one, darkened in its hue just until white text on it can be read (WCAG AA), and
    so that it stays dark without colors; the default for none, or for what is no color."""
    color = parse_color(stored) or DEFAULT_COLOR
    channels = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    for percent in range(100, 0, -1):
        darker = "#" + "".join(f"{channel * percent // 100:02x}" for channel in channels)
        if contrast_with_white(darker) >= TEXT_CONTRAST:
            return darker
    return DEFAULT_COLOR


def mark_letters(business_name: str) -> str:
    """What stands in place of a logo: "HL" of "Hudson Learning Center"."""
    return "".join(word[0] for word in business_name.split()[:2]).upper()


def stored_logo(png: bytes) -> str:
    """A PNG file as it is stored. Raises ValueError when it is none, or larger than a logo may be."""
    if not _is_small_png(png):
        raise ValueError(f"a logo is a PNG file of at most {LOGO_SIDE} pixels and {LOGO_BYTES} bytes")
    return base64.b64encode(png).decode("ascii")


def logo_bytes(stored: str) -> bytes | None:
    """The PNG file that is stored; None when there is none, or none within the limits."""
    try:
        png = base64.b64decode(stored, validate=True)
    except (binascii.Error, ValueError):
        return None
    return png if _is_small_png(png) else None


def _is_small_png(png: bytes) -> bool:
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    return (
        png.startswith(_PNG_START) and len(png) <= LOGO_BYTES and 1 <= width <= LOGO_SIDE and 1 <= height <= LOGO_SIDE
    )


def _luminance(color: str) -> float:
    shares = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
