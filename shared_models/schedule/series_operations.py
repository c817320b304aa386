"""Changes entries that exist: moves, resizes, changes, cancels, archives and restores this one, this and the
following ones, or all of its series (product §4, "Edits").

Sessions of a series move on the wall clock, so that 16:00 stays 16:00 across daylight saving. Over a series only
entries that are still to be held change: what was completed, missed or cancelled stays as it happened. With
``locations``, those of the person at the desk (None: all), sessions of the series elsewhere stay as they are too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import derived_id
from shared_models.schedule.acceptances import open_conflicts
from shared_models.schedule.bookings import conflicts_of_entries
from shared_models.schedule.conflicts import Conflict
from shared_models.schedule.differences import CHANGEABLE, own_fields, planned_times
from shared_models.schedule.lifecycle import check_transition, is_allowed
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series, ToTell
from shared_models.schedule.operations import (
    Rates,
    entry_of,
    links_of,
    rates_of,
    set_links,
)
from shared_models.schedule.recurrence import days_of
from shared_models.schedule.series_rules import buffer_minutes_of, rule_of_series, shift_rule, time_zone_of
from shared_models.schedule.times import instant_of, minutes_of, wall_clock_of, zone_of
from shared_models.sync.hook import fields_of


class SeriesScope(StrEnum):
    """How far a change reaches when the entry belongs to a series."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


class EntryChanges(TypedDict, total=False):
    """The fields that `change_entry` sets; those left out stay as they are."""

    location_id: str
    service_id: str
    subject_id: str | None
    topic_id: str | None
    product_id: str | None
    tutor_id: str | None
    capacity: int
    is_online: bool
    has_buffer: bool
    web_link: str
    needs_projector: bool
    supplies: str
    other_resources: str
    report_done: str
    report_homework: str
    report_next_steps: str
    report_is_shared: bool
    notes: str
    student_ids: Sequence[str]
    room_ids: Sequence[str]


def move_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    starts_at: datetime,
    *,
    scope: SeriesScope = SeriesScope.THIS,
    keep_differences: bool = True,
    locations: Collection[str] | None = None,
) -> list[str]:
    """Move an entry to begin at ``starts_at`` (UTC), keeping duration and buffer; the rest of its series moves by as
    many days and wall-clock minutes. Returns the ids of the entries within reach.

    Sessions that have a time of their own keep it, or, without ``keep_differences``, take that of the series, which
    then is the time that this entry gets.
    """
    entry = entry_of(session, organization_id, entry_id)
    zone_name = time_zone_of(session, organization_id)
    zone = zone_of(zone_name)
    series, moved = _reached(session, entry, scope, locations)
    if series is None:
        place(entry, starts_at)
        return [entry.id]
    own = own_fields(session, series, moved)
    origin = entry.starts_at
    if not keep_differences and entry.series_day is not None:
        origin, _ = planned_times(series, entry.series_day, zone_name)
    before, after = wall_clock_of(origin, zone), wall_clock_of(starts_at, zone)
    days = (after.date() - before.date()).days
    minutes = minutes_of(after.time()) - minutes_of(before.time())
    shift_rule(series, days, minutes)
    for other in moved:
        has_own_time = "starts_at" in own.get(other.id, ())
        if other.series_day is not None:
            other.series_day += timedelta(days=days)
        if other is entry:
            place(other, starts_at)
        elif not has_own_time:
            local = wall_clock_of(other.starts_at, zone) + timedelta(days=days, minutes=minutes)
            place(other, instant_of(local.date(), local.time(), zone))
        elif not keep_differences and other.series_day is not None:
            place(other, planned_times(series, other.series_day, zone_name)[0])
    return [other.id for other in moved]


def resize_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    duration_minutes: int,
    *,
    scope: SeriesScope = SeriesScope.THIS,
    keep_differences: bool = True,
    locations: Collection[str] | None = None,
) -> list[str]:
    """Give entries another length in minutes; the buffer stays as long as it was. Sessions with a length of their own
    keep it unless ``keep_differences`` is off. Raises ValueError below one minute."""
    if duration_minutes < 1:
        raise ValueError("a session takes at least one minute")
    entry = entry_of(session, organization_id, entry_id)
    series, reached = _reached(session, entry, scope, locations)
    own = own_fields(session, series, reached) if series is not None and keep_differences else {}
    for other in reached:
        if other is not entry and "duration_minutes" in own.get(other.id, ()):
            continue
        buffer = other.blocked_until - other.ends_at
        other.ends_at = other.starts_at + timedelta(minutes=duration_minutes)
        other.blocked_until = other.ends_at + buffer
    if series is not None:
        series.duration_minutes = duration_minutes
        if series.daily_hours:
            series.daily_hours = {day: [start, duration_minutes] for day, (start, _) in series.daily_hours.items()}
    return [other.id for other in reached]


