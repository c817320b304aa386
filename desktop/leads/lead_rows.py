"""What the leads page reads from the store: leads filtered and sorted in SQL, one query for a board or a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, column, func, select, table
from sqlalchemy.orm import Session

from desktop.people.search_index import people_index
from desktop.store.store import Store
from shared_models.access.models import Role, User, UserRole
from shared_models.catalog.models import Subject, Topic
from shared_models.leads.aging import Aging, aging_of, wants_attention_today
from shared_models.leads.models import (
    ContactMethod,
    ContactOutcome,
    Lead,
    LeadContact,
    LeadSource,
    LeadStage,
    Temperature,
)
from shared_models.leads.stages import STAGE_ORDER
from shared_models.organization.models import Location, Organization
from shared_models.people.search import PersonKind
from shared_models.schedule.times import zone_of

_SAVED = "saved_lead_filters"
_SEARCH_LIMIT = 500
# Names are sorted as they are filed for the search, where Ł stands with L and not behind Z.
_FILED = table("person_search", column("kind"), column("person_id"), column("sort_key"))


class SortBy(StrEnum):
    """By what the table can be sorted."""

    NAME = "name"
    WANTED = "wanted"
    STAGE = "stage"
    SOURCE = "source"
    TEMPERATURE = "temperature"
    OWNER = "owner"
    WAITING = "waiting"
    CREATED = "created"


@dataclass(frozen=True, slots=True)
class LeadFilters:
    """What is shown; an empty string filters nothing. ``owner`` is a user id, "me" or "nobody"."""

    owner: str = ""
    source: str = ""
    temperature: str = ""
    subject: str = ""
    stage: str = ""
    search: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether all leads are shown."""
        return self == LeadFilters()


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One lead as cards and rows show it."""

    id: str
    stage: LeadStage
    source: LeadSource
    parent: str
    child: str
    phone: str
    email: str
    wanted: str
    temperature: Temperature | None
    owner_id: str | None
    owner: str
    created_at: datetime
    last_contact_at: datetime | None
    last_contact_method: ContactMethod | None
    call_back_on: date | None
    notes: str
    message: str
    family_id: str | None
    aging: Aging

    @property
    def title(self) -> str:
        """The name the lead goes by."""
        return self.parent or self.child or self.phone or self.email

    @property
    def is_unclaimed_web(self) -> bool:
        """Whether it came by the website and is nobody's yet: it stands out until someone takes it."""
        return self.source is LeadSource.WEB and self.stage is LeadStage.NEW and self.owner_id is None

    @property
    def note(self) -> str:
        """What was said, for the card: the note, or else the message."""
        return self.notes or self.message


@dataclass(frozen=True, slots=True)
class ContactLine:
    """One contact of a lead's history."""

    id: str
    happened_at: datetime
    method: ContactMethod
    outcome: ContactOutcome
    stage_before: LeadStage
    stage_after: LeadStage
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class LeadChoices:
    """What fields of a lead can be chosen from: (key, words) pairs."""

    people: tuple[tuple[str, str], ...]
    subjects: tuple[tuple[str, str], ...]
    wishes: tuple[tuple[str, str, str], ...]
    locations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Center:
    """Facts of the organization that the pages need: its zone, country and name."""

    zone: tzinfo
    country: str
    name: str


def center_of(session: Session, organization_id: str) -> Center:
    """The organization's facts; a center that is not there yet is taken to be in UTC."""
    row = session.execute(
        select(Organization.time_zone, Organization.country, Organization.business_name).where(
            Organization.organization_id == organization_id
        )
    ).first()
    if row is None:
        return Center(zone_of("UTC"), "US", "")
    return Center(zone_of(row.time_zone), row.country, row.business_name)


def badge_count(store: Store) -> int:
    """How many new leads are nobody's yet: the number on the rail."""
    organization_id = store.local("organization_id")
    if organization_id is None:
        return 0
    with store.read() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(Lead)
                .where(
                    Lead.organization_id == organization_id,
                    Lead.stage == LeadStage.NEW,
                    Lead.owner_user_id.is_(None),
                    Lead.archived_at.is_(None),
                )
            )
            or 0
        )


