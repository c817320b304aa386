"""What the calendar needs to know of a center besides its entries: names, opening hours, closures, availability.

Read once in a dozen small queries and kept, so that switching weeks asks the store for entries only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop.schedule.calendar_values import Family, Span, Wording
from desktop.schedule.entry_words import lane_title_words
from shared_models.access.models import User
from shared_models.catalog.models import Level, Product, Service, ServiceFormat, Subject, Topic
from shared_models.organization.models import Closure, Location, Organization, Room
from shared_models.people.models import Tutor
from shared_models.schedule.flags import LocationRules, TutorRules, available_spans
from shared_models.schedule.terms import Terms, location_rules, tutor_rules
from shared_models.schedule.times import zone_of

ASSUMED_HOURS: tuple[Span, ...] = ((9 * 60, 20 * 60),)
"""What the calendar shows of a location whose opening hours nobody has entered yet: open, every day."""

DIRECTORY_TABLES = frozenset(
    {
        "organization", "location", "opening_hours", "closure", "room", "user", "tutor", "tutor_location",
        "tutor_subject", "tutor_availability", "tutor_exception", "tutor_time_off", "service", "subject", "topic",
        "product", "user_role", "location_assignment",
    }
)  # fmt: skip
"""A change in one of these makes the directory stale."""


@dataclass(frozen=True, slots=True)
class Place:
    """A location."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RoomName:
    """A room and where it is."""

    id: str
    name: str
    location_id: str
    is_archived: bool