def change_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    now: datetime,
    scope: SeriesScope = SeriesScope.THIS,
    keep_differences: bool = True,
    locations: Collection[str] | None = None,
    **changes: Unpack[EntryChanges],
) -> list[str]:
    """Set fields of entries. Price is copied anew only when the service changes, pay when the service or the tutor
    does (product §4). Returns the ids of the entries within reach.

    Sessions of a series that have a value of their own keep it unless ``keep_differences`` is off. Students are
    added to them and taken from them as they are added to and taken from this entry.
    """
    entry = entry_of(session, organization_id, entry_id)
    series, reached = _reached(session, entry, scope, locations)
    kept: dict[str, frozenset[str]] = {}
    if series is not None and keep_differences:
        kept = own_fields(session, series, reached)
        kept.pop(entry_id, None)
    apply_changes(session, organization_id, reached, changes, now=now, kept=kept, edited=entry)
    if series is not None:
        own = fields_of(Series)
        for name, value in changes.items():
            if name in own:
                setattr(series, name, value)
    return [other.id for other in reached]


def apply_changes(
    session: Session,
    organization_id: str,
    entries: Sequence[ScheduleEntry],
    changes: EntryChanges,
    *,
    now: datetime,
    kept: Mapping[str, Collection[str]] | None = None,
    edited: ScheduleEntry | None = None,
) -> None:
    """Set fields of the given entries and nothing else; see `change_entry` for price and pay.

    ``kept`` names by entry id the fields that stay as they are; students of such entries change as those of the
    ``edited`` one do.
    """
    kept = kept or {}
    fields: dict[str, Any] = dict(changes)
    student_ids = fields.pop("student_ids", None)
    room_ids = fields.pop("room_ids", None)
    has_buffer = fields.pop("has_buffer", None)
    ids = [entry.id for entry in entries]
    if student_ids is not None:
        own = {entry_id for entry_id in ids if "student_ids" in kept.get(entry_id, ())}
        wanted = _adjusted_students(session, organization_id, own, edited, student_ids)
        wanted |= {entry_id: list(student_ids) for entry_id in ids if entry_id not in own}
        set_links(session, organization_id, Attendee, wanted, now=now)
    if room_ids is not None:
        others = [entry_id for entry_id in ids if "room_ids" not in kept.get(entry_id, ())]
        set_links(session, organization_id, EntryRoom, dict.fromkeys(others, room_ids), now=now)
    buffer = timedelta(minutes=buffer_minutes_of(session, organization_id)) if has_buffer else timedelta(0)
    rates: dict[tuple[str, str, str | None], Rates] = {}
    for entry in entries:
        own_here = kept.get(entry.id, ())
        service_id, tutor_id = entry.service_id, entry.tutor_id
        for name, value in fields.items():
            if name not in own_here:
                setattr(entry, name, value)
        differs = has_buffer is not None and has_buffer != (entry.blocked_until > entry.ends_at)
        if differs and "has_buffer" not in own_here:
            entry.blocked_until = entry.ends_at + buffer
        if (entry.service_id, entry.tutor_id) == (service_id, tutor_id):
            continue
        key = (entry.service_id, entry.location_id, entry.tutor_id)
        if key not in rates:
            rates[key] = rates_of(session, organization_id, *key)
        if entry.service_id != service_id:
            entry.hourly_price_cents = rates[key].price_cents
        entry.hourly_pay_cents = rates[key].pay_cents


