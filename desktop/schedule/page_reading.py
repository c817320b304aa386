"""What a calendar page reads from the store: names and rules, the entries of its days, and where an entry is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from PySide6.QtCore import QObject
from sqlalchemy import select

from desktop.background import Background
from desktop.permissions import own_places
from desktop.schedule.calendar_values import CalendarScene
from desktop.schedule.coloring import ColorBy, coloring_of
from desktop.schedule.directory import Directory, read_directory
from desktop.schedule.entry_rows import read_entries
from desktop.schedule.packing import Packing
from desktop.schedule.scene import SceneBuilder
from desktop.schedule.student_chip import read_students
from desktop.schedule.week import Filters, Week, week_of, with_accepted
from desktop.store.store import Store
from shared_models.schedule.acceptances import acceptances_of
from shared_models.schedule.models import ScheduleEntry


@dataclass(frozen=True, slots=True)
class Anew:
    """What is to be read in the background: the entries of ``days`` and, with ``names_too``, names and rules.

    ``prepared`` gives, on the UI thread, what makes something of names and entries in the background; ``done`` gets
    the entries, whether names and rules were read, and what was made of them.
    """

    days: Callable[[], tuple[date, date]]
    prepared: Callable[[], Callable[[Directory, Week], object]]
    done: Callable[[Week, bool, object], object]
    names_too: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scene of a week with its entries seated, and the builder that made it."""

    builder: SceneBuilder
    packing: Packing


def prepare_scene(
    filters: Filters,
    now: datetime,
    color_by: ColorBy,
    seater: Callable[[CalendarScene], Packing],
    directory: Directory,
    week: Week,
) -> Prepared:
    """The scene of a week, made in whichever thread."""
    builder = SceneBuilder(week, directory, filters, now, coloring=coloring_of(color_by, directory))
    return Prepared(builder, seater(builder.week_scene()))


def packing_like(prepared: object, builder: SceneBuilder) -> Packing | None:
    """The seated scene that was prepared, if it is what a builder would make."""
    if isinstance(prepared, Prepared) and prepared.builder.shows_the_same_as(builder):
        return prepared.packing
    return None


class PageReading(QObject):
    """Asks the store what a page shows; what a person is likely to look at next is read ahead, off the UI thread."""

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._background = Background(self)
        self._ahead: dict[tuple[date, date], tuple[Week, object]] = {}
        self._state = 0
        self._is_reading = False
        self._wanted: Anew | None = None
        self.read_directory()

    def read_directory(self) -> None:
        """Read names and rules of the center anew, into `directory`."""
        self.forget()
        self.directory: Directory = self._read_directory()

    def _read_directory(self) -> Directory:
        with self._store.read() as session:
            found = read_directory(session, self._store.organization_id)
        return replace(found, own_places=own_places(self._store))

    def forget(self) -> None:
        """Something has changed: what was read ahead, or is being read, holds no more."""
        self._ahead.clear()
        self._state += 1

    def read_anew(self, anew: Anew) -> None:
        """Read some days in the background, then hand them over. Asked again meanwhile, it reads once more
        afterwards."""
        names_too = anew.names_too or (self._wanted is not None and self._wanted.names_too)
        self._wanted = replace(anew, names_too=names_too)
        if not self._is_reading:
            self._read_wanted()

    def _read_wanted(self) -> None:
        anew, self._wanted = self._wanted, None
        if anew is None:
            return
        self._is_reading = True
        self.forget()
        state, span, known, prepare = self._state, anew.days(), self.directory, anew.prepared()

        def look() -> tuple[Directory, Week, object]:
            directory = self._read_directory() if anew.names_too else known
            week = self._read_week(*span, directory)
            return directory, week, prepare(directory, week)

        def show(found: tuple[Directory, Week, object]) -> None:
            self._is_reading = False
            if state == self._state and span == anew.days():
                self.directory = found[0]
                anew.done(found[1], anew.names_too, found[2])
                self._read_wanted()
            else:  # Somebody has read or gone elsewhere meanwhile.
                self.read_anew(anew)

        def give_up(_error: Exception) -> None:
            self._is_reading = False
            self._read_wanted()

        self._background.run(look, show, give_up)

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
