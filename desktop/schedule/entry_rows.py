"""Reads the entries of a span of days as plain rows: three queries, however many entries there are.

Column tuples instead of objects, and epoch seconds instead of datetimes: a week is on screen within a frame or two.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desktop.schedule.directory import Directory
from shared_models.people.models import Student
from shared_models.schedule.bookings import LONGEST_ENTRY, epoch_seconds, rows_of
from shared_models.schedule.conflicts import Booking, collection_paused
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry
from shared_models.schedule.times import instant_of

ENTRY_TABLES = frozenset({"schedule_entry", "attendee", "entry_room", "student", "conflict_acceptance"})
"""A change in one of these makes the rows of a week stale."""
_STATUSES = {status.value: status for status in EntryStatus}


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry with what it holds. Minutes are those of the local day; `booking` has the same in epoch seconds."""

    id: str
    day: date
    starts: int
    ends: int
    blocked_until: int
    location_id: str
    series_id: str | None
    service_id: str
    subject_id: str | None
    topic_id: str | None
    product_id: str | None
    capacity: int
    is_online: bool
    status: EntryStatus
    student_names: tuple[str, ...]
    booking: Booking

    @property
    def tutor_id(self) -> str | None:
        """The tutor; None while there is none."""
        return self.booking.tutor_id

    @property
    def room_ids(self) -> tuple[str, ...]:
        """The rooms, archived ones left out."""
        return self.booking.room_ids

    @property
    def student_ids(self) -> tuple[str, ...]:
        """The students, archived ones left out; parallel to `student_names`."""
        return self.booking.student_ids

    @property
    def is_live(self) -> bool:
        """Whether the entry takes part in conflicts: cancelled ones never do (product §4)."""
        return self.status is not EntryStatus.CANCELLED


@collection_paused()
def read_entries(session: Session, directory: Directory, first_day: date, last_day: date) -> list[EntryRow]:
    """The entries of all locations that start on the days (both included, local), in order of start.

    All locations, since a tutor conflicts across them (product §4).
    """
    organization_id, zone = directory.organization_id, directory.zone
    begin = instant_of(first_day, time(), zone)
    end = instant_of(last_day + timedelta(days=1), time(), zone)
    entry = ScheduleEntry
    within = (
        entry.organization_id == organization_id,
        entry.archived_at.is_(None),
        entry.starts_at >= begin - LONGEST_ENTRY,
        entry.starts_at < end,
        entry.blocked_until > begin,
    )
    statement = (
        select(
            entry.id, epoch_seconds(entry.starts_at), epoch_seconds(entry.ends_at),
            epoch_seconds(entry.blocked_until), entry.location_id, entry.series_id, entry.service_id,
            entry.subject_id, entry.topic_id, entry.product_id, entry.tutor_id, entry.capacity, entry.is_online,
            entry.status,
        )
        .where(*within)
        .order_by(entry.starts_at, entry.id)
    )  # fmt: skip
    rows = list(rows_of(session, statement))
    # The ids are handed back instead of asking for the span again, which would look up each entry once more. Outer
    # joins keep the order of the tables: SQLite would otherwise begin with all attendees there are.
    wanted = func.json_each(json.dumps([row[0] for row in rows])).table_valued("value")
    students: dict[str, list[tuple[str, str]]] = defaultdict(list)
    attendee, student = Attendee, Student
    for entry_id, student_id, given, family in rows_of(
        session,
        select(attendee.entry_id, student.id, student.first_name, student.last_name)
        .select_from(wanted)
        .outerjoin(
            attendee,
            (attendee.organization_id == organization_id)
            & (attendee.entry_id == wanted.c.value)
            & attendee.archived_at.is_(None),
        )
        .outerjoin(
            student,
            (student.organization_id == attendee.organization_id)
            & (student.id == attendee.student_id)
            & student.archived_at.is_(None),
        ),
    ):
        if student_id is not None:
            students[entry_id].append((student_id, f"{given} {family}".strip()))
    rooms: dict[str, list[str]] = defaultdict(list)
    taken = EntryRoom
    for entry_id, room_id in rows_of(
        session,
        select(taken.entry_id, taken.room_id)
        .select_from(wanted)
        .outerjoin(
            taken,
            (taken.organization_id == organization_id)
            & (taken.entry_id == wanted.c.value)
            & taken.archived_at.is_(None),
        ),
    ):
        room = directory.rooms.get(room_id) if room_id is not None else None
        if room is not None and not room.is_archived:
            rooms[entry_id].append(room_id)
    return _rows(rows, students, rooms, directory)


def read_entry(session: Session, directory: Directory, entry_id: str) -> EntryRow | None:
    """One entry, whenever it is; None when it does not exist or is archived."""
    starts_at = session.scalar(
        select(ScheduleEntry.starts_at).where(
            ScheduleEntry.organization_id == directory.organization_id, ScheduleEntry.id == entry_id
        )
    )
    if starts_at is None:
        return None
    day = starts_at.astimezone(directory.zone).date()
    return next((row for row in read_entries(session, directory, day, day) if row.id == entry_id), None)


def _rows(
    rows: Iterable[tuple[Any, ...]],
    students: dict[str, list[tuple[str, str]]],
    rooms: dict[str, list[str]],
    directory: Directory,
) -> list[EntryRow]:
    result: list[EntryRow] = []
    clocks: dict[int, datetime] = {}
    for row in rows:
        (
            entry_id, starts_at, ends_at, until, location_id, series_id, service_id, subject_id, topic_id,
            product_id, tutor_id, capacity, is_online, status,
        ) = row  # fmt: skip
        local = clocks.get(starts_at)
        if local is None:
            local = clocks[starts_at] = datetime.fromtimestamp(starts_at, directory.zone)
        starts = local.hour * 60 + local.minute
        tutor = directory.tutors.get(tutor_id) if tutor_id is not None else None
        attending: Sequence[tuple[str, str]] = students.get(entry_id, ())
        if len(attending) > 1:
            attending = sorted(attending, key=lambda pair: (pair[1], pair[0]))
        result.append(
            EntryRow(
                id=entry_id, day=local.date(), starts=starts,
                ends=starts + (ends_at - starts_at) // 60, blocked_until=starts + (until - starts_at) // 60,
                location_id=location_id, series_id=series_id, service_id=service_id, subject_id=subject_id,
                topic_id=topic_id, product_id=product_id, capacity=capacity,
                is_online=bool(is_online), status=_STATUSES[status],
                student_names=tuple(name for _, name in attending),
                booking=Booking(
                    entry_id, starts_at, ends_at, until,
                    tutor_id if tutor is not None and not tutor.is_archived else None,
                    tuple(rooms.get(entry_id, ())), tuple(student_id for student_id, _ in attending),
                ),
            )
        )  # fmt: skip
    return result
