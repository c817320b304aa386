"""Reads what printed lists say: a family's coming sessions, a class with its dates, and the conflicts of a span."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, not_, select

from desktop.printing.box_text import join
from desktop.printing.center_values import ALL_LOCATIONS, Center, address_words, full_name
from desktop.printing.day_page import PrintedEntry, PrintedPerson
from desktop.printing.sheet import DAYS, Sheet, short_day_words
from desktop.printing.span_values import read_entries, scope_words
from desktop.schedule.scene import TAKEN
from desktop.schedule.week import Filters
from shared_models.access.models import User
from shared_models.catalog.models import Product, Service, Subject, Topic
from shared_models.organization.models import Location
from shared_models.people.contact import format_phone
from shared_models.people.models import Family, Student, Tutor
from shared_models.schedule.bookings import all_conflicts
from shared_models.schedule.conflicts import ConflictKind, ConflictTag
from shared_models.schedule.explained import EntryWords, clock, explain
from shared_models.schedule.models import Attendance, Attendee, EntryStatus, ScheduleEntry, Series
from shared_models.schedule.times import wall_clock_of

_KINDS = {ConflictKind.TUTOR: "Tutor", ConflictKind.ROOM: "Room", ConflictKind.STUDENT: "Student"}
_ATTENDANCE = {
    Attendance.PRESENT: "P",
    Attendance.LATE: "L",
    Attendance.ABSENT: "A",
    Attendance.EXCUSED: "E",
}


@dataclass(frozen=True)
class Choice:
    """Something that can be chosen for printing: a tutor, a family, a class."""

    key: str
    name: str


@dataclass(frozen=True)
class FamilySession:
    """A session of one child as parents read it: nothing internal, no prices."""

    entry: PrintedEntry
    child: str
    location: str


@dataclass(frozen=True, kw_only=True)
class FamilySchedule:
    """A family's sessions from ``first_day`` to ``last_day``, and how to reach the locations."""

    sheet: Sheet
    family_name: str
    first_day: date
    last_day: date
    sessions: tuple[FamilySession, ...]
    locations: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ClassDate:
    """A session of a class, and how each student attended: a letter, empty when not noted yet, None for a student
    who does not belong to it."""

    entry: PrintedEntry
    attendance: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ClassRoster:
    """A class with its students (id and name) and dates."""

    sheet: Sheet
    title: str
    location_name: str
    students: tuple[tuple[str, str], ...]
    dates: tuple[ClassDate, ...]
    capacity: int


@dataclass(frozen=True)
class ListedConflict:
    """Two sessions that claim the same people or rooms, with every kind of it in one; ``accepted`` says by whom and
    why all of it was accepted, empty when it was not."""

    kinds: str
    is_tight: bool
    names: str
    first: EntryWords
    second: EntryWords
    accepted: str = ""


@dataclass(frozen=True, kw_only=True)
class ConflictList:
    """The conflicts of a span in order of time."""

    sheet: Sheet
    first_day: date
    last_day: date
    location_name: str
    conflicts: tuple[ListedConflict, ...]


def tutor_choices(center: Center) -> list[Choice]:
    """The tutors in their order."""
    rows = center.session.execute(
        select(Tutor.id, User.first_name, User.last_name)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(center.live(Tutor))
        .order_by(Tutor.priority, User.last_name, User.first_name, Tutor.id)
    )
    return [Choice(key, full_name(first, last)) for key, first, last in rows]


def family_choices(center: Center) -> list[Choice]:
    """The families by name, with their children: ``Kim, Elena and Daniel``."""
    children: dict[str, list[str]] = defaultdict(list)
    for family_id, first in center.session.execute(
        select(Student.family_id, Student.first_name).where(center.live(Student)).order_by(Student.first_name)
    ):
        children[family_id].append(first)
    rows = center.session.execute(
        select(Family.id, Family.parent1_first_name, Family.parent1_last_name)
        .where(center.live(Family))
        .order_by(Family.parent1_last_name, Family.parent1_first_name, Family.id)
    )
    return [
        Choice(key, f"{last}, {first}{f' ({join(children[key])})' if children[key] else ''}")
        for key, first, last in rows
    ]


