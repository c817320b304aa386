"""Reads one day at one location out of the store, as the plain values that the day schedule prints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from desktop.printing.box_text import join
from desktop.printing.conflict_words import conflict_words
from desktop.printing.day_page import (
    DaySchedule,
    PrintedConflict,
    PrintedEntry,
    PrintedPerson,
    PrintedRoom,
    minute_of,
)
from desktop.printing.sheet import Paper
from desktop.schedule.calendar_values import clock_words
from desktop.schedule.directory import family_of
from desktop.schedule.entry_words import title_words
from shared_models.access.models import User
from shared_models.base import TenantRow
from shared_models.catalog.models import Product, Service, Subject, Topic
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room
from shared_models.people.contact import format_phone
from shared_models.people.models import Student, Tutor
from shared_models.schedule.bookings import LONGEST_ENTRY, load_bookings
from shared_models.schedule.conflicts import find_conflicts
from shared_models.schedule.flags import EntryFlag
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry
from shared_models.schedule.terms import flags_of_entries
from shared_models.schedule.times import instant_of, wall_clock_of, zone_of

T = TypeVar("T", bound=TenantRow)

_LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PR", "PH", "CL", "CO", "CR", "GT", "PA", "DO", "VE"})
_REMARKS = {EntryStatus.NO_SHOW: "no-show", EntryStatus.PENDING_PAYMENT: "unpaid"}


@dataclass(frozen=True)
class LocationChoice:
    """A location that can be printed."""

    location_id: str
    name: str


@dataclass
class _Day:
    """The rows of all entries that touch the day, at every location, with the names they refer to."""

    entries: Sequence[ScheduleEntry]
    people: dict[str, list[tuple[str, str]]]
    rooms: dict[str, list[PrintedRoom]]
    services: Mapping[str, Service]
    words: Mapping[str, str]
    tutors: dict[str, PrintedPerson] = field(default_factory=dict)


def location_choices(session: Session, organization_id: str) -> list[LocationChoice]:
    """The organization's locations in their order."""
    query = select(Location).where(_live(Location, organization_id)).order_by(Location.position, Location.name)
    return [LocationChoice(location.id, location.name) for location in session.scalars(query)]


def today(session: Session, organization_id: str, now: datetime) -> date:
    """The date on the organization's calendar at the UTC instant ``now``."""
    organization = session.get_one(Organization, (organization_id, organization_id))
    return wall_clock_of(now, zone_of(organization.time_zone)).date()


def paper_of_country(session: Session, organization_id: str) -> Paper:
    """The paper that printers hold where the organization is: Letter in North America and a few more countries."""
    organization = session.get_one(Organization, (organization_id, organization_id))
    return Paper.LETTER if organization.country in _LETTER_COUNTRIES else Paper.A4


def day_schedule(
    session: Session, organization_id: str, location_id: str, day: date, *, now: datetime, user_id: str | None
) -> DaySchedule:
    """What is printed for ``day`` at a location, conflicts computed and worded.

    ``now`` is the UTC instant that the footer shows, ``user_id`` who prints. Cancelled entries are counted, not
    shown. Raises LookupError when the organization or location does not exist.
    """
    organization = session.get(Organization, (organization_id, organization_id))
    location = session.get(Location, (organization_id, location_id))
    if organization is None or location is None:
        raise LookupError("This location does not exist any more.")
    zone = zone_of(organization.time_zone)
    found = _read_day(session, organization_id, day, zone)
    here = [e for e in found.entries if e.location_id == location_id and _day_of(e, zone) == day]
    shown = [e for e in here if e.status is not EntryStatus.CANCELLED]
    rooms = [PrintedRoom(r.id, r.name) for r in _rooms(session, organization_id, location_id)]
    closures = list(session.scalars(_closures(organization_id, location_id, day)))
    opening = session.scalars(
        select(OpeningHours)
        .where(_live(OpeningHours, organization_id))
        .where(OpeningHours.location_id == location_id, OpeningHours.weekday == day.weekday())
        .order_by(OpeningHours.opens)
    ).all()
    user = session.get(User, (organization_id, user_id)) if user_id else None
    printed = {e.id: _printed(e, found, zone) for e in shown}
    return DaySchedule(
        day=day,
        location_name=location.name,
        organization_name=organization.business_name,
        contact_lines=_contact_lines(organization, location),
        opens=opening[0].opens if opening else None,
        closes=max(o.closes for o in opening) if opening else None,
        closed_reason=_reason(closures),
        tutors=tuple(t for t in found.tutors.values() if any(p.tutor == t for p in printed.values())),
        rooms=tuple(rooms),
        entries=tuple(printed.values()),
        conflicts=tuple(_conflicts(session, organization_id, found, {e.id for e in shown}, location_id, day, zone)),
        notes=tuple(_notes(session, organization_id, printed.values(), location.name, _reason(closures), day, zone)),
        printed_at=wall_clock_of(now, zone),
        printed_by=full_name(user.first_name, user.last_name) if user else "",
        cancelled_count=len(here) - len(shown),
    )


