"""Everything that is known of a family, in one file for the family (product §9): once as JSON for programs, once as a
page that anybody can read and print. Names stand where the rows have ids, local times where they have instants."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from html import escape
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.base import SYNC_COLUMNS, TenantRow
from shared_models.catalog.models import Service, Subject, Topic
from shared_models.leads.models import Lead, LeadContact
from shared_models.organization.models import Location, Organization
from shared_models.people.models import Family, HealthAccess, Student, StudentSubject, Tutor
from shared_models.schedule.models import Attendee, ScheduleEntry
from shared_models.schedule.times import wall_clock_of, zone_of

Record = dict[str, Any]
"""Words to values: what is known of one thing."""

_NOT_SAID = frozenset({"family_id", "location_id", "organization_id"})
_INTERNAL_OF_LEADS = frozenset({"owner_user_id", "subject_id", "topic_id", "location_id", "family_id"})
_STYLE = """
body{font:16px/1.5 system-ui,'Segoe UI',Helvetica,Arial,sans-serif;color:#1d2a25;max-width:60em;margin:2.5em auto;
padding:0 1.2em}h1{font-size:1.8em;margin:0}h2{font-size:1.25em;margin:2em 0 .4em;border-bottom:1px solid #c9d2cc}
h3{font-size:1.05em;margin:1.4em 0 .3em}p.sub{color:#56635c;margin:.2em 0 0}dl{display:grid;
grid-template-columns:14em 1fr;gap:.15em 1.2em;margin:.4em 0}dt{color:#56635c}dd{margin:0;white-space:pre-wrap}
table{border-collapse:collapse;width:100%;font-size:.94em}th{text-align:left;color:#56635c;font-weight:600}
th,td{padding:.3em .8em .3em 0;border-bottom:1px solid #e3e8e4;vertical-align:top}td{white-space:pre-wrap}
@media(max-width:40em){dl{display:block}dd{margin:0 0 .5em}}@media print{body{margin:0;max-width:none}}
"""


@dataclass(frozen=True, slots=True)
class FamilyFile:
    """What is known of one family. ``sections`` are titles with records, in the order of reading."""

    center: str
    family: str
    made_at: str
    sections: Mapping[str, Sequence[Record]]

    def as_json(self) -> bytes:
        """The whole as JSON."""
        whole = {"center": self.center, "family": self.family, "made_at": self.made_at, **self.sections}
        return json.dumps(whole, ensure_ascii=False, indent=2).encode()

    def as_page(self) -> bytes:
        """The whole as one HTML page without scripts or anything from elsewhere."""
        parts = [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(self.family)}</title>',
            f"<style>{_STYLE}</style></head><body><h1>{escape(self.family)}</h1>",
            f'<p class="sub">Everything that {escape(self.center)} keeps of this family, as of {self.made_at}.</p>',
        ]
        for title, records in self.sections.items():
            parts.append(f"<h2>{escape(_words(title))}</h2>")
            parts.append(_table_of(records) if title in ("sessions", "looks_at_health") else _lists_of(records))
        parts.append("</body></html>")
        return "".join(parts).encode()

    def as_bundle(self) -> bytes:
        """Both in one zip file."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("family.html", self.as_page())
            bundle.writestr("family.json", self.as_json())
        return out.getvalue()


def family_file(session: Session, organization_id: str, family_id: str, now: datetime) -> FamilyFile:
    """Read everything of a family. Raises LookupError when there is no such family."""
    family = session.get(Family, (organization_id, family_id))
    if family is None:
        raise LookupError(f"no family {family_id}")
    organization = session.get_one(Organization, (organization_id, organization_id))
    zone = zone_of(organization.time_zone)
    students = session.scalars(
        select(Student)
        .where(Student.organization_id == organization_id, Student.family_id == family_id)
        .order_by(Student.first_name)
    ).all()
    names = {student.id: f"{student.first_name} {student.last_name}".strip() for student in students}
    sections: dict[str, list[Record]] = {
        "parents": [_record(family, zone)],
        "students": _students(session, organization_id, students, zone),
        "leads": _leads(session, organization_id, family_id, zone),
        "sessions": _sessions(session, organization_id, names, zone),
        "looks_at_health": _looks(session, organization_id, names, zone),
    }
    return FamilyFile(
        organization.business_name,
        f"{family.parent1_first_name} {family.parent1_last_name}".strip(),
        _local(now, zone),
        {title: records for title, records in sections.items() if records},
    )


def _students(session: Session, organization_id: str, students: Sequence[Student], zone: tzinfo) -> list[Record]:
    ids = [student.id for student in students]
    places = {row.id: row.name for row in session.execute(
        select(Location.id, Location.name).where(Location.organization_id == organization_id)
    )}  # fmt: skip
    wishes: dict[str, list[str]] = {}
    for student_id, subject, topic in session.execute(
        select(StudentSubject.student_id, Subject.name, Topic.name)
        .join(
            Subject,
            (Subject.organization_id == StudentSubject.organization_id) & (Subject.id == StudentSubject.subject_id),
        )
        .outerjoin(
            Topic, (Topic.organization_id == StudentSubject.organization_id) & (Topic.id == StudentSubject.topic_id)
        )
        .where(
            StudentSubject.organization_id == organization_id,
            StudentSubject.student_id.in_(ids),
            StudentSubject.archived_at.is_(None),
        )
        .order_by(StudentSubject.rank)
    ):
        wishes.setdefault(student_id, []).append(f"{subject}, {topic}" if topic else subject)
    return [
        {
            **_record(student, zone),
            "learns_at": places.get(student.location_id, ""),
            "needs_help_with": "; ".join(wishes.get(student.id, [])),
        }
        for student in students
    ]


def _leads(session: Session, organization_id: str, family_id: str, zone: tzinfo) -> list[Record]:
    leads = session.scalars(
        select(Lead)
        .where(Lead.organization_id == organization_id, Lead.family_id == family_id)
        .order_by(Lead.created_at)
    ).all()
    talks: dict[str, list[str]] = {}
    for contact in session.scalars(
        select(LeadContact)
        .where(LeadContact.organization_id == organization_id, LeadContact.lead_id.in_([lead.id for lead in leads]))
        .order_by(LeadContact.happened_at)
    ):
        words = f"{_local(contact.happened_at, zone)}: {_words(contact.method)}, {_words(contact.outcome)}"
        talks.setdefault(contact.lead_id, []).append(f"{words}. {contact.note}".strip().removesuffix("."))
    return [
        {**_record(lead, zone, _INTERNAL_OF_LEADS), "contacts": "\n".join(talks.get(lead.id, []))} for lead in leads
    ]


def _sessions(session: Session, organization_id: str, names: Mapping[str, str], zone: tzinfo) -> list[Record]:
    rows = session.execute(
        select(Attendee, ScheduleEntry, Service.name, Location.name, Subject.name, User.first_name, User.last_name)
        .join(
            ScheduleEntry,
            (ScheduleEntry.organization_id == Attendee.organization_id) & (ScheduleEntry.id == Attendee.entry_id),
        )
        .join(
            Service,
            (Service.organization_id == ScheduleEntry.organization_id) & (Service.id == ScheduleEntry.service_id),
        )
        .join(
            Location,
            (Location.organization_id == ScheduleEntry.organization_id) & (Location.id == ScheduleEntry.location_id),
        )
        .outerjoin(
            Subject,
            (Subject.organization_id == ScheduleEntry.organization_id) & (Subject.id == ScheduleEntry.subject_id),
        )
        .outerjoin(
            Tutor, (Tutor.organization_id == ScheduleEntry.organization_id) & (Tutor.id == ScheduleEntry.tutor_id)
        )
        .outerjoin(User, (User.organization_id == Tutor.organization_id) & (User.id == Tutor.user_id))
        .where(
            Attendee.organization_id == organization_id,
            Attendee.student_id.in_(list(names)),
            Attendee.archived_at.is_(None),
            ScheduleEntry.archived_at.is_(None),
        )
        .order_by(ScheduleEntry.starts_at)
    )
    return [
        {
            "student": names[attendee.student_id],
            "when": _local(entry.starts_at, zone),
            "minutes": round((entry.ends_at - entry.starts_at).total_seconds() / 60),
            "service": service,
            "subject": subject or "",
            "location": place,
            "tutor": f"{first or ''} {last or ''}".strip(),
            "state": _words(entry.status),
            "attendance": _words(attendee.attendance) if attendee.attendance else "",
            # What is said of other children, too, is not this family's: only sessions of one tell their texts.
            "texts": "\n".join(
                text
                for text in (entry.report_done, entry.report_homework, entry.report_next_steps, entry.notes)
                if text and entry.capacity == 1
            ),
        }
        for attendee, entry, service, place, subject, first, last in rows
    ]


def _looks(session: Session, organization_id: str, names: Mapping[str, str], zone: tzinfo) -> list[Record]:
    rows = session.execute(
        select(HealthAccess.student_id, HealthAccess.looked_at, User.first_name, User.last_name)
        .outerjoin(User, (User.organization_id == HealthAccess.organization_id) & (User.id == HealthAccess.user_id))
        .where(HealthAccess.organization_id == organization_id, HealthAccess.student_id.in_(list(names)))
        .order_by(HealthAccess.looked_at)
    )
    return [
        {"student": names[row.student_id], "when": _local(row.looked_at, zone),
         "who": f"{row.first_name or ''} {row.last_name or ''}".strip()}
        for row in rows
    ]  # fmt: skip


def _record(row: TenantRow, zone: tzinfo, left_out: frozenset[str] = frozenset()) -> Record:
    """Every field of a row that holds something, as words."""
    record: Record = {}
    for column in type(row).__table__.columns:
        if column.name in SYNC_COLUMNS or column.name in _NOT_SAID or column.name in left_out:
            continue
        value = getattr(row, column.name)
        if value is None or value == "":
            continue
        record[column.name] = _said(value, zone)
    return record


def _said(value: Any, zone: tzinfo) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, StrEnum):
        return _words(value)
    if isinstance(value, datetime):
        return _local(value, zone)
    return value.isoformat() if isinstance(value, date) else value


def _local(moment: datetime, zone: tzinfo) -> str:
    return f"{wall_clock_of(moment, zone):%Y-%m-%d %H:%M}"


def _words(name: str) -> str:
    """``parent1_first_name`` as “Parent 1 first name”, ``NO_SHOW`` as “No show”."""
    plain = str(name).replace("_", " ").replace("parent1", "parent 1").replace("parent2", "parent 2").lower()
    return (plain[:1].upper() + plain[1:]).replace(" iep", " IEP")


def _lists_of(records: Sequence[Record]) -> str:
    parts = []
    for record in records:
        title = " ".join(str(record[name]) for name in ("first_name", "last_name") if name in record)
        if title:
            parts.append(f"<h3>{escape(title)}</h3>")
        facts = "".join(
            f"<dt>{escape(_words(name))}</dt><dd>{escape(str(value))}</dd>"
            for name, value in record.items()
            if value != ""
        )
        parts.append(f"<dl>{facts}</dl>")
    return "".join(parts)


def _table_of(records: Sequence[Record]) -> str:
    names = list(records[0])
    head = "".join(f"<th>{escape(_words(name))}</th>" for name in names)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(str(record[name]))}</td>" for name in names) + "</tr>" for record in records
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
