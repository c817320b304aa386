"""Cutting an iCalendar file (RFC 5545) into events and time zones, and its lines into names, parameters and values.

Done here rather than by a library, so that each problem has its line, one broken line spoils nothing else, and ten
thousand events take a second; a test holds it against the icalendar library.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from shared_models.exchange.problems import Problem, UnreadableFile

OWN_PART = "X-ITUTOROS-PART"
"""Says that an event we exported is not all of its series: what it does not hold is not gone."""
OWN_SERVICE = "X-ITUTOROS-SERVICE"
"""The code of the service of an event we exported."""
OWN_TAKEN = "X-ITUTOROS-TAKEN"
"""Says that an event we exported only tells that somebody is taken: it is not to be read back."""

_NAME = re.compile(r"[A-Za-z0-9-]+")
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=((?:"[^"]*"|[^";:])*)')
_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z)?|Z)?")
_DURATION = re.compile(r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_KEPT = frozenset({
    "UID", "SUMMARY", "DESCRIPTION", "LOCATION", "ORGANIZER", "ATTENDEE", "STATUS", "SEQUENCE", "LAST-MODIFIED",
    "DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID", OWN_PART, OWN_SERVICE,
    OWN_TAKEN,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Property:
    """One line of an event: where it stands, its parameters by capital name, and its value as written."""

    line: int
    name: str
    parameters: dict[str, str]
    value: str


@dataclass(slots=True)
class EventBlock:
    """One event: the line of its beginning, its properties by name, and lines in it that are none."""

    line: int
    properties: dict[str, list[Property]] = field(default_factory=dict)
    strange_lines: list[int] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        """Every property of a name in the order of the file."""
        return self.properties.get(name, [])

    def first(self, name: str) -> Property | None:
        """A property that may appear once; of several the first."""
        found = self.properties.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        """The text of a property, unescaped; empty without one."""
        found = self.first(name)
        return unescaped(found.value) if found else ""

    def line_of(self, name: str) -> int:
        """The line of a property, or that of the event."""
        found = self.first(name)
        return found.line if found else self.line


@dataclass(frozen=True, slots=True)
class CalendarLines:
    """A calendar cut up: its events, its own zone as written, its zone definitions by name, and what broke."""

    events: list[EventBlock]
    zone: str
    zone_lines: dict[str, list[str]]
    problems: list[Problem]


def calendar_lines(content: bytes, file: str) -> CalendarLines:
    """Cut the bytes of a file up. Raises UnreadableFile when it is no calendar."""
    events: list[EventBlock] = []
    problems: list[Problem] = []
    zones: dict[str, list[str]] = {}
    calendar_zone = ""
    is_calendar = False
    event: EventBlock | None = None
    zone: list[str] | None = None
    inside: list[str] = []
    for number, text in unfolded(content):
        if text[:2] in ("BE", "be", "Be", "EN", "en", "En"):
            key = text.strip().upper()
            if key == "BEGIN:VCALENDAR":
                is_calendar = True
                continue
            if key == "BEGIN:VEVENT":
                if event is not None:
                    problems.append(Problem(file, event.line, "This event has no end."))
                event, zone, inside = EventBlock(number), None, []
                continue
            if key == "END:VEVENT":
                if event is not None:
                    events.append(event)
                event = None
                continue
            if event is None and key == "BEGIN:VTIMEZONE":
                zone = []
                continue
            if event is None and key == "END:VTIMEZONE":
                for name in _names_of(zone or []):
                    zones.setdefault(name, zone or [])
                zone = None
                continue
            if event is not None and key.startswith("BEGIN:"):
                inside.append(key)
                continue
            if event is not None and key.startswith("END:"):
                if key == "END:VCALENDAR":
                    problems.append(Problem(file, event.line, "This event has no end."))
                    event = None
                elif inside:
                    inside.pop()
                continue
        if event is not None:
            if not inside:
                _take(event, number, text)
        elif zone is not None:
            zone.append(text.strip())
        elif text[:14].upper() == "X-WR-TIMEZONE:":
            calendar_zone = text[14:].strip()
    if event is not None:
        problems.append(Problem(file, event.line, "This event has no end."))
    if not is_calendar and not events:
        raise UnreadableFile("This is not a calendar file.")
    return CalendarLines(events, calendar_zone, zones, problems)


def _take(event: EventBlock, number: int, text: str) -> None:
    """Keep a line of an event when it is a property that counts; note it when it is none at all."""
    head = text.partition(":")[0]
    name = head.partition(";")[0]
    if name not in _KEPT:
        name = name.upper()
        if name not in _KEPT:
            if text.strip() and (len(head) == len(text) or not _NAME.fullmatch(name)):
                event.strange_lines.append(number)
            return
    if len(name) == len(head) < len(text):
        taken: Property | None = Property(number, name, {}, text[len(name) + 1 :])
    else:
        taken = property_of(number, text)
    if taken is None:
        event.strange_lines.append(number)
        return
    event.properties.setdefault(name, []).append(taken)


def property_of(number: int, text: str) -> Property | None:
    """A line taken apart, or None when it is not “NAME;PARAMETER=words:value”."""
    name = _NAME.match(text)
    if name is None:
        return None
    at = name.end()
    parameters: dict[str, str] = {}
    while found := _PARAMETER.match(text, at):
        parameters[found[1].upper()] = found[2].replace('"', "").strip()
        at = found.end()
    if text[at : at + 1] != ":":
        return None
    return Property(number, name[0].upper(), parameters, text[at + 1 :])


def unfolded(content: bytes) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first line; joined as bytes, for folding may cut a letter in two."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", errors="replace").encode()
    content = content.removeprefix(b"\xef\xbb\xbf")
    number, joined = 0, b""
    for at, line in enumerate(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        if line[:1] in (b" ", b"\t") and number:
            joined += line[1:]
            continue
        if number:
            yield number, _decoded(joined)
        number, joined = at, line
    if number:
        yield number, _decoded(joined)


def unescaped(text: str) -> str:
    """A text value as people read it."""
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def moment_of(text: str) -> date | datetime | None:
    """A day, a local time (naive) or an instant in UTC; None for what is none of them. “20131210Z” is a day."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, utc = found.groups()
    try:
        if hour is None:
            return date(int(year), int(month), int(day))
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if utc else moment


def duration_of(text: str) -> timedelta | None:
    """A length such as PT1H30M, P2D or P1W."""
    found = _DURATION.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        return None
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in found.groups()[1:])
    try:
        length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None
    return -length if found[1] == "-" else length


def _names_of(zone_lines: Iterable[str]) -> Iterator[str]:
    for line in zone_lines:
        if line[:5].upper() in ("TZID:", "TZID;"):
            yield line.partition(":")[2].strip().strip('"')


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
