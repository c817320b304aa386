"""What a person has entered about a new schedule entry or series, before anything is saved, and the sessions
that it stands for: the form, the conflict check and the saving all look at the same plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from shared_models.base import derived_id
from shared_models.schedule.conflicts import Booking
from shared_models.schedule.prices import amount_cents
from shared_models.schedule.recurrence import (
    Closure,
    DayHours,
    Pattern,
    SeriesRule,
    closed_days,
    days_of,
)
from shared_models.schedule.times import blocked_until, instant_of, zone_of

LONGEST_SESSION_MINUTES = 24 * 60 - 1


@dataclass(frozen=True, slots=True)
class SessionChange:
    """How one session of a series differs from the rest: another day, another wall-clock start, other rooms.
    What is None stays as in the series."""

    day: date | None = None
    start: time | None = None
    room_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """Every field of the entry form (product §4). Day and time are wall-clock at the location.

    ``weekdays`` (Monday = 0) belong to weekly series; empty means the weekday of ``first_day``. A series ends with
    ``last_day`` (included) or after ``occurrence_count`` sessions. With ``skips_closures`` the days on which the
    location is closed are left out, but for ``kept_days``. ``changes`` holds single sessions that differ, by the
    day that the pattern gives them. ``days_elsewhere`` are those of sessions of the series that stay as they are, at
    locations of others, and ``days_here`` those of the others: no session is planned where one elsewhere stands for
    it.
    """

    location_id: str
    service_id: str
    first_day: date
    start: time
    duration_minutes: int = 60
    subject_id: str | None = None
    topic_id: str | None = None
    product_id: str | None = None
    capacity: int = 1
    tutor_id: str | None = None
    student_ids: tuple[str, ...] = ()
    pattern: Pattern = Pattern.ONE_OFF
    weekdays: frozenset[int] = frozenset()
    interval_weeks: int = 1
    last_day: date | None = None
    occurrence_count: int | None = None
    hours_by_day: Mapping[date, DayHours] = field(default_factory=dict)
    has_buffer: bool = True
    skips_closures: bool = True
    kept_days: frozenset[date] = frozenset()
    skipped_days: frozenset[date] = frozenset()
    changes: Mapping[date, SessionChange] = field(default_factory=dict)
    days_elsewhere: frozenset[date] = frozenset()
    days_here: frozenset[date] = frozenset()
    room_ids: tuple[str, ...] = ()
    is_online: bool = False
    web_link: str = ""
    needs_projector: bool = False
    supplies: str = ""
    other_resources: str = ""

    @property
    def is_series(self) -> bool:
        return self.pattern is not Pattern.ONE_OFF


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """One session of a draft: the day that the pattern gives it, and when it really takes place (UTC)."""

    entry_id: str
    day: date
    starts_at: datetime
    ends_at: datetime
    blocked_until: datetime
    room_ids: tuple[str, ...]

    @property
    def duration_minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


@dataclass(frozen=True, slots=True)
class Plan:
    """The sessions of a draft in order of their days, and the days left out because the location is closed."""

    sessions: tuple[PlannedSession, ...]
    closed_days: tuple[date, ...] = ()

    def price_cents(self, hourly_price_cents: int) -> int:
        """What all sessions cost together: each rounded by itself, as each is invoiced (product §4)."""
        return sum(amount_cents(hourly_price_cents, session.duration_minutes) for session in self.sessions)


def rule_of(draft: EntryDraft, time_zone: str) -> SeriesRule:
    """The recurrence of a draft, its skipped days included and closures not.

    Raises ValueError, with a sentence for the person, for a series without an end or a session without a length.
    """
    if draft.duration_minutes > LONGEST_SESSION_MINUTES:
        raise ValueError("a session ends within a day")
    return SeriesRule(
        pattern=draft.pattern,
        first_day=draft.first_day,
        start=draft.start,
        duration_minutes=draft.duration_minutes,
        time_zone=time_zone,
        weekdays=draft.weekdays,
        interval=draft.interval_weeks,
        last_day=draft.last_day if draft.is_series else None,
        count=draft.occurrence_count if draft.is_series else None,
        hours_by_day=draft.hours_by_day,
        skipped_days=draft.skipped_days,
    )


def plan_of(
    draft: EntryDraft, owner_id: str, *, time_zone: str, buffer_minutes: int, closures: tuple[Closure, ...] = ()
) -> Plan:
    """Every session of ``draft``.

    ``owner_id`` is the id of the series (sessions then derive theirs from it and their day) or, for a one-off, of
    the entry itself. A one-off on a closure is kept: somebody chose that day. ``closures`` are the location's.
    Raises ValueError as `rule_of` does.
    """
    rule = rule_of(draft, time_zone)
    left_out: frozenset[date] = frozenset()
    if draft.is_series and draft.skips_closures:
        left_out = closed_days(rule, closures) - draft.kept_days
    days = [day for day in days_of(rule) if day not in draft.skipped_days and day not in left_out]
    if draft.is_series and draft.days_elsewhere:
        stood_for = _stood_for(days, draft.days_elsewhere, draft.days_here)
        days = [day for day in days if day not in stood_for]
    sessions = [_session(draft, day, owner_id, time_zone, buffer_minutes) for day in days]
    return Plan(tuple(sessions), tuple(sorted(left_out - draft.skipped_days)))


def matched_days(wanted: Iterable[date], held: Iterable[date]) -> dict[date, date]:
    """Which day of a new pattern each day of the old one becomes: the same day, or else one of the same week."""
    wanted_days, held_days = set(wanted), set(held)
    matched = {day: day for day in sorted(wanted_days & held_days)}
    spare: dict[date, list[date]] = defaultdict(list)
    for day in sorted(held_days - wanted_days):
        spare[_monday(day)].append(day)
    for day in sorted(wanted_days - held_days):
        if spare[_monday(day)]:
            matched[spare[_monday(day)].pop(0)] = day
    return matched


def _stood_for(days: Iterable[date], elsewhere: frozenset[date], here: frozenset[date]) -> set[date]:
    """The planned days that a session elsewhere takes the place of."""
    return {day for held, day in matched_days(days, elsewhere | here).items() if held in elsewhere}


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def bookings_of_plan(plan: Plan, draft: EntryDraft) -> list[Booking]:
    """What the sessions of a plan would hold: for the conflict check, which works on epoch seconds."""
    tutor_id, student_ids = draft.tutor_id, draft.student_ids
    return [
        Booking(
            session.entry_id,
            int(session.starts_at.timestamp()),
            int(session.ends_at.timestamp()),
            int(session.blocked_until.timestamp()),
            tutor_id,
            session.room_ids,
            student_ids,
        )
        for session in plan.sessions
    ]


def _session(draft: EntryDraft, day: date, owner_id: str, time_zone: str, buffer_minutes: int) -> PlannedSession:
    hours = draft.hours_by_day.get(day)
    start = hours.start if hours else draft.start
    minutes = hours.duration_minutes if hours else draft.duration_minutes
    held_on, room_ids = day, draft.room_ids
    if (change := draft.changes.get(day)) is not None:
        held_on = change.day or day
        start = change.start or start
        room_ids = room_ids if change.room_ids is None else change.room_ids
    starts_at = instant_of(held_on, start, zone_of(time_zone))
    ends_at = starts_at + timedelta(minutes=minutes)
    return PlannedSession(
        entry_id=derived_id(owner_id, day.isoformat()) if draft.is_series else owner_id,
        day=day,
        starts_at=starts_at,
        ends_at=ends_at,
        blocked_until=blocked_until(ends_at, buffer_minutes, draft.has_buffer),
        room_ids=() if draft.is_online else room_ids,
    )