def _live(table: type[TenantRow], organization_id: str) -> ColumnElement[bool]:
    return and_(table.organization_id == organization_id, table.archived_at.is_(None))


def _day_of(entry: ScheduleEntry, zone: tzinfo) -> date:
    return wall_clock_of(entry.starts_at, zone).date()


def _rooms(session: Session, organization_id: str, location_id: str) -> Sequence[Room]:
    query = select(Room).where(_live(Room, organization_id)).where(Room.location_id == location_id)
    return session.scalars(query.order_by(Room.position, Room.name)).all()


def _closures(organization_id: str, location_id: str, day: date) -> Select[Closure]:
    here = or_(Closure.location_id.is_(None), Closure.location_id == location_id)
    return (
        select(Closure)
        .where(_live(Closure, organization_id))
        .where(here, Closure.first_day <= day, Closure.last_day >= day)
    )


def _reason(closures: Sequence[Closure]) -> str:
    return next((c.reason for c in closures if c.reason), "no reason given") if closures else ""


def _read_day(session: Session, organization_id: str, day: date, zone: tzinfo) -> _Day:
    """Everything that touches the day, buffers included, with the names it refers to: seven queries."""
    begin, end = instant_of(day, time(), zone), instant_of(day + timedelta(days=1), time(), zone)
    entries = session.scalars(
        select(ScheduleEntry)
        .where(_live(ScheduleEntry, organization_id))
        .where(ScheduleEntry.starts_at < end, ScheduleEntry.starts_at >= begin - LONGEST_ENTRY)
        .where(ScheduleEntry.blocked_until > begin)
        .order_by(ScheduleEntry.starts_at, ScheduleEntry.id)
    ).all()
    ids = [entry.id for entry in entries]
    students = session.execute(
        select(Attendee.entry_id, Student.id, Student.first_name, Student.last_name)
        .where(_live(Attendee, organization_id))
        .join(Student, (Student.organization_id == Attendee.organization_id) & (Student.id == Attendee.student_id))
        .where(Attendee.entry_id.in_(ids))
        .order_by(Student.first_name, Student.last_name, Student.id)
    )
    rooms = session.execute(
        select(EntryRoom.entry_id, Room.id, Room.name)
        .where(_live(EntryRoom, organization_id))
        .join(Room, (Room.organization_id == EntryRoom.organization_id) & (Room.id == EntryRoom.room_id))
        .where(EntryRoom.entry_id.in_(ids))
        .order_by(Room.position, Room.name)
    )
    services = session.scalars(
        select(Service).where(_among(Service, organization_id, [e.service_id for e in entries]))
    )
    words: dict[str, str] = {}
    for table, wanted in (
        (Topic, [e.topic_id for e in entries]),
        (Subject, [e.subject_id for e in entries]),
        (Product, [e.product_id for e in entries]),
    ):
        rows = session.execute(select(table.id, table.name).where(_among(table, organization_id, wanted)))
        words.update({row.id: row.name for row in rows})
    tutors = session.execute(
        select(Tutor.id, User.first_name, User.last_name)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(_among(Tutor, organization_id, [e.tutor_id for e in entries]))
        .order_by(Tutor.priority, User.last_name, User.first_name, Tutor.id)
    )
    found = _Day(entries, defaultdict(list), defaultdict(list), {s.id: s for s in services}, words)
    for entry_id, student_id, first_name, last_name in students:
        found.people[entry_id].append((student_id, full_name(first_name, last_name)))
    for entry_id, room_id, name in rooms:
        found.rooms[entry_id].append(PrintedRoom(room_id, name))
    for tutor_id, first_name, last_name in tutors:
        short = f"{first_name[:1]}. {last_name}" if last_name else first_name
        found.tutors[tutor_id] = PrintedPerson(tutor_id, full_name(first_name, last_name), short)
    return found


def _among(table: type[TenantRow], organization_id: str, ids: Iterable[str | None]) -> ColumnElement[bool]:
    return (table.organization_id == organization_id) & table.id.in_({i for i in ids if i is not None})


def full_name(first_name: str, last_name: str) -> str:
    """First and last name with one space; a missing one leaves none."""
    return f"{first_name} {last_name}".strip()


