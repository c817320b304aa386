"""Ctrl K: one line that finds people and everything that can be done, from anywhere; and the F1 overlay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.actions import action_icon
from desktop.widgets.buttons import IconButton, KeyCap, key_words
from desktop.widgets.fields import SearchField
from desktop.widgets.labels import Glyph, Label, Paragraph
from desktop.widgets.panels import Line
from desktop.widgets.parsing import plain


@dataclass(frozen=True, slots=True)
class Result:
    """One thing found: what it is, a quiet second text, an icon, the words of a shortcut, and what choosing does."""

    title: str
    subtitle: str
    icon: str
    callback: Callable[[], object]
    keys: str = ""
    section: str = ""


Search = Callable[[str], Sequence[Result]]


def matching_actions(actions: Sequence[tuple[str, QAction]], typed: str) -> list[Result]:
    """The actions, each with its page's title, whose words contain every word typed; best first."""
    words = plain(typed).split()
    found: list[tuple[int, Result]] = []
    for page, action in actions:
        text = plain(f"{action.text()} {page}")
        if action.isEnabled() and action.text() and all(word in text for word in words):
            rank = 0 if words and text.startswith(words[0]) else 1
            keys = "" if action.shortcut().isEmpty() else key_words(action.shortcut())
            found.append((rank, Result(action.text(), page, action_icon(action) or "command", action.trigger, keys,
                                       "What you can do")))  # fmt: skip
    return [result for _, result in sorted(found, key=lambda pair: pair[0])]


