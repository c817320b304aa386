"""What is tidied up every hour, once however many servers run: links and sign-ins that ended, counters that are paid
off, times that were held and not booked, jobs that were given up a month ago, and mail whose job is missing."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import CursorResult, Delete, delete, func, select, text
from sqlalchemy.orm import Session

from sync_server.access.letters import SERVER_ITSELF
from sync_server.database import Database
from sync_server.files.freeing import free_archived_files
from sync_server.files.storage import FileStorage
from sync_server.mail_models import MAIL_QUEUE, SEND_MAIL, OutboxMail, defer_statement
from sync_server.models import OrganizationRoute

_FORGOTTEN_AFTER = timedelta(hours=1)
_ALLOWANCES_KEPT = timedelta(days=1)
_LINKS_KEPT = timedelta(days=7)
"""So long a link that is over is still told to be over; a sign-up that nobody confirmed is then forgotten."""

_log = structlog.get_logger(__name__)


def run_upkeep(database: Database, now: datetime, storage: FileStorage | None = None) -> dict[str, int]:
    """Tidy everything up, each step in a transaction of its own; returns how many rows each took. Files are freed
    where the `storage` is."""
    counts: dict[str, int] = {}
    for name, step in (
        ("given up jobs", _old_jobs),
        ("links and sign-ins", _old_links),
        ("tries", _old_tries),
        ("secrets", _open_secrets),
    ):
        with database.routing() as session:
            counts[name] = step(session, now)
    for organization_id in [*organization_ids(database), SERVER_ITSELF]:
        for name, tenant_step in (
            ("form uses", _old_allowances),
            ("forgotten mails", _forgotten_mail),
            ("held times", _ended_holds),
        ):
            with database.tenant(organization_id) as session:
                counts[name] = counts.get(name, 0) + tenant_step(session, organization_id, now)
        if storage is not None:
            freed = free_archived_files(database, storage, organization_id, now)
            counts["files"] = counts.get("files", 0) + freed
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


def _old_links(session: Session, now: datetime) -> int:
    from sync_server.access.browsers import LONGEST
    from sync_server.access.models import OpenIdAttempt, PairingCode, PasswordReset, SignUp, WebSession

    ended = sum(
        _deleted(session, delete(kind).where(kind.expires_at < now - _LINKS_KEPT))
        for kind in (SignUp, PasswordReset, OpenIdAttempt, PairingCode)
    )
    return ended + _deleted(session, delete(WebSession).where(WebSession.created_at < now - LONGEST))


def _old_tries(session: Session, now: datetime) -> int:
    from sync_server.access.models import TryAllowance
    from sync_server.access.throttle import forget_paid_off

    before = session.scalar(select(func.count()).select_from(TryAllowance)) or 0
    forget_paid_off(session, now)
    return before - (session.scalar(select(func.count()).select_from(TryAllowance)) or 0)


def _open_secrets(session: Session, _now: datetime) -> int:
    from sync_server.access.second_factor import reseal_secrets

    return reseal_secrets(session)


def _ended_holds(session: Session, organization_id: str, now: datetime) -> int:
    from sync_server.booking.promises import expire_slots

    return expire_slots(session, organization_id, now=now)


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


def _deleted(session: Session, statement: Delete) -> int:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount


def _count(session: Session, statement: str, **values: object) -> int:
    result = session.connection().execute(text(statement), values)
    assert isinstance(result, CursorResult)
    return result.rowcount
