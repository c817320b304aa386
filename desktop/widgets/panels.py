"""Surfaces: cards, lines, the panel at the right, the empty state, toasts, and a sheet over the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPropertyAnimation, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.buttons import Button, IconButton, Kind
from desktop.widgets.labels import Glyph, Label, Paragraph

_COMMAND_KEYS = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)
_ERASERS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


def _keeps_key(event: QEvent) -> bool:
    """Whether this key is for the surface and not for the page behind it. What is typed stays away from the page's
    one-letter shortcuts, also where the focus is on a switch or a button that takes no letters itself."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    if event.modifiers() & _COMMAND_KEYS:
        return False
    is_typed = bool(event.text()) and event.text().isprintable()
    if is_typed or event.key() in _ERASERS:
        event.accept()
        return True
    return False


class Card(QWidget):
    """A sheet of paper: surface, 1-px line, round corners. Fill ``body`` (a vertical layout)."""

    def __init__(
        self, title: str = "", *, padded: bool = False, radius: int | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        t = theme.current()
        self._radius = radius
        self._is_marked = False
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        self.head = QHBoxLayout()
        self.head.setContentsMargins(t.px(16), t.px(9), t.px(12), t.px(9))
        self.head.setSpacing(t.px(8))
        self.title = Label(title, "section", parent=self)
        self.title.setVisible(bool(title))
        if title:
            self.head.addWidget(self.title)
            self.head.addStretch(1)
            outer.addLayout(self.head)
        self.body = QVBoxLayout()
        self.body.setSpacing(0)
        pad = t.px(16) if padded else 0
        self.body.setContentsMargins(pad, t.px(4) if padded and title else pad, pad, pad)
        outer.addLayout(self.body, 1)

    def set_marked(self, marked: bool) -> None:
        """A 2-px accent line: this one is chosen."""
        self._is_marked = marked
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        radius = t.size.radius_panel if self._radius is None else t.px(self._radius)
        line, width = (t.color.accent, 2.0) if self._is_marked else (t.color.line, 1.0)
        painting.box(painter, QRectF(self.rect()), radius, t.color.surface, line, width)
        painter.end()


class Line(QWidget):
    """A 1-px line across, or down."""

    def __init__(self, vertical: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), theme.current().color.line)
        painter.end()