def class_choices(center: Center) -> list[Choice]:
    """The series that are for several students, by title and first day."""
    near = (ScheduleEntry.capacity > 1, ScheduleEntry.series_id.is_not(None), center.here())
    first = (
        select(func.min(ScheduleEntry.starts_at))
        .where(center.live(ScheduleEntry), ScheduleEntry.series_id == Series.id)
        .correlate(Series)
        .scalar_subquery()
    )
    rows = center.session.execute(
        select(Series.id, Product.name, Topic.name, Subject.name, Service.name, Location.name, first)
        .outerjoin(Product, (Product.organization_id == Series.organization_id) & (Product.id == Series.product_id))
        .outerjoin(Topic, (Topic.organization_id == Series.organization_id) & (Topic.id == Series.topic_id))
        .outerjoin(Subject, (Subject.organization_id == Series.organization_id) & (Subject.id == Series.subject_id))
        .outerjoin(Service, (Service.organization_id == Series.organization_id) & (Service.id == Series.service_id))
        .outerjoin(
            Location, (Location.organization_id == Series.organization_id) & (Location.id == Series.location_id)
        )
        .where(center.live(Series))
        .where(Series.id.in_(select(ScheduleEntry.series_id).where(center.live(ScheduleEntry), *near)))
    ).all()
    found = []
    for key, product, topic, subject, service, place, starts in rows:
        title = (product or topic or subject or service or "Class").split(" (")[0]
        day = wall_clock_of(starts, center.zone) if starts else None
        when = f"{DAYS[day.weekday()][:3]} {clock(day)}, from {short_day_words(day)[5:]}" if day else ""
        found.append((title, starts, Choice(key, ", ".join(w for w in (title, when, place) if w))))
    return [choice for _, _, choice in sorted(found, key=lambda f: (f[0], str(f[1]), f[2].key))]


def family_schedule(center: Center, family_id: str, first_day: date, last_day: date) -> FamilySchedule:
    """The sessions of a family's children; cancelled ones are left out. Raises LookupError without such a family."""
    family = center.session.get(Family, (center.id, family_id)) if family_id else None
    if family is None:
        raise LookupError("Choose a family.")
    children = {
        key: full_name(first, last)
        for key, first, last in center.session.execute(
            select(Student.id, Student.first_name, Student.last_name)
            .where(center.live(Student), Student.family_id == family_id)
            .order_by(Student.first_name, Student.last_name)
        )
    }
    begin, end = center.instants(first_day, last_day)
    theirs = select(Attendee.entry_id).where(center.live(Attendee), Attendee.student_id.in_(children))
    found = read_entries(
        center,
        (
            ScheduleEntry.starts_at >= begin,
            ScheduleEntry.starts_at < end,
            ScheduleEntry.id.in_(theirs),
            ScheduleEntry.status != EntryStatus.CANCELLED,
        ),
    )
    several = len({name.rsplit(" ", 1)[-1] for name in children.values()}) > 1
    sessions = [
        FamilySession(
            _for_parents(found.printed(center, entry)),
            children[student_id] if several else children[student_id].split()[0],
            found.places.get(entry.location_id, ""),
        )
        for entry in found.entries
        for student_id, _ in found.people.get(entry.id, ())
        if student_id in children
    ]
    used = {e.location_id for e in found.entries if not e.is_online}
    locations = center.session.scalars(
        select(Location)
        .where(center.live(Location), Location.id.in_(used))
        .order_by(Location.position, Location.name)
    ).all()
    phone = format_phone(center.organization.phone, center.organization.country)
    warning = (
        f"Cannot come? Please call {phone} as early as you can." if phone else "Cannot come? Please tell us early."
    )
    only = locations[0] if len(locations) == 1 else None
    return FamilySchedule(
        sheet=center.sheet(only, warning=warning),
        family_name=full_name(family.parent1_first_name, family.parent1_last_name),
        first_day=first_day,
        last_day=last_day,
        sessions=tuple(sessions),
        locations=tuple(
            (
                place.name,
                ", ".join(
                    w for w in (address_words(place), format_phone(place.phone, center.organization.country)) if w
                ),
            )
            for place in locations
        ),
    )


