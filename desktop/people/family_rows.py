"""What the families pages read from the store: the list in pages fetched as one scrolls, and all of one family in a
handful of queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Any, overload

from sqlalchemy import and_, column, func, literal_column, select, table
from sqlalchemy.orm import Session

from desktop.people.search_index import parents_title, people_index
from desktop.schedule.directory import family_of
from desktop.schedule.entry_words import title_words
from desktop.store.store import Store
from shared_models.access.models import User
from shared_models.catalog.models import Product, Service, Subject, Topic
from shared_models.leads.models import Lead
from shared_models.organization.models import Location, Organization, Room
from shared_models.people.models import Family, PrimaryContact, Student, StudentSubject, Tutor
from shared_models.people.search import PersonKind
from shared_models.privacy.erasure import is_erased
from shared_models.schedule.models import Attendance, Attendee, EntryRoom, EntryStatus, ScheduleEntry
from shared_models.schedule.times import zone_of
from shared_models.sync.clocks import ERASED_CLOCK

_PAGE = 100
_SEARCH_LIMIT = 500
_NOT_ERASED = literal_column("family.field_clocks").not_like(f'%"{ERASED_CLOCK}"%')
_FILED = table("person_search", column("kind"), column("person_id"), column("sort_key"))


class FamilySort(StrEnum):
    """By what the list can be sorted."""

    NAME = "name"
    CITY = "city"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class FamilyFilters:
    """What the list shows; empty strings filter nothing."""

    search: str = ""
    location_id: str = ""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """One line of the list."""

    id: str
    title: str
    children: tuple[tuple[str, str], ...]
    phone: str
    email: str
    city: str
    locations: str
    registered_on: date | None


@dataclass(frozen=True, slots=True)
class PeopleCenter:
    """Facts of the organization and what fields can be chosen from."""

    zone: tzinfo
    country: str
    locations: tuple[tuple[str, str], ...]
    wishes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class StudentFace:
    """A student as the family page shows it; the subjects in rank order."""

    student: Student
    location: str
    subjects: tuple[str, ...]
    wishes: tuple[tuple[str, str | None], ...]

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.student.first_name} {self.student.last_name}".strip()


@dataclass(frozen=True, slots=True)
class FamilyFace:
    """All of a family that the page shows, but sessions and timeline."""

    family: Family
    students: tuple[StudentFace, ...]

    @property
    def title(self) -> str:
        """ "Kim family", or both last names."""
        last1, last2 = self.family.parent1_last_name, self.family.parent2_last_name
        both = f"{last1} and {last2}" if self.family.parent2_first_name and last2 and last2 != last1 else last1
        return f"{both} family"

    @property
    def subtitle(self) -> str:
        """ "Priya and Nathan, Irvington Office"."""
        family = self.family
        parents = family.parent1_first_name
        if family.parent2_first_name:
            parents = f"{parents} and {family.parent2_first_name}"
        places = dict.fromkeys(face.location for face in self.students if face.student.archived_at is None)
        return ", ".join((parents, *places))

    @property
    def caller(self) -> tuple[str, str, str]:
        """First name, phone and e-mail of whoever is called first; the other parent's where one is missing."""
        family = self.family
        first = (family.parent1_first_name, family.parent1_phone, family.parent1_email)
        second = (family.parent2_first_name, family.parent2_phone, family.parent2_email)
        if family.primary_contact is PrimaryContact.PARENT_2 and second[0]:
            first, second = second, first
        return first[0], first[1] or second[1], first[2] or second[2]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session of one student of the family, in local time."""

    entry_id: str
    starts: datetime
    ends: datetime
    student: str
    title: str
    tutor: str
    place: str
    kind: str
    status: EntryStatus
    attendance: Attendance | None


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions asked for, how many there are in all, and the day of the last one."""

    rows: tuple[SessionRow, ...]
    total: int
    last_day: date | None


