"""Whom the desk may know already: finds, at each keystroke, the few leads and families that share a phone, an e-mail
or a name with what was typed, and what to say of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from desktop.people.search_index import Found, parents_title, people_index
from desktop.store.store import Store
from shared_models.catalog.models import Subject, Topic
from shared_models.leads.duplicates import KnownPerson, PossibleDuplicate, TypedPerson, rank_duplicates
from shared_models.leads.models import Lead, LeadStage
from shared_models.organization.models import Location
from shared_models.people.contact import name_key
from shared_models.people.models import Family, Student
from shared_models.people.search import PersonKind, phone_digits

_KINDS = (PersonKind.LEAD, PersonKind.FAMILY)
_CANDIDATES = 40
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class KnownLead:
    """What the panel says of a lead."""

    id: str
    name: str
    phone: str
    stage: LeadStage
    child: str
    wanted: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KnownFamily:
    """What the panel says of a family; each child as name, grade and location."""

    id: str
    name: str
    phone: str
    city: str
    registered_on: date | None
    children: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """A possible duplicate and what to say of it."""

    match: PossibleDuplicate
    known: KnownLead | KnownFamily


def possible_duplicates(store: Store, typed: TypedPerson, limit: int = 3) -> list[Acquaintance]:
    """The likeliest leads and families for what was typed so far, best first."""
    found = _candidates(store, typed)
    if not found:
        return []
    lead_ids = [one.id for one in found if one.kind is PersonKind.LEAD]
    family_ids = [one.id for one in found if one.kind is PersonKind.FAMILY]
    organization_id = store.organization_id
    with store.read() as session:
        leads, lead_faces = _leads(session, organization_id, lead_ids)
        families, family_faces = _families(session, organization_id, family_ids)
        best = rank_duplicates(typed, [*leads, *families], limit=limit)
        shown = [match.person.id for match in best if match.person.kind is PersonKind.FAMILY]
        children = _children(session, organization_id, shown)
    acquainted = []
    for match in best:
        if match.person.kind is PersonKind.LEAD:
            acquainted.append(Acquaintance(match, lead_faces[match.person.id]))
        else:
            face = family_faces[match.person.id]
            whole = KnownFamily(
                face.id, face.name, face.phone, face.city, face.registered_on, children.get(face.id, ())
            )
            acquainted.append(Acquaintance(match, whole))
    return acquainted


def _candidates(store: Store, typed: TypedPerson) -> list[Found]:
    index = people_index(store)
    found: dict[Found, None] = {}

    def add(words: str) -> None:
        found.update(dict.fromkeys(index.search(words, _KINDS, limit=_CANDIDATES)))

    digits = phone_digits(typed.phone)
    if len(digits) >= 6:
        add(digits)
    if "@" in typed.email:
        add(typed.email)
    words = name_key(typed.name).split()
    if words and len("".join(words)) >= _SHORTEST:
        add(" ".join(words))
        if len(words) > 1:
            # A slip in one of the names still leaves its beginning and the other name.
            add(f"{words[0]} {words[-1][:2]}")
            add(f"{words[0][:2]} {words[-1]}")
            add(f"{words[0][:2]} {words[-1][:3]}")
    return list(found)


def _leads(
    session: Session, organization_id: str, ids: Sequence[str]
) -> tuple[list[KnownPerson], dict[str, KnownLead]]:
    people: list[KnownPerson] = []
    faces: dict[str, KnownLead] = {}
    if not ids:
        return people, faces
    rows = session.execute(
        select(
            Lead.id, Lead.parent_first_name, Lead.parent_last_name, Lead.student_first_name, Lead.student_last_name,
            Lead.phone, Lead.email, Lead.stage, Lead.created_at,
            func.coalesce(Topic.name, Subject.name, Lead.wanted).label("wanted"),
        )
        .outerjoin(Subject, and_(Subject.organization_id == Lead.organization_id, Subject.id == Lead.subject_id))
        .outerjoin(Topic, and_(Topic.organization_id == Lead.organization_id, Topic.id == Lead.topic_id))
        .where(Lead.organization_id == organization_id, Lead.id.in_(ids))
    )  # fmt: skip
    for row in rows:
        name = f"{row.parent_first_name} {row.parent_last_name}".strip()
        child = f"{row.student_first_name} {row.student_last_name}".strip()
        people.append(
            KnownPerson(PersonKind.LEAD, row.id, (name or child,), (row.phone,), (row.email,), row.created_at)
        )
        faces[row.id] = KnownLead(
            id=row.id,
            name=name or child or row.email,
            phone=row.phone,
            stage=row.stage,
            child=row.student_first_name,
            wanted=row.wanted,
            created_at=row.created_at,
        )
    return people, faces


def _families(
    session: Session, organization_id: str, ids: Sequence[str]
) -> tuple[list[KnownPerson], dict[str, KnownFamily]]:
    people: list[KnownPerson] = []
    faces: dict[str, KnownFamily] = {}
    if not ids:
        return people, faces
    rows = session.execute(
        select(
            Family.id, Family.parent1_first_name, Family.parent1_last_name,
            Family.parent1_phone, Family.parent1_email,
            Family.parent2_first_name, Family.parent2_last_name, Family.parent2_phone, Family.parent2_email,
            Family.parent1_city, Family.registered_on,
        ).where(Family.organization_id == organization_id, Family.id.in_(ids))
    )  # fmt: skip
    for row in rows:
        names = [f"{row.parent1_first_name} {row.parent1_last_name}"]
        if row.parent2_first_name:
            names.append(f"{row.parent2_first_name} {row.parent2_last_name or row.parent1_last_name}")
        phones = tuple(phone for phone in (row.parent1_phone, row.parent2_phone) if phone)
        emails = tuple(email for email in (row.parent1_email, row.parent2_email) if email)
        since = None
        if row.registered_on:
            since = datetime.combine(row.registered_on, time(12)).astimezone()
        people.append(KnownPerson(PersonKind.FAMILY, row.id, tuple(names), phones, emails, since))
        faces[row.id] = KnownFamily(
            row.id,
            parents_title(row[1], row[2], row[5], row[6]),
            phones[0] if phones else "",
            row.parent1_city,
            row.registered_on,
            (),
        )
    return people, faces


def _children(
    session: Session, organization_id: str, family_ids: Sequence[str]
) -> dict[str, tuple[tuple[str, str, str], ...]]:
    children: dict[str, tuple[tuple[str, str, str], ...]] = {}
    if not family_ids:
        return children
    rows = session.execute(
        select(Student.family_id, Student.first_name, Student.grade, Location.name)
        .join(Location, and_(Location.organization_id == Student.organization_id, Location.id == Student.location_id))
        .where(
            Student.organization_id == organization_id,
            Student.family_id.in_(family_ids),
            Student.archived_at.is_(None),
        )
        .order_by(Student.first_name)
    )
    for family_id, first, grade, location in rows:
        children[family_id] = (*children.get(family_id, ()), (first, grade, location))
    return children
