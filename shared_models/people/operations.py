"""Registering and changing families and students: what was typed is normalized, an odd value kept with a warning
(product §2). Operations take a session and are the same code on desktop and server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.base import derived_id, new_id
from shared_models.organization.models import Location
from shared_models.people.contact import (
    DEFAULT_COUNTRY,
    Normalized,
    normalize_email,
    normalize_phone,
    one_spaced,
    tidy_name,
)
from shared_models.people.models import Family, HealthAccess, LessonMode, Student, StudentSubject

HEALTH_FIELDS: tuple[str, ...] = (
    "hearing_ok",
    "vision_ok",
    "medical_conditions",
    "allergies",
    "has_iep",
    "behavior_notes",
)
"""Fields of a student that are shown on request only (product §9)."""

_NAMES = frozenset(f"{whose}{part}_name" for whose in ("", "parent1_", "parent2_") for part in ("first", "last"))
_PHONES = frozenset({"phone", "parent1_phone", "parent2_phone"})
_EMAILS = frozenset({"email", "parent1_email", "parent2_email"})
_LONG_TEXT = frozenset({"notes", "medical_conditions", "allergies", "behavior_notes"})


class PeopleError(ValueError):
    """What was entered cannot be kept; `problems` maps a field to a sentence for the person."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class SubjectWish:
    """A subject, or one topic of it, that a student needs help with."""

    subject_id: str
    topic_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewStudent:
    """A student to register. ``values`` are fields of `Student`; the first wish matters most."""

    location_id: str
    values: Mapping[str, object]
    wishes: Sequence[SubjectWish] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    """What was registered, and what is odd about it, by field ("student1.phone" for the first student's)."""

    family_id: str
    student_ids: tuple[str, ...] = ()
    warnings: Mapping[str, str] = field(default_factory=dict)


def normalize_fields(
    values: Mapping[str, object], country: str = DEFAULT_COUNTRY
) -> tuple[dict[str, object], dict[str, str]]:
    """Values of family or student fields in stored form, and a warning for each odd one that is kept as typed."""
    stored: dict[str, object] = {}
    warnings: dict[str, str] = {}
    for name, value in values.items():
        if not isinstance(value, str) or isinstance(value, LessonMode):
            stored[name] = value
            continue
        normalized = _normalize(name, value, country)
        stored[name] = normalized.value
        if normalized.warning:
            warnings[name] = normalized.warning
    return stored, warnings


def family_problems(values: Mapping[str, object]) -> dict[str, str]:
    """What is missing for a family: parent 1 needs a first and a last name (product §2)."""
    problems: dict[str, str] = {}
    if not str(values.get("parent1_first_name") or "").strip():
        problems["parent1_first_name"] = "Enter the parent’s first name."
    if not str(values.get("parent1_last_name") or "").strip():
        problems["parent1_last_name"] = "Enter the parent’s last name."
    return problems


def student_problems(values: Mapping[str, object], today: date) -> dict[str, str]:
    """What is wrong with a student's fields: a first name is needed, and a birth date lies in the past."""
    problems: dict[str, str] = {}
    if not str(values.get("first_name") or "").strip():
        problems["first_name"] = "Enter the student’s first name."
    if not values.get("location_id"):
        problems["location_id"] = "Choose the location where the student learns."
    born = values.get("date_of_birth")
    if isinstance(born, date) and born > today:
        problems["date_of_birth"] = "The date of birth lies in the future."
    return problems


def register_family(
    session: Session,
    organization_id: str,
    values: Mapping[str, object],
    students: Sequence[NewStudent] = (),
    *,
    today: date,
    country: str = DEFAULT_COUNTRY,
) -> Registered:
    """Add a family with its students; ``values`` are fields of `Family`.

    Raises PeopleError naming each field that is missing; nothing is added then.
    """
    problems = family_problems(values)
    for number, student in enumerate(students, 1):
        found = student_problems({**student.values, "location_id": student.location_id}, today)
        problems.update({f"student{number}.{name}": text for name, text in found.items()})
    if problems:
        raise PeopleError(problems)
    stored, warnings = normalize_fields(values, country)
    stored.setdefault("registered_on", today)
    family = Family(organization_id=organization_id, id=new_id(), **stored)
    session.add(family)
    added = []
    for number, student in enumerate(students, 1):
        student_id, odd = _add_student(session, organization_id, family.id, student, country)
        added.append(student_id)
        warnings.update({f"student{number}.{name}": text for name, text in odd.items()})
    return Registered(family.id, tuple(added), warnings)


def change_family(
    session: Session,
    organization_id: str,
    family_id: str,
    values: Mapping[str, object],
    *,
    country: str = DEFAULT_COUNTRY,
) -> dict[str, str]:
    """Change fields of a family; returns warnings by field. Raises PeopleError, or LookupError for no such family."""
    family = _family(session, organization_id, family_id)
    problems = family_problems(
        {name: values.get(name, getattr(family, name)) for name in ("parent1_first_name", "parent1_last_name")}
    )
    if problems:
        raise PeopleError(problems)
    stored, warnings = normalize_fields(values, country)
    _set(family, stored)
    return warnings


def add_student(
    session: Session,
    organization_id: str,
    family_id: str,
    student: NewStudent,
    *,
    today: date,
    country: str = DEFAULT_COUNTRY,
) -> Registered:
    """Add a student to a family. Raises PeopleError, or LookupError when there is no such family."""
    _family(session, organization_id, family_id)
    problems = student_problems({**student.values, "location_id": student.location_id}, today)
    if problems:
        raise PeopleError(problems)
    student_id, warnings = _add_student(session, organization_id, family_id, student, country)
    return Registered(family_id, (student_id,), warnings)


