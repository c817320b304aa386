"""All conflicts of a long time, each with all that explains it: read in one pass over the indexes, column by column.
`explained.explain` reads the rows of each entry instead: right for the few conflicts of a form or of a week."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial
from itertools import chain, compress, product, repeat
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.catalog.models import Service, Subject, Topic
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.acceptances import acceptances_of, key_of
from shared_models.schedule.bookings import (
    ATTENDEES,
    ROOMS,
    TIMES,
    archived_things,
    bookings_of_columns,
    held_by,
    joined_row,
    live_between,
    rows_of,
)
from shared_models.schedule.columns import OnDemand, few_ids_in, ids_in, named_in, numbers_in, positions
from shared_models.schedule.conflicts import Conflict, ConflictKind, ConflictTag, collection_paused, find_conflicts
from shared_models.schedule.explained import EntryWords, ExplainedConflict, short_title
from shared_models.schedule.models import ConflictAcceptance, ScheduleEntry
from shared_models.schedule.times import WallClocks, zone_of

_CHUNK = 900
_PART = 1_000
_MANY_NAMES = 1 << 32
_RANK = {
    (kind, tag): number
    for number, (tag, kind) in enumerate(product((ConflictTag.OVERLAP, ConflictTag.BUFFER), sorted(ConflictKind)))
}
# As with conflicts: a named tuple's own constructor takes three times as long.
_words: Callable[[tuple[object, ...]], EntryWords] = partial(tuple.__new__, EntryWords)
_explained: Callable[[tuple[object, ...]], ExplainedConflict] = partial(tuple.__new__, ExplainedConflict)
_first_id, _second_id, _resource_ids = itemgetter(2), itemgetter(3), itemgetter(4)


class _Entries(NamedTuple):
    """Entries as columns of the same length, in order of start."""

    ids: list[str]
    starts: list[int]
    ends: list[int]
    untils: list[int]
    tutor_ids: list[str | None]
    room_ids: list[tuple[str, ...]]
    student_ids: list[tuple[str, ...]]
    location_names: list[str]

    def only(self, chosen: Sequence[bool]) -> _Entries:
        return _Entries(*(list(compress(column, chosen)) for column in self))  # type: ignore[arg-type]

    def parts(self) -> Iterator[_Entries]:
        """The same entries in parts that end when nothing is going on, such as at night, so that no conflict spans
        two of them. What a part needs fits into the processor's own memory, which halves the work."""
        starts, untils, begin = self.starts, self.untils, 0
        while begin < len(starts):
            end = min(begin + _PART, len(starts))
            until = max(untils[begin:end])
            while end < len(starts) and starts[end] < until:
                until = max(until, untils[end])
                end += 1
            yield _Entries(*(column[begin:end] for column in self))  # type: ignore[arg-type]
            begin = end


class _Names(NamedTuple):
    """What people, rooms and places are called, and what entries can be about, by id. Students and rooms come in the
    order in which an entry names them."""

    of_things: dict[str, str]
    of_places: dict[str, str]
    titles: dict[str, str]


def explained_conflicts(
    session: Session, organization_id: str, first: datetime, last: datetime
) -> list[ExplainedConflict]:
    """Every conflict among the live entries that touch ``[first, last)``, with names and local times, in order of
    time, overlaps before buffers. Accepted ones are marked.

    Nothing is left to be looked up, with one exception: what an entry is about, whether it is online, and its series
    are told only where it takes that to explain the conflict, when one of the two entries has no student or no room,
    or when a student is claimed twice. Others have no title: their students tell them apart.
    Raises NoResultFound for an organization that does not exist.
    """
    with collection_paused():
        zone_name = select(Organization.time_zone).where(Organization.organization_id == organization_id)
        zone = zone_of(session.scalars(zone_name).one())
        names = _all_names(session, organization_id)
        speech = _Speech(zone, names.of_things)
        archived = archived_things(session, organization_id)
        explained: list[ExplainedConflict] = []
        for part in _read(session, organization_id, names, first, last).parts():
            found = find_conflicts(bookings_of_columns(*part[:7], archived))
            taking_part = {*map(_first_id, found), *map(_second_id, found)}
            explained += speech.explained(part.only(list(map(taking_part.__contains__, part.ids))), found)
        _add_facts(session, organization_id, names.titles, explained)
        _add_acceptances(session, organization_id, explained)
        return explained


def _read(session: Session, organization_id: str, names: _Names, first: datetime, last: datetime) -> _Entries:
    """The live entries of the time; their archived tutors, rooms and students too, as those still have a name."""
    near = [*live_between(organization_id, first, last)]
    columns = (*TIMES, ScheduleEntry.tutor_id, ScheduleEntry.location_id)
    ids, starts, ends, untils, tutors, places = joined_row(session, columns, near)
    entry_ids = ids_in(ids)
    at = positions(entry_ids)
    rooms, students = (held_by(session, organization_id, links, at, near) for links in (ROOMS, ATTENDEES))
    entries = _Entries(
        entry_ids, numbers_in(starts), numbers_in(ends), numbers_in(untils), few_ids_in(tutors), rooms, students,
        named_in(places, names.of_places),
    )  # fmt: skip
    if entries.starts == sorted(entries.starts):  # The index has them in this order, so they nearly always are.
        return entries
    order = sorted(range(len(entry_ids)), key=entries.starts.__getitem__)
    return _Entries(*([column[number] for number in order] for column in entries))  # type: ignore[arg-type]


