"""Understanding one event of a calendar: when it begins in which zone, how long it takes, how it repeats, which dates
are added and taken out, and whether it changes a single session of another."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared_models.exchange.calendar_lines import OWN_PART, OWN_TAKEN, EventBlock, Property, duration_of, moment_of
from shared_models.exchange.calendar_words import EventWords, words_of
from shared_models.exchange.problems import Problem
from shared_models.exchange.zones import FileZones, Zone

_NAMED = {"DTSTART": "beginning", "DTEND": "end", "DURATION": "length", "RECURRENCE-ID": "original time"}


class Left(Exception):
    """An event that does not become sessions; the message says why."""


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One event. Times are wall-clock in ``zone``; whole days begin at midnight.

    ``minutes`` is its length, below one when it ends before it begins. ``rules`` and ``without_rules`` are RRULEs and
    EXRULEs as written; ``extra_starts``, ``skipped_starts`` and ``skipped_days`` what RDATE and EXDATE add and take
    out. ``replaces`` is the time of the session that it changes, with ``is_for_following`` and all after it.
    ``is_part``: more sessions of the event are known where it was exported.
    """

    line: int
    rule_line: int
    uid: str
    sequence: tuple[int, str]
    words: EventWords
    zone: Zone
    starts: datetime
    minutes: int
    is_all_day: bool
    has_no_end: bool
    is_cancelled: bool
    rules: tuple[str, ...] = ()
    without_rules: tuple[str, ...] = ()
    extra_starts: tuple[datetime, ...] = ()
    skipped_starts: frozenset[datetime] = frozenset()
    skipped_days: frozenset[date] = frozenset()
    replaces: datetime | None = None
    replaces_day: date | None = None
    is_for_following: bool = False
    is_part: bool = False


