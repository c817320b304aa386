"""Draws on a PDF page with the origin at the upper left: text in runs of fonts, lines, boxes and the black-and-white
edge patterns of the service families.

Operators are collected as text and handed to the canvas once for each page: a canvas call for each line and color
would take ten times as long as what it writes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from desktop.printing.box_text import FLAG_HEIGHT, FLAG_INSET, FLAG_SIZE, PAD_LEFT, BoxText, flag_width
from desktop.printing.day_page import Mark
from desktop.printing.fonts import PrintFonts, Weight

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

EDGE = 3.75
RADIUS = 2.25
GRAY_LINE = 0.73
GRAY_RULE = 0.53
GRAY_TEXT = 0.16
BORDERS = {None: 0.7, Mark.NOTE: 0.7, Mark.TIGHT: 1.4, Mark.OVERLAP: 1.9}
_ROUND = 0.5523
"""How far the control points of a quarter circle lie from its ends, in radii."""
_ESCAPES = {code: f"\\{code:03o}" for code in (*range(32), *range(127, 256))} | {
    ord(sign): f"\\{sign}" for sign in "()\\"
}
_Color = tuple[float, float, float]


class Pen:
    """A canvas of one page size whose y grows downward, and the fonts it writes with."""

    def __init__(self, canvas: Canvas, fonts: PrintFonts, size: tuple[float, float]) -> None:
        self.canvas = canvas
        self.fonts = fonts
        self.width, self.height = size
        self._ops: list[str] = []
        self._fill: float | _Color | None = None
        self._stroke: float | _Color | None = None
        self._line_width = -1.0
        self._encoded: dict[tuple[str, Weight], list[tuple[str, str]]] = {}

    def end_page(self) -> None:
        """Hand the page to the canvas and begin the next."""
        self.canvas.addLiteral("\n".join(self._ops))
        self.canvas.showPage()
        self._ops = []
        self._fill = self._stroke = None
        self._line_width = -1.0

    def text(
        self, x: float, y: float, text: str, size: float, weight: Weight = Weight.REGULAR, gray: float = 0.0
    ) -> None:
        """Write one line whose box begins at ``y``: the baseline lies 0.94 of the size below it."""
        self._set_fill(gray)
        known = self._encoded.get((text, weight))
        if known is None:
            known = self._encoded[text, weight] = self._encode(text, weight)
        start = f"BT 1 0 0 1 {x:.2f} {self.height - y - 0.94 * size:.2f} Tm"
        if len(known) == 1:
            font, piece = known[0]
            self._ops.append(f"{start} {font} {size:.3g} Tf ({piece}) Tj ET")
        else:
            pieces = " ".join(f"{font} {size:.3g} Tf ({piece}) Tj" for font, piece in known)
            self._ops.append(f"{start} {pieces} ET")

    def text_right(
        self, right: float, y: float, text: str, size: float, weight: Weight = Weight.REGULAR, gray: float = 0.0
    ) -> None:
        """Like ``text``, ending at ``right``."""
        self.text(right - self.fonts.width(text, size, weight), y, text, size, weight, gray)

    def text_center(
        self, center: float, y: float, text: str, size: float, weight: Weight = Weight.REGULAR, gray: float = 0.0
    ) -> None:
        """Like ``text``, centered on ``center``."""
        self.text(center - self.fonts.width(text, size, weight) / 2, y, text, size, weight, gray)

    def text_within(
        self, x: float, y: float, text: str, size: float, weight: Weight, space: float, gray: float = 0.0
    ) -> None:
        """Like ``text``, smaller where it would need more than ``space``."""
        width = self.fonts.width(text, size, weight)
        self.text(x, y, text, size * min(1.0, space / width) if width else size, weight, gray)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, width: float = 0.56, gray: float | _Color = 0.0
    ) -> None:
        """A straight line in a gray, or in a color."""
        self._set_stroke(gray, width)
        self._ops.append(f"{x1:.2f} {self.height - y1:.2f} m {x2:.2f} {self.height - y2:.2f} l S")

    def frame(self, x: float, y: float, width: float, height: float, gray: float = 0.0, line: float = 0.7) -> None:
        """The outline of a rectangle."""
        self._set_stroke(gray, line)
        self._ops.append(f"{x:.2f} {self.height - y - height:.2f} {width:.2f} {height:.2f} re S")

    def fill(
        self, x: float, y: float, width: float, height: float, gray: float | _Color, radius: float = 0.0
    ) -> None:
        """A filled rectangle without border, in a gray or a color."""
        self._set_fill(gray)
        bottom = self.height - y - height
        if radius:
            self._ops.append(f"{_round_rect(x, bottom, width, height, radius)} f")
        else:
            self._ops.append(f"{x:.2f} {bottom:.2f} {width:.2f} {height:.2f} re f")

    def image(self, x: float, y: float, side: float, image: bytes) -> None:
        """A picture in a square, its proportions kept."""
        from reportlab.lib.utils import ImageReader

        bottom = self.height - y - side
        reader = ImageReader(BytesIO(image))
        self.canvas.drawImage(reader, x, bottom, side, side, mask="auto", preserveAspectRatio=True)

    def box(self, x: float, y: float, width: float, height: float, family: str, mark: Mark | None) -> None:
        """A white rounded box with the edge pattern of ``family`` and the border that ``mark`` asks for."""
        drawn = _box(round(width, 2), round(height, 2), family, mark)
        self._ops.append(f"q 1 0 0 1 {x:.2f} {self.height - y - height:.2f} cm {drawn} Q")

    def words_of_box(self, x: float, y: float, width: float, height: float, words: BoxText) -> None:
        """The lines and the numbered flags of a box."""
        for line in words.lines:
            self.text(x + PAD_LEFT, y + line.top, line.text, line.size, line.weight)
        if not words.flag_rows:
            return
        plate = flag_width(self.fonts, words.flag_rows)
        low = y + height - FLAG_INSET - FLAG_HEIGHT * len(words.flag_rows)
        top = low if words.flag_is_low else y + FLAG_INSET
        self.flag(x + width - FLAG_INSET - plate, top, words.flag_rows, plate)

    def flag(self, x: float, y: float, rows: tuple[str, ...], plate: float) -> None:
        """White numbers on a black plate."""
        self.fill(x, y, plate, FLAG_HEIGHT * len(rows), 0.0, 1.5)
        for i, row in enumerate(rows):
            self.text_center(x + plate / 2, y + 1.1 + i * FLAG_HEIGHT, row, FLAG_SIZE, Weight.SEMIBOLD, 1.0)

    def _encode(self, text: str, weight: Weight) -> list[tuple[str, str]]:
        """The text as PDF strings, each with the name that its font has in this document."""
        from reportlab.pdfbase.pdfmetrics import getFont

        document = self.canvas._doc  # type: ignore[attr-defined]
        encoded = []
        for name, piece in self.fonts.runs(text, weight):
            font: Any = getFont(name)
            for subset, codes in font.splitString(piece, document):
                escaped = codes.decode("latin-1").translate(_ESCAPES)
                encoded.append((font.getSubsetInternalName(subset, document), escaped))
        return encoded

    def _set_fill(self, color: float | _Color) -> None:
        if color != self._fill:
            self._fill = color
            self._ops.append(f"{_operands(color)} {'rg' if isinstance(color, tuple) else 'g'}")

    def _set_stroke(self, color: float | _Color, width: float) -> None:
        if color != self._stroke:
            self._stroke = color
            self._ops.append(f"{_operands(color)} {'RG' if isinstance(color, tuple) else 'G'}")
        if width != self._line_width:
            self._line_width = width
            self._ops.append(f"{width:.2f} w")


def color_of(words: str) -> _Color:
    """A color such as ``#17614F`` as shares of red, green and blue."""
    return (int(words[1:3], 16) / 255, int(words[3:5], 16) / 255, int(words[5:7], 16) / 255)


