"""The five colors of a website and every color derived from them, mended until each text can be read.

Contrast is WCAG 2.x; darkening and mixing happen in OKLCH, so that a mended color keeps its hue.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

AA_TEXT = 4.5
"""Smallest contrast of text that WCAG 2.2 AA allows."""
AA_NON_TEXT = 3.0
"""Smallest contrast of the outline of a field."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_WHITE = "#FFFFFF"
_STEP = 0.01
_GRAY = 0.025
"""Below this chroma a color has no hue that others could go with."""
_NEAR = 3

# primary, action, highlight, tint, ink
_SCHEMES: tuple[tuple[str, str, str, str, str], ...] = (
    ("#1F4E68", "#A94422", "#E9B24C", "#E6EEEF", "#15242D"),
    ("#2F5D50", "#B0452F", "#F0C05A", "#EAF1EA", "#17251F"),
    ("#4A3F78", "#B03A5B", "#F2B36B", "#EFEDF6", "#221C33"),
    ("#0F5E6E", "#BF3E05", "#F4C95D", "#E5F1F2", "#10262B"),
    ("#7A3B2E", "#1F6B75", "#E7B65C", "#F6EEE9", "#2C1B16"),
    ("#27508F", "#B4491C", "#F2C14E", "#E9EFF8", "#14203A"),
    ("#3B6231", "#8F3F71", "#E8C547", "#EEF3E7", "#1B2716"),
    ("#6B2F4B", "#2B6A5B", "#EFB96A", "#F6ECF0", "#2B1420"),
    ("#1D5B46", "#A5432F", "#E3B04B", "#E7F1EC", "#12261E"),
    ("#34495E", "#B5422E", "#E8B04A", "#ECEFF2", "#18222C"),
    ("#7B4A12", "#23658B", "#EBC15B", "#F7F0E4", "#2A1D0C"),
    ("#14605F", "#9C3D66", "#F1BE62", "#E6F1EF", "#0F2626"),
)


@dataclass(frozen=True)
class Palette:
    """Colors as ``#RRGGBB``; the first five are the center's own (mended), the others follow from them.

    White can be read on ``primary`` and ``action``, ``ink`` on ``highlight`` and ``tint``, the footer's texts
    on ``ink``.
    """

    primary: str
    action: str
    highlight: str
    tint: str
    ink: str
    link: str
    soft: str
    strong: str
    line: str
    control: str
    footer_text: str
    far_hills: str
    near_hills: str
    water: str


