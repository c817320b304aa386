"""Fields for times and dates that understand what people type, and the small month to pick a day from."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, time, timedelta

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.fields import TextInput
from desktop.widgets.parsing import MONTHS, WEEKDAYS, format_date, format_time, parse_date, parse_time


class TimeInput(TextInput):
    """A wall-clock time: understands "5:45 PM", "545p", "17:45". Up and Down step by the grid.

    `valueChanged` is sent when the time becomes another one; `value` is None while empty or not understood.
    """

    valueChanged = Signal()
    HELP = "Use a time such as 5:45 PM."

    def __init__(
        self, value: time | None = None, step_minutes: int = 15, name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__("" if value is None else format_time(value), "", name, parent)
        self._value = value
        self._step = step_minutes
        self.setFont(theme.font(tabular=True))
        self.textEdited.connect(self._typed)

    def value(self) -> time | None:
        """The time, or None."""
        return self._value

    def is_wrong(self) -> bool:
        """Something is there that is no time."""
        return bool(self.text().strip()) and parse_time(self.text()) is None

    def set_value(self, value: time | None) -> None:
        """Show a time, without announcing it."""
        self._value = value
        self.setText("" if value is None else format_time(value))

    def _typed(self, text: str) -> None:
        found = parse_time(text)
        if found != self._value:
            self._value = found
            self.valueChanged.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None or self._value is None or self.isReadOnly():
            super().keyPressEvent(event)
            return
        minutes = self._value.hour * 60 + self._value.minute
        on_grid = (
            (minutes // self._step + 1) * self._step if step > 0 else (-(-minutes // self._step) - 1) * self._step
        )
        on_grid = max(0, min(24 * 60 - self._step, on_grid))
        self.set_value(time(on_grid // 60, on_grid % 60))
        self.valueChanged.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._value is not None:
            self.setText(format_time(self._value))
        super().focusOutEvent(event)


class MonthView(QWidget):
    """One month to pick a day from; arrow keys move, Page Up and Down change the month. `picked` carries a date."""

    picked = Signal(object)

    def __init__(self, value: date, today: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._today = today
        self._value = value
        self._hover: date | None = None
        self.first_weekday = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Month")
        self.setFixedSize(self.sizeHint())

    shows_focus_ring = False

    def value(self) -> date:
        """The day that is marked."""
        return self._value

    def set_value(self, value: date) -> None:
        """Mark another day, and show its month."""
        self._value = value
        self.setAccessibleDescription(format_date(value))
        self.update()

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(7 * t.px(34) + t.px(16), t.px(44) + t.px(24) + 6 * t.px(30) + t.px(8))

    def _first_shown(self) -> date:
        first = self._value.replace(day=1)
        return first - timedelta(days=(first.weekday() - self.first_weekday) % 7)

    def _cell(self, index: int) -> QRectF:
        t = theme.current()
        return QRectF(t.px(8) + (index % 7) * t.px(34), t.px(68) + (index // 7) * t.px(30), t.px(34), t.px(30))

    def _arrow(self, forward: bool) -> QRectF:
        t = theme.current()
        return QRectF(self.width() - t.px(8) - (t.px(30) if forward else t.px(62)), t.px(8), t.px(30), t.px(30))

    def _date_at(self, point: QPoint) -> date | None:
        for index in range(42):
            if self._cell(index).contains(point):
                return self._first_shown() + timedelta(days=index)
        return None

    def _step_month(self, step: int) -> None:
        months = self._value.year * 12 + self._value.month - 1 + step
        year, month = divmod(months, 12)
        self.set_value(date(year, month + 1, min(self._value.day, monthrange(year, month + 1)[1])))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._date_at(event.position().toPoint())
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for forward in (False, True):
            if self._arrow(forward).contains(event.position()):
                self._step_month(1 if forward else -1)
                return
        day = self._date_at(event.position().toPoint())
        if day is not None:
            self.set_value(day)
            self.picked.emit(day)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        days = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -7, Qt.Key.Key_Down: 7}
        key = Qt.Key(event.key())
        if key in days:
            self.set_value(self._value + timedelta(days=days[key]))
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._step_month(1 if key == Qt.Key.Key_PageDown else -1)
        elif key == Qt.Key.Key_T:
            self.set_value(self._today)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.picked.emit(self._value)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        center = Qt.AlignmentFlag.AlignHCenter
        title = f"{MONTHS[self._value.month - 1].title()} {self._value.year}"
        painting.text(painter, QRectF(t.px(16), t.px(8), t.px(160), t.px(30)), title, "body_strong", c.text)
        for forward in (False, True):
            arrow = self._arrow(forward)
            side = t.size.icon_small
            theme.draw_icon(painter, "chevron-right" if forward else "chevron-left", arrow.center().x() - side / 2,
                            arrow.center().y() - side / 2, side, c.text2)  # fmt: skip
        for column in range(7):
            letter = WEEKDAYS[(column + self.first_weekday) % 7][:2].title()
            head = self._cell(column).translated(0, -t.px(26))
            painting.text(painter, head, letter, "micro", c.text3, center)
        first = self._first_shown()
        for index in range(42):
            day = first + timedelta(days=index)
            cell = self._cell(index)
            disc = QRectF(cell.center().x() - t.px(14), cell.center().y() - t.px(13), t.px(28), t.px(26))
            ink = c.text if day.month == self._value.month else c.text_disabled
            style = "small"
            if day == self._value:
                painting.box(painter, disc, t.size.radius_control, c.accent)
                ink, style = c.on_accent, "small_strong"
            elif day == self._today:
                painting.box(painter, disc, t.size.radius_control, c.chalk_yellow)
                ink, style = c.on_chalk_yellow, "small_strong"
            elif day == self._hover:
                painting.box(painter, disc, t.size.radius_control, c.hover)
            painting.text(painter, cell, str(day.day), style, ink, center, tabular=True)
        painter.end()


class MonthPopup(QWidget):
    """`MonthView` in a pop-up under a field or button."""

    picked = Signal(object)

    def __init__(self, value: date, today: date, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        self.month = MonthView(value, today)
        self.month.picked.connect(self._pick)
        column.addWidget(self.month)

    def open_below(self, widget: QWidget) -> None:
        """Show under ``widget``, inside its screen."""
        self.adjustSize()
        corner = widget.mapToGlobal(QPoint(0, widget.height() + 4))
        screen = widget.screen().availableGeometry()
        corner.setX(max(screen.left(), min(corner.x(), screen.right() - self.width())))
        if corner.y() + self.height() > screen.bottom():
            corner.setY(widget.mapToGlobal(QPoint(0, 0)).y() - self.height() - 4)
        self.move(corner)
        self.show()
        self.month.setFocus()

    def _pick(self, day: date) -> None:
        self.picked.emit(day)
        self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painting.box(painter, QRectF(self.rect()), t.size.radius_card, t.color.surface, t.color.line_strong)
        painter.end()


class DateInput(TextInput):
    """A date: understands "12/2", "Dec 2", "wed", "tomorrow", "+7"; a small month opens with Down or the icon.

    `valueChanged` is sent when the date becomes another one; `value` is None while empty or not understood.

    Args:
        today: what "tomorrow" counts from, and the day marked in the month.
        past: without a year take the latest such day (birthdays) instead of the coming one.
    """

    valueChanged = Signal()
    HELP = "Use a date such as Dec 2 or 12/2/2026."

    def __init__(
        self, today: date, value: date | None = None, *, past: bool = False, weekday: bool = True,
        day_first: bool = False, name: str = "", parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__("" if value is None else format_date(value, weekday), "", name, parent)
        self._today, self._value, self._past = today, value, past
        self._weekday, self._day_first = weekday, day_first
        self.setFont(theme.font(tabular=True))
        opener = QAction(self)
        opener.setIcon(theme.icon("calendar-days", "text3"))
        opener.setToolTip("Pick a day")
        opener.triggered.connect(lambda _=False: self.open_month())
        self.addAction(opener, QLineEdit.ActionPosition.TrailingPosition)
        self.textEdited.connect(self._typed)

    def value(self) -> date | None:
        """The date, or None."""
        return self._value

    def is_wrong(self) -> bool:
        """Something is there that is no date."""
        return bool(self.text().strip()) and self._value is None

    def set_value(self, value: date | None) -> None:
        """Show a date, without announcing it."""
        self._value = value
        self.setText("" if value is None else format_date(value, self._weekday))

    def _typed(self, text: str) -> None:
        found = parse_date(text, self._today, day_first=self._day_first, past=self._past)
        if found != self._value:
            self._value = found
            self.valueChanged.emit()

    def open_month(self) -> None:
        """Open the small month under the field."""
        if self.isReadOnly():
            return
        popup = MonthPopup(self._value or self._today, self._today, self)
        popup.picked.connect(self._pick)
        popup.open_below(self)

    def _pick(self, day: date) -> None:
        if day != self._value:
            self.set_value(day)
            self.valueChanged.emit()
            self.committed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and not self.isReadOnly():
            self.open_month()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._value is not None:
            self.setText(format_date(self._value, self._weekday))
        super().focusOutEvent(event)