def change_student(
    session: Session,
    organization_id: str,
    student_id: str,
    values: Mapping[str, object],
    wishes: Sequence[SubjectWish] | None = None,
    *,
    now: datetime,
    today: date,
    country: str = DEFAULT_COUNTRY,
) -> dict[str, str]:
    """Change fields of a student and, when given, the ranked subjects; returns warnings by field.

    Raises PeopleError, or LookupError when there is no such student.
    """
    student = _student(session, organization_id, student_id)
    needed = ("first_name", "location_id", "date_of_birth")
    problems = student_problems({name: values.get(name, getattr(student, name)) for name in needed}, today)
    if problems:
        raise PeopleError(problems)
    stored, warnings = normalize_fields(values, country)
    _set(student, stored)
    if wishes is not None:
        _rank_subjects(session, organization_id, student_id, wishes, now)
    return warnings


def archive_family(session: Session, organization_id: str, family_id: str, *, now: datetime) -> None:
    """Hide a family and its students everywhere; `restore_family` brings back exactly these."""
    family = _family(session, organization_id, family_id)
    family.archived_at = now
    for student in _students(session, organization_id, family_id):
        if student.archived_at is None:
            student.archived_at = now


def restore_family(session: Session, organization_id: str, family_id: str) -> None:
    """Bring back an archived family with the students that were archived together with it."""
    family = _family(session, organization_id, family_id)
    archived_at = family.archived_at
    family.archived_at = None
    for student in _students(session, organization_id, family_id):
        if archived_at is not None and student.archived_at == archived_at:
            student.archived_at = None


def archive_student(session: Session, organization_id: str, student_id: str, *, now: datetime) -> None:
    """Hide one student everywhere."""
    _student(session, organization_id, student_id).archived_at = now


def restore_student(session: Session, organization_id: str, student_id: str) -> None:
    """Bring back an archived student."""
    _student(session, organization_id, student_id).archived_at = None


def record_health_access(
    session: Session, organization_id: str, student_id: str, user_id: str | None, *, now: datetime
) -> None:
    """Note that a user looks at a student's health fields, before they are shown (product §9). A PC on which nobody
    is signed in says nobody. Raises LookupError where there is no such student."""
    student = _student(session, organization_id, student_id)
    session.add(HealthAccess(organization_id=organization_id, student_id=student.id, user_id=user_id, looked_at=now))


def default_location_id(session: Session, organization_id: str) -> str | None:
    """The first location of the organization, proposed for a new student."""
    return session.scalars(
        select(Location.id)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
        .limit(1)
    ).first()


def _normalize(name: str, value: str, country: str) -> Normalized:
    if name in _PHONES:
        return normalize_phone(value, country)
    if name in _EMAILS:
        return normalize_email(value)
    if name in _NAMES:
        return Normalized(tidy_name(value))
    if name in _LONG_TEXT:
        return Normalized(value.strip())
    return Normalized(one_spaced(value))


def _add_student(
    session: Session, organization_id: str, family_id: str, student: NewStudent, country: str
) -> tuple[str, dict[str, str]]:
    stored, warnings = normalize_fields(student.values, country)
    stored.pop("location_id", None)
    row = Student(
        organization_id=organization_id, id=new_id(), family_id=family_id, location_id=student.location_id, **stored
    )
    session.add(row)
    for rank, wish in enumerate(student.wishes[:3], 1):
        session.add(_ranked(organization_id, row.id, rank, wish))
    return row.id, warnings


def _rank_subjects(
    session: Session, organization_id: str, student_id: str, wishes: Sequence[SubjectWish], now: datetime
) -> None:
    """Make the ranked subjects these: a rank is one row, so that two PCs that rank offline keep one list."""
    rows = session.scalars(
        select(StudentSubject).where(
            StudentSubject.organization_id == organization_id, StudentSubject.student_id == student_id
        )
    ).all()
    live = {row.rank: row for row in rows if row.archived_at is None}
    known = {row.id: row for row in rows}
    for rank in (1, 2, 3):
        wish = wishes[rank - 1] if rank <= len(wishes) else None
        row = live.get(rank)
        if wish is None:
            if row is not None:
                row.archived_at = now
            continue
        if row is None:
            row = known.get(_rank_id(student_id, rank))
            if row is None:
                session.add(_ranked(organization_id, student_id, rank, wish))
                continue
            row.archived_at = None
        row.subject_id, row.topic_id = wish.subject_id, wish.topic_id


def _ranked(organization_id: str, student_id: str, rank: int, wish: SubjectWish) -> StudentSubject:
    return StudentSubject(
        organization_id=organization_id,
        id=_rank_id(student_id, rank),
        student_id=student_id,
        rank=rank,
        subject_id=wish.subject_id,
        topic_id=wish.topic_id,
    )


def _rank_id(student_id: str, rank: int) -> str:
    return derived_id(student_id, "subject", str(rank))


def _set(row: Family | Student, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _family(session: Session, organization_id: str, family_id: str) -> Family:
    family = session.get(Family, (organization_id, family_id))
    if family is None:
        raise LookupError(f"no family {family_id}")
    return family


def _student(session: Session, organization_id: str, student_id: str) -> Student:
    student = session.get(Student, (organization_id, student_id))
    if student is None:
        raise LookupError(f"no student {student_id}")
    return student


def _students(session: Session, organization_id: str, family_id: str) -> Sequence[Student]:
    return session.scalars(
        select(Student).where(Student.organization_id == organization_id, Student.family_id == family_id)
    ).all()
