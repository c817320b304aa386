"""Reads what live entries hold, as plain tuples in a few queries, and finds the conflicts among them or with a draft.

Objects would cost ten times as much: a whole school year is checked while a page is being shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import chain, repeat
from typing import Any, TypeVarTuple, cast

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Join,
    Row,
    Select,
    bindparam,
    column,
    func,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from shared_models.base import Instant
from shared_models.organization.models import Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.conflicts import Booking, Conflict, collection_paused, conflicts_of, find_conflicts
from shared_models.schedule.drafts import EntryDraft, Plan, bookings_of_plan
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry

LONGEST_ENTRY = timedelta(days=1)
"""No entry takes longer, its buffer included: what may reach into a span began at most this long before it."""


_Column = InstrumentedAttribute[str]
_Kind = Any  # The class of Attendee or EntryRoom, as a column knows it
_Columns = TypeVarTuple("_Columns")
_booking: Callable[[tuple[object, ...]], Booking] = partial(tuple.__new__, Booking)
_ATTENDEES = (Attendee.entry_id, Attendee.student_id)
_ROOMS = (EntryRoom.entry_id, EntryRoom.room_id)
_MANY = 2_000
_SPANS = 512
_SIZES = (1, 8, 64, _SPANS)
_PARTITION = 1_000


class epoch_seconds(FunctionElement[int]):
    """An instant column as whole epoch seconds, computed by the database."""

    type = Integer()
    inherit_cache = True


@compiles(epoch_seconds, "sqlite")
def _epoch_on_sqlite(element: epoch_seconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"unixepoch({compiler.process(element.clauses, **options)})"


class _JoinedInOrder(Join):
    """A join that is to be walked from left to right: without statistics SQLite takes all entries of an organization
    for ten, and would rather look at all of them for each span of time."""

    inherit_cache = True


@compiles(_JoinedInOrder, "sqlite")
def _in_order_on_sqlite(join: Join, compiler: SQLCompiler, **options: Any) -> str:
    options["asfrom"] = True
    left, right = (compiler.process(side, **options) for side in (join.left, join.right))
    condition = compiler.process(join.onclause, **{**options, "asfrom": False}) if join.onclause is not None else "1"
    return f"{left} CROSS JOIN {right} ON {condition}"


@compiles(epoch_seconds, "postgresql")
def _epoch_on_postgresql(element: epoch_seconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(extract(epoch FROM {compiler.process(element.clauses, **options)}) AS bigint)"


@collection_paused()
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
    statement = select(*_TIMES, ScheduleEntry.tutor_id).where(*near).order_by(ScheduleEntry.starts_at)
    entries = list(_rows(session, statement))
    archived = _archived(session, organization_id)
    students = _held_by(session, organization_id, _ATTENDEES, len(entries), near, archived)
    rooms = _held_by(session, organization_id, _ROOMS, len(entries), near, archived)
    if not entries:
        return []
    # Column by column: a year has fifty thousand entries, and a loop of our own over them costs twice as much.
    entry_ids, starts, ends, untils, tutor_ids = zip(*entries, strict=True)
    if not archived.isdisjoint(tutor_ids):
        tutor_ids = tuple(None if tutor_id in archived else tutor_id for tutor_id in tutor_ids)
    none: Iterable[tuple[str, ...]] = repeat(())
    rooms_in_order, students_in_order = map(rooms.get, entry_ids, none), map(students.get, entry_ids, none)
    columns = zip(entry_ids, starts, ends, untils, tutor_ids, rooms_in_order, students_in_order, strict=True)
    return list(map(_booking, columns))


def bookings_of_entries(session: Session, organization_id: str, entry_ids: Collection[str]) -> list[Booking]:
    """What the given entries hold; those that are archived or cancelled are left out."""
    if not entry_ids:
        return []
    chosen = [*_live(organization_id), ScheduleEntry.id.in_(entry_ids)]
    archived = _archived(session, organization_id)
    students = _held_by(session, organization_id, _ATTENDEES, len(entry_ids), chosen, archived)
    rooms = _held_by(session, organization_id, _ROOMS, len(entry_ids), chosen, archived)
    statement = select(*_TIMES, ScheduleEntry.tutor_id).where(*chosen).order_by(ScheduleEntry.starts_at)
    return [
        Booking(
            entry_id, starts, ends, until, None if tutor_id in archived else tutor_id,
            rooms.get(entry_id, ()), students.get(entry_id, ()),
        )
        for entry_id, starts, ends, until, tutor_id in session.execute(statement)
    ]  # fmt: skip


def rival_bookings(session: Session, organization_id: str, new: Sequence[Booking]) -> list[Booking]:
    """What of the live entries could conflict with ``new``: entries of the same tutors, rooms and students at the
    times of ``new``, and of what those hold only that.

    Each session looks up its own times in the index, so that a series costs what its sessions cost, and not all that
    lies between the first and the last.
    """
    if not new:
        return []
    tutor_ids = {booking.tutor_id for booking in new if booking.tutor_id is not None}
    room_ids = {room_id for booking in new for room_id in booking.room_ids}
    student_ids = {student_id for booking in new for student_id in booking.student_ids}
    # Subqueries instead of joins: without statistics SQLite would walk all rows of a room for each entry.
    concerned = [ScheduleEntry.tutor_id.in_(tutor_ids)] if tutor_ids else []
    for links, wanted in ((_ROOMS, room_ids), (_ATTENDEES, student_ids)):
        if wanted:
            concerned.append(ScheduleEntry.id.in_(_claims(organization_id, links, wanted)))
    if not concerned:
        return []
    statement = select(*_TIMES, ScheduleEntry.tutor_id).where(*_live(organization_id), or_(*concerned))
    spans = _joined(new)
    found: dict[str, Row[str, int, int, int, str | None]] = {}
    for start in range(0, len(spans), _SPANS):
        some = spans[start : start + _SPANS]
        size = next(size for size in _SIZES if size >= len(some))
        times = _times(size)
        near = statement.select_from(_JoinedInOrder(times, ScheduleEntry.__table__, (
            (ScheduleEntry.starts_at > times.c.column1)
            & (ScheduleEntry.starts_at < times.c.column3)
            & (ScheduleEntry.blocked_until > times.c.column2)
        )))  # fmt: skip
        found.update((row[0], row) for row in _rows(session, near, _parameters(some, size)))
    rooms = _claimed(session, organization_id, _ROOMS, room_ids, found)
    students = _claimed(session, organization_id, _ATTENDEES, student_ids, found)
    none: tuple[str, ...] = ()
    return [
        Booking(
            entry_id, starts, ends, until, tutor_id if tutor_id in tutor_ids else None,
            rooms.get(entry_id, none), students.get(entry_id, none),
        )
        for entry_id, starts, ends, until, tutor_id in found.values()
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


def _held_by(
    session: Session,
    organization_id: str,
    links: tuple[_Column, _Column],
    entry_count: int,
    near: Iterable[ColumnElement[bool]],
    archived: Collection[str],
) -> dict[str, tuple[str, ...]]:
    """The rooms, or the students, of the ``entry_count`` entries that fulfil ``near``, by entry id.

    When those are a large share of all, all are read in a row instead of looking up each one's: the answer then
    knows other entries too.
    """
    entry, thing = links
    kind: _Kind = entry.class_
    live = (kind.organization_id == organization_id, kind.archived_at.is_(None))
    statement = select(entry, thing).where(*live)
    if entry_count < _MANY or not _are_most(session, kind, organization_id, entry_count):
        statement = statement.join(
            ScheduleEntry, (ScheduleEntry.organization_id == kind.organization_id) & (ScheduleEntry.id == entry)
        ).where(*near)
    held: dict[str, tuple[str, ...]] = {}
    alone = _Alone()
    for entry_id, thing_id in _rows(session, statement):
        if thing_id in archived:
            continue
        if entry_id in held:
            held[entry_id] += (thing_id,)
        else:
            held[entry_id] = alone[thing_id]
    return held


class _Alone(dict[str, tuple[str, ...]]):
    """The same tuple for each thing that is held alone: fifty thousand fewer to make and to look through."""

    def __missing__(self, thing_id: str) -> tuple[str, ...]:
        self[thing_id] = (thing_id,)
        return self[thing_id]


def _are_most(
    session: Session, kind: type[Attendee] | type[EntryRoom], organization_id: str, entry_count: int
) -> bool:
    """Whether so many entries have so large a share of all rooms, or students, that reading all is less work."""
    all_of_them = select(func.count()).select_from(kind).where(kind.organization_id == organization_id)
    return (session.scalar(all_of_them) or 0) < 5 * entry_count


def _rows(
    session: Session, statement: Select[*_Columns], parameters: Mapping[str, object] | None = None
) -> Iterable[Row[*_Columns]]:
    """The rows of plain columns, without what the ORM does to each: half the time of reading a year.

    SQLite's own tuples already hold texts and numbers, so they are handed on as they are.
    """
    if session.autoflush:
        session.flush()
    connection = session.connection()
    result = connection.execute(statement, parameters)
    if connection.dialect.name == "sqlite":
        plain: Any = result.cursor
        return cast("Iterable[Row[*_Columns]]", plain.fetchall())
    return chain.from_iterable(result.partitions(_PARTITION))


@cache
def _times(size: int) -> CTE:
    """So many spans of time as a table: when an entry that reaches into it begins at the earliest, its begin and its
    end. Written out once per size, as a statement with `values()` would be compiled anew for each question."""
    names = [(f"reach{number}", f"begins{number}", f"ends{number}") for number in range(size)]
    rows = ", ".join(f"(:{reach}, :{begins}, :{ends})" for reach, begins, ends in names)
    parameters = (bindparam(name, type_=Instant) for three in names for name in three)
    columns = (column(f"column{number}", Instant) for number in (1, 2, 3))
    return text(f"VALUES {rows}").bindparams(*parameters).columns(*columns).cte("times")


def _parameters(spans: Sequence[tuple[int, int]], size: int) -> dict[str, datetime]:
    """The spans as what `_times` asks for; the last one fills what is left."""
    parameters: dict[str, datetime] = {}
    for number in range(size):
        begins, ends = map(_instant, spans[min(number, len(spans) - 1)])
        parameters |= {f"reach{number}": begins - LONGEST_ENTRY, f"begins{number}": begins, f"ends{number}": ends}
    return parameters


def _claims(organization_id: str, links: tuple[_Column, _Column], wanted: Collection[str]) -> Select[str]:
    """The ids of the entries that claim one of the wanted rooms, or students."""
    entry, thing = links
    kind: _Kind = entry.class_
    return select(entry).where(kind.organization_id == organization_id, kind.archived_at.is_(None), thing.in_(wanted))


def _claimed(
    session: Session,
    organization_id: str,
    links: tuple[_Column, _Column],
    wanted: Collection[str],
    entry_ids: Collection[str],
) -> dict[str, tuple[str, ...]]:
    """Which of the wanted rooms, or students, each of these entries claims."""
    claimed: dict[str, tuple[str, ...]] = {}
    if not wanted or not entry_ids:
        return claimed
    statement = _claims(organization_id, links, wanted).with_only_columns(*links)
    if len(entry_ids) < _SPANS:
        statement = statement.where(links[0].in_(entry_ids))
    for entry_id, thing_id in _rows(session, statement):
        if entry_id in entry_ids:
            claimed[entry_id] = (*claimed.get(entry_id, ()), thing_id)
    return claimed


def _joined(bookings: Iterable[Booking]) -> list[tuple[int, int]]:
    """The times of bookings, in order, those that touch each other as one."""
    joined: list[tuple[int, int]] = []
    for starts, until in sorted((booking.starts, booking.blocked_until) for booking in bookings):
        if joined and starts <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((starts, until))
    return joined


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _archived(session: Session, organization_id: str) -> frozenset[str]:
    """Ids of the archived tutors, rooms and students: few, so one small question instead of three more joins."""
    tutors, rooms, students = (
        select(kind.id).where(kind.organization_id == organization_id, kind.archived_at.is_not(None))
        for kind in (Tutor, Room, Student)
    )
    return frozenset(session.scalars(union_all(tutors, rooms, students)))
