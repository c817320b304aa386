"""Ways out of a conflict: the nearest times and rooms at which tutor, students and a room are all free, inside
opening hours and the tutor's availability, on the grid (product §4). Pure: works on bookings and rules."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared_models.schedule.conflicts import Booking
from shared_models.schedule.flags import Span, TutorRules, available_spans
from shared_models.schedule.slots import taken_spans
from shared_models.schedule.terms import Terms
from shared_models.schedule.times import instant_of, minutes_of, next_on_grid, time_of, wall_clock_of

_DAY_COST_MINUTES = 240
"""How many minutes of another time on the same day are as unwelcome as one day further away."""


class Occupancy:
    """When each tutor, room and student is taken; made once from bookings, then asked often."""

    def __init__(self, bookings: Iterable[Booking], without: Collection[str] = ()) -> None:
        """``without`` names entries that do not count: those that are about to be moved."""
        self._taken = taken_spans(bookings, without)
        self._longest = {key: max(until - starts for starts, until in spans) for key, spans in self._taken.items()}

    def is_free(self, thing_id: str, starts: int, until: int) -> bool:
        """Whether a tutor, room or student is not taken in ``[starts, until)`` (epoch seconds)."""
        spans = self._taken.get(thing_id)
        if spans is None:
            return True
        for start, end in spans[bisect_left(spans, (starts - self._longest[thing_id],)) :]:
            if start >= until:
                return True
            if end > starts:
                return False
        return True

    def suits(self, booking: Booking, starts: int) -> bool:
        """Whether tutor and students of ``booking`` are free if it began at ``starts``; rooms are another matter."""
        shift = starts - booking.starts
        if booking.tutor_id and not self.is_free(booking.tutor_id, starts, booking.blocked_until + shift):
            return False
        return all(self.is_free(student_id, starts, booking.ends + shift) for student_id in booking.student_ids)

    def free_rooms(self, booking: Booking, starts: int, room_ids: Iterable[str]) -> list[str]:
        """Which of the rooms are free for ``booking`` if it began at ``starts``, in their order."""
        until = booking.blocked_until + starts - booking.starts
        return [room_id for room_id in room_ids if self.is_free(room_id, starts, until)]


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A time at which everyone is free: wall-clock start at the location, the same in epoch seconds, and a free
    room (None when the entry needs none)."""

    local: datetime
    starts: int
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesSlot:
    """A shift at which every one of several sessions is free: whole days, wall-clock start, and one room for all."""

    days: int
    start_minutes: int
    room_id: str | None
    count: int


def nearest_free_slots(
    booking: Booking,
    occupancy: Occupancy,
    terms: Terms,
    tutor: TutorRules | None = None,
    *,
    limit: int = 3,
    within_days: int = 7,
    not_before: datetime | None = None,
) -> list[FreeSlot]:
    """The nearest other times for one entry, nearest first: the same day before other days, then by distance.

    ``not_before`` (UTC) keeps proposals out of the past. An entry with a room gets a free one, its own if it can.
    """
    local = wall_clock_of(datetime.fromtimestamp(booking.starts, UTC), terms.zone)
    earliest = int(not_before.timestamp()) if not_before is not None else None
    found: list[FreeSlot] = []
    for days in _nearest_days(within_days):
        day = local.date() + timedelta(days=days)
        starts = sorted(
            _possible_starts(booking, day, terms, tutor), key=lambda minute: abs(minute - minutes_of(local.time()))
        )
        for minute in starts:
            instant = int(instant_of(day, time_of(minute), terms.zone).timestamp())
            if instant == booking.starts or (earliest is not None and instant < earliest):
                continue
            if not occupancy.suits(booking, instant):
                continue
            rooms = occupancy.free_rooms(booking, instant, _own_first(booking.room_ids, terms.room_ids))
            if booking.room_ids and not rooms:
                continue
            room_id = rooms[0] if booking.room_ids else None
            found.append(FreeSlot(datetime.combine(day, time_of(minute)), instant, room_id))
            if len(found) == limit:
                return found
    return found


def free_rooms_at(booking: Booking, occupancy: Occupancy, terms: Terms) -> list[str]:
    """The other rooms of the location that are free at the entry's own time, in the order of the location."""
    others = [room_id for room_id in terms.room_ids if room_id not in booking.room_ids]
    return occupancy.free_rooms(booking, booking.starts, others)


