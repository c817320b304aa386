"""What a calendar page reads from the store: names and rules, the entries of its days, and where an entry is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from PySide6.QtCore import QObject
from sqlalchemy import select

from desktop.background import Background
from desktop.permissions import own_places
from desktop.schedule.directory import Directory, read_directory
from desktop.schedule.entry_rows import read_entries
from desktop.schedule.scene import Week, week_of, with_accepted
from desktop.schedule.student_chip import read_students
from desktop.store.store import Store
from shared_models.schedule.acceptances import acceptances_of
from shared_models.schedule.models import ScheduleEntry


class PageReading(QObject):
    """Asks the store what a page shows; what a person is likely to look at next is read ahead, off the UI thread."""

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._background = Background(self)
        self._ahead: dict[tuple[date, date], tuple[Week, object]] = {}
        self._state = 0
        self.read_directory()

    def read_directory(self) -> None:
        """Read names and rules of the center anew, into `directory`."""
        self.forget()
        with self._store.read() as session:
            found = read_directory(session, self._store.organization_id)
        self.directory: Directory = replace(found, own_places=own_places(self._store))

    def forget(self) -> None:
        """Something has changed: what was read ahead holds no more."""
        self._ahead.clear()
        self._state += 1

    def students(self) -> list[tuple[str, str]]:
        """Ids and names of the students that can be filtered by."""
        with self._store.read() as session:
            return read_students(session, self._store.organization_id)

    def week(self, first: date, last: date) -> Week:
        """The entries of some days, both included, with their conflicts and which of these are accepted."""
        ahead = self._ahead.get((first, last))
        return ahead[0] if ahead is not None else self._read_week(first, last, self.directory)

    def prepared(self, week: Week) -> object:
        """What was prepared of a week that was read ahead; None if it was not."""
        ahead = self._ahead.get((week.first_day, week.last_day))
        return ahead[1] if ahead is not None and ahead[0] is week else None

    def read_ahead(self, spans: Sequence[tuple[date, date]], prepare: Callable[[Week], object]) -> None:
        """Read these days in the background, and `prepare` there what they look like; other days are let go."""
        self._ahead = {span: found for span, found in self._ahead.items() if span in spans}
        state, directory = self._state, self.directory

        def look(span: tuple[date, date]) -> tuple[Week, object]:
            week = self._read_week(*span, directory)
            return week, prepare(week)

        for span in spans:
            if span not in self._ahead:
                self._background.run(
                    partial(look, span), partial(self._ahead.__setitem__, span), lambda error: None,
                    lambda: state == self._state,
                )  # fmt: skip

    def _read_week(self, first: date, last: date, directory: Directory) -> Week:
        with self._store.read() as session:
            week = week_of(read_entries(session, directory, first, last), first, last)
            if directory.own_places is not None:  # What others have to settle among themselves is theirs.
                foreign = {row.id for row in week.rows.values() if directory.is_foreign(row.location_id)}
                own = (one for one in week.conflicts if not {one.first_id, one.second_id} <= foreign)
                week = replace(week, conflicts=tuple(own))
            return with_accepted(week, acceptances_of(session, self._store.organization_id, week.conflicts).keys())

    def busy_days(self, first: date, last: date, location_id: str) -> set[date]:
        """The days on which anything takes place there, at all places for ""."""
        from desktop.schedule.mini_month import read_busy_days

        with self._store.read() as session:
            return read_busy_days(session, self.directory, first, last, location_id)

    def day_of(self, entry_id: str) -> date | None:
        """The local day of an entry; None if there is no such entry."""
        with self._store.read() as session:
            starts_at = session.scalar(
                select(ScheduleEntry.starts_at).where(
                    ScheduleEntry.organization_id == self._store.organization_id, ScheduleEntry.id == entry_id
                )
            )
        return starts_at.astimezone(self.directory.zone).date() if starts_at is not None else None

    def shut_down(self) -> None:
        """Let what is being read end."""
        self._background.close()
