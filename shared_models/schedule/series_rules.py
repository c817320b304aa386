"""The rule that a saved series follows: as a recurrence, as hours of single days, and moved on the wall clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.organization.models import Organization
from shared_models.schedule.models import Series, SeriesPattern
from shared_models.schedule.recurrence import DayHours, Pattern, SeriesRule
from shared_models.schedule.times import minutes_of, time_of


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


def shift_rule(series: Series, days: int, minutes: int) -> None:
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