class EventReader:
    """Reads the events of one file, collecting problems and doubts with their lines."""

    def __init__(
        self,
        file: str,
        zones: FileZones,
        time_zone: str | None,
        calendar_zone: str,
        problems: list[Problem],
    ) -> None:
        self.problems = problems
        self.warnings: list[Problem] = []
        self.calendar_zone = zones.zone(calendar_zone) if calendar_zone else None
        self._file = file
        self._zones = zones
        utc = zones.zone("UTC")
        assert utc is not None
        # Google writes the times of a calendar in UTC and means them in the calendar's own zone.
        self._utc = self.calendar_zone or utc
        self._floating = (zones.zone(time_zone) if time_zone else None) or self.calendar_zone or utc

    def read(self, block: EventBlock) -> CalendarEvent | None:
        """The event, or None when it cannot be one; then its problem is noted. What an export told of other locations
        is passed over without a word."""
        if block.first(OWN_TAKEN) is not None:
            return None
        try:
            return self._read(block)
        except Left as left:
            self._problem(block.line, str(left))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            self._problem(block.line, f"This event cannot be read: {error}.")
        return None

    def _read(self, block: EventBlock) -> CalendarEvent:
        for line in block.strange_lines:
            self._doubt(line, "This line of an event says nothing that can be read; it was passed over.")
        words = words_of(block)
        begins = block.first("DTSTART")
        if begins is None:
            raise Left(f"“{words.title}” has no beginning that can be read.")
        starts, zone = self._moment(begins)
        is_all_day = not isinstance(starts, datetime)
        start = _at(starts)
        ends = self._end(block, starts, start, zone)
        replaces, replaces_day = self._replaced(block, zone, start, is_all_day)
        skipped_starts, skipped_days = self._taken_out(block, zone, is_all_day)
        return CalendarEvent(
            line=block.line,
            rule_line=block.line_of("RRULE"),
            uid=block.text("UID").strip() or f"{start.isoformat()} {words.title}",
            sequence=(_sequence(block), block.text("LAST-MODIFIED").strip()),
            words=words,
            zone=zone,
            starts=start,
            minutes=0 if ends is None else int((ends - start).total_seconds() // 60),
            is_all_day=is_all_day,
            has_no_end=ends is None,
            is_cancelled=block.text("STATUS").strip().upper() == "CANCELLED",
            rules=tuple(rule.value for rule in block.all("RRULE") if rule.value.strip()),
            without_rules=tuple(rule.value for rule in block.all("EXRULE") if rule.value.strip()),
            extra_starts=tuple(self._added(block, zone, start)),
            skipped_starts=skipped_starts,
            skipped_days=skipped_days,
            replaces=replaces,
            replaces_day=replaces_day,
            is_for_following=replaces is not None and _is_for_following(block),
            is_part=block.first(OWN_PART) is not None,
        )

    def _end(self, block: EventBlock, starts: date, start: datetime, zone: Zone) -> datetime | None:
        """The end as wall-clock time of the zone of the beginning; a day without an end is one day."""
        end, length = block.first("DTEND"), block.first("DURATION")
        if end is not None:
            ends, its_zone = self._moment(end)
            if not isinstance(ends, datetime) or not isinstance(starts, datetime):
                return _at(ends if not isinstance(ends, datetime) else ends.date())
            return its_zone.shown_in(zone, ends)
        if length is not None:
            took = duration_of(length.value)
            if took is None:
                raise Left(_unreadable(length.name))
            return start + took
        return None if isinstance(starts, datetime) else start + timedelta(days=1)

    def _replaced(
        self, block: EventBlock, zone: Zone, start: datetime, is_all_day: bool
    ) -> tuple[datetime | None, date | None]:
        """The time of the session that the event changes, in the zone of the event; its day when that is all said."""
        written = block.first("RECURRENCE-ID")
        if written is None:
            return None, None
        replaces, its_zone = self._moment(written)
        if not isinstance(replaces, datetime):
            return datetime.combine(replaces, time() if is_all_day else start.time()), replaces
        if is_all_day:
            return datetime.combine(replaces.date(), time()), replaces.date()
        return its_zone.shown_in(zone, replaces), None

    def _added(self, block: EventBlock, zone: Zone, start: datetime) -> Iterator[datetime]:
        for value, its_zone in self._dates(block, "RDATE"):
            if isinstance(value, datetime):
                yield its_zone.shown_in(zone, value)
            else:
                yield datetime.combine(value, start.time())

    def _taken_out(
        self, block: EventBlock, zone: Zone, is_all_day: bool
    ) -> tuple[frozenset[datetime], frozenset[date]]:
        starts, days = set(), set()
        for value, its_zone in self._dates(block, "EXDATE"):
            if not isinstance(value, datetime):
                days.add(value)
            elif is_all_day:
                days.add(value.date())
            else:
                starts.add(its_zone.shown_in(zone, value))
        return frozenset(starts), frozenset(days)

    def _dates(self, block: EventBlock, name: str) -> Iterator[tuple[date, Zone]]:
        """Every date that RDATE or EXDATE lists; one that cannot be read is noted."""
        for line in block.all(name):
            for text in line.value.split(","):
                day, _, period = text.strip().partition("/")
                if not day:
                    continue
                value = moment_of(day)
                if value is None:
                    what = "An additional date" if name == "RDATE" else "A date left out"
                    self._problem(line.line, f"{what}, “{day}”, cannot be read.")
                    continue
                if period:
                    self._doubt(line.line, f"The session added on “{day}” is taken to be as long as the others.")
                yield self._placed(value, line)

    def _moment(self, written: Property) -> tuple[date, Zone]:
        value = moment_of(written.value)
        if value is None:
            raise Left(_unreadable(written.name))
        return self._placed(value, written)

    def _placed(self, value: date, written: Property) -> tuple[date, Zone]:
        """A day, or a time as written with the zone it is meant in."""
        if not isinstance(value, datetime):
            return value, self._floating
        if value.tzinfo is not None:
            return self._utc.of_utc(value), self._utc
        name = written.parameters.get("TZID", "")
        if not name:
            return value, self._floating
        zone = self._zones.zone(name)
        if zone is None:
            zone = self._floating
            if written.name == "DTSTART":
                reason = f"The time zone “{name}” is not known; the times are taken as those of {zone.name}."
                self._doubt(written.line, reason)
        return value, zone

    def _problem(self, line: int, reason: str) -> None:
        self.problems.append(Problem(self._file, line, reason))

    def _doubt(self, line: int, reason: str) -> None:
        self.warnings.append(Problem(self._file, line, reason))


def _at(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _unreadable(name: str) -> str:
    return f"Its {_NAMED[name]} cannot be read."


def _sequence(block: EventBlock) -> int:
    text = block.text("SEQUENCE").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _is_for_following(block: EventBlock) -> bool:
    written = block.first("RECURRENCE-ID")
    return written is not None and written.parameters.get("RANGE", "").upper() == "THISANDFUTURE"
