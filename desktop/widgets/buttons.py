"""Buttons: one primary per view, secondary, quiet, link, soft and danger, with icon and key cap; and the key cap."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QEnterEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.actions import action_icon


class Kind(StrEnum):
    """What a button is for."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    QUIET = "quiet"
    LINK = "link"
    SOFT = "soft"
    DANGER = "danger"


def key_words(shortcut: QKeySequence | str) -> str:
    """A shortcut as words on a key cap: "Ctrl+K" becomes "Ctrl K" ("⌘K" on a Mac)."""
    sequence = QKeySequence(shortcut) if isinstance(shortcut, str) else shortcut
    native = sequence.toString(QKeySequence.SequenceFormat.NativeText)
    return native.replace("+", " ").replace("Return", "Enter") if native else str(shortcut)


class Button(QPushButton):
    """A button that paints itself from the theme. ``keycap`` shows a shortcut inside it (it does not bind it).

    Args:
        text: what happens on click; the accessible name as well.
        kind: PRIMARY, SECONDARY, QUIET, LINK, SOFT or DANGER.
        icon: name of an icon left of the text.
        keycap: words on the key cap, such as "N" or "Ctrl K".
        small: 26 px high, for buttons inside cards and tables.
        on_click: called without arguments.
    """

    def __init__(
        self,
        text: str = "",
        kind: Kind = Kind.SECONDARY,
        icon: str | None = None,
        keycap: str | None = None,
        small: bool = False,
        on_click: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.kind = kind
        self.icon_name = icon
        self.keycap_text = keycap
        self.small = small
        self.forced_state: str | None = None
        self._action: QAction | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        if text:
            self.setAccessibleName(text)
        if on_click is not None:
            self.clicked.connect(lambda: on_click())

    @classmethod
    def for_action(
        cls, action: QAction, kind: Kind = Kind.SECONDARY, *, small: bool = False, show_key: bool = True
    ) -> Button:
        """A button that triggers ``action`` and follows its text, icon and availability."""
        key = key_words(action.shortcut()) if show_key and not action.shortcut().isEmpty() else None
        button = cls(action.text(), kind, action_icon(action), key, small)
        button._action = action
        button.clicked.connect(lambda: action.trigger())
        action.changed.connect(button._follow_action)
        button._follow_action()
        return button

    def _follow_action(self) -> None:
        if self._action is not None:
            self.setText(self._action.text())
            self.setAccessibleName(self._action.text())
            self.setEnabled(self._action.isEnabled())
            why_not = self._action.property("whyNot")
            if why_not is not None:
                self.setToolTip(str(why_not))
            self.setVisible(self._action.isVisible()) if self.parentWidget() else None
            self.updateGeometry()

    def set_keycap(self, words: str | None) -> None:
        """Change the key cap."""
        self.keycap_text = words
        self.updateGeometry()
        self.update()

    def _style(self) -> str:
        return "small_medium" if self.small else "body_medium"

    def _padding(self) -> int:
        t = theme.current()
        if not self.text():
            return 0
        return t.px(8 if self.kind is Kind.LINK else 9 if self.small else 12)

    def _icon_size(self) -> int:
        size = theme.current().size
        return size.icon_small if self.small else size.icon

    def _content_width(self) -> float:
        t = theme.current()
        parts: list[float] = []
        if self.icon_name:
            parts.append(self._icon_size())
        if self.text():
            parts.append(painting.text_width(self.text(), self._style()))
        if self.keycap_text:
            parts.append(painting.keycap_width(self.keycap_text) + t.px(2))
        return sum(parts) + t.px(6) * max(0, len(parts) - 1)

    def sizeHint(self) -> QSize:
        t = theme.current()
        height = t.size.control_small if self.small else t.size.control
        width = height if not self.text() else round(self._content_width()) + 2 * self._padding() + 1
        return QSize(width, height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @property
    def focus_radius(self) -> int:
        return theme.current().px(5) if self.small else theme.current().size.radius_control

    def _colors(self) -> tuple[QColor | None, QColor | None, QColor]:
        """Fill, line and text for the state of the moment."""
        c = theme.current().color
        state = self.forced_state
        hover = state == "hover" or (state is None and self.underMouse())
        pressed = state == "pressed" or self.isDown() or self.isChecked()
        if not self.isEnabled():
            plain = self.kind in (Kind.QUIET, Kind.LINK)
            return (None if plain else c.sunken), None, c.text_disabled
        if self.kind is Kind.PRIMARY:
            return (c.accent_pressed if pressed else c.accent_hover if hover else c.accent), None, c.on_accent
        if self.kind is Kind.SOFT:
            line = c.accent_line if hover or pressed else None
            return c.accent_soft, line, c.accent_soft_text
        fill = c.sunken if pressed else c.hover if hover else None
        if self.kind is Kind.QUIET:
            return fill, None, c.text if hover else c.text2
        if self.kind is Kind.LINK:
            return (c.accent_soft if hover or pressed else None), None, c.accent
        text = c.danger if self.kind is Kind.DANGER else c.text
        return fill or c.surface, c.line_strong, text

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        fill, line, ink = self._colors()
        painter = painting.painter_for(self)
        rect = QRectF(self.rect())
        painting.box(painter, rect, self.focus_radius, fill, line)
        content = min(self._content_width(), rect.width() - 2 * self._padding())
        x = (rect.width() - content) / 2
        if self.icon_name:
            size = self._icon_size()
            theme.draw_icon(painter, self.icon_name, x, (rect.height() - size) / 2, size, ink)
            x += size + t.px(6)
        if self.text():
            room = rect.width() - x - self._padding() + 1
            if self.keycap_text:
                room -= painting.keycap_width(self.keycap_text) + t.px(8)
            x += painting.text(painter, QRectF(x, 0, room, rect.height()), self.text(), self._style(), ink)
        if self.keycap_text:
            self._paint_keycap(painter, x + t.px(8), rect.height() / 2, ink)
        painter.end()

    def _paint_keycap(self, painter: QPainter, x: float, center: float, ink: QColor) -> None:
        c = theme.current().color
        words = self.keycap_text or ""
        if self.kind is Kind.PRIMARY and self.isEnabled():
            line = QColor(ink)
            line.setAlphaF(0.3)
            soft = QColor(ink)
            soft.setAlphaF(0.9)
            painting.keycap(painter, x, center, words, soft, line)
        else:
            painting.keycap(painter, x, center, words, c.text3, c.line, c.surface)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()


class IconButton(Button):
    """A square button with an icon alone: search, bell, close, arrows, printer. ``name`` is its tooltip and
    accessible name."""

    def __init__(
        self,
        icon: str,
        name: str,
        kind: Kind = Kind.QUIET,
        small: bool = False,
        on_click: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", kind, icon, None, small, on_click, parent)
        self.setToolTip(name)
        self.setAccessibleName(name)
        self.has_dot = False

    def set_dot(self, shown: bool) -> None:
        """A small yellow dot: something new is inside (the bell)."""
        self.has_dot = shown
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.has_dot:
            t = theme.current()
            painter = painting.painter_for(self)
            size = t.px(8)
            rect = QRectF(self.width() / 2 + t.px(2), self.height() / 2 - t.px(10), size, size)
            painting.box(painter, rect, size / 2, t.color.chalk_yellow, t.color.canvas)
            painter.end()


class KeyCap(QWidget):
    """A key as a small cap, for hints in text rows."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(words)

    def sizeHint(self) -> QSize:
        return QSize(painting.keycap_width(self._words), theme.current().px(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        c = theme.current().color
        painter = painting.painter_for(self)
        painting.keycap(painter, 0, self.height() / 2, self._words, c.text3, c.line, c.surface)
        painter.end()
