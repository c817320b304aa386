"""What the entry form offers to choose from: locations, services, topics, tutors, students, rooms, read in a dozen
small queries when the form opens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from desktop.schedule.directory import DIRECTORY_TABLES, family_of
from desktop.widgets import Option
from desktop.widgets.parsing import format_cents
from shared_models.access.models import User
from shared_models.base import TenantRow
from shared_models.catalog.models import (
    Level,
    Product,
    ProductType,
    Service,
    ServiceFormat,
    ServiceOffered,
    Subject,
    Topic,
    TopicOffered,
)
from shared_models.organization.countries import currency_sign
from shared_models.organization.models import Closure, Location, Organization, Room
from shared_models.people.models import Student, Tutor
from shared_models.schedule.explained import short_title
from shared_models.schedule.flags import LocationRules, TutorRules
from shared_models.schedule.terms import Terms, location_rules, tutor_rules

ONLINE = "online"
"""The key that stands for "Online" among the rooms."""

CHOICE_TABLES = DIRECTORY_TABLES | {"student", "service_offered", "topic_offered"}
"""A change in one of these makes the choices stale."""

_FORMATS = {
    ServiceFormat.PRIVATE: "Private",
    ServiceFormat.SEMI_PRIVATE: "Semi-private",
    ServiceFormat.GROUP: "Class",
    ServiceFormat.WORKSHOP: "Workshop",
    ServiceFormat.CAMP: "Camp",
}
_LEVELS = {
    Level.ELEMENTARY: "elementary",
    Level.MIDDLE: "middle school",
    Level.HIGH: "high school",
    Level.TEST_PREP: "test prep",
}
_CHOICES = {1: "first choice", 2: "second choice", 3: "third choice"}


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """A service as one location offers it."""

    id: str
    words: str
    full_name: str
    hourly_price_cents: int
    family: str
    product_type: ProductType | None
    capacity: int


@dataclass(frozen=True, slots=True)
class TutorChoice:
    """A tutor with what, where and when they teach."""

    id: str
    name: str
    priority: int
    rules: TutorRules


@dataclass(frozen=True, slots=True)
class StudentChoice:
    """An active student of one location."""

    id: str
    name: str
    grade: str
    location_id: str


@dataclass(frozen=True, slots=True)
class EntryChoices:
    """Everything that can be chosen, and the terms of each location."""

    currency_symbol: str
    durations_minutes: tuple[int, ...]
    biweekly_allowed: bool
    locations: tuple[tuple[str, str], ...]
    services: Mapping[str, Mapping[str, ServiceChoice]]
    subjects: tuple[tuple[str, str], ...]
    topics: Mapping[str, tuple[tuple[str, str], ...]]
    topics_offered: Mapping[str, frozenset[str]]
    products: tuple[tuple[str, str, ProductType], ...]
    tutors: Mapping[str, TutorChoice]
    students: Mapping[str, StudentChoice]
    rooms: Mapping[str, tuple[tuple[str, str], ...]]
    terms: Mapping[str, Terms]
    closures: tuple[tuple[str | None, date, date, str], ...]

    def service(self, location_id: str, service_id: str) -> ServiceChoice | None:
        """A service at a location, or None when it is not offered there."""
        return self.services.get(location_id, {}).get(service_id)

    def money(self, cents: int) -> str:
        """An amount as "$4,160.00"; "Free" for nothing."""
        return format_cents(cents, self.currency_symbol) if cents else "Free"

    def location_options(self) -> list[Option]:
        """The locations."""
        return [Option(location_id, name) for location_id, name in self.locations]

    def service_options(self, location_id: str) -> list[Option]:
        """The services of a location with their hourly price."""
        return [
            Option(
                service.id,
                service.words,
                f"{self.money(service.hourly_price_cents)} an hour" if service.hourly_price_cents else "free",
                family=service.family,
                find_by=service.full_name,
            )
            for service in self.services.get(location_id, {}).values()
        ]

    def subject_options(self, location_id: str) -> list[Option]:
        """The subjects of which the location offers a topic; all of them where it has not chosen any."""
        return [
            Option(subject_id, name)
            for subject_id, name in self.subjects
            if self.topic_options(location_id, subject_id) or not self.topics.get(subject_id)
        ]

    def topic_options(self, location_id: str, subject_id: str) -> list[Option]:
        """The topics of a subject that the location offers, the explanation in brackets as a quiet second text."""
        offered = self.topics_offered.get(location_id)
        return [
            Option(topic_id, short_title(name, None, None), name.partition(" (")[2].rstrip(")"))
            for topic_id, name in self.topics.get(subject_id, ())
            if offered is None or topic_id in offered
        ]

    def product_options(self, kind: ProductType | None) -> list[Option]:
        """The products of one type."""
        return [Option(product_id, name) for product_id, name, its_kind in self.products if its_kind is kind]

    def tutor_options(self, location_id: str, subject_id: str, topic_id: str) -> list[Option]:
        """The tutors of a location: those who teach the topic first, then by priority."""
        here = [tutor for tutor in self.tutors.values() if location_id in tutor.rules.location_ids]
        teaches = {tutor.id: self._teaches(tutor, subject_id, topic_id) for tutor in here}
        here.sort(key=lambda tutor: (not teaches[tutor.id], tutor.priority, tutor.name))
        what = self.topic_words(subject_id, topic_id)
        return [
            Option(tutor.id, tutor.name, self._tutor_words(tutor, what, teaches[tutor.id]), person=True)
            for tutor in here
        ]

    def student_options(self, location_id: str) -> list[Option]:
        """The active students of a location."""
        return [
            Option(student.id, student.name, f"grade {student.grade}" if student.grade else "")
            for student in self.students.values()
            if student.location_id == location_id
        ]

    def room_options(
        self, location_id: str, taken: Mapping[str, int] | None = None, sessions: int = 0
    ) -> list[Option]:
        """The rooms of a location, and "Online". With `taken`, each says in how many of the sessions it is taken."""

        def words(room_id: str) -> str:
            if taken is None:
                return ""
            times = taken.get(room_id, 0)
            if not times:
                return "free"
            return "taken" if times == sessions else f"taken on {times} of {sessions} days"

        rooms = [Option(room_id, name, words(room_id)) for room_id, name in self.rooms.get(location_id, ())]
        return [*rooms, Option(ONLINE, "Online", find_by="virtual remote")]

    def topic_words(self, subject_id: str, topic_id: str) -> str:
        """What is taught, in a word or two; "" when nothing is chosen."""
        topic = next((name for key, name in self.topics.get(subject_id, ()) if key == topic_id), None)
        subject = next((name for key, name in self.subjects if key == subject_id), None)
        return short_title(topic, subject, None)

    def room_names(self) -> dict[str, str]:
        """The names of all rooms by id."""
        return {room_id: name for rooms in self.rooms.values() for room_id, name in rooms}

    def closure_reason(self, location_id: str, day: date) -> str:
        """Why a location is closed on a day; "" when it is open."""
        for place, first, last, reason in self.closures:
            if place in (None, location_id) and first <= day <= last:
                return reason
        return ""

    @staticmethod
    def _teaches(tutor: TutorChoice, subject_id: str, topic_id: str) -> bool:
        taught = tutor.rules.taught
        if not subject_id:
            return True
        if (subject_id, None) in taught or (subject_id, topic_id) in taught:
            return True
        return not topic_id and any(subject == subject_id for subject, _ in taught)

    @staticmethod
    def _tutor_words(tutor: TutorChoice, what: str, teaches: bool) -> str:
        rank = _CHOICES.get(tutor.priority, f"choice {tutor.priority}")
        if not what:
            return rank
        return f"teaches {what}, {rank}" if teaches else f"does not teach {what}"


def service_words(offered_as: str, name: str, kind: ServiceFormat, level: Level | None) -> str:
    """A service in two words: its own name at the location, or "Private, elementary"."""
    if offered_as:
        return offered_as
    return f"{_FORMATS[kind]}, {_LEVELS[level]}" if level is not None else name


def load_choices(session: Session, organization_id: str, own_places: frozenset[str] | None = None) -> EntryChoices:
    """Read everything that the form offers; archived and inactive things are left out. ``own_places``: the locations
    at which the person may schedule; None where that is all of them."""

    def own(kind: type[TenantRow]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return kind.organization_id == organization_id, kind.archived_at.is_(None)

    organization = session.scalars(select(Organization).where(*own(Organization))).one()
    locations = session.execute(
        select(Location.id, Location.name).where(*own(Location)).order_by(Location.position, Location.name)
    ).all()
    rooms: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for room_id, location_id, name in session.execute(
        select(Room.id, Room.location_id, Room.name).where(*own(Room)).order_by(Room.position, Room.name)
    ):
        rooms[location_id].append((room_id, name))
    topics: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for topic_id, subject_id, name in session.execute(
        select(Topic.id, Topic.subject_id, Topic.name).where(*own(Topic)).order_by(Topic.position, Topic.name)
    ):
        topics[subject_id].append((topic_id, name))
    offered: dict[str, set[str]] = defaultdict(set)
    for topic_id, location_id in session.execute(
        select(TopicOffered.topic_id, TopicOffered.location_id).where(*own(TopicOffered))
    ):
        offered[location_id].add(topic_id)
    rules = location_rules(session, organization_id)
    return EntryChoices(
        currency_symbol=currency_sign(organization.currency),
        durations_minutes=tuple(organization.session_durations_minutes),
        biweekly_allowed=organization.biweekly_allowed,
        locations=tuple(
            (location_id, name) for location_id, name in locations if own_places is None or location_id in own_places
        ),
        services=_services(session, organization_id),
        subjects=tuple(
            (subject_id, name)
            for subject_id, name in session.execute(
                select(Subject.id, Subject.name).where(*own(Subject)).order_by(Subject.position, Subject.name)
            )
        ),
        topics={subject_id: tuple(pairs) for subject_id, pairs in topics.items()},
        topics_offered={location_id: frozenset(ids) for location_id, ids in offered.items()},
        products=tuple(
            (product_id, name, kind)
            for product_id, name, kind in session.execute(
                select(Product.id, Product.name, Product.type).where(*own(Product)).order_by(Product.name)
            )
        ),
        tutors=_tutors(session, organization_id),
        students={
            student_id: StudentChoice(student_id, f"{first} {last}".strip(), grade, location_id)
            for student_id, first, last, grade, location_id in session.execute(
                select(Student.id, Student.first_name, Student.last_name, Student.grade, Student.location_id)
                .where(*own(Student), Student.is_active)
                .order_by(Student.first_name, Student.last_name)
            )
        },
        rooms={location_id: tuple(pairs) for location_id, pairs in rooms.items()},
        terms={
            location_id: Terms(
                organization.time_zone,
                organization.default_buffer_minutes,
                organization.start_grid_minutes,
                location_id,
                rules.get(location_id, LocationRules()),
                tuple(room_id for room_id, _ in rooms[location_id]),
            )
            for location_id, _ in locations
        },
        closures=tuple(
            (place, first, last, reason)
            for place, first, last, reason in session.execute(
                select(Closure.location_id, Closure.first_day, Closure.last_day, Closure.reason).where(*own(Closure))
            )
        ),
    )


def _services(session: Session, organization_id: str) -> dict[str, dict[str, ServiceChoice]]:
    services: dict[str, dict[str, ServiceChoice]] = defaultdict(dict)
    rows = session.execute(
        select(
            ServiceOffered.location_id, Service.id, Service.code, Service.name, Service.format, Service.level,
            Service.default_capacity, Service.product_type, ServiceOffered.hourly_price_cents,
            ServiceOffered.display_name,
        )
        .join(
            Service,
            (Service.organization_id == ServiceOffered.organization_id) & (Service.id == ServiceOffered.service_id),
        )
        .where(
            ServiceOffered.organization_id == organization_id,
            ServiceOffered.archived_at.is_(None),
            Service.archived_at.is_(None),
            ServiceOffered.is_active,
        )
        .order_by(Service.position, Service.name)
    )  # fmt: skip
    for location_id, service_id, code, name, kind, level, capacity, product_type, price, display_name in rows:
        services[location_id][service_id] = ServiceChoice(
            service_id,
            service_words(display_name, name, kind, level),
            name,
            price,
            family_of(code, kind, level).value,
            product_type,
            capacity,
        )
    return services


def _tutors(session: Session, organization_id: str) -> dict[str, TutorChoice]:
    rules = tutor_rules(session, organization_id)
    rows = session.execute(
        select(Tutor.id, User.first_name, User.last_name, Tutor.priority)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(Tutor.organization_id == organization_id, Tutor.archived_at.is_(None), Tutor.is_active)
        .order_by(Tutor.priority, User.first_name)
    )
    return {
        tutor_id: TutorChoice(tutor_id, f"{first} {last}".strip(), priority, rules.get(tutor_id, TutorRules()))
        for tutor_id, first, last, priority in rows
    }
