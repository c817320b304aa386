"""Fields of forms: the labelled frame around them, and inputs for text, numbers, money, and long text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionFrame,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.widgets.buttons import key_words
from desktop.widgets.labels import Label, Paragraph
from desktop.widgets.parsing import format_cents, parse_cents

_TEXT_EDGE = 2
"""What QLineEdit leaves free on both sides of its text, in px."""


def _repolish(widget: QWidget, name: str, value: bool) -> None:
    if bool(widget.property(name)) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class TextInput(QLineEdit):
    """A line of text. `committed` is sent when the person is done with it (Enter, or leaving it changed). Words that
    are longer than the field end in an ellipsis until one goes there."""

    committed = Signal()

    def __init__(self, text: str = "", placeholder: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setPlaceholderText(placeholder)
        if name:
            self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._before = text
        self.editingFinished.connect(self._finish)

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(t.px(140), t.size.control)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(56), theme.current().size.control)

    def set_invalid(self, invalid: bool) -> None:
        """The red border; `Field.set_error` calls this."""
        _repolish(self, "invalid", invalid)

    def set_read_only(self, read_only: bool) -> None:
        """Shown, but not to be changed."""
        self.setReadOnly(read_only)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus if read_only else Qt.FocusPolicy.StrongFocus)
        self.style().unpolish(self)
        self.style().polish(self)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._before = self.text()
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()

    def paintEvent(self, event: QPaintEvent) -> None:
        words, measure = self.text(), self.fontMetrics()
        shown_whole = self.hasFocus() or measure.horizontalAdvance(words) <= self.width() // 2
        room = QRect() if shown_whole else self._text_room()
        if shown_whole or measure.horizontalAdvance(words) <= room.width():
            super().paintEvent(event)
            return
        panel = QStyleOptionFrame()
        self.initStyleOption(panel)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelLineEdit, panel, painter, self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        short = measure.elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, short)
        painter.end()

    def _text_room(self) -> QRect:
        panel = QStyleOptionFrame()
        self.initStyleOption(panel)
        room = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, panel, self)
        room = room.marginsRemoved(self.textMargins()).adjusted(_TEXT_EDGE, 0, -_TEXT_EDGE, 0)
        # As QLineEdit reckons: a gap, and for each icon its button and a gap.
        gap = self.style().pixelMetric(QStyle.PixelMetric.PM_LineEditIconSize, panel, self) // 4
        buttons = self.findChildren(QToolButton)
        before = [button.width() + gap for button in buttons if button.x() < self.width() // 2]
        after = [button.width() + gap for button in buttons if button.x() >= self.width() // 2]
        left, right = (gap + sum(widths) if widths else 0 for widths in (before, after))
        return room.adjusted(left, 0, -right, 0)

    def _finish(self) -> None:
        if self.text() != self._before:
            self._before = self.text()
            self.committed.emit()


class NumberInput(TextInput):
    """A whole number between two limits; arrow keys step. `value` is None while it is empty or wrong."""

    def __init__(
        self, value: int | None = None, minimum: int = 0, maximum: int = 9999, name: str = "",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__("" if value is None else str(value), "", name, parent)
        self.minimum, self.maximum = minimum, maximum
        self.setFont(theme.font(tabular=True))

    def value(self) -> int | None:
        """The number, or None."""
        words = self.text().strip()
        if not words.isdigit():
            return None
        number = int(words)
        return number if self.minimum <= number <= self.maximum else None

    def set_value(self, value: int | None) -> None:
        """Show ``value``."""
        self.setText("" if value is None else str(value))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None or self.isReadOnly():
            super().keyPressEvent(event)
            return
        now = self.value()
        target = self.minimum if now is None else max(self.minimum, min(self.maximum, now + step))
        self.setText(str(target))
        self.textEdited.emit(self.text())


class MoneyInput(TextInput):
    """An amount in minor units, shown with the currency's sign. `cents` is None while it is empty or wrong."""

    def __init__(
        self, cents: int | None = None, symbol: str = "$", name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__("" if cents is None else format_cents(cents, symbol), "", name, parent)
        self._symbol = symbol
        self.setFont(theme.font(tabular=True))

    def cents(self) -> int | None:
        """The amount in minor units, or None."""
        return parse_cents(self.text())

    def set_cents(self, cents: int | None) -> None:
        """Show an amount."""
        self.setText("" if cents is None else format_cents(cents, self._symbol))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        cents = self.cents()
        if cents is not None:
            self.set_cents(cents)
        super().focusOutEvent(event)


class TextArea(QPlainTextEdit):
    """Several lines of text; Tab goes on to the next field."""

    committed = Signal()

    def __init__(
        self, text: str = "", placeholder: str = "", rows: int = 4, name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self._rows = rows
        self._before = text
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        if name:
            self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """The text."""
        return self.toPlainText()

    def setText(self, text: str) -> None:
        """Show ``text``."""
        self.setPlainText(text)

    def set_invalid(self, invalid: bool) -> None:
        """The red border."""
        _repolish(self, "invalid", invalid)

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(t.px(240), self._rows * t.px(18) + t.px(12))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(80), self.sizeHint().height())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._before = self.toPlainText()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.toPlainText() != self._before:
            self.committed.emit()


class Field(QWidget):
    """A label above an input, "optional" or another word at the right, a helper or an error below.

    The input stays reachable as ``field.input``; Alt and an underlined letter are not used, Tab is.
    """

    def __init__(
        self, label: str, input: QWidget, *, optional: bool = False, right: str = "", helper: str = "",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        t = theme.current()
        self.input = input
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(4))
        top = QHBoxLayout()
        top.setSpacing(t.px(4))
        self.label = Label(label, "small_medium", "text2")
        self.label.setBuddy(input)
        top.addWidget(self.label)
        top.addStretch(1)
        self.right = Label(right or ("optional" if optional else ""), "small", "text3")
        top.addWidget(self.right)
        column.addLayout(top)
        column.addWidget(input)
        self._helper_text = helper
        self._message = Paragraph(helper, "small", "text3")
        self._message.setVisible(bool(helper))
        column.addWidget(self._message)
        column.addStretch(1)
        self._error = ""
        if not input.accessibleName():
            input.setAccessibleName(label)
        self.setFocusProxy(input)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def error(self) -> str:
        """The error shown, or ""."""
        return self._error

    def set_error(self, message: str) -> None:
        """Show what is wrong and what to do ("Use a time such as 5:45 PM."); "" takes it away."""
        self._error = message
        mark = getattr(self.input, "set_invalid", None)
        if mark is not None:
            mark(bool(message))
        self.input.setAccessibleDescription(message or self._helper_text)
        self._message.set_tone("danger" if message else "text3")
        self._message.set_text(message or self._helper_text)
        self._message.setVisible(bool(message or self._helper_text))

    def set_helper(self, text: str, tone: str = "text3") -> None:
        """Change the line below the field (unless an error is there); ``tone`` "warn" for "look when you can"."""
        self._helper_text = text
        if not self._error:
            self._message.set_tone(tone)
            self._message.set_text(text)
            self._message.setVisible(bool(text))

    def set_right(self, text: str) -> None:
        """Change the word at the label's right, such as "1 of 1"."""
        self.right.setText(text)


class SearchField(TextInput):
    """A search box with a lens and a key cap. Escape empties it."""

    def __init__(
        self, placeholder: str = "Search", shortcut: str = "Ctrl+K", name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__("", placeholder, name or placeholder, parent)
        self._key = key_words(shortcut) if shortcut else ""
        self.setProperty("lens", True)
        lens = QAction(self)
        lens.setIcon(theme.icon("search", "text3"))
        self.addAction(lens, QLineEdit.ActionPosition.LeadingPosition)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(t.px(250), t.size.control)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.current().px(140), theme.current().size.control)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self.textEdited.emit("")
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint and self._key and not self.text():
            from desktop.widgets import painting

            t = theme.current()
            width = painting.keycap_width(self._key)
            painter = painting.painter_for(self)
            painting.keycap(painter, self.width() - width - t.px(8), self.height() / 2, self._key, t.color.text3,
                            t.color.line, t.color.surface)  # fmt: skip
            painter.end()
        return handled