def room_for_all(bookings: Sequence[Booking], occupancy: Occupancy, terms: Terms) -> str | None:
    """One room other than their own that is free for all the given sessions at their own times."""
    own = {room_id for booking in bookings for room_id in booking.room_ids}
    for room_id in terms.room_ids:
        if room_id not in own and all(
            occupancy.is_free(room_id, booking.starts, booking.blocked_until) for booking in bookings
        ):
            return room_id
    return None


def nearest_series_slots(
    bookings: Sequence[Booking],
    occupancy: Occupancy,
    terms: Terms,
    tutor: TutorRules | None = None,
    *,
    limit: int = 1,
    within_days: int = 3,
    not_before: datetime | None = None,
) -> list[SeriesSlot]:
    """The nearest other wall-clock times at which all of the given sessions are free, in one room.

    The sessions share weekday and start (one weekday of a series). Days of shifted sessions on which the location
    is closed do not count against a time: such sessions would be left out anyway, and ``count`` is the rest.
    """
    if not bookings:
        return []
    locals_ = [wall_clock_of(datetime.fromtimestamp(booking.starts, UTC), terms.zone) for booking in bookings]
    start = minutes_of(locals_[0].time())
    candidates: list[tuple[int, int, int]] = []
    for days in _nearest_days(within_days):
        day = locals_[0].date() + timedelta(days=days)
        for minute in _possible_starts(bookings[0], day, terms, tutor):
            if (days, minute) != (0, start):
                candidates.append((abs(minute - start) + _DAY_COST_MINUTES * abs(days), days, minute))
    candidates.sort()
    earliest = int(not_before.timestamp()) if not_before is not None else None
    found: list[SeriesSlot] = []
    for _, days, minute in candidates:
        moved: list[tuple[Booking, int]] = []
        for booking, local in zip(bookings, locals_, strict=True):
            day = local.date() + timedelta(days=days)
            if any(day in closure for closure in terms.closures):
                continue
            instant = int(instant_of(day, time_of(minute), terms.zone).timestamp())
            is_past = earliest is not None and instant < earliest
            works = not is_past and _is_possible(booking, day, minute, terms, tutor)
            if not works or not occupancy.suits(booking, instant):
                moved = []
                break
            moved.append((booking, instant))
        if not moved:
            continue
        room_id = _shared_room(moved, occupancy, terms)
        if bookings[0].room_ids and room_id is None:
            continue
        found.append(SeriesSlot(days, minute, room_id, len(moved)))
        if len(found) == limit:
            break
    return found


def _shared_room(moved: Sequence[tuple[Booking, int]], occupancy: Occupancy, terms: Terms) -> str | None:
    first = moved[0][0]
    if not first.room_ids:
        return None
    for room_id in _own_first(first.room_ids, terms.room_ids):
        if all(
            occupancy.is_free(room_id, starts, booking.blocked_until + starts - booking.starts)
            for booking, starts in moved
        ):
            return room_id
    return None


def _nearest_days(within: int) -> Iterator[int]:
    yield 0
    for distance in range(1, within + 1):
        yield distance
        yield -distance


def _own_first(own: Sequence[str], all_rooms: Sequence[str]) -> list[str]:
    return [*own, *(room_id for room_id in all_rooms if room_id not in own)]


def _open_spans(day: date, terms: Terms) -> tuple[Span, ...]:
    if any(day in closure for closure in terms.closures):
        return ()
    hours = terms.rules.opening_hours
    return ((0, 24 * 60),) if hours is None else hours.get(day.weekday(), ())


def _possible_starts(booking: Booking, day: date, terms: Terms, tutor: TutorRules | None) -> Iterator[int]:
    """The starts on the grid, in minutes of the day, at which location and tutor both work until the end."""
    length = (booking.ends - booking.starts) // 60
    spans = _open_spans(day, terms)
    if tutor is not None:
        theirs = available_spans(tutor, terms.location_id, day, unknown_is_open=True)
        spans = tuple(
            (max(opens, begins), min(closes, ends))
            for opens, closes in spans
            for begins, ends in theirs
            if max(opens, begins) < min(closes, ends)
        )
    for opens, closes in spans:
        minute = next_on_grid(opens, terms.grid_minutes)
        while minute + length <= closes:
            yield minute
            minute += terms.grid_minutes


def _is_possible(booking: Booking, day: date, minute: int, terms: Terms, tutor: TutorRules | None) -> bool:
    if tutor is None or not (tutor.exceptions or tutor.time_off):
        return True
    length = (booking.ends - booking.starts) // 60
    theirs = available_spans(tutor, terms.location_id, day, unknown_is_open=True)
    return any(begins <= minute and minute + length <= ends for begins, ends in theirs)