class FamilyRows(Sequence[FamilyRow]):
    """The list as a sequence that knows its ids and fetches the rows around the one that is asked for."""

    def __init__(self, store: Store, ids: Sequence[str]) -> None:
        self._store = store
        self.ids = ids
        self._pages: dict[int, list[FamilyRow | None]] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> FamilyRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FamilyRow]: ...
    def __getitem__(self, index: int | slice) -> FamilyRow | Sequence[FamilyRow]:
        if isinstance(index, slice):
            # A table looks for headings among its first rows; there are none here, so nothing is fetched for it.
            return FamilyRows(self._store, self.ids[index])
        number, at = divmod(index, _PAGE)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = self._fetch(self.ids[number * _PAGE : (number + 1) * _PAGE])
        row = page[at]
        if row is None:
            return FamilyRow(self.ids[index], "", (), "", "", "", "", None)
        return row

    def __iter__(self) -> Iterator[FamilyRow]:
        # Only what was fetched: nothing that walks the whole list may read it all.
        return (row for page in self._pages.values() for row in page if row is not None)

    def _fetch(self, ids: Sequence[str]) -> list[FamilyRow | None]:
        with self._store.read() as session:
            rows = load_rows(session, self._store.organization_id, ids)
        return [rows.get(family_id) for family_id in ids]


def load_ids(
    store: Store, filters: FamilyFilters, sort: FamilySort = FamilySort.NAME, *, descending: bool = False
) -> list[str]:
    """The ids of the families that pass the filters, in order."""
    organization_id = store.organization_id
    index = people_index(store)
    statement = (
        select(Family.id)
        .outerjoin(_FILED, and_(_FILED.c.kind == PersonKind.FAMILY.value, _FILED.c.person_id == Family.id))
        .where(
            Family.organization_id == organization_id,
            and_(Family.archived_at.is_not(None), _NOT_ERASED) if filters.archived else Family.archived_at.is_(None),
        )
    )
    if filters.search.strip():
        found = index.search(
            filters.search, (PersonKind.FAMILY,), wider=True, archived=filters.archived, limit=_SEARCH_LIMIT
        )
        statement = statement.where(Family.id.in_([one.id for one in found]))
    if filters.location_id:
        learns_there = select(Student.id).where(
            Student.organization_id == Family.organization_id,
            Student.family_id == Family.id,
            Student.location_id == filters.location_id,
            Student.archived_at.is_(None),
        )
        statement = statement.where(learns_there.exists())
    keys: dict[FamilySort, list[Any]] = {
        FamilySort.NAME: [_FILED.c.sort_key],
        FamilySort.CITY: [func.lower(Family.parent1_city), _FILED.c.sort_key],
        FamilySort.REGISTERED: [Family.registered_on.desc(), _FILED.c.sort_key],
    }
    order = keys[sort]
    if descending:
        turned = Family.registered_on.asc() if sort is FamilySort.REGISTERED else order[0].desc()
        order = [turned, *order[1:]]
    with store.read() as session:
        return list(session.scalars(statement.order_by(*order, Family.id)))


def load_rows(session: Session, organization_id: str, ids: Sequence[str]) -> dict[str, FamilyRow]:
    """Lines of the list by id: two queries for any number of families."""
    families = session.execute(
        select(
            Family.id, Family.parent1_first_name, Family.parent1_last_name, Family.parent2_first_name,
            Family.parent2_last_name, Family.parent1_phone, Family.parent2_phone, Family.parent1_email,
            Family.parent2_email, Family.parent1_city, Family.registered_on,
        ).where(Family.organization_id == organization_id, Family.id.in_(ids))
    ).all()  # fmt: skip
    children: dict[str, list[tuple[str, str]]] = {}
    places: dict[str, dict[str, None]] = {}
    for family_id, first, grade, place in session.execute(
        select(Student.family_id, Student.first_name, Student.grade, Location.name)
        .join(Location, and_(Location.organization_id == Student.organization_id, Location.id == Student.location_id))
        .where(Student.organization_id == organization_id, Student.family_id.in_(ids), Student.archived_at.is_(None))
        .order_by(Student.first_name)
    ):
        children.setdefault(family_id, []).append((first, grade))
        places.setdefault(family_id, {})[place] = None
    return {
        row.id: FamilyRow(
            id=row.id,
            title=parents_title(
                row.parent1_first_name, row.parent1_last_name, row.parent2_first_name, row.parent2_last_name
            ),
            children=tuple(children.get(row.id, ())),
            phone=row.parent1_phone or row.parent2_phone,
            email=row.parent1_email or row.parent2_email,
            city=row.parent1_city,
            locations=", ".join(name.removesuffix(" Office") for name in places.get(row.id, ())),
            registered_on=row.registered_on,
        )
        for row in families
    }


