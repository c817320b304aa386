"""The time zones of a calendar file: IANA names with a path before them, Windows' own words, display names with an
offset, and zones that the file defines itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from shared_models.schedule.times import UnknownTimeZone, wall_clock_of, zone_of

_OFFSET = re.compile(r"\(?(?:UTC|GMT)\s*([+-]\d{1,2}(?::?\d{2})?)\)?.*", re.IGNORECASE)
_SPOKEN = {
    "eastern time": "America/New_York",
    "central time": "America/Chicago",
    "mountain time": "America/Denver",
    "pacific time": "America/Los_Angeles",
    "atlantic time": "America/Halifax",
    "london": "Europe/London",
    "amsterdam": "Europe/Amsterdam",
    "berlin": "Europe/Berlin",
    "paris": "Europe/Paris",
    "sydney": "Australia/Sydney",
    "tokyo": "Asia/Tokyo",
    "coordinated universal time": "UTC",
}
_DEFINING = ("TZID", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "BEGIN", "END")


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone and the name by which two events agree that they are in the same one."""

    name: str
    rules: tzinfo

    def shown_in(self, other: "Zone", wall_clock: datetime) -> datetime:
        """A wall-clock time (naive) of this zone as clocks in another show it. A time that happens twice is the
        first of the two; one that never happens is moved on by the missing hour."""
        if self.name == other.name:
            return wall_clock
        instant = wall_clock.replace(tzinfo=self.rules, fold=0).astimezone(UTC)
        return wall_clock_of(instant, other.rules)

    def of_utc(self, instant: datetime) -> datetime:
        """The wall-clock time at an instant."""
        return wall_clock_of(instant, self.rules)


class FileZones:
    """Finds the zones that one file names. ``definitions`` are the lines of its VTIMEZONEs by name."""

    def __init__(self, definitions: Mapping[str, Sequence[str]]) -> None:
        self._definitions = definitions
        self._found: dict[str, Zone | None] = {}

    def zone(self, written: str) -> Zone | None:
        """The zone of a name as written in the file, or None when nobody knows it.

        A name that says an IANA zone counts, then the file's own definition, then what the name may mean.
        """
        if written not in self._found:
            self._found[written] = self._find(written)
        return self._found[written]

    def _find(self, written: str) -> Zone | None:
        text = written.strip().strip('"').strip()
        name = _iana_name(text)
        lines = self._definitions.get(text)
        if name is None and lines is not None:
            for line in lines:
                if line.upper().startswith("X-LIC-LOCATION:"):
                    name = _iana_name(line.partition(":")[2])
        name = name or _windows_name(text)
        if name is None and lines is not None and (defined := _defined(text, lines)) is not None:
            return Zone(f"defined in the file: {text}", defined)
        name = name or zone_name_of(text)
        return Zone(name, zone_of(name)) if name else None


def zone_name_of(written: str) -> str | None:
    """A name that ``zone_of`` understands, or None when the zone is not known."""
    text = written.strip().strip('"').strip()
    if name := _iana_name(text) or _windows_name(text):
        return name
    lowered = text.lower()
    for words, name in _SPOKEN.items():
        if words in lowered:
            return name
    offset = _OFFSET.fullmatch(text)
    name = f"UTC{offset[1]}" if offset else ""
    return name if name and _is_zone(name) else None


def _iana_name(written: str) -> str | None:
    """“America/New_York”, also out of “/freeassociation.sourceforge.net/America/New_York”."""
    parts = [part for part in written.strip().split("/") if part]
    return next((name for start in range(len(parts)) if _is_zone(name := "/".join(parts[start:]))), None)


def _windows_name(text: str) -> str | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    name = WINDOWS_TO_OLSON.get(text)
    return name if name and _is_zone(name) else None


def _defined(name: str, lines: Sequence[str]) -> tzinfo | None:
    """A zone built from the lines between BEGIN:VTIMEZONE and END:VTIMEZONE; None when they are broken."""
    from io import StringIO

    from dateutil.tz import tzical

    kept = [line for line in lines if line.upper().startswith(_DEFINING) and not line.upper().startswith("TZID")]
    text = "\n".join(["BEGIN:VTIMEZONE", "TZID:its own", *kept, "END:VTIMEZONE", ""])
    try:
        built: tzinfo | None = tzical(StringIO(text)).get("its own")
        if built is not None:
            datetime(2026, 7, 1, 12, tzinfo=built).utcoffset()
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError):
        return None
    return built


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except UnknownTimeZone:
        return False
    return True
