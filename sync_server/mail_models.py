"""The outbox: each mail is a row that commits together with what caused it, and stays with its outcome."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Instant
from sync_server.models import TenantOwned


class OutboxMail(TenantOwned):
    """One mail to one address. `due_at` is when it is tried next, empty once it is settled: then either `sent_at`
    is set, or `failed_at` with the reason in `failure`. `message` is the whole mail as it goes over the wire; it is
    emptied when the mail was sent."""

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