def class_roster(center: Center, series_id: str) -> ClassRoster:
    """A class with all its dates, cancelled ones left out. Raises LookupError when there is none."""
    series = center.session.get(Series, (center.id, series_id)) if series_id else None
    if series is None:
        raise LookupError("Choose a class.")
    found = read_entries(
        center,
        (ScheduleEntry.series_id == series_id, ScheduleEntry.status != EntryStatus.CANCELLED, center.here()),
    )
    noted: dict[str, dict[str, str]] = defaultdict(dict)
    for entry_id, student_id, attendance in center.session.execute(
        select(Attendee.entry_id, Attendee.student_id, Attendee.attendance)
        .join(
            ScheduleEntry,
            (ScheduleEntry.organization_id == Attendee.organization_id) & (ScheduleEntry.id == Attendee.entry_id),
        )
        .where(center.live(Attendee), ScheduleEntry.series_id == series_id, center.here())
    ):
        noted[entry_id][student_id] = _ATTENDANCE[attendance] if attendance else ""
    students = {student_id: name for people in found.people.values() for student_id, name in people}
    location = center.session.get(Location, (center.id, series.location_id))
    title = found.titles(found.entries[0])[0] if found.entries else "Class"
    return ClassRoster(
        sheet=center.sheet(location),
        title=title,
        location_name=location.name if location else "",
        students=tuple(sorted(students.items(), key=lambda s: (s[1].casefold(), s[0]))),
        dates=tuple(ClassDate(found.printed(center, e), dict(noted[e.id])) for e in found.entries),
        capacity=series.capacity,
    )


def conflict_list(center: Center, filters: Filters, first_day: date, last_day: date) -> ConflictList:
    """The conflicts of the days, one for each pair of sessions and tag, in which what the filters name takes part."""
    location = center.location(filters.location_id)
    begin, end = center.instants(first_day, last_day)
    found = all_conflicts(center.session, center.id, begin, end)
    wanted = _wanted(center, filters, {i for c in found for i in (c.first_id, c.second_id)})
    explained = explain(
        center.session, center.id, [c for c in found if c.first_id in wanted or c.second_id in wanted]
    )
    foreign = _at_others(center, {i for one in explained for i in (one.first.entry_id, one.second.entry_id)})
    explained = [
        one._replace(first=_taken(one.first, foreign), second=_taken(one.second, foreign))
        for one in explained
        if not {one.first.entry_id, one.second.entry_id} <= foreign
    ]
    pairs: dict[tuple[str, str, ConflictTag], ListedConflict] = {}
    for one in explained:
        if not first_day <= one.first.starts.date() <= last_day:
            continue
        key = (one.first.entry_id, one.second.entry_id, one.tag)
        kinds, names = _KINDS[one.kind], join(one.names)
        accepted, acceptance = "", one.acceptance
        if acceptance is not None:
            accepted = f"Accepted{f' by {acceptance.accepted_by}' if acceptance.accepted_by else ''}"
            accepted += f": {acceptance.reason}" if acceptance.reason else ""
        if known := pairs.get(key):
            kinds, names = f"{known.kinds}, {kinds.lower()}", f"{known.names}; {names}"
            accepted = accepted if known.accepted else ""
        pairs[key] = ListedConflict(kinds, one.tag is ConflictTag.BUFFER, names, one.first, one.second, accepted)
    return ConflictList(
        sheet=center.sheet(location, scope_words(center, filters)),
        first_day=first_day,
        last_day=last_day,
        location_name=location.name if location else ALL_LOCATIONS,
        conflicts=tuple(pairs.values()),
    )


def named_tutor(center: Center, tutor_id: str) -> PrintedPerson | None:
    """A tutor by name; None for "" or an unknown one."""
    name = next((choice.name for choice in tutor_choices(center) if choice.key == tutor_id), None)
    return PrintedPerson(tutor_id, name, name) if name else None


def _for_parents(entry: PrintedEntry) -> PrintedEntry:
    """A session of which only is known that it takes place, as parents read it."""
    return replace(entry, titles=("Session",), elsewhere="") if entry.elsewhere else entry


def _at_others(center: Center, entry_ids: set[str]) -> set[str]:
    """Those of the entries that are at locations of others."""
    if center.own_places is None:
        return set()
    ids, found = sorted(entry_ids), set()
    for start in range(0, len(ids), 900):
        found |= set(
            center.session.scalars(
                select(ScheduleEntry.id).where(
                    ScheduleEntry.organization_id == center.id,
                    ScheduleEntry.id.in_(ids[start : start + 900]),
                    not_(center.here()),
                )
            )
        )
    return found


def _taken(words: EntryWords, foreign: set[str]) -> EntryWords:
    """An entry in words; of one at a location of others, whom it takes and where."""
    if words.entry_id not in foreign:
        return words
    return words._replace(title=TAKEN, student_names=(), room_names=(), is_online=False)


def _wanted(center: Center, filters: Filters, entry_ids: set[str]) -> set[str]:
    """Those of the entries that the filters let through."""
    wanted: set[str] = set()
    ids = sorted(entry_ids)
    for start in range(0, len(ids), 900):
        found = read_entries(center, (ScheduleEntry.id.in_(ids[start : start + 900]),))
        wanted |= {e.id for e in found.entries if found.passes(e, filters, entry_ids)}
    return wanted
