"""What happened with a family, newest first: talks noted with its leads, sessions attended or missed, series begun,
who looked at health fields, and changes of its data as far as the rows themselves remember them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import groupby

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from desktop.leads.wording import SOURCE_WORDS, clock_words, contact_words, wanted_words
from desktop.people.family_rows import FamilyFace
from desktop.people.reach import EVERYTHING, Reach
from desktop.schedule.entry_words import title_words
from shared_models.access.models import User
from shared_models.catalog.models import Product, Service, Subject, Topic
from shared_models.leads.models import ContactMethod, Lead, LeadContact
from shared_models.people.models import HealthAccess, Student, Tutor
from shared_models.schedule.models import Attendance, Attendee, EntryStatus, ScheduleEntry, Series
from shared_models.sync.clocks import CREATED, edits_of, stamp_milliseconds

_LIMIT = 60
_SAME_EDIT = timedelta(minutes=10)
_ICONS = {ContactMethod.PHONE: "phone", ContactMethod.EMAIL: "mail", ContactMethod.DM: "message-square"}
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_FIELD_WORDS: Mapping[str, str] = {
    "first_name": "name", "last_name": "name", "phone": "phone", "email": "e-mail", "address": "address",
    "city": "address", "state": "address", "postal_code": "address", "county": "address", "notes": "note",
    "primary_contact": "first to call", "registered_on": "registration date", "location_id": "location",
    "date_of_birth": "date of birth", "school": "school", "grade": "grade", "lesson_mode": "lessons",
    "hearing_ok": "health", "vision_ok": "health", "medical_conditions": "health", "allergies": "health",
    "has_iep": "health", "behavior_notes": "health", "is_active": "active or not",
}  # fmt: skip


class MomentKind(StrEnum):
    """What the timeline can be narrowed to."""

    TALK = "talk"
    SESSION = "session"
    CHANGE = "change"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, at a local time; ``shows_time`` is false where only the day is known."""

    at: datetime
    kind: MomentKind
    icon: str
    title: str
    detail: str = ""
    shows_time: bool = True

    @property
    def clock(self) -> str:
        """The time of day, in words."""
        return clock_words(self.at) if self.shows_time else ""


def load_timeline(
    session: Session,
    organization_id: str,
    face: FamilyFace,
    *,
    now: datetime,
    zone: tzinfo,
    reach: Reach = EVERYTHING,
    student_reaches: Mapping[str, Reach] | None = None,
) -> list[Moment]:
    """What happened so far, newest first, as far as the person may see the fields that it was about."""
    family_id = face.family.id
    moments = [
        *_talks(session, organization_id, family_id, zone),
        *_attended(session, organization_id, family_id, now, zone),
        *_begun(session, organization_id, family_id, now, zone),
        *_changes(face, zone, reach, student_reaches or {}),
        *_looks(session, organization_id, family_id, zone),
    ]
    if face.family.registered_on is not None:
        at = datetime.combine(face.family.registered_on, time(), zone)
        moments.append(Moment(at, MomentKind.CHANGE, "users-round", "Registered as a family", shows_time=False))
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:_LIMIT]


def _talks(session: Session, organization_id: str, family_id: str, zone: tzinfo) -> Iterable[Moment]:
    contacts = session.execute(
        select(
            LeadContact.happened_at, LeadContact.method, LeadContact.outcome, LeadContact.note, User.first_name,
            User.last_name,
        )
        .join(Lead, and_(Lead.organization_id == LeadContact.organization_id, Lead.id == LeadContact.lead_id))
        .outerjoin(User, and_(User.organization_id == LeadContact.organization_id, User.id == LeadContact.user_id))
        .where(
            LeadContact.organization_id == organization_id,
            Lead.family_id == family_id,
            LeadContact.archived_at.is_(None),
        )
        .order_by(LeadContact.happened_at.desc())
        .limit(_LIMIT)
    )  # fmt: skip
    for at, method, outcome, note, first, last in contacts:
        by = f"{first or ''} {last or ''}".strip()
        detail = ", ".join(part for part in (by, f"“{note}”" if note else "") if part)
        yield Moment(at.astimezone(zone), MomentKind.TALK, _ICONS[method], contact_words(method, outcome), detail)
    leads = session.execute(
        select(
            Lead.created_at, Lead.source, Lead.message, Lead.notes, Lead.student_first_name,
            func.coalesce(Topic.name, func.nullif(Lead.wanted, ""), Subject.name, ""),
        )
        .outerjoin(Topic, and_(Topic.organization_id == Lead.organization_id, Topic.id == Lead.topic_id))
        .outerjoin(Subject, and_(Subject.organization_id == Lead.organization_id, Subject.id == Lead.subject_id))
        .where(Lead.organization_id == organization_id, Lead.family_id == family_id)
    )  # fmt: skip
    for at, source, message, notes, child, wanted in leads:
        said = message or notes
        detail = ", ".join(part for part in (wanted_words(wanted, child)[0], f"“{said}”" if said else "") if part)
        title = f"First asked, by {SOURCE_WORDS[source].lower()}"
        yield Moment(at.astimezone(zone), MomentKind.TALK, "user-round-plus", title, detail)


