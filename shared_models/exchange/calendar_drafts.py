"""Finding what the words of a calendar mean: location, rooms, tutor, students, service, product; each session of a
calendar as a draft of a schedule entry."""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from sqlalchemy import select

from shared_models.access.models import User
from shared_models.base import derived_id
from shared_models.catalog.models import ProductType, Service, ServiceOffered, Subject
from shared_models.exchange.apply_people import subject_catalog
from shared_models.exchange.calendar_file import SessionsRow
from shared_models.exchange.lesson_kinds import LessonKind, lesson_kind
from shared_models.exchange.problems import Problem
from shared_models.exchange.report import Importing, Row
from shared_models.exchange.subjects import SubjectCatalog, SubjectFound, SubjectWords
from shared_models.exchange.values import quoted_list
from shared_models.organization.models import Closure, Organization, Room
from shared_models.people.contact import name_key
from shared_models.people.models import Student, StudentSubject, Tutor, TutorLocation
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.operations import Rates
from shared_models.schedule.recurrence import Closure as ClosedDays
from shared_models.schedule.recurrence import SeriesRule, closed_days


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    """The key of a name; a calendar says the same few names in thousands of events."""
    return name_key(name)


@dataclass(frozen=True, slots=True)
class _KnownStudent:
    id: str
    location_id: str
    grade: str


@dataclass(slots=True)
class Center:
    """Everything the words of a calendar are looked up in."""

    catalog: SubjectCatalog
    buffer_minutes: int
    tutors_by_email: dict[str, str] = field(default_factory=dict)
    tutors_by_name: dict[str, list[str]] = field(default_factory=dict)
    pay: dict[str, int] = field(default_factory=dict)
    pay_at: dict[tuple[str, str], int] = field(default_factory=dict)
    rooms: dict[tuple[str, str], str] = field(default_factory=dict)
    students: dict[str, list[_KnownStudent]] = field(default_factory=dict)
    subjects_of: dict[str, set[str]] = field(default_factory=dict)
    subject_names: dict[str, str] = field(default_factory=dict)
    services: dict[str, tuple[str, int]] = field(default_factory=dict)
    product_types: dict[str, ProductType] = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)
    prices: dict[tuple[str, str], int] = field(default_factory=dict)
    closures: list[tuple[str | None, ClosedDays]] = field(default_factory=list)
    found_subjects: dict[SubjectWords | None, SubjectFound | None] = field(default_factory=dict)

    def subject(self, words: SubjectWords | None) -> SubjectFound | None:
        """The subject meant; the same few are named in thousands of events."""
        if words not in self.found_subjects:
            self.found_subjects[words] = self.catalog.find(words)
        return self.found_subjects[words]

    def closures_at(self, location_id: str) -> tuple[ClosedDays, ...]:
        return tuple(closed for place, closed in self.closures if place in (None, location_id))


def draft_of(
    work: Importing,
    file: str,
    row: SessionsRow,
    location_id: str,
    center: Center,
    products: dict[str, Row],
) -> tuple[EntryDraft, LessonKind, Rates]:
    rule = _moved_rule(row.rule, work)
    subject = center.subject(row.subject)
    if row.subject is not None and subject is None:
        _problem(work, file, row, f"The subject “{row.subject}” is not in your catalog.")
    students = _students(work, file, row, location_id, subject, center)
    kind = lesson_kind(
        row.title,
        center.subject_names.get(subject.subject_id, "") if subject else "",
        [student.grade for student in students],
        len(row.student_names),
        center.offered.get(location_id, []),
    )
    if row.service_code in center.services:
        kind = _kind_of_service(kind, row, center.product_types.get(row.service_code))
    service_id, capacity = center.services[kind.service_code]
    tutor_id = _tutor(work, file, row, center)
    closures = center.closures_at(location_id)
    draft = EntryDraft(
        location_id=location_id,
        service_id=service_id,
        first_day=rule.first_day,
        start=rule.start,
        duration_minutes=rule.duration_minutes,
        subject_id=subject.subject_id if subject else None,
        topic_id=subject.topic_id if subject else None,
        product_id=_product(work, kind, service_id, subject, products),
        capacity=max(capacity, len(students)),
        tutor_id=tutor_id,
        student_ids=tuple(student.id for student in students),
        pattern=rule.pattern,
        weekdays=rule.weekdays,
        interval_weeks=rule.interval,
        last_day=rule.last_day,
        occurrence_count=rule.count,
        # The calendar says itself which days are left out; one that it kept on a closure is kept.
        skips_closures=closed_days(rule, closures) <= rule.skipped_days,
        skipped_days=rule.skipped_days,
        room_ids=_rooms(work, file, row, location_id, center),
        is_online=row.is_online,
    )
    pay = center.pay_at.get((tutor_id, location_id), center.pay.get(tutor_id, 0)) if tutor_id else 0
    return draft, kind, Rates(center.prices.get((location_id, service_id), 0), pay)


