"""The focus ring: 2 px outside a 2-px gap around whatever has the keyboard, drawn by one overlay per window.

An overlay, since neither a stylesheet nor a widget can paint outside its own rectangle. It shows after keyboard
moves, and always around fields that one types in; a click on a button leaves none.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid


class FocusRing(QWidget):
    """Paints the ring around `target`; follows it while it moves."""

    def __init__(self, target: QWidget, host: QWidget) -> None:
        super().__init__(host)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.target = target
        self._host = host
        self._watched: list[QWidget] = []
        widget: QWidget | None = target
        while widget is not None and widget is not host:
            widget.installEventFilter(self)
            self._watched.append(widget)
            widget = widget.parentWidget()
        self._place()
        self.raise_()
        self.show()

    def release(self) -> None:
        """Take the ring away."""
        for widget in self._watched:
            if isValid(widget):
                widget.removeEventFilter(self)
        self._watched.clear()
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        elif event.type() == QEvent.Type.Hide:
            self.hide()
        return False

    def _place(self) -> None:
        if not isValid(self.target):
            self.hide()
            return
        reach = 4
        corner = self.target.mapTo(self._host, QPoint(0, 0))
        size = self.target.size()
        self.setGeometry(corner.x() - reach, corner.y() - reach, size.width() + 2 * reach, size.height() + 2 * reach)
        self.setVisible(self.target.isVisibleTo(self._host))

    def paintEvent(self, event: QPaintEvent) -> None:
        from desktop.theme import current

        if not isValid(self.target):
            return
        theme = current()
        radius = getattr(self.target, "focus_radius", None)
        inner = float(theme.size.radius_control if radius is None else radius)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color.focus, theme.size.focus_width))
        rect = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(rect, inner + 3, inner + 3)


def _host_of(target: QWidget) -> QWidget:
    """The nearest scrolled content or window: the ring is clipped with the content it belongs to."""
    widget = target
    while True:
        parent = widget.parentWidget()
        if parent is None or widget.isWindow():
            return widget
        if isinstance(parent.parentWidget(), QAbstractScrollArea) and parent.objectName() == "qt_scrollarea_viewport":
            return widget
        widget = parent


class _FocusWatcher(QObject):
    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._ring: FocusRing | None = None
        app.focusChanged.connect(self._moved)

    def _moved(self, _old: QWidget | None, now: QWidget | None) -> None:
        if self._ring is not None:
            ring, self._ring = self._ring, None
            if isValid(ring):  # its window may be gone, and the ring with it
                ring.release()
        if now is None:
            return
        target = getattr(now, "focus_target", now)
        if not getattr(target, "shows_focus_ring", True) or isinstance(target, QAbstractItemView):
            return
        typed_in = isinstance(now, (QLineEdit, QPlainTextEdit, QTextEdit))
        clicked = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        host = _host_of(target)
        if (clicked and not typed_in) or host is target:
            return
        self._ring = FocusRing(target, host)


def install(app: QApplication) -> None:
    """Show the ring in all windows of ``app``."""
    if app.property("focusRing") is None:
        app.setProperty("focusRing", True)
        _FocusWatcher(app)
