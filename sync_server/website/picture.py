"""The picture and the logo of a site that has no photo and no logo of its own: drawn as SVG from its palette.

Everything that varies follows from the organization's slug, so that a site always looks like itself and no two
look alike (product §6).
"""

import base64
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from PIL import Image, ImageOps

from sync_server.website.palette import Palette

_MARK_HEIGHT, _MARK_WIDTH, _ICON_SIDE = 88, 264, 64
"""Pixels of a center's own logo: twice what is shown, for dense screens."""

_WIDTH, _HEIGHT = 1280, 340
_DECK = 208

# Each letter as strokes inside a box from (13, 10) to (31, 34).
_LETTERS = {
    "A": "M12 34L22 10L32 34M16 26H28",
    "B": "M14 10V34H23A6.5 6.5 0 0 0 23 21H14M14 10H22A5.5 5.5 0 0 1 22 21",
    "C": "M31 14.500A10.5 12 0 1 0 31 29.5",
    "D": "M14 10V34H20A11 12 0 0 0 20 10Z",
    "E": "M30 10H14V34H30M14 22H27",
    "F": "M30 10H14V34M14 22H27",
    "G": "M31 14.500A10.5 12 0 1 0 32 24H24",
    "H": "M13 10V34M31 10V34M13 22H31",
    "I": "M22 10V34M16 10H28M16 34H28",
    "J": "M28 10V26A7.5 8 0 0 1 13 26",
    "K": "M14 10V34M30 10L15 23L31 34",
    "L": "M14 10V34H30",
    "M": "M12 34V10L22 26L32 10V34",
    "N": "M13 34V10L31 34V10",
    "O": "M22 10A10 12 0 1 0 22 34A10 12 0 1 0 22 10Z",
    "P": "M14 34V10H22A7 7 0 0 1 22 24H14",
    "Q": "M22 10A10 12 0 1 0 22 34A10 12 0 1 0 22 10ZM25 28L32 36",
    "R": "M14 34V10H22A7 6.5 0 0 1 22 23H14M22 23L31 34",
    "S": "M30 14A8.5 6 0 1 0 22 22A8.5 6 0 1 1 14 30",
    "T": "M12 10H32M22 10V34",
    "U": "M13 10V25A9 9 0 0 0 31 25V10",
    "V": "M12 10L22 34L32 10",
    "W": "M10 10L16 34L22 16L28 34L34 10",
    "X": "M13 10L31 34M31 10L13 34",
    "Y": "M12 10L22 22L32 10M22 22V34",
    "Z": "M13 10H31L13 34H31",
}
_ACCENTS = (
    "M9 24c3.2-4 6.6-4 9.8-1.400s6.6 2.6 9.8-.2 5.2-2.6 6.9-.6",
    "M8 37.500c6 2.5 22 2.5 28 0",
    "M8 30c5-5 9-5 14 0s9 5 14 0",
    "M9 38h26",
)


@dataclass(frozen=True)
class Mark:
    """A site's logo as an element of the page, and the address of its icon; both hold the picture itself."""

    element: str
    icon: str


def mark_for(name: str, slug: str, palette: Palette, logo_png: bytes | None = None) -> Mark:
    """The center's own logo where there is one that can be shown, otherwise one drawn from its name."""
    own = _own_mark(logo_png) if logo_png else None
    if own is not None:
        return own
    drawn = logo_for(name, slug, palette)
    return Mark(drawn, "data:image/svg+xml," + quote(drawn, safe="/:=' "))


