"""Changes entries that exist: moves, resizes, changes, cancels, archives and restores this one, this and the
following ones, or all of its series (product §4, "Edits").

Sessions of a series move on the wall clock, so that 16:00 stays 16:00 across daylight saving. Over a series only
entries that are still to be held change: what was completed, missed or cancelled stays as it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import derived_id
from shared_models.organization.models import Organization
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry, Series, SeriesPattern
from shared_models.schedule.operations import Rates, entry_of, rates_of, set_links
from shared_models.schedule.recurrence import DayHours, Pattern, SeriesRule, days_of
from shared_models.schedule.times import instant_of, minutes_of, time_of, wall_clock_of, zone_of
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


CHANGEABLE = frozenset({EntryStatus.SCHEDULED, EntryStatus.PENDING_PAYMENT})


def move_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    starts_at: datetime,
    *,
    scope: SeriesScope = SeriesScope.THIS,
) -> list[str]:
    """Move an entry to begin at ``starts_at`` (UTC), keeping duration and buffer; the rest of its series moves by as
    many days and wall-clock minutes. Returns the ids of the entries that moved.
    """
    entry = entry_of(session, organization_id, entry_id)
    zone = zone_of(time_zone_of(session, organization_id))
    before, after = wall_clock_of(entry.starts_at, zone), wall_clock_of(starts_at, zone)
    days = (after.date() - before.date()).days
    minutes = minutes_of(after.time()) - minutes_of(before.time())
    series, moved = _reached(session, entry, scope)
    for other in moved:
        local = wall_clock_of(other.starts_at, zone) + timedelta(days=days, minutes=minutes)
        _place(other, starts_at if other is entry else instant_of(local.date(), local.time(), zone))
        if series is not None and other.series_day is not None:
            other.series_day += timedelta(days=days)
    if series is not None:
        _shift_rule(series, days, minutes)
    return [other.id for other in moved]


def resize_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    duration_minutes: int,
    *,
    scope: SeriesScope = SeriesScope.THIS,
) -> list[str]:
    """Give entries another length in minutes; the buffer stays as long as it was. Raises ValueError below one."""
    if duration_minutes < 1:
        raise ValueError("a session takes at least one minute")
    entry = entry_of(session, organization_id, entry_id)
    series, reached = _reached(session, entry, scope)
    for other in reached:
        buffer = other.blocked_until - other.ends_at
        other.ends_at = other.starts_at + timedelta(minutes=duration_minutes)
        other.blocked_until = other.ends_at + buffer
    if series is not None:
        series.duration_minutes = duration_minutes
    return [other.id for other in reached]


def change_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    now: datetime,
    scope: SeriesScope = SeriesScope.THIS,
    **changes: Unpack[EntryChanges],
) -> list[str]:
    """Set fields of entries. Price is copied anew only when the service changes, pay when the tutor does (product
    §4). Returns the ids of the entries within reach."""
    entry = entry_of(session, organization_id, entry_id)
    series, reached = _reached(session, entry, scope)
    apply_changes(session, organization_id, reached, changes, now=now)
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
) -> None:
    """Set fields of the given entries and nothing else; see `change_entry` for price and pay."""
    fields: dict[str, Any] = dict(changes)
    student_ids = fields.pop("student_ids", None)
    room_ids = fields.pop("room_ids", None)
    has_buffer = fields.pop("has_buffer", None)
    ids = [entry.id for entry in entries]
    if student_ids is not None:
        set_links(session, organization_id, Attendee, dict.fromkeys(ids, student_ids), now=now)
    if room_ids is not None:
        set_links(session, organization_id, EntryRoom, dict.fromkeys(ids, room_ids), now=now)
    buffer = timedelta(minutes=buffer_minutes_of(session, organization_id)) if has_buffer else timedelta(0)
    rates: dict[tuple[str, str, str | None], Rates] = {}
    for entry in entries:
        service_id, tutor_id = entry.service_id, entry.tutor_id
        for name, value in fields.items():
            setattr(entry, name, value)
        if has_buffer is not None and has_buffer != (entry.blocked_until > entry.ends_at):
            entry.blocked_until = entry.ends_at + buffer
        if (entry.service_id, entry.tutor_id) == (service_id, tutor_id):
            continue
        key = (entry.service_id, entry.location_id, entry.tutor_id)
        if key not in rates:
            rates[key] = rates_of(session, organization_id, *key)
        if entry.service_id != service_id:
            entry.hourly_price_cents = rates[key].price_cents
        if entry.tutor_id != tutor_id:
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
    rescheduled_to_id: str | None = None,
) -> list[str]:
    """Cancel entries, noting who, when and why. They stay on the calendar, struck through, and conflict no more."""
    entry = entry_of(session, organization_id, entry_id)
    reached = entries_within(session, entry, scope)
    for other in reached:
        other.status = EntryStatus.CANCELLED
        other.cancelled_by_user_id = by_user_id
        other.cancelled_at = now
        other.cancel_reason = reason
    entry.rescheduled_to_id = rescheduled_to_id
    return [other.id for other in reached]


def archive_entry(
    session: Session,
    organization_id: str,
    entry_id: str,
    *,
    now: datetime,
    scope: SeriesScope = SeriesScope.THIS,
) -> list[str]:
    """Hide entries everywhere (product §2). With all of a series the series is archived as well, and entries that
    were completed or cancelled stay: they are what happened."""
    entry = entry_of(session, organization_id, entry_id)
    reached = entries_within(session, entry, scope)
    for other in reached:
        other.archived_at = now
    if scope is SeriesScope.ALL and (series := series_of(session, entry)) is not None:
        series.archived_at = now
    return [other.id for other in reached]


def restore_entry(
    session: Session, organization_id: str, entry_id: str, *, scope: SeriesScope = SeriesScope.THIS
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
            if (other.archived_at, other.cancelled_at) == together and _is_reached(entry, other, scope)
        ]
    for other in restored:
        was_archived = other.archived_at is not None
        other.archived_at = None
        if not was_archived and other.status is EntryStatus.CANCELLED:
            other.status = EntryStatus.SCHEDULED
            other.cancelled_by_user_id = None
            other.cancelled_at = None
            other.cancel_reason = ""
            other.rescheduled_to_id = None
    series = series_of(session, entry)
    if series is not None and series.archived_at is not None:
        series.archived_at = None
    return [other.id for other in restored]


def entries_within(session: Session, entry: ScheduleEntry, scope: SeriesScope) -> list[ScheduleEntry]:
    """The entries that a change of ``entry`` reaches, in order of time: the entry itself always, of its series only
    those that are still to be held."""
    if scope is SeriesScope.THIS or entry.series_id is None:
        return [entry]
    return [
        other
        for other in _of_series(session, entry)
        if other is entry
        or (other.archived_at is None and other.status in CHANGEABLE and _is_reached(entry, other, scope))
    ]


def series_of(session: Session, entry: ScheduleEntry) -> Series | None:
    """The series of an entry, or None for a one-off."""
    if entry.series_id is None:
        return None
    return session.get(Series, (entry.organization_id, entry.series_id))


def split_series(session: Session, series: Series, from_day: date, time_zone: str) -> Series:
    """Let a series end before ``from_day`` and a new one, with the same rule, begin there; the entries from that day
    on belong to the new one. Its id derives from both, so that two PCs splitting at the same day make one series."""
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
        entry.series_id = new_id
    return follower


def rule_of_series(series: Series, time_zone: str) -> SeriesRule:
    """The recurrence of a saved series, its skipped days included and closures not."""
    return SeriesRule(
        pattern=Pattern(series.pattern.value),
        first_day=series.first_day,
        start=series.start_time,
        duration_minutes=series.duration_minutes,
        time_zone=time_zone,
        weekdays=frozenset(series.weekdays),
        interval=series.interval_weeks,
        last_day=series.last_day,
        count=series.occurrence_count,
        hours_by_day=hours_of_series(series),
        skipped_days=frozenset(date.fromisoformat(day) for day in series.skipped_days),
    )


def hours_of_series(series: Series) -> dict[date, DayHours]:
    """The days of a camp whose hours differ."""
    hours = {}
    for day, (start, minutes) in series.daily_hours.items():
        clock = datetime.strptime(str(start), "%H:%M").time()
        hours[date.fromisoformat(day)] = DayHours(clock, int(minutes))
    return hours


def time_zone_of(session: Session, organization_id: str) -> str:
    """The organization's time zone. Raises NoResultFound when there is no such organization."""
    return session.scalars(
        select(Organization.time_zone).where(Organization.organization_id == organization_id)
    ).one()


