"""Opens the sheets of the Calendar page: vacation, copy of a week, reschedule, cancel with a reason, length of a
series. Each is made when it is asked for and gone when it closes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.schedule.directory import Directory
from desktop.store.store import Store
from shared_models.schedule.errors import ScheduleError

if TYPE_CHECKING:
    from desktop.schedule.schedule_sheet import ScheduleSheet

RESCHEDULE, SERIES, CANCEL, VACATION, COPY_WEEK = "reschedule", "series", "cancel", "vacation", "copy week"


class PageSheets(QObject):
    """`said` carries words for the strip, and whether what they tell can be undone."""

    said = Signal(str, bool)

    def __init__(
        self, host: QWidget, store: Store, clock: Callable[[], datetime], directory: Callable[[], Directory]
    ) -> None:
        super().__init__(host)
        self._host, self._store, self._clock, self._directory = host, store, clock, directory
        self.sheet: ScheduleSheet | None = None

    def for_entry(self, kind: str, entry_id: str) -> None:
        """Open RESCHEDULE, SERIES or CANCEL for an entry."""
        from desktop.schedule.cancel_sheet import CancelSheet
        from desktop.schedule.reschedule_sheet import RescheduleSheet
        from desktop.schedule.series_sheet import SeriesSheet

        make = {RESCHEDULE: RescheduleSheet, SERIES: SeriesSheet, CANCEL: CancelSheet}[kind]
        try:
            self._open(make(self._host, self._store, self._clock, self._directory(), entry_id))
        except ScheduleError as error:
            self.said.emit(str(error), False)

    def vacation(
        self,
        *,
        tutor_id: str | None = None,
        student_id: str | None = None,
        with_family: bool = False,
        first_day: date | None = None,
    ) -> None:
        """Open the vacation of a tutor or student, on request with the family, or of somebody still to be chosen."""
        from desktop.schedule.vacation_sheet import VacationSheet

        self._open(
            VacationSheet(
                self._host, self._store, self._clock, self._directory(),
                tutor_id=tutor_id, student_id=student_id, with_family=with_family, first_day=first_day,
            )
        )  # fmt: skip

    def copy_week(self, day: date, location_id: str) -> None:
        """Open the copy of the week that a day lies in."""
        from desktop.schedule.copy_week_sheet import CopyWeekSheet

        self._open(CopyWeekSheet(self._host, self._store, self._clock, self._directory(), day, location_id))

    def _open(self, sheet: ScheduleSheet) -> None:
        self.sheet = sheet
        sheet.done.connect(lambda words: self.said.emit(words, True))
        sheet.closed.connect(self._closed)
        sheet.open_sheet(sheet.first_field())

    def _closed(self) -> None:
        self.sheet = None