def _kind_of_service(guessed: LessonKind, row: SessionsRow, product_type: ProductType | None) -> LessonKind:
    """What our own export says it is; the title then is the name of the product."""
    if product_type is None:
        return LessonKind(row.service_code)
    name = guessed.product_name or ("" if row.student_names and " - " in row.title else row.title)
    return LessonKind(row.service_code, product_type if name else None, name)


def _moved_rule(rule: SeriesRule, work: Importing) -> SeriesRule:
    return replace(
        rule,
        first_day=rule.first_day + work.shift,
        last_day=work.moved(rule.last_day),
        skipped_days=frozenset(day + work.shift for day in rule.skipped_days),
    )


def counted_as(kind: LessonKind, draft: EntryDraft) -> tuple[str, str]:
    """Under which names a row and its sessions are counted: camps apart from tutoring."""
    if kind.product_type is ProductType.CAMP:
        return "camps", "camp_entries"
    return ("series" if draft.is_series else "entries"), "entries"


def location_of(work: Importing, file: str, row: SessionsRow) -> str | None:
    """The location named, or the only one there is; without any the line is left out."""
    if location_id := work.locations.get(_key(row.location)):
        return location_id
    if len(work.locations) == 1:
        return next(iter(work.locations.values()))
    if row.location:
        reason = f"“{row.title}” is at “{row.location}”, which is none of your locations; it was left out."
    else:
        reason = f"“{row.title}” does not say at which location it is; it was left out."
    work.problems.append(Problem(file, row.line, reason))
    return None


def _rooms(work: Importing, file: str, row: SessionsRow, location_id: str, center: Center) -> tuple[str, ...]:
    found = []
    for name in row.rooms:
        room_id = center.rooms.get((location_id, _key(name)))
        if room_id is None:
            _problem(work, file, row, f"There is no room “{name}” at {row.location}.")
        else:
            found.append(room_id)
    return tuple(dict.fromkeys(found))


def _tutor(work: Importing, file: str, row: SessionsRow, center: Center) -> str | None:
    """The tutor by e-mail, else by a name that only one tutor has."""
    if tutor_id := center.tutors_by_email.get(row.tutor_email):
        return tutor_id
    if not row.tutor_name:
        return None
    same = center.tutors_by_name.get(_key(row.tutor_name), [])
    if len(same) == 1:
        return same[0]
    why = "no tutor has that name" if not same else f"{len(same)} tutors have that name"
    _problem(work, file, row, f"The tutor “{row.tutor_name}” was left off: {why}.")
    return None


def _students(
    work: Importing,
    file: str,
    row: SessionsRow,
    location_id: str,
    subject: SubjectFound | None,
    center: Center,
) -> list[_KnownStudent]:
    """Students by name. Of several of one name the one at this location is meant, then the one with the subject."""
    found: list[_KnownStudent] = []
    missing: list[str] = []
    unclear: list[str] = []
    for name in row.student_names:
        same = center.students.get(_key(name), [])
        if len(same) > 1:
            same = [student for student in same if student.location_id == location_id] or same
        if len(same) > 1 and subject is not None:
            wished = [s for s in same if subject.subject_id in center.subjects_of.get(s.id, ())]
            same = wished or same
        if len(same) == 1:
            found.append(same[0])
        else:
            (unclear if same else missing).append(name)
    if missing:
        _problem(
            work, file, row, f"{quoted_list(missing)} {'are' if len(missing) > 1 else 'is'} no student of yours."
        )
    if unclear:
        _problem(work, file, row, f"Several students are called {quoted_list(unclear)}; add the right one by hand.")
    return list({student.id: student for student in found}.values())


