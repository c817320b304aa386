"""A crowded year for the schedule's benchmarks: 50,000 entries of 50 tutors in 40 rooms, as values and in an
encrypted store. The same seed makes the same year."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop.store.store import Store
from shared_models.access.models import User
from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Service, ServiceFormat, ServiceOffered, Subject
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Family, Student, Tutor, TutorLocation
from shared_models.schedule.conflicts import Booking
from shared_models.schedule.models import Attendee, EntryRoom, ScheduleEntry

ENTRIES, TUTORS, ROOMS, STUDENTS = 50_000, 50, 40, 3_000
FIRST_DAY = datetime(2026, 8, 1, tzinfo=UTC)
DAYS = 365
_QUARTER = timedelta(minutes=15)


def crowded_year(entries: int = ENTRIES, seed: int = 50) -> list[Booking]:
    """Bookings in no order, each with a tutor, a room and one to three students, at random times of random days."""
    chance = random.Random(seed)
    tutors, rooms, students = (
        [_id(kind, number) for number in range(count)]
        for kind, count in (("tutor", TUTORS), ("room", ROOMS), ("student", STUDENTS))
    )
    made = []
    for number in range(entries):
        starts = FIRST_DAY + timedelta(days=chance.randrange(DAYS)) + _QUARTER * chance.randrange(12 * 4, 27 * 4)
        at, length = int(starts.timestamp()), chance.choice((3600, 3600, 3600, 5400))
        attending = chance.sample(students, chance.choice((1, 1, 1, 1, 3)))
        made.append(
            Booking(
                _id("entry", number),
                at,
                at + length,
                at + length + 900,
                chance.choice(tutors),
                (chance.choice(rooms),),
                tuple(attending),
            )
        )
    return made


def store_with(bookings: list[Booking], folder: Path) -> Store:
    """An encrypted store that holds these bookings as schedule entries of one location."""
    store = Store(folder, use_keyring=False)
    store.set_local(organization_id=new_id())
    organization_id = store.organization_id
    location_id, service_id, subject_id, family_id = (
        _id(name, 0) for name in ("location", "service", "subject", "family")
    )
    with store.write() as session:
        own = {"organization_id": organization_id}
        session.add_all([
            Organization(**own, id=organization_id, business_name="Crowded", time_zone="America/New_York"),
            Location(**own, id=location_id, name="Main Street"),
            Service(**own, id=service_id, name="Private tutoring", format=ServiceFormat.PRIVATE),
            ServiceOffered(
                **own, id=_id("offer", 0), service_id=service_id, location_id=location_id, hourly_price_cents=8000
            ),
            Subject(**own, id=subject_id, name="Math"),
            Family(**own, id=family_id, parent1_first_name="Aisha", parent1_last_name="Haddad"),
        ])  # fmt: skip
        session.flush()  # Rows whose organization is not there yet are looked for again with every row.
        insert = store.recorder.insert_rows
        tutors = range(TUTORS)
        insert(session, User, [
            {**own, "id": _id("user", number), "first_name": f"Tutor {number}", "last_name": "Patel"}
            for number in tutors
        ])  # fmt: skip
        insert(
            session, Tutor, [{**own, "id": _id("tutor", number), "user_id": _id("user", number)} for number in tutors]
        )
        insert(session, TutorLocation, [
            {**own, "id": _id("at", number), "tutor_id": _id("tutor", number), "location_id": location_id}
            for number in tutors
        ])  # fmt: skip
        insert(session, Room, [
            {**own, "id": _id("room", number), "location_id": location_id, "name": f"Room {number}"}
            for number in range(ROOMS)
        ])  # fmt: skip
        insert(session, Student, [
            {
                **own, "id": _id("student", number), "family_id": family_id, "location_id": location_id,
                "first_name": f"Student {number}", "last_name": "Haddad",
            }
            for number in range(STUDENTS)
        ])  # fmt: skip
        insert(session, ScheduleEntry, [
            {
                **own, "id": one.entry_id, "location_id": location_id, "service_id": service_id,
                "subject_id": subject_id, "tutor_id": one.tutor_id, "starts_at": _instant(one.starts),
                "ends_at": _instant(one.ends), "blocked_until": _instant(one.blocked_until),
            }
            for one in bookings
        ])  # fmt: skip
        insert(session, EntryRoom, [
            {**own, "id": derived_id(one.entry_id, room_id), "entry_id": one.entry_id, "room_id": room_id}
            for one in bookings
            for room_id in one.room_ids
        ])  # fmt: skip
        insert(session, Attendee, [
            {**own, "id": derived_id(one.entry_id, student_id), "entry_id": one.entry_id, "student_id": student_id}
            for one in bookings
            for student_id in one.student_ids
        ])  # fmt: skip
    return store


def place_ids() -> dict[str, str]:
    """A location, a service, a tutor, a room and a student of the year, by these words."""
    return {kind: _id(kind, 0) for kind in ("location", "service", "tutor", "room", "student")}


def _id(kind: str, number: int) -> str:
    return derived_id("crowded year", kind, str(number))


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
