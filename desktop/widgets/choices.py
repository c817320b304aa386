"""Choosing: segmented control, filter chip with its menu, toggle switch, check box and radio button."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QMenu, QSizePolicy, QWidget

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.labels import Tone, tone_colors


class Menu(QMenu):
    """A pop-up menu with rounded corners."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setToolTipsVisible(True)

    def add(
        self, text: str, slot: Callable[[], object], icon: str | None = None, checked: bool | None = None
    ) -> QAction:
        """Add an action; with ``checked`` it carries a check mark or an empty place for one."""
        action = QAction(text, self)
        if checked:
            action.setIcon(theme.icon("check", "accent"))
        elif icon:
            action.setIcon(theme.icon(icon))
        action.setCheckable(False)
        action.triggered.connect(lambda _=False: slot())
        self.addAction(action)
        return action


class Segmented(QWidget):
    """A few choices side by side, one of them on. ``options`` are (key, words) pairs; `changed` carries the key.

    With ``several`` each part switches by itself (weekdays), `values` is the set of keys that are on.
    """

    changed = Signal(str)

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        value: str | None = None,
        small: bool = False,
        name: str = "",
        stretch: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._options = list(options)
        self._value = value if value is not None or not options else options[0][0]
        self._small = small
        self._stretch = stretch
        self._hover = -1
        self._counts: dict[str, int] = {}
        self._icons: dict[str, str] = {}
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        horizontal = QSizePolicy.Policy.Expanding if stretch else QSizePolicy.Policy.Fixed
        self.setSizePolicy(horizontal, QSizePolicy.Policy.Fixed)

    def value(self) -> str:
        """The key of the choice that is on, or ""."""
        return self._value or ""

    def set_value(self, key: str, *, announce: bool = False) -> None:
        """Switch to ``key``; `changed` is sent only with ``announce``."""
        if key != self._value:
            self._value = key
            self.setAccessibleDescription(dict(self._options).get(key, ""))
            self.update()
            if announce:
                self.changed.emit(key)

    def set_options(self, options: Sequence[tuple[str, str]], value: str | None = None) -> None:
        """Replace the choices."""
        self._options = list(options)
        keys = [key for key, _ in self._options]
        if value is not None or self._value not in keys:
            self._value = value if value is not None else (keys[0] if keys else None)
        self.updateGeometry()
        self.update()

    def set_count(self, key: str, count: int) -> None:
        """Show a number beside a choice; 0 hides it."""
        self._counts[key] = count
        self.updateGeometry()
        self.update()

    def set_icon(self, key: str, icon: str) -> None:
        """Show an icon left of a choice's words."""
        self._icons[key] = icon
        self.updateGeometry()

    @property
    def focus_radius(self) -> int:
        return theme.current().size.radius_control

    def _style(self) -> str:
        return "small_medium" if self._small else "body_medium"

    def _widths(self) -> list[float]:
        t = theme.current()
        widths: list[float] = []
        for key, words in self._options:
            width = painting.text_width(words, self._style()) + 2 * t.px(9 if self._small else 11)
            if self._counts.get(key):
                figures = painting.text_width(str(self._counts[key]), "small_medium")
                width += t.px(6) + max(t.px(18), figures + t.px(10))
            if key in self._icons:
                width += t.size.icon_small + t.px(6)
            widths.append(round(width))
        if self._stretch and widths:
            spare = self.width() - 2 - sum(widths)
            widths = [width + spare / len(widths) for width in widths]
        return widths

    def sizeHint(self) -> QSize:
        t = theme.current()
        stretch, self._stretch = self._stretch, False
        width = round(sum(self._widths())) + 2
        self._stretch = stretch
        return QSize(width, t.size.control_small if self._small else t.size.control)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _part_at(self, x: float) -> int:
        left = 1.0
        for index, width in enumerate(self._widths()):
            if left <= x < left + width:
                return index
            left += width
        return -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        part = self._part_at(event.position().x())
        if part != self._hover:
            self._hover = part
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = -1
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self._part_at(event.position().x())
        if part >= 0 and event.button() == Qt.MouseButton.LeftButton and self.isEnabled():
            self._choose(part)

    def _choose(self, part: int) -> None:
        self.set_value(self._options[part][0], announce=True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}.get(
            Qt.Key(event.key()), 0
        )
        keys = [key for key, _ in self._options]
        if step and keys:
            at = keys.index(self._value) if self._value in keys else 0
            self._choose(max(0, min(len(keys) - 1, at + step)))
        else:
            super().keyPressEvent(event)

    def _is_on(self, key: str) -> bool:
        return key == self._value

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        frame = QRectF(self.rect())
        radius = t.size.radius_control
        painting.box(painter, frame, radius, c.surface if self.isEnabled() else c.sunken)
        painter.save()
        clip = QPainterPath()
        clip.addRoundedRect(frame.adjusted(1, 1, -1, -1), radius - 1, radius - 1)
        painter.setClipPath(clip)
        left = 1.0
        for index, ((key, words), width) in enumerate(zip(self._options, self._widths(), strict=True)):
            part = QRectF(left, 0, width, frame.height())
            on = self._is_on(key)
            if on:
                painter.fillRect(part, c.accent_soft)
            elif index == self._hover and self.isEnabled():
                painter.fillRect(part, c.hover)
            if index:
                painter.fillRect(QRectF(left, 0, 1, frame.height()), c.line)
            ink = c.accent_soft_text if on else c.text if index == self._hover else c.text2
            if not self.isEnabled():
                ink = c.text_disabled
            self._paint_words(painter, part, key, words, ink)
            left += width
        painter.restore()
        painting.box(painter, frame, radius, None, c.line_strong)
        painter.end()

    def _paint_words(self, painter: QPainter, part: QRectF, key: str, words: str, ink: QColor) -> None:
        t = theme.current()
        style = self._style()
        count = str(self._counts.get(key) or "")
        count_width = max(t.px(18), painting.text_width(count, "small_medium") + t.px(10)) if count else 0.0
        icon = self._icons.get(key)
        total = painting.text_width(words, style)
        total += (t.px(6) + count_width if count else 0) + (t.size.icon_small + t.px(6) if icon else 0)
        x = part.x() + (part.width() - total) / 2
        if icon:
            size = t.size.icon_small
            theme.draw_icon(painter, icon, x, part.center().y() - size / 2, size, ink)
            x += size + t.px(6)
        x += painting.text(painter, QRectF(x, 0, part.right() - x, part.height()), words, style, ink)
        if count:
            badge = QRectF(x + t.px(6), part.center().y() - t.px(9), count_width, t.px(18))
            painting.box(painter, badge, t.size.radius_entry, t.color.sunken)
            painting.text(painter, badge, count, "small_medium", t.color.text2, Qt.AlignmentFlag.AlignHCenter)