def _product(
    work: Importing, kind: LessonKind, service_id: str, subject: SubjectFound | None, products: dict[str, Row]
) -> str | None:
    """The class, workshop or camp of a name; one that several series carry is one product."""
    if kind.product_type is None:
        return None
    product_id = derived_id(work.organization_id, "product", kind.product_type, _key(kind.product_name))
    products.setdefault(
        product_id,
        {
            **work.own(product_id),
            "type": kind.product_type,
            "name": kind.product_name,
            "service_id": service_id,
            "subject_id": subject.subject_id if subject else None,
            "topic_id": subject.topic_id if subject else None,
        },
    )
    return product_id


def _problem(work: Importing, file: str, row: SessionsRow, reason: str) -> None:
    work.problems.append(Problem(file, row.line, f"“{row.title}”: {reason}"))


def center_of(work: Importing) -> Center:
    """Everything in a few queries."""
    session, own = work.session, work.organization_id
    center = Center(
        subject_catalog(work),
        session.scalars(select(Organization.default_buffer_minutes).where(Organization.organization_id == own)).one(),
    )
    for tutor_id, pay, email, first, last in session.execute(
        select(Tutor.id, Tutor.hourly_pay_cents, User.email, User.first_name, User.last_name)
        .join(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(Tutor.organization_id == own, Tutor.archived_at.is_(None))
    ):
        center.pay[tutor_id] = pay
        if email:
            center.tutors_by_email[email.lower()] = tutor_id
        center.tutors_by_name.setdefault(_key(f"{first} {last}"), []).append(tutor_id)
    for tutor_id, location_id, pay_there in session.execute(
        select(TutorLocation.tutor_id, TutorLocation.location_id, TutorLocation.hourly_pay_cents).where(
            TutorLocation.organization_id == own, TutorLocation.hourly_pay_cents.is_not(None)
        )
    ):
        center.pay_at[tutor_id, location_id] = pay_there or 0
    for room_id, location_id, name in session.execute(
        select(Room.id, Room.location_id, Room.name).where(Room.organization_id == own, Room.archived_at.is_(None))
    ):
        center.rooms[location_id, _key(name)] = room_id
    for student_id, location_id, grade, first, last in session.execute(
        select(Student.id, Student.location_id, Student.grade, Student.first_name, Student.last_name).where(
            Student.organization_id == own, Student.archived_at.is_(None)
        )
    ):
        known = _KnownStudent(student_id, location_id, grade)
        center.students.setdefault(_key(f"{first} {last}"), []).append(known)
    for student_id, subject_id in session.execute(
        select(StudentSubject.student_id, StudentSubject.subject_id).where(
            StudentSubject.organization_id == own, StudentSubject.archived_at.is_(None)
        )
    ):
        center.subjects_of.setdefault(student_id, set()).add(subject_id)
    for subject_id, name in session.execute(select(Subject.id, Subject.name).where(Subject.organization_id == own)):
        center.subject_names[subject_id] = name
    for service_id, code, capacity, product_type in session.execute(
        select(Service.id, Service.code, Service.default_capacity, Service.product_type).where(
            Service.organization_id == own, Service.code != ""
        )
    ):
        center.services[code] = (service_id, capacity)
        if product_type is not None:
            center.product_types[code] = product_type
    for code, service_id, location_id, price in session.execute(
        select(Service.code, Service.id, ServiceOffered.location_id, ServiceOffered.hourly_price_cents)
        .join(
            ServiceOffered,
            (ServiceOffered.organization_id == Service.organization_id) & (ServiceOffered.service_id == Service.id),
        )
        .where(Service.organization_id == own, ServiceOffered.archived_at.is_(None))
        .order_by(Service.position)
    ):
        center.offered.setdefault(location_id, []).append(code)
        center.prices[location_id, service_id] = price
    center.closures = [
        (location_id, ClosedDays(first_day, last_day))
        for location_id, first_day, last_day in session.execute(
            select(Closure.location_id, Closure.first_day, Closure.last_day).where(
                Closure.organization_id == own, Closure.archived_at.is_(None)
            )
        )
    ]
    return center
