"""Proposes for each conflict on the calendar which entry could move where: the nearest free times and rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from desktop.schedule.calendar_values import clock_words
from desktop.schedule.conflict_groups import ConflictGroup
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import EntryRow
from shared_models.schedule.conflicts import Booking, ConflictKind
from shared_models.schedule.nearest_slots import FreeSlot, Occupancy, free_rooms_at, nearest_free_slots

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS = 7


@dataclass(frozen=True, slots=True)
class WayOut:
    """One entry at another time or in another room; `starts_at` None leaves the time as it is."""

    entry_id: str
    words: str
    starts_at: datetime | None
    room_id: str | None


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
    movable = [row for row in group.entries if row.booking.starts > now.timestamp()]
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
    return found


def _other_rooms(row: EntryRow, bookings: Sequence[Booking], directory: Directory) -> list[WayOut]:
    occupancy = Occupancy(bookings, {row.id})
    rooms = free_rooms_at(row.booking, occupancy, directory.terms(row.location_id))
    return [WayOut(row.id, f"{_who(row)} → {directory.room_name(room)}", None, room) for room in rooms]


def _way(row: EntryRow, slot: FreeSlot, directory: Directory) -> WayOut:
    minute = slot.local.hour * 60 + slot.local.minute
    when = clock_words(minute, with_half=False)
    if slot.local.date() != row.day:
        when = f"{_day_words(slot.local.date(), row.day)}, {when}"
    where = f" · {directory.room_name(slot.room_id)}" if slot.room_id is not None else ""
    return WayOut(row.id, when + where, datetime.fromtimestamp(slot.starts, UTC), slot.room_id)


def _day_words(day: date, near: date) -> str:
    """ "Thu" within a week, "Dec 3" beyond."""
    if abs((day - near).days) < _DAYS and day.isocalendar()[1] == near.isocalendar()[1]:
        return _WEEKDAYS[day.weekday()]
    return f"{_MONTHS[day.month - 1]} {day.day}"


def _who(row: EntryRow) -> str:
    if not row.student_names:
        return "It"
    return row.student_names[0] if len(row.student_names) == 1 else "The group"