def cancel_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    reason: str,
    by_user_id: str | None,
    now: datetime,
    scope: SeriesScope = SeriesScope.THIS,
    tell: Collection[ToTell] = (),
    rescheduled_to_id: str | None = None,
    locations: Collection[str] | None = None,
) -> list[str]:
    """Cancel entries, noting who, when and why, and who is to be told. They stay on the calendar, struck through, and
    conflict no more. Raises NotAllowedNow when all of them were held, missed or cancelled already."""
    entry = entry_of(session, organization_id, entry_id)
    reached = entries_within(session, entry, scope, locations)
    if len(reached) == 1:
        check_transition(entry.status, EntryStatus.CANCELLED)
    elif not is_allowed(entry.status, EntryStatus.CANCELLED):
        reached.remove(entry)
    for other in reached:
        other.status = EntryStatus.CANCELLED
        other.cancelled_by_user_id = by_user_id
        other.cancelled_at = now
        other.cancel_reason = reason
        other.people_to_tell = sorted({one.value for one in tell})
    if rescheduled_to_id is not None:
        entry.rescheduled_to_id = rescheduled_to_id
    return [other.id for other in reached]


def archive_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    now: datetime,
    scope: SeriesScope = SeriesScope.THIS,
    locations: Collection[str] | None = None,
) -> list[str]:
    """Hide entries everywhere (product §2). With all of a series the series is archived as well, unless sessions of
    it stay at other locations; and entries that were completed or cancelled stay: they are what happened."""
    entry = entry_of(session, organization_id, entry_id)
    reached = entries_within(session, entry, scope, locations)
    for other in reached:
        other.archived_at = now
    series = series_of(session, entry) if scope is SeriesScope.ALL else None
    if series is not None and not entries_elsewhere(session, entry, scope, locations):
        series.archived_at = now
    return [other.id for other in reached]


def restore_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    scope: SeriesScope = SeriesScope.THIS,
    locations: Collection[str] | None = None,
) -> list[str]:
    """Bring archived or cancelled entries back as scheduled ones. Over a series those return that went together with
    this one. Their conflicts are to be looked at again (`bookings.conflicts_of_entries`).
    """
    entry = entry_of(session, organization_id, entry_id)
    restored = [entry]
    if scope is not SeriesScope.THIS and entry.series_id is not None:
        together = (entry.archived_at, entry.cancelled_at)
        restored = [
            other
            for other in _of_series(session, entry)
            if (other.archived_at, other.cancelled_at) == together
            and _is_reached(entry, other, scope)
            and _is_at(other, locations)
        ]
    for other in restored:
        was_archived = other.archived_at is not None
        other.archived_at = None
        if not was_archived and other.status is EntryStatus.CANCELLED:
            other.status = EntryStatus.SCHEDULED
            other.cancelled_by_user_id = None
            other.cancelled_at = None
            other.cancel_reason = ""
            other.people_to_tell = []
            other.rescheduled_to_id = None
    series = series_of(session, entry)
    if series is not None and series.archived_at is not None:
        series.archived_at = None
    return [other.id for other in restored]


@dataclass(frozen=True, slots=True)
class Restored:
    """The entries that are back, and the conflicts that they have now and nobody has accepted."""

    entry_ids: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


def restore_and_check(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    scope: SeriesScope = SeriesScope.THIS,
    locations: Collection[str] | None = None,
) -> Restored:
    """Restore as `restore_entry` does, and look at the conflicts again (product §2, "archive")."""
    ids = restore_entry(session, organization_id, entry_id, scope=scope, locations=locations)
    session.flush()
    found = open_conflicts(session, organization_id, conflicts_of_entries(session, organization_id, ids))
    return Restored(tuple(ids), tuple(found))


def entries_within(
    session: Session, entry: ScheduleEntry, scope: SeriesScope, locations: Collection[str] | None = None
) -> list[ScheduleEntry]:
    """The entries that a change of ``entry`` reaches, in order of time: the entry itself always, of its series only
    those that are still to be held."""
    if scope is SeriesScope.THIS or entry.series_id is None:
        return [entry]
    return [
        other
        for other in _of_series(session, entry)
        if other is entry or (_is_to_come(other) and _is_reached(entry, other, scope) and _is_at(other, locations))
    ]


def entries_elsewhere(
    session: Session, entry: ScheduleEntry, scope: SeriesScope, locations: Collection[str] | None
) -> list[ScheduleEntry]:
    """The entries that a change of ``entry`` would reach too, were they not at other than these locations: they stay
    as they are. In order of time."""
    if scope is SeriesScope.THIS or entry.series_id is None or locations is None:
        return []
    return [
        other
        for other in _of_series(session, entry)
        if other is not entry
        and _is_to_come(other)
        and _is_reached(entry, other, scope)
        and not _is_at(other, locations)
    ]


def series_of(session: Session, entry: ScheduleEntry) -> Series | None:
    """The series of an entry, or None for a one-off."""
    if entry.series_id is None:
        return None
    return session.get(Series, (entry.organization_id, entry.series_id))