def load_leads(
    store: Store,
    filters: LeadFilters,
    *,
    now: datetime,
    zone: tzinfo,
    sort: SortBy = SortBy.WAITING,
    descending: bool = False,
    only: str | None = None,
) -> list[LeadRow]:
    """The live leads that pass the filters, sorted in SQL; with ``only``, that one lead (archived or not)."""
    organization_id = store.organization_id
    wanted = func.coalesce(Topic.name, func.nullif(Lead.wanted, ""), Subject.name, "")
    statement = (
        select(
            Lead.id, Lead.stage, Lead.source, Lead.parent_first_name, Lead.parent_last_name, Lead.student_first_name,
            Lead.student_last_name, Lead.phone, Lead.email, wanted.label("wanted"), Lead.temperature,
            Lead.owner_user_id, User.first_name.label("owner_first"), User.last_name.label("owner_last"),
            Lead.created_at, Lead.last_contact_at, Lead.last_contact_method, Lead.call_back_on, Lead.notes,
            Lead.message, Lead.family_id,
        )
        .outerjoin(Topic, and_(Topic.organization_id == Lead.organization_id, Topic.id == Lead.topic_id))
        .outerjoin(Subject, and_(Subject.organization_id == Lead.organization_id, Subject.id == Lead.subject_id))
        .outerjoin(User, and_(User.organization_id == Lead.organization_id, User.id == Lead.owner_user_id))
        .where(Lead.organization_id == organization_id)
    )  # fmt: skip
    if only is not None:
        statement = statement.where(Lead.id == only)
    else:
        statement = statement.where(Lead.archived_at.is_(None), *_conditions(store, filters))
    if sort is SortBy.NAME:
        people_index(store)
        filed = and_(_FILED.c.kind == PersonKind.LEAD.value, _FILED.c.person_id == Lead.id)
        statement = statement.outerjoin(_FILED, filed)
    statement = statement.order_by(*_order(sort, descending, wanted))
    with store.read() as session:
        return [
            LeadRow(
                id=row.id,
                stage=row.stage,
                source=row.source,
                parent=f"{row.parent_first_name} {row.parent_last_name}".strip(),
                child=f"{row.student_first_name} {row.student_last_name}".strip(),
                phone=row.phone,
                email=row.email,
                wanted=row.wanted,
                temperature=row.temperature,
                owner_id=row.owner_user_id,
                owner=f"{row.owner_first or ''} {row.owner_last or ''}".strip(),
                created_at=row.created_at,
                last_contact_at=row.last_contact_at,
                last_contact_method=row.last_contact_method,
                call_back_on=row.call_back_on,
                notes=row.notes,
                message=row.message,
                family_id=row.family_id,
                aging=aging_of(row.stage, row.created_at, row.last_contact_at, now=now, zone=zone),
            )
            for row in session.execute(statement)
        ]


def load_history(session: Session, organization_id: str, lead_id: str) -> list[ContactLine]:
    """The contacts with a lead, newest first."""
    rows = session.execute(
        select(
            LeadContact.id, LeadContact.happened_at, LeadContact.method, LeadContact.outcome,
            LeadContact.stage_before, LeadContact.stage_after, LeadContact.note, User.first_name, User.last_name,
        )
        .outerjoin(User, and_(User.organization_id == LeadContact.organization_id, User.id == LeadContact.user_id))
        .where(
            LeadContact.organization_id == organization_id,
            LeadContact.lead_id == lead_id,
            LeadContact.archived_at.is_(None),
        )
        .order_by(LeadContact.happened_at.desc(), LeadContact.id.desc())
    )  # fmt: skip
    return [
        ContactLine(
            row.id, row.happened_at, row.method, row.outcome, row.stage_before, row.stage_after, row.note,
            f"{row.first_name or ''} {row.last_name or ''}".strip(),
        )
        for row in rows
    ]  # fmt: skip


