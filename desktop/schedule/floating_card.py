"""A small card that floats over the calendar: the checks while dragging, the details while hovering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from desktop import theme
from desktop.schedule.box_faces import paint_shadow

_WIDEST = 440


@dataclass(frozen=True, slots=True)
class CardRow:
    """One line of a card; `tone` is "", "ok", "danger", "warn" or "quiet", `key` a key to press."""

    text: str
    tone: str = ""
    key: str = ""


_ICONS = {"ok": "check", "danger": "triangle-alert", "warn": "clock"}


class FloatingCard(QWidget):
    """Title and rows on raised paper; never takes the pointer or the focus."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._title = ""
        self._rows: tuple[CardRow, ...] = ()
        self._picture = QPixmap()
        theme.signals().themeChanged.connect(self._theme_changed)
        self.hide()

    def _theme_changed(self) -> None:
        self._picture = QPixmap()
        self.resize(self.sizeHint())

    def set_content(self, title: str, rows: Sequence[CardRow]) -> None:
        """Say something else, and take the size for it."""
        if (title, tuple(rows)) == (self._title, self._rows):
            return
        self._title, self._rows = title, tuple(rows)
        self._picture = QPixmap()
        self.resize(self.sizeHint())
        self.update()

    def _margin(self) -> int:
        return theme.current().px(12)

    def sizeHint(self) -> QSize:
        """As wide as its longest line, within reason; the margin around holds the shadow."""
        current = theme.current()
        small = theme.metrics("body")
        widths = [theme.metrics("body_strong").horizontalAdvance(self._title)]
        for row in self._rows:
            lead = current.px(19) if row.tone in _ICONS else 0
            lead += round(small.horizontalAdvance(row.key)) + current.px(16) if row.key else 0
            widths.append(lead + theme.metrics("body_medium").horizontalAdvance(row.text))
        inner = min(max(widths) + 1, current.px(_WIDEST))
        height = current.px(17) + current.px(20) * (1 + len(self._rows)) + current.px(2)
        margin = self._margin()
        return QSize(round(inner) + current.px(26) + 2 * margin, height + 2 * margin)

    def place_beside(self, target: QRect, within: QRect, avoid: Sequence[QRect] = ()) -> None:
        """Move beside `target` inside `within`, where it covers least of `avoid`."""
        margin, gap = self._margin(), theme.current().px(6)
        w, h = self.width() - 2 * margin, self.height() - 2 * margin
        first, last = target.top() - h - gap, target.bottom() + gap
        step = max((last - first) // 10, 1)
        sides = (target.right() + gap, target.left() - gap - w)
        spots = [QPoint(x, y) for y in range(first - h, last + h, step) for x in sides]
        spots += [QPoint(target.left(), first), QPoint(target.left(), last)]
        reach = target.adjusted(-w - 2 * gap, -2 * h - gap, w + 2 * gap, 2 * h + gap)
        # Plain numbers: some sixty spots are held against some fifty boxes, in each frame of a drag.
        near = [_edges(other) for other in avoid if other.intersects(reach)]
        own, inside = _edges(target), _edges(within)
        middle = target.center().y()

        def cost(spot: QPoint) -> int:
            rect = left, top, right, bottom = spot.x(), spot.y(), spot.x() + w, spot.y() + h
            outside = w * h - _shared(rect, inside)
            covered = 0
            for x0, y0, x1, y1 in near:
                if x0 < right and left < x1 and y0 < bottom and top < y1:
                    covered += (min(x1, right) - max(x0, left)) * (min(y1, bottom) - max(y0, top))
            return 40 * outside + covered + 10 * _shared(rect, own) + 8 * abs(rect[1] + h // 2 - middle)

        best = min(spots, key=cost)
        x = min(max(best.x(), within.left()), max(within.right() - w, within.left()))
        y = min(max(best.y(), within.top()), max(within.bottom() - h, within.top()))
        self.move(x - margin, y - margin)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture of what it says, made once: while dragging, the card moves more often than it speaks."""
        ratio = self.devicePixelRatioF()
        size = (QSizeF(self.size()) * ratio).toSize()
        if self._picture.size() != size:
            self._picture = QPixmap(size)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._picture)
            self._paint(painter)
            painter.end()
        QPainter(self).drawPixmap(0, 0, self._picture)

    def _paint(self, painter: QPainter) -> None:
        """Paper, title, rows."""
        current = theme.current()
        color, px = current.color, current.px
        margin = self._margin()
        sheet = QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)
        paint_shadow(painter, sheet, current.size.radius_card, 6, 20, 0.16)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color.line_strong, 1))
        painter.setBrush(color.surface)
        painter.drawRoundedRect(
            sheet.adjusted(0.5, 0.5, -0.5, -0.5), current.size.radius_card, current.size.radius_card
        )
        x, y = sheet.x() + px(13), sheet.y() + px(8)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        width = sheet.right() - px(12) - x
        painter.setPen(color.text)
        painter.setFont(theme.font("body_strong"))
        self._text(painter, QRectF(x, y, width, px(20)), flags, self._title, "body_strong")
        y += px(22)
        tones = {"ok": color.ok, "danger": color.danger, "warn": color.warn, "quiet": color.text2}
        for row in self._rows:
            left = x
            ink = tones.get(row.tone, color.text)
            if row.key:
                key_width = theme.metrics("micro").horizontalAdvance(row.key) + px(9)
                key = QRectF(left + 0.5, y + px(2) + 0.5, key_width, px(16))
                painter.setPen(QPen(color.line, 1))
                painter.setBrush(color.surface)
                painter.drawRoundedRect(key, px(4), px(4))
                painter.setPen(color.text3)
                painter.setFont(theme.font("micro"))
                painter.drawText(key, Qt.AlignmentFlag.AlignCenter, row.key)
                left += key_width + px(7)
            elif row.tone in _ICONS:
                theme.draw_icon(painter, _ICONS[row.tone], left, y + px(3.5), px(13), ink, 2.0)
                left += px(19)
            is_bad = row.tone in ("danger", "warn")
            style = "body_medium" if is_bad else "body"
            painter.setPen(ink if is_bad or row.tone == "quiet" else color.text)
            painter.setFont(theme.font(style))
            self._text(painter, QRectF(left, y, x + width - left, px(20)), flags, row.text, style)
            y += px(20)

    @staticmethod
    def _text(painter: QPainter, area: QRectF, flags: Qt.AlignmentFlag, text: str, style: str) -> None:
        elided = theme.metrics(style).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, flags, elided)


_Edges = tuple[int, int, int, int]


def _edges(rect: QRect) -> _Edges:
    return rect.left(), rect.top(), rect.left() + rect.width(), rect.top() + rect.height()


def _shared(one: _Edges, other: _Edges) -> int:
    """The area that two rectangles share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width * height if width > 0 and height > 0 else 0
