"""What the desk does with leads: enter, take, contact, move, change, convert, archive (product §5). Nothing here
moves a stage unless the caller's person asked for it; operations are the same code on desktop and server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from shared_models.base import new_id
from shared_models.leads.models import (
    ContactMethod,
    ContactOutcome,
    Lead,
    LeadContact,
    LeadSource,
    LeadStage,
    ReasonLost,
)
from shared_models.leads.stages import stage_after_contact, stage_after_conversion
from shared_models.people.contact import (
    DEFAULT_COUNTRY,
    normalize_email,
    normalize_phone,
    one_spaced,
    split_full_name,
    tidy_name,
)
from shared_models.people.operations import NewStudent, SubjectWish, add_student, register_family

EDITABLE_FIELDS: frozenset[str] = frozenset(
    {
        "source", "stage", "parent_first_name", "parent_last_name", "phone", "email", "student_first_name",
        "student_last_name", "grade", "subject_id", "topic_id", "wanted", "message", "notes", "temperature",
        "owner_user_id", "location_id", "call_back_on", "reason_lost", "family_id",
    }
)  # fmt: skip
"""Fields of a lead that the desk may change by hand; the last contact follows from the contact history."""

_NAMES = frozenset({"parent_first_name", "parent_last_name", "student_first_name", "student_last_name"})
_LONG_TEXT = frozenset({"message", "notes"})


class LeadError(ValueError):
    """What was asked cannot be done with this lead; `problems` maps a field to a sentence for the person."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class LeadEntry:
    """A new lead as it was typed: a parent's name in one field, or a phone, is enough."""

    parent_name: str = ""
    phone: str = ""
    email: str = ""
    student_name: str = ""
    grade: str = ""
    source: LeadSource = LeadSource.PHONE
    subject_id: str | None = None
    topic_id: str | None = None
    wanted: str = ""
    message: str = ""
    notes: str = ""
    call_back_on: date | None = None
    family_id: str | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """The family that a lead became, the students that were registered with it, and warnings by field."""

    family_id: str
    student_ids: tuple[str, ...]
    warnings: Mapping[str, str] = field(default_factory=dict)


def entry_problems(entry: LeadEntry) -> dict[str, str]:
    """What keeps a lead from being saved: it needs a name, a phone or an e-mail address."""
    if any(text.strip() for text in (entry.parent_name, entry.phone, entry.email, entry.student_name)):
        return {}
    return {"parent_name": "Enter a name or a phone number."}


def create_lead(
    session: Session,
    organization_id: str,
    entry: LeadEntry,
    *,
    now: datetime,
    lead_id: str | None = None,
    country: str = DEFAULT_COUNTRY,
) -> dict[str, str]:
    """Add a lead with stage New and nothing set beyond what was entered; returns warnings by field.

    Hand in ``lead_id`` to know the row, or to make it the same row however often it is sent.
    Raises LeadError when there is neither a name nor a phone nor an e-mail address.
    """
    problems = entry_problems(entry)
    if problems:
        raise LeadError(problems)
    parent_first, parent_last = split_full_name(entry.parent_name)
    student_first, student_last = split_full_name(entry.student_name)
    phone, email = normalize_phone(entry.phone, country), normalize_email(entry.email)
    session.add(
        Lead(
            organization_id=organization_id,
            id=lead_id or new_id(),
            created_at=now,
            stage=LeadStage.NEW,
            source=entry.source,
            parent_first_name=tidy_name(parent_first),
            parent_last_name=tidy_name(parent_last),
            phone=phone.value,
            email=email.value,
            student_first_name=tidy_name(student_first),
            student_last_name=tidy_name(student_last),
            grade=one_spaced(entry.grade),
            subject_id=entry.subject_id,
            topic_id=entry.topic_id,
            wanted=one_spaced(entry.wanted),
            message=entry.message.strip(),
            notes=entry.notes.strip(),
            call_back_on=entry.call_back_on,
            family_id=entry.family_id,
        )
    )
    odd = {"phone": phone.warning, "email": email.warning}
    return {name: warning for name, warning in odd.items() if warning}


def record_contact(
    session: Session,
    organization_id: str,
    lead_id: str,
    method: ContactMethod,
    outcome: ContactOutcome,
    *,
    now: datetime,
    user_id: str | None,
    note: str = "",
) -> LeadStage:
    """Note a contact, or a try, in one action: a row of the contact history, the last contact, and the stage that
    `stage_after_contact` proposes and the button named. Returns the stage the lead has then."""
    lead = get_lead(session, organization_id, lead_id)
    before = lead.stage
    after = stage_after_contact(before, outcome)
    session.add(
        LeadContact(
            organization_id=organization_id,
            id=new_id(),
            lead_id=lead_id,
            user_id=user_id,
            happened_at=now,
            method=method,
            outcome=outcome,
            stage_before=before,
            stage_after=after,
            note=note.strip(),
        )
    )
    lead.stage = after
    lead.last_contact_method = method
    lead.last_contact_at = now
    if lead.call_back_on is not None and outcome is ContactOutcome.ANSWERED:
        lead.call_back_on = None
    return after


def take_lead(session: Session, organization_id: str, lead_id: str, user_id: str) -> None:
    """Make a user the owner of a lead; the stage stays."""
    get_lead(session, organization_id, lead_id).owner_user_id = user_id


