"""A store with a small center in it: two offices in New York, rooms, tutors, students, a Wednesday of lessons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from desktop.store.store import Store
from shared_models.access.models import User
from shared_models.base import TenantRow, derived_id, new_id
from shared_models.catalog.models import Level, Service, ServiceFormat, ServiceOffered, Subject, Topic
from shared_models.leads.models import Lead, LeadSource
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room
from shared_models.people.models import Family, Student, Tutor, TutorLocation
from shared_models.schedule.models import Attendee, EntryRoom, ScheduleEntry

ZONE = ZoneInfo("America/New_York")
WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 15, 40, tzinfo=ZONE).astimezone(UTC)


class SmallStore:
    """Builds rows one at a time; ids are remembered by name."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder, use_keyring=False)
        self.organization_id = new_id()
        self.store.set_local(organization_id=self.organization_id)
        self.ids: dict[str, str] = {}
        organization = Organization(
            organization_id=self.organization_id, id=self.organization_id, business_name="Hudson Learning Center",
            phone="+19145550100", time_zone="America/New_York",
        )  # fmt: skip
        with self.store.write() as session:
            session.add(organization)
        self.me = self.add("me", User(first_name="Maya", last_name="Torres"))
        for position, (place, closes) in enumerate((("Irvington", time(21)), ("Tarrytown", time(20, 30)))):
            office = self.add(place, Location(name=f"{place} Office", position=position))
            for weekday in range(6):
                self.add("", OpeningHours(location_id=office, weekday=weekday, opens=time(14), closes=closes))
            for number, letter in enumerate("AB"):
                self.add(f"{place} {letter}", Room(location_id=office, name=f"Room {letter}", position=number))
        self.add("", Closure(location_id=None, first_day=date(2026, 11, 26), last_day=date(2026, 11, 27),
                             reason="Thanksgiving"))  # fmt: skip
        self.add("private", Service(code="PRIVATE_HIGH", name="Private High School Tutoring",
                                    format=ServiceFormat.PRIVATE, level=Level.HIGH))  # fmt: skip
        for place in ("Irvington", "Tarrytown"):
            self.add("", ServiceOffered(service_id=self.ids["private"], location_id=self.ids[place],
                                        hourly_price_cents=10000))  # fmt: skip
        self.add("Math", Subject(name="Math"))
        self.add("Algebra I", Topic(subject_id=self.ids["Math"], name="Algebra I"))
        self.add("Silva", Family(parent1_first_name="Ana", parent1_last_name="Silva"))

    def clock(self) -> datetime:
        """The moment of the pictures: a Wednesday, 3:40 in the afternoon."""
        return NOW

    def add(self, name: str, row: TenantRow) -> str:
        """Add a row of the organization; remembers its id by ``name``."""
        row.organization_id = self.organization_id
        row.id = row.id or new_id()
        with self.store.write() as session:
            session.add(row)
        if name:
            self.ids[name] = row.id
        return row.id

    def tutor(self, name: str) -> str:
        """A tutor who teaches at both offices."""
        if name not in self.ids:
            first, _, last = name.partition(" ")
            user = self.add("", User(first_name=first, last_name=last))
            self.add(name, Tutor(user_id=user))
            for place in ("Irvington", "Tarrytown"):
                self.add("", TutorLocation(tutor_id=self.ids[name], location_id=self.ids[place]))
        return self.ids[name]

    def student(self, name: str, born: date | None = None) -> str:
        """A student at Irvington."""
        if name not in self.ids:
            first, _, last = name.partition(" ")
            self.add(name, Student(family_id=self.ids["Silva"], location_id=self.ids["Irvington"], first_name=first,
                                   last_name=last, date_of_birth=born))  # fmt: skip
        return self.ids[name]

    def lesson(
        self, start: str, students: Sequence[str], tutor: str = "Jakub Johnson", room: str = "Irvington A",
        day: date = WEDNESDAY, minutes: int = 60,
    ) -> str:  # fmt: skip
        """A private lesson in Algebra I; ``start`` is "15:30" at the center."""
        begins = datetime.combine(day, time.fromisoformat(start), ZONE).astimezone(UTC)
        ends = begins + timedelta(minutes=minutes)
        entry_id = self.add("", ScheduleEntry(
            location_id=self.ids[room.split()[0]], service_id=self.ids["private"], subject_id=self.ids["Math"],
            topic_id=self.ids["Algebra I"], tutor_id=self.tutor(tutor), capacity=max(1, len(students)),
            starts_at=begins, ends_at=ends, blocked_until=ends + timedelta(minutes=15), hourly_price_cents=10000,
        ))  # fmt: skip
        for name in students:
            student_id = self.student(name)
            self.add("", Attendee(id=derived_id(entry_id, student_id), entry_id=entry_id, student_id=student_id))
        self.add("", EntryRoom(id=derived_id(entry_id, self.ids[room]), entry_id=entry_id, room_id=self.ids[room]))
        return entry_id

    def web_lead(self, first: str, last: str, minutes_ago: int) -> str:
        """A lead from the website that nobody has."""
        created = NOW - timedelta(minutes=minutes_ago)
        return self.add(f"{first} {last}", Lead(created_at=created, source=LeadSource.WEB, parent_first_name=first,
                                                parent_last_name=last, student_first_name="Théo", grade="8",
                                                topic_id=self.ids["Algebra I"]))  # fmt: skip