class _Results(QWidget):
    """The found things, painted; the marked one is taken by Enter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.results: list[Result] = []
        self.marked = 0
        self.empty_words = ""
        self.on_take: Callable[[Result], None] = lambda result: None
        self.setMouseTracking(True)
        self.setAccessibleName("Found")

    MOST = 12

    def show_results(self, results: Sequence[Result], empty_words: str) -> None:
        """Show at most a dozen."""
        self.results = list(results[: self.MOST])
        self.empty_words = empty_words
        self.marked = 0
        self.setFixedHeight(self._height())
        self._describe()
        self.update()

    def _rows(self) -> list[tuple[str, Result | None, QRectF]]:
        t = theme.current()
        rows: list[tuple[str, Result | None, QRectF]] = []
        y = float(t.px(6))
        section = None
        for result in self.results:
            if result.section != section:
                section = result.section
                if section:
                    rows.append((section, None, QRectF(0, y, self.width(), t.px(26))))
                    y += t.px(26)
            rows.append(("", result, QRectF(0, y, self.width(), t.px(40))))
            y += t.px(40)
        return rows

    def _height(self) -> int:
        t = theme.current()
        rows = self._rows()
        return round(rows[-1][2].bottom()) + t.px(6) if rows else t.px(72)

    def move(self, step: int) -> None:  # type: ignore[override]
        """Mark the next or the one before."""
        if self.results:
            self.marked = (self.marked + step) % len(self.results)
            self._describe()
            self.update()

    def _describe(self) -> None:
        if self.results:
            self.setAccessibleDescription(self.results[self.marked].title)

    def take(self) -> None:
        """Take the marked one."""
        if self.results:
            self.on_take(self.results[self.marked])

    def _at(self, event: QMouseEvent) -> int:
        number = -1
        for _, result, rect in self._rows():
            if result is not None:
                number += 1
                if rect.contains(event.position()):
                    return number
        return -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = self._at(event)
        if number >= 0 and number != self.marked:
            self.marked = number
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        number = self._at(event)
        if number >= 0:
            self.on_take(self.results[number])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        t = theme.current()
        if not self.results:
            painting.text(painter, QRectF(self.rect()), self.empty_words, "body", t.color.text2,
                          Qt.AlignmentFlag.AlignHCenter)  # fmt: skip
        number = -1
        for section, result, rect in self._rows():
            if result is None:
                painting.text(painter, rect.adjusted(t.px(16), t.px(4), 0, 0), section, "small", t.color.text3)
                continue
            number += 1
            self._paint_result(painter, rect, result, number == self.marked)
        painter.end()

    @staticmethod
    def _paint_result(painter: QPainter, rect: QRectF, result: Result, marked: bool) -> None:
        t = theme.current()
        c = t.color
        if marked:
            painting.box(painter, rect.adjusted(t.px(6), 0, -t.px(6), 0), t.size.radius_control, c.selection)
        size = t.size.icon
        middle = rect.center().y()
        theme.draw_icon(painter, result.icon, rect.x() + t.px(16), middle - size / 2, size, c.text2)
        x = rect.x() + t.px(16) + size + t.px(10)
        end = rect.right() - t.px(16)
        if result.keys:
            width = painting.keycap_width(result.keys)
            painting.keycap(painter, end - width, middle, result.keys, c.text3, c.line, c.surface)
            end -= width + t.px(8)
        used = painting.text(
            painter, QRectF(x, rect.y(), end - x, rect.height()), result.title, "body_medium", c.text
        )
        x += used + t.px(8)
        if end - x > t.px(30):
            painting.text(painter, QRectF(x, rect.y(), end - x, rect.height()), result.subtitle, "body", c.text2)


class _Overlay(QWidget):
    """Something over the dimmed window that a click beside it or Escape closes."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.panel = QWidget(self)
        self._return_focus: QWidget | None = None
        window.installEventFilter(self)
        self.hide()

    def panel_width(self) -> int:
        """The width wanted."""
        return theme.current().px(620)

    def open_overlay(self) -> None:
        """Show it over everything."""
        self._return_focus = self.window().focusWidget()
        self.place()
        self.show()
        self.raise_()

    def close_overlay(self) -> None:
        """Hide it and give the focus back."""
        if self.isVisible():
            self.hide()
            if self._return_focus is not None and isValid(self._return_focus):
                self._return_focus.setFocus(Qt.FocusReason.OtherFocusReason)

    def place(self) -> None:
        """Fit it into the window."""
        t = theme.current()
        window = self.window()
        self.setGeometry(0, 0, window.width(), window.height())
        width = min(self.panel_width(), window.width() - t.px(48))
        self.panel.setFixedWidth(width)
        layout = self.panel.layout()
        if layout is not None:
            layout.activate()
        layout = self.panel.layout()
        wrapped = layout.heightForWidth(width) if layout is not None and layout.hasHeightForWidth() else 0
        height = min(max(wrapped, self.panel.sizeHint().height()), window.height() - t.px(32))
        top = min(t.px(64), window.height() - t.px(16) - height)
        self.panel.setGeometry((window.width() - width) // 2, top, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.panel.geometry().contains(event.position().toPoint()):
            self.close_overlay()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_overlay()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), QColor(16, 26, 22, 140 if t.is_dark else 60))
        rect = QRectF(self.panel.geometry())
        painting.shadow(painter, rect, t.size.radius_dialog, t.px(16), t.px(48), 0.22)
        line = t.color.line_strong if t.is_dark else None
        painting.box(painter, rect, t.size.radius_dialog, t.color.surface, line)
        painter.end()


