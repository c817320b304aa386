"""Reads what live entries hold, as plain tuples in a few queries, and finds the conflicts among them or with a draft.

Objects would cost ten times as much: a whole school year is checked while a page is being shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, or_, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from shared_models.organization.models import Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.conflicts import Booking, Conflict, conflicts_of, find_conflicts
from shared_models.schedule.drafts import EntryDraft, Plan, bookings_of_plan
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry

LONGEST_ENTRY = timedelta(days=1)
"""No entry takes longer, its buffer included: what may reach into a span began at most this long before it."""


_Column = InstrumentedAttribute[str]


class epoch_seconds(FunctionElement[int]):
    """An instant column as whole epoch seconds, computed by the database."""

    type = Integer()
    inherit_cache = True


@compiles(epoch_seconds, "sqlite")
def _epoch_on_sqlite(element: epoch_seconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"unixepoch({compiler.process(element.clauses, **options)})"


@compiles(epoch_seconds, "postgresql")
def _epoch_on_postgresql(element: epoch_seconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(extract(epoch FROM {compiler.process(element.clauses, **options)}) AS bigint)"


def load_bookings(
    session: Session,
    organization_id: str,
    first: datetime,
    last: datetime,
    *,
    location_id: str | None = None,
) -> list[Booking]:
    """What every live entry that touches ``[first, last)`` holds, in order of start.

    Archived and cancelled entries never conflict (product §4) and are left out; so are archived tutors, rooms and
    students, who are hidden everywhere. Without a location, all of them: a tutor conflicts across locations.
    """
    near = [*_live_between(organization_id, first, last)]
    if location_id is not None:
        near.append(ScheduleEntry.location_id == location_id)
    archived = _archived(session, organization_id)
    students = _held(session, select(Attendee.entry_id, Attendee.student_id), Attendee, near, archived)
    rooms = _held(session, select(EntryRoom.entry_id, EntryRoom.room_id), EntryRoom, near, archived)
    none: tuple[str, ...] = ()
    statement = select(*_TIMES, ScheduleEntry.tutor_id).where(*near).order_by(ScheduleEntry.starts_at)
    return [
        Booking(
            entry_id, starts, ends, until, None if tutor_id in archived else tutor_id,
            rooms.get(entry_id, none), students.get(entry_id, none),
        )
        for entry_id, starts, ends, until, tutor_id in session.execute(statement)
    ]  # fmt: skip


def bookings_of_entries(session: Session, organization_id: str, entry_ids: Collection[str]) -> list[Booking]:
    """What the given entries hold; those that are archived or cancelled are left out."""
    if not entry_ids:
        return []
    chosen = [*_live(organization_id), ScheduleEntry.id.in_(entry_ids)]
    archived = _archived(session, organization_id)
    students = _held(session, select(Attendee.entry_id, Attendee.student_id), Attendee, chosen, archived)
    rooms = _held(session, select(EntryRoom.entry_id, EntryRoom.room_id), EntryRoom, chosen, archived)
    statement = select(*_TIMES, ScheduleEntry.tutor_id).where(*chosen).order_by(ScheduleEntry.starts_at)
    return [
        Booking(
            entry_id, starts, ends, until, None if tutor_id in archived else tutor_id,
            rooms.get(entry_id, ()), students.get(entry_id, ()),
        )
        for entry_id, starts, ends, until, tutor_id in session.execute(statement)
    ]  # fmt: skip


def rival_bookings(session: Session, organization_id: str, new: Sequence[Booking]) -> list[Booking]:
    """What of the live entries could conflict with ``new``: entries of the same tutors, rooms and students in the
    span of ``new``, and of what those hold only that."""
    if not new:
        return []
    tutor_ids = {booking.tutor_id for booking in new if booking.tutor_id is not None}
    room_ids = {room_id for booking in new for room_id in booking.room_ids}
    student_ids = {student_id for booking in new for student_id in booking.student_ids}
    first = datetime.fromtimestamp(min(booking.starts for booking in new), UTC)
    last = datetime.fromtimestamp(max(booking.blocked_until for booking in new), UTC)
    near = [*_live_between(organization_id, first, last)]
    rooms = _claimed(session, organization_id, EntryRoom.entry_id, EntryRoom.room_id, room_ids)
    students = _claimed(session, organization_id, Attendee.entry_id, Attendee.student_id, student_ids)
    # Subqueries instead of joins: without statistics SQLite would walk all rows of a room for each entry.
    concerned = [ScheduleEntry.tutor_id.in_(tutor_ids)] if tutor_ids else []
    if room_ids:
        concerned.append(
            ScheduleEntry.id.in_(_claims(organization_id, EntryRoom.entry_id, EntryRoom.room_id, room_ids))
        )
    if student_ids:
        attending = _claims(organization_id, Attendee.entry_id, Attendee.student_id, student_ids)
        concerned.append(ScheduleEntry.id.in_(attending))
    if not concerned:
        return []
    none: tuple[str, ...] = ()
    rows = session.execute(select(*_TIMES, ScheduleEntry.tutor_id).where(*near, or_(*concerned)))
    return [
        Booking(
            entry_id, starts, ends, until, tutor_id if tutor_id in tutor_ids else None,
            rooms.get(entry_id, none), students.get(entry_id, none),
        )
        for entry_id, starts, ends, until, tutor_id in rows
    ]  # fmt: skip


def conflicts_of_bookings(session: Session, organization_id: str, new: Sequence[Booking]) -> list[Conflict]:
    """The conflicts that entries would have if they held ``new``; an entry's own former state does not count."""
    return conflicts_of(new, rival_bookings(session, organization_id, new))


