"""The agenda: every entry of the year as a list by day, whose heading stays at the top while its entries pass.

The list holds plain rows and paints only those on screen; a week is read at a time, the nearest first, so that the
first picture waits for one week and a whole year scrolls without a stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop import theme
from desktop.schedule.agenda_rows import AgendaRows
from desktop.schedule.calendar_values import ConflictMark, Status, span_words
from desktop.schedule.empty_paper import paint_empty
from desktop.schedule.listed_days import ListedDay, ListedEntry
from desktop.widgets import painting
from desktop.widgets.labels import Tone, tone_colors

READ_PAUSE_MS = 15
WEEKS_BEFORE, WEEKS_AFTER = 26, 52
_WEEK = timedelta(days=7)

ReadDays = Callable[[date, date], Sequence[ListedDay]]
"""Reads the days from the first to the last, both included, as the filters let them through."""


class AgendaView(QTableView):
    """A list of days that scrolls through a year and jumps to any date.

    Signals carry an entry's id and a day as "2026-11-28"; `dayShown` tells the date of the day at the top.
    """

    entryActivated = Signal(str)
    entrySelected = Signal(str)
    dayActivated = Signal(str)
    cancelRequested = Signal(str)
    menuRequested = Signal(str, object)
    dayShown = Signal(object)
    shows_focus_ring = False

    def __init__(self, read: ReadDays, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._read = read
        self._rows = AgendaRows()
        self._middle = date(2000, 1, 3)
        self._unread: list[date] = []
        self._empty_words = ("", "")
        self._shown_day: date | None = None
        self._is_holding = False
        self._wanted: date | None = None
        """The day to bring to the top as soon as enough has been read below it."""
        self.setAccessibleName("Agenda")
        self.setModel(self._rows)
        self.setItemDelegate(_AgendaDelegate(self))
        # A table with rows of one height places thousands of them without asking about any.
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._apply_row_height()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.doubleClicked.connect(self._opened)
        self.clicked.connect(self._clicked)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._timer = QTimer(self)
        self._timer.setInterval(READ_PAUSE_MS)
        self._timer.timeout.connect(self._read_next)
        theme.signals().themeChanged.connect(self._theme_changed)

    # what it shows

    def show_around(self, day: date) -> None:
        """Show the year around a day from scratch, that day at the top."""
        self._middle = day - timedelta(days=day.weekday())
        self._shown_day = None
        later = [self._middle + _WEEK * n for n in range(1, WEEKS_AFTER)]
        earlier = [self._middle - _WEEK * n for n in range(1, WEEKS_BEFORE)]
        self._unread = [week for pair in zip(later, earlier, strict=False) for week in pair] + later[len(earlier) :]
        self._hold(lambda: self._rows.set_days(self._read(self._middle, self._middle + timedelta(days=6)), anew=True))
        self._timer.start()
        self.go_to(day)

    def go_to(self, day: date) -> None:
        """Bring a day to the top; a day far from those that are listed begins the list anew."""
        if not self._middle - _WEEK * WEEKS_BEFORE < day < self._middle + _WEEK * WEEKS_AFTER:
            self.show_around(day)
            return
        week = day - timedelta(days=day.weekday())
        for following in (week, week + _WEEK, week + 2 * _WEEK):
            if following == week or self._below(day) < self.viewport().height():
                self._read_week(following)
        self._wanted = day
        self._unread.sort(key=lambda other: (other < week, abs(other - week)))
        self._bring_up()
        self._scrolled()

    def _bring_up(self) -> None:
        """Scroll to the day that is wanted at the top, as far as there are rows below it."""
        row = self._rows.row_of_day(self._wanted) if self._wanted is not None else -1
        if row < 0:
            return
        self._is_holding = True
        self.doItemsLayout()
        self.verticalScrollBar().setValue(row * theme.current().size.row)
        self._is_holding = False
        if self.is_complete() or self.verticalScrollBar().value() == row * theme.current().size.row:
            self._wanted = None

    def _read_week(self, week: date) -> None:
        if week in self._unread:
            self._unread.remove(week)
            self._hold(lambda: self._rows.set_days(self._read(week, week + timedelta(days=6))))

    def reload(self, first_day: date | None = None, last_day: date | None = None) -> None:
        """Read again what is shown (the whole list, or some days of it); nothing that is chosen or scrolled to moves.

        What is on screen is read now, the rest by and by.
        """
        top, bottom = self._visible_days()
        first = max(first_day or top, self._middle - _WEEK * (WEEKS_BEFORE - 1))
        last = min(last_day or bottom, self._middle + _WEEK * WEEKS_AFTER)
        first -= timedelta(days=first.weekday())
        self._hold(lambda: self._rows.set_days(self._read(first, last + timedelta(days=6 - last.weekday()))))
        read = {first + _WEEK * n for n in range((last - first).days // 7 + 1)}
        weeks = [self._middle + _WEEK * n for n in range(1 - WEEKS_BEFORE, WEEKS_AFTER)]
        self._unread = sorted((week for week in weeks if week not in read), key=lambda week: abs(week - first))
        self._timer.start()

    def reload_visible(self) -> None:
        """Read again the days on screen: the clock went on."""
        top, bottom = self._visible_days()
        first, last = top - timedelta(days=top.weekday()), bottom + timedelta(days=6 - bottom.weekday())
        self._hold(lambda: self._rows.set_days(self._read(first, last)))

    def set_empty_words(self, title: str, text: str) -> None:
        """What is empty, and what to do, for a list without entries."""
        self._empty_words = (title, text)
        self.viewport().update()

    def selected_id(self) -> str:
        """The selected entry; "" for none."""
        entry = self._selected()
        return entry.id if entry is not None else ""

    def _selected(self) -> ListedEntry | None:
        # Qt makes the first row the current one when the list takes the focus: that is nobody's choice.
        return self.entry_at(self.currentIndex()) if self.selectionModel().hasSelection() else None

    def select(self, entry_id: str) -> None:
        """Select an entry that is listed and bring it into view."""
        row = self._rows.row_of_entry(entry_id)
        if row < 0:
            self.clearSelection()
            return
        self.setCurrentIndex(self._rows.index(row, 0))
        self._reveal(row)

    def top_day(self) -> date | None:
        """The day at the top of the list."""
        row = self.indexAt(self.viewport().rect().topLeft()).row()
        return self._rows.heading_of(row).day if row >= 0 else None

    def rows(self) -> AgendaRows:
        """The model, of which the view paints what is on screen."""
        return self._rows

    def is_complete(self) -> bool:
        """Whether the whole year has been read."""
        return not self._unread

    def entry_at(self, index: QModelIndex | QPersistentModelIndex) -> ListedEntry | None:
        """The entry of a row; None for a heading."""
        row = self._rows.row_at(index.row()) if index.isValid() else None
        return row if isinstance(row, ListedEntry) else None

    def _visible_days(self) -> tuple[date, date]:
        view = self.viewport().rect()
        first, last = self.indexAt(view.topLeft()).row(), self.indexAt(view.bottomLeft()).row()
        if first < 0:
            return self._middle, self._middle + timedelta(days=6)
        last = last if last >= 0 else self._rows.rowCount() - 1
        return self._rows.heading_of(first).day, self._rows.heading_of(last).day

    def _below(self, day: date) -> int:
        """How many px of rows there are from a day on."""
        row = self._rows.row_of_day(day)
        return (self._rows.rowCount() - row) * theme.current().size.row if row >= 0 else 0

    def _read_next(self) -> None:
        if not self._unread:
            self._timer.stop()
            self.viewport().update()
            return
        self._read_week(self._unread[0])

    def _hold(self, change: Callable[[], bool]) -> None:
        """Change the rows under the person's eyes: the selection, and the row at the top, stay where they are."""
        bar, row_height = self.verticalScrollBar(), theme.current().size.row
        top = self.indexAt(self.viewport().rect().topLeft())
        held = self._rows.row_at(top.row()) if top.isValid() else None
        inside = -self.visualRect(top).top() if top.isValid() else 0
        current = self._selected()
        self._is_holding = True
        if change():
            if current is not None and (row := self._rows.row_of_entry(current.id)) >= 0:
                self.selectionModel().setCurrentIndex(
                    self._rows.index(row, 0), self.selectionModel().SelectionFlag.ClearAndSelect
                )
            if held is not None:
                row = self._rows.row_of_entry(held.id) if isinstance(held, ListedEntry) else -1
                if row < 0:
                    row = self._rows.row_of_day(held.day)
                self.doItemsLayout()
                bar.setValue(row * row_height + inside)
        self._is_holding = False
        self._bring_up()

    def _scrolled(self) -> None:
        self.viewport().update()
        if self.sender() is self.verticalScrollBar() and not self._is_holding:
            self._wanted = None
        day = self.top_day()
        if day is not None and day != self._shown_day and not self._is_holding:
            self._shown_day = day
            self.dayShown.emit(day)

    def _reveal(self, row: int) -> None:
        """Bring a row into view, below the heading that stays at the top."""
        self.scrollTo(self._rows.index(row, 0))
        rect = self.visualRect(self._rows.index(row, 0))
        covered = theme.current().size.row - rect.top()
        if covered > 0:
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() - covered)

    # what people do

    def _current_changed(self, current: QModelIndex) -> None:
        is_chosen = self.selectionModel().isSelected(current)
        if is_chosen and not self._is_holding and self.entry_at(current) is not None:
            self._reveal(current.row())
            self.entrySelected.emit(self.selected_id())

    def _opened(self, index: QModelIndex) -> None:
        entry = self.entry_at(index)
        if entry is not None:
            self.entryActivated.emit(entry.id)

    def _clicked(self, index: QModelIndex) -> None:
        row = self._rows.row_at(index.row()) if index.isValid() else None
        if isinstance(row, ListedDay):
            self.dayActivated.emit(row.day.isoformat())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down through the entries, Left and Right from day to day, Enter opens, Delete cancels."""
        key, entry = Qt.Key(event.key()), self._selected()
        ahead = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(key, 0)
        if ahead and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._step_day(ahead)
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up) and entry is None:
            self._take_first_visible()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._step(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and entry is not None:
            self.entryActivated.emit(entry.id)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and entry is not None:
            self.cancelRequested.emit(entry.id)
        elif key == Qt.Key.Key_Menu and entry is not None:
            at = self.visualRect(self.currentIndex()).bottomLeft()
            self.menuRequested.emit(entry.id, self.viewport().mapToGlobal(at))
        elif event.text().isalnum():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _step(self, ahead: int) -> None:
        row = self.currentIndex().row() + ahead
        while 0 <= row < self._rows.rowCount():
            if isinstance(self._rows.row_at(row), ListedEntry):
                self.setCurrentIndex(self._rows.index(row, 0))
                return
            row += ahead

    def _take_first_visible(self) -> None:
        row = self.indexAt(self.viewport().rect().topLeft()).row()
        for number in range(max(row, 0), self._rows.rowCount()):
            if isinstance(self._rows.row_at(number), ListedEntry):
                self.setCurrentIndex(self._rows.index(number, 0))
                return

    def _step_day(self, ahead: int) -> None:
        """The first entry of the next day, or of the one before."""
        if self._selected() is None or self._rows.rowCount() == 0:
            self._take_first_visible()
            return
        row = self.currentIndex().row()
        if ahead > 0:
            heading = self._rows.next_heading(row)
        else:
            heading = self._rows.row_of_day(self._rows.heading_of(row).day)
            heading = self._rows.row_of_day(self._rows.heading_of(max(heading - 1, 0)).day)
        for number in range(heading + 1, self._rows.rowCount()):
            if isinstance(self._rows.row_at(number), ListedEntry):
                self.setCurrentIndex(self._rows.index(number, 0))
                return

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done to the entry."""
        entry = self.entry_at(self.indexAt(event.pos()))
        self.menuRequested.emit(entry.id if entry is not None else "", event.globalPos())

    # painting

    def _apply_row_height(self) -> None:
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(theme.current().size.row)

    def _theme_changed(self) -> None:
        self._apply_row_height()
        self.doItemsLayout()
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows, with the heading of the first one's day at the top; the next day's heading pushes it away."""
        t = theme.current()
        paper = QPainter(self.viewport())
        paper.fillRect(self.viewport().rect(), t.color.surface)
        paper.end()
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = self.indexAt(self.viewport().rect().topLeft())
        if top.isValid():
            height = t.size.row
            following = self._rows.index(self._rows.next_heading(top.row()), 0)
            push = min(self.visualRect(following).top() - height, 0) if following.isValid() else 0
            heading = QRectF(0, push, self.viewport().width(), height)
            paint_day(painter, heading, self._rows.heading_of(top.row()))
        if self.is_complete() and not self._rows.entry_count() and self._empty_words[0]:
            paint_empty(painter, QRectF(self.viewport().rect()), self._empty_words)
        self._paint_frame(painter)
        painter.end()

    def _paint_frame(self, painter: QPainter) -> None:
        """Round the corners of the sheet, and its line."""
        t = theme.current()
        rect = QRectF(self.viewport().rect())
        outside = QPainterPath()
        outside.addRect(rect)
        sheet = QPainterPath()
        sheet.addRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), t.size.radius_panel, t.size.radius_panel)
        painter.fillPath(outside.subtracted(sheet), t.color.canvas)
        painter.setPen(QPen(t.color.line, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(sheet)


def paint_day(painter: QPainter, rect: QRectF, day: ListedDay) -> None:
    """The heading of a day: its name, why it is closed, how many entries and conflicts."""
    t = theme.current()
    c, px = t.color, t.px
    painter.fillRect(rect, c.canvas)
    painter.fillRect(QRectF(rect.x(), rect.bottom() - 1, rect.width(), 1), c.line)
    x, right = rect.x() + px(16), rect.right() - px(16)
    width = painting.text_width(day.heading, "body_strong")
    if day.is_today:
        mark = QRectF(x - px(6), rect.center().y() - px(11), width + px(12), px(22))
        painting.box(painter, mark, t.size.radius_entry, c.chalk_yellow)
    ink = c.on_chalk_yellow if day.is_today else c.text
    painting.text(painter, QRectF(x, rect.y(), width + 1, rect.height()), day.heading, "body_strong", ink)
    right -= painting.text_width(day.count_words, "small")
    painting.text(painter, QRectF(right, rect.y(), rect.right() - right, rect.height()), day.count_words, "small",
                  c.text2)  # fmt: skip
    if day.conflict_count:
        words = f"{day.conflict_count} in conflict"
        wide = painting.text_width(words, "small_medium") + px(30)
        right -= wide + px(10)
        tag = QRectF(right, rect.center().y() - px(10), wide, px(20))
        painting.box(painter, tag, t.size.radius_entry, c.danger_soft, painting.outline())
        side = px(13)
        theme.draw_icon(painter, "triangle-alert", tag.x() + px(6), tag.center().y() - side / 2, side,
                        c.danger_soft_text, 2.0)  # fmt: skip
        painting.text(painter, tag.adjusted(px(23), 0, 0, 0), words, "small_medium", c.danger_soft_text)
    if day.closed_reason is not None:
        reason = f"Closed for {day.closed_reason}" if day.closed_reason else "Closed"
        start = x + width + px(16)
        painting.text(painter, QRectF(start, rect.y(), right - start - px(8), rect.height()), reason, "small",
                      c.text2)  # fmt: skip


class _AgendaDelegate(QStyledItemDelegate):
    """Paints one row: time, family edge, title, students, tutor, room, status and conflict."""

    def __init__(self, view: AgendaView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Every row is as high as those of tables."""
        return QSize(0, theme.current().size.row)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """A day or an entry."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        row = self._view.rows().row_at(index.row())
        if isinstance(row, ListedDay):
            paint_day(painter, rect, row)
        else:
            is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
            is_hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
            self._entry(painter, rect, row, is_selected=is_selected, is_hovered=is_hovered)
            if self._view.hasFocus() and index == self._view.currentIndex() and is_selected:
                painter.setPen(QPen(theme.current().color.focus, 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(rect.adjusted(2, 1, -2, -2), theme.current().size.radius_entry,
                                        theme.current().size.radius_entry)  # fmt: skip
        painter.restore()

    @staticmethod
    def _entry(painter: QPainter, rect: QRectF, row: ListedEntry, *, is_selected: bool, is_hovered: bool) -> None:
        t = theme.current()
        c, px = t.color, t.px
        if is_selected or is_hovered:
            painter.fillRect(rect, c.selection if is_selected else c.hover)
        painter.fillRect(QRectF(rect.x(), rect.bottom() - 1, rect.width(), 1), c.line)
        is_over = row.entry.is_foreign or row.status in (Status.PAST, Status.CANCELLED, Status.NO_SHOW)
        ink = c.text2 if is_over else c.text
        struck = row.status is Status.CANCELLED
        columns = agenda_columns(rect.width())
        x = rect.x() + px(16)

        def column(number: int) -> QRectF:
            left = x + sum(columns[:number])
            return QRectF(left, rect.y(), max(columns[number] - px(12), 0), rect.height() - 1)

        painting.text(painter, column(0), span_words(row.starts, row.ends), "body", c.text2 if is_over else c.text,
                      tabular=True, strike=struck)  # fmt: skip
        title = column(1)
        if not row.entry.is_foreign:  # What others teach is not told.
            painting.draw_family_mark(painter, title.x(), title.center().y(), row.family.value, px(18))
        title.setLeft(title.x() + px(14))
        words = next((w for w in row.title if painting.text_width(w, "body_strong") <= title.width()), row.title[-1])
        painting.text(painter, title, words, "body_strong", ink, strike=struck)
        names = column(2)
        count = f"{row.people[0]}: " if row.head_count > 2 else ""
        painting.text(painter, names, count + row.names, "body", ink, strike=struck)
        painting.text(painter, column(3), row.tutor, "body", c.text2)
        painting.text(painter, column(4), row.place, "body", c.text2)
        paint_state(painter, column(5), row)


def paint_state(painter: QPainter, rect: QRectF, row: ListedEntry) -> None:
    """Status and conflict of an entry, each as a word with a mark of its own."""
    t = theme.current()
    px = t.px
    marks: list[tuple[str, str, Tone]] = []
    if row.conflict is ConflictMark.OVERLAP:
        marks.append((row.conflict_words, "triangle-alert", Tone.DANGER))
    elif row.conflict in (ConflictMark.BUFFER, ConflictMark.ACCEPTED):
        icon = "clock" if row.conflict is ConflictMark.BUFFER else "check"
        marks.append((row.conflict_words, icon, Tone.WARN))
    icons = {"No-show": "user-x", "Not paid yet": "badge-dollar-sign", "Cancelled": "x", "In progress": "circle-dot"}
    if row.status_words in icons:
        marks.append((row.status_words, icons[row.status_words], Tone.NEUTRAL))
    elif not marks:
        painting.text(painter, rect, row.status_words, "body", t.color.text3)
        return
    x = rect.x()
    for words, icon, tone in marks:
        fill, ink = (getattr(t.color, name) for name in tone_colors(tone))
        wide = painting.text_width(words, "small_medium") + px(29)
        if x + wide > rect.right() + px(12):
            words, wide = "", px(24)
        tag = QRectF(x, rect.center().y() - px(10), wide, px(20))
        painting.box(painter, tag, t.size.radius_entry, fill, painting.outline())
        side = px(13)
        theme.draw_icon(painter, icon, tag.x() + px(5), tag.center().y() - side / 2, side, QColor(ink), 2.0)
        painting.text(painter, tag.adjusted(px(22), 0, 0, 0), words, "small_medium", ink)
        x += wide + px(6)


def agenda_columns(width: float) -> tuple[float, ...]:
    """Widths of time, title, people, tutor, place and state, of a row of that width in px."""
    px = theme.current().px
    time, state = px(156), px(190)
    left = max(width - 2 * px(16) - time - state, px(300))
    title, people, tutor = round(left * 0.24), round(left * 0.34), round(left * 0.24)
    return (time, title, people, tutor, left - title - people - tutor, state)