class _Speech:
    """Puts entries and their conflicts into words; what is said often is made once."""

    def __init__(self, zone: tzinfo, names: dict[str, str]) -> None:
        self._names = names
        self._clocks = WallClocks(zone)
        name, named_at = names.__getitem__, positions(list(names)).__getitem__
        self._called = OnDemand[tuple[str, ...], tuple[str, ...]](lambda ids: tuple(map(name, ids)))
        self._called_in_order = OnDemand[tuple[str, ...], tuple[str, ...]](
            lambda ids: tuple(map(name, sorted(ids, key=named_at) if len(ids) > 1 else ids))
        )

    def explained(self, entries: _Entries, found: Sequence[Conflict]) -> list[ExplainedConflict]:
        """Each conflict with the words of both entries, by start, then overlaps before buffers, then kind, then
        name."""
        words, at = self._words_of(entries).__getitem__, positions(entries.ids).__getitem__
        resources = list(map(self._called.__getitem__, map(_resource_ids, found)))
        firsts, seconds = list(map(at, map(_first_id, found))), map(at, map(_second_id, found))
        columns = zip(found, resources, map(words, firsts), map(words, seconds), repeat(None), strict=False)
        explained = list(map(_explained, columns))
        # One number sorts four times as fast as what it stands for.
        by_name = {resource: number for number, resource in enumerate(sorted(set(resources)))}
        order = [
            (starts * len(_RANK) + _RANK[kind, tag]) * _MANY_NAMES + by_name[resource]
            for starts, (kind, tag, _, _, _), resource in zip(
                map(entries.starts.__getitem__, firsts), found, resources, strict=True
            )
        ]
        return [explained[number] for number in sorted(range(len(order)), key=order.__getitem__)]

    def _words_of(self, entries: _Entries) -> list[EntryWords]:
        clock, called = self._clocks.__getitem__, self._called_in_order.__getitem__
        tutor_names = map(self._names.get, entries.tutor_ids, repeat(""))  # type: ignore[arg-type]
        columns = zip(
            entries.ids, repeat(""), map(clock, entries.starts), map(clock, entries.ends), map(clock, entries.untils),
            map(called, entries.student_ids), tutor_names, map(called, entries.room_ids), entries.location_names,
            repeat(False), repeat(None), strict=False,
        )  # fmt: skip
        return list(map(_words, columns))


def _add_facts(
    session: Session, organization_id: str, titles: Mapping[str, str], explained: list[ExplainedConflict]
) -> None:
    """Say what the indexes do not know of the entries that need it."""
    student = ConflictKind.STUDENT
    in_need: dict[str, EntryWords] = {}
    concerned = []
    for number, (conflict, _, first, second, _) in enumerate(explained):
        if conflict[0] is student or not (first[5] and first[7] and second[5] and second[7]):
            concerned.append(number)
            in_need[first.entry_id], in_need[second.entry_id] = first, second
    entry = ScheduleEntry
    about = func.coalesce(entry.topic_id, entry.subject_id, entry.service_id)
    facts = select(entry.id, about, entry.is_online, entry.series_id).where(entry.organization_id == organization_id)
    for some in _chunks(sorted(in_need)):
        for entry_id, about_id, is_online, series_id in rows_of(session, facts.where(entry.id.in_(some))):
            in_need[entry_id] = in_need[entry_id]._replace(
                title=titles.get(about_id, ""), is_online=bool(is_online), series_id=series_id
            )
    for number in concerned:
        one = explained[number]
        explained[number] = one._replace(first=in_need[one.first.entry_id], second=in_need[one.second.entry_id])


def _all_names(session: Session, organization_id: str) -> _Names:
    """The names of everybody and everything: a few questions, whatever is in conflict."""
    things: dict[str, str] = {}
    for statement in (
        select(Tutor.id, User.first_name, User.last_name)
        .join(User, and_(User.organization_id == Tutor.organization_id, User.id == Tutor.user_id))
        .where(Tutor.organization_id == organization_id),
        select(Student.id, Student.first_name, Student.last_name)
        .where(Student.organization_id == organization_id)
        .order_by(Student.first_name, Student.last_name),
    ):
        for thing_id, first_name, last_name in rows_of(session, statement):
            things[thing_id] = f"{first_name} {last_name}".strip()
    of_rooms, of_places, *of_subjects = (
        rows_of(session, select(kind.id, kind.name).where(kind.organization_id == organization_id).order_by(*order))
        for kind, *order in ((Room, Room.position, Room.name), (Location,), (Topic,), (Subject,), (Service,))
    )
    things.update(of_rooms)
    titles = {about_id: short_title(name, None, None) for about_id, name in chain.from_iterable(of_subjects)}
    return _Names(things, dict(of_places), titles)


def _add_acceptances(session: Session, organization_id: str, explained: list[ExplainedConflict]) -> None:
    """Mark what is accepted; few are, so only conflicts of their entries are looked at closely."""
    row = ConflictAcceptance
    entry_ids = set(
        session.scalars(
            select(row.first_entry_id).where(row.organization_id == organization_id, row.archived_at.is_(None))
        )
    )
    if not entry_ids:
        return
    asked = {
        number: one.conflict
        for number, one in enumerate(explained)
        if one.first.entry_id in entry_ids or one.second.entry_id in entry_ids
    }
    accepted = acceptances_of(session, organization_id, asked.values())
    for number, conflict in asked.items():
        explained[number] = explained[number]._replace(acceptance=accepted.get(key_of(conflict)))


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