def count_families(store: Store) -> tuple[int, int, int]:
    """How many live families, their live students, and archived families there are."""
    organization_id = store.organization_id
    with store.read() as session:
        live, archived = session.execute(
            select(
                func.count().filter(Family.archived_at.is_(None)),
                func.count().filter(Family.archived_at.is_not(None), _NOT_ERASED),
            ).where(Family.organization_id == organization_id)
        ).one()
        students = session.scalar(
            select(func.count())
            .select_from(Student)
            .where(Student.organization_id == organization_id, Student.archived_at.is_(None))
        )
    return live, students or 0, archived


def load_center(session: Session, organization_id: str) -> PeopleCenter:
    """Zone, country, locations and subjects with their topics."""
    row = session.execute(
        select(Organization.time_zone, Organization.country).where(Organization.organization_id == organization_id)
    ).first()
    locations = session.execute(
        select(Location.id, Location.name)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    ).all()
    subjects = session.execute(
        select(Subject.id, Subject.name)
        .where(Subject.organization_id == organization_id, Subject.archived_at.is_(None))
        .order_by(Subject.position, Subject.name)
    ).all()
    topics = session.execute(
        select(Topic.id, Topic.subject_id, Topic.name)
        .where(Topic.organization_id == organization_id, Topic.archived_at.is_(None))
        .order_by(Topic.position, Topic.name)
    ).all()
    names = {subject.id: subject.name for subject in subjects}
    wishes = [(f"{subject.id}/", subject.name, "") for subject in subjects]
    wishes += [(f"{each.subject_id}/{each.id}", each.name, names.get(each.subject_id, "")) for each in topics]
    return PeopleCenter(
        zone=zone_of(row.time_zone if row else "UTC"),
        country=row.country if row else "US",
        locations=tuple((each.id, each.name) for each in locations),
        wishes=tuple(wishes),
    )


def load_family(session: Session, organization_id: str, family_id: str) -> FamilyFace | None:
    """A family with its students (archived ones last) and their ranked subjects; None when there is no such one, or
    not any more."""
    family = session.get(Family, (organization_id, family_id))
    if family is None or is_erased(family):
        return None
    students = session.execute(
        select(Student, Location.name)
        .outerjoin(
            Location, and_(Location.organization_id == Student.organization_id, Location.id == Student.location_id)
        )
        .where(Student.organization_id == organization_id, Student.family_id == family_id)
        .order_by(Student.archived_at.is_not(None), Student.date_of_birth.desc(), Student.first_name)
    ).all()
    wanted: dict[str, list[tuple[str, str, str | None]]] = {}
    for student_id, subject, topic, subject_id, topic_id in session.execute(
        select(
            StudentSubject.student_id, Subject.name, Topic.name, StudentSubject.subject_id, StudentSubject.topic_id
        )
        .join(
            Subject,
            and_(Subject.organization_id == StudentSubject.organization_id, Subject.id == StudentSubject.subject_id),
        )
        .outerjoin(
            Topic, and_(Topic.organization_id == StudentSubject.organization_id, Topic.id == StudentSubject.topic_id)
        )
        .join(
            Student,
            and_(Student.organization_id == StudentSubject.organization_id, Student.id == StudentSubject.student_id),
        )
        .where(
            StudentSubject.organization_id == organization_id,
            Student.family_id == family_id,
            StudentSubject.archived_at.is_(None),
        )
        .order_by(StudentSubject.rank)
    ):
        wanted.setdefault(student_id, []).append((title_words(topic or subject)[0], subject_id, topic_id))
    faces = [
        StudentFace(
            student,
            location or "",
            tuple(name for name, _, _ in wanted.get(student.id, ())),
            tuple((subject_id, topic_id) for _, subject_id, topic_id in wanted.get(student.id, ())),
        )
        for student, location in students
    ]
    return FamilyFace(family, tuple(faces))


