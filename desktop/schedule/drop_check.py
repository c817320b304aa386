"""Judges a place while an entry is dragged over the calendar: tutor, students and room, in words, in no time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from desktop.schedule.calendar_values import ConflictMark, Span, clock_words
from desktop.schedule.dragging import LiveMark, RoomOffer, Verdict
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.scene import NO_ROOM, NO_TUTOR, ONLINE, SceneBuilder
from shared_models.schedule.conflicts import Booking, Conflict, ConflictKind, ConflictTag, conflicts_of
from shared_models.schedule.nearest_slots import Occupancy, free_rooms_at
from shared_models.schedule.times import instant_of

_FEW = 3


@dataclass(frozen=True, slots=True)
class Target:
    """What a column of the calendar makes of an entry: its day, tutor and rooms."""

    day: date
    tutor_id: str | None
    room_ids: tuple[str, ...]
    is_online: bool


class DropCheck:
    """Checks against the entries of one week; made anew with each scene."""

    def __init__(self, builder: SceneBuilder, day: date | None, *, by_room: bool) -> None:
        """`day` is the day shown when columns are tutors or rooms, None when they are days."""
        self._builder, self._day, self._by_room = builder, day, by_room
        self._bookings = [row.booking for row in builder.week.rows.values() if row.is_live]
        self._accepted = {entry_id for c in builder.week.accepted for entry_id in (c.first_id, c.second_id)}
        self._conflicts: dict[str, list[Conflict]] = {}
        for conflict in builder.week.conflicts:
            self._conflicts.setdefault(conflict.first_id, []).append(conflict)
            self._conflicts.setdefault(conflict.second_id, []).append(conflict)

    def target(self, row: EntryRow | None, column: str, from_column: str = "") -> Target:
        """What an entry (None: a new one) would become in a column."""
        tutor_id = row.tutor_id if row is not None else None
        rooms = row.room_ids if row is not None else ()
        is_online = row is not None and row.is_online
        if self._day is None:
            return Target(date.fromisoformat(column), tutor_id, rooms, is_online)
        if not self._by_room:
            return Target(self._day, None if column == NO_TUTOR else column, rooms, is_online)
        if column in (ONLINE, NO_ROOM):
            return Target(self._day, tutor_id, (), column == ONLINE)
        if from_column in rooms and column not in rooms:
            rooms = tuple(column if room == from_column else room for room in rooms)
        elif column not in rooms:
            rooms = (column,)
        return Target(self._day, tutor_id, rooms, False)

    def check(
        self, entry_id: str, column: str, starts: int, ends: int, *, as_copy: bool = False, room_id: str = ""
    ) -> Verdict:
        """Each thing that fits or does not, for the bubble at the pointer; a copy may collide with its original, and
        `room_id` may take the place of the entry's own room."""
        row_id, _, from_column = entry_id.partition("@")
        row = self._builder.week.rows.get(row_id)
        target = self.target(row, column, from_column or (row.room_ids[0] if row and row.room_ids else ""))
        if room_id:
            target = replace(target, room_ids=(room_id,), is_online=False)
        booking = self._booking(row, target, starts, ends, as_copy)
        conflicts = conflicts_of([booking], self._bookings)
        lines = [*self._tutor(booking, conflicts), *self._students(row, booking, conflicts)]
        if row is not None or target.room_ids:
            lines += self._rooms(booking, conflicts)
        elif target.tutor_id is None:
            lines += self._free_rooms(booking)
        lines += self._hours(row, target, starts, ends)
        return Verdict(lines, self._marks("" if row is None or as_copy else row.id, starts, booking, conflicts))

    def _marks(self, row_id: str, starts: int, booking: Booking, conflicts: list[Conflict]) -> dict[str, LiveMark]:
        """The marks of the entry at its new place ("": a new one or a copy), of those it meets there, and of those
        it leaves."""
        marks = {row_id: self._mark(booking, starts, conflicts, booking)}
        left = self._conflicts.get(row_id, ())
        others = {_other(conflict, booking.entry_id) for conflict in conflicts}
        others |= {_other(conflict, row_id) for conflict in left}
        for other_id in others:
            other = self._builder.week.rows[other_id]
            found = [c for c in self._conflicts.get(other_id, ()) if row_id not in (c.first_id, c.second_id)]
            found += [c for c in conflicts if other_id in (c.first_id, c.second_id)]
            marks[other_id] = self._mark(other.booking, other.starts, found, booking)
        return marks

    def _mark(self, of: Booking, minute: int, conflicts: list[Conflict], moved: Booking) -> LiveMark:
        """The mark of a booking that starts at a minute of its day, from its conflicts; `moved` is where it is now,
        not where the week has it."""
        overlaps: list[Span] = []
        tail = False
        for conflict in conflicts:
            other_id = _other(conflict, of.entry_id)
            other = moved if other_id == moved.entry_id else self._builder.week.rows[other_id].booking
            if conflict.tag is ConflictTag.OVERLAP:
                first, last = max(of.starts, other.starts), min(of.ends, other.ends)
                overlaps.append((minute + (first - of.starts) // 60, minute + (last - of.starts) // 60))
            elif conflict.first_id == of.entry_id:
                tail = True
        mark = ConflictMark.OVERLAP if overlaps else ConflictMark.BUFFER if conflicts else ConflictMark.NONE
        if mark is ConflictMark.NONE and of.entry_id in self._accepted and of is not moved:
            mark = ConflictMark.ACCEPTED
        return LiveMark(mark, tuple(overlaps), tail)

    def offer(self, entry_id: str, column: str, starts: int, ends: int, *, as_copy: bool = False) -> RoomOffer | None:
        """Another room that is free then, when the entry's own is not."""
        row = self._builder.week.rows.get(entry_id.partition("@")[0])
        if row is None or self._by_room or not row.room_ids:
            return None
        booking = self._booking(row, self.target(row, column), starts, ends, as_copy)
        conflicts = conflicts_of([booking], self._bookings)
        if not any(conflict.kind is ConflictKind.ROOM for conflict in conflicts):
            return None
        terms = self._builder.directory.terms(row.location_id)
        rooms = free_rooms_at(booking, self._occupancy(booking), terms)
        if not rooms:
            return None
        name = self._builder.directory.room_name(rooms[0])
        return RoomOffer(rooms[0], f"take {name if name.startswith('Room ') else 'the ' + name} instead", name)

    def _booking(
        self, row: EntryRow | None, target: Target, starts: int, ends: int, as_copy: bool = False
    ) -> Booking:
        directory = self._builder.directory
        day = target.day + timedelta(days=starts // 1440)
        at = int(instant_of(day, time(starts % 1440 // 60, starts % 60), directory.zone).timestamp())
        length = (ends - starts) * 60
        buffer = (row.blocked_until - row.ends if row is not None else directory.buffer_minutes) * 60
        entry_id = "new" if row is None or as_copy else row.id
        return Booking(
            entry_id, at, at + length, at + length + buffer, target.tutor_id, target.room_ids,
            row.student_ids if row is not None else (),
        )  # fmt: skip

    def _occupancy(self, booking: Booking) -> Occupancy:
        """Who and what is taken at the time of a booking, by others."""
        entry_id, starts, _, until, *_ = booking
        return Occupancy(
            [other for other in self._bookings if other[1] < until and other[3] > starts and other[0] != entry_id]
        )

    def _tutor(self, booking: Booking, conflicts: list[Conflict]) -> Iterator[tuple[bool, str]]:
        if booking.tutor_id is None:
            return
        name = self._builder.directory.tutor_name(booking.tutor_id)
        found = [conflict for conflict in conflicts if conflict.kind is ConflictKind.TUTOR]
        if not found:
            yield True, f"{name} is free"
        for conflict in found[:_FEW]:
            yield False, f"{name}: {self._blocker(conflict, booking)}"

    def _students(
        self, row: EntryRow | None, booking: Booking, conflicts: list[Conflict]
    ) -> Iterator[tuple[bool, str]]:
        if row is None or not row.student_ids:
            return
        names = dict(zip(row.student_ids, row.student_names, strict=True))
        found = [conflict for conflict in conflicts if conflict.kind is ConflictKind.STUDENT]
        for conflict in found[:_FEW]:
            who = ", ".join(names.get(student, "A student") for student in conflict.resource_ids[:2])
            yield False, f"{who}: {self._blocker(conflict, booking, by_title=True)}"
        if not found:
            count = len(row.student_ids)
            yield True, f"{row.student_names[0]} is free" if count == 1 else f"All {count} students are free"

    def _rooms(self, booking: Booking, conflicts: list[Conflict]) -> Iterator[tuple[bool, str]]:
        found = [conflict for conflict in conflicts if conflict.kind is ConflictKind.ROOM]
        taken = {room_id for conflict in found for room_id in conflict.resource_ids}
        for room_id in booking.room_ids:
            if room_id not in taken:
                yield True, f"{self._builder.directory.room_name(room_id)} is free"
        for conflict in found[:_FEW]:
            names = ", ".join(map(self._builder.directory.room_name, conflict.resource_ids))
            yield False, f"{names}: {self._blocker(conflict, booking)}"

    def _free_rooms(self, booking: Booking) -> Iterator[tuple[bool, str]]:
        location_id = self._builder.filters.location_id
        if not location_id:
            return
        terms = self._builder.directory.terms(location_id)
        if not terms.room_ids:
            return
        free = [self._builder.directory.room_name(i) for i in free_rooms_at(booking, self._occupancy(booking), terms)]
        if len(free) == len(terms.room_ids):
            yield True, "Every room is free"
        elif free:
            yield True, "Free: " + ", ".join(free)
        else:
            yield False, "No room is free"

    def _hours(self, row: EntryRow | None, target: Target, starts: int, ends: int) -> Iterator[tuple[bool, str]]:
        directory = self._builder.directory
        place = row.location_id if row is not None else self._builder.filters.location_id
        reason = directory.closed_reason(place, target.day)
        if reason is not None:
            yield False, f"Closed for {reason}" if reason else "Closed that day"
            return
        spans = directory.open_spans(place, target.day)
        is_known = directory.knows_hours(place)
        if is_known and not any(a <= starts and ends <= b for a, b in spans):
            yield False, "Outside the opening hours"
        elif target.tutor_id is not None and (is_known or directory.knows_tutor_hours(target.tutor_id)):
            theirs = directory.tutor_spans(target.tutor_id, place, target.day)
            if not any(a <= starts and ends <= b for a, b in theirs):
                hours = (
                    "–".join(clock_words(m, with_half=False) for m in (theirs[0][0], theirs[-1][1])) if theirs else ""
                )
                name = directory.tutor_name(target.tutor_id)
                yield False, f"{name} works {hours} that day" if hours else f"{name} does not work that day"

    def _blocker(self, conflict: Conflict, booking: Booking, *, by_title: bool = False) -> str:
        """What stands in the way: "David Walker until 5:00", "too tight, David Walker ends 5:00"."""
        rows = self._builder.week.rows
        other = rows[_other(conflict, booking.entry_id)]
        is_group = len(other.student_names) > 2
        if self._builder.directory.is_foreign(other.location_id):
            who = self._builder.short_words(other)
        elif by_title or is_group:
            who = self._builder.title_of(other)
        else:
            who = " and ".join(other.student_names) or self._builder.title_of(other)
        is_before = other.booking.starts <= booking.starts
        moment = clock_words(other.ends if is_before else other.starts, with_half=False)
        if conflict.tag is ConflictTag.OVERLAP:
            return f"{who} {'until' if is_before else 'from'} {moment}"
        return f"too tight, {who} {'ends' if is_before else 'starts'} {moment}"


def _other(conflict: Conflict, entry_id: str) -> str:
    return conflict.second_id if conflict.first_id == entry_id else conflict.first_id
