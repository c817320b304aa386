"""Erasing people for good (product §2, §9; docs/sync-protocol.md [S-15]): which rows and texts tell of them, and the
blanking of these, with a stamp that wins over every edit, so that every PC forgets by ordinary pulls.

What remains is what the center's books need and nobody can be known by: that a lesson was given, when, by whom and at
what price. Only the server erases; a desk asks the same plan what would go, to say it beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Table, bindparam, func, or_, select
from sqlalchemy.orm import Session

from shared_models.access.models import Role, User, UserRole
from shared_models.base import SYNC_COLUMNS, TenantRow
from shared_models.leads.models import Lead, LeadContact
from shared_models.organization.files import StoredFile
from shared_models.people.models import Family, Student, StudentSubject, Tutor, TutorTimeOff
from shared_models.registry import tenant_classes
from shared_models.schedule.models import Attendee, ConflictAcceptance, ScheduleEntry, Series
from shared_models.sync.clocks import CONTEXT, CREATED, ERASED_CLOCK
from shared_models.sync.hook import SequenceAllocator

ERASED = "Erased"
"""What stands where a name is required."""

_KEPT: Mapping[str, frozenset[str]] = {
    "family": frozenset(),
    "student": frozenset({"family_id", "location_id"}),
    "student_subject": frozenset({"student_id", "rank", "subject_id"}),
    "lead": frozenset({"created_at", "source", "stage", "location_id", "reason_lost", "family_id"}),
    "lead_contact": frozenset(
        {"lead_id", "user_id", "happened_at", "method", "outcome", "stage_before", "stage_after"}
    ),
    "user": frozenset(),
    "tutor": frozenset({"user_id", "hourly_pay_cents", "priority"}),
    "tutor_time_off": frozenset({"tutor_id", "first_day", "last_day"}),
    "stored_file": frozenset({"purpose"}),
}
"""Fields that tell nothing of a person; every other field of these tables is blanked, those of later versions too."""
_REQUIRED: Mapping[str, Mapping[str, Any]] = {
    "family": {"parent1_first_name": ERASED, "parent1_last_name": "family"},
    "student": {"first_name": ERASED, "last_name": "student"},
    "lead": {"parent_first_name": ERASED, "parent_last_name": "lead"},
    "user": {"first_name": ERASED, "last_name": "user"},
    "tutor": {"is_active": False},
    "stored_file": {"sha256": "0" * 64, "size_bytes": 1},
}
_ENTRY_TEXTS = (
    "cancel_reason", "web_link", "supplies", "other_resources", "report_done", "report_homework",
    "report_next_steps", "notes", "imported_uid", "imported_as",
)  # fmt: skip
_SERIES_TEXTS = ("imported_uid", "imported_as")
_AT_ONCE = 500


class ErasedKind(StrEnum):
    """Who is erased."""

    FAMILY = "family"
    STUDENT = "student"
    LEAD = "lead"
    TUTOR = "tutor"


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What an erasure would forget. `rows` are blanked as a whole, `texts` are single fields of rows that stay, by
    table and id; `future_entry_ids` lie ahead and have no one else. `emails` are the addresses of who is erased,
    `file_hashes` files that show nobody else."""

    kind: ErasedKind
    row_id: str
    title: str
    rows: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]
    student_ids: tuple[str, ...] = ()
    entry_count: int = 0
    future_entry_ids: tuple[str, ...] = ()
    emails: frozenset[str] = frozenset()
    file_hashes: tuple[str, ...] = ()
    is_done: bool = False
    """It has been erased already."""

    @property
    def lead_count(self) -> int:
        return len(self.rows.get(Lead.__tablename__, ()))


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was forgotten, by table and id: whole rows, and single texts. For the audit history."""

    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


def plan_of_family(session: Session, organization_id: str, family_id: str, now: datetime) -> ErasurePlan:
    """What erasing a family with its students forgets: its leads, too, those of the same e-mail addresses, and the
    logins of its guardians. Raises LookupError when there is no such family."""
    family = session.get(Family, (organization_id, family_id))
    if family is None:
        raise LookupError(f"no family {family_id}")
    students = session.scalars(
        select(Student).where(Student.organization_id == organization_id, Student.family_id == family_id)
    ).all()
    emails = _addresses(family.parent1_email, family.parent2_email, *(student.email for student in students))
    asked = [Lead.family_id == family_id]
    if emails:
        asked.append(func.lower(func.trim(Lead.email)).in_(sorted(emails)))
    lead_ids = session.scalars(
        select(Lead.id).where(Lead.organization_id == organization_id, or_(*asked)).order_by(Lead.id)
    ).all()
    title = f"{family.parent1_first_name} {family.parent1_last_name}".strip()
    return _plan(
        session, organization_id, ErasedKind.FAMILY, family_id, title, now,
        family_ids=(family_id,), students=students, lead_ids=lead_ids, emails=emails,
        user_ids=_guardians(session, organization_id, emails), is_done=is_erased(family),
    )  # fmt: skip


def plan_of_student(session: Session, organization_id: str, student_id: str, now: datetime) -> ErasurePlan:
    """What erasing one student forgets; the family stays. Raises LookupError when there is no such student."""
    student = session.get(Student, (organization_id, student_id))
    if student is None:
        raise LookupError(f"no student {student_id}")
    lead_ids = session.scalars(
        select(Lead.id).where(
            Lead.organization_id == organization_id,
            Lead.family_id == student.family_id,
            func.lower(func.trim(Lead.student_first_name)) == student.first_name.strip().lower(),
        )
    ).all()
    title = f"{student.first_name} {student.last_name}".strip()
    return _plan(
        session, organization_id, ErasedKind.STUDENT, student_id, title, now,
        students=[student], lead_ids=lead_ids, emails=_addresses(student.email), is_done=is_erased(student),
    )  # fmt: skip


def plan_of_lead(session: Session, organization_id: str, lead_id: str, now: datetime) -> ErasurePlan:
    """What erasing one lead forgets. Raises LookupError when there is no such lead."""
    lead = session.get(Lead, (organization_id, lead_id))
    if lead is None:
        raise LookupError(f"no lead {lead_id}")
    title = f"{lead.parent_first_name} {lead.parent_last_name}".strip() or lead.student_first_name or "Lead"
    return _plan(
        session, organization_id, ErasedKind.LEAD, lead_id, title, now,
        lead_ids=[lead_id], emails=_addresses(lead.email), is_done=is_erased(lead),
    )  # fmt: skip


def plan_of_tutor(session: Session, organization_id: str, tutor_id: str, now: datetime) -> ErasurePlan:
    """What erasing a tutor forgets: profile, photo, reasons of days off, and name and address unless the user works
    here as something else, too. Sessions keep that someone taught. Raises LookupError when there is no such tutor."""
    tutor = session.get(Tutor, (organization_id, tutor_id))
    if tutor is None:
        raise LookupError(f"no tutor {tutor_id}")
    user = session.get_one(User, (organization_id, tutor.user_id))
    held = set(
        session.scalars(
            select(UserRole.role).where(
                UserRole.organization_id == organization_id,
                UserRole.user_id == user.id,
                UserRole.archived_at.is_(None),
            )
        )
    )
    is_only_tutor = held <= {Role.TUTOR, Role.GUARDIAN}
    files = _files_of(session, organization_id, tutor) if tutor.photo_hash else {}
    rows = {
        Tutor.__tablename__: (tutor_id,),
        TutorTimeOff.__tablename__: _ids(session, TutorTimeOff, TutorTimeOff.tutor_id, organization_id, [tutor_id]),
        User.__tablename__: (user.id,) if is_only_tutor else (),
        StoredFile.__tablename__: tuple(files),
    }
    return ErasurePlan(
        ErasedKind.TUTOR,
        tutor_id,
        f"{user.first_name} {user.last_name}".strip(),
        {name: ids for name, ids in rows.items() if ids},
        {},
        emails=_addresses(user.email) if is_only_tutor else frozenset(),
        file_hashes=tuple(sorted(set(files.values()))),
        is_done=is_erased(tutor),
    )


PLANS = {
    ErasedKind.FAMILY: plan_of_family,
    ErasedKind.STUDENT: plan_of_student,
    ErasedKind.LEAD: plan_of_lead,
    ErasedKind.TUTOR: plan_of_tutor,
}


def erase(
    session: Session, organization_id: str, plan: ErasurePlan, *, now: datetime, allocate: SequenceAllocator
) -> Erasure:
    """Forget what a plan names, in the session's transaction, which holds the organization's turn to write. Values in
    the audit history are the caller's to remove, by what is returned."""
    for entry_id in plan.future_entry_ids:
        entry = session.get_one(ScheduleEntry, (organization_id, entry_id))
        if entry.archived_at is None:
            entry.archived_at = now
    _take_out_ahead(session, organization_id, plan, now)
    for user_id in plan.rows.get(User.__tablename__, ()):
        for held in session.scalars(
            select(UserRole).where(UserRole.organization_id == organization_id, UserRole.user_id == user_id)
        ):
            held.archived_at = held.archived_at or now
    session.flush()
    for name, ids in plan.rows.items():
        _blank_rows(session, organization_id, _table(name), ids, now, allocate)
    for name, texts in plan.texts.items():
        _blank_texts(session, organization_id, _table(name), texts, allocate)
    session.expire_all()
    return Erasure(plan.rows, plan.texts)


