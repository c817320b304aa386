"""From a repetition rule of iCalendar (RFC 5545) to a series of ours, weekly on weekdays, every n weeks or daily; or,
for rules that no series can hold, to the times of their sessions one by one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from shared_models.exchange.calendar_lines import moment_of
from shared_models.exchange.zones import Zone
from shared_models.schedule.recurrence import LONGEST_SERIES_DAYS, Pattern, SeriesRule

ENDLESS = timedelta(days=364)
MOST_SESSIONS = 5000
_MOST_PASSED = 100_000
_WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_HELD = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"})
_KNOWN = _HELD | {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"}
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ONE_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_DAY = timedelta(days=1)


class UnknownRepetition(ValueError):
    """A rule that cannot be read; the message names what is wrong with it."""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """An RRULE taken apart and checked. ``until`` is a day, wall-clock (naive), or an instant in UTC."""

    frequency: str
    interval: int
    count: int | None
    until: date | datetime | None
    days: tuple[str, ...]
    week_starts: str
    others: Mapping[str, str]

    @property
    def is_endless(self) -> bool:
        return self.count is None and self.until is None

    def last_moment(self, zone: Zone) -> datetime | None:
        """Until when a session may begin, as wall-clock time of the event's zone."""
        if self.until is None:
            return None
        if not isinstance(self.until, datetime):
            return datetime.combine(self.until, time(23, 59, 59))
        return zone.of_utc(self.until) if self.until.tzinfo is not None else self.until


def written_rule(text: str) -> WrittenRule:
    """Take an RRULE apart: also with escaped separators, spaces between, or its name said twice.

    Raises UnknownRepetition.
    """
    cleaned = re.sub(r"\s+", "", text.replace("\\", "")).upper()
    cleaned = cleaned.removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for part in cleaned.split(";"):
        name, _, value = part.partition("=")
        if not part:
            continue
        if name not in _KNOWN or not value:
            raise UnknownRepetition(f"“{part}” in its rule")
        parts[name] = value
    frequency = parts.get("FREQ", "")
    if frequency not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        raise UnknownRepetition(frequency.lower() or "without saying how often")
    days = tuple(parts["BYDAY"].split(",")) if "BYDAY" in parts else ()
    for day in days:
        if not _ONE_DAY.fullmatch(day):
            raise UnknownRepetition(f"on “{day}”")
    until = moment_of(parts["UNTIL"]) if "UNTIL" in parts else None
    if "UNTIL" in parts and until is None:
        raise UnknownRepetition(f"until “{parts['UNTIL']}”")
    week_starts = parts.get("WKST", "MO")
    return WrittenRule(
        frequency=frequency,
        interval=_number(parts.get("INTERVAL", "1")),
        count=_number(parts["COUNT"]) if "COUNT" in parts else None,
        until=until,
        days=days,
        week_starts=week_starts if week_starts in _WEEKDAYS else "MO",
        others={name: value for name, value in parts.items() if name not in _HELD},
    )


def by_days(rule: WrittenRule) -> WrittenRule:
    """The rule of an event of whole days: of the time until when it repeats the day counts, as written."""
    return replace(rule, until=rule.until.date()) if isinstance(rule.until, datetime) else rule


def series_rule(
    written: WrittenRule, first: datetime, zone: Zone, duration_minutes: int, today: date | None
) -> tuple[SeriesRule | None, str]:
    """The series of a rule in the zone of its event, and a remark when something had to be decided.

    ``first`` is the event's own beginning, which need not be a day of the series. None when no series can hold
    the rule: then `starts_of` tells its sessions.
    """
    if written.others or any(day not in _WEEKDAYS for day in written.days):
        return None, ""
    weekdays = frozenset(_WEEKDAYS[day] for day in written.days)
    first_day, remark = first.date(), ""
    last_day = _last_day(written, first, zone)
    latest = max(first_day, today or first_day) + ENDLESS
    if written.is_endless:
        last_day = latest
        remark = f"has no end; its sessions until {_spoken(last_day)} were taken."
    elif last_day is not None and (last_day - first_day).days > LONGEST_SERIES_DAYS:
        last_day = min(last_day, latest)
    rule = SeriesRule(
        pattern=Pattern.DAILY,
        first_day=first_day,
        start=first.time().replace(second=0, microsecond=0),
        duration_minutes=duration_minutes,
        time_zone=zone.name,
        last_day=last_day,
        count=written.count,
    )
    if written.frequency == "WEEKLY" or (written.frequency == "DAILY" and weekdays and written.interval == 1):
        if written.interval > 1 and not _has_weeks_like_ours(written, weekdays | {first_day.weekday()}):
            return None, ""
        rule = replace(
            rule,
            pattern=Pattern.WEEKLY,
            interval=written.interval if written.frequency == "WEEKLY" else 1,
            weekdays=weekdays or frozenset({first_day.weekday()}),
        )
    elif written.frequency != "DAILY" or weekdays:
        return None, ""
    if rule.count is not None and rule.count * 7 * rule.interval * written.interval > LONGEST_SERIES_DAYS:
        return None, ""
    if last_day is not None and (last_day - first_day).days > LONGEST_SERIES_DAYS:
        rule = _begun_later(rule, latest - 2 * ENDLESS, written.interval)
        remark = f"has run for many years; only its sessions from {_spoken(rule.first_day)} on were taken."
    if rule.pattern is Pattern.DAILY and written.interval > 1:
        rule = _every_few_days(rule, written.interval)
    return rule, remark