def _own_mark(logo_png: bytes) -> Mark | None:
    try:
        with Image.open(io.BytesIO(logo_png), formats=["PNG"]) as opened:
            logo = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError):
        return None
    mark = ImageOps.contain(logo, (_MARK_WIDTH, _MARK_HEIGHT)) if logo.height > _MARK_HEIGHT else logo
    icon = Image.new("RGBA", (_ICON_SIDE, _ICON_SIDE))
    small = ImageOps.contain(logo, (_ICON_SIDE, _ICON_SIDE))
    icon.paste(small, ((_ICON_SIDE - small.width) // 2, (_ICON_SIDE - small.height) // 2))
    width = max(1, round(44 * mark.width / mark.height))
    return Mark(f'<img src="{_address(mark)}" width="{width}" height="44" alt="">', _address(icon))


def _address(picture: Image.Image) -> str:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def scene_for(slug: str, palette: Palette) -> str:
    """A river landscape with hills, sun and a crossing, as one SVG element: decoration, for no screen reader."""
    chance = random.Random(f"picture 24 {slug}")
    crossing = chance.choice(_CROSSINGS)
    sun = chance.choice((chance.randint(470, 690), chance.randint(150, 420)))
    height = chance.randint(104, 140)
    far = _ridge(chance, 120, 200, 5)
    near = _ridge(chance, 176, 216, 6)
    bank = _ridge(chance, 288, 306, 5)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="xMidYMax slice" aria-hidden="true">',
        f'<circle cx="{sun}" cy="{height}" r="{chance.randint(44, 58)}" fill="{palette.highlight}"/>',
        f'<path d="{far}V260H0Z" fill="{palette.far_hills}"/>',
        f'<path d="{near}V270H0Z" fill="{palette.near_hills}"/>',
        f'<rect y="212" width="{_WIDTH}" height="128" fill="{palette.water}"/>',
        f'<path d="{_ripples(chance)}" stroke="#fff" stroke-width="3" stroke-linecap="round" opacity=".75"/>',
        crossing(chance, palette),
        f'<path d="{bank}V{_HEIGHT}H0Z" fill="{palette.primary}"/>',
        _trees(chance, palette),
        "</svg>",
    ]
    return "".join(parts)


def logo_for(name: str, slug: str, palette: Palette) -> str:
    """A square mark with the first letter of ``name`` (any script), as one SVG element without a size of its own."""
    chance = random.Random(f"logo 19 {slug}")
    accent = chance.choice(_ACCENTS)
    corner = chance.choice((7, 9, 12, 22))
    letter = next((sign for sign in name if sign.isalnum()), "T").upper()[:1]
    strokes = _LETTERS.get(letter)
    if strokes is None:
        drawn = (
            f'<text x="22" y="32" text-anchor="middle" font-size="27" font-weight="700" font-family="sans-serif"'
            f' fill="#fff">{letter}</text>'
        )
    else:
        if letter == "H" and accent is _ACCENTS[0]:
            strokes = "M13 10V34M31 10V34"
        drawn = _stroked("#fff", 4.5, strokes)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 44 44" aria-hidden="true">'
        f'<rect width="44" height="44" rx="{corner}" fill="{palette.primary}"/>{drawn}'
        + _stroked(palette.highlight, 3.6, accent)
        + "</svg>"
    )


def _ridge(chance: random.Random, top: int, bottom: int, waves: int) -> str:
    """A soft line of hills across the picture, left open at the right end; heights in SVG units, top is smaller."""
    step = _WIDTH // waves
    heights = [chance.randint(top, bottom)]
    for index in range(waves):
        low_turn = index % 2 == 0
        middle = (top + bottom) // 2
        heights.append(chance.randint(top, middle) if low_turn else chance.randint(middle, bottom))
    path = [f"M0 {heights[0]}"]
    for index, height in enumerate(heights[1:]):
        x = step * (index + 1) if index + 1 < waves else _WIDTH
        before = step * index + step // 2
        path.append(f"C{before} {heights[index]} {x - step // 2} {height} {x} {height}")
    return "".join(path)


def _ripples(chance: random.Random) -> str:
    lines = []
    for y in range(236, 316, 20):
        x = chance.randint(20, 260)
        while x < _WIDTH - 160:
            length = chance.randint(160, 420)
            lines.append(f"M{x} {y}h{length}")
            x += length + chance.randint(140, 420)
    return "".join(lines)


def _trees(chance: random.Random, palette: Palette) -> str:
    """Round crowns at both ends of the near bank: the middle stays free for the words above it."""
    groups: dict[str, list[str]] = {palette.action: [], palette.highlight: []}
    for side in (0, 1):
        x = chance.randint(20, 44)
        for index in range(chance.randint(5, 7)):
            radius = max(34 - 3 * index + chance.randint(-4, 4), 12)
            color = palette.highlight if index % 3 == 1 else palette.action
            y = 288 + 3 * index + (10 if color == palette.highlight else 0)
            center = x if side == 0 else _WIDTH - x
            groups[color].append(f'<circle cx="{center}" cy="{y}" r="{radius}"/>')
            x += radius + chance.randint(2, 14)
    return "".join(f'<g fill="{color}">{"".join(crowns)}</g>' for color, crowns in groups.items())


def _stroked(color: str, width: float, path: str) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width}" stroke-linecap="round"'
        ' stroke-linejoin="round"/>'
    )


def _piers(positions: Sequence[int]) -> str:
    return "".join(f"M{x} {_DECK}v24" for x in positions)