def is_erased(row: TenantRow) -> bool:
    """Whether a row was erased for good."""
    return row.field_clocks.get(CREATED) == ERASED_CLOCK


def names_somebody(text: str, names: Iterable[str]) -> bool:
    """Whether a text has one of the names as words of its own, in any letters."""
    found = [re.escape(name.strip()) for name in names if len(name.strip()) > 1]
    return bool(found) and re.search(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)", text, re.IGNORECASE) is not None


def _plan(
    session: Session,
    organization_id: str,
    kind: ErasedKind,
    row_id: str,
    title: str,
    now: datetime,
    *,
    family_ids: Sequence[str] = (),
    students: Sequence[Student] = (),
    lead_ids: Sequence[str] = (),
    user_ids: Sequence[str] = (),
    emails: frozenset[str] = frozenset(),
    is_done: bool = False,
) -> ErasurePlan:
    student_ids = tuple(student.id for student in students)
    subjects = _ids(session, StudentSubject, StudentSubject.student_id, organization_id, student_ids)
    contacts = _ids(session, LeadContact, LeadContact.lead_id, organization_id, lead_ids)
    names = {student.first_name for student in students if not is_erased(student)}
    own, shared, ahead = _entries(session, organization_id, student_ids, names, now)
    rows = {
        Family.__tablename__: tuple(family_ids),
        Student.__tablename__: student_ids,
        StudentSubject.__tablename__: subjects,
        Lead.__tablename__: tuple(lead_ids),
        LeadContact.__tablename__: contacts,
        User.__tablename__: tuple(user_ids),
    }
    texts: dict[str, Mapping[str, tuple[str, ...]]] = {
        ScheduleEntry.__tablename__: {**shared, **dict.fromkeys(own, _ENTRY_TEXTS)},
        Series.__tablename__: dict.fromkeys(_own_series(session, organization_id, own), _SERIES_TEXTS),
        ConflictAcceptance.__tablename__: dict.fromkeys(_acceptances(session, organization_id, own), ("reason",)),
    }
    return ErasurePlan(
        kind,
        row_id,
        title,
        {name: ids for name, ids in rows.items() if ids},
        {name: found for name, found in texts.items() if found},
        student_ids,
        len(own),
        tuple(ahead),
        emails,
        is_done=is_done,
    )


