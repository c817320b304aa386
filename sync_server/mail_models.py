"""The outbox: each mail is a row that commits together with what caused it and with the job that sends it, and stays
with its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Index, Text, event, inspect, text
from sqlalchemy.orm import Mapped, Mapper, mapped_column
from sqlalchemy.sql.elements import TextClause

from shared_models.base import Id, Instant
from sync_server.models import TenantOwned

MAIL_QUEUE = "mail"
SEND_MAIL = "send_mail"
"""The queue and the task of procrastinate by which mail goes out."""


class OutboxMail(TenantOwned):
    """One mail to one address. `due_at` is when it is tried next, empty once it is settled: then either `sent_at`
    is set, or `failed_at` with the reason in `failure`. `message` is the whole mail as it goes over the wire; it is
    emptied when the mail was sent.

    Adding one to a session, or making a settled one due again, puts the job that sends it into the same transaction.
    """

    __tablename__ = "outbox_mail"
    __table_args__ = (
        Index("ix_outbox_mail_due", "organization_id", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    recipient: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    failed_at: Mapped[datetime | None] = mapped_column(Instant)
    failure: Mapped[str] = mapped_column(Text, default="")


def defer_statement(
    queue: str, task: str, arguments: Mapping[str, str], wait_seconds: float = 0.0
) -> tuple[TextClause, dict[str, Any]]:
    """The statement that puts a job into a queue, to be run no sooner than after `wait_seconds`."""
    return _DEFER, {
        "queue": queue,
        "task": task,
        "arguments": orjson.dumps(dict(arguments)).decode(),
        "wait_seconds": wait_seconds,
    }


_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, NULL, NULL, CAST(:arguments AS jsonb), "
    "CASE WHEN :wait_seconds > 0 THEN now() + make_interval(secs => :wait_seconds) END"
    ")::procrastinate_job_to_defer_v1])"
)


@event.listens_for(OutboxMail, "after_insert")
def _defer_new(_mapper: Mapper[Any], connection: Connection, mail: OutboxMail) -> None:
    if mail.due_at is not None:
        # By the row's own clock, which in a demonstration is not the database's.
        _defer_sending(connection, mail, (mail.due_at - mail.created_at).total_seconds())


@event.listens_for(OutboxMail, "after_update")
def _defer_again(_mapper: Mapper[Any], connection: Connection, mail: OutboxMail) -> None:
    history = inspect(mail).attrs.due_at.history
    if mail.due_at is not None and list(history.deleted) == [None]:
        _defer_sending(connection, mail, 0.0)


def _defer_sending(connection: Connection, mail: OutboxMail, wait_seconds: float) -> None:
    arguments = {"organization_id": mail.organization_id, "mail_id": mail.id}
    connection.execute(*defer_statement(MAIL_QUEUE, SEND_MAIL, arguments, max(wait_seconds, 0.0)))
