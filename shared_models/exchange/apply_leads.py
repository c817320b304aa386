"""Writing leads, with the subject wanted found in the catalog."""

from collections.abc import Sequence

from shared_models.base import derived_id
from shared_models.exchange.apply_people import subject_catalog
from shared_models.exchange.leads import LeadRow
from shared_models.exchange.problems import Problem
from shared_models.exchange.report import Importing, Row
from shared_models.leads.models import Lead


def apply_leads(work: Importing, leads: Sequence[tuple[str, LeadRow]]) -> None:
    """Add each lead that is not there. The day and hour it came in is noon of its date, or now without one."""
    catalog = subject_catalog(work)
    rows: dict[str, Row] = {}
    for file, lead in leads:
        day = lead.created_on.isoformat() if lead.created_on else ""
        lead_id = derived_id(work.organization_id, "lead", day, lead.natural_key)
        if lead_id in rows:
            work.warnings.append(Problem(file, lead.line, "The same lead as on an earlier line; kept once."))
            continue
        subject = catalog.find(lead.subject)
        rows[lead_id] = {
            **work.own(lead_id),
            "created_at": work.noon_of(lead.created_on) or work.now,
            "source": lead.source,
            "stage": lead.stage,
            "parent_first_name": lead.parent_first_name,
            "parent_last_name": lead.parent_last_name,
            "phone": lead.phone,
            "email": lead.email,
            "student_first_name": lead.student_first_name,
            "student_last_name": lead.student_last_name,
            "grade": lead.grade,
            "subject_id": subject.subject_id if subject else None,
            "topic_id": subject.topic_id if subject else None,
            "wanted": lead.wanted,
            "message": lead.message,
            "notes": lead.notes,
            "temperature": lead.temperature,
            "location_id": work.location_id(lead.location) if lead.location else None,
            "last_contact_method": lead.last_contact_method,
            "last_contact_at": work.noon_of(lead.last_contact_on),
        }
    work.add(Lead, list(rows.values()), "leads")