def _entries(
    session: Session, organization_id: str, student_ids: Sequence[str], names: Iterable[str], now: datetime
) -> tuple[list[str], dict[str, tuple[str, ...]], list[str]]:
    """Sessions of these students alone; sessions with others, with the texts that name one of these students; and
    those of the first that lie ahead."""
    if not student_ids:
        return [], {}, []
    theirs = (
        select(Attendee.entry_id)
        .where(Attendee.organization_id == organization_id, Attendee.student_id.in_(student_ids))
        .distinct()
    )
    with_others = set(
        session.scalars(
            select(Attendee.entry_id)
            .where(
                Attendee.organization_id == organization_id,
                Attendee.entry_id.in_(theirs),
                Attendee.student_id.not_in(student_ids),
            )
            .distinct()
        )
    )
    columns = [getattr(ScheduleEntry, name) for name in _ENTRY_TEXTS]
    own: list[str] = []
    ahead: list[str] = []
    shared: dict[str, tuple[str, ...]] = {}
    names = list(names)
    for row in session.execute(
        select(ScheduleEntry.id, ScheduleEntry.starts_at, *columns)
        .where(ScheduleEntry.organization_id == organization_id, ScheduleEntry.id.in_(theirs))
        .order_by(ScheduleEntry.id)
    ):
        if row.id not in with_others:
            own.append(row.id)
            if row.starts_at > now:
                ahead.append(row.id)
            continue
        naming = tuple(name for name, text in zip(_ENTRY_TEXTS, row[2:], strict=True) if names_somebody(text, names))
        if naming:
            shared[row.id] = naming
    return own, shared, ahead


