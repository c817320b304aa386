"""The ways out of one case, in the order in which a front desk would try them: another room at the same time, the
nearest free times before and after, another tutor who teaches the subject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from desktop.schedule.calendar_values import clock_words
from desktop.schedule.conflict_book import Case, Severity, day_words
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.ways_out import WayOut, WaysOut, ways_out
from shared_models.schedule.conflicts import Booking, ConflictKind
from shared_models.schedule.flags import EntryFacts, flags_of
from shared_models.schedule.nearest_slots import FreeSlot, Occupancy, free_rooms_at, nearest_free_slots

MOST = 9
"""As many as there are digit keys."""
_EACH = 2
_LOOKED_AT = 48
_APART_SECONDS = 30 * 60
_DAYS = 7


def offers_of(case: Case, bookings: Sequence[Booking], directory: Directory, now: datetime) -> list[WaysOut]:
    """The proposals, at most nine in all; ``bookings`` reach a week to either side of the case.

    Only entries that are still to come move, the ones with the fewest students first.
    """
    movable = [row for row in case.entries if row.booking.starts > now.timestamp() and row.is_live]
    movable.sort(key=lambda row: (len(row.student_ids), row.booking.starts))
    found: list[WaysOut] = []
    left = MOST
    for row in movable[:_EACH]:
        ways = tuple(_for_one(case, row, bookings, directory, now))[:left]
        left -= len(ways)
        if ways:
            found.append(WaysOut(f"{'or ' if found else ''}{who_words(row)} to", ways))
    if not found and case.group is not None:
        return ways_out(case.group, bookings, directory, now)
    return found


def _for_one(
    case: Case, row: EntryRow, bookings: Sequence[Booking], directory: Directory, now: datetime
) -> Iterator[WayOut]:
    occupancy = Occupancy(bookings, {row.id})
    if ConflictKind.ROOM in case.kinds:
        for room_id in free_rooms_at(row.booking, occupancy, directory.terms(row.location_id))[:_EACH]:
            yield WayOut(row.id, directory.room_name(room_id), None, room_id)
    tutor = directory.tutor_rules.get(row.tutor_id) if row.tutor_id is not None else None
    slots = nearest_free_slots(
        row.booking, occupancy, directory.terms(row.location_id), tutor,
        limit=_LOOKED_AT, within_days=_DAYS, not_before=now,
    )  # fmt: skip
    earlier = _spread(slot for slot in slots if slot.starts < row.booking.starts)
    later = _spread(slot for slot in slots if slot.starts > row.booking.starts)
    for slot in sorted(earlier + later, key=lambda slot: slot.starts):
        yield _at(row, slot, directory)
    if ConflictKind.TUTOR in case.kinds or case.severity is Severity.FLAG:
        yield from islice(_other_tutors(row, occupancy, directory), _EACH)


def _spread(slots: Iterator[FreeSlot]) -> list[FreeSlot]:
    """The nearest ones that are not nearly the same."""
    taken: list[FreeSlot] = []
    for slot in slots:
        if all(abs(slot.starts - other.starts) >= _APART_SECONDS for other in taken):
            taken.append(slot)
        if len(taken) == _EACH:
            break
    return taken


def _at(row: EntryRow, slot: FreeSlot, directory: Directory) -> WayOut:
    when = clock_words(slot.local.hour * 60 + slot.local.minute, with_half=False)
    if slot.local.date() != row.day:
        when = f"{day_words(slot.local.date())}, {when}"
    place = directory.room_name(slot.room_id) if slot.room_id is not None and slot.room_id not in row.room_ids else ""
    words = " · ".join(part for part in (when, place) if part)
    return WayOut(row.id, words, datetime.fromtimestamp(slot.starts, UTC), slot.room_id)


def _other_tutors(row: EntryRow, occupancy: Occupancy, directory: Directory) -> Iterator[WayOut]:
    """Who works there then, teaches the subject, and is free."""
    facts = EntryFacts(
        row.location_id, row.day, (row.starts, row.ends), subject_id=row.subject_id, topic_id=row.topic_id
    )
    for tutor in directory.tutors.values():
        rules = directory.tutor_rules.get(tutor.id)
        if rules is None or tutor.id == row.tutor_id or tutor.is_archived or not tutor.is_active:
            continue
        if rules.weekly and not flags_of(facts, tutor=rules) and occupancy.is_free(
            tutor.id, row.booking.starts, row.booking.blocked_until
        ):  # fmt: skip
            yield WayOut(row.id, f"with {tutor.name}", None, None, tutor.id)


def who_words(row: EntryRow) -> str:
    """Whom a proposal moves: the student, both by first name, or the group."""
    names = row.student_names
    if not names:
        return "It"
    if len(names) == 1:
        return names[0]
    return " and ".join(name.split(" ")[0] for name in names) if len(names) == 2 else "The group"
