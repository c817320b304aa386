"""Reads the schedule of a span of days out of the store, as the plain values that printed pages show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, select

from desktop.printing.box_text import join
from desktop.printing.center_values import ALL_LOCATIONS, Center, OpenDay, full_name, open_days
from desktop.printing.conflict_words import conflict_words, mentions_by_day
from desktop.printing.day_page import PrintedConflict, PrintedEntry, PrintedPerson, PrintedRoom
from desktop.printing.sheet import Sheet, short_day_words
from desktop.schedule.directory import family_of
from desktop.schedule.entry_words import title_words
from desktop.schedule.scene import TAKEN
from desktop.schedule.week import Filters
from shared_models.access.models import User
from shared_models.base import TenantRow
from shared_models.catalog.models import Product, Service, Subject, Topic
from shared_models.organization.models import Location, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.acceptances import open_conflicts
from shared_models.schedule.bookings import LONGEST_ENTRY, load_bookings
from shared_models.schedule.conflicts import Conflict, find_conflicts
from shared_models.schedule.flags import EntryFlag
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry
from shared_models.schedule.terms import flags_of_entries
from shared_models.schedule.times import wall_clock_of

REMARKS = {
    EntryStatus.NO_SHOW: "no-show",
    EntryStatus.PENDING_PAYMENT: "unpaid",
    EntryStatus.CANCELLED: "cancelled",
}
_STATUS_WORDS = {
    EntryStatus.PENDING_PAYMENT: "not paid yet",
    EntryStatus.SCHEDULED: "scheduled",
    EntryStatus.IN_PROGRESS: "in progress",
    EntryStatus.COMPLETED: "completed",
    EntryStatus.NO_SHOW: "no-shows",
    EntryStatus.CANCELLED: "cancelled",
}


@dataclass(frozen=True, kw_only=True)
class SpanSchedule:
    """What pages of several days say. Times are the organization's wall clock; ``tutors`` teach in the span, in
    their order; ``rooms`` are all of the location; ``conflicts`` are numbered in their order."""

    sheet: Sheet
    days: tuple[OpenDay, ...]
    location_name: str
    tutors: tuple[PrintedPerson, ...]
    rooms: tuple[PrintedRoom, ...]
    entries: tuple[PrintedEntry, ...]
    conflicts: tuple[PrintedConflict, ...] = ()
    notes: tuple[str, ...] = ()
    cancelled_count: int = 0

    @property
    def first_day(self) -> date:
        return self.days[0].day

    @property
    def last_day(self) -> date:
        return self.days[-1].day


@dataclass
class Found:
    """The entries of a span, at every location, with the names that they refer to."""

    entries: Sequence[ScheduleEntry]
    people: dict[str, list[tuple[str, str]]]
    rooms: dict[str, list[PrintedRoom]]
    services: Mapping[str, Service]
    words: Mapping[str, str]
    places: Mapping[str, str]
    tutors: dict[str, PrintedPerson] = field(default_factory=dict)

    def titles(self, entry: ScheduleEntry) -> tuple[str, ...]:
        """The name of the product, topic, subject or service, without its explanation in brackets, and shorter."""
        known = (self.words.get(i) for i in (entry.product_id, entry.topic_id, entry.subject_id) if i is not None)
        service = self.services.get(entry.service_id)
        name = next((word for word in known if word), service.name if service else "")
        return title_words(name)[:2]

    def short_place(self, location_id: str) -> str:
        """The name of a location without the word that all of them end with: ``Irvington`` for Irvington Office."""
        ends = {name.rsplit(" ", 1)[-1] for name in self.places.values() if " " in name}
        name = self.places.get(location_id, "")
        is_common = len(ends) == 1 and len(self.places) > 1 and all(" " in known for known in self.places.values())
        return name.rsplit(" ", 1)[0] if is_common else name

    def printed(self, center: Center, entry: ScheduleEntry, *, names_place: bool = False) -> PrintedEntry:
        """An entry with its words; with ``names_place``, rooms are said with their location. Of one at a location of
        others, whom it takes and where."""
        starts, ends = wall_clock_of(entry.starts_at, center.zone), wall_clock_of(entry.ends_at, center.zone)
        tutor = self.tutors.get(entry.tutor_id) if entry.tutor_id else None
        if center.is_foreign(entry.location_id):
            where = self.short_place(entry.location_id) or "Another location"
            return PrintedEntry(entry.id, starts, ends, "", (TAKEN,), (), tutor=tutor, elsewhere=where)
        service = self.services.get(entry.service_id)
        suffix = f", {self.short_place(entry.location_id)}" if names_place else ""
        return PrintedEntry(
            entry_id=entry.id,
            starts=starts,
            ends=ends,
            family=family_of(service.code, service.format, service.level) if service else "",
            titles=self.titles(entry),
            people=tuple(name for _, name in self.people.get(entry.id, ())),
            capacity=entry.capacity,
            tutor=tutor,
            rooms=tuple(PrintedRoom(r.room_id, r.name + suffix) for r in self.rooms.get(entry.id, ())),
            is_online=entry.is_online,
            remark=REMARKS.get(entry.status, ""),
        )

    def passes(self, entry: ScheduleEntry, filters: Filters, colliding: Collection[str]) -> bool:
        """Whether the filters let an entry through, as on the calendar; ``colliding`` are the ids in conflict."""
        rooms = {room.room_id for room in self.rooms.get(entry.id, ())}
        students = {student_id for student_id, _ in self.people.get(entry.id, ())}
        return (
            (not filters.location_id or entry.location_id == filters.location_id)
            and (not filters.tutor_id or entry.tutor_id == filters.tutor_id)
            and (not filters.room_id or filters.room_id in rooms)
            and (not filters.service_id or entry.service_id == filters.service_id)
            and (not filters.student_id or filters.student_id in students)
            and (not filters.status or entry.status.value == filters.status)
            and (not filters.only_conflicts or entry.id in colliding)
            and (not filters.only or not filters.only.isdisjoint({entry.tutor_id, *rooms, *students}))
        )


def read_span(
    center: Center, filters: Filters, first_day: date, last_day: date, *, checks: bool = True
) -> SpanSchedule:
    """What is printed for the days ``first_day`` to ``last_day``, both included, as the filters narrow it.

    Cancelled entries are counted, and shown only when the filters ask for them. With ``checks``, the conflicts that
    nobody has accepted and what else deserves a look are computed and worded. Raises LookupError when the location
    does not exist.
    """
    location = center.location(filters.location_id)
    days = [first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1)]
    begin, end = center.instants(first_day, last_day)
    near = (
        ScheduleEntry.starts_at < end,
        ScheduleEntry.starts_at >= begin - LONGEST_ENTRY,
        ScheduleEntry.blocked_until > begin,
    )
    found = read_entries(center, near)
    conflicts: list[Conflict] = []
    if checks or filters.only_conflicts:
        bookings = load_bookings(center.session, center.id, begin, end)
        conflicts = open_conflicts(center.session, center.id, find_conflicts(bookings))
        foreign = {e.id for e in found.entries if center.is_foreign(e.location_id)}
        # What others have to settle among themselves is theirs.
        conflicts = [c for c in conflicts if not {c.first_id, c.second_id} <= foreign]
    colliding = {i for c in conflicts for i in (c.first_id, c.second_id)}
    asked = [
        e
        for e in found.entries
        if begin <= e.starts_at < end
        and found.passes(e, filters, colliding)
        # What others cancelled keeps nobody from anything.
        and not (center.is_foreign(e.location_id) and e.status is EntryStatus.CANCELLED)
    ]
    shows_cancelled = filters.status == EntryStatus.CANCELLED
    shown = [e for e in asked if shows_cancelled or e.status is not EntryStatus.CANCELLED]
    names_place = location is None and len(found.places) > 1
    printed = {e.id: found.printed(center, e, names_place=names_place) for e in shown}
    concerned = [c for c in conflicts if c.first_id in printed or c.second_id in printed] if checks else []
    opened = open_days(center, filters.location_id, days)
    scope = scope_words(center, filters)
    place = location.name if location else ALL_LOCATIONS if len(found.places) > 1 else "".join(found.places.values())
    words = _Words(center, found, filters.location_id, days_shown=len(days))
    taught = {p.tutor.person_id for p in printed.values() if p.tutor}
    return SpanSchedule(
        sheet=center.sheet(location, scope),
        days=tuple(opened),
        location_name=place,
        tutors=tuple(t for t in found.tutors.values() if t.person_id in taught),
        rooms=tuple(_rooms(center, location, filters, found, names_place)),
        entries=tuple(printed.values()),
        conflicts=tuple(
            conflict_words(
                concerned, words.names(), words.mentions(concerned), words.order(concerned), words.days(concerned)
            )
        ),
        notes=tuple(_notes(center, words, printed, opened, first_day, last_day)) if checks else (),
        cancelled_count=len(asked) - len(shown),
    )


def read_entries(center: Center, near: Sequence[ColumnElement[bool]]) -> Found:
    """The live entries for which ``near`` holds, with the names that they refer to: nine queries."""
    session = center.session
    concerned = (center.live(ScheduleEntry), *near)
    entries = session.scalars(
        select(ScheduleEntry).where(*concerned).order_by(ScheduleEntry.starts_at, ScheduleEntry.id)
    ).all()
    students = session.execute(
        select(Attendee.entry_id, Student.id, Student.first_name, Student.last_name)
        .where(center.live(Attendee))
        .join(Student, (Student.organization_id == Attendee.organization_id) & (Student.id == Attendee.student_id))
        .join(
            ScheduleEntry,
            (ScheduleEntry.organization_id == Attendee.organization_id) & (ScheduleEntry.id == Attendee.entry_id),
        )
        .where(*concerned)
        .order_by(Student.first_name, Student.last_name, Student.id)
    )
    rooms = session.execute(
        select(EntryRoom.entry_id, Room.id, Room.name)
        .where(center.live(EntryRoom))
        .join(Room, (Room.organization_id == EntryRoom.organization_id) & (Room.id == EntryRoom.room_id))
        .join(
            ScheduleEntry,
            (ScheduleEntry.organization_id == EntryRoom.organization_id) & (ScheduleEntry.id == EntryRoom.entry_id),
        )
        .where(*concerned)
        .order_by(Room.position, Room.name)
    )
    services = session.scalars(select(Service).where(_among(center, Service, [e.service_id for e in entries])))
    words: dict[str, str] = {}
    for table, wanted in (
        (Topic, [e.topic_id for e in entries]),
        (Subject, [e.subject_id for e in entries]),
        (Product, [e.product_id for e in entries]),
    ):
        rows = session.execute(select(table.id, table.name).where(_among(center, table, wanted)))
        words.update({row.id: row.name for row in rows})
    tutors = session.execute(
        select(Tutor.id, User.first_name, User.last_name)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(_among(center, Tutor, [e.tutor_id for e in entries]))
        .order_by(Tutor.priority, User.last_name, User.first_name, Tutor.id)
    )
    places = session.execute(
        select(Location.id, Location.name).where(center.live(Location)).order_by(Location.position, Location.name)
    )
    found = Found(
        entries,
        defaultdict(list),
        defaultdict(list),
        {s.id: s for s in services},
        words,
        {row.id: row.name for row in places},
    )
    for entry_id, student_id, first_name, last_name in students:
        found.people[entry_id].append((student_id, full_name(first_name, last_name)))
    for entry_id, room_id, name in rooms:
        found.rooms[entry_id].append(PrintedRoom(room_id, name))
    for tutor_id, first_name, last_name in tutors:
        short = f"{first_name[:1]}. {last_name}" if last_name else first_name
        found.tutors[tutor_id] = PrintedPerson(tutor_id, full_name(first_name, last_name), short)
    return found


def scope_words(center: Center, filters: Filters) -> str:
    """What the filters besides the location leave, in words: ``only Jakub Johnson, Room A``; empty without any."""
    words = []
    if filters.tutor_id:
        tutor = center.session.get(Tutor, (center.id, filters.tutor_id))
        user = center.session.get(User, (center.id, tutor.user_id)) if tutor else None
        words.append(full_name(user.first_name, user.last_name) if user else "one tutor")
    if filters.room_id:
        room = center.session.get(Room, (center.id, filters.room_id))
        words.append(room.name if room else "one room")
    if filters.service_id:
        service = center.session.get(Service, (center.id, filters.service_id))
        words.append(service.name if service else "one service")
    if filters.student_id:
        student = center.session.get(Student, (center.id, filters.student_id))
        words.append(full_name(student.first_name, student.last_name) if student else "one student")
    if filters.status:
        words.append(_STATUS_WORDS[EntryStatus(filters.status)])
    if filters.only_conflicts:
        words.append("conflicts")
    if filters.only:
        words.append("what concerns the open form")
    return f"only {', '.join(words)}" if words else ""


def _among(center: Center, table: type[TenantRow], ids: Iterable[str | None]) -> ColumnElement[bool]:
    return (table.organization_id == center.id) & table.id.in_({i for i in ids if i is not None})


def _rooms(
    center: Center, location: Location | None, filters: Filters, found: Found, names_place: bool
) -> Iterable[PrintedRoom]:
    query = select(Room.id, Room.name, Room.location_id).where(center.live(Room))
    if location is not None:
        query = query.where(Room.location_id == location.id)
    order = list(found.places)
    rows = center.session.execute(query.order_by(Room.position, Room.name)).all()
    for row in sorted(rows, key=lambda r: order.index(r.location_id) if r.location_id in order else len(order)):
        if filters.room_id in ("", row.id):
            suffix = f", {found.short_place(row.location_id)}" if names_place else ""
            yield PrintedRoom(row.id, row.name + suffix)


class _Words:
    """Names for the sentences about conflicts and what else to look at."""

    def __init__(self, center: Center, found: Found, location_id: str, *, days_shown: int) -> None:
        self.center, self.found = center, found
        self.location_id, self.days_shown = location_id, days_shown
        self.by_id = {e.id: e for e in found.entries}

    def names(self) -> dict[str, str]:
        """Names of tutors, rooms and students by id."""
        names = {tutor.person_id: tutor.name for tutor in self.found.tutors.values()}
        for rooms in self.found.rooms.values():
            names |= {room.room_id: room.name for room in rooms}
        for people in self.found.people.values():
            names |= dict(people)
        return names

    def mention(self, entry: ScheduleEntry) -> str:
        """``SAT 4:00``; with its place where that is another."""
        printed = self.found.printed(self.center, entry)
        is_here = not self.location_id or entry.location_id == self.location_id
        elsewhere = "" if is_here else f" ({self.found.places.get(entry.location_id, 'elsewhere')})"
        return f"{printed.titles[0]} {printed.starts_words}{elsewhere}"

    def day(self, entry: ScheduleEntry) -> str:
        """``Wed``, in a span longer than a week ``Wed, Nov 25``; empty where there is only one day."""
        if self.days_shown == 1:
            return ""
        words = short_day_words(wall_clock_of(entry.starts_at, self.center.zone).date())
        return words[:3] if self.days_shown <= 7 else words

    def days(self, conflicts: Iterable[Conflict]) -> dict[str, str]:
        """The days of the entries of conflicts, by id."""
        return {i: self.day(self.by_id[i]) for c in conflicts for i in (c.first_id, c.second_id)}

    def mentions(self, conflicts: Iterable[Conflict]) -> dict[str, str]:
        """How the entries of conflicts are mentioned, by id."""
        return {i: self.mention(self.by_id[i]) for c in conflicts for i in (c.first_id, c.second_id)}

    def order(self, conflicts: Iterable[Conflict]) -> dict[str, tuple[datetime, str]]:
        """What sorts the entries of conflicts: time, then words."""
        mentions = self.mentions(conflicts)
        return {i: (self.by_id[i].starts_at, f"{mentions[i]} {i}") for i in mentions}


def _notes(
    center: Center,
    words: _Words,
    printed: Mapping[str, PrintedEntry],
    days: Sequence[OpenDay],
    first_day: date,
    last_day: date,
) -> list[str]:
    """What else deserves a second look (product §4, "Also flagged"), one sentence for each reason."""
    flagged = flags_of_entries(center.session, center.id, *center.instants(first_day, last_day))
    closed = {day.day: day.closed_reason for day in days}
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for entry_id, entry in printed.items():
        if center.is_foreign(words.by_id[entry_id].location_id):
            continue
        place = words.found.places.get(words.by_id[entry_id].location_id, "this location")
        for flag in sorted(flagged.get(entry_id, ())):
            reason = _flag_words(flag, entry, place, closed.get(entry.day) or "no reason given")
            row = words.by_id[entry_id]
            found[reason].append((words.day(row), words.mention(row)))
    return [f"{reason}: {join(mentions_by_day(mentions))}" for reason, mentions in found.items()]


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
