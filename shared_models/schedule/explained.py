"""Conflicts in words: who, where and when, with names instead of ids, for panels, lists and the form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.base import TenantRow
from shared_models.catalog.models import Service, Subject, Topic
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.acceptances import Acceptance, ConflictKey, acceptances_of, key_of
from shared_models.schedule.conflicts import Conflict, ConflictKind, ConflictTag
from shared_models.schedule.models import Attendee, EntryRoom, ScheduleEntry
from shared_models.schedule.times import wall_clock_of, zone_of

_CHUNK = 900
_MANY = 3
_CLOCKS = tuple(f"{minutes // 60 % 12 or 12}:{minutes % 60:02d}" for minutes in range(24 * 60))


class EntryWords(NamedTuple):
    """An entry as people speak of it; times are wall-clock of the organization."""

    entry_id: str
    title: str
    starts: datetime
    ends: datetime
    blocked_until: datetime
    student_names: tuple[str, ...] = ()
    tutor_name: str = ""
    room_names: tuple[str, ...] = ()
    location_name: str = ""
    is_online: bool = False
    series_id: str | None = None

    @property
    def who(self) -> str:
        """The students: their names, or how many there are."""
        if len(self.student_names) == 1:
            return self.student_names[0]
        if len(self.student_names) > _MANY:
            return f"group of {len(self.student_names)}"
        return " and ".join(self.student_names)

    @property
    def place(self) -> str:
        return "Online" if self.is_online else ", ".join(self.room_names)


class ExplainedConflict(NamedTuple):
    """A conflict with the names of what both entries claim; ``first`` starts earlier. An ``acceptance`` says who
    lives with it, since when and why: it is still listed and does not shout."""

    conflict: Conflict
    names: tuple[str, ...]
    first: EntryWords
    second: EntryWords
    acceptance: Acceptance | None = None

    @property
    def key(self) -> ConflictKey:
        """What `accept_conflict` and `withdraw_acceptance` ask for."""
        return key_of(self.conflict)

    @property
    def is_accepted(self) -> bool:
        return self.acceptance is not None

    @property
    def kind(self) -> ConflictKind:
        return self.conflict.kind

    @property
    def tag(self) -> ConflictTag:
        return self.conflict.tag

    def other(self, entry_id: str) -> EntryWords:
        """What stands in the way of one of the two."""
        return self.second if self.first.entry_id == entry_id else self.first


def explain(
    session: Session,
    organization_id: str,
    conflicts: Iterable[Conflict],
    unsaved: Mapping[str, EntryWords] | None = None,
) -> list[ExplainedConflict]:
    """Conflicts with names and local times, in order of time, overlaps before buffers.

    ``unsaved`` describes entries that are not in the tables yet: those of a draft. Conflicts of entries that are in
    neither are left out. What was accepted is marked so, except for unsaved entries: nobody has seen those.
    """
    conflicts = list(conflicts)
    known = dict(unsaved or {})
    ids = {entry_id for conflict in conflicts for entry_id in (conflict.first_id, conflict.second_id)} - known.keys()
    known.update(entry_words(session, organization_id, ids))
    names = names_of(session, organization_id, {thing for conflict in conflicts for thing in conflict.resource_ids})
    saved = [one for one in conflicts if not unsaved or unsaved.keys().isdisjoint((one.first_id, one.second_id))]
    accepted = acceptances_of(session, organization_id, saved)
    explained = [
        ExplainedConflict(
            conflict,
            tuple(names.get(thing, "") for thing in conflict.resource_ids),
            known[conflict.first_id],
            known[conflict.second_id],
            accepted.get(key_of(conflict)) if accepted else None,
        )
        for conflict in conflicts
        if conflict.first_id in known and conflict.second_id in known
    ]
    return sorted(explained, key=lambda one: (one.first.starts, one.tag is ConflictTag.BUFFER, one.kind, one.names))


def entry_words(session: Session, organization_id: str, entry_ids: Collection[str]) -> dict[str, EntryWords]:
    """How the given entries are spoken of, by id."""
    if not entry_ids:
        return {}
    zone = zone_of(session.scalars(
        select(Organization.time_zone).where(Organization.organization_id == organization_id)
    ).one())  # fmt: skip
    students: dict[str, list[str]] = defaultdict(list)
    rooms: dict[str, list[str]] = defaultdict(list)
    words: dict[str, EntryWords] = {}
    entry = ScheduleEntry
    for some in _chunks(sorted(entry_ids)):
        for entry_id, first, last in session.execute(
            select(Attendee.entry_id, Student.first_name, Student.last_name)
            .join(Student, _same(Student, Attendee.organization_id, Attendee.student_id))
            .where(
                Attendee.organization_id == organization_id,
                Attendee.archived_at.is_(None),
                Attendee.entry_id.in_(some),
            )
            .order_by(Student.first_name, Student.last_name)
        ):
            students[entry_id].append(f"{first} {last}".strip())
        for entry_id, name in session.execute(
            select(EntryRoom.entry_id, Room.name)
            .join(Room, _same(Room, EntryRoom.organization_id, EntryRoom.room_id))
            .where(
                EntryRoom.organization_id == organization_id,
                EntryRoom.archived_at.is_(None),
                EntryRoom.entry_id.in_(some),
            )
            .order_by(Room.position, Room.name)
        ):
            rooms[entry_id].append(name)
        rows = session.execute(
            select(
                entry.id, entry.starts_at, entry.ends_at, entry.blocked_until, entry.series_id, entry.is_online,
                Service.name, Subject.name, Topic.name, User.first_name, User.last_name, Location.name,
            )
            .outerjoin(Service, _same(Service, entry.organization_id, entry.service_id))
            .outerjoin(Subject, _same(Subject, entry.organization_id, entry.subject_id))
            .outerjoin(Topic, _same(Topic, entry.organization_id, entry.topic_id))
            .outerjoin(Tutor, _same(Tutor, entry.organization_id, entry.tutor_id))
            .outerjoin(User, _same(User, Tutor.organization_id, Tutor.user_id))
            .outerjoin(Location, _same(Location, entry.organization_id, entry.location_id))
            .where(entry.organization_id == organization_id, entry.id.in_(some))
        )  # fmt: skip
        for row in rows:
            entry_id, starts, ends, until, series_id, is_online, service, subject, topic, first, last, place = row
            words[entry_id] = EntryWords(
                entry_id=entry_id,
                title=short_title(topic, subject, service),
                starts=wall_clock_of(starts, zone),
                ends=wall_clock_of(ends, zone),
                blocked_until=wall_clock_of(until, zone),
                student_names=tuple(students[entry_id]),
                tutor_name=f"{first or ''} {last or ''}".strip(),
                room_names=tuple(rooms[entry_id]),
                location_name=place or "",
                is_online=is_online,
                series_id=series_id,
            )
    return words


def names_of(session: Session, organization_id: str, ids: Collection[str]) -> dict[str, str]:
    """The names of tutors, rooms and students, by id."""
    names: dict[str, str] = {}
    for some in _chunks(sorted(ids)):
        for statement in (
            select(Tutor.id, User.first_name, User.last_name)
            .join(User, _same(User, Tutor.organization_id, Tutor.user_id))
            .where(Tutor.organization_id == organization_id, Tutor.id.in_(some)),
            select(Student.id, Student.first_name, Student.last_name).where(
                Student.organization_id == organization_id, Student.id.in_(some)
            ),
        ):
            for thing_id, first, last in session.execute(statement):
                names[thing_id] = f"{first} {last}".strip()
        rooms = select(Room.id, Room.name).where(Room.organization_id == organization_id, Room.id.in_(some))
        for room_id, name in session.execute(rooms):
            names[room_id] = name
    return names


def short_title(topic: str | None, subject: str | None, service: str | None) -> str:
    """What an entry is about in a few words: the topic without its explanation in brackets, or subject or service."""
    return (topic or subject or service or "").split(" (")[0]


def describe(explained: ExplainedConflict, entry_id: str) -> str:
    """One line that says what stands in the way of ``entry_id`` (design, "Words"): "Room B: David Walker until 5:00",
    or, when only the buffer is hit, "Room B: too tight, David Walker ends 5:00"."""
    conflict, names, own, other, _ = explained
    if own.entry_id != entry_id:
        own, other = other, own
    who = other.title if conflict.kind is ConflictKind.STUDENT else (other.who or other.title)
    is_before, what = other.starts <= own.starts, names[0] if len(names) == 1 else ", ".join(names)
    if conflict.tag is ConflictTag.OVERLAP:
        return (
            f"{what}: {who} until {clock(other.ends)}" if is_before else f"{what}: {who} from {clock(other.starts)}"
        )
    if is_before:
        return f"{what}: too tight, {who} ends {clock(other.ends)}"
    return f"{what}: too tight, {who} starts {clock(other.starts)}"


def clock(moment: datetime | time, with_half: bool = False) -> str:
    """A wall-clock time as "5:45", or "5:45 PM"."""
    words = _CLOCKS[moment.hour * 60 + moment.minute]
    return f"{words} {'PM' if moment.hour >= 12 else 'AM'}" if with_half else words


def clock_range(starts: datetime, ends: datetime) -> str:
    """A span as "5:30–6:30 PM", or "11:30 AM–12:30 PM" across noon."""
    differs = (starts.hour >= 12) != (ends.hour >= 12)
    return f"{clock(starts, with_half=differs)}–{clock(ends, with_half=True)}"


def _same(kind: type[TenantRow], tenant: Any, key: Any) -> ColumnElement[bool]:
    """The condition of a join inside one tenant."""
    return and_(kind.organization_id == tenant, kind.id == key)


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
