"""The small month to jump to a date, with a dot under every day on which something takes place."""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget
from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop import theme
from desktop.schedule.directory import Directory
from desktop.widgets import painting
from desktop.widgets.dates import MonthPopup, MonthView
from shared_models.schedule.bookings import epoch_seconds
from shared_models.schedule.models import EntryStatus, ScheduleEntry
from shared_models.schedule.times import instant_of

ReadBusy = Callable[[date, date], Set[date]]
"""Finds the days from the first to the last, both included, on which something takes place."""

_SHOWN_DAYS = 42


def read_busy_days(
    session: Session, directory: Directory, first_day: date, last_day: date, location_id: str = ""
) -> set[date]:
    """The local days on which an entry that is not cancelled starts, at a location or ("") anywhere."""
    entry = ScheduleEntry
    statement = select(epoch_seconds(entry.starts_at)).where(
        entry.organization_id == directory.organization_id,
        entry.archived_at.is_(None),
        entry.status != EntryStatus.CANCELLED,
        entry.starts_at >= instant_of(first_day, time(), directory.zone),
        entry.starts_at < instant_of(last_day + timedelta(days=1), time(), directory.zone),
    )
    if location_id:
        statement = statement.where(entry.location_id == location_id)
    return {datetime.fromtimestamp(seconds, directory.zone).date() for seconds in session.scalars(statement)}


class BusyMonth(MonthView):
    """A month to pick a day from, busy days dotted."""

    def __init__(self, value: date, today: date, read_busy: ReadBusy, parent: QWidget | None = None) -> None:
        super().__init__(value, today, parent)
        self._read_busy = read_busy
        self._busy: Set[date] = frozenset()
        self._read_for = date(1, 1, 1)
        self._read()

    def busy_days(self) -> Set[date]:
        """The busy days among those shown."""
        return self._busy

    def set_value(self, value: date) -> None:
        """Mark another day, and show its month with its dots."""
        super().set_value(value)
        self._read()

    def _read(self) -> None:
        first = self._first_shown()
        if first != self._read_for:
            self._read_for = first
            self._busy = self._read_busy(first, first + timedelta(days=_SHOWN_DAYS - 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The month, then its dots."""
        super().paintEvent(event)
        t = theme.current()
        painter = painting.painter_for(self)
        painter.setPen(Qt.PenStyle.NoPen)
        first = self._first_shown()
        for index in range(_SHOWN_DAYS):
            day = first + timedelta(days=index)
            if day not in self._busy:
                continue
            ink = t.color.accent
            if day == self.value():
                ink = t.color.on_accent
            elif day == self._today:
                ink = t.color.on_chalk_yellow
            elif day.month != self.value().month:
                ink = t.color.text_disabled
            cell = self._cell(index)
            painter.setBrush(ink)
            radius = t.px(3) / 2
            painter.drawEllipse(QPointF(cell.center().x(), cell.center().y() + t.px(9.5)), radius, radius)
        painter.end()


class BusyMonthPopup(MonthPopup):
    """`BusyMonth` in a pop-up under a button."""

    def __init__(self, value: date, today: date, read_busy: ReadBusy, parent: QWidget) -> None:
        super().__init__(value, today, parent)
        plain, self.month = self.month, BusyMonth(value, today, read_busy)
        column = self.layout()
        if column is not None:
            column.replaceWidget(plain, self.month)
        plain.deleteLater()
        self.month.picked.connect(self._pick)
