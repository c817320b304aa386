"""What a calendar page reads from the store: names and rules, the entries of its days, and where an entry is."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from desktop.schedule.directory import Directory, read_directory
from desktop.schedule.entry_rows import read_entries
from desktop.schedule.scene import Week, week_of, with_accepted
from desktop.schedule.student_chip import read_students
from desktop.store.store import Store
from shared_models.schedule.acceptances import acceptances_of
from shared_models.schedule.models import ScheduleEntry


class PageReading:
    """Asks the store what a page shows; `read_directory` comes first and again when names or rules have changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.directory = self.read_directory()

    def read_directory(self) -> Directory:
        """Names and rules of the center, read anew."""
        with self._store.read() as session:
            self.directory = read_directory(session, self._store.organization_id)
        return self.directory

    def students(self) -> list[tuple[str, str]]:
        """Ids and names of the students that can be filtered by."""
        with self._store.read() as session:
            return read_students(session, self._store.organization_id)

    def week(self, first: date, last: date) -> Week:
        """The entries of some days, both included, with their conflicts and which of these are accepted."""
        with self._store.read() as session:
            week = week_of(read_entries(session, self.directory, first, last), first, last)
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