def _own_series(session: Session, organization_id: str, own_entry_ids: Sequence[str]) -> list[str]:
    """Series of which every session is one of these."""
    own = set(own_entry_ids)
    whose: dict[str, bool] = {}
    for series_id, entry_id in session.execute(
        select(ScheduleEntry.series_id, ScheduleEntry.id).where(
            ScheduleEntry.organization_id == organization_id,
            ScheduleEntry.series_id.in_(
                select(ScheduleEntry.series_id).where(
                    ScheduleEntry.organization_id == organization_id,
                    ScheduleEntry.series_id.is_not(None),
                    ScheduleEntry.id.in_(own_entry_ids),
                )
            ),
        )
    ):
        if series_id is None:
            continue
        whose[series_id] = whose.get(series_id, True) and entry_id in own
    return sorted(series_id for series_id, is_own in whose.items() if is_own)


def _acceptances(session: Session, organization_id: str, own_entry_ids: Sequence[str]) -> list[str]:
    if not own_entry_ids:
        return []
    return list(
        session.scalars(
            select(ConflictAcceptance.id).where(
                ConflictAcceptance.organization_id == organization_id,
                or_(
                    ConflictAcceptance.first_entry_id.in_(own_entry_ids),
                    ConflictAcceptance.second_entry_id.in_(own_entry_ids),
                ),
            )
        )
    )


def _take_out_ahead(session: Session, organization_id: str, plan: ErasurePlan, now: datetime) -> None:
    """Take the students out of sessions with others that lie ahead; past ones keep that someone was there."""
    for attendee in session.scalars(
        select(Attendee)
        .join(
            ScheduleEntry,
            (ScheduleEntry.organization_id == Attendee.organization_id) & (ScheduleEntry.id == Attendee.entry_id),
        )
        .where(
            Attendee.organization_id == organization_id,
            Attendee.student_id.in_(plan.student_ids),
            Attendee.archived_at.is_(None),
            ScheduleEntry.starts_at > now,
        )
    ):
        attendee.archived_at = now


def _guardians(session: Session, organization_id: str, emails: frozenset[str]) -> list[str]:
    """Users of these addresses who are guardians and nothing else."""
    if not emails:
        return []
    roles: dict[str, set[Role]] = {}
    for user_id, role in session.execute(
        select(User.id, UserRole.role)
        .join(UserRole, (UserRole.organization_id == User.organization_id) & (UserRole.user_id == User.id))
        .where(User.organization_id == organization_id, func.lower(func.trim(User.email)).in_(sorted(emails)))
    ):
        roles.setdefault(user_id, set()).add(role)
    return sorted(user_id for user_id, held in roles.items() if held == {Role.GUARDIAN})