def _attended(
    session: Session, organization_id: str, family_id: str, now: datetime, zone: tzinfo
) -> Iterable[Moment]:
    entry = ScheduleEntry
    rows = session.execute(
        select(
            entry.starts_at, entry.ends_at, entry.status, entry.report_done, entry.report_is_shared,
            entry.cancel_reason, Attendee.attendance, Student.first_name,
            func.coalesce(Product.name, Topic.name, Subject.name, Service.name),
        )
        .select_from(Student)
        .join(Attendee, and_(Attendee.organization_id == Student.organization_id, Attendee.student_id == Student.id))
        .join(entry, and_(entry.organization_id == Attendee.organization_id, entry.id == Attendee.entry_id))
        .join(Service, and_(Service.organization_id == entry.organization_id, Service.id == entry.service_id))
        .outerjoin(Subject, and_(Subject.organization_id == entry.organization_id, Subject.id == entry.subject_id))
        .outerjoin(Topic, and_(Topic.organization_id == entry.organization_id, Topic.id == entry.topic_id))
        .outerjoin(Product, and_(Product.organization_id == entry.organization_id, Product.id == entry.product_id))
        .where(
            Student.organization_id == organization_id,
            Student.family_id == family_id,
            Attendee.archived_at.is_(None),
            entry.archived_at.is_(None),
            entry.starts_at <= now,
            (Attendee.attendance.is_not(None))
            | entry.status.in_((EntryStatus.CANCELLED, EntryStatus.NO_SHOW, EntryStatus.COMPLETED)),
        )
        .order_by(entry.starts_at.desc())
        .limit(_LIMIT)
    )  # fmt: skip
    for starts, ends, status, report, shared, reason, attendance, student, subject in rows:
        what = title_words(subject)[0]
        icon, title = _came(status, attendance, student, what)
        detail = reason if status is EntryStatus.CANCELLED else report
        if report and shared and status is not EntryStatus.CANCELLED:
            detail = f"{detail} Shared with parents."
        at = starts if status is EntryStatus.CANCELLED else ends
        yield Moment(at.astimezone(zone), MomentKind.SESSION, icon, title, detail)


def _came(status: EntryStatus, attendance: Attendance | None, student: str, what: str) -> tuple[str, str]:
    if status is EntryStatus.CANCELLED:
        return "calendar-x", f"{student}’s {what} was cancelled"
    if status is EntryStatus.NO_SHOW or attendance is Attendance.ABSENT:
        return "user-round-x", f"{student} missed {what}"
    if attendance is Attendance.EXCUSED:
        return "user-round-x", f"{student} missed {what}, excused"
    if attendance is Attendance.LATE:
        return "check", f"{student} came late to {what}"
    return "check", f"{student} came to {what}"


def _begun(session: Session, organization_id: str, family_id: str, now: datetime, zone: tzinfo) -> Iterable[Moment]:
    first_starts = func.min(ScheduleEntry.starts_at)
    rows = session.execute(
        select(
            Series.id, Series.weekdays, Series.last_day, first_starts, Student.first_name,
            func.coalesce(Product.name, Topic.name, Subject.name, Service.name), User.first_name, User.last_name,
        )
        .select_from(Student)
        .join(Attendee, and_(Attendee.organization_id == Student.organization_id, Attendee.student_id == Student.id))
        .join(
            ScheduleEntry,
            and_(
                ScheduleEntry.organization_id == Attendee.organization_id, ScheduleEntry.id == Attendee.entry_id
            ),
        )
        .join(
            Series,
            and_(Series.organization_id == ScheduleEntry.organization_id, Series.id == ScheduleEntry.series_id),
        )
        .join(Service, and_(Service.organization_id == Series.organization_id, Service.id == Series.service_id))
        .outerjoin(Subject, and_(Subject.organization_id == Series.organization_id, Subject.id == Series.subject_id))
        .outerjoin(Topic, and_(Topic.organization_id == Series.organization_id, Topic.id == Series.topic_id))
        .outerjoin(Product, and_(Product.organization_id == Series.organization_id, Product.id == Series.product_id))
        .outerjoin(Tutor, and_(Tutor.organization_id == Series.organization_id, Tutor.id == Series.tutor_id))
        .outerjoin(User, and_(User.organization_id == Tutor.organization_id, User.id == Tutor.user_id))
        .where(
            Student.organization_id == organization_id,
            Student.family_id == family_id,
            Attendee.archived_at.is_(None),
            ScheduleEntry.archived_at.is_(None),
        )
        .group_by(Series.id, Student.id)
        .having(first_starts <= now)
    )  # fmt: skip
    for _, weekdays, last_day, starts, student, subject, tutor_first, tutor_last in rows:
        at = (datetime.fromisoformat(starts) if isinstance(starts, str) else starts).astimezone(zone)
        days = ", ".join(_DAYS[day] for day in sorted(weekdays)) if weekdays else "Daily"
        tutor = f" with {tutor_first} {tutor_last}".rstrip() if tutor_first else ""
        until = f", until {last_day:%B} {last_day.day}, {last_day.year}" if last_day else ""
        yield Moment(
            at,
            MomentKind.SESSION,
            "calendar-plus",
            f"{student}’s {title_words(subject)[0]} begins",
            f"{days} {clock_words(at)}{tutor}{until}",
            shows_time=False,
        )


