"""Free slots: the times that can still be booked (product §7), as pure arithmetic on spans and bits.

The starts on the grid inside opening hours are numbered once; each tutor, room and student is then one integer with a
bit for each start that suits them, so that fifty calendars over two months meet in a few operations.

What is open is told by the clock on the wall: an instant is open when its wall-clock minute is. So a repeated hour
can be booked twice, a missing one never, and a session across a change of the clocks takes its real length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import ceil
from typing import NamedTuple

from shared_models.schedule.conflicts import Booking
from shared_models.schedule.flags import MINUTES_OF_A_DAY, LocationRules, Span, TutorRules, available_spans
from shared_models.schedule.times import next_on_grid, zone_of

Taken = tuple[int, int]
"""A half-open span of epoch seconds in which someone or something is not free."""

_DAY = 24 * 3600
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class SlotTutor:
    """A tutor who could teach what is asked for: when they work, and when they are taken.

    ``taken`` are entries with their buffers, at any location, and holds. The lowest ``priority`` is asked first.
    """

    tutor_id: str
    rules: TutorRules
    taken: Sequence[Taken] = ()
    priority: int = 1


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """What is looked for, where, when, and who could give it.

    ``now`` is UTC. A start lies at least ``lead_minutes`` and at most ``horizon_days`` after it, and, where given,
    on or between ``first_day`` and ``last_day`` (wall-clock). The session lies inside the location's hours and the
    tutor's; the buffer after it may reach beyond them. ``rooms`` holds when each room that would do is taken (one has
    to be free), None when none is needed. ``students_taken`` are the sessions of those who are to attend, whom a
    buffer does not keep. Tutors without any weekly hours count as available only if ``unset_hours_are_open``.
    """

    location_id: str
    time_zone: str
    location: LocationRules
    tutors: Sequence[SlotTutor]
    duration_minutes: int
    now: datetime
    buffer_minutes: int = 15
    grid_minutes: int = 15
    lead_minutes: int = 24 * 60
    horizon_days: int = 60
    first_day: date | None = None
    last_day: date | None = None
    rooms: Mapping[str, Sequence[Taken]] | None = None
    students_taken: Sequence[Taken] = field(default=())
    unset_hours_are_open: bool = False

    def __post_init__(self) -> None:
        if self.duration_minutes <= 0 or self.grid_minutes <= 0:
            raise ValueError("a session and the grid take at least one minute")
        if self.buffer_minutes < 0 or self.lead_minutes < 0 or self.horizon_days < 0:
            raise ValueError("buffer, lead time and horizon cannot be negative")
        if self.now.tzinfo is None:
            raise ValueError("now needs a time zone")


class Slot(NamedTuple):
    """A time that can be booked: epoch seconds, day and minute on the wall, and who and what would be taken."""

    starts: int
    day: date
    minute: int
    tutor_id: str
    room_id: str | None = None

    @property
    def local(self) -> datetime:
        """The start as the clock at the location shows it."""
        return datetime.combine(self.day, time(self.minute // 60, self.minute % 60))

    @property
    def starts_at(self) -> datetime:
        """The start as a UTC instant."""
        return datetime.fromtimestamp(self.starts, UTC)


def free_slots(request: SlotRequest) -> list[Slot]:
    """Every time that can be booked, in order, each once, with the free tutor of the lowest priority number
    (product §7; the id decides between equals) and the first free room.

    Raises UnknownTimeZone for a zone that does not exist.
    """
    window = _Window(request)
    if not window.starts:
        return []
    length = (request.duration_minutes + request.buffer_minutes) * 60
    open_to_all = window.inside(window.open_spans) & ~window.hit(
        request.students_taken, request.duration_minutes * 60
    )
    room_of: list[str | None] = [None] * len(window.starts)
    if request.rooms is not None:
        rooms = ((room_id, ~window.hit(taken, length)) for room_id, taken in request.rooms.items())
        open_to_all = _hand_out(open_to_all, rooms, room_of)
    tutor_of: list[str | None] = [None] * len(window.starts)
    tutors = sorted(request.tutors, key=lambda tutor: (tutor.priority, tutor.tutor_id))
    works = ((tutor.tutor_id, window.works(tutor) & ~window.hit(tutor.taken, length)) for tutor in tutors)
    _hand_out(open_to_all, works, tutor_of)
    found = []
    for index, tutor_id in enumerate(tutor_of):
        if tutor_id is not None:
            starts = window.starts[index]
            day, minute = window.wall_clock(starts)
            found.append(Slot(starts, day, minute, tutor_id, room_of[index]))
    return found


def slot_at(request: SlotRequest, starts: int) -> Slot | None:
    """The slot that begins at ``starts`` (epoch seconds) if it is free: what is asked again inside the transaction
    that holds it, with the entries and holds of that moment."""
    day = datetime.fromtimestamp(starts, UTC).astimezone(zone_of(request.time_zone)).date()
    outside = (request.first_day and day < request.first_day) or (request.last_day and day > request.last_day)
    if outside:
        return None
    narrow = replace(request, first_day=day, last_day=day)
    return next((slot for slot in free_slots(narrow) if slot.starts == starts), None)


def taken_spans(bookings: Iterable[Booking], without: Collection[str] = ()) -> dict[str, list[Taken]]:
    """When each tutor, room and student is taken, in order: tutors and rooms with the buffer, students without.

    ``without`` names entries that do not count: those that are about to be moved.
    """
    taken: dict[str, list[Taken]] = defaultdict(list)
    for entry_id, starts, ends, until, tutor_id, room_ids, student_ids in bookings:
        if entry_id in without:
            continue
        if tutor_id is not None:
            taken[tutor_id].append((starts, until))
        for room_id in room_ids:
            taken[room_id].append((starts, until))
        for student_id in student_ids:
            taken[student_id].append((starts, ends))
    for spans in taken.values():
        spans.sort()
    return dict(taken)


def _hand_out(wanted: int, offers: Iterable[tuple[str, int]], given_to: list[str | None]) -> int:
    """Give each wanted start to the first who offers it; returns the starts that someone took."""
    left = wanted
    for offered_by, suits in offers:
        if mine := left & suits:
            left &= ~mine
            for index, bit in enumerate(reversed(f"{mine:b}")):
                if bit == "1":
                    given_to[index] = offered_by
        if not left:
            break
    return wanted & ~left


class _Window:
    """The days in question: the starts on the grid in them, and what of them lies inside given hours."""

    def __init__(self, request: SlotRequest) -> None:
        self._request = request
        self._length = request.duration_minutes * 60
        zone = zone_of(request.time_zone)
        earliest = request.now + timedelta(minutes=request.lead_minutes)
        latest = request.now + timedelta(days=request.horizon_days)
        first = earliest.astimezone(zone).date()
        last = latest.astimezone(zone).date()
        self._first = max(first, request.first_day) if request.first_day else first
        self._last = min(last, request.last_day) if request.last_day else last
        self.open_spans: list[Taken] = []
        self.starts: list[int] = []
        if self._first > self._last:
            return
        # A day more at the end, as a session may run past midnight.
        self._days = [
            date.fromordinal(number) for number in range(self._first.toordinal(), self._last.toordinal() + 2)
        ]
        self._parts = _constant_parts(zone, self._first, self._last)
        closed = {day for day in self._days if any(day in closure for closure in request.location.closures)}
        hours = request.location.opening_hours
        all_day = ((0, MINUTES_OF_A_DAY),)

        def open_on(day: date) -> tuple[Span, ...]:
            if day in closed:
                return ()
            return all_day if hours is None else hours.get(day.weekday(), ())

        self.open_spans = self._instants(open_on)
        self.starts = self._grid(open_on, ceil(earliest.timestamp()), int(latest.timestamp()))

    def inside(self, spans: Iterable[Taken]) -> int:
        """A bit for each start whose session lies inside one of the spans, which do not touch each other."""
        bits = 0
        for begins, ends in spans:
            bits |= self._between(begins, ends - self._length + 1)
        return bits

    def hit(self, taken: Iterable[Taken], length: int) -> int:
        """A bit for each start from which ``length`` seconds would run into a span that is taken."""
        bits = 0
        for begins, ends in taken:
            bits |= self._between(begins - length + 1, ends)
        return bits

    def works(self, tutor: SlotTutor) -> int:
        """A bit for each start from which the tutor can teach at the location until the end of the session."""
        rules, location_id = tutor.rules, self._request.location_id
        unset_is_open = self._request.unset_hours_are_open
        special = {exception.day for exception in rules.exceptions}
        for absence in rules.time_off:
            special.update(day for day in self._days if day in absence)
        usual = replace(rules, exceptions=(), time_off=())
        by_weekday = [available_spans(usual, location_id, day, unset_is_open) for day in self._days[:7]]
        first = self._days[0].toordinal()

        def available_on(day: date) -> tuple[Span, ...]:
            if day in special:
                return available_spans(rules, location_id, day, unset_is_open)
            return by_weekday[(day.toordinal() - first) % 7]

        return self.inside(self._instants(available_on))

    def wall_clock(self, instant: int) -> tuple[date, int]:
        """Day and minute of the day that the clock at the location shows at one of the starts."""
        for begins, ends, offset in self._parts:
            if begins <= instant < ends:
                days, seconds = divmod(instant + offset, _DAY)
                return self._days[days + _EPOCH_ORDINAL - self._days[0].toordinal()], seconds // 60
        raise ValueError(f"{instant} lies outside of the window")

    def _between(self, low: int, high: int) -> int:
        """A bit for each start in ``[low, high)``."""
        starts = self.starts
        first = bisect_left(starts, low)
        count = bisect_left(starts, high, first) - first if high > low else 0
        return ((1 << count) - 1) << first

    def _instants(self, spans_on: Callable[[date], Iterable[Span]]) -> list[Taken]:
        """Wall-clock spans of each day as spans of instants, joined where one ends as the next begins."""
        found: list[Taken] = []
        midnight = (self._days[0].toordinal() - _EPOCH_ORDINAL) * _DAY
        for day in self._days:
            for opens, closes in spans_on(day):
                begins, ends = midnight + opens * 60, midnight + min(closes, MINUTES_OF_A_DAY) * 60
                for low, high, offset in self._parts:
                    if begins - offset < high and ends - offset > low:
                        found.append((max(begins - offset, low), min(ends - offset, high)))
            midnight += _DAY
        found.sort()
        joined: list[Taken] = []
        for span in found:
            if joined and span[0] <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], span[1]))
            elif span[0] < span[1]:
                joined.append(span)
        return joined

    def _grid(self, spans_on: Callable[[date], Iterable[Span]], earliest: int, latest: int) -> list[int]:
        """The instants in ``[earliest, latest]`` at which the clock shows a line of the grid inside the spans."""
        grid = self._request.grid_minutes
        found: set[int] = set()
        for day in self._days[:-1]:
            midnight = (day.toordinal() - _EPOCH_ORDINAL) * _DAY
            for opens, closes in spans_on(day):
                line, end = midnight + next_on_grid(opens, grid) * 60, midnight + min(closes, MINUTES_OF_A_DAY) * 60
                for low, high, offset in self._parts:
                    if line - offset < high and end - offset > low:
                        lines = range(line - offset, end - offset, grid * 60)
                        low, high = max(low, earliest), min(high, latest + 1)
                        found.update(lines[bisect_left(lines, low) : bisect_left(lines, high)])
        return sorted(found)


def _constant_parts(zone: tzinfo, first: date, last: date) -> list[tuple[int, int, int]]:
    """The time around these days in parts between changes of the clocks: from, until, seconds ahead of UTC."""

    def offset_at(instant: int) -> int:
        offset = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
        return int(offset.total_seconds()) if offset is not None else 0

    begins = (first.toordinal() - _EPOCH_ORDINAL - 2) * _DAY
    end = (last.toordinal() - _EPOCH_ORDINAL + 4) * _DAY
    parts: list[tuple[int, int, int]] = []
    offset = offset_at(begins)
    for instant in range(begins + _DAY, end + 1, _DAY):
        later = offset_at(instant)
        if later == offset:
            continue
        before, after = instant - _DAY, instant
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if offset_at(middle) == offset else (before, middle)
        parts.append((begins, after, offset))
        begins, offset = after, later
    return [*parts, (begins, end, offset)]
