"""Drawing that several widgets share: rounded boxes, elided text, key caps, soft shadows, edge patterns."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from desktop import theme
from desktop.theme import FamilyColors


def painter_for(widget: QWidget) -> QPainter:
    """An antialiasing painter on ``widget``."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return painter


def box(
    painter: QPainter,
    rect: QRectF,
    radius: float,
    fill: QColor | None = None,
    line: QColor | None = None,
    width: float = 1.0,
    dashed: bool = False,
) -> None:
    """A rounded box whose line lies wholly inside ``rect``."""
    half = width / 2 if line is not None else 0.0
    inner = rect.adjusted(half, half, -half, -half)
    if line is None:
        painter.setPen(Qt.PenStyle.NoPen)
    else:
        painter.setPen(QPen(line, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
    painter.setBrush(QBrush(fill) if fill is not None else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(inner, radius - half, radius - half)


def outline() -> QColor | None:
    """The line that filled marks need in high contrast, where fills are as black as the paper."""
    current = theme.current()
    return current.color.line if current.mode is theme.Mode.HIGH_CONTRAST else None


def text(
    painter: QPainter,
    rect: QRectF,
    words: str,
    style: str,
    color: QColor,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    *,
    tabular: bool = False,
    strike: bool = False,
) -> float:
    """One line of text, vertically centered and elided to ``rect``; returns the width that it took."""
    measure = theme.metrics(style, tabular)
    advance = measure.horizontalAdvance(words)
    if advance > rect.width() + 0.5:
        words = measure.elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
        advance = min(rect.width(), measure.horizontalAdvance(words))
    painter.setFont(theme.font(style, tabular=tabular, strike=strike))
    painter.setPen(color)
    flags = Qt.AlignmentFlag.AlignVCenter | align | Qt.TextFlag.TextSingleLine
    painter.drawText(rect, int(flags), words)
    return advance


def text_width(words: str, style: str, tabular: bool = False) -> float:
    """The width of ``words`` in a text style, in logical px."""
    return theme.metrics(style, tabular).horizontalAdvance(words)


def keycap_width(words: str) -> int:
    """The width that `keycap` takes for ``words``."""
    return theme.current().px(10) + round(text_width(words, "micro"))


def keycap(painter: QPainter, x: float, center_y: float, words: str, text_color: QColor, line: QColor,
           fill: QColor | None = None) -> float:  # fmt: skip
    """A key cap with its left edge at ``x``; returns its width."""
    current = theme.current()
    rect = QRectF(x, center_y - current.px(9), keycap_width(words), current.px(18))
    box(painter, rect, current.size.radius_entry, fill, line)
    text(painter, rect, words, "micro", text_color, Qt.AlignmentFlag.AlignHCenter)
    return rect.width()


def shadow(painter: QPainter, rect: QRectF, radius: float, offset: float, blur: float, alpha: float) -> None:
    """A soft shadow under a floating box, for the few things that float. None in high contrast."""
    if theme.current().mode is theme.Mode.HIGH_CONTRAST:
        return
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    steps = max(8, int(blur / 2))
    spread = blur * 0.95
    shade = QColor(16, 26, 22)
    for step in range(steps):
        part = step / steps
        reach = spread * (1 - part) - blur * 0.3
        shade.setAlphaF(alpha * 2 * part / steps)
        painter.setBrush(shade)
        grown = rect.adjusted(-reach, -reach, reach, reach).translated(0, offset)
        corner = max(2.0, radius + reach)
        painter.drawRoundedRect(grown, corner, corner)
    painter.restore()


def family_edge(painter: QPainter, rect: QRectF, family: FamilyColors, radius: float = 0.0,
                opacity: float = 1.0) -> None:  # fmt: skip
    """The 4-px edge of an entry in its family's own pattern (design.md "Service families"), clipped to rounded
    left corners of ``radius``."""
    painter.save()
    painter.setOpacity(painter.opacity() * opacity)
    if radius:
        clip = QPainterPath()
        clip.addRoundedRect(rect.adjusted(0, 0, radius * 2, 0), radius, radius)
        painter.setClipPath(clip, Qt.ClipOperation.IntersectClip)
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(family.edge)
    x, top, width, bottom = rect.x(), rect.y(), rect.width(), rect.bottom()
    unit = width / 4.0

    def bars(length: float, step: float, left: float = 0.0) -> None:
        y = top
        while y < bottom:
            painter.drawRect(QRectF(x + left, y, width - left, min(length, bottom - y)))
            y += step

    pattern = family.pattern
    if pattern == "double":
        painter.drawRect(QRectF(x, top, 1.5 * unit, rect.height()))
        painter.drawRect(QRectF(x + 2.75 * unit, top, 1.25 * unit, rect.height()))
    elif pattern == "ticks":
        painter.drawRect(QRectF(x, top, 1.5 * unit, rect.height()))
        bars(2, 5)
    elif pattern == "blocks":
        bars(12, 14)
    elif pattern == "dashes":
        bars(4, 7)
    elif pattern == "slant":
        painter.setPen(QPen(family.edge, 1.8 * unit))
        y = top - width
        while y < bottom + width:
            painter.drawLine(QPointF(x - 1, y + width + 1), QPointF(x + width + 1, y - 1))
            y += 5 * unit
    elif pattern == "dots":
        y = top + 3 * unit
        while y < bottom + 2 * unit:
            painter.drawEllipse(QPointF(x + 2 * unit, y), 1.75 * unit, 1.75 * unit)
            y += 6 * unit
    elif pattern == "hollow":
        painter.drawRect(QRectF(x, top, unit, rect.height()))
        painter.drawRect(QRectF(x + 3 * unit, top, unit, rect.height()))
    else:
        painter.drawRect(rect)
    painter.restore()


def draw_family_mark(painter: QPainter, x: float, center_y: float, family: str, height: float = 16) -> None:
    """The small upright mark that stands for a family of services in lists and table groups."""
    current = theme.current()
    colors = current.families[family]
    rect = QRectF(x, center_y - height / 2, current.px(6), height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors.fill)
    painter.drawRoundedRect(rect, 2, 2)
    family_edge(painter, QRectF(rect.x(), rect.y(), current.px(4), rect.height()), colors, 2)


def with_weight(style: str, bold: bool) -> QFont:
    """The body or small font, strong or not."""
    return theme.font({"body": "body_strong", "small": "small_strong"}.get(style, style) if bold else style)
