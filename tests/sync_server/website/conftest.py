"""A center for website tests, made of the same rows that the front desk edits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from shared_models.access.models import User
from shared_models.base import Base, derived_id, new_id
from shared_models.catalog.models import Level, Service, ServiceFormat, ServiceOffered, Subject, Topic
from shared_models.organization.models import Closure, Location, OpeningHours, Organization
from shared_models.people.models import Tutor, TutorSubject
from sync_server.database import Database
from sync_server.models import OrganizationRoute
from sync_server.website.cache import SiteCache
from sync_server.website.routes import add_website

WEDNESDAY_AFTERNOON = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
"""Wednesday, November 25, 2026, 3:40 PM in New York."""

HUDSON_TUTORS = (
    ("Jakub Johnson", ("ACT", "SAT", "Chemistry", "Reading (phonics, comprehension, fluency)")),
    ("Małgorzata Patel", ("Writing (grammar, sentence structure, essays)", "Arithmetic (add, subtract)", "ACT")),
    ("Daniel Müller", ("Writing (grammar, sentence structure, essays)", "Algebra I", "French", "SAT")),
    ("David Lee", ("ACT", "Arithmetic (add, subtract)", "French", "Geometry")),
    ("Grace Silva", ("Spanish", "Geometry", "Arithmetic (add, subtract)", "College Essays")),
    ("Beatriz Rodríguez", ("SAT", "Executive Functioning", "Chemistry")),
    ("Grace D’Angelo", ("Biology", "Algebra I", "SAT", "SHSAT")),
    ("Mei-Ling Park", ("Geometry", "Executive Functioning", "Pre-Calculus")),
)
HUDSON_SUBJECTS = {
    "Math": ("Arithmetic (add, subtract)", "Algebra I", "Geometry", "Pre-Calculus"),
    "Reading & Language Arts": (
        "Reading (phonics, comprehension, fluency)",
        "Writing (grammar, sentence structure, essays)",
    ),
    "Science": ("Biology", "Chemistry"),
    "Social Studies": ("World History",),
    "Test Prep": ("SAT", "ACT", "SHSAT"),
    "College & Career Prep": ("College Essays",),
    "Foreign Languages": ("Spanish", "French"),
    "Special Education & Academic Support": ("Executive Functioning",),
}
HUDSON_PRICES = {
    "private": (80, 90, 100, 120),
    "semi_private": (55, 60, 65, 75),
    "group": (30, 32, 35, 40),
}
CAPACITIES = {"private": 1, "semi_private": 3, "group": 8}


@dataclass(frozen=True)
class Office:
    """A location with hours such as ``{0: "14-21"}`` (weekday to hours, Monday 0)."""

    name: str = "Irvington Office"
    address: str = "50 S Buckhout St"
    city: str = "Irvington"
    hours: dict[int, str] = field(default_factory=lambda: dict.fromkeys(range(5), "14:00-21:00"))
    is_virtual: bool = False


HUDSON_OFFICES = (
    Office(hours={**dict.fromkeys(range(5), "14:00-21:00"), 5: "09:00-15:00"}),
    Office(
        "Tarrytown Office",
        "9 N Broadway",
        "Tarrytown",
        {**dict.fromkeys(range(4), "14:00-20:30"), 4: "14:00-19:00", 5: "09:00-14:00"},
    ),
)


@dataclass(frozen=True)
class Center:
    """What a test says of its center; the rest is the sample center's."""

    slug: str = "hudson"
    name: str = "Hudson Learning Center"
    headline: str = "One thing more than they came with."
    about: str = (
        "Two neighborhood offices, fourteen tutors, one promise: every child leaves knowing one thing more than "
        "they came with."
    )
    phone: str = "(914) 555-0100"
    email: str = "hello@hudson.example"
    offices: Sequence[Office] = HUDSON_OFFICES
    tutors: Sequence[tuple[str, Sequence[str]]] = HUDSON_TUTORS
    subjects: dict[str, Sequence[str]] = field(default_factory=lambda: dict(HUDSON_SUBJECTS))
    prices: dict[str, Sequence[int]] = field(default_factory=lambda: dict(HUDSON_PRICES))
    closures: Sequence[tuple[date, date, str]] = (
        (date(2026, 9, 7), date(2026, 9, 7), "Labor Day"),
        (date(2026, 11, 26), date(2026, 11, 27), "Thanksgiving"),
        (date(2026, 12, 24), date(2027, 1, 1), "Winter break"),
    )

    @property
    def organization_id(self) -> str:
        return derived_id("test center", self.slug)


