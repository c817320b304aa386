"""Writing tutors with what, where and when they teach, and families with their students."""

from collections.abc import Sequence

from sqlalchemy import select

from shared_models.access.models import LocationAssignment, Role, User, UserRole
from shared_models.base import derived_id
from shared_models.catalog.models import Subject, Topic
from shared_models.exchange.families import FamilyRow, ParentRow, StudentRow
from shared_models.exchange.problems import Problem
from shared_models.exchange.report import Importing, Row
from shared_models.exchange.subjects import SubjectCatalog, SubjectWords
from shared_models.exchange.tutors import TutorRow
from shared_models.people.contact import name_key
from shared_models.people.models import (
    Family,
    Student,
    StudentSubject,
    Tutor,
    TutorAvailability,
    TutorLocation,
    TutorSubject,
)


def subject_catalog(work: Importing) -> SubjectCatalog:
    """The organization's subjects and topics by name."""
    subjects = work.session.execute(
        select(Subject.id, Subject.name)
        .where(Subject.organization_id == work.organization_id, Subject.archived_at.is_(None))
        .order_by(Subject.position)
    )
    topics = work.session.execute(
        select(Topic.id, Topic.subject_id, Topic.name)
        .join(Subject, (Subject.organization_id == Topic.organization_id) & (Subject.id == Topic.subject_id))
        .where(Topic.organization_id == work.organization_id, Topic.archived_at.is_(None))
        .order_by(Subject.position, Topic.position)
    )
    return SubjectCatalog.of(subjects, topics)


def apply_tutors(work: Importing, tutors: Sequence[tuple[str, TutorRow]]) -> None:
    """Add each tutor as a user with the role, and their profile; a user of the same e-mail is that person."""
    catalog = subject_catalog(work)
    users_by_email = {
        email.lower(): user_id
        for user_id, email in work.session.execute(
            select(User.id, User.email).where(User.organization_id == work.organization_id, User.email != "")
        )
    }
    teachers: dict[str, bool] = {}
    for user_id, is_archived in work.session.execute(
        select(Tutor.user_id, Tutor.archived_at.is_not(None)).where(Tutor.organization_id == work.organization_id)
    ):
        teachers[user_id] = is_archived
    users: list[Row] = []
    roles: list[Row] = []
    profiles: list[Row] = []
    places: list[Row] = []
    assignments: list[Row] = []
    taught: list[Row] = []
    hours: list[Row] = []
    for file, tutor in tutors:
        derived = derived_id(work.organization_id, "user", tutor.natural_key)
        user_id = users_by_email.get(tutor.email, derived) if tutor.email else derived
        if user_id in teachers and not (teachers[user_id] and work.brings_back):
            (work.archived if teachers[user_id] else work.already_there)["tutors"] += 1
            continue
        tutor_id = derived_id(user_id, "tutor")
        users.append(
            {
                **work.own(user_id),
                "first_name": tutor.first_name,
                "last_name": tutor.last_name,
                "phone": tutor.phone,
                "email": tutor.email,
            }
        )
        roles.append({**work.own(derived_id(user_id, Role.TUTOR)), "user_id": user_id, "role": Role.TUTOR})
        profiles.append(
            {
                **work.own(tutor_id),
                "user_id": user_id,
                "bio": tutor.bio,
                "hourly_pay_cents": tutor.hourly_pay_cents,
                "priority": tutor.priority,
                "is_active": tutor.is_active,
            }
        )
        for name in tutor.locations:
            if location_id := work.location_id(name):
                places.append(
                    {
                        **work.own(derived_id(tutor_id, location_id)),
                        "tutor_id": tutor_id,
                        "location_id": location_id,
                    }
                )
                assignments.append(
                    {
                        **work.own(derived_id(user_id, location_id)),
                        "user_id": user_id,
                        "location_id": location_id,
                    }
                )
        taught += _taught(work, file, tutor, tutor_id, catalog)
        hours += _hours(work, file, tutor, tutor_id)
    work.add(User, users)
    work.add(UserRole, roles)
    work.add(Tutor, profiles, "tutors")
    work.add(TutorLocation, places)
    work.add(LocationAssignment, assignments)
    work.add(TutorSubject, taught)
    work.add(TutorAvailability, hours)


def apply_families(work: Importing, families: Sequence[tuple[str, FamilyRow]]) -> None:
    """Add each family that is not there, and each of its students that the family does not have."""
    catalog = subject_catalog(work)
    known_families = _known_families(work)
    known_students = {
        (family_id, name_key(f"{first} {last}")): is_archived
        for family_id, first, last, is_archived in work.session.execute(
            select(Student.family_id, Student.first_name, Student.last_name, Student.archived_at.is_not(None)).where(
                Student.organization_id == work.organization_id
            )
        )
    }
    rows: list[Row] = []
    students: list[Row] = []
    wishes: list[Row] = []
    for file, family in families:
        existing = next((known_families[key] for key in _identities(family.parent1) if key in known_families), None)
        family_id = existing or derived_id(work.organization_id, "family", family.natural_key)
        rows.append(_family_row(work, family_id, family))
        for student in family.students:
            key = name_key(f"{student.first_name} {student.last_name}")
            is_archived = known_students.get((family_id, key))
            if is_archived is not None and not (is_archived and work.brings_back):
                (work.archived if is_archived else work.already_there)["students"] += 1
                continue
            location_id = work.location_id(student.location)
            if location_id is None:
                reason = f"There is no location called “{student.location}”."
                work.problems.append(Problem(file, student.line, reason))
                continue
            student_id = derived_id(family_id, "student", key)
            students.append(_student_row(work, student_id, family_id, location_id, student))
            wishes += _wishes(work, file, student, student_id, catalog)
    work.add(Family, rows, "families")
    work.add(Student, students, "students")
    work.add(StudentSubject, wishes)