def move_lead(
    session: Session,
    organization_id: str,
    lead_id: str,
    stage: LeadStage,
    *,
    reason_lost: ReasonLost | None = None,
) -> None:
    """Put a lead into a stage by hand; the reason it was lost belongs to Cold and is dropped elsewhere."""
    lead = get_lead(session, organization_id, lead_id)
    lead.stage = stage
    wanted = (reason_lost or lead.reason_lost) if stage is LeadStage.COLD else None
    if lead.reason_lost != wanted:
        lead.reason_lost = wanted


def change_lead(
    session: Session,
    organization_id: str,
    lead_id: str,
    values: Mapping[str, object],
    *,
    country: str = DEFAULT_COUNTRY,
) -> dict[str, str]:
    """Change fields of a lead; returns warnings by field. Raises LeadError when no name, phone or e-mail is left."""
    lead = get_lead(session, organization_id, lead_id)
    unknown = set(values) - EDITABLE_FIELDS
    if unknown:
        raise KeyError(f"not fields to edit: {sorted(unknown)}")
    stored, warnings = _normalized(values, country)
    after = {name: stored.get(name, getattr(lead, name)) for name in (*_NAMES, "phone", "email")}
    if not any(after.values()):
        raise LeadError({"parent_first_name": "Keep a name or a phone number, so that you can reach them."})
    for name, value in stored.items():
        if getattr(lead, name) != value:
            setattr(lead, name, value)
    return warnings


def convert_lead(
    session: Session,
    organization_id: str,
    lead_id: str,
    *,
    location_id: str,
    today: date,
    family_values: Mapping[str, object] | None = None,
    students: Sequence[NewStudent] | None = None,
    family_id: str | None = None,
    country: str = DEFAULT_COUNTRY,
) -> Conversion:
    """Register a lead's family and student, or add the student to ``family_id``, and link them (product §5).

    Without ``family_values`` and ``students`` they are what the lead says. The lead is then Committed, as the
    button says, unless it was further along. Raises PeopleError naming each field that is missing.
    """
    lead = get_lead(session, organization_id, lead_id)
    pupils = proposed_students(lead, location_id) if students is None else list(students)
    if family_id is None:
        values = proposed_family(lead) if family_values is None else family_values
        registered = register_family(session, organization_id, values, pupils, today=today, country=country)
        family_id, student_ids, warnings = registered.family_id, registered.student_ids, registered.warnings
    else:
        added = [
            add_student(session, organization_id, family_id, pupil, today=today, country=country) for pupil in pupils
        ]
        student_ids = tuple(student_id for one in added for student_id in one.student_ids)
        warnings = {name: text for one in added for name, text in one.warnings.items()}
    lead.family_id = family_id
    lead.stage = stage_after_conversion(lead.stage)
    if lead.location_id is None:
        lead.location_id = location_id
    return Conversion(family_id, student_ids, warnings)


def proposed_family(lead: Lead) -> dict[str, object]:
    """The fields of the family that a lead says it is."""
    return {
        "parent1_first_name": lead.parent_first_name,
        "parent1_last_name": lead.parent_last_name or lead.student_last_name,
        "parent1_phone": lead.phone,
        "parent1_email": lead.email,
        "notes": lead.notes,
    }


def proposed_students(lead: Lead, location_id: str) -> list[NewStudent]:
    """The student a lead speaks of, with the parent's last name where none was given; none without a name."""
    if not lead.student_first_name:
        return []
    wishes = (SubjectWish(lead.subject_id, lead.topic_id),) if lead.subject_id else ()
    values = {
        "first_name": lead.student_first_name,
        "last_name": lead.student_last_name or lead.parent_last_name,
        "grade": lead.grade,
    }
    return [NewStudent(location_id, values, wishes)]


def archive_lead(session: Session, organization_id: str, lead_id: str, *, now: datetime) -> None:
    """Hide a lead everywhere; its history stays."""
    get_lead(session, organization_id, lead_id).archived_at = now


def restore_lead(session: Session, organization_id: str, lead_id: str) -> None:
    """Bring an archived lead back."""
    get_lead(session, organization_id, lead_id).archived_at = None


def get_lead(session: Session, organization_id: str, lead_id: str) -> Lead:
    """The lead of that id. Raises LookupError when there is none."""
    lead = session.get(Lead, (organization_id, lead_id))
    if lead is None:
        raise LookupError(f"no lead {lead_id}")
    return lead


def _normalized(values: Mapping[str, object], country: str) -> tuple[dict[str, object], dict[str, str]]:
    stored: dict[str, object] = {}
    warnings: dict[str, str] = {}
    for name, value in values.items():
        if name in ("phone", "email"):
            normalized = normalize_phone(str(value), country) if name == "phone" else normalize_email(str(value))
            stored[name] = normalized.value
            if normalized.warning:
                warnings[name] = normalized.warning
        elif name in _NAMES:
            stored[name] = tidy_name(str(value))
        elif name in _LONG_TEXT:
            stored[name] = str(value).strip()
        elif name in ("grade", "wanted"):
            stored[name] = one_spaced(str(value))
        else:
            stored[name] = value
    return stored, warnings
