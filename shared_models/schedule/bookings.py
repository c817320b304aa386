"""Reads what live entries hold, as plain tuples in a few queries, and finds the conflicts among them or with a draft.

Objects would cost ten times as much: a whole school year is checked while a page is being shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import chain
from operator import itemgetter
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
    literal_column,
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
from shared_models.schedule.columns import OnDemand, few_ids_in, ids_in, joined, numbers_in, positions, things_of
from shared_models.schedule.conflicts import Booking, Conflict, collection_paused, conflicts_of, find_conflicts
from shared_models.schedule.drafts import EntryDraft, Plan, bookings_of_plan
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry

LONGEST_ENTRY = timedelta(days=1)
"""No entry takes longer, its buffer included: what may reach into a span began at most this long before it."""


_Column = InstrumentedAttribute[str]
_Kind = Any  # The class of Attendee or EntryRoom, as a column knows it
_Columns = TypeVarTuple("_Columns")
_starts = itemgetter(1)
_booking: Callable[[tuple[object, ...]], Booking] = partial(tuple.__new__, Booking)
ATTENDEES = (Attendee.entry_id, Attendee.student_id)
ROOMS = (EntryRoom.entry_id, EntryRoom.room_id)
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
    near = [*live_between(organization_id, first, last)]
    if location_id is not None:
        near.append(ScheduleEntry.location_id == location_id)
    ids, starts, ends, untils, tutors = joined_row(session, (*TIMES, ScheduleEntry.tutor_id), near)
    entry_ids, tutor_ids = ids_in(ids), few_ids_in(tutors)
    at = positions(entry_ids)
    rooms, students = (held_by(session, organization_id, links, at, near) for links in (ROOMS, ATTENDEES))
    archived = archived_things(session, organization_id)
    made = bookings_of_columns(
        entry_ids, numbers_in(starts), numbers_in(ends), numbers_in(untils), tutor_ids, rooms, students, archived
    )
    made.sort(key=_starts)
    return made


def bookings_of_columns(
    entry_ids: Iterable[str],
    starts: Iterable[int],
    ends: Iterable[int],
    untils: Iterable[int],
    tutor_ids: Iterable[str | None],
    rooms: Iterable[tuple[str, ...]],
    students: Iterable[tuple[str, ...]],
    archived: Collection[str],
) -> list[Booking]:
    """Bookings from columns of the same length: a year has fifty thousand entries, and a loop of our own over them
    costs twice as much. Archived tutors, rooms and students are left out."""
    if archived:
        tutor_ids = (None if tutor_id in archived else tutor_id for tutor_id in tutor_ids)
    held = without(rooms, archived), without(students, archived)
    return list(map(_booking, zip(entry_ids, starts, ends, untils, tutor_ids, *held, strict=True)))


def bookings_of_entries(session: Session, organization_id: str, entry_ids: Collection[str]) -> list[Booking]:
    """What the given entries hold; those that are archived or cancelled are left out."""
    if not entry_ids:
        return []
    chosen = [*_live(organization_id), ScheduleEntry.id.in_(entry_ids)]
    # Sorted here: asked for that order, SQLite would walk through the year instead of looking up each entry.
    rows = sorted(rows_of(session, select(*TIMES, ScheduleEntry.tutor_id).where(*chosen)), key=_starts)
    at = positions([row[0] for row in rows])
    rooms, students = (held_by(session, organization_id, links, at, chosen) for links in (ROOMS, ATTENDEES))
    archived = archived_things(session, organization_id)
    return [
        Booking(entry_id, starts, ends, until, None if tutor_id in archived else tutor_id, *held)
        for (entry_id, starts, ends, until, tutor_id), *held in zip(
            rows, without(rooms, archived), without(students, archived), strict=True
        )
    ]


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
    for links, wanted in ((ROOMS, room_ids), (ATTENDEES, student_ids)):
        if wanted:
            concerned.append(ScheduleEntry.id.in_(_claims(organization_id, links, wanted)))
    if not concerned:
        return []
    statement = select(*TIMES, ScheduleEntry.tutor_id).where(*_live(organization_id), or_(*concerned))
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
        found.update((row[0], row) for row in rows_of(session, near, _parameters(some, size)))
    rooms = _claimed(session, organization_id, ROOMS, room_ids, found)
    students = _claimed(session, organization_id, ATTENDEES, student_ids, found)
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


TIMES = (
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


def live_between(organization_id: str, first: datetime, last: datetime) -> Iterable[ColumnElement[bool]]:
    """The conditions for the live entries that touch ``[first, last)``."""
    yield from _live(organization_id)
    yield ScheduleEntry.starts_at >= first - LONGEST_ENTRY
    yield ScheduleEntry.starts_at < last
    yield ScheduleEntry.blocked_until > first


def held_by(
    session: Session,
    organization_id: str,
    links: tuple[_Column, _Column],
    at: Mapping[str, int],
    near: Iterable[ColumnElement[bool]],
) -> list[tuple[str, ...]]:
    """The rooms, or the students, of each of the entries, which are those that fulfil ``near``, in the order of their
    numbers ``at``; archived ones too.

    When those are a large share of all, all are read in a row instead of looking up each one's.
    """
    entry, thing = links
    kind: _Kind = entry.class_
    live = (kind.organization_id == organization_id, kind.archived_at.is_(None))
    if len(at) >= _MANY and _are_most(session, kind, organization_id, len(at)):
        return things_of(at, rows_of(session, select(thing, joined(entry)).where(*live).group_by(thing)))
    # Not grouped here: SQLite would walk through all rooms, or students, to find them in the order of the groups.
    statement = (
        select(thing, entry)
        .where(*live)
        .join(ScheduleEntry, (ScheduleEntry.organization_id == kind.organization_id) & (ScheduleEntry.id == entry))
        .where(*near)
    )
    return things_of(at, rows_of(session, statement))


def without(things: Iterable[tuple[str, ...]], archived: Collection[str]) -> Iterable[tuple[str, ...]]:
    """The rooms, or the students, of entries without the archived ones, who are hidden everywhere."""
    if not archived:
        return things
    live = OnDemand[tuple[str, ...], tuple[str, ...]](lambda ids: tuple(one for one in ids if one not in archived))
    return map(live.__getitem__, things)


def _are_most(
    session: Session, kind: type[Attendee] | type[EntryRoom], organization_id: str, entry_count: int
) -> bool:
    """Whether so many entries have so large a share of all rooms, or students, that reading all is less work."""
    count = select(func.count()).select_from(kind).where(kind.organization_id == organization_id)
    if session.connection().dialect.name == "sqlite":
        # As many rows as there can be: counting them would read through an index.
        count = select(func.max(literal_column("rowid", Integer))).select_from(kind)
    return (session.scalar(count) or 0) < 5 * entry_count


def joined_row(
    session: Session,
    columns: Iterable[ColumnElement[Any] | InstrumentedAttribute[Any]],
    near: Iterable[ColumnElement[bool]],
) -> tuple[str | None, ...]:
    """The columns of the entries that fulfil ``near``, each as one text, see `columns`; None when there are none."""
    (row,) = rows_of(session, select(*map(joined, columns)).where(*near))
    return tuple(row)


def rows_of(
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
    for entry_id, thing_id in rows_of(session, statement):
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


def archived_things(session: Session, organization_id: str) -> frozenset[str]:
    """Ids of the archived tutors, rooms and students: few, so one small question instead of three more joins."""
    tutors, rooms, students = (
        select(kind.id).where(kind.organization_id == organization_id, kind.archived_at.is_not(None))
        for kind in (Tutor, Room, Student)
    )
    return frozenset(session.scalars(union_all(tutors, rooms, students)))
