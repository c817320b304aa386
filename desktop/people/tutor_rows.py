"""Reads what the Tutors page shows, as plain values: the list in a handful of queries, one tutor in a few more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from desktop.schedule.entry_words import title_words
from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.access.permissions import Access, access_to
from shared_models.access.policy import Action, who_may
from shared_models.base import TenantRow
from shared_models.catalog.models import Subject, Topic
from shared_models.organization.countries import currency_sign
from shared_models.organization.models import Location, OpeningHours, Organization
from shared_models.people.contact import format_phone
from shared_models.people.models import (
    Tutor,
    TutorAvailability,
    TutorException,
    TutorLocation,
    TutorSubject,
    TutorTimeOff,
)
from shared_models.people.tutors import DateHours, DaysOff, Taught, WeeklyHours
from shared_models.schedule.bookings import epoch_seconds
from shared_models.schedule.models import EntryStatus, ScheduleEntry
from shared_models.schedule.times import instant_of, minutes_of, wall_clock_of, zone_of

TUTOR_TABLES = frozenset(
    {"tutor", "tutor_location", "tutor_subject", "tutor_availability", "tutor_exception", "tutor_time_off", "user"}
    | {"location", "opening_hours", "subject", "topic", "schedule_entry", "user_role", "organization"}
    | {"location_assignment"}
)
"""A change in one of these makes the list stale."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rights:
    """What the person at the desk may see and change (product §2)."""

    sees_pay: bool
    writes_profile: bool
    writes_teaching: bool
    writes_time_off: bool
    is_owner: bool = False
    own_places: frozenset[str] = frozenset()
    """The locations at which the person works."""

    def sees_pay_at(self, location_ids: Iterable[str]) -> bool:
        """Whether the pay of a tutor who teaches at these locations is shown (product §2)."""
        return self.sees_pay and (self.is_owner or not self.own_places.isdisjoint(location_ids))

    def sees_contact_at(self, location_ids: Iterable[str]) -> bool:
        """Whether telephone and e-mail of a tutor who teaches at these locations are known here."""
        return self.sees_pay or not self.why_not(location_ids)

    def why_not(self, location_ids: Iterable[str]) -> str:
        """Why a tutor who teaches at these locations cannot be changed here; empty when that can be done."""
        if not self.writes_something:
            return "Only those who work at the front desk can change this."
        if self.is_owner or not self.own_places.isdisjoint(location_ids):
            return ""
        return "Only the owner and those who work where this tutor teaches can change this."

    @property
    def why_none_new(self) -> str:
        """Why no tutor can be added here; empty when one can."""
        return "" if self.writes_profile else f"Only {who_may(Action.CREATE, 'tutor')} can add tutors."

    def why_not_hours_at(self, location_id: str | None) -> str:
        """Why weekly hours at a location, or at every one of a tutor's, cannot be changed here."""
        if self.is_owner or location_id is None or location_id in self.own_places:
            return ""
        return "Only the owner and those who work at this location can change this."

    @property
    def writes_something(self) -> bool:
        return self.writes_profile or self.writes_teaching or self.writes_time_off


