"""What the calendar can change by itself: move, resize, archive, restore, and say how a session went.

Each is one step that can be undone, with the words that the status strip shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from desktop.permissions import own_places
from desktop.schedule.calendar_values import clock_words
from desktop.schedule.directory import Directory
from desktop.schedule.drop_check import Target
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.series_reach import staying
from desktop.schedule.ways_out import WayOut
from desktop.store.store import Store
from shared_models.base import new_id
from shared_models.schedule.acceptances import ConflictKey, accept_conflict, withdraw_acceptance
from shared_models.schedule.models import EntryStatus
from shared_models.schedule.operations import copy_entry, set_status
from shared_models.schedule.series_operations import (
    EntryChanges,
    SeriesScope,
    archive_entry,
    change_entry,
    move_entry,
    resize_entry,
    restore_entry,
)
from shared_models.schedule.times import instant_of

_REACH = {
    SeriesScope.THIS: "",
    SeriesScope.FOLLOWING: ", and the following ones",
    SeriesScope.ALL: ", the whole series",
}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_STATUS_WORDS = {
    EntryStatus.COMPLETED: "Completed",
    EntryStatus.NO_SHOW: "Noted as a no-show:",
    EntryStatus.SCHEDULED: "Scheduled again:",
    EntryStatus.IN_PROGRESS: "Began",
}


class CalendarChanges:
    """Writes to the store; every method answers with the words for what was done.

    Raises ScheduleError or StoreError, each with a sentence for the person.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock

    def move(
        self, row: EntryRow, words: str, target: Target, starts: int, directory: Directory, scope: SeriesScope,
        keep_differences: bool = True,
    ) -> str:  # fmt: skip
        """Move an entry to a day, minute, tutor and rooms."""
        starts_at, changes, where = _place(row, target, starts, directory)
        return self._move(row, starts_at, changes, scope, f"Moved {words} to {where}", keep_differences)

    def copy(self, row: EntryRow, words: str, target: Target, starts: int, directory: Directory, made_id: str) -> str:
        """A single entry like this one, with an id given, at another day, minute, tutor and rooms."""
        organization_id = self._store.organization_id
        starts_at, changes, where = _place(row, target, starts, directory)

        def work(session: Session) -> None:
            made = copy_entry(session, organization_id, row.id, new_entry_id=made_id, starts_at=starts_at)
            if changes:
                change_entry(session, organization_id, made, now=self._clock(), **changes)

        return self._write(f"Copied {words} to {where}", work)

    def take_way(
        self, row: EntryRow, words: str, way: WayOut, directory: Directory, scope: SeriesScope,
        keep_differences: bool = True,
    ) -> str:  # fmt: skip
        """Take a way out of a conflict: another time, room or tutor, or some students less."""
        changes = _of_way(row, way)
        if way.student_ids is not None:
            pairs = zip(row.student_ids, row.student_names, strict=True)
            gone = " and ".join(name for student_id, name in pairs if student_id not in way.student_ids)
            return self._move(row, None, changes, scope, f"Took {gone} out of {words}", keep_differences)
        where = []
        if way.starts_at is not None:
            local = way.starts_at.astimezone(directory.zone)
            where.append(f"{_WEEKDAYS[local.weekday()]} {clock_words(local.hour * 60 + local.minute)}")
        if way.tutor_id is not None:
            where.append(directory.tutor_name(way.tutor_id))
        if "room_ids" in changes and way.room_id is not None:
            where.append(directory.room_name(way.room_id))
        return self._move(
            row, way.starts_at, changes, scope, f"Moved {words} to {', '.join(where)}", keep_differences
        )

    def accept(self, words: str, keys: Collection[ConflictKey], is_accepted: bool, reason: str = "") -> str:
        """Accept conflicts in one step, or let them count again."""
        organization_id, now = self._store.organization_id, self._clock()

        def work(session: Session) -> None:
            for key in keys:
                if is_accepted:
                    accept_conflict(
                        session, organization_id, key, by_user_id=self._store.user_id, reason=reason, now=now
                    )
                else:
                    withdraw_acceptance(session, organization_id, key, now=now)

        return self._write(f"{'Accepted' if is_accepted else 'No longer accepted:'} {words}", work)

    def _move(
        self, row: EntryRow, starts_at: datetime | None, changes: EntryChanges, scope: SeriesScope, said: str,
        keep_differences: bool,
    ) -> str:  # fmt: skip
        organization_id, own = self._store.organization_id, own_places(self._store)

        def work(session: Session) -> None:
            if changes:
                change_entry(
                    session, organization_id, row.id,
                    now=self._clock(), scope=scope, keep_differences=keep_differences, locations=own, **changes,
                )  # fmt: skip
            if starts_at is not None and int(starts_at.timestamp()) != row.booking.starts:
                move_entry(
                    session, organization_id, row.id, starts_at,
                    scope=scope, keep_differences=keep_differences, locations=own,
                )  # fmt: skip

        return self._write(said + self._reach(row, scope), work)

    def resize(
        self, row: EntryRow, words: str, starts: int, ends: int, directory: Directory, scope: SeriesScope,
        keep_differences: bool = True,
    ) -> str:  # fmt: skip
        """Give an entry another start or end."""
        organization_id, own = self._store.organization_id, own_places(self._store)
        starts_at = instant_of(row.day, time(starts // 60, starts % 60), directory.zone)

        def work(session: Session) -> None:
            if starts != row.starts:
                move_entry(
                    session, organization_id, row.id, starts_at,
                    scope=scope, keep_differences=keep_differences, locations=own,
                )  # fmt: skip
            resize_entry(
                session, organization_id, row.id, ends - starts,
                scope=scope, keep_differences=keep_differences, locations=own,
            )  # fmt: skip

        first = clock_words(starts, with_half=False)
        return self._write(f"{words} now takes {first} to {clock_words(ends)}{self._reach(row, scope)}", work)

    def archive(self, row: EntryRow, words: str, scope: SeriesScope) -> str:
        """Hide an entry everywhere."""

        def work(session: Session) -> None:
            archive_entry(
                session, self._store.organization_id, row.id,
                now=self._clock(), scope=scope, locations=own_places(self._store),
            )  # fmt: skip

        return self._write(f"Archived {words}{self._reach(row, scope)}", work)

    def restore(self, row: EntryRow, words: str, scope: SeriesScope) -> str:
        """Bring a cancelled entry back."""

        def work(session: Session) -> None:
            restore_entry(
                session, self._store.organization_id, row.id, scope=scope, locations=own_places(self._store)
            )

        return self._write(f"Brought back {words}{self._reach(row, scope)}", work)

    def copy_to_next_week(self, row: EntryRow, words: str, directory: Directory) -> str:
        """A single entry like this one, a week later at the same time of day."""
        starts_at = instant_of(row.day + timedelta(days=7), time(row.starts // 60, row.starts % 60), directory.zone)

        def work(session: Session) -> None:
            copy_entry(session, self._store.organization_id, row.id, new_entry_id=new_id(), starts_at=starts_at)

        return self._write(f"Copied {words} to the next week", work)

    def set_status(self, row: EntryRow, words: str, status: EntryStatus) -> str:
        """Bring an entry along its lifecycle."""

        def work(session: Session) -> None:
            set_status(session, self._store.organization_id, row.id, status)

        return self._write(f"{_STATUS_WORDS.get(status, 'Changed')} {words}", work)

    def _reach(self, row: EntryRow, scope: SeriesScope) -> str:
        """How far a change goes, and what of the series it leaves out."""
        left_out = staying(self._store, row.id, scope).short
        return f"{_REACH[scope]}; {left_out}" if left_out else _REACH[scope]

    def _write(self, said: str, work: Callable[[Session], None]) -> str:
        with self._store.write(said) as session:
            work(session)
        return said


def fields_of_move(row: EntryRow, target: Target, starts: int, directory: Directory) -> frozenset[str]:
    """What a move edits, as `differences.touched` asks it."""
    starts_at, changes, _ = _place(row, target, starts, directory)
    return _fields(row, starts_at, changes)


def fields_of_resize(row: EntryRow, starts: int, ends: int) -> frozenset[str]:
    """What another start or end edits."""
    fields = {"starts_at"} if starts != row.starts else set()
    if ends - starts != row.ends - row.starts:
        fields.add("duration_minutes")
    return frozenset(fields)


def fields_of_way(row: EntryRow, way: WayOut) -> frozenset[str]:
    """What a way out of a conflict edits; students change alike in all sessions, whatever else they hold."""
    return _fields(row, way.starts_at, _of_way(row, way)) - {"student_ids"}


def row_at(row: EntryRow, target: Target, starts: int, ends: int, directory: Directory) -> EntryRow:
    """An entry as it would be at a place of the calendar, before anything is written."""
    day, minute = target.day + timedelta(days=starts // 1440), starts % 1440
    begins = int(instant_of(day, time(minute // 60, minute % 60), directory.zone).timestamp())
    length, buffer = ends - starts, row.blocked_until - row.ends
    booking = row.booking._replace(
        starts=begins, ends=begins + length * 60, blocked_until=begins + (length + buffer) * 60,
        tutor_id=target.tutor_id, room_ids=target.room_ids,
    )  # fmt: skip
    return replace(
        row, day=day, starts=minute, ends=minute + length, blocked_until=minute + length + buffer,
        is_online=target.is_online, booking=booking,
    )  # fmt: skip


def _fields(row: EntryRow, starts_at: datetime | None, changes: EntryChanges) -> frozenset[str]:
    is_moved = starts_at is not None and int(starts_at.timestamp()) != row.booking.starts
    return frozenset(changes) | ({"starts_at"} if is_moved else frozenset())


def _of_way(row: EntryRow, way: WayOut) -> EntryChanges:
    changes: EntryChanges = {}
    if way.student_ids is not None:
        changes["student_ids"] = way.student_ids
        return changes
    if way.tutor_id is not None:
        changes["tutor_id"] = way.tutor_id
    if way.room_id is not None and way.room_id not in row.room_ids:
        changes["room_ids"] = (way.room_id,)
    return changes


def _place(row: EntryRow, target: Target, starts: int, directory: Directory) -> tuple[datetime, EntryChanges, str]:
    """When an entry would begin at a place of the calendar, what else becomes different there, and the place in
    words: "Thu 4:15 PM with Małgorzata Patel, Room C"."""
    day = target.day + timedelta(days=starts // 1440)
    starts_at = instant_of(day, time(starts % 1440 // 60, starts % 60), directory.zone)
    changes: EntryChanges = {}
    if target.tutor_id != row.tutor_id:
        changes["tutor_id"] = target.tutor_id
    if target.room_ids != row.room_ids:
        changes["room_ids"] = target.room_ids
    if target.is_online != row.is_online:
        changes["is_online"] = target.is_online
    where = f"{_WEEKDAYS[day.weekday()]} {clock_words(starts)}"
    if "tutor_id" in changes:
        where += f" with {directory.tutor_name(target.tutor_id) or 'no tutor'}"
    if target.room_ids and "room_ids" in changes:
        where += f", {', '.join(map(directory.room_name, target.room_ids))}"
    return starts_at, changes, where