def _titles(entry: ScheduleEntry, found: _Day) -> tuple[str, ...]:
    """The name of the product, topic, subject or service, without its explanation in brackets, and a shorter form."""
    known = (found.words.get(i) for i in (entry.product_id, entry.topic_id, entry.subject_id) if i is not None)
    name = next((word for word in known if word), found.services[entry.service_id].name)
    return title_words(name)[:2]


def _printed(entry: ScheduleEntry, found: _Day, zone: tzinfo) -> PrintedEntry:
    service = found.services[entry.service_id]
    return PrintedEntry(
        entry_id=entry.id,
        starts=wall_clock_of(entry.starts_at, zone),
        ends=wall_clock_of(entry.ends_at, zone),
        family=family_of(service.code, service.format, service.level),
        titles=_titles(entry, found),
        people=tuple(name for _, name in found.people.get(entry.id, ())),
        capacity=entry.capacity,
        tutor=found.tutors.get(entry.tutor_id) if entry.tutor_id else None,
        rooms=tuple(found.rooms.get(entry.id, ())),
        is_online=entry.is_online,
        remark=_REMARKS.get(entry.status, ""),
    )


def _contact_lines(organization: Organization, location: Location) -> tuple[str, ...]:
    """Address and phone of the location, or of the organization where the location has none."""
    place = location if location.address else organization
    region = f"{place.state} {place.postal_code}".strip()
    address = ", ".join(part for part in (place.address, place.city, region) if part)
    phone = format_phone(location.phone or organization.phone, organization.country)
    return tuple(line for line in (address, phone) if line)


def _conflicts(
    session: Session, organization_id: str, found: _Day, here: set[str], location_id: str, day: date, zone: tzinfo
) -> list[PrintedConflict]:
    """The conflicts in which an entry of the page takes part; what collides elsewhere is said with its place."""
    live = [e for e in found.entries if e.status is not EntryStatus.CANCELLED]
    begin, end = instant_of(day, time(), zone), instant_of(day + timedelta(days=1), time(), zone)
    bookings = load_bookings(session, organization_id, begin, end)
    colliding = [c for c in find_conflicts(bookings) if c.first_id in here or c.second_id in here]
    if not colliding:
        return []
    places = {c.location_id: c.name for c in location_choices(session, organization_id)}
    names = {tutor.person_id: tutor.name for tutor in found.tutors.values()}
    for e in live:
        names |= {room.room_id: room.name for room in found.rooms.get(e.id, ())}
        names |= dict(found.people.get(e.id, ()))
    mentions, order = {}, {}
    for e in live:
        starts = wall_clock_of(e.starts_at, zone)
        elsewhere = "" if e.location_id == location_id else f" ({places.get(e.location_id, 'elsewhere')})"
        mentions[e.id] = f"{_titles(e, found)[0]} {_clock(starts)}{elsewhere}"
        order[e.id] = (starts, f"{mentions[e.id]} {e.id}")
    return conflict_words(colliding, names, mentions, order)


def _clock(moment: datetime) -> str:
    return clock_words(minute_of(moment.time()), with_half=False)


def _notes(
    session: Session,
    organization_id: str,
    entries: Iterable[PrintedEntry],
    place: str,
    closed_reason: str,
    day: date,
    zone: tzinfo,
) -> list[str]:
    """What else deserves a second look (product §4, "Also flagged"), one sentence for each reason."""
    begin, end = instant_of(day, time(), zone), instant_of(day + timedelta(days=1), time(), zone)
    flagged = flags_of_entries(session, organization_id, begin, end)
    found: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        for flag in sorted(flagged.get(entry.entry_id, ())):
            found[_flag_words(flag, entry, place, closed_reason)].append(f"{entry.titles[0]} {entry.starts_words}")
    return [f"{reason}: {join(mentions)}" for reason, mentions in found.items()]


def _flag_words(flag: EntryFlag, entry: PrintedEntry, place: str, closed_reason: str) -> str:
    tutor = entry.tutor.name if entry.tutor else "The tutor"
    places = "place" if entry.capacity == 1 else "places"
    return {
        EntryFlag.OVER_CAPACITY: f"{len(entry.people)} students for {entry.capacity} {places}",
        EntryFlag.OUTSIDE_OPENING_HOURS: "Outside the opening hours",
        EntryFlag.ON_CLOSURE: f"On a closed day, {closed_reason}",
        EntryFlag.TUTOR_UNAVAILABLE: f"{tutor} is not available",
        EntryFlag.TUTOR_TIME_OFF: f"{tutor} has the day off",
        EntryFlag.TUTOR_NOT_AT_LOCATION: f"{tutor} does not teach at {place}",
        EntryFlag.TUTOR_NOT_TEACHING_SUBJECT: f"{tutor} does not teach the subject",
    }[flag]
