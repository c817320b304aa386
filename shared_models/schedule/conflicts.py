"""Who and what is booked twice, and what else about an entry deserves a second look.

Nothing here blocks the desk (product §4): these functions only find and name. Archived and cancelled
entries never conflict, so the caller leaves them out. Instants are whole epoch seconds, and values are
named tuples: a year of 50,000 entries is swept in the time of three frames.
"""

import gc
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Literal, NamedTuple


class ConflictKind(StrEnum):
    """What two entries both claim (product §4)."""

    TUTOR = "tutor"
    ROOM = "room"
    STUDENT = "student"


class ConflictTag(StrEnum):
    """Whether the real sessions overlap, or only the time that is blocked behind one of them."""

    OVERLAP = "overlap"
    BUFFER = "buffer"


class Booking(NamedTuple):
    """What a live entry holds and when: ``[starts, ends)``, tutor and rooms until ``blocked_until``."""

    entry_id: str
    starts: int
    ends: int
    blocked_until: int
    tutor_id: str | None = None
    room_ids: tuple[str, ...] = ()
    student_ids: tuple[str, ...] = ()


class Conflict(NamedTuple):
    """An unordered pair of entries, counted once per kind; ``first_id`` starts earlier (or has the
    smaller id). ``resource_ids`` are the tutor, the shared rooms or the shared students, sorted."""

    kind: ConflictKind
    tag: ConflictTag
    first_id: str
    second_id: str
    resource_ids: tuple[str, ...]


_Claims = dict[str, list[Booking]]
_starts = itemgetter(1)
_until: dict[ConflictKind, Callable[[Booking], int]] = {
    ConflictKind.TUTOR: itemgetter(3),
    ConflictKind.ROOM: itemgetter(3),
    ConflictKind.STUDENT: itemgetter(2),
}
_held: dict[ConflictKind, Callable[[Booking], tuple[str, ...]]] = {
    ConflictKind.ROOM: attrgetter("room_ids"),
    ConflictKind.STUDENT: attrgetter("student_ids"),
}
# A named tuple's own constructor takes three times as long, and a crowded year has tens of thousands of conflicts.
_conflict: Callable[[tuple[object, ...]], Conflict] = partial(tuple.__new__, Conflict)


