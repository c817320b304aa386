"""The sheet in which a photo is cut to a square: drag to move it, wheel, keys or buttons to come closer."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.widgets import Button, IconButton, Kind, Label, Sheet, painting

_SIDE = 320
_MARGIN = 24
_CLOSEST = 6.0
_STEP = 1.15
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip


class PhotoCut(QWidget):
    """A picture behind a square with a circle in it; what lies in the square will be the photo."""

    def __init__(self, picture: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = picture
        self._zoom = 1.0
        self._center = QPointF(picture.width() / 2, picture.height() / 2)
        self._dragged_from: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName("Part of the picture that will be the photo")
        self.setAccessibleDescription("Arrow keys move the picture, plus and minus change its size.")

    def square(self) -> QRect:
        """The chosen part in the picture's pixels: a square that lies inside it."""
        side = max(1, min(round(self._side()), self._picture.width(), self._picture.height()))
        left = min(max(0, round(self._center.x() - side / 2)), self._picture.width() - side)
        top = min(max(0, round(self._center.y() - side / 2)), self._picture.height() - side)
        return QRect(left, top, side, side)

    def zoom(self, factor: float) -> None:
        """Come closer (above 1) or go back, about the middle of the square."""
        self._zoom = min(_CLOSEST, max(1.0, self._zoom * factor))
        self._settle()

    def move_by(self, dx: float, dy: float) -> None:
        """Move the square over the picture, in the picture's pixels."""
        self._center += QPointF(dx, dy)
        self._settle()

    def sizeHint(self) -> QSize:
        side = theme.current().px(_SIDE + 2 * _MARGIN)
        return QSize(side, side)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is not None:
            moved = (self._dragged_from - event.position()) * (self._side() / self._frame().width())
            self._dragged_from = event.position()
            self.move_by(moved.x(), moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(_STEP ** (event.angleDelta().y() / 120))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ARROWS:
            dx, dy = _ARROWS[Qt.Key(event.key())]
            step = self._side() / 20
            self.move_by(dx * step, dy * step)
        elif event.text() in ("+", "=", "-"):
            self.zoom(1 / _STEP if event.text() == "-" else _STEP)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = self._frame()
        painting.box(painter, QRectF(self.rect()), t.size.radius_panel, t.color.sunken)
        scale = frame.width() / self._side()
        whole = QRectF(
            frame.center().x() - self._center.x() * scale,
            frame.center().y() - self._center.y() * scale,
            self._picture.width() * scale,
            self._picture.height() * scale,
        )
        painter.drawImage(whole, self._picture)
        outside = QPainterPath()
        outside.addRect(QRectF(self.rect()))
        circle = QPainterPath()
        circle.addEllipse(frame)
        painter.fillPath(outside - circle, QColor(0, 0, 0, 120))
        painting.box(painter, frame, frame.width() / 2, None, QColor("white"), t.px(2))
        if self.hasFocus():
            painting.box(painter, QRectF(self.rect()), t.size.radius_panel, None, t.color.accent, t.px(2))
        painter.end()

    def _side(self) -> float:
        return min(self._picture.width(), self._picture.height()) / self._zoom

    def _frame(self) -> QRectF:
        margin = theme.current().px(_MARGIN)
        return QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)

    def _settle(self) -> None:
        half = self._side() / 2
        self._center.setX(min(max(half, self._center.x()), self._picture.width() - half))
        self._center.setY(min(max(half, self._center.y()), self._picture.height() - half))
        self.update()


class PhotoSheet(Sheet):
    """Signal `accepted` with the chosen square as QRect, in the picture's pixels."""

    accepted = Signal(object)

    def __init__(self, host: QWidget, picture: QImage) -> None:
        super().__init__(host, "Cut the photo", _SIDE + 2 * _MARGIN + 40)
        t = theme.current()
        self.cut = PhotoCut(picture)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(t.px(20), t.px(12), t.px(20), t.px(14))
        column.setSpacing(t.px(10))
        column.addWidget(self.cut, 0, Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.setSpacing(t.px(6))
        row.addWidget(Label("Drag to move.", "small", "text2"))
        row.addStretch(1)
        row.addWidget(IconButton("minus", "Show more of the picture", on_click=lambda: self.cut.zoom(1 / _STEP)))
        row.addWidget(IconButton("plus", "Come closer", on_click=lambda: self.cut.zoom(_STEP)))
        column.addLayout(row)
        self.body.addWidget(content)
        self.footer.addStretch(1)
        self.footer.addWidget(Button("Cancel", keycap="Esc", on_click=self.dismiss))
        self.take_button = Button("Use this photo", Kind.PRIMARY, keycap="Enter", on_click=self.take)
        self.footer.addWidget(self.take_button)

    def take(self) -> None:
        """Hand over where the square lies."""
        square = self.cut.square()
        self.dismiss()
        self.accepted.emit(square)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.take()
            return
        super().keyPressEvent(event)