def load_choices(session: Session, organization_id: str) -> LeadChoices:
    """People who can own a lead, subjects, subjects with their topics, and locations."""
    staff = session.execute(
        select(User.id, User.first_name, User.last_name)
        .join(UserRole, and_(UserRole.organization_id == User.organization_id, UserRole.user_id == User.id))
        .where(
            User.organization_id == organization_id,
            User.archived_at.is_(None),
            UserRole.archived_at.is_(None),
            UserRole.role.in_((Role.OWNER, Role.ADMIN, Role.FRONT_DESK)),
        )
        .distinct()
        .order_by(User.first_name, User.last_name)
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
    locations = session.execute(
        select(Location.id, Location.name)
        .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
        .order_by(Location.position, Location.name)
    ).all()
    names = {row.id: row.name for row in subjects}
    wishes = [(wish_key(row.id, None), row.name, "") for row in subjects]
    wishes += [(wish_key(row.subject_id, row.id), row.name, names.get(row.subject_id, "")) for row in topics]
    return LeadChoices(
        people=tuple((row.id, f"{row.first_name} {row.last_name}".strip()) for row in staff),
        subjects=tuple((row.id, row.name) for row in subjects),
        wishes=tuple(wishes),
        locations=tuple((row.id, row.name) for row in locations),
    )


def wish_key(subject_id: str, topic_id: str | None) -> str:
    """A subject, or one topic of it, as the key of a choice."""
    return f"{subject_id}/{topic_id or ''}"


def wish_of(key: str) -> tuple[str | None, str | None]:
    """Subject and topic id of the key of a choice; both None for nothing chosen."""
    if not key:
        return None, None
    subject_id, _, topic_id = key.partition("/")
    return subject_id, topic_id or None


def for_today(rows: Iterable[LeadRow], today: date) -> list[LeadRow]:
    """The leads that want something done today."""
    return [row for row in rows if wants_attention_today(row.stage, row.aging, row.call_back_on, today=today)]


def saved_filters(store: Store) -> dict[str, LeadFilters]:
    """The filters this PC keeps under a name."""
    kept: dict[str, dict[str, str]] = json.loads(store.local(_SAVED) or "{}")
    return {name: LeadFilters(**values) for name, values in kept.items()}


def save_filters(store: Store, name: str, filters: LeadFilters | None) -> None:
    """Keep filters under a name, or forget the name with None."""
    kept = {other: asdict(values) for other, values in saved_filters(store).items() if other != name}
    if filters is not None:
        kept[name] = asdict(replace(filters, search=""))
    store.set_local(**{_SAVED: json.dumps(kept)})


def _conditions(store: Store, filters: LeadFilters) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.owner == "nobody":
        conditions.append(Lead.owner_user_id.is_(None))
    elif filters.owner:
        conditions.append(Lead.owner_user_id == (store.user_id if filters.owner == "me" else filters.owner))
    if filters.source:
        conditions.append(Lead.source == LeadSource(filters.source))
    if filters.temperature == "none":
        conditions.append(Lead.temperature.is_(None))
    elif filters.temperature:
        conditions.append(Lead.temperature == Temperature(filters.temperature))
    if filters.subject:
        conditions.append(Lead.subject_id == filters.subject)
    if filters.stage:
        conditions.append(Lead.stage == LeadStage(filters.stage))
    if filters.search.strip():
        found = people_index(store).search(filters.search, (PersonKind.LEAD,), limit=_SEARCH_LIMIT)
        conditions.append(Lead.id.in_([one.id for one in found]))
    return conditions


def _order(sort: SortBy, descending: bool, wanted: Any) -> list[Any]:
    silent_since = func.coalesce(Lead.last_contact_at, Lead.created_at)
    columns: dict[SortBy, list[Any]] = {
        SortBy.NAME: [_FILED.c.sort_key],
        SortBy.WANTED: [func.lower(wanted)],
        SortBy.STAGE: [case({stage.value: at for at, stage in enumerate(STAGE_ORDER)}, value=Lead.stage)],
        SortBy.SOURCE: [Lead.source],
        SortBy.TEMPERATURE: [case({"HOT": 0, "WARM": 1, "COLD": 2}, value=Lead.temperature, else_=3)],
        SortBy.OWNER: [User.first_name.is_(None), func.lower(User.first_name)],
        SortBy.WAITING: [silent_since.desc()],
        SortBy.CREATED: [Lead.created_at.desc()],
    }
    keys = columns[sort]
    if descending:
        turned = {SortBy.WAITING: [silent_since.asc()], SortBy.CREATED: [Lead.created_at.asc()]}
        keys = turned.get(sort) or [key.desc() for key in keys]
    return [*keys, silent_since.desc(), Lead.id]