def buffer_minutes_of(session: Session, organization_id: str) -> int:
    """The organization's buffer in minutes."""
    return session.scalars(
        select(Organization.default_buffer_minutes).where(Organization.organization_id == organization_id)
    ).one()


def _reached(session: Session, entry: ScheduleEntry, scope: SeriesScope) -> tuple[Series | None, list[ScheduleEntry]]:
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
            series = split_series(session, series, entry.series_day, time_zone)
            session.flush()
    return series, entries_within(session, entry, scope)


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


def _place(entry: ScheduleEntry, starts_at: datetime) -> None:
    length, buffer = entry.ends_at - entry.starts_at, entry.blocked_until - entry.ends_at
    entry.starts_at = starts_at
    entry.ends_at = starts_at + length
    entry.blocked_until = entry.ends_at + buffer


def _shift_rule(series: Series, days: int, minutes: int) -> None:
    """Move the rule of a series by whole days and wall-clock minutes, as its entries were."""
    step = timedelta(days=days)
    series.start_time = time_of((minutes_of(series.start_time) + minutes) % (24 * 60))
    if not days:
        if series.daily_hours:
            series.daily_hours = _shifted_hours(series, step, minutes)
        return
    series.first_day += step
    if series.last_day is not None:
        series.last_day += step
    if series.pattern is SeriesPattern.WEEKLY:
        series.weekdays = sorted({(weekday + days) % 7 for weekday in series.weekdays})
    series.skipped_days = [(date.fromisoformat(day) + step).isoformat() for day in series.skipped_days]
    series.daily_hours = _shifted_hours(series, step, minutes)


def _shifted_hours(series: Series, step: timedelta, minutes: int) -> dict[str, list[str | int]]:
    return {
        (day + step).isoformat(): [
            time_of((minutes_of(hours.start) + minutes) % (24 * 60)).strftime("%H:%M"),
            hours.duration_minutes,
        ]
        for day, hours in hours_of_series(series).items()
    }
