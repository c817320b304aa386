"""Changing tutors: their sets of rows, what is refused, and that two PCs make the same rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import select

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.catalog.models import Subject, Topic
from shared_models.people.models import Tutor, TutorAvailability, TutorException, TutorLocation, TutorSubject
from shared_models.people.operations import PeopleError
from shared_models.people.tutors import (
    DateHours,
    DaysOff,
    TutorChange,
    WeeklyHours,
    archive_tutor,
    change_tutor,
    register_tutor,
    restore_tutor,
)

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
LATER = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
MONDAY = WeeklyHours(0, time(14, 30), time(20, 30))


@pytest.fixture
def subject(desk):
    subject = Subject(organization_id=desk.organization_id, name="Math")
    desk.session.add(subject)
    desk.session.flush()
    return subject


def register(desk, **parts):
    user = {"first_name": "Jakub", "last_name": "Johnson", "phone": "(917) 555-2278", "email": "J@Example.com"}
    return register_tutor(desk.session, desk.organization_id, TutorChange(user=user, **parts), now=NOW)


def change(desk, tutor_id, now=LATER, **parts):
    warnings = change_tutor(desk.session, desk.organization_id, tutor_id, TutorChange(**parts), now=now)
    desk.session.flush()
    return warnings


def live(desk, kind):
    return desk.session.scalars(select(kind).where(kind.archived_at.is_(None))).all()


def test_a_new_tutor_is_a_user_with_the_role_and_normalized_contact(desk):
    tutor_id = register(desk, profile={"hourly_pay_cents": 2800, "priority": 2})
    tutor = desk.session.get_one(Tutor, (desk.organization_id, tutor_id))
    user = desk.session.get_one(User, (desk.organization_id, tutor.user_id))
    assert (user.phone, user.email) == ("+19175552278", "j@example.com")
    assert (tutor.hourly_pay_cents, tutor.priority, tutor.is_active) == (2800, 2, True)
    assert [(row.user_id, row.role) for row in live(desk, UserRole)] == [(user.id, Role.TUTOR)]


def test_a_location_is_taught_at_and_seen(desk):
    tutor_id = register(desk, location_ids=[desk.location_id])
    assert [row.location_id for row in live(desk, TutorLocation)] == [desk.location_id]
    assert [row.location_id for row in live(desk, LocationAssignment)] == [desk.location_id]
    change(desk, tutor_id, location_ids=[])
    assert live(desk, TutorLocation) == []
    change(desk, tutor_id, location_ids=[desk.location_id])
    assert len(live(desk, TutorLocation)) == len(desk.session.scalars(select(TutorLocation)).all()) == 1


def test_subjects_are_added_and_archived_not_replaced(desk, subject):
    topics = [Topic(organization_id=desk.organization_id, subject_id=subject.id, name=n) for n in ("SAT", "ACT")]
    desk.session.add_all(topics)
    desk.session.flush()
    first, second = ((subject.id, topic.id) for topic in topics)
    tutor_id = register(desk, taught=[first])
    (kept,) = live(desk, TutorSubject)
    change(desk, tutor_id, taught=[first, second])
    assert kept in live(desk, TutorSubject) and len(live(desk, TutorSubject)) == 2
    change(desk, tutor_id, taught=[second])
    assert kept.archived_at == LATER


def test_weekly_hours_may_have_a_break_and_a_place_of_their_own(desk):
    morning = WeeklyHours(5, time(9), time(12), desk.location_id)
    tutor_id = register(desk, hours=[MONDAY, morning, WeeklyHours(5, time(13), time(15), desk.location_id)])
    assert len(live(desk, TutorAvailability)) == 3
    change(desk, tutor_id, hours=[morning])
    assert [(row.weekday, row.location_id) for row in live(desk, TutorAvailability)] == [(5, desk.location_id)]


def test_a_date_without_hours_is_a_date_without_lessons(desk):
    register(desk, exceptions=[DateHours(date(2026, 12, 3)), DateHours(date(2026, 12, 4), time(16), time(19))])
    assert sorted((row.on_date.day, row.is_available) for row in live(desk, TutorException)) == [
        (3, False),
        (4, True),
    ]


def test_parts_that_are_not_named_stay(desk):
    tutor_id = register(desk, hours=[MONDAY], profile={"bio": "Patient."})
    change(desk, tutor_id, profile={"priority": 3})
    assert len(live(desk, TutorAvailability)) == 1
    assert desk.session.get_one(Tutor, (desk.organization_id, tutor_id)).bio == "Patient."


def test_two_pcs_that_add_the_same_hours_make_the_same_row(desk):
    tutor_id = register(desk)
    desk.session.commit()
    made = []
    for _ in range(2):
        change(desk, tutor_id, hours=[MONDAY])
        made.append(live(desk, TutorAvailability)[0].id)
        desk.session.rollback()
    assert made[0] == made[1]


def test_an_odd_phone_is_kept_with_a_warning(desk):
    tutor_id = register(desk)
    warnings = change(desk, tutor_id, user={"first_name": "Jakub", "phone": "ask his wife"})
    assert "phone" in warnings
    assert desk.session.scalars(select(User).where(User.phone == "ask his wife")).one().first_name == "Jakub"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"user": {"first_name": " "}}, "first_name"),
        ({"profile": {"priority": 0}}, "priority"),
        ({"profile": {"hourly_pay_cents": -1}}, "hourly_pay_cents"),
        ({"hours": [WeeklyHours(0, time(15), time(15))]}, "hours"),
        ({"time_off": [DaysOff(date(2026, 12, 2), date(2026, 12, 1))]}, "time_off"),
        ({"exceptions": [DateHours(date(2026, 12, 2), time(16), time(15))]}, "exceptions"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_for_its_field(desk, parts, field):
    tutor_id = register(desk)
    with pytest.raises(PeopleError) as refused:
        change(desk, tutor_id, **parts)
    assert list(refused.value.problems) == [field]


def test_a_tutor_without_a_name_is_not_registered(desk):
    with pytest.raises(PeopleError):
        register_tutor(desk.session, desk.organization_id, TutorChange(), now=NOW)


def test_archiving_hides_and_restoring_brings_back(desk):
    tutor_id = register(desk)
    archive_tutor(desk.session, desk.organization_id, tutor_id, now=NOW)
    assert live(desk, Tutor) == []
    restore_tutor(desk.session, desk.organization_id, tutor_id)
    assert len(live(desk, Tutor)) == 1


def test_an_unknown_tutor_is_said(desk):
    with pytest.raises(LookupError):
        archive_tutor(desk.session, desk.organization_id, desk.user_id, now=NOW)
