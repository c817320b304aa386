"""Writing iCalendar (RFC 5545) as Google, Outlook and Apple read it: folded lines, escaped text, and the rules of a
time zone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from shared_models.schedule.times import wall_clock_of

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LONGEST_LINE = 75
_YEARS_AHEAD = 10


@dataclass(frozen=True, slots=True)
class EventLines:
    """One VEVENT. ``starts`` and ``ends`` are wall-clock in the calendar's zone; days mean whole days, the end after
    the last. ``without`` are sessions of the rule that do not take place, ``replaces`` the one that is changed."""

    uid: str
    starts: date
    ends: date
    summary: str
    location: str = ""
    description: str = ""
    url: str = ""
    status: str = "CONFIRMED"
    sequence: int = 0
    rule: str = ""
    without: tuple[datetime, ...] = ()
    replaces: datetime | None = None
    own: dict[str, str] = field(default_factory=dict)


def calendar_text(name: str, zone_name: str, zone: tzinfo, events: Sequence[EventLines], now: datetime) -> bytes:
    """A whole calendar as bytes, its events in the order given. ``own`` names of events must begin with X-."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//iTutorOS//Calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}",
        f"X-WR-TIMEZONE:{zone_name}",
    ]
    years = [event.starts.year for event in events] or [now.year]
    lines += zone_lines(zone_name, zone, min(years), max(years))
    stamp = f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for event in events:
        lines += _event(event, zone_name, stamp)
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def escaped(text: str) -> str:
    """Text as a value: backslash, semicolon, comma and line ends marked."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> bytes:
    """A line cut into pieces of at most 75 bytes, no letter in two, with its line ends."""
    content = line.encode()
    if len(content) <= _LONGEST_LINE:
        return content + b"\r\n"
    pieces = []
    room = _LONGEST_LINE
    while content:
        cut = min(room, len(content))
        while cut < len(content) and content[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(content[:cut])
        content, room = content[cut:], _LONGEST_LINE - 1
    return b"\r\n ".join(pieces) + b"\r\n"


def zone_lines(name: str, zone: tzinfo, first_year: int, last_year: int) -> list[str]:
    """The VTIMEZONE of a zone for those years: as yearly rules where they hold, else with each change by itself."""
    changes = list(_changes(zone, first_year - 1, last_year + 1))
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}", f"X-LIC-LOCATION:{name}"]
    if not changes:
        offset = zone.utcoffset(datetime(first_year, 1, 1)) or timedelta(0)
        lines += _observance("STANDARD", datetime(1970, 1, 1), offset, offset, name)
    else:
        for is_summer in (True, False):
            own = [change for change in changes if change.is_summer is is_summer]
            lines += _observances(own, zone)
    return [*lines, "END:VTIMEZONE"]


@dataclass(frozen=True, slots=True)
class _Change:
    """A moment at which clocks are set: wall-clock before, offsets before and after."""

    wall_clock: datetime
    before: timedelta
    after: timedelta
    is_summer: bool
    name: str


def _changes(zone: tzinfo, first_year: int, last_year: int) -> Iterator[_Change]:
    moment = datetime(max(1970, first_year), 1, 1, tzinfo=UTC)
    last = datetime(last_year + 1, 1, 1, tzinfo=UTC)
    while moment < last:
        following = moment + timedelta(days=7)
        before, after = moment.astimezone(zone).utcoffset(), following.astimezone(zone).utcoffset()
        if before != after:
            earlier, later = moment, following
            while later - earlier > timedelta(minutes=1):
                middle = earlier + (later - earlier) / 2
                middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
                if middle.astimezone(zone).utcoffset() == before:
                    earlier = middle
                else:
                    later = middle
            local = later.astimezone(zone)
            assert before is not None and after is not None
            yield _Change(
                wall_clock_of(later, UTC) + before, before, after, bool(local.dst()), local.tzname() or "",
            )  # fmt: skip
        moment = following


def _observances(changes: Sequence[_Change], zone: tzinfo) -> list[str]:
    """The changes of one kind: one yearly rule when they all follow it, else a rule for none and a date for each."""
    if not changes:
        return []
    kind = "DAYLIGHT" if changes[0].is_summer else "STANDARD"
    first = changes[0]
    rule = _yearly_rule(changes, zone)
    if rule:
        return _observance(kind, first.wall_clock, first.before, first.after, first.name, rule)
    lines = []
    for change in changes:
        lines += _observance(kind, change.wall_clock, change.before, change.after, change.name)
    return lines


def _yearly_rule(changes: Sequence[_Change], zone: tzinfo) -> str:
    """“Every second Sunday of March” when every change is that, also in the years to come; else nothing."""
    last_year = changes[-1].wall_clock.year
    ahead = [
        c for c in _changes(zone, last_year + 1, last_year + _YEARS_AHEAD) if c.is_summer is changes[0].is_summer
    ]
    every = [*changes, *ahead]
    years = [change.wall_clock.year for change in every]
    same = {
        (change.wall_clock.month, change.wall_clock.weekday(), change.wall_clock.time(), change.before, change.after)
        for change in every
    }
    if len(same) != 1 or years != list(range(years[0], years[0] + len(years))):
        return ""
    month, weekday, *_ = next(iter(same))
    for number in (1, 2, 3, 4, -1):
        if all(_is_nth(change.wall_clock.date(), number) for change in every):
            return f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={number}{WEEKDAYS[weekday]}"
    return ""


def _is_nth(day: date, number: int) -> bool:
    """Whether a day is the nth of its weekday in its month, or the last."""
    return (day + timedelta(days=7)).month != day.month if number == -1 else (day.day - 1) // 7 + 1 == number


def _observance(
    kind: str, starts: datetime, before: timedelta, after: timedelta, name: str, rule: str = ""
) -> list[str]:
    lines = [
        f"BEGIN:{kind}",
        f"DTSTART:{starts:%Y%m%dT%H%M%S}",
        f"TZOFFSETFROM:{_offset(before)}",
        f"TZOFFSETTO:{_offset(after)}",
        f"TZNAME:{name}",
    ]
    return [*lines, *([rule] if rule else []), f"END:{kind}"]


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def _event(event: EventLines, zone_name: str, stamp: str) -> Iterator[str]:
    def at(name: str, value: date) -> str:
        if isinstance(value, datetime):
            return f"{name};TZID={zone_name}:{value:%Y%m%dT%H%M%S}"
        return f"{name};VALUE=DATE:{value:%Y%m%d}"

    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(event.uid)}"
    yield stamp
    if event.replaces is not None:
        yield at("RECURRENCE-ID", event.replaces)
    yield at("DTSTART", event.starts)
    yield at("DTEND", event.ends)
    if event.rule:
        yield f"RRULE:{event.rule}"
    # One line for each: some programs read no more than the first of several.
    yield from (at("EXDATE", moment) for moment in event.without)
    yield f"SUMMARY:{escaped(event.summary)}"
    yield from _filled("LOCATION", event.location)
    yield from _filled("DESCRIPTION", event.description)
    if event.url:
        yield f"URL:{event.url}"
    yield f"STATUS:{event.status}"
    yield f"SEQUENCE:{event.sequence}"
    yield "TRANSP:OPAQUE" if isinstance(event.starts, datetime) else "TRANSP:TRANSPARENT"
    for name, value in event.own.items():
        yield f"{name}:{escaped(value)}"
    yield "END:VEVENT"


def _filled(name: str, text: str) -> Iterable[str]:
    return [f"{name}:{escaped(text)}"] if text else []
