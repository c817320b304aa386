"""Importing a calendar again: what the file has changed since reaches the entries that nobody edited here, and what
was edited here stays as it is and is named.

Every imported row remembers a fingerprint of what its event said. A row that still says so was not edited; one that
was made here has none and belongs to the desk.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import select

from shared_models.exchange.report import Importing, Row
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.operations import set_links

SERIES_SAYS = (
    "pattern", "weekdays", "interval_weeks", "first_day", "last_day", "occurrence_count", "start_time",
    "duration_minutes", "skips_closures", "daily_hours", "skipped_days", "location_id", "service_id", "subject_id",
    "topic_id", "product_id", "tutor_id", "capacity", "is_online",
)  # fmt: skip
ENTRY_SAYS = (
    "series_id", "series_day", "location_id", "service_id", "subject_id", "topic_id", "product_id", "tutor_id",
    "capacity", "starts_at", "ends_at", "is_online", "status",
)  # fmt: skip
_BESIDES_DAYS = (
    "start_time", "duration_minutes", "location_id", "service_id", "subject_id", "topic_id", "product_id", "tutor_id",
    "capacity", "is_online",
)  # fmt: skip
_AT_ONCE = 500


class Outcome(Enum):
    """What becomes of a row that is there when its event is imported again."""

    SAME = auto()
    UPDATED = auto()
    KEPT = auto()


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """An entry as its event wants it: its columns, its students and its rooms."""

    row: Row
    student_ids: frozenset[str]
    room_ids: frozenset[str]

    @property
    def id(self) -> str:
        return str(self.row["id"])


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it is in the store, as far as an import looks at it."""

    id: str
    imported_uid: str
    imported_as: str
    is_archived: bool
    values: Mapping[str, Any]
    student_ids: frozenset[str]
    room_ids: frozenset[str]

    @property
    def says(self) -> str:
        return entry_says(self.values, self.student_ids, self.room_ids)

    @property
    def is_as_imported(self) -> bool:
        """Whether nobody has edited it since it was imported."""
        return self.says == self.imported_as


@dataclass(slots=True)
class StoredCalendar:
    """Every series and entry of the center, read once."""

    series: dict[str, Series] = field(default_factory=dict)
    entries: dict[str, StoredEntry] = field(default_factory=dict)
    of_series: dict[str, list[StoredEntry]] = field(default_factory=dict)
    of_uid: dict[str, list[StoredEntry]] = field(default_factory=dict)
    of_day: dict[tuple[str, date], StoredEntry] = field(default_factory=dict)

    def entry_for(self, wanted: Row) -> StoredEntry | None:
        """The entry that is there for a planned one: the one of its day in its series, which may have been moved or
        split since, else the one of its id."""
        own = self.entries.get(wanted["id"])
        if own is not None and own.imported_as == wanted["imported_as"]:
            return own
        if wanted["series_id"] and (found := self.of_day.get((wanted["series_id"], wanted["series_day"]))):
            return found
        return own

    def group(self, uid: str, owner_id: str) -> dict[str, StoredEntry]:
        """The live entries that came from one event."""
        found = [*self.of_uid.get(uid, ()), *self.of_series.get(owner_id, ())]
        if (own := self.entries.get(owner_id)) is not None:
            found.append(own)
        return {entry.id: entry for entry in found if not entry.is_archived}


def series_says(values: Mapping[str, Any]) -> str:
    """The fingerprint of a series."""
    return _fingerprint(values[name] for name in SERIES_SAYS)


def entry_says(values: Mapping[str, Any], student_ids: Iterable[str], room_ids: Iterable[str]) -> str:
    """The fingerprint of an entry."""
    return _fingerprint([*(values[name] for name in ENTRY_SAYS), sorted(student_ids), sorted(room_ids)])


def stored_calendar(work: Importing) -> StoredCalendar:
    """Read what there is."""
    session, own = work.session, work.organization_id
    stored = StoredCalendar()
    for series in session.scalars(select(Series).where(Series.organization_id == own)):
        stored.series[series.id] = series
    students: dict[str, set[str]] = {}
    for entry_id, student_id in session.execute(
        select(Attendee.entry_id, Attendee.student_id).where(
            Attendee.organization_id == own, Attendee.archived_at.is_(None)
        )
    ):
        students.setdefault(entry_id, set()).add(student_id)
    rooms: dict[str, set[str]] = {}
    for entry_id, room_id in session.execute(
        select(EntryRoom.entry_id, EntryRoom.room_id).where(
            EntryRoom.organization_id == own, EntryRoom.archived_at.is_(None)
        )
    ):
        rooms.setdefault(entry_id, set()).add(room_id)
    columns = [getattr(ScheduleEntry, name) for name in ENTRY_SAYS]
    for entry_id, uid, imported_as, archived_at, *values in session.execute(
        select(
            ScheduleEntry.id,
            ScheduleEntry.imported_uid,
            ScheduleEntry.imported_as,
            ScheduleEntry.archived_at,
            *columns,
        ).where(ScheduleEntry.organization_id == own)
    ):
        entry = StoredEntry(
            entry_id,
            uid,
            imported_as,
            archived_at is not None,
            dict(zip(ENTRY_SAYS, values, strict=True)),
            frozenset(students.get(entry_id, ())),
            frozenset(rooms.get(entry_id, ())),
        )
        stored.entries[entry_id] = entry
        if uid:
            stored.of_uid.setdefault(uid, []).append(entry)
        if entry.values["series_id"]:
            stored.of_series.setdefault(entry.values["series_id"], []).append(entry)
            stored.of_day[entry.values["series_id"], entry.values["series_day"]] = entry
    return stored


