"""A small center in a real store: one office with three rooms, two tutors, three students, one service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from desktop.store.store import Store
from shared_models.access.models import User
from shared_models.base import TenantRow, derived_id, new_id
from shared_models.catalog.models import Service, ServiceFormat, ServiceOffered, Subject, Topic
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room
from shared_models.people.models import Family, Student, Tutor, TutorLocation, TutorSubject
from shared_models.registry import tenant_classes
from shared_models.schedule.drafts import EntryDraft
from shared_models.sync.hook import fields_of

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@dataclass(frozen=True)
class Center:
    store: Store

    @property
    def organization_id(self) -> str:
        return self.store.organization_id

    def id(self, name: str) -> str:
        """The id of what is called so: "Room A", "Patel", "Noah", "Private"."""
        return derived_id("small center", name)

    def draft(self, first_day: date, start: time, **fields: object) -> EntryDraft:
        """A private lesson of Noah with Patel in Room A, one hour long, unless said otherwise."""
        given: dict[str, object] = {
            "location_id": self.id("Irvington"),
            "service_id": self.id("Private"),
            "subject_id": self.id("Math"),
            "tutor_id": self.id("Patel"),
            "student_ids": (self.id("Noah"),),
            "room_ids": (self.id("Room A"),),
        }
        return EntryDraft(first_day=first_day, start=start, **{**given, **fields})  # type: ignore[arg-type]

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Every live row of the schedule with all its fields: what undo and redo must bring back."""
        found = {}
        with self.store.read() as session:
            for table in ("series", "schedule_entry", "attendee", "entry_room"):
                columns = ", ".join(fields_of(tenant_classes()[table]))
                statement = text(f"SELECT id, {columns} FROM {table} WHERE archived_at IS NULL ORDER BY id")
                found[table] = [tuple(row) for row in session.execute(statement)]
        return found


def small_center(folder: Path) -> Center:
    """A new center in ``folder``."""
    store = Store(folder, use_keyring=False)
    organization_id = new_id()
    store.set_local(organization_id=organization_id)
    with store.write() as session:
        session.add(
            Organization(
                organization_id=organization_id, id=organization_id,
                business_name="Hudson", time_zone="America/New_York",
            )
        )  # fmt: skip
    return furnished(store)


def furnished(store: Store) -> Center:
    """The store of an organization in New York with the place, people and offers of the small center."""
    center, organization_id = Center(store), store.organization_id

    def row(kind: type[TenantRow], called: str, **fields: object) -> TenantRow:
        return kind(organization_id=organization_id, id=center.id(called), **fields)

    office = center.id("Irvington")
    rows: list[TenantRow] = [
        row(Location, "Irvington", name="Irvington Office"),
        row(Location, "Tarrytown", name="Tarrytown Office", position=1),
        row(Service, "Private", name="Private Elementary School Tutoring", format=ServiceFormat.PRIVATE),
        row(Service, "Group", name="Group Class", format=ServiceFormat.GROUP, default_capacity=10, position=1),
        row(ServiceOffered, "offer", service_id=center.id("Private"), location_id=office, hourly_price_cents=8000),
        row(ServiceOffered, "group", service_id=center.id("Group"), location_id=office, hourly_price_cents=3050),
        row(Subject, "Math", name="Math"),
        row(Topic, "Algebra I", subject_id=center.id("Math"), name="Algebra I"),
        row(Subject, "Writing", name="Writing"),
        row(Family, "Haddad", parent1_first_name="Aisha", parent1_last_name="Haddad"),
        row(Closure, "Fall", first_day=date(2026, 11, 26), last_day=date(2026, 11, 27), reason="Thanksgiving"),
        row(
            Closure, "Winter", location_id=office,
            first_day=date(2026, 12, 24), last_day=date(2027, 1, 1), reason="Winter break",
        ),
    ]  # fmt: skip
    rows += [
        row(OpeningHours, f"hours {weekday}", location_id=office, weekday=weekday, opens=time(14), closes=time(21))
        for weekday in range(5)
    ]
    rows += [
        row(Room, name, location_id=office, name=name, position=position)
        for position, name in enumerate(("Room A", "Room B", "Room C"))
    ]
    for first, last, pay in (("Małgorzata", "Patel", 2800), ("Jakub", "Johnson", 3000)):
        rows += [
            row(User, f"user {last}", first_name=first, last_name=last),
            row(Tutor, last, user_id=center.id(f"user {last}"), hourly_pay_cents=pay),
            row(TutorLocation, f"at {last}", tutor_id=center.id(last), location_id=office),
            row(TutorSubject, f"math {last}", tutor_id=center.id(last), subject_id=center.id("Math")),
        ]
    rows += [
        row(Student, name, family_id=center.id("Haddad"), location_id=office, first_name=name, last_name="Haddad")
        for name in ("Noah", "Wei", "Priya")
    ]
    with store.write() as session:
        session.add_all(rows)
    return center


def local(instant: datetime) -> datetime:
    """An instant as the clock in New York shows it."""
    return instant.astimezone(NEW_YORK).replace(tzinfo=None)


def at(day: date, clock: time) -> datetime:
    """The UTC instant of a time in New York."""
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)