def conflicts_of_draft(
    session: Session, organization_id: str, plan: Plan, draft: EntryDraft, *, without: Collection[str] = ()
) -> list[Conflict]:
    """The conflicts of all sessions of a draft, over its whole length (product §4).

    ``without`` names the entries that the draft is about to change, which do not stand in its way.
    """
    new = bookings_of_plan(plan, draft)
    rivals = rival_bookings(session, organization_id, new)
    return conflicts_of(new, [rival for rival in rivals if rival.entry_id not in without] if without else rivals)


def conflicts_of_entries(session: Session, organization_id: str, entry_ids: Collection[str]) -> list[Conflict]:
    """The conflicts in which at least one of the given entries takes part: what is looked at after a restore."""
    return conflicts_of_bookings(session, organization_id, bookings_of_entries(session, organization_id, entry_ids))


def all_conflicts(session: Session, organization_id: str, first: datetime, last: datetime) -> list[Conflict]:
    """Every conflict among the live entries that touch ``[first, last)``, at all locations."""
    return find_conflicts(load_bookings(session, organization_id, first, last))


_TIMES = (
    ScheduleEntry.id,
    epoch_seconds(ScheduleEntry.starts_at),
    epoch_seconds(ScheduleEntry.ends_at),
    epoch_seconds(ScheduleEntry.blocked_until),
)


def _live(organization_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        ScheduleEntry.organization_id == organization_id,
        ScheduleEntry.archived_at.is_(None),
        ScheduleEntry.status != EntryStatus.CANCELLED,
    )


def _live_between(organization_id: str, first: datetime, last: datetime) -> Iterable[ColumnElement[bool]]:
    yield from _live(organization_id)
    yield ScheduleEntry.starts_at >= first - LONGEST_ENTRY
    yield ScheduleEntry.starts_at < last
    yield ScheduleEntry.blocked_until > first


def _held(
    session: Session,
    statement: Select[str, str],
    kind: type[Attendee] | type[EntryRoom],
    near: Iterable[ColumnElement[bool]],
    archived: Collection[str],
) -> dict[str, tuple[str, ...]]:
    """The rooms, or the students, of the entries that fulfil ``near``, by entry id."""
    joined = statement.join(
        ScheduleEntry, (ScheduleEntry.organization_id == kind.organization_id) & (ScheduleEntry.id == kind.entry_id)
    ).where(*near, kind.archived_at.is_(None))
    held: dict[str, tuple[str, ...]] = {}
    for entry_id, thing_id in session.execute(joined):
        if thing_id in archived:
            continue
        known = held.get(entry_id)
        held[entry_id] = (thing_id,) if known is None else (*known, thing_id)
    return held


def _claims(organization_id: str, entry: _Column, thing: _Column, wanted: Collection[str]) -> Select[str]:
    """The ids of the entries that claim one of the wanted rooms, or students."""
    kind = entry.class_
    return select(entry).where(kind.organization_id == organization_id, kind.archived_at.is_(None), thing.in_(wanted))


def _claimed(
    session: Session, organization_id: str, entry: _Column, thing: _Column, wanted: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Which of the wanted rooms, or students, each entry claims."""
    if not wanted:
        return {}
    claimed: dict[str, tuple[str, ...]] = {}
    for entry_id, thing_id in session.execute(
        _claims(organization_id, entry, thing, wanted).with_only_columns(entry, thing)
    ):
        claimed[entry_id] = (*claimed.get(entry_id, ()), thing_id)
    return claimed


def _archived(session: Session, organization_id: str) -> frozenset[str]:
    """Ids of the archived tutors, rooms and students: few, so one small question instead of three more joins."""
    tutors, rooms, students = (
        select(kind.id).where(kind.organization_id == organization_id, kind.archived_at.is_not(None))
        for kind in (Tutor, Room, Student)
    )
    return frozenset(session.scalars(union_all(tutors, rooms, students)))
