"""When the sessions of a series take place: the pattern of product §4 expanded into UTC instants.

A series is a wall-clock promise, 16:00 stays 16:00 across daylight saving, so each day is turned into an
instant of its own instead of adding weeks to the first instant.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from shared_models.schedule.times import day_offsets, instant_of, zone_of

LONGEST_SERIES_DAYS = 366 * 10


class Pattern(StrEnum):
    """How a schedule entry repeats (product §4)."""

    ONE_OFF = "ONE_OFF"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one day of a camp or workshop that differ from the rest: wall-clock, minutes."""

    start: time
    duration_minutes: int


@dataclass(frozen=True, slots=True)
class Closure:
    """Days on which a location is closed, both ends included."""

    first_day: date
    last_day: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class SeriesRule:
    """A pattern with its beginning, its end and its exceptions; all times are wall-clock in ``time_zone``.

    ``weekdays`` (Monday = 0) belong to WEEKLY alone; empty means the weekday of ``first_day``.
    ``interval`` counts calendar weeks from Monday, the week of ``first_day`` being the first.
    The end is ``last_day`` (included) or ``count``, the number of sessions of the pattern *before*
    skipped days and closures are taken out, whichever comes first; one of them is needed unless ONE_OFF.
    ``hours_by_day`` replaces start and duration on single days of a DAILY series.
    """

    pattern: Pattern
    first_day: date
    start: time
    duration_minutes: int
    time_zone: str
    weekdays: frozenset[int] = frozenset()
    interval: int = 1
    last_day: date | None = None
    count: int | None = None
    hours_by_day: Mapping[date, DayHours] = field(default_factory=dict)
    skipped_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.duration_minutes <= 0:
            raise ValueError("a session takes at least one minute")
        if self.interval < 1:
            raise ValueError("a series repeats every week or every n weeks")
        if not self.weekdays <= frozenset(range(7)):
            raise ValueError("weekdays are 0 (Monday) to 6 (Sunday)")
        if self.pattern is not Pattern.ONE_OFF and self.last_day is None and self.count is None:
            raise ValueError("a series needs a last day or a number of sessions")


class Occurrence(NamedTuple):
    """One session of a series: its day at the location, and its start and end as UTC instants."""

    day: date
    starts_at: datetime
    ends_at: datetime


def occurrences(rule: SeriesRule, closures: Iterable[Closure] = (), skip_closures: bool = True) -> list[Occurrence]:
    """Every session of the series in order, without its skipped days and, if so chosen, without closures.

    ``closures`` are those of the series' location; with ``skip_closures`` false they are kept (product §4).
    Raises UnknownTimeZone for a zone that does not exist.
    """
    zone = zone_of(rule.time_zone)
    left_out = rule.skipped_days | closed_days(rule, closures) if skip_closures else rule.skipped_days
    usual_length = timedelta(minutes=rule.duration_minutes)
    # On a day without a change of the clocks the offset of the day does, at a tenth of the price.
    offsets, combine = day_offsets(zone), datetime.combine
    usual_start = rule.start.replace(tzinfo=UTC, fold=0)
    result = []
    for day in days_of(rule):
        if day in left_out:
            continue
        if rule.hours_by_day and (hours := rule.hours_by_day.get(day)):
            starts_at = instant_of(day, hours.start, zone)
            result.append(Occurrence(day, starts_at, starts_at + timedelta(minutes=hours.duration_minutes)))
            continue
        offset = offsets[day.toordinal()]
        starts_at = instant_of(day, rule.start, zone) if offset is None else combine(day, usual_start) - offset
        result.append(Occurrence(day, starts_at, starts_at + usual_length))
    return result


def closed_days(rule: SeriesRule, closures: Iterable[Closure]) -> frozenset[date]:
    """The days of the series that fall on a closure: what is listed before saving (product §4)."""
    relevant = [
        closure
        for closure in closures
        if closure.last_day >= rule.first_day and (rule.last_day is None or closure.first_day <= rule.last_day)
    ]
    if not relevant:
        return frozenset()
    return frozenset(day for day in days_of(rule) if any(day in closure for closure in relevant))


def days_of(rule: SeriesRule) -> list[date]:
    """Every day of the pattern in order, skipped days and closures included."""
    first = rule.first_day.toordinal()
    last = first + LONGEST_SERIES_DAYS
    if rule.last_day is not None:
        last = min(last, rule.last_day.toordinal())
    if rule.pattern is Pattern.ONE_OFF:
        ordinals: Sequence[int] = range(first, min(first, last) + 1)
    elif rule.pattern is Pattern.DAILY:
        ordinals = range(first, last + 1)
    else:
        weekdays = sorted(rule.weekdays or {rule.first_day.weekday()})
        monday = first - rule.first_day.weekday()
        step = 7 * rule.interval
        if len(weekdays) == 1:
            begin = monday + weekdays[0]
            ordinals = range(begin if begin >= first else begin + step, last + 1, step)
        else:
            if rule.count is not None:
                last = min(last, monday + step * (rule.count // len(weekdays) + 2))
            ordinals = [
                week + weekday
                for week in range(monday, last + 1, step)
                for weekday in weekdays
                if first <= week + weekday <= last
            ]
    return list(map(date.fromordinal, ordinals if rule.count is None else ordinals[: max(rule.count, 0)]))


def last_day_of_weeks(first_day: date, weeks: int) -> date:
    """The last day of a series that is ``weeks`` calendar weeks long, counted from its first day."""
    return first_day + timedelta(days=7 * weeks - 1)
