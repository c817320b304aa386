"""Plain arithmetic on the times of a schedule entry: its end, its blocked time, the grid, and the
step between wall-clock time at a location and the UTC instant that is stored."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FIXED_OFFSET = re.compile(r"(?:UTC|GMT)(?:([+-])(\d{1,2})(?::?(\d{2}))?)?", re.IGNORECASE)

_DAY = 86_400
_EPOCH = datetime(1970, 1, 1)


class UnknownTimeZone(ValueError):
    """The text is neither an IANA zone nor a fixed offset such as ``UTC-5``."""


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """The zone for an IANA name ("America/New_York") or a fixed offset ("UTC-5", "UTC+05:30").

    Both are accepted for an organization (product §2). Raises UnknownTimeZone for anything else.
    """
    match = _FIXED_OFFSET.fullmatch(name.strip())
    if match:
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        if offset >= timedelta(hours=24):
            raise UnknownTimeZone(name)
        return timezone(-offset if sign == "-" else offset)
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZone(name) from error


def instant_of(day: date, wall_time: time, zone: tzinfo) -> datetime:
    """The UTC instant at which a clock at the location shows ``wall_time`` on ``day``.

    A time that happens twice (clocks go back) means the first of the two; a time that never happens
    (clocks go forward) is moved forward by the missing hour.
    """
    return datetime.combine(day, wall_time.replace(fold=0), zone).astimezone(UTC)


class DayOffsets(dict[int, timedelta | None]):
    """How far a zone is ahead of UTC on each day (keyed by ordinal), found on demand; None on a day on which the
    clocks change, whose times `instant_of` tells one by one."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, ordinal: int) -> timedelta | None:
        midnight = datetime.fromordinal(ordinal).replace(tzinfo=self._zone)
        begins, ends = midnight.utcoffset(), (midnight + timedelta(days=1)).utcoffset()
        offset = self[ordinal] = begins if begins == ends else None
        return offset


@lru_cache(maxsize=256)
def day_offsets(zone: tzinfo) -> DayOffsets:
    """The offsets of a zone, the same object each time, so that thousands of sessions share what was found."""
    return DayOffsets(zone)


def wall_clock_of(instant: datetime, zone: tzinfo) -> datetime:
    """What clock and calendar at the location show at ``instant``, as a naive datetime."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


class WallClocks(dict[int, datetime]):
    """What `wall_clock_of` says at instants given as epoch seconds, found on demand: a year of sessions begins and
    ends at few different times, and on a day without a change of the clocks each of them is an addition."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone
        self._day = -1
        self._midnight: datetime | None = None

    def __missing__(self, seconds: int) -> datetime:
        day = seconds // _DAY
        if day != self._day:
            self._day, self._midnight = day, self._midnight_of(day)
        if self._midnight is None:
            shown = wall_clock_of(self._at(seconds), self._zone)
        else:
            shown = self._midnight + timedelta(0, seconds - day * _DAY)
        self[seconds] = shown
        return shown

    def _midnight_of(self, day: int) -> datetime | None:
        """What clocks show at midnight of a UTC day; None when they change before the next."""
        begins, ends = self._at(day * _DAY), self._at((day + 1) * _DAY)
        return begins.replace(tzinfo=None, fold=0) if begins.utcoffset() == ends.utcoffset() else None

    def _at(self, seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, self._zone)


def ends_at(starts_at: datetime, duration_minutes: int) -> datetime:
    """End of a session: start plus duration (product §4)."""
    return starts_at + timedelta(minutes=duration_minutes)


def blocked_until(session_end: datetime, buffer_minutes: int, buffer_is_on: bool = True) -> datetime:
    """Until when tutor and room are taken: the end, plus the buffer when it is on (product §4)."""
    return session_end + timedelta(minutes=buffer_minutes) if buffer_is_on else session_end


def minutes_of(wall_time: time) -> int:
    """Minutes since midnight, seconds dropped."""
    return wall_time.hour * 60 + wall_time.minute


def time_of(minutes: int) -> time:
    """The wall-clock time ``minutes`` after midnight; past the end of the day it wraps around."""
    return time(minutes // 60 % 24, minutes % 60)


def nearest_on_grid(minutes: int, grid_minutes: int) -> int:
    """The grid line nearest to ``minutes`` after midnight, the later one when halfway (product §3)."""
    return (2 * minutes + grid_minutes) // (2 * grid_minutes) * grid_minutes


def next_on_grid(minutes: int, grid_minutes: int) -> int:
    """The first grid line at or after ``minutes`` after midnight (product §3)."""
    return -(-minutes // grid_minutes) * grid_minutes


def is_on_grid(wall_time: time, grid_minutes: int) -> bool:
    """Whether a start lies on the organization's grid: 16:01 does not (product §3)."""
    return minutes_of(wall_time) % grid_minutes == 0 and not wall_time.second and not wall_time.microsecond


def overlap_minutes(first_start: datetime, first_end: datetime, second_start: datetime, second_end: datetime) -> int:
    """Whole minutes that two half-open spans share; back to back shares none (product §4)."""
    shared = min(first_end, second_end) - max(first_start, second_start)
    return max(0, int(shared.total_seconds()) // 60)