def rows_of(center: Center) -> list[Base]:
    """The rows of a center, as the front desk would have made them; parents before children."""
    own = center.organization_id

    def id_of(*parts: str) -> str:
        return derived_id(own, *parts)

    rows: list[Base] = [
        Organization(
            organization_id=own,
            id=own,
            business_name=center.name,
            phone=center.phone,
            email=center.email,
            time_zone="America/New_York",
            website_slug=center.slug,
            headline=center.headline,
            about=center.about,
        )
    ]
    for place, office in enumerate(center.offices):
        rows.append(
            Location(
                organization_id=own,
                id=id_of("location", office.name),
                name=office.name,
                address=office.address,
                city=office.city,
                state="NY",
                postal_code="10533",
                is_virtual=office.is_virtual,
                position=place,
            )
        )
        for weekday, hours in office.hours.items():
            opens, closes = (time.fromisoformat(one) for one in hours.split("-"))
            rows.append(
                OpeningHours(
                    organization_id=own,
                    location_id=id_of("location", office.name),
                    weekday=weekday,
                    opens=opens,
                    closes=closes,
                )
            )
    rows += [
        Closure(organization_id=own, first_day=first, last_day=last, reason=reason)
        for first, last, reason in center.closures
    ]
    for place, (subject, topics) in enumerate(center.subjects.items()):
        rows.append(Subject(organization_id=own, id=id_of("subject", subject), name=subject, position=place))
        rows += [
            Topic(
                organization_id=own,
                id=id_of("topic", topic),
                subject_id=id_of("subject", subject),
                name=topic,
                position=number,
            )
            for number, topic in enumerate(topics)
        ]
    subject_of = {topic: subject for subject, topics in center.subjects.items() for topic in topics}
    for place, (name, topics) in enumerate(center.tutors):
        first_name, _, last_name = name.partition(" ")
        rows.append(User(organization_id=own, id=id_of("user", name), first_name=first_name, last_name=last_name))
        rows.append(
            Tutor(organization_id=own, id=id_of("tutor", name), user_id=id_of("user", name), priority=place + 1)
        )
        rows += [
            TutorSubject(
                organization_id=own,
                id=derived_id(own, "teaches", name, f"{number:02d}"),
                tutor_id=id_of("tutor", name),
                subject_id=id_of("subject", subject_of[topic]),
                topic_id=id_of("topic", topic),
            )
            for number, topic in enumerate(topics)
        ]
    for kind, prices in center.prices.items():
        for level, price in zip(Level, prices, strict=True):
            rows += _service(center, kind, ServiceFormat(kind), level, price, CAPACITIES[kind])
    rows += _service(center, "ASSESSMENT", ServiceFormat.PRIVATE, None, 75, 1)
    return rows


def _service(
    center: Center, code: str, kind: ServiceFormat, level: Level | None, price: int, capacity: int
) -> list[Base]:
    own = center.organization_id
    service_id = derived_id(own, "service", code, level or "")
    rows: list[Base] = [
        Service(
            organization_id=own,
            id=service_id,
            code=code,
            name=f"{code} {level or ''}".strip(),
            format=kind,
            level=level,
            default_capacity=capacity,
        )
    ]
    rows += [
        ServiceOffered(
            organization_id=own,
            service_id=service_id,
            location_id=derived_id(own, "location", office.name),
            hourly_price_cents=price * 100,
        )
        for office in center.offices
    ]
    return rows


MakeCenter = Callable[..., Center]


@pytest.fixture
def make_center(database: Database) -> MakeCenter:
    """Makes a tenant with a website; the slug defaults to one that no other test has."""

    def make(**wanted: object) -> Center:
        wanted.setdefault("slug", f"center-{new_id()[-12:]}")
        center = Center(**wanted)  # type: ignore[arg-type]
        with database.routing() as session:
            session.add(OrganizationRoute(slug=center.slug, organization_id=center.organization_id))
        with database.tenant(center.organization_id) as session:
            session.add_all(rows_of(center))
        return center

    return make


class Clock:
    """The moment of a test, moved by hand: instants for hours, seconds for freshness."""

    def __init__(self) -> None:
        self.moment = WEDNESDAY_AFTERNOON
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.moment

    def ticks(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Site:
    """The application behind a real socket, a client without a screen, and whom it woke to send mail."""

    app: FastAPI
    cache: SiteCache
    address: str
    client: httpx.Client
    woken: list[str]


@pytest.fixture
def site(database: Database, clock: Clock) -> Iterator[Site]:
    app = FastAPI()
    woken: list[str] = []
    cache = add_website(
        app,
        database,
        base_url="https://example.com",
        mail_sender="iTutorOS <no-reply@itutoros.example>",
        wake_mail=woken.append,
        now=clock.now,
        ticks=clock.ticks,
    )
    with served(app) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield Site(app, cache, address, client, woken)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve the application on a free port; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