@dataclass(frozen=True, slots=True)
class TutorRow:
    """One line of the list. Pay is None where the person may not see it; minutes are those of the present week."""

    tutor_id: str
    name: str
    location_ids: tuple[str, ...]
    subjects: tuple[str, ...]
    priority: int
    is_active: bool
    week_minutes: int
    week_entries: int
    hourly_pay_cents: int | None
    photo_hash: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A location and its opening hours by weekday, in minutes of the day."""

    location_id: str
    name: str
    hours: Mapping[int, Span]


@dataclass(frozen=True, slots=True)
class TutorList:
    """The list with what goes with it. ``subject_names`` has every subject and topic that can be taught."""

    rows: tuple[TutorRow, ...]
    places: tuple[Place, ...]
    subject_names: Mapping[Taught, str]
    rights: Rights
    zone: tzinfo
    country: str
    currency_symbol: str
    today: date
    week: tuple[date, date]

    def place_name(self, location_id: str | None) -> str:
        """The name of a location; "every location" without one."""
        return next((p.name for p in self.places if p.location_id == location_id), "every location")


@dataclass(frozen=True, slots=True)
class TutorDetails:
    """One tutor, complete; pay is None where the person may not see it. ``booked`` are the sessions of the week by
    weekday and location, in minutes of the day."""

    tutor_id: str
    first_name: str
    last_name: str
    phone: str
    email: str
    bio: str
    priority: int
    is_active: bool
    hourly_pay_cents: int | None
    location_ids: tuple[str, ...]
    taught: tuple[Taught, ...]
    hours: tuple[WeeklyHours, ...]
    exceptions: tuple[DateHours, ...]
    time_off: tuple[DaysOff, ...]
    booked: Mapping[tuple[str, int], tuple[Span, ...]]
    photo_hash: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def available(self, location_id: str) -> dict[int, list[Span]]:
        """The weekly hours that hold at a location, in minutes of the day."""
        week: dict[int, list[Span]] = defaultdict(list)
        for span in self.hours:
            if span.location_id in (None, location_id):
                week[span.weekday].append((minutes_of(span.starts), minutes_of(span.ends)))
        return dict(week)


def rights_of(session: Session, organization_id: str, user_id: str | None) -> Rights:
    """What the user at this PC may do with tutors; without a user, nothing."""
    roles = set(
        session.scalars(select(UserRole.role).where(_live(UserRole, organization_id), UserRole.user_id == user_id))
    )

    def writes(table: str) -> bool:
        return access_to(table, roles) is Access.WRITE

    return Rights(
        sees_pay=bool(roles & {Role.OWNER, Role.ADMIN}),
        writes_profile=writes("tutor") and writes("user"),
        writes_teaching=writes("tutor_subject") and writes("tutor_availability"),
        writes_time_off=writes("tutor_time_off") and writes("tutor_exception"),
        is_owner=Role.OWNER in roles,
        own_places=frozenset(
            session.scalars(
                select(LocationAssignment.location_id).where(
                    _live(LocationAssignment, organization_id), LocationAssignment.user_id == user_id
                )
            )
        ),
    )


def read_tutors(session: Session, organization_id: str, user_id: str | None, now: datetime) -> TutorList:
    """Every live tutor in order of priority and name, those who do not teach at present last."""
    organization = session.get_one(Organization, (organization_id, organization_id))
    zone = zone_of(organization.time_zone)
    today = wall_clock_of(now, zone).date()
    monday = today - timedelta(days=today.weekday())
    week = monday, monday + timedelta(days=7)
    rights = rights_of(session, organization_id, user_id)
    places = _places(session, organization_id)
    names = _subject_names(session, organization_id)
    at: dict[str, list[str]] = defaultdict(list)
    order = [place.location_id for place in places]
    for tutor_id, location_id in session.execute(
        select(TutorLocation.tutor_id, TutorLocation.location_id).where(_live(TutorLocation, organization_id))
    ):
        if location_id in order:
            at[tutor_id].append(location_id)
    teaches: dict[str, list[Taught]] = defaultdict(list)
    for tutor_id, subject_id, topic_id in session.execute(
        select(TutorSubject.tutor_id, TutorSubject.subject_id, TutorSubject.topic_id)
        .where(_live(TutorSubject, organization_id))
        .order_by(TutorSubject.id)
    ):
        teaches[tutor_id].append((subject_id, topic_id))
    worked = _worked(session, organization_id, *(instant_of(day, time(), zone) for day in week))
    tutors = session.execute(
        select(Tutor, User.first_name, User.last_name)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(_live(Tutor, organization_id))
        .order_by(Tutor.is_active.desc(), Tutor.priority, User.last_name, User.first_name)
    )
    rows = tuple(
        TutorRow(
            tutor.id,
            f"{first_name} {last_name}".strip(),
            tuple(sorted(at[tutor.id], key=order.index)),
            tuple(names[key] for key in teaches[tutor.id] if key in names),
            tutor.priority,
            tutor.is_active,
            *worked.get(tutor.id, (0, 0)),
            tutor.hourly_pay_cents if rights.sees_pay_at(at[tutor.id]) else None,
            tutor.photo_hash,
        )
        for tutor, first_name, last_name in tutors
    )
    symbol = currency_sign(organization.currency)
    return TutorList(rows, places, names, rights, zone, organization.country, symbol, today, week)


def read_tutor(session: Session, organization_id: str, tutor_id: str, known: TutorList) -> TutorDetails | None:
    """One tutor with hours, time away, and what is booked this week; None when archived or gone."""
    tutor = session.get(Tutor, (organization_id, tutor_id))
    if tutor is None or tutor.archived_at is not None:
        return None
    user = session.get_one(User, (organization_id, tutor.user_id))
    locations = session.scalars(
        select(TutorLocation.location_id).where(_of(TutorLocation, organization_id, tutor_id))
    ).all()
    taught = session.execute(
        select(TutorSubject.subject_id, TutorSubject.topic_id)
        .where(_of(TutorSubject, organization_id, tutor_id))
        .order_by(TutorSubject.id)
    )
    hours = session.scalars(
        select(TutorAvailability)
        .where(_of(TutorAvailability, organization_id, tutor_id))
        .order_by(TutorAvailability.weekday, TutorAvailability.starts)
    )
    exceptions = session.scalars(
        select(TutorException).where(_of(TutorException, organization_id, tutor_id)).order_by(TutorException.on_date)
    )
    time_off = session.scalars(
        select(TutorTimeOff).where(_of(TutorTimeOff, organization_id, tutor_id)).order_by(TutorTimeOff.first_day)
    )
    order = [place.location_id for place in known.places]
    return TutorDetails(
        tutor_id,
        user.first_name,
        user.last_name,
        format_phone(user.phone, known.country),
        user.email,
        tutor.bio,
        tutor.priority,
        tutor.is_active,
        tutor.hourly_pay_cents if known.rights.sees_pay_at(locations) else None,
        tuple(sorted((i for i in locations if i in order), key=order.index)),
        tuple((subject_id, topic_id) for subject_id, topic_id in taught),
        tuple(WeeklyHours(row.weekday, row.starts, row.ends, row.location_id) for row in hours),
        tuple(
            DateHours(row.on_date, row.starts, row.ends, row.location_id)
            if row.is_available
            else DateHours(row.on_date, location_id=row.location_id)
            for row in exceptions
        ),
        tuple(DaysOff(row.first_day, row.last_day, row.reason) for row in time_off),
        _booked(session, organization_id, tutor_id, known),
        tutor.photo_hash,
    )


def hours_words(minutes: int) -> str:
    """``12.5 h``; quarter hours as they are."""
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".") + " h"


def _live(table: type[TenantRow], organization_id: str) -> ColumnElement[bool]:
    return and_(table.organization_id == organization_id, table.archived_at.is_(None))


def _of(
    table: type[TutorLocation]
    | type[TutorSubject]
    | type[TutorAvailability]
    | type[TutorException]
    | type[TutorTimeOff],
    organization_id: str,
    tutor_id: str,
) -> ColumnElement[bool]:
    return and_(_live(table, organization_id), table.tutor_id == tutor_id)


def _taking_place(organization_id: str, first: datetime, last: datetime) -> ColumnElement[bool]:
    return and_(
        _live(ScheduleEntry, organization_id),
        ScheduleEntry.status != EntryStatus.CANCELLED,
        ScheduleEntry.starts_at >= first,
        ScheduleEntry.starts_at < last,
    )


def _worked(session: Session, organization_id: str, first: datetime, last: datetime) -> dict[str, tuple[int, int]]:
    """Minutes and number of the sessions of each tutor between two instants."""
    seconds = func.sum(epoch_seconds(ScheduleEntry.ends_at) - epoch_seconds(ScheduleEntry.starts_at))
    rows = session.execute(
        select(ScheduleEntry.tutor_id, seconds, func.count())
        .where(_taking_place(organization_id, first, last), ScheduleEntry.tutor_id.is_not(None))
        .group_by(ScheduleEntry.tutor_id)
    )
    return {tutor_id: (int(total) // 60, count) for tutor_id, total, count in rows if tutor_id is not None}


def _booked(
    session: Session, organization_id: str, tutor_id: str, known: TutorList
) -> dict[tuple[str, int], tuple[Span, ...]]:
    first, last = (instant_of(day, time(), known.zone) for day in known.week)
    found: dict[tuple[str, int], list[Span]] = defaultdict(list)
    for location_id, starts_at, ends_at in session.execute(
        select(ScheduleEntry.location_id, ScheduleEntry.starts_at, ScheduleEntry.ends_at)
        .where(_taking_place(organization_id, first, last), ScheduleEntry.tutor_id == tutor_id)
        .order_by(ScheduleEntry.starts_at)
    ):
        starts, ends = wall_clock_of(starts_at, known.zone), wall_clock_of(ends_at, known.zone)
        begin = minutes_of(starts.time())
        length = int((ends - starts).total_seconds()) // 60
        found[location_id, starts.weekday()].append((begin, begin + length))
    return {key: tuple(spans) for key, spans in found.items()}


def _places(session: Session, organization_id: str) -> tuple[Place, ...]:
    hours: dict[str, dict[int, Span]] = defaultdict(dict)
    for location_id, weekday, opens, closes in session.execute(
        select(OpeningHours.location_id, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes).where(
            _live(OpeningHours, organization_id)
        )
    ):
        first, last = minutes_of(opens), minutes_of(closes)
        known = hours[location_id].get(weekday, (first, last))
        hours[location_id][weekday] = (min(first, known[0]), max(last, known[1]))
    locations = session.execute(
        select(Location.id, Location.name)
        .where(_live(Location, organization_id))
        .order_by(Location.position, Location.name)
    )
    return tuple(Place(location_id, name, hours[location_id]) for location_id, name in locations)


def _subject_names(session: Session, organization_id: str) -> dict[Taught, str]:
    """Each subject and topic by what a tutor can be said to teach; explanations in brackets left away."""
    subjects: Sequence[Subject] = session.scalars(
        select(Subject).where(_live(Subject, organization_id)).order_by(Subject.position, Subject.name)
    ).all()
    names: dict[Taught, str] = {(subject.id, None): title_words(subject.name)[0] for subject in subjects}
    for topic_id, subject_id, name in session.execute(
        select(Topic.id, Topic.subject_id, Topic.name)
        .where(_live(Topic, organization_id))
        .order_by(Topic.position, Topic.name)
    ):
        names[subject_id, topic_id] = title_words(name)[0]
    return names
