"""Builds a small center in memory, one entry at a time, for the tests of printed pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from desktop.printing.center_values import Center, open_center
from desktop.printing.day_page import DaySchedule
from desktop.printing.day_values import day_schedule
from desktop.schedule.week import Filters
from shared_models.access.models import Role, User, UserRole
from shared_models.base import TenantRow, new_id
from shared_models.catalog.models import Product, ProductType, Service, ServiceFormat, Subject, Topic
from shared_models.organization.models import Closure, Location, OpeningHours, Organization, Room
from shared_models.people.models import Family, Student, Tutor, TutorLocation, TutorSubject
from shared_models.registry import metadata
from shared_models.schedule.models import Attendee, EntryRoom, EntryStatus, ScheduleEntry

Row = TypeVar("Row", bound=TenantRow)

ZONE = ZoneInfo("America/New_York")
WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 15, 40, tzinfo=ZONE)


class SmallCenter:
    """One organization in New York with an office open 2 to 9 PM from Monday to Friday."""

    def __init__(self, session: Session | None = None) -> None:
        if session is None:
            engine = create_engine("sqlite://")
            metadata.create_all(engine)
            session = Session(engine)
        self.session = session
        self.organization_id = new_id()
        self._add(
            Organization(
                id=self.organization_id,
                business_name="Hudson Learning Center",
                phone="+19145550100",
                time_zone="America/New_York",
            )
        )
        self.office = self.location("Irvington Office", "50 S Buckhout St", "Irvington", "NY", "10533")
        self.rooms = {name: self.room(name, self.office) for name in ("Room A", "Room B")}
        self.service = self._add(Service(code="PRIVATE_HIGH", name="Private lesson", format=ServiceFormat.PRIVATE))
        self.group_service = self._add(Service(code="GROUP_HIGH", name="Class", format=ServiceFormat.GROUP))
        self.subject = self._add(Subject(name="Math"))
        self.family = self._add(Family(parent1_first_name="Ana", parent1_last_name="Silva"))
        self._topics: dict[str, Topic] = {}
        self._students: dict[str, Student] = {}
        self.maya = self._add(User(first_name="Maya", last_name="Torres"))

    def location(self, name: str, address: str = "", city: str = "", state: str = "", code: str = "") -> Location:
        place = self._add(Location(name=name, address=address, city=city, state=state, postal_code=code))
        for weekday in range(5):
            self._add(OpeningHours(location_id=place.id, weekday=weekday, opens=time(14), closes=time(21)))
        return place

    def room(self, name: str, location: Location) -> Room:
        return self._add(Room(name=name, location_id=location.id, position=ord(name[-1])))

    def tutor(self, first_name: str, last_name: str, priority: int = 1) -> Tutor:
        """A tutor who teaches every topic of the subject at the office."""
        user = self._add(User(first_name=first_name, last_name=last_name))
        tutor = self._add(Tutor(user_id=user.id, priority=priority))
        self._add(TutorLocation(tutor_id=tutor.id, location_id=self.office.id))
        self._add(TutorSubject(tutor_id=tutor.id, subject_id=self.subject.id))
        return tutor

    def student(self, name: str) -> Student:
        if name not in self._students:
            first_name, _, last_name = name.partition(" ")
            self._students[name] = self._add(
                Student(
                    family_id=self.family.id,
                    location_id=self.office.id,
                    first_name=first_name,
                    last_name=last_name,
                )
            )
        return self._students[name]

    def entry(
        self,
        title: str,
        tutor: Tutor | None,
        students: Sequence[str],
        start: str,
        minutes: int = 60,
        *,
        room: Room | None = None,
        location: Location | None = None,
        day: date = WEDNESDAY,
        capacity: int = 1,
        is_group: bool = False,
        is_online: bool = False,
        status: EntryStatus = EntryStatus.SCHEDULED,
    ) -> ScheduleEntry:
        """An entry at a wall-clock start such as "16:15", with the buffer of 15 minutes."""
        starts = datetime.combine(day, time.fromisoformat(start), ZONE)
        ends = starts + timedelta(minutes=minutes)
        product = None
        if is_group:
            product = self._add(Product(type=ProductType.CLASS, name=title))
        elif title not in self._topics:
            self._topics[title] = self._add(Topic(subject_id=self.subject.id, name=title))
        entry = self._add(
            ScheduleEntry(
                location_id=(location or self.office).id,
                service_id=(self.group_service if is_group else self.service).id,
                subject_id=self.subject.id,
                topic_id=None if product else self._topics[title].id,
                product_id=product.id if product else None,
                tutor_id=tutor.id if tutor else None,
                capacity=capacity,
                starts_at=starts,
                ends_at=ends,
                blocked_until=ends + timedelta(minutes=15),
                is_online=is_online,
                status=status,
            )
        )
        for name in students:
            self._add(Attendee(entry_id=entry.id, student_id=self.student(name).id))
        if room is not None:
            self._add(EntryRoom(entry_id=entry.id, room_id=room.id))
        return entry

    def closure(self, first_day: date, last_day: date, reason: str) -> Closure:
        return self._add(Closure(first_day=first_day, last_day=last_day, reason=reason))

    def printed(self, day: date = WEDNESDAY) -> DaySchedule:
        """The values of the printed day at the office."""
        return day_schedule(self.open(), Filters(location_id=self.office.id), day)

    def with_owner(self) -> SmallCenter:
        """The same with Maya as its owner."""
        self._add(UserRole(user_id=self.maya.id, role=Role.OWNER))
        return self

    def open(self) -> Center:
        """The center as it is read for a print by its owner."""
        return open_center(self.session, self.organization_id, NOW, self.maya.id)

    def _add(self, row: Row) -> Row:
        row.organization_id = self.organization_id
        self.session.add(row)
        self.session.flush()
        return row