@dataclass(frozen=True, slots=True)
class TutorName:
    """A tutor by name, first choice first."""

    id: str
    name: str
    is_active: bool
    is_archived: bool


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Days, both included, on which a location (None: every one) is closed."""

    location_id: str | None
    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True)
class Directory:
    """The names and rules of one center."""

    organization_id: str
    time_zone: str
    zone: tzinfo
    grid_minutes: int
    buffer_minutes: int
    places: tuple[Place, ...]
    rooms: Mapping[str, RoomName]
    tutors: Mapping[str, TutorName]
    services: Mapping[str, tuple[str, Family]]
    titles: Mapping[str, Wording]
    closures: tuple[ClosedDays, ...]
    location_rules: Mapping[str, LocationRules]
    tutor_rules: Mapping[str, TutorRules]
    own_places: frozenset[str] | None = None
    """The locations of the person at this PC; None where that is all of them."""

    def is_foreign(self, location_id: str) -> bool:
        """Whether what takes place at a location is none of this person's to see or change: only that somebody is
        taken then (product §2)."""
        return self.own_places is not None and location_id not in self.own_places

    def place_ids(self, location_id: str) -> tuple[str, ...]:
        """The chosen location, or all of them for ""."""
        return (location_id,) if location_id else tuple(place.id for place in self.places)

    def place_name(self, location_id: str) -> str:
        """The name of a location; "" when it is not known."""
        return next((place.name for place in self.places if place.id == location_id), "")

    def terms(self, location_id: str) -> Terms:
        """What holds for every entry at a location: for the rules that propose free times and rooms."""
        rooms = tuple(
            room.id for room in self.rooms.values() if room.location_id == location_id and not room.is_archived
        )
        rules = self.location_rules.get(location_id, LocationRules())
        return Terms(self.time_zone, self.buffer_minutes, self.grid_minutes, location_id, rules, rooms)

    def room_name(self, room_id: str) -> str:
        """The name of a room; "" when it is not known."""
        room = self.rooms.get(room_id)
        return room.name if room is not None else ""

    def tutor_name(self, tutor_id: str | None) -> str:
        """The name of a tutor; "" without one."""
        tutor = self.tutors.get(tutor_id) if tutor_id is not None else None
        return tutor.name if tutor is not None else ""

    def title(self, product_id: str | None, topic_id: str | None, subject_id: str | None, service_id: str) -> str:
        """What is taught: product, topic, subject, or the service."""
        known = (self.titles[i][0] for i in (product_id, topic_id, subject_id) if i is not None and i in self.titles)
        return next(known, self.services.get(service_id, ("New entry", Family.PRIVATE))[0])

    def closed_reason(self, location_id: str, day: date) -> str | None:
        """Why the chosen location (all of them for "") is closed that day; None when one is open or only its week
        says so."""
        reasons = []
        for place_id in self.place_ids(location_id):
            found = next(
                (
                    closure.reason
                    for closure in self.closures
                    if closure.location_id in (None, place_id) and closure.first_day <= day <= closure.last_day
                ),
                None,
            )
            if found is None:
                return None
            reasons.append(found)
        return reasons[0] if reasons else None

    def knows_hours(self, location_id: str) -> bool:
        """Whether opening hours were entered for the chosen location (each of them for ""): without any, nothing
        lies outside of them."""
        place_ids = self.place_ids(location_id)
        return bool(place_ids) and all(self._hours(place_id) is not None for place_id in place_ids)

    def knows_tutor_hours(self, tutor_id: str) -> bool:
        """Whether a tutor has told when they work."""
        rules = self.tutor_rules.get(tutor_id)
        return rules is not None and bool(rules.weekly)

    def _hours(self, place_id: str) -> Mapping[int, tuple[Span, ...]] | None:
        rules = self.location_rules.get(place_id)
        return (rules.opening_hours or None) if rules is not None else None

    def next_open_day(self, location_id: str, day: date, direction: int) -> date:
        """The next day (1), or the one before (-1), on which a place is open; at most a week away."""
        step = timedelta(days=direction)
        days = [day + step * number for number in range(1, 8)]
        return next((one for one in days if self.open_spans(location_id, one)), days[-1])

    def open_spans(self, location_id: str, day: date) -> tuple[Span, ...]:
        """When the chosen location (one of them for "") is open on a weekday, closures aside; `ASSUMED_HOURS` where
        nobody has said."""
        spans: list[Span] = []
        for place_id in self.place_ids(location_id):
            hours = self._hours(place_id)
            spans += ASSUMED_HOURS if hours is None else hours.get(day.weekday(), ())
        return joined(spans) if self.places else ASSUMED_HOURS

    def tutor_spans(self, tutor_id: str, location_id: str, day: date) -> tuple[Span, ...]:
        """When a tutor can teach there that day; the opening hours for one who has not told."""
        open_spans = self.open_spans(location_id, day)
        rules = self.tutor_rules.get(tutor_id)
        if rules is None or (not rules.weekly and not rules.time_off and not rules.exceptions):
            return open_spans
        spans: list[Span] = []
        for place_id in self.place_ids(location_id):
            spans += available_spans(rules, place_id, day, unknown_is_open=True)
        if rules.weekly and not self.knows_hours(location_id):
            return joined(spans)
        return tuple(
            (max(start, a), min(end, b))
            for start, end in joined(spans)
            for a, b in open_spans
            if max(start, a) < min(end, b)
        )


def joined(spans: list[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch or overlap made one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return tuple(result)


def family_of(code: str, service_format: ServiceFormat, level: Level | None) -> Family:
    """The family of a service: its format; test prep, assessment and free ones apart (design.md)."""
    if code == "ASSESSMENT":
        return Family.ASSESSMENT
    if code.endswith("_FREE"):
        return Family.FREE
    if service_format is ServiceFormat.GROUP:
        return Family.CLASS
    if service_format is ServiceFormat.WORKSHOP:
        return Family.WORKSHOP
    if service_format is ServiceFormat.CAMP:
        return Family.CAMP
    if level is Level.TEST_PREP:
        return Family.TEST_PREP
    return Family.SEMI_PRIVATE if service_format is ServiceFormat.SEMI_PRIVATE else Family.PRIVATE


def read_directory(session: Session, organization_id: str) -> Directory:
    """Read the directory; raises LookupError when the organization does not exist."""
    row = session.execute(
        select(Organization.time_zone, Organization.start_grid_minutes, Organization.default_buffer_minutes).where(
            Organization.organization_id == organization_id
        )
    ).one_or_none()
    if row is None:
        raise LookupError(f"no organization {organization_id}")
    places = session.execute(
        select(Location.id, Location.name)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    )
    rooms = session.execute(
        select(Room.id, Room.name, Room.location_id, Room.archived_at)
        .where(Room.organization_id == organization_id)
        .order_by(Room.position, Room.name)
    )
    tutors = session.execute(
        select(Tutor.id, User.first_name, User.last_name, Tutor.is_active, Tutor.archived_at)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(Tutor.organization_id == organization_id)
        .order_by(Tutor.priority, User.last_name, User.first_name)
    )
    services = session.execute(
        select(Service.id, Service.name, Service.code, Service.format, Service.level)
        .where(Service.organization_id == organization_id)
        .order_by(Service.position, Service.name)
    )
    titles: dict[str, Wording] = {}
    for kind in (Subject, Topic, Product):
        for thing_id, name in session.execute(
            select(kind.id, kind.name).where(kind.organization_id == organization_id)
        ):
            titles[thing_id] = lane_title_words(name)
    closures = session.execute(
        select(Closure.location_id, Closure.first_day, Closure.last_day, Closure.reason)
        .where(Closure.organization_id == organization_id, Closure.archived_at.is_(None))
        .order_by(Closure.first_day)
    )
    return Directory(
        organization_id=organization_id,
        time_zone=row[0],
        zone=zone_of(row[0]),
        grid_minutes=row[1],
        buffer_minutes=row[2],
        places=tuple(Place(place_id, name) for place_id, name in places),
        rooms={
            room_id: RoomName(room_id, name, location_id, archived_at is not None)
            for room_id, name, location_id, archived_at in rooms
        },
        tutors={
            tutor_id: TutorName(tutor_id, f"{first} {last}".strip(), is_active, archived_at is not None)
            for tutor_id, first, last, is_active, archived_at in tutors
        },
        services={
            service_id: (name, family_of(code, service_format, level))
            for service_id, name, code, service_format, level in services
        },
        titles=titles,
        closures=tuple(ClosedDays(*closure) for closure in closures),
        location_rules=location_rules(session, organization_id),
        tutor_rules=tutor_rules(session, organization_id),
    )