def _looks(session: Session, organization_id: str, family_id: str, zone: tzinfo) -> Iterable[Moment]:
    """Who looked at health fields; looks of one person within ten minutes of each other are one."""
    rows = session.execute(
        select(HealthAccess.looked_at, HealthAccess.user_id, User.first_name, User.last_name, Student.id,
               Student.first_name)
        .join(
            Student,
            and_(Student.organization_id == HealthAccess.organization_id, Student.id == HealthAccess.student_id),
        )
        .outerjoin(User, and_(User.organization_id == HealthAccess.organization_id, User.id == HealthAccess.user_id))
        .where(HealthAccess.organization_id == organization_id, Student.family_id == family_id)
        .order_by(HealthAccess.looked_at.desc())
        .limit(_LIMIT)
    )  # fmt: skip
    shown: dict[tuple[str | None, str], datetime] = {}
    for at, user_id, first, last, student_id, student in rows:
        later = shown.get((user_id, student_id))
        shown[user_id, student_id] = at
        if later is None or later - at > _SAME_EDIT:
            who = f"{first or ''} {last or ''}".strip() or "Someone"
            title = f"{who} looked at {student}’s health notes"
            yield Moment(at.astimezone(zone), MomentKind.LOOK, "eye", title)


def _changes(face: FamilyFace, zone: tzinfo, reach: Reach, student_reaches: Mapping[str, Reach]) -> Iterable[Moment]:
    family = face.family
    whose = {
        "parent1": f"{family.parent1_first_name} {family.parent1_last_name}",
        "parent2": f"{family.parent2_first_name} {family.parent2_last_name}".strip(),
    }
    edits: list[tuple[datetime, str, str]] = []
    for name, stamp in edits_of(family.field_clocks).items():
        if name == CREATED or not (name == "archived_at" or reach.shows(name)):
            continue
        parent, _, rest = name.partition("_")
        if parent in whose:
            edits.append((_moment(stamp, zone), whose[parent], _FIELD_WORDS.get(rest, rest)))
        else:
            edits.append((_moment(stamp, zone), "", _FIELD_WORDS.get(name, name)))
    for student in face.students:
        open_to_see = student_reaches.get(student.student.id, EVERYTHING)
        for name, stamp in student.student.field_clocks.items():
            if name != CREATED and name in _FIELD_WORDS and open_to_see.shows(name):
                edits.append((_moment(stamp, zone), student.name, _FIELD_WORDS[name]))
    archived = family.field_clocks.get("archived_at")
    for at, group in _together(edit for edit in edits if edit[2] != "archived_at"):
        for who, of_one in groupby(sorted(group, key=lambda edit: edit[1]), key=lambda edit: edit[1]):
            words = ", ".join(dict.fromkeys(field for _, _, field in of_one))
            owner = f" of {who}" if who else ""
            yield Moment(at, MomentKind.CHANGE, "pencil", f"Changed {words}{owner}")
    if archived is not None:
        title = "Archived the family" if family.archived_at is not None else "Restored the family"
        yield Moment(_moment(archived, zone), MomentKind.CHANGE, "archive", title)


def _together(
    edits: Iterable[tuple[datetime, str, str]],
) -> Iterable[tuple[datetime, list[tuple[datetime, str, str]]]]:
    """Edits within ten minutes of each other are one visit to the form."""
    group: list[tuple[datetime, str, str]] = []
    for edit in sorted(edits):
        if group and edit[0] - group[-1][0] > _SAME_EDIT:
            yield group[-1][0], group
            group = []
        group.append(edit)
    if group:
        yield group[-1][0], group


def _moment(stamp: str, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(stamp_milliseconds(stamp) / 1000, UTC).astimezone(zone)