def load_sessions(
    session: Session,
    organization_id: str,
    family_id: str,
    *,
    now: datetime,
    zone: tzinfo,
    past: bool = False,
    limit: int = 11,
) -> Sessions:
    """The coming sessions of a family's students, soonest first, or the past ones, latest first: one query."""
    entry = ScheduleEntry
    rooms = (
        select(func.group_concat(Room.name, ", "))
        .join(EntryRoom, and_(EntryRoom.organization_id == Room.organization_id, EntryRoom.room_id == Room.id))
        .where(EntryRoom.organization_id == entry.organization_id, EntryRoom.entry_id == entry.id)
        .where(EntryRoom.archived_at.is_(None))
        .scalar_subquery()
    )
    when = entry.ends_at <= now if past else entry.ends_at > now
    last = func.max(entry.starts_at).over() if not past else func.min(entry.starts_at).over()
    statement = (
        select(
            entry.id, entry.starts_at, entry.ends_at, entry.status, entry.is_online, Student.first_name,
            Attendee.attendance, Subject.name.label("subject"), Topic.name.label("topic"),
            Product.name.label("product"), Service.name.label("service"), Service.code, Service.format,
            Service.level, User.first_name.label("tutor_first"), User.last_name.label("tutor_last"),
            rooms.label("rooms"), func.count().over().label("total"), last.label("last"),
        )
        .select_from(Student)
        .join(Attendee, and_(Attendee.organization_id == Student.organization_id, Attendee.student_id == Student.id))
        .join(entry, and_(entry.organization_id == Attendee.organization_id, entry.id == Attendee.entry_id))
        .join(Service, and_(Service.organization_id == entry.organization_id, Service.id == entry.service_id))
        .outerjoin(Subject, and_(Subject.organization_id == entry.organization_id, Subject.id == entry.subject_id))
        .outerjoin(Topic, and_(Topic.organization_id == entry.organization_id, Topic.id == entry.topic_id))
        .outerjoin(Product, and_(Product.organization_id == entry.organization_id, Product.id == entry.product_id))
        .outerjoin(Tutor, and_(Tutor.organization_id == entry.organization_id, Tutor.id == entry.tutor_id))
        .outerjoin(User, and_(User.organization_id == Tutor.organization_id, User.id == Tutor.user_id))
        .where(
            Student.organization_id == organization_id,
            Student.family_id == family_id,
            Attendee.archived_at.is_(None),
            entry.archived_at.is_(None),
            when,
        )
        .order_by(entry.starts_at.desc() if past else entry.starts_at, Student.first_name)
        .limit(limit)
    )  # fmt: skip
    if not past:
        statement = statement.where(entry.status != EntryStatus.CANCELLED)
    rows = session.execute(statement).all()
    shown = tuple(
        SessionRow(
            entry_id=row.id,
            starts=row.starts_at.astimezone(zone),
            ends=row.ends_at.astimezone(zone),
            student=row.first_name,
            title=title_words(row.product or row.topic or row.subject or row.service)[0],
            tutor=f"{row.tutor_first or ''} {row.tutor_last or ''}".strip(),
            place="Online" if row.is_online else (row.rooms or ""),
            kind=family_of(row.code, row.format, row.level).value,
            status=row.status,
            attendance=row.attendance,
        )
        for row in rows
    )
    if not rows:
        return Sessions((), 0, None)
    last_at = rows[0].last
    if isinstance(last_at, str):
        last_at = datetime.fromisoformat(last_at)
    return Sessions(shown, rows[0].total, last_at.astimezone(zone).date())


def linked_lead_ids(session: Session, organization_id: str, family_id: str) -> list[str]:
    """The leads that became this family."""
    return list(
        session.scalars(select(Lead.id).where(Lead.organization_id == organization_id, Lead.family_id == family_id))
    )
