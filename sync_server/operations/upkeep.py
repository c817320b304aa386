"""What is tidied up every hour, once however many servers run: uses of public forms that are long paid off, jobs that
were given up a month ago, and mail whose job is missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import CursorResult, select, text
from sqlalchemy.orm import Session

from sync_server.database import Database
from sync_server.mail_models import MAIL_QUEUE, SEND_MAIL, OutboxMail, defer_statement
from sync_server.models import OrganizationRoute

_FORGOTTEN_AFTER = timedelta(hours=1)
_ALLOWANCES_KEPT = timedelta(days=1)

_log = structlog.get_logger(__name__)

ServerStep = Callable[[Session, datetime], int]
"""Tidies up what is no tenant's, in a session without a tenant; returns how many rows."""

SERVER_STEPS: dict[str, ServerStep] = {}
"""Steps that other rooms add, by name."""


def run_upkeep(database: Database, now: datetime) -> dict[str, int]:
    """Tidy everything up; returns how many rows each step took. A step that breaks does not hold up the others."""
    counts: dict[str, int] = {}
    for name, step in {"given up jobs": _old_jobs, **SERVER_STEPS}.items():
        with database.routing() as session:
            counts[name] = step(session, now)
    for organization_id in organization_ids(database):
        with database.tenant(organization_id) as session:
            for name, tenant_step in (("form uses", _old_allowances), ("forgotten mails", _forgotten_mail)):
                counts[name] = counts.get(name, 0) + tenant_step(session, organization_id, now)
    _log.info("upkeep done", **{name.replace(" ", "_"): count for name, count in counts.items()})
    return counts


def organization_ids(database: Database) -> list[str]:
    """Every organization of this server."""
    with database.routing() as session:
        routes = select(OrganizationRoute.organization_id).distinct().order_by(OrganizationRoute.organization_id)
        return list(session.scalars(routes))


def _old_jobs(session: Session, _now: datetime) -> int:
    return _count(
        session,
        "DELETE FROM procrastinate_jobs AS job WHERE status IN ('failed', 'cancelled', 'aborted', 'succeeded') "
        "AND NOT EXISTS (SELECT FROM procrastinate_events WHERE job_id = job.id AND at > now() - interval '30 days')",
    )


def _old_allowances(session: Session, organization_id: str, now: datetime) -> int:
    return _count(
        session,
        "DELETE FROM form_allowance WHERE organization_id = :organization AND paid_off_at < :before",
        organization=organization_id,
        before=now - _ALLOWANCES_KEPT,
    )


def _forgotten_mail(session: Session, organization_id: str, now: datetime) -> int:
    """Put mail that is due, but has no job, back into the queue: rows written past the session's events."""
    due = session.scalars(
        select(OutboxMail.id).where(
            OutboxMail.organization_id == organization_id,
            OutboxMail.due_at < now - _FORGOTTEN_AFTER,
            text(
                "NOT EXISTS (SELECT FROM procrastinate_jobs "
                "WHERE queue_name = :queue AND status IN ('todo', 'doing') "
                "AND args ->> 'mail_id' = outbox_mail.id::text)"
            ).bindparams(queue=MAIL_QUEUE),
        )
    ).all()
    for mail_id in due:
        arguments = {"organization_id": organization_id, "mail_id": mail_id}
        session.connection().execute(*defer_statement(MAIL_QUEUE, SEND_MAIL, arguments))
    return len(due)


def _count(session: Session, statement: str, **values: object) -> int:
    result = session.connection().execute(text(statement), values)
    assert isinstance(result, CursorResult)
    return result.rowcount