class CommandPalette(_Overlay):
    """Search over everything. ``actions`` gives what can be done now; `add_search` plugs in people and the like."""

    def __init__(self, window: QWidget, actions: Callable[[], Sequence[tuple[str, QAction]]]) -> None:
        super().__init__(window)
        t = theme.current()
        self._actions = actions
        self._searches: list[Search] = []
        column = QVBoxLayout(self.panel)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        top = QHBoxLayout()
        top.setContentsMargins(t.px(14), t.px(12), t.px(14), t.px(12))
        self.edit = SearchField("Find a person, a page or something to do", "")
        self.edit.setProperty("bare", True)
        self.edit.shows_focus_ring = False  # type: ignore[attr-defined]
        self.edit.setFont(theme.font("lead"))
        self.edit.installEventFilter(self)
        top.addWidget(self.edit)
        top.addWidget(KeyCap("Esc"))
        column.addLayout(top)
        column.addWidget(Line())
        self.found = _Results()
        self.found.on_take = self._take
        column.addWidget(self.found)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(30)
        self._pause.timeout.connect(self.search_now)
        self.edit.textChanged.connect(lambda _: self._pause.start())

    def add_search(self, search: Search) -> None:
        """Plug in a source of results; it must answer within a frame or two."""
        self._searches.append(search)

    def open_palette(self, typed: str = "") -> None:
        """Open, with ``typed`` already in the line."""
        self.edit.setText(typed)
        self.search_now()
        self.open_overlay()
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def search_now(self) -> None:
        """Look for what is in the line."""
        typed = self.edit.text().strip()
        results: list[Result] = []
        if typed:
            for search in self._searches:
                results.extend(search(typed)[:8])
        results.extend(matching_actions(self._actions(), typed))
        self.found.show_results(results, f"Nothing here is called “{typed}”." if typed else "")
        if self.isVisible():
            self.place()

    def _take(self, result: Result) -> None:
        self.close_overlay()
        result.callback()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.edit and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = event.key()
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self.found.move(1 if key == Qt.Key.Key_Down else -1)
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self._pause.isActive():
                    self._pause.stop()
                    self.search_now()
                self.found.take()
                return True
            if key == Qt.Key.Key_Escape:
                self.close_overlay()
                return True
        return super().eventFilter(watched, event)


_MOST_IN_TWO_COLUMNS = 14


class HelpOverlay(_Overlay):
    """What can be done on this page, with the keys for it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._column = QVBoxLayout(self.panel)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._inner: QWidget | None = None
        self._columns = 2

    def panel_width(self) -> int:
        return theme.current().px(360 * self._columns)

    def open_for(self, title: str, here: Sequence[QAction], everywhere: Sequence[QAction]) -> None:
        """Show the actions of the page ``title`` and those that work everywhere."""
        if self._inner is not None:
            self._column.removeWidget(self._inner)
            self._inner.deleteLater()
        # A page on which much can be done needs a third column to fit into a small window.
        self._columns = 3 if len(here) > _MOST_IN_TWO_COLUMNS else 2
        self._inner = self._build(title, here, everywhere)
        self._column.addWidget(self._inner)
        self.open_overlay()
        self.setFocus()

    def _build(self, title: str, here: Sequence[QAction], everywhere: Sequence[QAction]) -> QWidget:
        t = theme.current()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(t.px(24), t.px(18), t.px(16), t.px(22))
        column.setSpacing(t.px(8))
        head = QHBoxLayout()
        head.addWidget(Label("What can I do here", "page"))
        head.addStretch(1)
        head.addWidget(IconButton("x", "Close", on_click=self.close_overlay))
        column.addLayout(head)
        for heading, actions in ((title, here), ("Everywhere", everywhere)):
            shown = [action for action in actions if action.text()]
            if not shown:
                continue
            column.addSpacing(t.px(4))
            column.addWidget(Label(heading, "section"))
            grid = QGridLayout()
            grid.setHorizontalSpacing(t.px(28))
            grid.setVerticalSpacing(t.px(8))
            for number, action in enumerate(shown):
                row, place = divmod(number, self._columns)
                grid.addWidget(self._line(action), row, place, Qt.AlignmentFlag.AlignTop)
            for place in range(self._columns):
                grid.setColumnStretch(place, 1)
            column.addLayout(grid)
        return inner

    @staticmethod
    def _line(action: QAction) -> QWidget:
        t = theme.current()
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.px(8))
        row.addWidget(Glyph(action_icon(action) or "command", "text2", 16), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(action.text(), "body", "text" if action.isEnabled() else "text3", elide=True))
        if action.statusTip():
            words.addWidget(Paragraph(action.statusTip(), "small", "text2"))
        row.addLayout(words, 1)
        if not action.shortcut().isEmpty():
            row.addWidget(KeyCap(key_words(action.shortcut())), 0, Qt.AlignmentFlag.AlignTop)
        return line

    def sizeHint(self) -> QSize:
        return self.panel.sizeHint()
