"""Tables of the server alone: accounts, devices and tenant routing, which are no tenant's rows, and per tenant the
sequence, the audit history and mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, MetaData, Text, UniqueConstraint, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared_models.base import NAMING, Id, Instant, new_id


class ServerBase(DeclarativeBase):
    """Base of the server's own tables."""

    metadata = MetaData(naming_convention=NAMING)


class TenantOwned(ServerBase):
    """A server table whose rows belong to one organization and lie behind row-level security."""

    __abstract__ = True

    organization_id: Mapped[str] = mapped_column(Id, primary_key=True, sort_order=-20)


class Account(ServerBase):
    """A login: one person, who may be a user of several organizations. The e-mail is kept in lower case; it is
    confirmed once a link that was mailed to it has been opened."""

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(Text, unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    email_is_confirmed: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class Membership(ServerBase):
    """Which user of which organization an account is."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("organization_id", "user_id"),)

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    organization_id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id)


class Device(ServerBase):
    """A PC that signed in. Its token is kept as a SHA-256 hash only, and holds until it is revoked."""

    __tablename__ = "device"
    __table_args__ = (Index("ix_device_organization", "organization_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organization_id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    user_id: Mapped[str] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    last_seen_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    lineage: Mapped[str | None] = mapped_column(Text)
    """The nonce that the device shows next, by which a copy of its store is recognized; before it, the one that it
    shows once more when an answer was lost ([S-31])."""
    lineage_before: Mapped[str | None] = mapped_column(Text)


class OrganizationRoute(ServerBase):
    """Tenant routing: a website slug and the organization it leads to; the current one is where others redirect."""

    __tablename__ = "organization_route"
    __table_args__ = (Index("ix_organization_route_organization", "organization_id"),)

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    organization_id: Mapped[str] = mapped_column(Id)
    is_current: Mapped[bool] = mapped_column(default=True)


class OrganizationSequence(TenantOwned):
    """The last sequence number given to a change of this organization; locked until the change commits.

    `epoch` is another one after the organization was restored from a backup; `restored_at_seq` is the earliest
    number that a restore ever went back to ([S-32]).
    """

    __tablename__ = "organization_sequence"

    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    epoch: Mapped[str] = mapped_column(Text, server_default=text("gen_random_uuid()::text"))
    restored_at_seq: Mapped[int | None] = mapped_column(BigInteger)


class AuditEntry(TenantOwned):
    """One accepted change: who, when, which row, old and new values; values that lost a merge are kept in `lost`.
    The server may add rows and read them, never change them."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_row", "organization_id", "table_name", "row_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    table_name: Mapped[str] = mapped_column(Text)
    row_id: Mapped[str] = mapped_column(Id)
    action: Mapped[str] = mapped_column(Text)
    user_id: Mapped[str | None] = mapped_column(Id)
    device_id: Mapped[str | None] = mapped_column(Id)
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    lost: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
