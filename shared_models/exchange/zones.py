"""The IANA name of a time zone as calendar programs write it: with a path before it, in Windows' own words, or as
a display name with an offset."""

import re

from shared_models.schedule.times import UnknownTimeZone, zone_of

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
    "coordinated universal time": "UTC",
}


def zone_name_of(written: str) -> str | None:
    """A name that ``zone_of`` understands, or None when the zone is not known."""
    text = written.strip().strip('"').strip()
    parts = [part for part in text.split("/") if part]
    for name in ("/".join(parts[start:]) for start in range(len(parts))):
        if _is_zone(name):
            return name
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    if text in WINDOWS_TO_OLSON:
        return WINDOWS_TO_OLSON[text]
    lowered = text.lower()
    for words, name in _SPOKEN.items():
        if words in lowered:
            return name
    offset = _OFFSET.fullmatch(text)
    name = f"UTC{offset[1]}" if offset else ""
    return name if name and _is_zone(name) else None


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except UnknownTimeZone:
        return False
    return True