class EmptyState(QWidget):
    """What is empty and what to do, in two lines under an icon, with a button when there is one thing to do."""

    def __init__(
        self, icon: str, title: str, text: str, button: QWidget | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        t = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(16))
        column.setSpacing(t.px(4))
        column.addStretch(1)
        self.glyph = Glyph(icon, "text3", 20)
        column.addWidget(self.glyph, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(t.px(2))
        self.title = Label(title, "body_strong")
        column.addWidget(self.title, 0, Qt.AlignmentFlag.AlignHCenter)
        self.text = Paragraph(text, tone="text2", align=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.text)
        if button is not None:
            column.addSpacing(t.px(8))
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def set_words(self, title: str, text: str, icon: str | None = None) -> None:
        """Other words."""
        self.title.setText(title)
        self.text.set_text(text)
        if icon:
            self.glyph.set_icon(icon)


class SidePanel(QWidget):
    """A panel at the right of a page: title, close, ``body`` (layout), and `footer` for its buttons.

    Put it into the page's row beside the content: it takes its width from there, so it never covers the thing
    it is about. `open_panel` and `close_panel` slide it; `closed` is sent when the person closes it. What it holds
    has its full width from the first moment, and comes into view.
    """

    closed = Signal()

    def __init__(self, title: str = "", width: int = 336, subtitle: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self._full_width = t.px(width)
        self._slide = QPropertyAnimation(self, b"maximumWidth", self)
        self._slide.finished.connect(self._settle)
        self._content = QWidget(self)
        outer = QVBoxLayout(self._content)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(t.px(16), t.px(10), t.px(8), t.px(10))
        head.setSpacing(t.px(8))
        words = QVBoxLayout()
        words.setSpacing(0)
        self.title = Label(title, "section", elide=True)
        self.subtitle = Label(subtitle, "small", "text2", elide=True)
        self.subtitle.setVisible(bool(subtitle))
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        head.addLayout(words, 1)
        self.aside = Label("", "small", "text2")
        head.addWidget(self.aside)
        self.close_button = IconButton("x", "Close", on_click=self._dismiss)
        head.addWidget(self.close_button)
        head_box = QWidget()
        head_box.setLayout(head)
        head_box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        outer.addWidget(head_box)
        outer.addWidget(Line())
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        outer.addLayout(self.body, 1)
        self._footer_line = Line()
        outer.addWidget(self._footer_line)
        self.footer = QHBoxLayout()
        self.footer.setContentsMargins(t.px(16), t.px(12), t.px(16), t.px(12))
        self.footer.setSpacing(t.px(8))
        self._footer_box = QWidget()
        self._footer_box.setLayout(self.footer)
        outer.addWidget(self._footer_box)
        self._footer_line.hide()
        self._footer_box.hide()
        self.setFixedWidth(self._full_width)

    def set_words(self, title: str, subtitle: str = "", aside: str = "") -> None:
        """Title, the small line below it, and the words at its right."""
        self.title.setText(title)
        self.subtitle.setText(subtitle)
        self.subtitle.setVisible(bool(subtitle))
        self.aside.setText(aside)

    def add_footer(self, *widgets: QWidget) -> None:
        """Put buttons into the footer, aligned right."""
        if self.footer.count() == 0:
            self.footer.addStretch(1)
        for widget in widgets:
            self.footer.addWidget(widget)
        self._footer_line.show()
        self._footer_box.show()

    def open_panel(self, animated: bool = True) -> None:
        """Show the panel; slides in unless motion is reduced."""
        duration = theme.current().settle_ms if animated and not self.isVisible() else 0
        self.show()
        self._slide.stop()
        if not duration:
            self.setFixedWidth(self._full_width)
            return
        self.setMinimumWidth(0)
        self._slide.setDuration(duration)
        self._slide.setStartValue(0)
        self._slide.setEndValue(self._full_width)
        self._slide.start()

    def _settle(self) -> None:
        self.setFixedWidth(self._full_width)

    def sizeHint(self) -> QSize:
        return QSize(self._full_width, self._content.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._content.minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        is_sliding = self._slide.state() == QPropertyAnimation.State.Running
        width = max(self.width(), self._full_width) if is_sliding else self.width()
        self._content.setGeometry(0, 0, width, self.height())

    def close_panel(self) -> None:
        """Hide the panel without announcing it."""
        self.hide()

    def _dismiss(self) -> None:
        self.close_panel()
        self.closed.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # What it holds needs another size.
            self.updateGeometry()
        return _keeps_key(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._dismiss()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painting.box(painter, QRectF(self.rect()), t.size.radius_panel, t.color.surface, t.color.line)
        painter.end()


class ScrollArea(QScrollArea):
    """Lets its content scroll up and down where that is higher than its place. It has neither frame nor ground of
    its own, and the keyboard stays with what is inside."""

    def __init__(self, content: QWidget | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        if content is not None:
            self.setWidget(content)

    def setWidget(self, widget: QWidget) -> None:
        """Show other content; what was there is deleted."""
        super().setWidget(widget)
        widget.setAutoFillBackground(False)


def _left_edge() -> int:
    """Where the work begins, right of the rail. Asked each time: a small window has less margin."""
    size = theme.current().size
    return size.rail + size.margin


class Toast(QWidget):
    """A short message in ink at the lower left, above the status strip, for 8 seconds, with Undo if it can be. Longer
    ones take several lines, and stay for longer."""

    undo = Signal()
    SHOWN_MS = 8000
    WIDEST = 620

    def __init__(self, host: QWidget | None = None) -> None:
        super().__init__(host)
        t = theme.current()
        self._words = Paragraph(tone="surface", parent=self)
        self._can_undo = False
        self._shadow = t.px(20)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        if host is not None:
            host.installEventFilter(self)
            self.hide()

    def say(self, words: str, undo: bool = True) -> None:
        """Show ``words``, replacing what was there."""
        self.set_words(words, undo)
        self._place()
        self._lay_words()
        self.raise_()
        self.show()
        self.update()
        self._timer.start(self.SHOWN_MS * min(2, self._lines()))

    def set_words(self, words: str, undo: bool = True) -> None:
        """Hold ``words``, without showing them yet."""
        self._can_undo = undo
        self._words.set_text(words)
        self.setAccessibleName(words)
        self.updateGeometry()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        self.resize(self.sizeHint())
        t, host = theme.current(), self.parentWidget()
        if host is not None:
            bottom = host.height() - t.size.strip - t.px(8)
            self.move(_left_edge() - self._shadow, bottom - self.height() + self._shadow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_words()

    def _lay_words(self) -> None:
        size = self._words_size()
        left = self._shadow + theme.current().px(14)
        self._words.setGeometry(left, (self.height() - size.height()) // 2, size.width(), size.height())

    def _words_size(self) -> QSize:
        t, host = theme.current(), self.parentWidget()
        widest = t.px(self.WIDEST)
        if host is not None:
            widest = min(widest, host.width() - _left_edge() - t.size.margin - t.px(28) - self._undo_width())
        width = min(round(painting.text_width(self._words.text(), "body")) + 2, max(widest, t.px(120)))
        return QSize(width, self._words.heightForWidth(width))

    def _lines(self) -> int:
        return self._words_size().height() // theme.current().line_height("body")

    def _undo_width(self) -> int:
        if not self._can_undo:
            return 0
        t = theme.current()
        words = painting.text_width("Undo", "body_strong") + painting.text_width("Ctrl Z", "body")
        return round(words) + t.px(40)

    def sizeHint(self) -> QSize:
        t, words = theme.current(), self._words_size()
        return QSize(
            words.width() + t.px(28) + self._undo_width() + 2 * self._shadow,
            max(t.px(38), words.height() + t.px(18)) + 2 * self._shadow,
        )

    def _undo_rect(self) -> QRectF:
        t = theme.current()
        x = self._shadow + t.px(14) + self._words_size().width() + t.px(20)
        return QRectF(x, self._shadow, painting.text_width("Undo", "body_strong"), self.height() - 2 * self._shadow)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._can_undo and self._undo_rect().adjusted(-8, 0, 8, 0).contains(event.position()):
            self.undo.emit()
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        inner = QRectF(self.rect()).adjusted(self._shadow, self._shadow, -self._shadow, -self._shadow)
        painting.shadow(painter, inner, t.size.radius_card, t.px(6), t.px(20), 0.16)
        painting.box(painter, inner, t.size.radius_card, t.color.text)
        if self._can_undo:
            undo = self._undo_rect()
            painting.text(painter, undo, "Undo", "body_strong", t.color.surface)
            base = undo.center().y() + t.px(8)
            painter.fillRect(QRectF(undo.x(), base, undo.width(), 1), t.color.surface)
            hint = QColor(t.color.surface)
            hint.setAlphaF(0.72)
            after = QRectF(undo.right() + t.px(16), inner.y(), t.px(80), inner.height())
            painting.text(painter, after, "Ctrl Z", "body", hint)
        painter.end()


class Sheet(QWidget):
    """A dialog over the dimmed window, for quick entry only: title, words at the right, body, footer.

    Lives inside the window (no separate one): `open_sheet` shows and focuses it, Escape or ✕ closes it.
    """

    closed = Signal()

    def __init__(self, host: QWidget, title: str, width: int = 560, hint: str = "") -> None:
        super().__init__(host.window())
        t = theme.current()
        self._width = t.px(width)
        self._return_focus: QWidget | None = None
        self.panel = QWidget(self)
        outer = QVBoxLayout(self.panel)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(t.px(20), t.px(14), t.px(14), t.px(14))
        head.setSpacing(t.px(12))
        self.title = Label(title, "page")
        head.addWidget(self.title)
        head.addStretch(1)
        self.hint = Paragraph(hint, tone="text2") if hint else None
        if self.hint is not None:
            head.addWidget(self.hint, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(IconButton("x", "Close", on_click=self.dismiss))
        outer.addLayout(head)
        outer.addWidget(Line())
        self.body = QHBoxLayout()
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        outer.addLayout(self.body, 1)
        outer.addWidget(Line())
        self.footer = QHBoxLayout()
        self.footer.setContentsMargins(t.px(20), t.px(12), t.px(16), t.px(12))
        self.footer.setSpacing(t.px(8))
        outer.addLayout(self.footer)
        host.window().installEventFilter(self)
        self.hide()

    def open_sheet(self, first: QWidget | None = None) -> None:
        """Show the sheet and put the cursor into ``first``."""
        self._return_focus = self.window().focusWidget()
        self._place()
        self.show()
        self.raise_()
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def dismiss(self) -> None:
        """Close the sheet and give the focus back."""
        if self.isVisible():
            # Before hiding, as Qt would look for another place for the focus by itself.
            if self._return_focus is not None and isValid(self._return_focus):
                self._return_focus.setFocus(Qt.FocusReason.OtherFocusReason)
            else:
                self.window().setFocus(Qt.FocusReason.OtherFocusReason)
            self.hide()
            self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        t = theme.current()
        window = self.window()
        self.setGeometry(0, 0, window.width(), window.height())
        width = min(self._width, window.width() - t.px(48))
        layout = self.panel.layout()
        height = layout.heightForWidth(width) if layout is not None and layout.hasHeightForWidth() else 0
        height = min(max(height, self.panel.sizeHint().height()), window.height() - t.px(48))
        top = max(t.px(24), (window.height() - height) // 3)
        self.panel.setGeometry((window.width() - width) // 2, top, width, height)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def event(self, event: QEvent) -> bool:
        return _keeps_key(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
            return
        super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays inside the sheet. Found by looking along the chain: moving the focus through the window behind
        would select and open things there."""
        start = self.window().focusWidget() or self
        widget = start
        while True:
            following = widget.nextInFocusChain() if forward else widget.previousInFocusChain()
            if following is None or following is start:
                return False
            widget = following
            takes_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
            if takes_tab and widget.isVisible() and widget.isEnabled() and self.isAncestorOf(widget):
                reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
                widget.setFocus(reason)
                return True

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), QColor(16, 26, 22, 76 if not t.is_dark else 140))
        rect = QRectF(self.panel.geometry())
        painting.shadow(painter, rect, t.size.radius_dialog, t.px(16), t.px(48), 0.22)
        line = t.color.line if t.is_dark else None
        painting.box(painter, rect, t.size.radius_dialog, t.color.surface, line)
        painter.end()


def action_row(*widgets: QWidget, spacing: int = 8) -> QHBoxLayout:
    """Widgets in a row, packed to the right: the end of a form."""
    row = QHBoxLayout()
    row.setSpacing(theme.current().px(spacing))
    row.addStretch(1)
    for widget in widgets:
        row.addWidget(widget)
    return row


def save_and_cancel(save: str, on_save: Callable[[], object], on_cancel: Callable[[], object],
                    save_key: str | None = "Ctrl Enter") -> tuple[Button, Button]:  # fmt: skip
    """The two buttons at the end of a form: Cancel [Esc] and the primary one."""
    cancel = Button("Cancel", keycap="Esc", on_click=on_cancel)
    return cancel, Button(save, Kind.PRIMARY, keycap=save_key, on_click=on_save)
