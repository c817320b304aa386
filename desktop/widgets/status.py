"""The strip at the bottom of the window: sync in words, the last action with Undo, whose center it is, F1."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.buttons import KeyCap
from desktop.widgets.labels import Glyph, Label


class SyncKind(StrEnum):
    """What the exchange with the server is doing."""

    OK = "ok"
    SENDING = "sending"
    OFFLINE = "offline"
    ATTENTION = "attention"


_LOOKS = {
    SyncKind.OK: ("circle-check", "ok"),
    SyncKind.SENDING: ("refresh-cw", "text2"),
    SyncKind.OFFLINE: ("cloud-off", "warn"),
    SyncKind.ATTENTION: ("circle-alert", "danger"),
}


class SyncWords(QWidget):
    """An icon and words; a click asks for details."""

    clicked = Signal()

    def __init__(self, kind: SyncKind = SyncKind.OK, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.current().px(6))
        self._glyph = Glyph("circle-check", "ok", 16)
        self._label = Label("", "small", "ok")
        row.addWidget(self._glyph)
        row.addWidget(self._label)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_state(kind, text)

    def set_state(self, kind: SyncKind, text: str) -> None:
        """Show another state."""
        icon, tone = _LOOKS[kind]
        self._glyph.set_icon(icon, tone)
        self._label.setText(text)
        self._label.set_tone(tone)
        self.setAccessibleName(text)

    def text(self) -> str:
        """The words shown."""
        return self._label.text()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


class TextLink(QAbstractButton):
    """A word in accent color that can be clicked, inside a line of text."""

    def __init__(
        self, text: str, style: str = "small_medium", tone: str = "accent", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._style_name = style
        self._tone = tone
        self.setText(text)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_words(self, text: str) -> None:
        """Change the words."""
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        width = painting.text_width(self.text(), self._style_name)
        return QSize(round(width) + 1, theme.current().line_height(self._style_name))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        c = theme.current().color
        ink = getattr(c, self._tone) if self.isEnabled() else c.text_disabled
        rect = QRectF(self.rect())
        painting.text(painter, rect, self.text(), self._style_name, ink)
        if self.underMouse() and self.isEnabled():
            painter.fillRect(QRectF(0, rect.bottom() - 2, rect.width(), 1), ink)
        painter.end()


class StatusStrip(QWidget):
    """The 28-px strip. Signals: `undoRequested`, `helpRequested`, `syncRequested` (details of the exchange),
    `syncActionRequested` (the word beside its state)."""

    undoRequested = Signal()
    helpRequested = Signal()
    syncRequested = Signal()
    syncActionRequested = Signal()

    def __init__(self, organization: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self._row = QHBoxLayout(self)
        self._row.setSpacing(t.px(20))
        self.sync = SyncWords(SyncKind.OK, "All changes saved and sent")
        self.sync.clicked.connect(self.syncRequested)
        exchange = QHBoxLayout()
        exchange.setSpacing(t.px(8))
        exchange.addWidget(self.sync)
        self.sync_action = TextLink("")
        self.sync_action.clicked.connect(lambda: self.syncActionRequested.emit())
        self.sync_action.hide()
        exchange.addWidget(self.sync_action)
        self._row.addLayout(exchange)
        last = QHBoxLayout()
        last.setSpacing(t.px(6))
        self._last = Label("", "small", "text2", elide=True)
        self._undo = TextLink("Undo")
        self._undo.clicked.connect(lambda: self.undoRequested.emit())
        self._undo_key = KeyCap("Ctrl Z")
        last.addWidget(self._last, 1)
        last.addWidget(self._undo)
        last.addWidget(self._undo_key)
        self._last_box = QWidget()
        self._last_box.setLayout(last)
        last.setContentsMargins(0, 0, 0, 0)
        self._last_box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._row.addWidget(self._last_box)
        self._row.addStretch(1)
        self.organization = Label(organization, "small", "text2")
        self._row.addWidget(self.organization)
        help_row = QHBoxLayout()
        help_row.setSpacing(t.px(6))
        self._help = TextLink("What can I do here", "small", "text2")
        self._help.clicked.connect(lambda: self.helpRequested.emit())
        help_row.addWidget(self._help)
        help_row.addWidget(KeyCap("F1"))
        self._row.addLayout(help_row)
        self.show_last_action("", False)
        self._apply_sizes()

    def set_sync_state(self, kind: SyncKind, text: str, action: str = "") -> None:
        """How the exchange stands, and what can be done about it at once; "" for nothing."""
        self.sync.set_state(kind, text)
        self.sync_action.set_words(action)
        self.sync_action.setVisible(bool(action))

    def show_last_action(self, text: str, undo_enabled: bool) -> None:
        """What was done last, and whether it can be undone; "" hides it."""
        self._last.setText(text)
        self._last.setMinimumWidth(min(theme.current().px(420), round(painting.text_width(text, "small")) + 2))
        self._last_box.setVisible(bool(text))
        self._undo.setVisible(undo_enabled)
        self._undo_key.setVisible(undo_enabled)

    def last_action(self) -> str:
        """The words of the last action."""
        return self._last.text()

    def _apply_sizes(self) -> None:
        t = theme.current()
        self._row.setContentsMargins(t.size.margin, 1, t.size.margin, 0)
        self.setFixedHeight(t.size.strip)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._apply_sizes()

    def paintEvent(self, event: QPaintEvent) -> None:
        c = theme.current().color
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), c.canvas)
        painter.fillRect(QRectF(0, 0, self.width(), 1), c.line)
        painter.end()