def split_series(
    session: Session, series: Series, from_day: date, time_zone: str, locations: Collection[str] | None = None
) -> Series:
    """Let a series end before ``from_day`` and a new one, with the same rule, begin there; the entries from that day
    on belong to the new one, but for those at other than these ``locations``. Its id derives from both, so that two
    PCs splitting at the same day make one series."""
    new_id = derived_id(series.id, "from", from_day.isoformat())
    fields = {name: getattr(series, name) for name in fields_of(Series)}
    last_day = max([from_day, *days_of(rule_of_series(series, time_zone))])
    fields |= {"first_day": from_day, "last_day": last_day, "occurrence_count": None, "imported_uid": ""}
    follower = session.get(Series, (series.organization_id, new_id))
    if follower is None:
        follower = Series(organization_id=series.organization_id, id=new_id, **fields)
        session.add(follower)
    else:
        for name, value in fields.items():
            setattr(follower, name, value)
    series.last_day = from_day - timedelta(days=1)
    series.occurrence_count = None
    statement = select(ScheduleEntry).where(
        ScheduleEntry.organization_id == series.organization_id,
        ScheduleEntry.series_id == series.id,
        ScheduleEntry.series_day >= from_day,
    )
    for entry in session.scalars(statement).all():
        if _is_at(entry, locations):
            entry.series_id = new_id
    return follower


def _reached(
    session: Session, entry: ScheduleEntry, scope: SeriesScope, locations: Collection[str] | None
) -> tuple[Series | None, list[ScheduleEntry]]:
    """The entries that an edit reaches and the series whose rule it changes, split off first where the edit begins
    in the middle of one; no series when the edit is of one entry."""
    series = series_of(session, entry)
    if scope is SeriesScope.THIS or series is None:
        return None, [entry]
    if scope is SeriesScope.FOLLOWING and entry.series_day is not None:
        earlier = any(
            other.archived_at is None and not _is_reached(entry, other, scope) for other in _of_series(session, entry)
        )
        if earlier:
            time_zone = time_zone_of(session, entry.organization_id)
            series = split_series(session, series, entry.series_day, time_zone, locations)
            session.flush()
    return series, entries_within(session, entry, scope, locations)


def _of_series(session: Session, entry: ScheduleEntry) -> Sequence[ScheduleEntry]:
    return session.scalars(
        select(ScheduleEntry)
        .where(
            ScheduleEntry.organization_id == entry.organization_id,
            ScheduleEntry.series_id == entry.series_id,
        )
        .order_by(ScheduleEntry.starts_at, ScheduleEntry.id)
    ).all()


def _is_reached(entry: ScheduleEntry, other: ScheduleEntry, scope: SeriesScope) -> bool:
    if scope is SeriesScope.ALL or other is entry:
        return True
    if entry.series_day is None or other.series_day is None:
        return other.starts_at >= entry.starts_at
    return other.series_day >= entry.series_day


def _is_to_come(entry: ScheduleEntry) -> bool:
    return entry.archived_at is None and entry.status in CHANGEABLE


def _is_at(entry: ScheduleEntry, locations: Collection[str] | None) -> bool:
    return locations is None or entry.location_id in locations


def place(entry: ScheduleEntry, starts_at: datetime) -> None:
    """Let an entry begin at another instant (UTC) with the length and buffer it has."""
    length, buffer = entry.ends_at - entry.starts_at, entry.blocked_until - entry.ends_at
    entry.starts_at = starts_at
    entry.ends_at = starts_at + length
    entry.blocked_until = entry.ends_at + buffer


def _adjusted_students(
    session: Session,
    organization_id: str,
    entry_ids: Collection[str],
    edited: ScheduleEntry | None,
    student_ids: Iterable[str],
) -> dict[str, list[str]]:
    """The students of sessions that have others than usual, when the edit of one session adds and takes away some."""
    if not entry_ids or edited is None:
        return {}
    held: dict[str, set[str]] = {entry_id: set() for entry_id in (*entry_ids, edited.id)}
    for row in links_of(session, organization_id, Attendee, list(held)):
        held[row.entry_id].add(row.student_id)
    added, taken = set(student_ids) - held[edited.id], held[edited.id] - set(student_ids)
    return {entry_id: sorted((held[entry_id] | added) - taken) for entry_id in entry_ids}
