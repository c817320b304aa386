"""The blackboard at the left: the mark, the pages as icon over word, the person's initials at the bottom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.labels import initials


class RailButton(QAbstractButton):
    """One page on the rail; the active one has the chalk bar, `set_count` adds the number in chalk yellow."""

    def __init__(self, title: str, icon: str, shortcut_words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self._count = 0
        self.setText(title)
        self.setAccessibleName(title)
        self.setToolTip(f"{title}  {shortcut_words}".strip())
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    shows_focus_ring = False

    def set_count(self, count: int) -> None:
        """How many new things wait there; 0 shows nothing."""
        self._count = count
        self.setAccessibleDescription(f"{count} new" if count else "")
        self.update()

    def count(self) -> int:
        """The number shown."""
        return self._count

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(t.px(68), t.px(46 if t.compact else 52))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        bar = t.px(8)
        face = QRectF(bar, 0, self.width() - 2 * bar, self.height())
        on = self.isChecked()
        hover = self.underMouse()
        if on or hover:
            painting.box(painter, face, t.size.radius_card, c.board_active if on else c.board_hover)
        if on:
            reach = QRectF(-t.px(3), t.px(10), t.px(6), self.height() - t.px(20))
            painting.box(painter, reach, t.px(2), c.chalk_yellow)
        if self.hasFocus() and not self.isDown():
            painting.box(painter, face.adjusted(1, 1, -1, -1), t.size.radius_card - 1, None, c.chalk, 2)
        ink = c.chalk if on or hover else c.chalk2
        size = t.size.icon_rail
        top = (self.height() - size - t.px(17)) / 2 + t.px(0.5)
        theme.draw_icon(painter, self._icon, (self.width() - size) / 2, top, size, ink)
        words = QRectF(face.x(), top + size + t.px(3), face.width(), t.px(14))
        painting.text(painter, words, self.text(), "micro", ink, Qt.AlignmentFlag.AlignHCenter)
        if self._count:
            self._paint_count(face)
        painter.end()

    def _paint_count(self, face: QRectF) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        words = str(self._count) if self._count < 100 else "99"
        width = max(t.px(16), painting.text_width(words, "micro_strong") + t.px(8))
        badge = QRectF(face.right() - t.px(14) - width, t.px(5), width, t.px(16))
        painting.box(painter, badge, badge.height() / 2, t.color.chalk_yellow)
        font = theme.font("micro_strong")
        font.setPointSizeF(font.pointSizeF() * 10 / 11)
        painter.setFont(font)
        painter.setPen(t.color.on_chalk_yellow)
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)
        painter.end()


class PersonButton(QAbstractButton):
    """The initials of whoever works here now; a click opens their menu."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_name(name)

    shows_focus_ring = False

    def set_name(self, name: str) -> None:
        """Another person."""
        self.setText(initials(name))
        self.setToolTip(name)
        self.setAccessibleName(f"{name}, your menu" if name else "Your menu")
        self.update()

    def sizeHint(self) -> QSize:
        side = theme.current().px(34)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        c = theme.current().color
        painter = painting.painter_for(self)
        rect = QRectF(self.rect())
        line = c.chalk if self.hasFocus() or self.underMouse() else None
        painting.box(painter, rect, rect.width() / 2, c.board_active, line, 1.5)
        if self.text():
            painting.text(painter, rect, self.text(), "small_strong", c.chalk, Qt.AlignmentFlag.AlignHCenter)
        else:
            side = theme.current().size.icon
            inset = (rect.width() - side) / 2
            theme.draw_icon(painter, "user-round", inset, inset, side, c.chalk2)
        painter.end()


class _Mark(QWidget):
    """The program's mark: a chalk-yellow dot over bars."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(68), theme.current().px(44))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        side = t.px(34)
        theme.draw_icon(
            painter, "itutoros", (self.width() - side) / 2, (self.height() - side) / 2, side, QColor("#000")
        )
        painter.end()


class Rail(QWidget):
    """All pages, top to bottom. `chosen` carries the number of a page, `personRequested` opens the menu."""

    chosen = Signal(int)
    personRequested = Signal()

    def __init__(self, person: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.addWidget(_Mark())
        self._column.addSpacing(theme.current().px(4))
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._group.idClicked.connect(self.chosen)
        self._buttons: list[RailButton] = []
        self._column.addStretch(1)
        self.person = PersonButton(person)
        self.person.clicked.connect(lambda: self.personRequested.emit())
        self._column.addWidget(self.person, 0, Qt.AlignmentFlag.AlignHCenter)
        self.setAccessibleName("Pages")
        self._apply_sizes()

    def add_pages(self, pages: Sequence[tuple[str, str, str]]) -> None:
        """Add pages as (title, icon, words of the shortcut)."""
        for title, icon, keys in pages:
            button = RailButton(title, icon, keys)
            self._group.addButton(button, len(self._buttons))
            self._column.insertWidget(2 + len(self._buttons), button)
            self._buttons.append(button)

    def set_current(self, number: int) -> None:
        """Mark a page as the one shown."""
        self._buttons[number].setChecked(True)

    def set_count(self, number: int, count: int) -> None:
        """The badge of a page."""
        self._buttons[number].set_count(count)

    def button(self, number: int) -> RailButton:
        """The button of a page."""
        return self._buttons[number]

    def _apply_sizes(self) -> None:
        t = theme.current()
        self.setFixedWidth(t.size.rail)
        self._column.setContentsMargins(0, t.px(10), 0, t.px(10))
        self._column.setSpacing(t.px(2))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._apply_sizes()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        path = QPainterPath()
        path.addRect(QRectF(self.rect()))
        painter.fillPath(path, theme.current().color.board)
        painter.end()