def _cable_stayed(chance: random.Random, palette: Palette) -> str:
    """A bridge hung on straight cables from two slanted towers."""
    first = chance.randint(430, 540)
    towers = (first, first + chance.randint(260, 330))
    reach = chance.randint(6, 8)
    top = chance.randint(100, 118)
    cables, legs = "", ""
    for tower in towers:
        legs += f"M{tower - 12} 236L{tower} {top}L{tower + 12} 236"
        for index in range(1, reach):
            for side in (-1, 1):
                cables += f"M{tower} {top + 8 + index * 4}L{tower + side * index * 20} {_DECK - 2}"
    piers = [*range(60, first - 180, 80), *range(towers[1] + 200, _WIDTH, 80)]
    return (
        _stroked(palette.ink, 1.5, cables)
        + _stroked(palette.ink, 6, legs)
        + _stroked(palette.ink, 5, f"M0 {_DECK}H{_WIDTH}")
        + _stroked(palette.ink, 3, _piers(piers))
    )


def _suspension(chance: random.Random, palette: Palette) -> str:
    """A bridge hung on one long curve between two upright towers."""
    left = chance.randint(300, 420)
    right = left + chance.randint(400, 520)
    top = chance.randint(104, 124)
    sag = _DECK - 14
    middle = (left + right) // 2
    outer_left, outer_right = left - 210, right + 210
    cable = (
        f"M{outer_left} {_DECK}Q{left - 70} {_DECK - 22} {left} {top}Q{middle} {2 * sag - top} {right} {top}"
        f"Q{right + 70} {_DECK - 22} {outer_right} {_DECK}"
    )
    hangers = ""
    for x in range(left + 24, right - 12, 24):
        share = (x - left) / (right - left)
        y = round(top + 4 * (sag - top) * share * (1 - share))
        hangers += f"M{x} {y}V{_DECK}"
    towers = f"M{left - 7} 238V{top}M{left + 7} 238V{top}M{right - 7} 238V{top}M{right + 7} 238V{top}"
    towers += "".join(f"M{x - 7} {y}h14" for x in (left, right) for y in (top, top + 44))
    piers = [*range(40, outer_left - 20, 80), *range(outer_right + 60, _WIDTH, 80)]
    return (
        _stroked(palette.ink, 1.5, hangers)
        + _stroked(palette.ink, 3, cable)
        + _stroked(palette.ink, 5, towers)
        + _stroked(palette.ink, 5, f"M0 {_DECK}H{_WIDTH}")
        + _stroked(palette.ink, 3, _piers(piers))
    )


def _arches(chance: random.Random, palette: Palette) -> str:
    """A stone viaduct on round arches."""
    span = chance.choice((96, 112, 128, 144))
    start = -chance.randint(10, span)
    arches = ""
    for x in range(start, _WIDTH, span):
        arches += f"M{x} 252V{_DECK + 34}a{span // 2} 30 0 0 1 {span} 0V252"
    return _stroked(palette.ink, 7, f"M0 {_DECK + 4}H{_WIDTH}") + _stroked(palette.ink, 5, arches)


def _arch_bridge(chance: random.Random, palette: Palette) -> str:
    """A deck hung under one wide steel arch."""
    left = chance.randint(280, 400)
    right = left + chance.randint(380, 520)
    rise = chance.randint(84, 104)
    hangers = ""
    for x in range(left + 28, right - 14, 28):
        share = (x - left) / (right - left)
        hangers += f"M{x} {round(_DECK - 4 * rise * share * (1 - share))}V{_DECK}"
    arch = f"M{left} {_DECK + 22}V{_DECK}Q{(left + right) // 2} {_DECK - 2 * rise} {right} {_DECK}v22"
    piers = [*range(left - 90, 0, -90), *range(right + 90, _WIDTH, 90)]
    return (
        _stroked(palette.ink, 1.5, hangers)
        + _stroked(palette.ink, 6, arch)
        + _stroked(palette.ink, 5, f"M0 {_DECK}H{_WIDTH}")
        + _stroked(palette.ink, 3, _piers(piers))
    )


def _boats(chance: random.Random, palette: Palette) -> str:
    """No crossing at all: sails on open water."""
    drawn = ""
    for x in (chance.randint(120, 300), chance.randint(380, 560), chance.randint(620, 800)):
        y, size = chance.randint(238, 274), chance.randint(34, 60)
        drawn += (
            f'<path d="M{x} {y}V{y - size}L{x + size * 2 // 3} {y}Z" fill="#fff"/>'
            f'<path d="M{x - 5} {y}V{y - size * 4 // 5}L{x - size // 2} {y}Z" fill="{palette.highlight}"/>'
            f'<path d="M{x - size // 2 - 4} {y + 4}h{size * 4 // 3}l-9 11h-{size}Z" fill="{palette.ink}"/>'
        )
    return drawn


_CROSSINGS: tuple[Callable[[random.Random, Palette], str], ...] = (
    _cable_stayed,
    _suspension,
    _arches,
    _arch_bridge,
    _boats,
)
