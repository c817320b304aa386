"""All conflicts of a long time in words: read in one pass over the indexes, and worded one by one when they are
looked at. `explained.explain` reads the rows of each entry instead: right for the few of a form or of a week."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.catalog.models import Service, Subject, Topic
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.acceptances import Acceptance, ConflictKey, acceptances_of, key_of
from shared_models.schedule.bookings import load_bookings
from shared_models.schedule.conflicts import (
    Booking,
    Conflict,
    ConflictKind,
    ConflictTag,
    collection_paused,
    find_conflicts,
)
from shared_models.schedule.explained import EntryWords, ExplainedConflict, short_title
from shared_models.schedule.models import ConflictAcceptance, ScheduleEntry
from shared_models.schedule.times import wall_clock_of, zone_of

_CHUNK = 900


class ListedConflict(NamedTuple):
    """A conflict of the list; `explained` words it with the names that were read with the list."""

    conflict: Conflict
    starts: int
    """Epoch seconds of the entry that starts earlier."""
    spoken_of: SpokenOf
    acceptance: Acceptance | None = None

    @property
    def key(self) -> ConflictKey:
        """What `acceptances.accept_conflict` asks for."""
        return key_of(self.conflict)

    @property
    def is_accepted(self) -> bool:
        return self.acceptance is not None

    @property
    def explained(self) -> ExplainedConflict:
        """The conflict with names and local times."""
        conflict, spoken_of = self.conflict, self.spoken_of
        return ExplainedConflict(
            conflict,
            tuple(spoken_of.names.get(thing_id, "") for thing_id in conflict.resource_ids),
            spoken_of.entry(conflict.first_id),
            spoken_of.entry(conflict.second_id),
            self.acceptance,
        )


class EntryFacts(NamedTuple):
    """What the indexes do not know of an entry."""

    title: str
    is_online: bool
    series_id: str | None
    location_name: str


@dataclass(frozen=True, slots=True)
class SpokenOf:
    """How entries, people and rooms are spoken of. ``facts`` has the entries that no student, or no room, stands for,
    and those whose student is claimed twice: these are told apart by what they are about. Others have no title."""

    zone: tzinfo
    bookings: Mapping[str, Booking]
    names: Mapping[str, str]
    facts: Mapping[str, EntryFacts]
    _worded: dict[str, EntryWords] = field(default_factory=dict)

    def entry(self, entry_id: str) -> EntryWords:
        """An entry in words; made once for all conflicts that it is part of."""
        words = self._worded.get(entry_id)
        if words is None:
            words = self._worded[entry_id] = self._word(self.bookings[entry_id])
        return words

    def _word(self, booking: Booking) -> EntryWords:
        entry_id, starts, ends, until, tutor_id, room_ids, student_ids = booking
        title, is_online, series_id, location_name = self.facts.get(entry_id, _NO_FACTS)
        names = self.names
        return EntryWords(
            entry_id, title, self._clock(starts), self._clock(ends), self._clock(until),
            tuple(sorted(names.get(student_id, "") for student_id in student_ids)),
            names.get(tutor_id, "") if tutor_id is not None else "",
            tuple(sorted(names.get(room_id, "") for room_id in room_ids)),
            location_name, is_online, series_id,
        )  # fmt: skip

    def _clock(self, seconds: int) -> datetime:
        return wall_clock_of(datetime.fromtimestamp(seconds, UTC), self.zone)


_listed: Callable[[tuple[object, ...]], ListedConflict] = partial(tuple.__new__, ListedConflict)
_NO_FACTS = EntryFacts("", is_online=False, series_id=None, location_name="")


def listed_conflicts(session: Session, organization_id: str, first: datetime, last: datetime) -> list[ListedConflict]:
    """Every conflict among the live entries that touch ``[first, last)``, in order of time, overlaps before buffers.

    Accepted ones are marked. Raises NoResultFound for an organization that does not exist.
    """
    room, student, buffer = ConflictKind.ROOM, ConflictKind.STUDENT, ConflictTag.BUFFER
    with collection_paused():
        zone = zone_of(
            session.scalars(
                select(Organization.time_zone).where(Organization.organization_id == organization_id)
            ).one()
        )
        bookings = load_bookings(session, organization_id, first, last)
        by_id = {booking[0]: booking for booking in bookings}
        found = find_conflicts(bookings)
        facts = _facts(session, organization_id, _in_need_of_facts(found, bookings))
        spoken_of = SpokenOf(zone, by_id, _all_names(session, organization_id), facts)
        accepted = _accepted(session, organization_id, found)
        # One number sorts by start, then overlaps before buffers, then kind (by its word: room, student, tutor).
        order = [
            by_id[first_id][1] * 8
            + (4 if tag is buffer else 0)
            + (0 if kind is room else 1 if kind is student else 2)
            for kind, tag, first_id, _, _ in found
        ]
        listed = [
            _listed((found[position], order[position] // 8, spoken_of, None))
            for position in sorted(range(len(found)), key=order.__getitem__)
        ]
    if not accepted:
        return listed
    return [one._replace(acceptance=accepted.get(one.key)) for one in listed]


def _in_need_of_facts(found: Iterable[Conflict], bookings: Iterable[Booking]) -> set[str]:
    student = ConflictKind.STUDENT
    unclear = {booking[0] for booking in bookings if not (booking[5] and booking[6])}
    needed: set[str] = set()
    for kind, _, first_id, second_id, _ in found:
        if kind is student:
            needed.update((first_id, second_id))
        elif unclear:
            needed.update(unclear.intersection((first_id, second_id)))
    return needed


def _facts(session: Session, organization_id: str, entry_ids: Collection[str]) -> dict[str, EntryFacts]:
    """What the given entries are about, and where."""
    entry = ScheduleEntry
    facts = {}
    for some in _chunks(sorted(entry_ids)):
        rows = session.execute(
            select(entry.id, entry.is_online, entry.series_id, Service.name, Subject.name, Topic.name, Location.name)
            .outerjoin(Service, and_(Service.organization_id == organization_id, Service.id == entry.service_id))
            .outerjoin(Subject, and_(Subject.organization_id == organization_id, Subject.id == entry.subject_id))
            .outerjoin(Topic, and_(Topic.organization_id == organization_id, Topic.id == entry.topic_id))
            .outerjoin(Location, and_(Location.organization_id == organization_id, Location.id == entry.location_id))
            .where(entry.organization_id == organization_id, entry.id.in_(some))
        )
        for entry_id, is_online, series_id, service, subject, topic, place in rows:
            facts[entry_id] = EntryFacts(short_title(topic, subject, service), is_online, series_id, place or "")
    return facts


def _all_names(session: Session, organization_id: str) -> dict[str, str]:
    """The names of all tutors, rooms and students, by id: three questions, whatever is in conflict."""
    names = {}
    for statement in (
        select(Tutor.id, User.first_name, User.last_name)
        .join(User, and_(User.organization_id == Tutor.organization_id, User.id == Tutor.user_id))
        .where(Tutor.organization_id == organization_id),
        select(Student.id, Student.first_name, Student.last_name).where(Student.organization_id == organization_id),
    ):
        for thing_id, first_name, last_name in session.execute(statement):
            names[thing_id] = f"{first_name} {last_name}".strip()
    rooms = select(Room.id, Room.name).where(Room.organization_id == organization_id)
    names.update((room_id, name) for room_id, name in session.execute(rooms))
    return names


def _accepted(session: Session, organization_id: str, found: Sequence[Conflict]) -> dict[ConflictKey, Acceptance]:
    """The acceptances that hold; only conflicts of entries for which there are any are looked at more closely."""
    row = ConflictAcceptance
    entry_ids = set(
        session.scalars(
            select(row.first_entry_id).where(row.organization_id == organization_id, row.archived_at.is_(None))
        )
    )
    if not entry_ids:
        return {}
    asked = [one for one in found if one.first_id in entry_ids or one.second_id in entry_ids]
    return acceptances_of(session, organization_id, asked)


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
