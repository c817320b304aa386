"""What an import did, and what it works with while it does it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import TenantRow
from shared_models.exchange.problems import Problem
from shared_models.people.contact import name_key
from shared_models.schedule.times import instant_of, zone_of
from shared_models.sync.hook import ChangeRecorder

Row = dict[str, Any]
Progress = Callable[[str, int, int], None]
"""Told the step in words, how many are done, and of how many."""

NOON = time(12)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many of each kind were added and were there already, and the lines that need a look.

    Kinds: locations, rooms, closures, services, tutors, families, students, leads, series, entries (sessions of
    series and single ones), camps, camp_entries. ``problems`` are lines left out, wholly or in part; ``warnings``
    lines taken with a doubt.
    """

    counts: Mapping[str, int]
    already_there: Mapping[str, int]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(slots=True)
class Importing:
    """One import on its way: the session it writes to and everything it has counted so far.

    ``shift`` moves every date by whole weeks but those of birth.
    """

    session: Session
    recorder: ChangeRecorder
    organization_id: str
    now: datetime
    shift: timedelta = timedelta(0)
    progress: Progress | None = None
    time_zone: str = "UTC"
    counts: Counter[str] = field(default_factory=Counter)
    already_there: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    locations: dict[str, str] = field(default_factory=dict)
    """Ids of the live locations by the key of their name."""

    def own(self, row_id: str) -> Row:
        """The two columns of the primary key."""
        return {"organization_id": self.organization_id, "id": row_id}

    def ids_of(self, kind: type[TenantRow]) -> set[str]:
        """The ids of all rows of a table, archived ones included."""
        return set(self.session.scalars(select(kind.id).where(kind.organization_id == self.organization_id)))

    def add(self, kind: type[TenantRow], rows: Sequence[Row], counted_as: str | None = None) -> int:
        """Insert the rows that are not there yet, each once; the others are left as they are.

        Returns how many were added.
        """
        known = self.ids_of(kind)
        new = {row["id"]: row for row in rows if row["id"] not in known}
        self.recorder.insert_rows(self.session, kind, list(new.values()))
        if counted_as is not None:
            self.counts[counted_as] += len(new)
            self.already_there[counted_as] += len({row["id"] for row in rows} & known)
        return len(new)

    def location_id(self, name: str) -> str | None:
        """The live location of a name."""
        return self.locations.get(name_key(name))

    def moved(self, day: date | None) -> date | None:
        """A day moved by the shift."""
        return day + self.shift if day is not None else None

    def noon_of(self, day: date | None) -> datetime | None:
        """Noon of a moved day at the center: for days whose hour is not known."""
        moved = self.moved(day)
        return instant_of(moved, NOON, zone_of(self.time_zone)) if moved is not None else None

    def step(self, words: str, done: int = 0, total: int = 0) -> None:
        """Tell how far the import is."""
        if self.progress is not None:
            self.progress(words, done, total)

    def report(self) -> ImportReport:
        """What was done so far."""
        there = {kind: count for kind, count in self.already_there.items() if count}
        return ImportReport(dict(self.counts), there, tuple(sorted(self.problems)), tuple(sorted(self.warnings)))
