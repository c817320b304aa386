"""Reading calendar.ics: series and single sessions with their tutor, place and students as words, and closures.

The file is cut into events here, so that each problem has its line and one broken event spoils no other; the
properties of an event are taken apart by the icalendar library, which is loaded when it is needed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared_models.exchange.organization import ClosureRow
from shared_models.exchange.problems import Problem, UnreadableFile
from shared_models.exchange.repetition import Repetition, UnknownRepetition, rule_of
from shared_models.exchange.subjects import SubjectWords, parse_subject
from shared_models.exchange.zones import zone_name_of
from shared_models.people.contact import name_key, normalize_email, one_spaced
from shared_models.schedule.recurrence import SeriesRule
from shared_models.schedule.times import wall_clock_of, zone_of

if TYPE_CHECKING:
    from icalendar import Event

LONGEST_SESSION = timedelta(days=1)
_CLOSED = re.compile(r"(?:closed|closure|no (?:school|class(?:es)?|lessons?)|fermé)\b\s*[:–-]?\s*", re.IGNORECASE)
_ONLINE = re.compile(r"\b(?:online|zoom|virtual|remote|google meet|teams|en ligne)\b|https?://", re.IGNORECASE)
_NEEDED = {
    "DTSTART": "beginning",
    "DTEND": "end",
    "DURATION": "length",
    "RRULE": "repetition",
    "EXDATE": "list of days left out",
}
_TUTOR_WORDS = frozenset({"tutor", "teacher", "instructor", "tutors"})
_STUDENT_WORDS = frozenset({"student", "students", "child", "children", "attendees", "pupils"})
_SUBJECT_WORDS = frozenset({"subject", "topic", "wants", "course"})


@dataclass(frozen=True, slots=True)
class SessionsRow:
    """A series, or a single session, with everything still in words.

    ``rule`` is wall-clock in the organization's zone; a rule of pattern ONE_OFF is a single session.
    """

    line: int
    uid: str
    rule: SeriesRule
    title: str
    tutor_name: str = ""
    tutor_email: str = ""
    location: str = ""
    rooms: tuple[str, ...] = ()
    is_online: bool = False
    student_names: tuple[str, ...] = ()
    subject: SubjectWords | None = None


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """What a calendar holds."""

    file: str
    sessions: tuple[SessionsRow, ...]
    closures: tuple[ClosureRow, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(slots=True)
class _Block:
    """The lines of one event, unfolded, each with its number in the file."""

    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)

    def line_of(self, name: str) -> int:
        return next((at for at, text in self.lines if text.upper().startswith((f"{name}:", f"{name};"))), self.line)

    def has(self, name: str) -> bool:
        return any(text.upper().startswith((f"{name}:", f"{name};")) for _, text in self.lines)


class _Skipped(Exception):
    """An event that does not become sessions; the message says why."""


def read_calendar(
    content: bytes, file: str = "calendar.ics", time_zone: str | None = None, today: date | None = None
) -> CalendarFile:
    """Series, sessions and closures from the bytes of an iCalendar file.

    ``time_zone`` is the organization's: times of other zones are shown in it (default: the file's own).
    A series without an end is taken for a year from ``today``, or from its beginning when that is later.
    Raises UnreadableFile when the file is no calendar.
    """
    blocks, calendar_zone, problems = _blocks(content, file)
    reader = _CalendarReader(file, time_zone, calendar_zone, today, problems)
    for block in blocks:
        reader.read(block)
    return CalendarFile(
        file,
        tuple(reader.sessions),
        tuple(reader.closures),
        tuple(sorted(problems)),
        tuple(sorted(set(reader.warnings))),
    )


class _CalendarReader:
    """Collects sessions, closures and problems, one event after the other."""

    def __init__(
        self,
        file: str,
        time_zone: str | None,
        calendar_zone: str | None,
        today: date | None,
        problems: list[Problem],
    ) -> None:
        self.sessions: list[SessionsRow] = []
        self.closures: list[ClosureRow] = []
        self.warnings: list[Problem] = []
        self._file = file
        self._floating_zone = time_zone or calendar_zone or "UTC"
        self._time_zone = time_zone or calendar_zone
        self._today = today
        self._problems = problems

    def read(self, block: _Block) -> None:
        """Take one event in, or say why not."""
        from icalendar import Event

        text = "\r\n".join(["BEGIN:VEVENT", *(line for _, line in block.lines), "END:VEVENT", ""])
        try:
            event = Event.from_ical(text)
            assert isinstance(event, Event)
            for name in sorted({name for name, _ in event.errors if name in _NEEDED}):
                raise _Skipped(f"Its {_NEEDED[name]} cannot be read.")
            self._take(block, event)
        except _Skipped as skipped:
            self._problem(block.line, str(skipped))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
            self._problem(block.line, f"This event cannot be read: {error}.")

    def _take(self, block: _Block, event: "Event") -> None:
        title = one_spaced(str(event.get("SUMMARY", "")))
        if block.has("RECURRENCE-ID"):
            self._problem(
                block.line_of("RECURRENCE-ID"),
                f"The change of a single session of “{title}” was left out; look at that day by hand.",
            )
            return
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            self.warnings.append(Problem(self._file, block.line, f"“{title}” is cancelled and was left out."))
            return
        start = _single(event, "DTSTART")
        if start is None:
            raise _Skipped(f"“{title}” has no beginning that can be read.")
        if isinstance(start.dt, datetime):
            self.sessions.append(self._sessions(block, event, title, start))
        else:
            self.closures.append(self._closure(block, event, title, start.dt))

    def _closure(self, block: _Block, event: "Event", title: str, first_day: date) -> ClosureRow:
        match = _CLOSED.match(title)
        if match is None:
            raise _Skipped(f"“{title}” takes whole days. If you are closed then, write “CLOSED: ” before its title.")
        if block.has("RRULE") or block.has("RDATE"):
            raise _Skipped(f"The closure “{title}” repeats. Enter each of its dates.")
        end, length = _single(event, "DTEND"), _single(event, "DURATION")
        after = first_day + timedelta(days=1)
        if end is not None:
            after = end.dt.date() if isinstance(end.dt, datetime) else end.dt
        elif length is not None:
            after = first_day + length.dt
        return ClosureRow(
            block.line, first_day, max(first_day, after - timedelta(days=1)), title[match.end() :] or title
        )

    def _sessions(self, block: _Block, event: "Event", title: str, start: Any) -> SessionsRow:
        begins, zone_name = self._moment(start, block)
        target = self._time_zone or zone_name
        minutes = self._minutes(event, title, start, zone_name, block)
        shown = self._shown(begins, zone_name, target)
        moved_by = shown.date() - begins.date()
        repetition = Repetition(
            first=begins,
            skipped=frozenset(self._skipped_days(event, begins, zone_name, block)),
            zone_name=zone_name,
        )
        try:
            rule, remark = rule_of(event.get("RRULE"), repetition, minutes, self._today)
        except UnknownRepetition as unknown:
            raise _Skipped(f"“{title}” repeats in a way that cannot be kept: {unknown}.") from unknown
        if block.has("RRULE") and event.get("RRULE") is None:
            raise _Skipped(f"“{title}” repeats by a rule that cannot be read.")
        if remark:
            self.warnings.append(Problem(self._file, block.line_of("RRULE"), f"“{title}” {remark}"))
        if block.has("RDATE"):
            self._problem(
                block.line_of("RDATE"), f"The additional dates of “{title}” were left out; enter them by hand."
            )
        words = _described(str(event.get("DESCRIPTION", "")))
        organizer = event.get("ORGANIZER")
        location, rooms, is_online = _place(one_spaced(str(event.get("LOCATION", ""))))
        return SessionsRow(
            line=block.line,
            uid=str(event.get("UID", "")).strip() or f"{begins.isoformat()} {title}",
            rule=rule.moved(moved_by, shown.time(), target),
            title=title,
            tutor_name=words.tutor or _common_name(organizer),
            tutor_email=normalize_email(str(organizer)).value if _is_mailto(organizer) else "",
            location=location,
            rooms=rooms,
            is_online=is_online,
            student_names=words.students or tuple(_invited(event)),
            subject=words.subject,
        )

    def _moment(self, value: Any, block: _Block) -> tuple[datetime, str]:
        """A wall-clock time as written and the name of the zone it is meant in."""
        moment: datetime = value.dt
        if moment.tzinfo is not None and str(moment.tzinfo) == "UTC":
            target = self._time_zone or "UTC"
            return wall_clock_of(moment, zone_of(target)), target
        tzid = str(value.params.get("TZID", ""))
        name = zone_name_of(tzid) if tzid else self._floating_zone
        if name is None:
            name = self._floating_zone
            reason = f"The time zone “{tzid}” is not known; the times are taken as those of {name}."
            self.warnings.append(Problem(self._file, block.line_of("DTSTART"), reason))
        return moment.replace(tzinfo=None, fold=0), name

    def _minutes(self, event: "Event", title: str, start: Any, zone_name: str, block: _Block) -> int:
        end, length = _single(event, "DTEND"), _single(event, "DURATION")
        if end is not None and isinstance(end.dt, datetime):
            begins, _ = self._moment(start, block)
            ends, ends_zone = self._moment(end, block)
            took = self._shown(ends, ends_zone, zone_name) - begins
        elif length is not None:
            took = length.dt
        else:
            raise _Skipped(f"“{title}” has no end.")
        if took <= timedelta(0):
            raise _Skipped(f"“{title}” ends before it begins.")
        if took >= LONGEST_SESSION:
            raise _Skipped(f"“{title}” is longer than a day.")
        return max(1, int(took.total_seconds()) // 60)

    def _skipped_days(self, event: "Event", begins: datetime, zone_name: str, block: _Block) -> Iterable[date]:
        """The days of the series that EXDATE takes out, as they are called where the series is."""
        lists = event.get("EXDATE")
        for one in lists if isinstance(lists, list) else [lists] if lists is not None else []:
            for value in one.dts:
                if not isinstance(value.dt, datetime):
                    yield value.dt
                    continue
                if not value.params.get("TZID") and one.params.get("TZID"):
                    value.params["TZID"] = one.params["TZID"]
                taken_out, its_zone = self._moment(value, block)
                shown = self._shown(taken_out, its_zone, zone_name)
                if shown.time() == begins.time():
                    yield shown.date()

    def _shown(self, wall_clock: datetime, zone_name: str, target: str) -> datetime:
        """A wall-clock time of one zone as clocks in another show it."""
        if zone_name == target:
            return wall_clock
        return wall_clock_of(wall_clock.replace(tzinfo=zone_of(zone_name)), zone_of(target))

    def _problem(self, line: int, reason: str) -> None:
        self._problems.append(Problem(self._file, line, reason))


@dataclass(frozen=True, slots=True)
class _Words:
    tutor: str = ""
    students: tuple[str, ...] = ()
    subject: SubjectWords | None = None


def _blocks(content: bytes, file: str) -> tuple[list[_Block], str | None, list[Problem]]:
    """The events of a calendar, the zone it names for itself, and events without an end."""
    blocks: list[_Block] = []
    problems: list[Problem] = []
    zone_name: str | None = None
    block: _Block | None = None
    inside: list[str] = []
    is_calendar = False
    for number, text in _unfolded(content):
        key = text.strip().upper()
        if key == "BEGIN:VCALENDAR":
            is_calendar = True
        elif key == "BEGIN:VEVENT":
            if block is not None:
                problems.append(Problem(file, block.line, "This event has no end."))
            block, inside = _Block(number), []
        elif key == "END:VEVENT":
            if block is not None:
                blocks.append(block)
            block = None
        elif block is None:
            if key.startswith("X-WR-TIMEZONE:"):
                zone_name = zone_name_of(text.partition(":")[2])
        elif key.startswith("BEGIN:"):
            inside.append(key)
        elif key.startswith("END:") and inside:
            inside.pop()
        elif not inside and text.strip():
            block.lines.append((number, text))
    if block is not None:
        problems.append(Problem(file, block.line, "This event has no end."))
    if not is_calendar and not blocks:
        raise UnreadableFile("This is not a calendar file.")
    return blocks, zone_name, problems


def _unfolded(content: bytes) -> Iterable[tuple[int, str]]:
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
            yield number, _text(joined)
        number, joined = at, line
    if number:
        yield number, _text(joined)


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _single(event: "Event", name: str) -> Any:
    """A property that may appear once; of several the first, of one that cannot be read none."""
    value = event.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    return value if hasattr(value, "dt") else None


def _described(description: str) -> _Words:
    """Tutor, students and subject from lines such as “Students: Ana Kim, Leo Kim”."""
    tutor, subject = "", None
    students: tuple[str, ...] = ()
    for line in description.splitlines():
        word, _, rest = line.partition(":")
        key = name_key(word)
        if key in _TUTOR_WORDS:
            tutor = one_spaced(rest)
        elif key in _STUDENT_WORDS:
            students = tuple(name for part in re.split(r"[,;&]", rest) if (name := one_spaced(part)))
        elif key in _SUBJECT_WORDS:
            subject = parse_subject(rest)
    return _Words(tutor, students, subject)


def _place(text: str) -> tuple[str, tuple[str, ...], bool]:
    """Location, rooms and whether it is online from “Irvington Office / Room E” or “Irvington Office / online”."""
    parts = [part for part in (one_spaced(part) for part in re.split(r" / |\n|;", text)) if part]
    is_online = any(_ONLINE.search(part) for part in parts)
    named = [part for part in parts if not _ONLINE.search(part)]
    if not named:
        return "", (), is_online
    rooms = tuple(one_spaced(room) for part in named[1:] for room in re.split(r"[,&+]", part) if room.strip())
    return named[0], () if is_online else rooms, is_online


def _invited(event: "Event") -> Iterable[str]:
    attendees = event.get("ATTENDEE")
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        if name := _common_name(attendee):
            yield name


def _common_name(address: Any) -> str:
    return one_spaced(str(address.params.get("CN", ""))) if hasattr(address, "params") else ""


def _is_mailto(address: Any) -> bool:
    return address is not None and str(address).lower().startswith("mailto:")
