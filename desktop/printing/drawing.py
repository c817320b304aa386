"""Draws on a PDF page with the origin at the upper left: text in runs of fonts, lines, boxes and the black-and-white
edge patterns of the service families."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.printing.box_text import FLAG_HEIGHT, FLAG_INSET, FLAG_SIZE, PAD_LEFT, BoxText, flag_width
from desktop.printing.day_page import Mark
from desktop.printing.fonts import PrintFonts, Weight

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.pdfgen.pathobject import PDFPathObject

EDGE = 3.75
RADIUS = 2.25
GRAY_LINE = 0.73
GRAY_RULE = 0.53
GRAY_TEXT = 0.16
BORDERS = {None: 0.7, Mark.NOTE: 0.7, Mark.TIGHT: 1.4, Mark.OVERLAP: 1.9}


class Pen:
    """A canvas of one page size whose y grows downward, and the fonts it writes with."""

    def __init__(self, canvas: Canvas, fonts: PrintFonts, size: tuple[float, float]) -> None:
        self.canvas = canvas
        self.fonts = fonts
        self.width, self.height = size

    def text(
        self, x: float, y: float, text: str, size: float, weight: Weight = Weight.REGULAR, gray: float = 0.0
    ) -> None:
        """Write one line whose box begins at ``y``: the baseline lies 0.94 of the size below it."""
        self.canvas.setFillGray(gray)
        line = self.canvas.beginText(x, self.height - y - 0.94 * size)
        for name, piece in self.fonts.runs(text, weight):
            line.setFont(name, size)
            line.textOut(piece)
        self.canvas.drawText(line)

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

    def line(self, x1: float, y1: float, x2: float, y2: float, width: float = 0.56, gray: float = 0.0) -> None:
        """A straight line."""
        self.canvas.setStrokeGray(gray)
        self.canvas.setLineWidth(width)
        self.canvas.line(x1, self.height - y1, x2, self.height - y2)

    def fill(self, x: float, y: float, width: float, height: float, gray: float, radius: float = 0.0) -> None:
        """A filled rectangle without border."""
        self.canvas.setFillGray(gray)
        if radius:
            self.canvas.roundRect(x, self.height - y - height, width, height, radius, stroke=0, fill=1)
        else:
            self.canvas.rect(x, self.height - y - height, width, height, stroke=0, fill=1)

    def box(self, x: float, y: float, width: float, height: float, family: str, mark: Mark | None) -> None:
        """A white rounded box with the edge pattern of ``family`` and the border that ``mark`` asks for."""
        canvas, bottom = self.canvas, self.height - y - height
        thickness = BORDERS[mark]
        self.fill(x, y, width, height, 1.0, RADIUS)
        canvas.saveState()
        clip = canvas.beginPath()
        clip.roundRect(x, bottom, width, height, RADIUS)
        canvas.clipPath(clip, stroke=0, fill=0)
        canvas.setFillGray(0)
        canvas.setStrokeGray(0)
        canvas.translate(x + thickness / 2, bottom)
        if family:
            _EDGES.get(family, _solid)(canvas, height)
        canvas.restoreState()
        canvas.saveState()
        canvas.setStrokeGray(0)
        canvas.setLineWidth(thickness)
        if mark is Mark.TIGHT:
            canvas.setDash([4, 2])
        inset = thickness / 2
        canvas.roundRect(x + inset, bottom + inset, width - thickness, height - thickness, RADIUS, stroke=1, fill=0)
        canvas.restoreState()

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


def _solid(canvas: Canvas, height: float) -> None:
    canvas.rect(0, 0, EDGE, height, stroke=0, fill=1)


def _double(canvas: Canvas, height: float) -> None:
    canvas.rect(0, 0, 1.5, height, stroke=0, fill=1)
    canvas.rect(EDGE - 1.1, 0, 1.1, height, stroke=0, fill=1)


def _ticks(canvas: Canvas, height: float) -> None:
    canvas.rect(0, 0, 1.1, height, stroke=0, fill=1)
    _repeat(height, 3.75, lambda top: canvas.rect(0, top - 1.5, EDGE, 1.5, stroke=0, fill=1))


def _blocks(canvas: Canvas, height: float) -> None:
    _repeat(height, 10.5, lambda top: canvas.rect(0, top - 9.0, EDGE, 9.0, stroke=0, fill=1))


def _dashes(canvas: Canvas, height: float) -> None:
    _repeat(height, 7.0, lambda top: canvas.rect(0, top - 4.0, EDGE - 1.25, 4.0, stroke=0, fill=1))


def _slant(canvas: Canvas, height: float) -> None:
    def stripe(top: float) -> None:
        path: PDFPathObject = canvas.beginPath()
        path.moveTo(0, top - 4.6)
        path.lineTo(EDGE, top)
        path.lineTo(EDGE, top - 2.3)
        path.lineTo(0, top - 6.9)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)

    _repeat(height + EDGE, 4.6, stripe)
    _right_side(canvas, height)


def _dots(canvas: Canvas, height: float) -> None:
    _repeat(height, 4.4, lambda top: canvas.circle(EDGE / 2 + 0.4, top - 2.6, 1.25, stroke=0, fill=1))


def _hollow(canvas: Canvas, height: float) -> None:
    _right_side(canvas, height)


def _right_side(canvas: Canvas, height: float) -> None:
    canvas.setLineWidth(0.7)
    canvas.line(EDGE, 0, EDGE, height)


def _repeat(height: float, step: float, draw: Callable[[float], object]) -> None:
    """Call ``draw`` with the top of each repeat, from the upper edge down."""
    top = height
    while top > 0:
        draw(top)
        top -= step


_EDGES: dict[str, Callable[[Canvas, float], None]] = {
    "private": _solid,
    "semi_private": _double,
    "test_prep": _ticks,
    "class": _blocks,
    "workshop": _dashes,
    "camp": _slant,
    "assessment": _dots,
    "free": _hollow,
}