def _files_of(session: Session, organization_id: str, tutor: Tutor) -> dict[str, str]:
    """The photo of a tutor by the ids of its rows, unless another tutor shows the same."""
    shown = session.scalar(
        select(Tutor.id).where(
            Tutor.organization_id == organization_id, Tutor.photo_hash == tutor.photo_hash, Tutor.id != tutor.id
        )
    )
    if shown is not None:
        return {}
    found = session.execute(
        select(StoredFile.id, StoredFile.sha256).where(
            StoredFile.organization_id == organization_id, StoredFile.sha256 == tutor.photo_hash
        )
    )
    return {row.id: row.sha256 for row in found}


def _ids(
    session: Session, kind: type[TenantRow], column: Any, organization_id: str, of: Sequence[str]
) -> tuple[str, ...]:
    if not of:
        return ()
    return tuple(session.scalars(select(kind.id).where(kind.organization_id == organization_id, column.in_(of))))


def _addresses(*emails: str) -> frozenset[str]:
    return frozenset(email.strip().lower() for email in emails if email.strip())


def _blank_rows(
    session: Session,
    organization_id: str,
    table: Table,
    ids: Sequence[str],
    now: datetime,
    allocate: SequenceAllocator,
) -> None:
    values: dict[str, Any] = {
        column.name: _REQUIRED.get(table.name, {}).get(column.name, _blank(column))
        for column in table.columns
        if column.name not in SYNC_COLUMNS and column.name not in _KEPT[table.name]
    }
    values |= {"archived_at": now, "field_clocks": {CREATED: ERASED_CLOCK}, "unsent_since": None}
    _write(session, organization_id, table, [(row_id, values) for row_id in ids], allocate)


def _blank_texts(
    session: Session,
    organization_id: str,
    table: Table,
    texts: Mapping[str, tuple[str, ...]],
    allocate: SequenceAllocator,
) -> None:
    stored: dict[str, dict[str, str]] = {}
    ids = sorted(texts)
    for start in range(0, len(ids), _AT_ONCE):
        for row_id, clocks in session.connection().execute(
            select(table.c.id, table.c.field_clocks).where(
                table.c.organization_id == organization_id, table.c.id.in_(ids[start : start + _AT_ONCE])
            )
        ):
            stored[row_id] = clocks
    rows = []
    for row_id, names in sorted(texts.items()):
        kept = {key: stamp for key, stamp in stored[row_id].items() if key.removesuffix(CONTEXT) not in names}
        clocks = {**kept, **dict.fromkeys(names, ERASED_CLOCK)}
        rows.append((row_id, {**{name: _blank(table.c[name]) for name in names}, "field_clocks": clocks}))
    _write(session, organization_id, table, rows, allocate)


def _write(
    session: Session,
    organization_id: str,
    table: Table,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    allocate: SequenceAllocator,
) -> None:
    """Write values as they are, past the hook: it would stamp them with the time of now."""
    if not rows:
        return
    number = allocate(session, organization_id, len(rows))
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for place, (row_id, values) in enumerate(rows):
        bound = {f"new_{name}": value for name, value in values.items()}
        alike.setdefault(tuple(values), []).append(
            {"the_organization": organization_id, "the_row": row_id, "new_server_seq": number + place, **bound}
        )
    for names, parameters in alike.items():
        statement = (
            table.update()
            .where(
                table.c.organization_id == bindparam("the_organization"),
                table.c.id == bindparam("the_row"),
            )
            .values({name: bindparam(f"new_{name}") for name in (*names, "server_seq")})
        )
        session.connection().execute(statement, parameters)


def _blank(column: Column[Any]) -> Any:
    """The value of a field of which nothing is known: none, its default, or an empty text."""
    if column.nullable:
        return None
    default = column.default
    if default is not None and default.is_scalar:
        return getattr(default, "arg", None)
    if default is not None and default.is_callable:
        return getattr(default, "arg")(None)  # noqa: B009 - only some kinds of default have it
    return ""


def _table(name: str) -> Table:
    table: Any = tenant_classes()[name].__table__
    assert isinstance(table, Table)
    return table