def _taught(work: Importing, file: str, tutor: TutorRow, tutor_id: str, catalog: SubjectCatalog) -> list[Row]:
    rows: dict[str, Row] = {}
    for words in tutor.subjects:
        found = catalog.find(words)
        if found is None:
            _warn_of_subject(work, file, tutor.line, words)
            continue
        row_id = derived_id(tutor_id, found.subject_id, found.topic_id or "")
        rows[row_id] = {
            **work.own(row_id),
            "tutor_id": tutor_id,
            "subject_id": found.subject_id,
            "topic_id": found.topic_id,
        }
    return list(rows.values())


def _hours(work: Importing, file: str, tutor: TutorRow, tutor_id: str) -> list[Row]:
    if not tutor.weekdays:
        return []
    if tutor.starts is None or tutor.ends is None:
        reason = "The days have no hours; enter the availability by hand."
        work.warnings.append(Problem(file, tutor.line, reason))
        return []
    return [
        {
            **work.own(derived_id(tutor_id, "hours", str(weekday), tutor.starts.isoformat())),
            "tutor_id": tutor_id,
            "location_id": None,
            "weekday": weekday,
            "starts": tutor.starts,
            "ends": tutor.ends,
        }
        for weekday in sorted(tutor.weekdays)
    ]


def _known_families(work: Importing) -> dict[tuple[str, str], str]:
    """Families in the store by parent's name together with e-mail, phone or address."""
    columns = (
        Family.id,
        Family.parent1_first_name,
        Family.parent1_last_name,
        Family.parent1_phone,
        Family.parent1_email,
        Family.parent1_address,
        Family.parent1_city,
        Family.parent1_postal_code,
    )
    known: dict[tuple[str, str], str] = {}
    for family_id, first, last, phone, email, address, city, postal_code in work.session.execute(
        select(*columns).where(Family.organization_id == work.organization_id)
    ):
        parent = ParentRow(first, last, phone, email, address, city, "", postal_code)
        for key in _identities(parent):
            known.setdefault(key, family_id)
    return known


def _identities(parent: ParentRow) -> list[tuple[str, str]]:
    name = name_key(f"{parent.first_name} {parent.last_name}")
    contacts = [parent.email.lower(), parent.phone]
    if parent.address:
        contacts.append(name_key(f"{parent.address} {parent.city} {parent.postal_code}"))
    return [(name, contact) for contact in contacts if contact]


def _family_row(work: Importing, family_id: str, family: FamilyRow) -> Row:
    row = {**work.own(family_id), "registered_on": work.moved(family.registered_on)}
    for prefix, parent in (("parent1", family.parent1), ("parent2", family.parent2)):
        for name in ParentRow.__dataclass_fields__:
            row[f"{prefix}_{name}"] = getattr(parent, name)
    return row


def _student_row(work: Importing, student_id: str, family_id: str, location_id: str, student: StudentRow) -> Row:
    return {
        **work.own(student_id),
        "family_id": family_id,
        "location_id": location_id,
        "first_name": student.first_name,
        "last_name": student.last_name,
        "phone": student.phone,
        "email": student.email,
        "date_of_birth": student.date_of_birth,
        "school": student.school,
        "grade": student.grade,
        "lesson_mode": student.lesson_mode,
        "hearing_ok": student.hearing_ok,
        "vision_ok": student.vision_ok,
        "medical_conditions": student.medical_conditions,
        "allergies": student.allergies,
        "has_iep": student.has_iep,
        "behavior_notes": student.behavior_notes,
        "notes": student.notes,
    }


def _wishes(work: Importing, file: str, student: StudentRow, student_id: str, catalog: SubjectCatalog) -> list[Row]:
    """The ranked subjects of a student; a subject the catalog does not have is reported."""
    rows: list[Row] = []
    for words in student.subjects:
        found = catalog.find(words)
        if found is None:
            _warn_of_subject(work, file, student.line, words)
            continue
        rank = len(rows) + 1
        rows.append(
            {
                **work.own(derived_id(student_id, "subject", str(rank))),
                "student_id": student_id,
                "rank": rank,
                "subject_id": found.subject_id,
                "topic_id": found.topic_id,
            }
        )
    return rows


def _warn_of_subject(work: Importing, file: str, line: int, words: SubjectWords) -> None:
    reason = f"The subject “{words}” is not in your catalog; it was left out."
    work.warnings.append(Problem(file, line, reason))
