"""The rows of the agenda as a Qt model: a heading for each day, then its entries, a year of them or more.

Days come in by and by (the view reads a week at a time), and what is already there keeps its place.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from desktop.schedule.listed_days import ListedDay, ListedEntry, spoken_day, spoken_entry

AnyIndex = QModelIndex | QPersistentModelIndex
AgendaRow = ListedDay | ListedEntry


class AgendaRows(QAbstractListModel):
    """Days and entries in order of time; days without entries and without a closure are left out."""

    def __init__(self) -> None:
        super().__init__()
        self._days: dict[date, ListedDay] = {}
        self._rows: list[AgendaRow] = []
        self._headings: list[tuple[date, int]] = []

    def set_days(self, days: Iterable[ListedDay], *, anew: bool = False) -> bool:
        """Take days in, in place of those of the same dates (`anew`: of all); says whether anything changed."""
        merged = {} if anew else dict(self._days)
        merged.update((day.day, day) for day in days)
        if merged == self._days:
            return False
        self.beginResetModel()
        self._days = merged
        self._rows, self._headings = [], []
        for day in sorted(merged):
            listed = merged[day]
            if listed.entries or listed.closed_reason is not None or listed.is_today:
                self._headings.append((day, len(self._rows)))
                self._rows.append(listed)
                self._rows += listed.entries
        self.endResetModel()
        return True

    def row_at(self, number: int) -> AgendaRow:
        """The value of a row."""
        return self._rows[number]

    def heading_of(self, number: int) -> ListedDay:
        """The day in which a row lies."""
        index = max(bisect_left(self._headings, number + 1, key=lambda pair: pair[1]) - 1, 0)
        day = self._rows[self._headings[index][1]]
        assert isinstance(day, ListedDay)
        return day

    def next_heading(self, number: int) -> int:
        """The row of the first heading after a row; the row count when there is none."""
        index = bisect_left(self._headings, number + 1, key=lambda pair: pair[1])
        return self._headings[index][1] if index < len(self._headings) else len(self._rows)

    def row_of_day(self, day: date) -> int:
        """The heading of a day, or of the first one after it that has entries; -1 when there are no rows at all."""
        if not self._headings:
            return -1
        index = min(bisect_left(self._headings, (day, 0)), len(self._headings) - 1)
        return self._headings[index][1]

    def row_of_entry(self, entry_id: str) -> int:
        """The row of an entry; -1 when it is not there."""
        return next(
            (n for n, row in enumerate(self._rows) if isinstance(row, ListedEntry) and row.id == entry_id), -1
        )

    def entry_count(self) -> int:
        """How many entries there are."""
        return len(self._rows) - len(self._headings)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        """Headings and entries."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a screen reader says of a row; the view paints from the rows themselves."""
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) or not index.isValid():
            return None
        row = self._rows[index.row()]
        return spoken_day(row) if isinstance(row, ListedDay) else spoken_entry(row)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Headings are passed over by the keyboard."""
        if index.isValid() and isinstance(self._rows[index.row()], ListedDay):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
