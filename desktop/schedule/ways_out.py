"""Proposes for each conflict on the calendar which entry could move where: the nearest free times and rooms, then
other tutors, then one of two groups for a student who is in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from desktop.schedule.calendar_values import clock_words
from desktop.schedule.conflict_groups import ConflictGroup
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.entry_words import tutor_words
from shared_models.schedule.conflicts import Booking, ConflictKind
from shared_models.schedule.flags import EntryFacts, EntryFlag, flags_of
from shared_models.schedule.nearest_slots import FreeSlot, Occupancy, free_rooms_at, nearest_free_slots

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS = 7


@dataclass(frozen=True, slots=True)
class WayOut:
    """One entry at another time, in another room, with another tutor or with other students; None leaves each of
    them as it is."""

    entry_id: str
    words: str
    starts_at: datetime | None
    room_id: str | None
    tutor_id: str | None = None
    student_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class WaysOut:
    """The proposals for one entry of a conflict, under "Rafael Park to"."""

    lead: str
    ways: tuple[WayOut, ...]


def ways_out(
    group: ConflictGroup, bookings: Sequence[Booking], directory: Directory, now: datetime, *, each: int = 2
) -> list[WaysOut]:
    """Proposals for the entries of a conflict that are still to come, the ones with the fewest students first.

    ``bookings`` reach a week to either side. A crowded room offers other rooms at the same time before other times.
    """
    movable = [
        row
        for row in group.entries
        if row.booking.starts > now.timestamp() and not directory.is_foreign(row.location_id)
    ]
    movable.sort(key=lambda row: (len(row.student_ids), row.booking.starts))
    found: list[WaysOut] = []
    if group.kinds == (ConflictKind.ROOM,):
        rooms = [way for row in movable for way in _other_rooms(row, bookings, directory)[:1]]
        if rooms:
            found.append(WaysOut("Same time", tuple(rooms[:each])))
    if not found or len(group.kinds) > 1:
        for row in movable[:2]:
            occupancy = Occupancy(bookings, {row.id})
            tutor = directory.tutor_rules.get(row.tutor_id) if row.tutor_id is not None else None
            slots = nearest_free_slots(
                row.booking, occupancy, directory.terms(row.location_id), tutor,
                limit=each, within_days=_DAYS, not_before=now,
            )  # fmt: skip
            if slots:
                lead = f"{'or ' if found else ''}{_who(row)} to"
                found.append(WaysOut(lead, tuple(_way(row, slot, directory) for slot in slots)))
    if not found:
        found = [offer for row in movable for offer in _other_tutors(group, row, bookings, directory, now, each)][:1]
    return found or _one_of_two(group, movable, directory)


def _other_rooms(row: EntryRow, bookings: Sequence[Booking], directory: Directory) -> list[WayOut]:
    occupancy = Occupancy(bookings, {row.id})
    rooms = free_rooms_at(row.booking, occupancy, directory.terms(row.location_id))
    return [WayOut(row.id, f"{_who(row)} → {directory.room_name(room)}", None, room) for room in rooms]


def _other_tutors(
    group: ConflictGroup, row: EntryRow, bookings: Sequence[Booking], directory: Directory, now: datetime, each: int
) -> list[WaysOut]:
    """The entry with others who teach it: at the same time where the tutor is what is in the way, else nearby."""
    occupancy = Occupancy(bookings, {row.id})
    terms = directory.terms(row.location_id)
    same_time = set(group.kinds) == {ConflictKind.TUTOR}
    facts = EntryFacts(
        row.location_id, row.day, (row.starts, row.ends), subject_id=row.subject_id, topic_id=row.topic_id
    )
    ways: list[tuple[int, WayOut]] = []
    for tutor in directory.tutors.values():
        rules = directory.tutor_rules.get(tutor.id)
        if rules is None or tutor.id == row.tutor_id or tutor.is_archived or not tutor.is_active:
            continue
        flags = flags_of(facts, tutor=rules)
        if flags & {EntryFlag.TUTOR_NOT_AT_LOCATION, EntryFlag.TUTOR_NOT_TEACHING_SUBJECT}:
            continue
        if same_time:
            if not flags and occupancy.is_free(tutor.id, row.booking.starts, row.booking.blocked_until):
                ways.append((0, WayOut(row.id, tutor_words(tutor.name)[0], None, None, tutor.id)))
            continue
        was = row.booking
        booking = Booking(
            was.entry_id, was.starts, was.ends, was.blocked_until, tutor.id, was.room_ids, was.student_ids
        )
        for slot in nearest_free_slots(
            booking, occupancy, terms, rules, limit=1, within_days=_DAYS, not_before=now
        ):  # fmt: skip
            words = f"{_when(row, slot)} · {tutor_words(tutor.name)[0]}"
            at = datetime.fromtimestamp(slot.starts, UTC)
            ways.append((abs(slot.starts - booking.starts), WayOut(row.id, words, at, slot.room_id, tutor.id)))
    nearest = sorted(ways, key=lambda pair: pair[0])[:each]
    return [WaysOut(f"{_who(row)} to", tuple(way for _, way in nearest))] if nearest else []


def _one_of_two(group: ConflictGroup, movable: Sequence[EntryRow], directory: Directory) -> list[WaysOut]:
    """A student who is in two entries at once stays in one of them."""
    if ConflictKind.STUDENT not in group.kinds or len(group.entries) != 2:
        return []
    both = [i for i in group.resource_ids if all(i in row.student_ids for row in group.entries)]
    if not both:
        return []
    names = dict(zip(group.entries[0].student_ids, group.entries[0].student_names, strict=True))
    ways = []
    for kept, left in (group.entries, group.entries[::-1]):
        remaining = tuple(i for i in left.student_ids if i not in both)
        if left in movable and remaining:
            title = directory.title(kept.product_id, kept.topic_id, kept.subject_id, kept.service_id)
            ways.append(WayOut(left.id, f"only in {title}", None, None, student_ids=remaining))
    lead = names[both[0]] if len(both) == 1 else f"These {len(both)}"
    return [WaysOut(lead, tuple(ways))] if ways else []


def _way(row: EntryRow, slot: FreeSlot, directory: Directory) -> WayOut:
    where = f" · {directory.room_name(slot.room_id)}" if slot.room_id is not None else ""
    return WayOut(row.id, _when(row, slot) + where, datetime.fromtimestamp(slot.starts, UTC), slot.room_id)


def _when(row: EntryRow, slot: FreeSlot) -> str:
    """ "6:00", "Thu, 6:00", "Dec 3, 6:00": as much of it as differs."""
    when = clock_words(slot.local.hour * 60 + slot.local.minute, with_half=False)
    return when if slot.local.date() == row.day else f"{_day_words(slot.local.date(), row.day)}, {when}"


def _day_words(day: date, near: date) -> str:
    """ "Thu" within a week, "Dec 3" beyond."""
    if abs((day - near).days) < _DAYS and day.isocalendar()[1] == near.isocalendar()[1]:
        return _WEEKDAYS[day.weekday()]
    return f"{_MONTHS[day.month - 1]} {day.day}"


def _who(row: EntryRow) -> str:
    if not row.student_names:
        return "It"
    return row.student_names[0] if len(row.student_names) == 1 else "The group"