class ToggleGroup(QWidget):
    """Small square switches of which several may be on: the weekdays of a series. `changed` carries nothing."""

    changed = Signal()

    def __init__(
        self, options: Sequence[tuple[str, str, str]], name: str = "", parent: QWidget | None = None
    ) -> None:
        """``options`` are (key, letter, full name)."""
        super().__init__(parent)
        self._options = list(options)
        self._on: set[str] = set()
        self._cursor = 0
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def values(self) -> set[str]:
        """The keys that are on."""
        return set(self._on)

    def set_values(self, keys: set[str]) -> None:
        """Switch on exactly ``keys``."""
        self._on = set(keys)
        self._describe()

    def _describe(self) -> None:
        self.setAccessibleDescription(", ".join(full for key, _, full in self._options if key in self._on))
        self.update()

    def sizeHint(self) -> QSize:
        t = theme.current()
        count = len(self._options)
        return QSize(count * t.px(30) + (count - 1) * t.px(6), t.size.control)

    def _cell(self, index: int) -> QRectF:
        t = theme.current()
        return QRectF(index * t.px(36), 0, t.px(30), self.height())

    def _flip(self, index: int) -> None:
        self._cursor = index
        self._on ^= {self._options[index][0]}
        self._describe()
        self.changed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for index in range(len(self._options)):
            if self._cell(index).contains(event.position()):
                self._flip(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if event.key() == Qt.Key.Key_Right else -1
            self._cursor = max(0, min(len(self._options) - 1, self._cursor + step))
            self.update()
        elif event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            self._flip(self._cursor)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        for index, (key, letter, _) in enumerate(self._options):
            cell = self._cell(index)
            on = key in self._on
            painting.box(painter, cell, t.size.radius_control, c.accent if on else c.surface,
                         c.accent if on else c.line_strong)  # fmt: skip
            painting.text(painter, cell, letter, "body_strong", c.on_accent if on else c.text2,
                          Qt.AlignmentFlag.AlignHCenter)  # fmt: skip
            if self.hasFocus() and index == self._cursor:
                painting.box(painter, cell.adjusted(3, 3, -3, -3), 3, None, c.on_accent if on else c.focus)
        painter.end()


class FilterChip(QAbstractButton):
    """A round chip that filters what is below it. Without a menu it switches itself on and off (`toggled`);
    with `set_choices` it opens a menu and `chosen` carries the key ("" = no filter)."""

    chosen = Signal(str)

    def __init__(
        self, text: str, icon: str | None = None, tone: Tone = Tone.ACCENT, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._rest_text = text
        self._icon = icon
        self._tone = tone
        self._choices: list[tuple[str, str]] = []
        self._value = ""
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_words(self, text: str, on: bool | None = None) -> None:
        """Other words; and on or off."""
        self.setText(text)
        self.setAccessibleName(text)
        if on is not None:
            self.setChecked(on)
        self.updateGeometry()
        self.update()

    def set_choices(self, choices: Sequence[tuple[str, str]], value: str = "") -> None:
        """Give the chip a menu of (key, words); the chip's own first words stand for "no filter"."""
        self._choices = list(choices)
        self._show(value)

    def value(self) -> str:
        """The key chosen, or "" for no filter."""
        return self._value

    def set_value(self, key: str) -> None:
        """Choose without announcing it."""
        self._show(key)

    def _show(self, key: str) -> None:
        self._value = key if key in dict(self._choices) else ""
        self.set_words(dict(self._choices).get(self._value, self._rest_text), bool(self._value))

    def nextCheckState(self) -> None:
        """With a menu a click opens it; otherwise it switches."""
        if self._choices:
            self.open_menu()
        else:
            super().nextCheckState()

    def build_menu(self) -> QMenu:
        """The chip's menu, the choice in force marked."""
        menu = Menu(self)
        menu.add(self._rest_text, lambda: self._take(""), checked=not self._value)
        menu.addSeparator()
        for key, words in self._choices:
            menu.add(words, lambda key=key: self._take(key), checked=key == self._value)  # type: ignore[misc]
        return menu

    def open_menu(self) -> None:
        """Open the menu under the chip."""
        menu = self.build_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _take(self, key: str) -> None:
        self._show(key)
        self.chosen.emit(self._value)

    @property
    def focus_radius(self) -> int:
        return theme.current().px(14)

    def sizeHint(self) -> QSize:
        t = theme.current()
        width = painting.text_width(self.text(), "small_medium") + 2 * t.px(10)
        width += t.px(19) if self._icon else 0
        width += t.px(18) if self._choices else 0
        return QSize(round(width) + 1, t.px(28))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        on = self.isChecked()
        fill, ink, line = c.surface, c.text2, c.line_strong
        if on:
            fill_name, ink_name = tone_colors(self._tone)
            fill, ink = getattr(c, fill_name), getattr(c, ink_name)
            line = c.control if self._tone is Tone.NEUTRAL else getattr(c, f"{self._tone.value}_line")
        elif self.underMouse() or self.isDown():
            fill, ink = c.hover, c.text
        painter = painting.painter_for(self)
        rect = QRectF(self.rect())
        painting.box(painter, rect, rect.height() / 2, fill, line)
        x = float(t.px(10))
        if self._icon:
            theme.draw_icon(painter, self._icon, x, (rect.height() - t.px(14)) / 2, t.px(14), ink, 2.0)
            x += t.px(19)
        end = rect.width() - t.px(10) - (t.px(18) if self._choices else 0)
        painting.text(painter, QRectF(x, 0, end - x + 1, rect.height()), self.text(), "small_medium", ink)
        if self._choices:
            side = t.px(13)
            theme.draw_icon(painter, "chevron-down", end + t.px(5), (rect.height() - side) / 2, side, ink, 2.0)
        painter.end()


class _Mark(QAbstractButton):
    """A mark with words beside it; the parts differ only in how the mark is drawn."""

    mark_width = 16

    def __init__(self, text: str = "", checked: bool = False, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(checked)
        self.setAccessibleName(name or text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        t = theme.current()
        width = t.px(self.mark_width)
        if self.text():
            width += t.px(8) + round(painting.text_width(self.text(), "body")) + 2
        return QSize(width, t.px(20))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _paint_mark(self, painter: QPainter, rect: QRectF) -> None:
        raise NotImplementedError

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        width, height = t.px(self.mark_width), t.px(18 if self.mark_width > 20 else 16)
        self._paint_mark(painter, QRectF(0, (self.height() - height) / 2, width, height))
        if self.text():
            ink = t.color.text if self.isEnabled() else t.color.text_disabled
            x = width + t.px(8)
            painting.text(painter, QRectF(x, 0, self.width() - x, self.height()), self.text(), "body", ink)
        painter.end()


class Toggle(_Mark):
    """A switch for something that takes effect at once."""

    mark_width = 32

    @property
    def focus_radius(self) -> int:
        return theme.current().px(9)

    def _paint_mark(self, painter: QPainter, rect: QRectF) -> None:
        paint_toggle(painter, rect, self.isChecked(), self.isEnabled(), self.underMouse())


def paint_toggle(painter: QPainter, rect: QRectF, on: bool, enabled: bool = True, hover: bool = False) -> None:
    """The switch, for delegates as well; ``rect`` is 32 x 18."""
    t = theme.current()
    c = t.color
    fill = c.line_strong if not enabled else (c.accent_hover if hover else c.accent) if on else c.control
    painting.box(painter, rect, rect.height() / 2, fill)
    side = rect.height() - 4
    x = rect.right() - side - 2 if on else rect.x() + 2
    knob = QColor("#ffffff") if t.mode is not theme.Mode.HIGH_CONTRAST else QColor("#000000")
    painting.box(painter, QRectF(x, rect.y() + 2, side, side), side / 2, knob)


class CheckBox(_Mark):
    """A box to check, with words."""

    def _paint_mark(self, painter: QPainter, rect: QRectF) -> None:
        paint_checkbox(painter, rect, self.isChecked(), self.isEnabled(), self.underMouse())


def paint_checkbox(painter: QPainter, rect: QRectF, on: bool, enabled: bool = True, hover: bool = False) -> None:
    """The box, for delegates as well; ``rect`` is 16 x 16."""
    c = theme.current().color
    radius = theme.current().size.radius_entry
    if on:
        painting.box(painter, rect, radius, (c.accent_hover if hover else c.accent) if enabled else c.line_strong)
        size = rect.width() * 13 / 16
        offset = (rect.width() - size) / 2
        theme.draw_icon(painter, "check", rect.x() + offset, rect.y() + offset, round(size), c.on_accent, 2.75)
    else:
        painting.box(painter, rect, radius, c.hover if hover else c.surface if enabled else c.sunken,
                     c.control if enabled else c.line_strong, 1.5)  # fmt: skip


class RadioButton(_Mark):
    """One of a few choices; radio buttons with one parent exclude each other."""

    def __init__(self, text: str = "", checked: bool = False, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, checked, name, parent)
        self.setAutoExclusive(True)

    @property
    def focus_radius(self) -> int:
        return theme.current().px(8)

    def _paint_mark(self, painter: QPainter, rect: QRectF) -> None:
        c = theme.current().color
        if self.isChecked():
            painting.box(painter, rect, rect.width() / 2, c.surface, c.accent, 5)
        else:
            painting.box(painter, rect, rect.width() / 2, c.hover if self.underMouse() else c.surface, c.control, 1.5)
