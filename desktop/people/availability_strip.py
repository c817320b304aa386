"""A tutor's week at a location in small: when it is open, when the tutor can teach, and what is booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.people.tutor_rows import Span
from desktop.schedule.calendar_values import hour_words
from desktop.widgets import painting
from desktop.widgets.parsing import format_time_range

LETTERS = ("M", "T", "W", "T", "F", "S", "S")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Week = Mapping[int, Sequence[Span]]


class AvailabilityStrip(QWidget):
    """Seven columns from Monday to Sunday over the hours of the day. What it shows is also its accessible text."""

    def __init__(self, open_hours: Mapping[int, Span], available: Week, booked: Week) -> None:
        super().__init__()
        self._open, self._available, self._booked = open_hours, available, booked
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Weekly availability")
        self.setAccessibleDescription(week_words(available))
        self.setToolTip("Green: can teach. Dark: booked this week. Gray: the location is open.")

    def hours(self) -> Span:
        """First and last full hour of the drawing, in minutes."""
        spans = [*self._open.values()]
        for week in (self._available, self._booked):
            spans += [span for day in week.values() for span in day]
        if not spans:
            return 9 * 60, 21 * 60
        return min(s for s, _ in spans) // 60 * 60, -(-max(e for _, e in spans) // 60) * 60

    def column(self, weekday: int) -> QRectF:
        """Where a weekday's column lies, its letter above it left out."""
        t = theme.current()
        left, top, gap = t.px(42), t.px(18), t.px(4)
        width = (self.width() - left - 6 * gap) / 7
        return QRectF(left + weekday * (width + gap), top, width, self.height() - top - t.px(4))

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(280), theme.current().px(118))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        first, last = self.hours()
        for weekday in range(7):
            column = self.column(weekday)
            letter = QRectF(column.x(), 0, column.width(), t.px(16))
            is_off = weekday not in self._open and not self._available.get(weekday)
            ink = c.text3 if is_off else c.text2
            painting.text(painter, letter, LETTERS[weekday], "small_medium", ink, Qt.AlignmentFlag.AlignHCenter)
            painting.box(painter, column, t.px(3), c.surface, c.line)
            if weekday in self._open:
                painter.fillRect(self._bar(column, self._open[weekday]), c.sunken)
            for span in self._available.get(weekday, ()):
                painting.box(painter, self._bar(column, span), t.px(2), c.accent_soft, c.accent)
            for span in self._booked.get(weekday, ()):
                painting.box(painter, self._bar(column, span).adjusted(t.px(3), 0, -t.px(3), 0), t.px(1), c.accent)
        self._paint_hours(painter, first, last)
        painter.end()

    def _paint_hours(self, painter: QPainter, first: int, last: int) -> None:
        t = theme.current()
        column = self.column(0)
        steps = 3 if last - first > 6 * 60 else 2
        for minute in range(first, last + 1, 60 * steps):
            y = column.top() + (minute - first) / (last - first) * column.height()
            painter.setPen(QPen(t.color.line, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(column.left() - t.px(4), y), QPointF(column.left() - 1, y))
            words = QRectF(0, y - t.px(8), column.left() - t.px(6), t.px(16))
            painting.text(painter, words, hour_words(minute), "micro", t.color.text3, Qt.AlignmentFlag.AlignRight)

    def _bar(self, column: QRectF, span: Span) -> QRectF:
        first, last = self.hours()
        scale = column.height() / (last - first)
        top = column.top() + (span[0] - first) * scale
        return QRectF(column.x() + 1, top, column.width() - 2, (span[1] - span[0]) * scale)


def week_words(available: Week) -> str:
    """``Mon to Wed 2:30–8:30 PM; Sat 9:00 AM – 12:00 PM``: days with the same hours together."""
    by_hours: dict[str, list[int]] = {}
    for weekday in range(7):
        spans = available.get(weekday, ())
        if spans:
            words = " and ".join(format_time_range(_time(start), _time(end)) for start, end in sorted(spans))
            by_hours.setdefault(words, []).append(weekday)
    return "; ".join(f"{day_words(days)} {words}" for words, days in by_hours.items()) or "No weekly hours yet"


def day_words(days: Sequence[int]) -> str:
    """``Mon to Fri``, ``Mon, Wed``: three or more in a row as a range."""
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    words: list[str] = []
    for run in runs:
        words += [f"{DAYS[run[0]]} to {DAYS[run[-1]]}"] if len(run) > 2 else [DAYS[day] for day in run]
    return ", ".join(words)


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