def _operands(color: float | _Color) -> str:
    return " ".join(f"{share:.3g}" for share in (color if isinstance(color, tuple) else (color,)))


@lru_cache(maxsize=2048)
def _box(width: float, height: float, family: str, mark: Mark | None) -> str:
    """The operators of a box whose lower left corner is the origin."""
    thickness = BORDERS[mark]
    inset = thickness / 2
    pattern = _EDGES.get(family, _solid)(height) if family else ""
    border = _round_rect(inset, inset, width - thickness, height - thickness, RADIUS)
    dashes = "[4 2] 0 d" if mark is Mark.TIGHT else ""
    outline = _round_rect(0, 0, width, height, RADIUS)
    edge = f"q {outline} W n 0 g 0 G 1 0 0 1 {inset:.2f} 0 cm {pattern} Q" if pattern else ""
    return f"1 g {outline} f {edge} 0 G {thickness} w {dashes} {border} S"


def _round_rect(x: float, y: float, width: float, height: float, radius: float) -> str:
    """The path of a rectangle with round corners."""
    r = min(radius, width / 2, height / 2)
    k = r * (1 - _ROUND)
    right, top = x + width, y + height
    return (
        f"{x + r:.2f} {y:.2f} m {right - r:.2f} {y:.2f} l "
        f"{right - k:.2f} {y:.2f} {right:.2f} {y + k:.2f} {right:.2f} {y + r:.2f} c {right:.2f} {top - r:.2f} l "
        f"{right:.2f} {top - k:.2f} {right - k:.2f} {top:.2f} {right - r:.2f} {top:.2f} c {x + r:.2f} {top:.2f} l "
        f"{x + k:.2f} {top:.2f} {x:.2f} {top - k:.2f} {x:.2f} {top - r:.2f} c {x:.2f} {y + r:.2f} l "
        f"{x:.2f} {y + k:.2f} {x + k:.2f} {y:.2f} {x + r:.2f} {y:.2f} c h"
    )


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re f"


