"""The month as a widget: days with their entries as chips, worked on by mouse and keyboard alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from desktop import theme
from desktop.schedule.calendar_values import Status
from desktop.schedule.empty_paper import paint_empty
from desktop.schedule.floating_card import CardRow, FloatingCard
from desktop.schedule.lettering import lettering
from desktop.schedule.listed_days import ListedDay, ListedEntry, spoken_day, spoken_entry
from desktop.schedule.month_layout import Cell, MonthLayout, lay_out_month
from desktop.schedule.month_painting import MonthMarks, MonthPainter, month_metrics, to_qrect
from desktop.schedule.wording import TextRole

HOVER_DELAY_MS = 350

DayCheck = Callable[[str, date], list[tuple[bool, str]]]
"""What fits and what does not when the entry with this id moves to a day, in words."""


class MonthCalendar(QWidget):
    """A month of days.

    Signals carry an entry's id and a day as "2026-11-28", as those of `CalendarWidget` do.
    """

    entryActivated = Signal(str)
    entrySelected = Signal(str)
    dayActivated = Signal(str)
    moveRequested = Signal(str, str, int)
    cancelRequested = Signal(str)
    menuRequested = Signal(str, object)
    monthRequested = Signal(int)
    dragChanged = Signal(str)
    shows_focus_ring = False

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Month")
        self._days: list[ListedDay] = []
        self._month = date(2000, 1, 1)
        self._layout: MonthLayout | None = None
        self._painter: MonthPainter | None = None
        self._check: DayCheck | None = None
        self._cursor = (date(2000, 1, 1), 0)
        """The day and the line in it: 0 the day itself, then its chips, then what says how many more there are."""
        self._shows_cursor = False
        self._empty_words = ("", "")
        self._selected = ""
        self._hovered = ""
        self._press: tuple[QPointF, str] | None = None
        self._dragged = ""
        self._target: date | None = None
        self._pointer = QPointF()
        self._card = FloatingCard(self)
        self._hover_timer = QTimer(self)
        self._hover_timer.setSingleShot(True)
        self._hover_timer.setInterval(HOVER_DELAY_MS)
        self._hover_timer.timeout.connect(self._show_details)
        theme.signals().themeChanged.connect(self._theme_changed)

    # what it shows

    def set_days(self, days: Sequence[ListedDay], month: date) -> None:
        """Show whole weeks of days; selection, cursor and a drag under way stay where they were."""
        entry_id = self._cursor_entry()
        self._days, is_other = list(days), (month.year, month.month) != (self._month.year, self._month.month)
        self._month = month
        ids = {entry.id for day in days for entry in day.entries}
        if self._selected not in ids:
            self._selected = ""
        if self._dragged and self._dragged not in ids:
            self._end_drag()
        self._hovered = ""
        self._card.hide()
        self._lay_out()
        shown = {day.day for day in days}
        if is_other and (self._cursor[0].year, self._cursor[0].month) != (month.year, month.month):
            self._cursor = (month if month in shown else next(iter(shown), month), 0)
        elif entry_id:
            self._put_cursor_on(entry_id)
        self.update()

    def set_empty_words(self, words: tuple[str, str]) -> None:
        """What is empty, and what to do, for a month without entries."""
        self._empty_words = words

    def set_check(self, check: DayCheck) -> None:
        """Who judges a day while an entry is dragged over it."""
        self._check = check

    def plan(self) -> MonthLayout | None:
        """Where everything stands."""
        return self._layout

    def selected_id(self) -> str:
        """The selected entry; "" for none."""
        return self._selected

    def select(self, entry_id: str) -> None:
        """Select an entry from outside."""
        self._selected = entry_id
        self._put_cursor_on(entry_id)
        self.update()

    def cursor_day(self) -> date:
        """The day under the keyboard cursor."""
        return self._cursor[0]

    def set_cursor_day(self, day: date) -> None:
        """Put the keyboard cursor on a day."""
        if day != self._cursor[0]:
            self._cursor = (day, 0)
            self._announce()
            self.update()

    def details_card(self) -> FloatingCard:
        """The card with an entry's details."""
        return self._card

    def _put_cursor_on(self, entry_id: str) -> None:
        for cell in self._layout.cells if self._layout is not None else ():
            for number, chip in enumerate(cell.chips):
                if chip.entry.id == entry_id:
                    self._cursor = (cell.day.day, number + 1)
                    return
            if any(entry.id == entry_id for entry in cell.day.entries):
                self._cursor = (cell.day.day, len(cell.chips) + 1 if cell.more else 0)

    def _cursor_entry(self) -> str:
        cell = self._cursor_cell()
        number = self._cursor[1]
        return cell.chips[number - 1].entry.id if cell is not None and 0 < number <= len(cell.chips) else ""

    def _cursor_cell(self) -> Cell | None:
        return self._layout.cell(self._cursor[0]) if self._layout is not None else None

    def _lay_out(self) -> None:
        if not self._days or self.width() < 2 or self.height() < 2:
            return
        letters = lettering()
        self._layout = lay_out_month(
            self._days, self._month, self.width(), self.height(), month_metrics(),
            lambda text: letters.measure(text, TextRole.TITLE),
        )  # fmt: skip

    # painting

    def sizeHint(self) -> QSize:
        """Room for six weeks of three lines."""
        px = theme.current().px
        return QSize(px(900), px(560))

    def minimumSizeHint(self) -> QSize:
        """Six weeks with their dates alone."""
        px = theme.current().px
        return QSize(px(420), px(220))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Plan anew; the cursor stays on its entry."""
        entry_id = self._cursor_entry()
        self._lay_out()
        if entry_id:
            self._put_cursor_on(entry_id)

    def _theme_changed(self) -> None:
        self._painter = None
        self._lay_out()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The month as a sheet of paper with round corners."""
        t = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        sheet = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(sheet, t.size.radius_panel, t.size.radius_panel)
        painter.save()
        painter.setClipPath(path)
        if self._painter is None:
            self._painter = MonthPainter(self.devicePixelRatioF())
        if self._layout is not None:
            self._painter.paint(painter, self._layout, QRectF(event.rect()), self._marks())
            if self._empty_words[0] and not any(day.entries for day in self._days):
                paint_empty(painter, self._middle_week(self._layout), self._empty_words)
        else:
            painter.fillRect(self.rect(), t.color.surface)
        painter.restore()
        painter.setPen(QPen(t.color.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        painter.end()

    def _middle_week(self, layout: MonthLayout) -> QRectF:
        """The week in the middle below its dates, where a card hides none of them."""
        rect = to_qrect(layout.cells[len(layout.cells) // 14 * 7].rect)
        return QRectF(0, rect.y(), self.width(), rect.height()).adjusted(0, month_metrics().date_line, 0, 0)

    def _marks(self) -> MonthMarks:
        marks = MonthMarks(self._hovered, self._selected, dragged=self._dragged, target=self._target)
        if self._dragged:
            return replace(marks, pointer=self._pointer)
        if self._shows_cursor and self.hasFocus():
            cell = self._cursor_cell()
            is_on_more = cell is not None and bool(cell.more) and self._cursor[1] > len(cell.chips)
            return replace(
                marks, cursor_day=self._cursor[0], cursor_entry=self._cursor_entry(), is_on_more=is_on_more
            )
        return marks

    # keyboard

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the cursor when the keyboard came here by the keyboard."""
        self._shows_cursor = event.reason() not in (
            Qt.FocusReason.MouseFocusReason,
            Qt.FocusReason.PopupFocusReason,
            Qt.FocusReason.ActiveWindowFocusReason,
        )
        self._announce()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No cursor without the keyboard."""
        self._shows_cursor = False
        self._card.hide()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go through days and their entries; with Alt they move the entry; Enter opens; Delete cancels."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self._dragged:
            self._press = None
            self._end_drag()
            return
        if key == Qt.Key.Key_Escape and self._selected:
            self._selected = ""
            self.entrySelected.emit("")
            self.update()
            return
        days = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -7, Qt.Key.Key_Down: 7}
        modifiers = event.modifiers()
        if key in days and modifiers & Qt.KeyboardModifier.AltModifier:
            self._move_by_keyboard(days[key])
        elif key in days and not modifiers & Qt.KeyboardModifier.ControlModifier:
            self._step(key)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.monthRequested.emit(1 if key == Qt.Key.Key_PageDown else -1)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            monday = self._cursor[0] - timedelta(days=self._cursor[0].weekday())
            self._set_cursor(monday + timedelta(days=6 if key == Qt.Key.Key_End else 0), 0)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            entry_id = self._cursor_entry()
            if entry_id:
                self.entryActivated.emit(entry_id)
            else:
                self.dayActivated.emit(self._cursor[0].isoformat())
        elif key == Qt.Key.Key_Space:
            self._select(self._cursor_entry())
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and (self._cursor_entry() or self._selected):
            self.cancelRequested.emit(self._cursor_entry() or self._selected)
        elif key == Qt.Key.Key_Menu:
            self.menuRequested.emit(self._cursor_entry(), self.mapToGlobal(self._cursor_rect().center().toPoint()))
        else:
            super().keyPressEvent(event)

    def _step(self, key: Qt.Key) -> None:
        day, line = self._cursor
        cell = self._cursor_cell()
        lines = len(cell.chips) + bool(cell.more) if cell is not None else 0
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._go_to(day + timedelta(days=1 if key == Qt.Key.Key_Right else -1), 0)
        elif key == Qt.Key.Key_Down:
            if line < lines:
                self._set_cursor(day, line + 1)
            else:
                self._go_to(day + timedelta(days=7), 0)
        elif line > 0:
            self._set_cursor(day, line - 1)
        else:
            above = self._layout.cell(day - timedelta(days=7)) if self._layout is not None else None
            last = len(above.chips) + bool(above.more) if above is not None else 0
            self._go_to(day - timedelta(days=7), last)

    def _go_to(self, day: date, line: int) -> None:
        """Put the cursor on a day, in another month if need be."""
        if self._layout is None or self._layout.cell(day) is None:
            self.monthRequested.emit(1 if day > self._cursor[0] else -1)
            line = 0
        self._set_cursor(day, line)

    def _set_cursor(self, day: date, line: int) -> None:
        self._cursor = (day, line)
        self._shows_cursor = True
        self._card.hide()
        self._announce()
        self._hover_timer.start()
        self.update()

    def _cursor_rect(self) -> QRectF:
        cell = self._cursor_cell()
        chip = self._layout.chip(self._cursor_entry()) if self._layout is not None else None
        rect = chip.rect if chip is not None else cell.rect if cell is not None else None
        return to_qrect(rect) if rect is not None else QRectF(self.rect())

    def _move_by_keyboard(self, days: int) -> None:
        entry = self._entry(self._cursor_entry() or self._selected)
        if entry is not None and entry.status is not Status.CANCELLED:
            self._selected = entry.id
            self.moveRequested.emit(entry.id, (entry.day + timedelta(days=days)).isoformat(), entry.starts)

    def _announce(self) -> None:
        """Say where the cursor is to those who listen instead of looking."""
        cell, entry = self._cursor_cell(), self._entry(self._cursor_entry())
        if cell is None:
            return
        text = spoken_entry(entry, cell.day) if entry is not None else f"{spoken_day(cell.day)} Enter opens the day."
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            if QAccessible.isActive():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    # mouse

    def _entry(self, entry_id: str) -> ListedEntry | None:
        if not entry_id:
            return None
        return next((entry for day in self._days for entry in day.entries if entry.id == entry_id), None)

    def _at(self, point: QPointF) -> tuple[Cell | None, str]:
        """The cell under a point, and the entry whose chip lies there."""
        cell = self._layout.cell_at(point.x(), point.y()) if self._layout is not None else None
        if cell is None:
            return None, ""
        found = next((chip.entry.id for chip in cell.chips if chip.rect.contains(point.x(), point.y())), "")
        return cell, found

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select what was pressed, and note where a drag could begin."""
        self._card.hide()
        self._shows_cursor = False
        cell, entry_id = self._at(event.position())
        if event.button() is not Qt.MouseButton.LeftButton or cell is None:
            return
        self._press = (event.position(), entry_id)
        if entry_id:
            self._select(entry_id)
            self._put_cursor_on(entry_id)
        else:
            self._cursor = (cell.day.day, 0)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover, or drag an entry to another day."""
        self._pointer = event.position()
        if self._press is not None and event.buttons() & Qt.MouseButton.LeftButton:
            start, entry_id = self._press
            entry = self._entry(entry_id)
            far = (event.position() - start).manhattanLength() >= QApplication.startDragDistance()
            if entry is not None and entry.can_move and (self._dragged or far):
                self._drag_to(entry, event.position())
            return
        cell, entry_id = self._at(event.position())
        is_on_more = (
            cell is not None
            and cell.more_rect is not None
            and cell.more_rect.contains(event.position().x(), event.position().y())
        )
        self.setCursor(Qt.CursorShape.PointingHandCursor if entry_id or is_on_more else Qt.CursorShape.ArrowCursor)
        if entry_id != self._hovered:
            self._hovered = entry_id
            self._card.hide()
            self._hover_timer.start()
            self.update()

    def _drag_to(self, entry: ListedEntry, at: QPointF) -> None:
        if not self._dragged:
            self._dragged = entry.id
            self.dragChanged.emit(f"Moving {entry.title[0]}, {entry.people[0]}. Esc puts it back")
        cell, _ = self._at(at)
        target = cell.day.day if cell is not None and not cell.is_folded else None
        if target != self._target:
            self._target = target
            verdict = self._check(entry.id, target) if self._check is not None and target is not None else []
            if target is None or target == entry.day or cell is None:
                self._card.hide()
            else:
                rows = [CardRow(words, "ok" if ok else "danger") for ok, words in verdict]
                self._card.set_content(cell.day.heading, rows)
                self._card.place_beside(to_qrect(cell.rect).toRect(), self.rect())
                self._card.show()
                self._card.raise_()
        self.update()

    def _end_drag(self) -> None:
        self._dragged, self._target = "", None
        self._card.hide()
        self.dragChanged.emit("")
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let an entry go on another day; a click on the date or on "more" opens the day."""
        press, self._press = self._press, None
        if self._dragged:
            entry, target = self._entry(self._dragged), self._target
            self._end_drag()
            if entry is not None and target is not None and target != entry.day:
                self.moveRequested.emit(entry.id, target.isoformat(), entry.starts)
            return
        cell, entry_id = self._at(event.position())
        if press is None or cell is None or press[1] or entry_id or event.button() is not Qt.MouseButton.LeftButton:
            return
        metrics = month_metrics()
        is_on_more = cell.more_rect is not None and cell.more_rect.contains(
            event.position().x(), event.position().y()
        )
        if is_on_more or event.position().y() < cell.rect.y + metrics.date_line:
            self.dayActivated.emit(cell.day.day.isoformat())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the entry, or the day."""
        cell, entry_id = self._at(event.position())
        self._press = None
        if entry_id:
            self.entryActivated.emit(entry_id)
        elif cell is not None:
            self.dayActivated.emit(cell.day.day.isoformat())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done to the entry."""
        _, entry_id = self._at(QPointF(event.pos()))
        self._card.hide()
        self.menuRequested.emit(entry_id, event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A turn of the wheel is a month."""
        if abs(event.angleDelta().y()) >= 120:
            self.monthRequested.emit(-1 if event.angleDelta().y() > 0 else 1)
            event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is hovered any more."""
        self._hovered = ""
        self._hover_timer.stop()
        if not self._dragged:
            self._card.hide()
        self.update()

    def _select(self, entry_id: str) -> None:
        if entry_id != self._selected:
            self._selected = entry_id
            self.entrySelected.emit(entry_id)
            self.update()

    def _show_details(self) -> None:
        wanted = self._hovered or (self._cursor_entry() if self._shows_cursor and self.hasFocus() else "")
        entry = self._entry(wanted)
        chip = self._layout.chip(wanted) if self._layout is not None and entry is not None else None
        if entry is None or chip is None or self._dragged:
            return
        title, *rest = entry.entry.details
        self._card.set_content(title, [card_row(words) for words in rest])
        target = to_qrect(chip.rect).toRect()
        self._card.place_beside(target, self.rect().adjusted(4, 4, -4, -4))
        self._card.show()
        self._card.raise_()


def card_row(words: str) -> CardRow:
    """A line of an entry's card: those that begin with ! or ~ are warnings."""
    tones = {"! ": "danger", "~ ": "warn"}
    tone = tones.get(words[:2], "")
    return CardRow(words[2:] if tone else words, tone)
