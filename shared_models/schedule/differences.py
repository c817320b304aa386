"""How single sessions of a series depart from it, so that an edit of the whole series can leave them as they are or,
when the person says so, make them like the rest (product §4, "Edits")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.operations import links_of
from shared_models.schedule.series_rules import hours_of_series, time_zone_of
from shared_models.schedule.times import instant_of, wall_clock_of, zone_of

CHANGEABLE = frozenset({EntryStatus.SCHEDULED, EntryStatus.PENDING_PAYMENT})
"""An entry that is still to be held: only those change with their series."""

_OF_SERIES = (
    "location_id", "service_id", "subject_id", "topic_id", "product_id", "tutor_id", "capacity", "is_online",
)  # fmt: skip
_OF_MOST = ("web_link", "needs_projector", "supplies", "other_resources")
_WORDS = {
    "starts_at": "time", "duration_minutes": "length", "has_buffer": "buffer", "location_id": "location",
    "service_id": "service", "subject_id": "subject", "topic_id": "topic", "product_id": "product",
    "tutor_id": "tutor", "capacity": "capacity", "is_online": "place", "student_ids": "students",
    "room_ids": "room", "web_link": "web link", "needs_projector": "projector", "supplies": "supplies",
    "other_resources": "resources",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """A session that is not like its series. ``fields`` are names as `change_entry` takes them, and ``starts_at`` and
    ``duration_minutes``; ``starts`` is the session's wall-clock start, ``day`` the day its series gives it."""

    entry_id: str
    day: date | None
    starts: datetime
    fields: frozenset[str]

    @property
    def words(self) -> str:
        """What is different, for a list: "time and tutor"."""
        named = [word for name, word in _WORDS.items() if name in self.fields]
        return " and ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else "".join(named)


def differences_of(
    session: Session,
    organization_id: str,
    series_id: str,
    *,
    from_day: date | None = None,
    locations: Collection[str] | None = None,
) -> list[Difference]:
    """The sessions still to be held that differ from their series, in order of time; with ``from_day`` those from
    that day of the series on, with ``locations`` those there. Empty for a series that is not there."""
    series = session.get(Series, (organization_id, series_id))
    if series is None:
        return []
    statement = (
        select(ScheduleEntry)
        .where(
            ScheduleEntry.organization_id == organization_id,
            ScheduleEntry.series_id == series_id,
            ScheduleEntry.archived_at.is_(None),
            ScheduleEntry.status.in_(CHANGEABLE),
        )
        .order_by(ScheduleEntry.starts_at, ScheduleEntry.id)
    )
    if from_day is not None:
        statement = statement.where(ScheduleEntry.series_day >= from_day)
    if locations is not None:
        statement = statement.where(ScheduleEntry.location_id.in_(locations))
    entries = session.scalars(statement).all()
    zone = zone_of(time_zone_of(session, organization_id))
    own = own_fields(session, series, entries)
    return [
        Difference(entry.id, entry.series_day, wall_clock_of(entry.starts_at, zone), own[entry.id])
        for entry in entries
        if entry.id in own
    ]


def own_fields(session: Session, series: Series, entries: Sequence[ScheduleEntry]) -> dict[str, frozenset[str]]:
    """The fields in which each of the given sessions differs from its series; those like it are left out.

    A series keeps no students, rooms and resources of its own: what most of the given sessions hold is usual.
    """
    zone_name = time_zone_of(session, series.organization_id)
    ids = [entry.id for entry in entries]
    students: dict[str, frozenset[str]] = dict.fromkeys(ids, frozenset())
    rooms = dict(students)
    for attendee in links_of(session, series.organization_id, Attendee, ids):
        students[attendee.entry_id] |= {attendee.student_id}
    for room in links_of(session, series.organization_id, EntryRoom, ids):
        rooms[room.entry_id] |= {room.room_id}
    usual: dict[str, Any] = {name: getattr(series, name) for name in _OF_SERIES}
    usual |= {name: _most(getattr(entry, name) for entry in entries) for name in _OF_MOST}
    # With a buffer of no minutes nothing shows whether it is on, so the series' own word would not do.
    usual_buffer = _most(_has_buffer(entry) for entry in entries)
    usual["student_ids"] = _most(students[entry_id] for entry_id in ids)
    usual["room_ids"] = _most(rooms[entry.id] for entry in entries if not entry.is_online)
    own = {}
    for entry in entries:
        fields = {name for name in (*_OF_SERIES, *_OF_MOST) if getattr(entry, name) != usual[name]}
        if students[entry.id] != usual["student_ids"]:
            fields.add("student_ids")
        if not entry.is_online and rooms[entry.id] != usual["room_ids"]:
            fields.add("room_ids")
        if _has_buffer(entry) != usual_buffer:
            fields.add("has_buffer")
        fields |= _times_of_its_own(entry, series, zone_name)
        if fields:
            own[entry.id] = frozenset(fields)
    return own


def planned_times(series: Series, day: date, zone_name: str) -> tuple[datetime, int]:
    """When a series would hold its session of a day (UTC), and for how many minutes."""
    hours = hours_of_series(series).get(day)
    start = hours.start if hours else series.start_time
    minutes = hours.duration_minutes if hours else series.duration_minutes
    return instant_of(day, start, zone_of(zone_name)), minutes


def touched(
    differences: Iterable[Difference], fields: Collection[str], *, without: Collection[str] = ()
) -> list[Difference]:
    """Which differences an edit of ``fields`` would undo if it made all sessions alike: whether to ask, and about
    what. ``without`` names the entry that the person is editing."""
    wanted = frozenset(fields)
    return [one for one in differences if one.entry_id not in without and one.fields & wanted]


def _times_of_its_own(entry: ScheduleEntry, series: Series, zone_name: str) -> set[str]:
    fields = set()
    if entry.series_day is not None:
        starts_at, minutes = planned_times(series, entry.series_day, zone_name)
        if entry.starts_at != starts_at:
            fields.add("starts_at")
        if entry.ends_at - entry.starts_at != timedelta(minutes=minutes):
            fields.add("duration_minutes")
    return fields


def _has_buffer(entry: ScheduleEntry) -> bool:
    return entry.blocked_until > entry.ends_at


def _most(values: Iterable[Any]) -> Any:
    """The most frequent value, the first of equals; None of none."""
    common = Counter(values).most_common(1)
    return common[0][0] if common else None
