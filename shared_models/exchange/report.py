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

    Kinds: locations, rooms, closures, services (offered, with a price), tutors, families, students, leads, products,
    series, entries (sessions of series and single ones), camps, camp_entries; what there is none of counts 0.
    ``problems`` are lines left out, wholly or in part; ``warnings`` lines taken with a doubt. ``archived`` were
    there, but archived, and stay hidden unless brought back. ``updated`` are series and entries that a calendar has
    changed since it was imported before.
    """

    counts: Counter[str]
    already_there: Counter[str]
    archived: Counter[str]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    updated: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Importing:
    """One import on its way: the session it writes to and everything it has counted so far.

    ``shift`` moves every date by whole weeks but those of birth. With ``brings_back``, rows that are archived, by
    the desk or because an import was undone, live again with what the files say.
    """

    session: Session
    recorder: ChangeRecorder
    organization_id: str
    now: datetime
    shift: timedelta = timedelta(0)
    progress: Progress | None = None
    brings_back: bool = False
    time_zone: str = "UTC"
    counts: Counter[str] = field(default_factory=Counter)
    already_there: Counter[str] = field(default_factory=Counter)
    archived: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    locations: dict[str, str] = field(default_factory=dict)
    """Ids of the live locations by the key of their name."""

    def own(self, row_id: str) -> Row:
        """The two columns of the primary key."""
        return {"organization_id": self.organization_id, "id": row_id}

    def known(self, kind: type[TenantRow]) -> dict[str, bool]:
        """The ids of all rows of a table, and whether each is archived."""
        rows = self.session.execute(
            select(kind.id, kind.archived_at.is_not(None)).where(kind.organization_id == self.organization_id)
        )
        return {row_id: is_archived for row_id, is_archived in rows}  # noqa: C416 - a row is no pair to mypy

    def add(self, kind: type[TenantRow], rows: Sequence[Row], counted_as: str = "") -> None:
        """Insert the rows that are not there yet, each once; the others are left as they are.

        Archived ones are counted apart, or brought back with the values given.
        """
        known = self.known(kind)
        wanted = {row["id"]: row for row in rows}
        new = [row for row_id, row in wanted.items() if row_id not in known]
        hidden = {row_id: row for row_id, row in wanted.items() if known.get(row_id)}
        self.recorder.insert_rows(self.session, kind, new)
        if self.brings_back:
            self._bring_back(kind, hidden)
        if counted_as:
            back = len(hidden) if self.brings_back else 0
            self.counts[counted_as] += len(new) + back
            self.archived[counted_as] += len(hidden) - back
            self.already_there[counted_as] += len(wanted) - len(new) - len(hidden)

    def _bring_back(self, kind: type[TenantRow], rows: Mapping[str, Row]) -> None:
        if not rows:
            return
        found = self.session.scalars(
            select(kind).where(kind.organization_id == self.organization_id, kind.archived_at.is_not(None))
        )
        for row in found:
            if row.id in rows:
                for name, value in {**rows[row.id], "archived_at": None}.items():
                    setattr(row, name, value)
        self.session.flush()

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
        return ImportReport(
            +self.counts,
            +self.already_there,
            +self.archived,
            tuple(sorted(set(self.problems))),
            tuple(sorted(set(self.warnings))),
            +self.updated,
        )