def _solid(height: float) -> str:
    return _rect(0, 0, EDGE, height)


def _double(height: float) -> str:
    return f"{_rect(0, 0, 1.5, height)} {_rect(EDGE - 1.1, 0, 1.1, height)}"


def _ticks(height: float) -> str:
    return f"{_rect(0, 0, 1.1, height)} {_repeat(height, 3.75, lambda top: _rect(0, top - 1.5, EDGE, 1.5))}"


def _blocks(height: float) -> str:
    return _repeat(height, 10.5, lambda top: _rect(0, top - 9.0, EDGE, 9.0))


def _dashes(height: float) -> str:
    return _repeat(height, 7.0, lambda top: _rect(0, top - 4.0, EDGE - 1.25, 4.0))


def _slant(height: float) -> str:
    def stripe(top: float) -> str:
        return f"0 {top - 4.6:.2f} m {EDGE} {top:.2f} l {EDGE} {top - 2.3:.2f} l 0 {top - 6.9:.2f} l h f"

    return f"{_repeat(height + EDGE, 4.6, stripe)} {_right_side(height)}"


def _dots(height: float) -> str:
    def dot(top: float) -> str:
        return f"{_round_rect(EDGE / 2 - 0.85, top - 3.85, 2.5, 2.5, 1.25)} f"

    return _repeat(height, 4.4, dot)


def _hollow(height: float) -> str:
    return _right_side(height)


def _right_side(height: float) -> str:
    return f"0.7 w {EDGE} 0 m {EDGE} {height:.2f} l S"


def _repeat(height: float, step: float, draw: Callable[[float], str]) -> str:
    """What ``draw`` gives for the top of each repeat, from the upper edge down."""
    drawn = []
    top = height
    while top > 0:
        drawn.append(draw(top))
        top -= step
    return " ".join(drawn)


_EDGES: dict[str, Callable[[float], str]] = {
    "private": _solid,
    "semi_private": _double,
    "test_prep": _ticks,
    "class": _blocks,
    "workshop": _dashes,
    "camp": _slant,
    "assessment": _dots,
    "free": _hollow,
}