@dataclass(slots=True)
class Updates:
    """Collects what a second import changes and writes it at the end."""

    work: Importing
    reason: str
    changed: dict[str, PlannedEntry] = field(default_factory=dict)
    cancelled: dict[str, str] = field(default_factory=dict)
    vanished: set[str] = field(default_factory=set)

    def series(self, stored: Series, wanted: Row, *, has_same_days: bool) -> Outcome:
        """Bring a series up to date, unless it was edited here. The same days may be said in several ways."""
        now_says = series_says({name: getattr(stored, name) for name in SERIES_SAYS})
        wanted_says = series_says(wanted)
        if wanted_says == stored.imported_as:
            return Outcome.SAME
        if has_same_days and all(getattr(stored, name) == wanted[name] for name in _BESIDES_DAYS):
            return Outcome.SAME
        if wanted_says != now_says:
            if now_says != stored.imported_as:
                return Outcome.KEPT
            for name in SERIES_SAYS:
                setattr(stored, name, wanted[name])
        stored.imported_as = wanted_says
        return Outcome.UPDATED if wanted_says != now_says else Outcome.SAME

    def entry(self, stored: StoredEntry, wanted: PlannedEntry) -> Outcome:
        """Bring an entry up to date, unless it was edited here."""
        wanted_says = wanted.row["imported_as"]
        if wanted_says == stored.imported_as or wanted_says == stored.says:
            return Outcome.SAME
        if not stored.is_as_imported:
            return Outcome.KEPT
        self.changed[stored.id] = wanted
        return Outcome.UPDATED

    def cancel(self, stored: StoredEntry) -> Outcome:
        """Cancel an entry whose event is cancelled, unless it was edited here. Of a series what is over was held."""
        is_over = stored.values["series_id"] is not None and stored.values["starts_at"] <= self.work.now
        if is_over or stored.values["status"] is EntryStatus.CANCELLED:
            return Outcome.SAME
        if not stored.is_as_imported:
            return Outcome.KEPT
        values = {**stored.values, "status": EntryStatus.CANCELLED}
        self.cancelled[stored.id] = entry_says(values, stored.student_ids, stored.room_ids)
        return Outcome.UPDATED

    def vanish(self, stored: StoredEntry) -> Outcome:
        """Archive an entry that its event has no more, unless it was edited here."""
        if not stored.is_as_imported:
            return Outcome.KEPT
        self.vanished.add(stored.id)
        return Outcome.UPDATED

    def write(self) -> None:
        """Write what was collected, through the rows themselves, so that it syncs and can be undone."""
        ids = sorted({*self.changed, *self.cancelled, *self.vanished})
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            self.work.step("Sessions", at, len(ids))
            for entry in self._objects(part):
                self._write(entry)
            changed = {entry_id: self.changed[entry_id] for entry_id in part if entry_id in self.changed}
            own, now, session = self.work.organization_id, self.work.now, self.work.session
            set_links(session, own, Attendee, {key: value.student_ids for key, value in changed.items()}, now=now)
            set_links(session, own, EntryRoom, {key: value.room_ids for key, value in changed.items()}, now=now)
        self.work.session.flush()

    def _objects(self, ids: Sequence[str]) -> Sequence[ScheduleEntry]:
        return self.work.session.scalars(
            select(ScheduleEntry).where(
                ScheduleEntry.organization_id == self.work.organization_id, ScheduleEntry.id.in_(ids)
            )
        ).all()

    def _write(self, entry: ScheduleEntry) -> None:
        now: datetime = self.work.now
        if entry.id in self.vanished:
            entry.archived_at = now
            return
        if entry.id in self.cancelled:
            entry.imported_as = self.cancelled[entry.id]
            entry.status = EntryStatus.CANCELLED
            entry.cancelled_at = now
            entry.cancel_reason = self.reason
            return
        row = self.changed[entry.id].row
        if entry.service_id != row["service_id"]:
            entry.hourly_price_cents = row["hourly_price_cents"]
        if entry.tutor_id != row["tutor_id"]:
            entry.hourly_pay_cents = row["hourly_pay_cents"]
        for name in (*ENTRY_SAYS, "blocked_until", "imported_as", "imported_uid"):
            setattr(entry, name, row[name])
        is_cancelled = row["status"] is EntryStatus.CANCELLED
        entry.cancelled_at = (entry.cancelled_at or now) if is_cancelled else None
        entry.cancel_reason = (entry.cancel_reason or self.reason) if is_cancelled else ""


def _fingerprint(values: Iterable[Any]) -> str:
    return hashlib.sha256("\x1f".join(map(str, values)).encode()).hexdigest()[:20]