def starts_of(written: WrittenRule, first: datetime, zone: Zone, first_day: date, last_day: date) -> list[datetime]:
    """When the sessions of any rule begin, as wall-clock time of the event's zone, within the days given.

    At most `MOST_SESSIONS` of them. Raises UnknownRepetition for numbers that no rule may have.
    """
    from dateutil.rrule import rrulestr

    if not _can_happen(written, first):
        return []
    parts = [f"FREQ={written.frequency}", f"INTERVAL={written.interval}", f"WKST={written.week_starts}"]
    parts += [f"{name}={value}" for name, value in written.others.items()]
    if written.days:
        parts.append(f"BYDAY={','.join(written.days)}")
    if written.count is not None:
        parts.append(f"COUNT={written.count}")
    last = datetime.combine(last_day, time(23, 59, 59))
    until = written.last_moment(zone)
    last = min(last, until) if until is not None else last
    starts: list[datetime] = []
    try:
        for number, start in enumerate(rrulestr(";".join(parts), dtstart=first)):
            if start > last or len(starts) >= MOST_SESSIONS:
                break
            if number > _MOST_PASSED:
                raise UnknownRepetition("far too often")
            if start.date() >= first_day:
                starts.append(start)
    except UnknownRepetition:
        raise
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError) as error:
        raise UnknownRepetition(f"its rule is broken ({error})") from error
    return starts


def moved_rule(rule: SeriesRule, days: int, start: time, time_zone: str) -> SeriesRule:
    """A rule with all its days moved by whole days, another start and another zone."""
    by = timedelta(days=days)
    return replace(
        rule,
        first_day=rule.first_day + by,
        last_day=rule.last_day + by if rule.last_day is not None else None,
        weekdays=frozenset((weekday + days) % 7 for weekday in rule.weekdays),
        skipped_days=frozenset(day + by for day in rule.skipped_days),
        start=start.replace(second=0, microsecond=0),
        time_zone=time_zone,
    )


def without(rule: SeriesRule, days: Iterable[date]) -> SeriesRule:
    """A rule with more days left out."""
    return replace(rule, skipped_days=rule.skipped_days | frozenset(days))


def _has_weeks_like_ours(written: WrittenRule, weekdays: frozenset[int]) -> bool:
    """Whether counting weeks from Monday, as a series does, gives the same days as the rule's own weeks, the day of
    its first session being one of ``weekdays``."""
    return written.week_starts == "MO" or len(weekdays) == 1 or (written.week_starts == "SU" and 6 not in weekdays)


def _every_few_days(rule: SeriesRule, interval: int) -> SeriesRule:
    """A daily series of every n days, as one of every day with the days between left out."""
    last_day = rule.last_day or rule.first_day + timedelta(days=LONGEST_SERIES_DAYS)
    if rule.count is not None:
        last_day = min(last_day, rule.first_day + timedelta(days=interval * (rule.count - 1)))
    between = frozenset(
        rule.first_day + timedelta(days=n) for n in range((last_day - rule.first_day).days + 1) if n % interval
    )
    return replace(rule, count=None, last_day=last_day, skipped_days=rule.skipped_days | between)


def _begun_later(rule: SeriesRule, earliest: date, interval: int) -> SeriesRule:
    """The same days, without those before ``earliest``."""
    if rule.pattern is Pattern.DAILY:
        passed = -(-(earliest - rule.first_day).days // interval) * interval
        return replace(rule, first_day=rule.first_day + passed * _DAY)
    monday = rule.first_day - rule.first_day.weekday() * _DAY
    weeks = -(-(earliest - monday).days // (7 * rule.interval)) * rule.interval
    return replace(rule, first_day=monday + 7 * weeks * _DAY)


def _last_day(written: WrittenRule, first: datetime, zone: Zone) -> date | None:
    """The last day on which a session may begin, from UNTIL in UTC, in local time or as a day."""
    until = written.last_moment(zone)
    if until is None:
        return None
    return until.date() if until.time() >= first.time() else until.date() - _DAY


def _can_happen(written: WrittenRule, first: datetime) -> bool:
    """False for rules such as 30 February, which would be looked for until the year 9999."""
    if written.frequency not in ("DAILY", "WEEKLY"):
        return True
    if any(name in written.others for name in ("BYYEARDAY", "BYWEEKNO", "BYSETPOS")):
        raise UnknownRepetition("by parts of the year in a daily or weekly rule")
    if written.frequency == "DAILY" and written.interval % 7 == 0 and written.days:
        return any(_WEEKDAYS.get(day[-2:]) == first.weekday() for day in written.days)
    days, months = written.others.get("BYMONTHDAY"), written.others.get("BYMONTH")
    if days is None:
        return True
    lengths = [_LONGEST_MONTH[(_number(month) - 1) % 12] for month in months.split(",")] if months else [31]
    return any(0 < abs(_signed(day)) <= length for day in days.split(",") for length in lengths)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= 1_000_000:
        raise UnknownRepetition(f"with the number “{text}”")
    return int(text)


def _signed(text: str) -> int:
    return -_number(text[1:]) if text[:1] == "-" else _number(text.removeprefix("+"))


def _spoken(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