def contrast(first: str, second: str) -> float:
    """WCAG contrast of two ``#RRGGBB`` colors, 1 to 21."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def darkened(color: str, against: Sequence[str], ratio: float) -> str:
    """``color``, darkened in OKLCH just until its contrast with every color of ``against`` reaches ``ratio``."""
    lightness, chroma, hue = _to_oklch(color)
    mended = color.upper()
    while lightness > 0 and min(contrast(mended, other) for other in against) < ratio:
        lightness -= _STEP
        mended = _from_oklch(max(lightness, 0.0), chroma, hue)
    return mended


def lightened(color: str, against: Sequence[str], ratio: float) -> str:
    """``color``, lightened in OKLCH just until its contrast with every color of ``against`` reaches ``ratio``."""
    lightness, chroma, hue = _to_oklch(color)
    mended = color.upper()
    while lightness < 1 and min(contrast(mended, other) for other in against) < ratio:
        lightness += _STEP
        mended = _from_oklch(min(lightness, 1.0), chroma, hue)
    return mended


def mixed(first: str, second: str, share: float) -> str:
    """A color ``share`` (0 to 1) of the way from ``first`` to ``second``, mixed in OKLab."""
    one, two = _to_oklab(first), _to_oklab(second)
    lightness, a, b = (x + (y - x) * share for x, y in zip(one, two, strict=True))
    return _from_oklch(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)))


def palette_from(colors: Sequence[str]) -> Palette:
    """The palette of five ``#RRGGBB`` colors (primary, action, highlight, tint, ink), each mended (design, Website).

    Raises ValueError when there are not five, or one is no color: nothing else may reach a style sheet.
    """
    if len(colors) != 5 or not all(_HEX.fullmatch(color) for color in colors):
        raise ValueError("A website has five colors, each written like #1F4E68.")
    primary, action, highlight, tint, ink = (color.upper() for color in colors)
    ink = darkened(ink, [_WHITE], 12.0)
    tint = lightened(tint, [ink], 10.0)
    primary = darkened(primary, [_WHITE], 5.5)
    action = darkened(action, [_WHITE, tint], AA_TEXT)
    highlight = lightened(highlight, [ink], AA_TEXT)
    _, _, hue = _to_oklch(ink)
    return Palette(
        primary=primary,
        action=action,
        highlight=highlight,
        tint=tint,
        ink=ink,
        link=darkened(primary, [tint, _WHITE], 5.5),
        soft=darkened(_from_oklch(0.44, 0.028, hue), [tint, _WHITE], 5.5),
        strong=darkened(_from_oklch(0.37, 0.032, hue), [tint, _WHITE], 7.0),
        line=mixed(tint, primary, 0.16),
        control=darkened(_from_oklch(0.59, 0.025, hue), [tint, _WHITE], AA_NON_TEXT),
        footer_text=lightened(_from_oklch(0.95, 0.008, hue), [ink], 7.0),
        far_hills=mixed(tint, primary, 0.24),
        near_hills=mixed(tint, primary, 0.52),
        water=mixed(tint, primary, 0.11),
    )


def palette_for(slug: str, brand_color: str = "") -> Palette:
    """The palette a center starts with: one of the schemes, its hues turned a little by the slug. A center's own
    color (``#rrggbb``) takes the first place in one of the schemes that begin near its hue; ground and ink follow it,
    while the warm colors stay warm.

    The same slug always gets the same colors, and two centers hardly ever do (product §6). What is no color counts
    as none.
    """
    digest = hashlib.sha256(f"porch 10 {slug}".encode()).digest()
    scheme = _SCHEMES[digest[0] % len(_SCHEMES)]
    turn = (digest[1] / 255 - 0.5) * 24
    if not _HEX.fullmatch(brand_color):
        return palette_from([_turned(color, turn) for color in scheme])
    _, chroma, hue = _to_oklch(brand_color)
    if chroma < _GRAY:
        return palette_from([brand_color, *(_turned(color, turn) for color in scheme[1:])])
    near = sorted(_SCHEMES, key=lambda one: abs(_turn_between(_to_oklch(one[0])[2], hue)))[:_NEAR]
    first, action, highlight, tint, ink = near[digest[0] % _NEAR]
    along = _turn_between(_to_oklch(first)[2], hue)
    small = turn / 3
    return palette_from(
        [brand_color, _turned(action, small), _turned(highlight, small), _turned(tint, along), _turned(ink, along)]
    )


def _turn_between(hue: float, other: float) -> float:
    """The shorter way round from one hue to another, in degrees, -180 to 180."""
    return (other - hue + 180) % 360 - 180


def _turned(color: str, degrees: float) -> str:
    lightness, chroma, hue = _to_oklch(color)
    return _from_oklch(lightness, chroma, hue + degrees)


def _channels(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _encoded(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)


def _luminance(color: str) -> float:
    red, green, blue = _channels(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklab(color: str) -> tuple[float, float, float]:
    red, green, blue = _channels(color)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _to_oklch(color: str) -> tuple[float, float, float]:
    lightness, a, b = _to_oklab(color)
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a))


def _from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The nearest color a screen can show: chroma gives way, lightness and hue stay."""
    while True:
        a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
        long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
        medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
        short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
        rgb = (
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        )
        if chroma <= 0 or all(-0.001 <= value <= 1.001 for value in rgb):
            shown = (round(255 * _encoded(min(max(value, 0.0), 1.0))) for value in rgb)
            return "#" + "".join(f"{value:02X}" for value in shown)
        chroma = max(chroma - 0.004, 0.0)
