"""Who and what is booked twice, and what else about an entry deserves a second look.

Nothing here blocks the desk (product §4): these functions only find and name. Archived and cancelled
entries never conflict, so the caller leaves them out. Instants are whole epoch seconds for speed.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter


class ConflictKind(StrEnum):
    """What two entries both claim (product §4)."""

    TUTOR = "tutor"
    ROOM = "room"
    STUDENT = "student"


class ConflictTag(StrEnum):
    """Whether the real sessions overlap, or only the time that is blocked behind one of them."""

    OVERLAP = "overlap"
    BUFFER = "buffer"


@dataclass(frozen=True, slots=True)
class Booking:
    """What a live entry holds and when: ``[starts, ends)``, tutor and rooms until ``blocked_until``."""

    entry_id: str
    starts: int
    ends: int
    blocked_until: int
    tutor_id: str | None = None
    room_ids: tuple[str, ...] = ()
    student_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """An unordered pair of entries, counted once per kind; ``first_id`` starts earlier (or has the
    smaller id). ``resource_ids`` are the tutor, the shared rooms or the shared students, sorted."""

    kind: ConflictKind
    tag: ConflictTag
    first_id: str
    second_id: str
    resource_ids: tuple[str, ...]


_Hits = dict[tuple[str, str], tuple[ConflictTag, list[str]]]
_Claim = tuple[Booking, Sequence[str], int]
_by_start = attrgetter("starts")


def find_conflicts(bookings: Iterable[Booking]) -> list[Conflict]:
    """Every conflict among ``bookings``: one sweep in order of start per kind.

    Windows are half-open, back to back is fine. Tutor and room compare on ``[starts, blocked_until)``,
    students on ``[starts, ends)`` (product §4).
    """
    ordered = sorted(bookings, key=_by_start)
    found: list[Conflict] = []
    for kind in ConflictKind:
        found += _conflicts(kind, _sweep(_claims(kind, ordered)))
    return found


def conflicts_of(new_bookings: Iterable[Booking], existing: Iterable[Booking]) -> list[Conflict]:
    """The conflicts in which at least one of ``new_bookings`` takes part, among themselves included.

    An existing booking with the id of a new one is its former state and is left out, so that a moved
    entry does not conflict with itself.
    """
    new = sorted(new_bookings, key=_by_start)
    if not new:
        return []
    new_ids = {booking.entry_id for booking in new}
    earliest, latest = new[0].starts, max(booking.blocked_until for booking in new)
    near = [
        booking
        for booking in existing
        if booking.starts < latest and booking.blocked_until > earliest and booking.entry_id not in new_ids
    ]
    found: list[Conflict] = []
    for kind in ConflictKind:
        hits = _sweep(_claims(kind, new))
        _look_up(_claims(kind, new), _claims(kind, near), hits)
        found += _conflicts(kind, hits)
    return found


def _claims(kind: ConflictKind, bookings: Iterable[Booking]) -> list[_Claim]:
    """Each booking with the resources of one kind that it holds, and until when it holds them."""
    if kind is ConflictKind.TUTOR:
        return [(b, (b.tutor_id,), b.blocked_until) for b in bookings if b.tutor_id is not None]
    if kind is ConflictKind.ROOM:
        return [(b, b.room_ids, b.blocked_until) for b in bookings if b.room_ids]
    return [(b, b.student_ids, b.ends) for b in bookings if b.student_ids]


def _sweep(claims: Iterable[_Claim]) -> _Hits:
    """Pairs that hold a resource at once; ``claims`` come in order of start."""
    hits: _Hits = {}
    held_until: dict[str, int] = {}
    holders: dict[str, tuple[_Claim, ...]] = {}
    for claim in claims:
        booking, resource_ids, until = claim
        starts = booking.starts
        for resource_id in resource_ids:
            if held_until.get(resource_id, starts) <= starts:
                held_until[resource_id] = until
                holders[resource_id] = (claim,)
                continue
            still_holding = tuple(holder for holder in holders[resource_id] if holder[2] > starts)
            for other, _, other_until in still_holding:
                if other.starts < until and starts < other_until:
                    _note(hits, other, booking, resource_id)
            holders[resource_id] = (*still_holding, claim)
            held_until[resource_id] = max(held_until[resource_id], until)
    return hits


def _look_up(new: Iterable[_Claim], existing: Iterable[_Claim], hits: _Hits) -> None:
    """Add the pairs of one new and one existing booking to ``hits``, by bisection on the start."""
    wanted = {resource_id for _, resource_ids, _ in new for resource_id in resource_ids}
    by_resource: dict[str, list[tuple[int, int, Booking]]] = defaultdict(list)
    longest: dict[str, int] = defaultdict(int)
    for position, (booking, resource_ids, until) in enumerate(existing):
        for resource_id in resource_ids:
            if resource_id in wanted:
                by_resource[resource_id].append((booking.starts, position, booking))
                longest[resource_id] = max(longest[resource_id], until - booking.starts)
    until_of = [until for _, _, until in existing]
    for entries in by_resource.values():
        entries.sort()
    for booking, resource_ids, until in new:
        for resource_id in resource_ids:
            entries = by_resource.get(resource_id, [])
            first = bisect_left(entries, (booking.starts - longest[resource_id],))
            for starts, position, other in entries[first:]:
                if starts >= until:
                    break
                if until_of[position] > booking.starts:
                    _note(hits, other, booking, resource_id)


def _note(hits: _Hits, first: Booking, second: Booking, resource_id: str) -> None:
    if (second.starts, second.entry_id) < (first.starts, first.entry_id):
        first, second = second, first
    key = (first.entry_id, second.entry_id)
    if key in hits:
        hits[key][1].append(resource_id)
        return
    is_overlap = second.starts < first.ends and first.starts < second.ends
    hits[key] = (ConflictTag.OVERLAP if is_overlap else ConflictTag.BUFFER, [resource_id])


def _conflicts(kind: ConflictKind, hits: _Hits) -> list[Conflict]:
    return [
        Conflict(kind, tag, first_id, second_id, tuple(sorted(set(resource_ids))))
        for (first_id, second_id), (tag, resource_ids) in hits.items()
    ]
