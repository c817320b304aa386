"""The days of a camp or workshop with hours of their own (product §4, "with hours that may differ by day")."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.widgets import Button, Kind, Label, NumberInput, TimeInput
from desktop.widgets.parsing import format_date
from shared_models.schedule.drafts import LONGEST_SESSION_MINUTES, EntryDraft
from shared_models.schedule.recurrence import DayHours, Pattern

_MOST_DAYS = 31


class DayHoursList(QWidget):
    """One line for each day of a daily series, folded away until somebody wants it. `changed` carries nothing."""

    changed = Signal()

    def __init__(self, grid_minutes: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = grid_minutes
        self._usual: DayHours | None = None
        self._lines: dict[date, tuple[TimeInput, NumberInput]] = {}
        t = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(6))
        self.opener = Button("Hours differ on some days", Kind.LINK, on_click=self._open)
        column.addWidget(self.opener)
        self._box = QWidget()
        self._rows = QVBoxLayout(self._box)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(t.px(6))
        column.addWidget(self._box)
        self._box.hide()

    def values(self) -> dict[date, DayHours]:
        """The days whose hours differ from the usual ones."""
        found = {}
        for day, (start, minutes) in self._lines.items():
            begins, length = start.value(), minutes.value()
            if begins is None or length is None:
                continue
            hours = DayHours(begins, length)
            if hours != self._usual:
                found[day] = hours
        return found

    def show_days(self, draft: EntryDraft) -> None:
        """Show the days of a draft."""
        self._clear()
        self._usual = DayHours(draft.start, draft.duration_minutes)
        self._fill(draft)
        self._box.setVisible(bool(draft.hours_by_day))
        self.opener.setVisible(not draft.hours_by_day)

    def follow(self, draft: EntryDraft | None) -> None:
        """Keep the lines in step with first day, last day and usual hours; what a person set for a day stays."""
        if draft is None or draft.pattern is not Pattern.DAILY:
            return
        own = self.values()
        usual = DayHours(draft.start, draft.duration_minutes)
        if usual == self._usual and list(self._lines) == self._days(draft):
            return
        self._usual = usual
        self._clear()
        for day, hours in own.items():
            if day in self._days(draft):
                self._add(day, hours)
        self._fill(draft)

    def _days(self, draft: EntryDraft) -> list[date]:
        if draft.last_day is None or draft.pattern is not Pattern.DAILY:
            return []
        count = min(_MOST_DAYS, (draft.last_day - draft.first_day).days + 1)
        return [date.fromordinal(draft.first_day.toordinal() + step) for step in range(count)]

    def _fill(self, draft: EntryDraft) -> None:
        known = dict(self.values())
        self._clear()
        usual = DayHours(draft.start, draft.duration_minutes)
        for day in self._days(draft):
            self._add(day, known.get(day) or draft.hours_by_day.get(day) or usual)

    def _add(self, day: date, hours: DayHours) -> None:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.current().px(12))
        words = format_date(day, year=False)
        row.addWidget(Label(words), 1)
        start = TimeInput(hours.start, self._grid, name=f"Start on {words}")
        minutes = NumberInput(hours.duration_minutes, 1, LONGEST_SESSION_MINUTES, name=f"Minutes on {words}")
        start.valueChanged.connect(self.changed)
        minutes.textEdited.connect(self.changed)
        row.addWidget(start, 1)
        row.addWidget(minutes, 1)
        self._rows.addWidget(line)
        self._lines[day] = (start, minutes)

    def _clear(self) -> None:
        while self._rows.count():
            item = self._rows.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._lines = {}

    def _open(self) -> None:
        self._box.show()
        self.opener.hide()