@contextmanager
def collection_paused() -> Iterator[None]:
    """Garbage is not looked for meanwhile: a year makes a hundred thousand values that all stay, and each search
    would walk through them again. It takes a third off the time of reading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@collection_paused()
def find_conflicts(bookings: Iterable[Booking]) -> list[Conflict]:
    """Every conflict among ``bookings``: by kind, and within a kind in order of the later start.

    Windows are half-open, back to back is fine. Tutor and room compare on ``[starts, blocked_until)``,
    students on ``[starts, ends)`` (product §4). One sort, then one sweep over time for all kinds at once.
    """
    tutors, rooms, students = (_Sweep(kind) for kind in ConflictKind)
    tutor_of, room_of, student_of = tutors.last, rooms.last, students.last
    tutor_is_met, room_is_met, student_is_met = tutors.meeting(), rooms.meeting(), students.meeting()
    for booking in sorted(bookings, key=_starts):
        _, starts, _, _, tutor_id, room_ids, student_ids = booking
        if tutor_id is not None:
            if tutor_id in tutor_of and (last := tutor_of[tutor_id])[3] > starts:
                tutor_is_met(booking, last, tutor_id)
            else:
                tutor_of[tutor_id] = booking
        for room_id in room_ids:
            if room_id in room_of and (last := room_of[room_id])[3] > starts:
                room_is_met(booking, last, room_id)
            else:
                room_of[room_id] = booking
        for student_id in student_ids:
            if student_id in student_of and (last := student_of[student_id])[2] > starts:
                student_is_met(booking, last, student_id)
            else:
                student_of[student_id] = booking
    return tutors.found + rooms.found + students.found


class _Sweep:
    """Who holds each thing of one kind at the time that the sweep has reached, and who met whom so far.

    ``last`` is the holder that keeps a thing longest.
    """

    __slots__ = ("found", "kind", "last")

    def __init__(self, kind: ConflictKind) -> None:
        self.kind = kind
        self.last: dict[str, Booking] = {}
        self.found: list[Conflict] = []

    def meeting(self) -> Callable[[Booking, Booking, str], None]:
        """What to do when a booking begins while the last holder still has the thing; a closure, as it is called tens
        of thousands of times and looking up attributes would take a third of it."""
        kind, last, found, overlap, buffer = self.kind, self.last, self.found, ConflictTag.OVERLAP, ConflictTag.BUFFER
        until: Literal[2, 3] = 2 if kind is ConflictKind.STUDENT else 3
        things: Literal[5, 6] = 6 if kind is ConflictKind.STUDENT else 5
        crowds: dict[str, list[Booking]] = {}  # All who held the thing when two last met.

        def meet(booking: Booking, longest: Booking, thing_id: str) -> None:
            starts = booking[1]
            crowd = crowds.get(thing_id)
            if longest is booking or (crowd is not None and crowd[-1] is booking):
                return  # It names the thing twice.
            # Whoever came alone is the last without being in the crowd, and then all of the crowd have left.
            holders = None if crowd is None else [other for other in crowd if other[until] > starts]
            for other in holders or (longest,):
                if other[1] == starts:
                    if starts < booking[until]:
                        _note(kind, other, booking, thing_id, found)
                elif kind is ConflictKind.TUTOR or len(booking[things]) < 2 or len(other[things]) < 2:
                    tag = overlap if starts < other[2] else buffer
                    found.append(_conflict((kind, tag, other[0], booking[0], (thing_id,))))
                else:
                    _note(kind, other, booking, thing_id, found)
            crowds[thing_id] = [*(holders or (longest,)), booking]
            if booking[until] > longest[until]:
                last[thing_id] = booking

        return meet


def conflicts_of(new_bookings: Iterable[Booking], existing: Iterable[Booking]) -> list[Conflict]:
    """The conflicts in which at least one of ``new_bookings`` takes part, among themselves included.

    An existing booking with the id of a new one is its former state and is left out, so that a moved
    entry does not conflict with itself.
    """
    new = sorted(new_bookings, key=_starts)
    if not new:
        return []
    new_ids = {booking.entry_id for booking in new}
    earliest, latest = new[0].starts, max(booking.blocked_until for booking in new)
    near = [
        booking for booking in existing if booking[1] < latest and booking[3] > earliest and booking[0] not in new_ids
    ]
    near.sort(key=_starts)
    found = find_conflicts(new)
    for kind in ConflictKind:
        claims = _claims(kind, new)
        _look_up(kind, claims, _claims(kind, near, claims), found)
    return found


def _claims(kind: ConflictKind, bookings: Iterable[Booking], wanted: _Claims | None = None) -> _Claims:
    """The bookings that hold each tutor, room or student, in their order; only the wanted ones if given."""
    claims: _Claims = defaultdict(list)
    if kind is ConflictKind.TUTOR:
        for booking in bookings:
            tutor_id = booking[4]
            if tutor_id is not None and (wanted is None or tutor_id in wanted):
                claims[tutor_id].append(booking)
        return claims
    of = _held[kind]
    for booking in bookings:
        thing_ids = of(booking)
        for thing_id in thing_ids if len(thing_ids) < 2 else dict.fromkeys(thing_ids):
            if wanted is None or thing_id in wanted:
                claims[thing_id].append(booking)
    return claims


def _look_up(kind: ConflictKind, new: _Claims, existing: _Claims, found: list[Conflict]) -> None:
    """Add the pairs of one new and one existing booking, by bisection on the start."""
    until_of = _until[kind]
    for thing_id, held in existing.items():
        longest = max(until_of(other) - other[1] for other in held)
        for booking in new[thing_id]:
            starts, until = booking[1], until_of(booking)
            for other in islice(held, bisect_left(held, starts - longest, key=_starts), None):
                if other[1] >= until:
                    break
                if until_of(other) > starts:
                    _note(kind, other, booking, thing_id, found)


def _note(kind: ConflictKind, first: Booking, second: Booking, thing_id: str, found: list[Conflict]) -> None:
    """Add a pair that shares ``thing_id``; one that shares several things is added at the first of them."""
    if first[1] > second[1] or (first[1] == second[1] and first[0] > second[0]):
        first, second = second, first
    shared: tuple[str, ...] = (thing_id,)
    if kind is not ConflictKind.TUTOR:
        mine, theirs = (first[5], second[5]) if kind is ConflictKind.ROOM else (first[6], second[6])
        if len(mine) > 1 and len(theirs) > 1:
            shared = tuple(sorted({*mine}.intersection(theirs)))
            if shared[0] != thing_id:
                return
    tag = ConflictTag.OVERLAP if second[1] < first[2] and first[1] < second[2] else ConflictTag.BUFFER
    found.append(_conflict((kind, tag, first[0], second[0], shared)))
