"""Registering and changing families and students (product §2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Subject
from shared_models.people import operations
from shared_models.people.models import Family, Student, StudentSubject
from shared_models.people.operations import NewStudent, PeopleError, Registered, SubjectWish

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
TODAY = date(2026, 11, 25)
PRIYA = {"parent1_first_name": "priya", "parent1_last_name": "KIM", "parent1_phone": "917 555 6476"}


def registered(desk: Any, *students: NewStudent, **values: object) -> Registered:
    done = operations.register_family(desk.session, desk.organization_id, PRIYA | values, students, today=TODAY)
    desk.session.flush()
    return done


def student(desk: Any, **values: object) -> NewStudent:
    return NewStudent(desk.location_id, {"first_name": "Elena", "last_name": "Kim", **values})


def subjects(desk: Any, *names: str) -> list[SubjectWish]:
    rows = [Subject(organization_id=desk.organization_id, id=new_id(), name=name) for name in names]
    desk.session.add_all(rows)
    desk.session.flush()
    return [SubjectWish(row.id) for row in rows]


def ranked(desk: Any, student_id: str) -> list[tuple[int, str]]:
    rows = desk.session.execute(
        select(StudentSubject.rank, Subject.name)
        .join(Subject, Subject.id == StudentSubject.subject_id)
        .where(StudentSubject.student_id == student_id, StudentSubject.archived_at.is_(None))
        .order_by(StudentSubject.rank)
    )
    return [tuple(row) for row in rows]


def test_a_family_is_registered_with_names_and_numbers_in_order(desk: Any) -> None:
    family = desk.session.get(Family, (desk.organization_id, registered(desk).family_id))
    assert (family.parent1_first_name, family.parent1_last_name) == ("Priya", "Kim")
    assert (family.parent1_phone, family.registered_on) == ("+19175556476", TODAY)


def test_every_missing_field_is_named_and_nothing_is_kept(desk: Any) -> None:
    with pytest.raises(PeopleError) as refused:
        registered(desk, NewStudent("", {"first_name": " "}), parent1_last_name="")
    assert set(refused.value.problems) == {"parent1_last_name", "student1.first_name", "student1.location_id"}
    assert desk.session.scalars(select(Family)).all() == []


def test_odd_values_are_kept_with_a_warning(desk: Any) -> None:
    done = registered(desk, student(desk, phone="12"), parent1_email="priya at home")
    assert set(done.warnings) == {"parent1_email", "student1.phone"}
    family = desk.session.get(Family, (desk.organization_id, done.family_id))
    assert family.parent1_email == "priya at home"


def test_a_birth_date_in_the_future_is_refused(desk: Any) -> None:
    with pytest.raises(PeopleError) as refused:
        registered(desk, student(desk, date_of_birth=TODAY + timedelta(days=1)))
    assert set(refused.value.problems) == {"student1.date_of_birth"}


def test_subjects_keep_their_rank_through_changes(desk: Any) -> None:
    french, sat, algebra = subjects(desk, "French", "SAT", "Algebra I")
    done = registered(desk, NewStudent(desk.location_id, {"first_name": "Elena"}, (french, sat)))
    student_id = done.student_ids[0]
    assert ranked(desk, student_id) == [(1, "French"), (2, "SAT")]

    def rank(*wishes: SubjectWish) -> None:
        operations.change_student(desk.session, desk.organization_id, student_id, {}, wishes, now=NOW, today=TODAY)
        desk.session.flush()

    rank(algebra)
    assert ranked(desk, student_id) == [(1, "Algebra I")]
    rank(sat, french, algebra)
    assert ranked(desk, student_id) == [(1, "SAT"), (2, "French"), (3, "Algebra I")]
    assert len(desk.session.scalars(select(StudentSubject)).all()) == 3


def test_a_rank_is_the_same_row_on_every_pc(desk: Any) -> None:
    (french,) = subjects(desk, "French")
    done = registered(desk, NewStudent(desk.location_id, {"first_name": "Elena"}, (french,)))
    row = desk.session.scalars(select(StudentSubject)).one()
    assert row.id == derived_id(done.student_ids[0], "subject", "1")


def test_restoring_a_family_brings_back_only_who_went_with_it(desk: Any) -> None:
    done = registered(desk, student(desk), student(desk, first_name="José"))
    gone_before, goes_now = done.student_ids
    operations.archive_student(desk.session, desk.organization_id, gone_before, now=NOW - timedelta(days=30))
    operations.archive_family(desk.session, desk.organization_id, done.family_id, now=NOW)
    assert all(row.archived_at for row in desk.session.scalars(select(Student)))
    operations.restore_family(desk.session, desk.organization_id, done.family_id)
    rows = {row.id: row.archived_at for row in desk.session.scalars(select(Student))}
    assert rows[goes_now] is None
    assert rows[gone_before] is not None


def test_changing_a_family_cannot_take_the_parents_name(desk: Any) -> None:
    family_id = registered(desk).family_id
    with pytest.raises(PeopleError):
        operations.change_family(desk.session, desk.organization_id, family_id, {"parent1_first_name": ""})
    warnings = operations.change_family(
        desk.session, desk.organization_id, family_id, {"parent2_first_name": "Nathan", "parent2_phone": "x"}
    )
    assert set(warnings) == {"parent2_phone"}
