"""From a repetition rule of iCalendar (RFC 5545) to a series of ours: weekly on weekdays, every n weeks, or daily."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shared_models.schedule.recurrence import LONGEST_SERIES_DAYS, Pattern, SeriesRule
from shared_models.schedule.times import wall_clock_of, zone_of

_WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_UNDERSTOOD = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"})
_ENDLESS_DAYS = 364


class UnknownRepetition(ValueError):
    """A rule that no series of ours can hold; the message names what it asks for."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """The first session of a series as wall-clock time of its own zone, and the days taken out of it."""

    first: datetime
    zone_name: str
    skipped: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class RuleInItsZone:
    """A series in the zone of the event; ``moved`` says it in the organization's."""

    rule: SeriesRule

    def moved(self, by: timedelta, start: time, time_zone: str) -> SeriesRule:
        """The rule with all its days moved by whole days, another start and another zone."""
        rule = self.rule
        return replace(
            rule,
            first_day=rule.first_day + by,
            last_day=rule.last_day + by if rule.last_day is not None else None,
            weekdays=frozenset((weekday + by.days) % 7 for weekday in rule.weekdays),
            skipped_days=frozenset(day + by for day in rule.skipped_days),
            start=start.replace(second=0, microsecond=0),
            time_zone=time_zone,
        )


def rule_of(
    written: Any, repetition: Repetition, duration_minutes: int, today: date | None
) -> tuple[RuleInItsZone, str]:
    """The series for an RRULE (icalendar's vRecur or None), and a remark when something had to be decided.

    Raises UnknownRepetition for what is neither weekly nor daily.
    """
    first_day = repetition.first.date()
    once = SeriesRule(
        pattern=Pattern.ONE_OFF,
        first_day=first_day,
        start=repetition.first.time(),
        duration_minutes=duration_minutes,
        time_zone=repetition.zone_name,
        skipped_days=repetition.skipped,
    )
    if written is None:
        return RuleInItsZone(once), ""
    if isinstance(written, list):
        raise UnknownRepetition("it has several rules")
    parts: Mapping[str, Any] = {str(name).upper(): values for name, values in written.items()}
    foreign = sorted(set(parts) - _UNDERSTOOD)
    if foreign:
        raise UnknownRepetition(f"{', '.join(foreign)} in its rule")
    frequency, interval = str(_first(parts, "FREQ", "")).upper(), int(_first(parts, "INTERVAL", 1))
    weekdays = frozenset(_weekday(str(word)) for word in parts.get("BYDAY", ()))
    count = int(parts["COUNT"][0]) if parts.get("COUNT") else None
    last_day, remark = _last_day(parts, repetition), ""
    if count is None and last_day is None:
        last_day = max(first_day, today or first_day) + timedelta(days=_ENDLESS_DAYS)
        remark = f"has no end; its sessions until {last_day:%B} {last_day.day}, {last_day.year} were taken."
    ends = replace(once, last_day=last_day, count=count)
    if frequency == "WEEKLY":
        starts_week_on_sunday = str(_first(parts, "WKST", "MO")).upper() == "SU"
        if interval > 1 and starts_week_on_sunday and len(weekdays) > 1 and 6 in weekdays:
            raise UnknownRepetition("every few weeks on Sunday and other days, its weeks beginning on Sunday")
        days = weekdays or frozenset({first_day.weekday()})
        return RuleInItsZone(replace(ends, pattern=Pattern.WEEKLY, interval=interval, weekdays=days)), remark
    if frequency == "DAILY" and weekdays and interval == 1:
        return RuleInItsZone(replace(ends, pattern=Pattern.WEEKLY, weekdays=weekdays)), remark
    if frequency == "DAILY" and not weekdays:
        return RuleInItsZone(_every_few_days(ends, interval)), remark
    raise UnknownRepetition(f"{frequency.lower() or 'without a frequency'}")


def _every_few_days(rule: SeriesRule, interval: int) -> SeriesRule:
    """A daily series; one of every n days is a daily one with the days between left out."""
    if interval == 1:
        return replace(rule, pattern=Pattern.DAILY)
    last_day = rule.last_day or rule.first_day + timedelta(days=LONGEST_SERIES_DAYS)
    if rule.count is not None:
        last_day = min(last_day, rule.first_day + timedelta(days=interval * (rule.count - 1)))
    between = frozenset(
        rule.first_day + timedelta(days=n) for n in range((last_day - rule.first_day).days + 1) if n % interval
    )
    return replace(
        rule, pattern=Pattern.DAILY, count=None, last_day=last_day, skipped_days=rule.skipped_days | between
    )


def _last_day(parts: Mapping[str, Any], repetition: Repetition) -> date | None:
    """The last day on which a session may begin, from UNTIL in UTC, in local time or as a day."""
    if not parts.get("UNTIL"):
        return None
    until = parts["UNTIL"][0]
    if not isinstance(until, datetime):
        day: date = until
        return day
    if until.tzinfo is not None:
        until = wall_clock_of(until.astimezone(UTC), zone_of(repetition.zone_name))
    return until.date() if until.time() >= repetition.first.time() else until.date() - timedelta(days=1)


def _weekday(word: str) -> int:
    if word.upper() not in _WEEKDAYS:
        raise UnknownRepetition(f"on {word}")
    return _WEEKDAYS[word.upper()]


def _first(parts: Mapping[str, Any], name: str, default: Any) -> Any:
    values = parts.get(name)
    return values[0] if values else default
