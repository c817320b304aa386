"""The pinned Qt binding must not lose references to None while painting.

A later release of the binding forgets one reference on some painting calls; where None is counted (Python
3.11), a calendar repainted for a day ends the program. This test is what allows the binding to be raised.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QLine, QLineF, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from pytestqt.qtbot import QtBot

REPETITIONS = 500
# Other threads and the allocator move the count a little; one lost reference a call would move it by 500.
STIR = REPETITIONS // 5

PAINTING: dict[str, Callable[[QPainter], object]] = {
    "text at a point": lambda painter: painter.drawText(QPoint(4, 20), "5:45 PM"),
    "text at coordinates": lambda painter: painter.drawText(4, 20, "5:45 PM"),
    "text in a rectangle": lambda painter: painter.drawText(QRect(0, 0, 60, 20), 0, "Łucja"),
    "text with flags": lambda painter: painter.drawText(
        QRect(0, 0, 60, 20), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, "Łucja"
    ),
    "text in an exact rectangle": lambda painter: painter.drawText(
        QRectF(0, 0, 60, 20), Qt.AlignmentFlag.AlignRight, "Łucja"
    ),
    "line of coordinates": lambda painter: painter.drawLine(0, 0, 60, 20),
    "line of points": lambda painter: painter.drawLine(QPointF(0, 0), QPointF(60, 20)),
    "one line": lambda painter: painter.drawLine(QLineF(0, 0, 60, 20)),
    "several lines": lambda painter: painter.drawLines([QLine(0, 0, 60, 20), QLine(0, 20, 60, 0)]),
    "filled with a color": lambda painter: painter.fillRect(QRect(0, 0, 20, 20), QColor("#D8E5FD")),
    "filled with a brush": lambda painter: painter.fillRect(QRectF(0, 0, 20, 20), QBrush(QColor("#D8E5FD"))),
    "filled with a named color": lambda painter: painter.fillRect(0, 0, 20, 20, Qt.GlobalColor.white),
    "filled with a pattern": lambda painter: painter.fillRect(QRect(0, 0, 9, 9), Qt.BrushStyle.Dense4Pattern),
    "brush of a color": lambda painter: painter.setBrush(QColor("#3669CD")),
    "no brush": lambda painter: painter.setBrush(Qt.BrushStyle.NoBrush),
    "brush": lambda painter: painter.setBrush(QBrush(QColor("#3669CD"))),
    "pen of a color": lambda painter: painter.setPen(QColor("#15284F")),
    "no pen": lambda painter: painter.setPen(Qt.PenStyle.NoPen),
    "pen": lambda painter: painter.setPen(QPen(QColor("#15284F"), 2)),
    "font": lambda painter: painter.setFont(QFont()),
    "rectangle": lambda painter: painter.drawRect(QRectF(1, 1, 40, 20)),
    "rounded rectangle": lambda painter: painter.drawRoundedRect(QRectF(1, 1, 40, 20), 4, 4),
    "ellipse": lambda painter: painter.drawEllipse(QPointF(20, 20), 6, 6),
    "polygon": lambda painter: painter.drawPolygon(QPolygonF([QPointF(0, 0), QPointF(9, 0), QPointF(4, 7)])),
    "path": lambda painter: painter.drawPath(_triangle()),
    "filled path": lambda painter: painter.fillPath(_triangle(), QColor("#3669CD")),
    "clip": lambda painter: painter.setClipRect(QRect(0, 0, 60, 60)),
    "picture": lambda painter: painter.drawPixmap(QPoint(0, 0), _DOT[0]),
    "hint": lambda painter: painter.setRenderHint(QPainter.RenderHint.Antialiasing),
    "opacity": lambda painter: painter.setOpacity(1.0),
    "moved": lambda painter: painter.translate(QPointF(0, 0)),
    "kept and restored": lambda painter: (painter.save(), painter.restore()),
}

_DOT: list[QPixmap] = []


def _triangle() -> QPainterPath:
    path = QPainterPath(QPointF(0, 0))
    path.lineTo(9, 0)
    path.lineTo(4, 7)
    path.closeSubpath()
    return path


@pytest.fixture
def painter(qtbot: QtBot) -> Iterator[QPainter]:
    """A painter on a picture of its own."""
    _DOT[:] = [QPixmap(8, 8)]
    _DOT[0].fill(Qt.GlobalColor.black)
    image = QImage(64, 64, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.white)
    painting = QPainter(image)
    yield painting
    painting.end()
    _DOT.clear()


@pytest.mark.parametrize("call", PAINTING.values(), ids=PAINTING.keys())
def test_painting_keeps_none_alive(painter: QPainter, call: Callable[[QPainter], object]) -> None:
    call(painter)
    before = sys.getrefcount(None)
    for _ in range(REPETITIONS):
        call(painter)
    lost = before - sys.getrefcount(None)
    assert lost < STIR, f"{lost} references to None were lost in {REPETITIONS} calls"
