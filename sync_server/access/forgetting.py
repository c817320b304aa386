"""Forgetting the account of somebody who was erased for good (product §9): it opens nothing any more, and says
nothing of whose it was. Its row stays, empty, because PCs hang on it that have to learn that their access ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from sync_server.access.devices import REVOKED_CHANNEL
from sync_server.access.models import (
    KnownPlace,
    LinkedIdentity,
    PairingCode,
    PasswordReset,
    RecoveryCode,
    SecondFactor,
    SignUp,
    WebSession,
)
from sync_server.models import Account, Device, Membership

_OF_AN_ACCOUNT = (WebSession, PasswordReset, PairingCode, RecoveryCode, SecondFactor, KnownPlace, LinkedIdentity)


def forget_user(session: Session, organization_id: str, user_id: str, now: datetime) -> str | None:
    """End a user's PCs in this organization, and empty the account unless it belongs to another one, too. Returns the
    e-mail of an account that was emptied."""
    ended = session.scalars(
        update(Device)
        .where(Device.organization_id == organization_id, Device.user_id == user_id)
        .values(revoked_at=func.coalesce(Device.revoked_at, now), name="")
        .returning(Device.id)
    ).all()
    for device_id in ended:
        session.execute(
            text("SELECT pg_notify(:channel, :who)"),
            {"channel": REVOKED_CHANNEL, "who": f"{organization_id} {device_id}"},
        )
    account = session.scalars(
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.organization_id == organization_id, Membership.user_id == user_id)
        .with_for_update(of=Account)
    ).one_or_none()
    if account is None or _belongs_elsewhere(session, account.id, organization_id):
        return None
    email = account.email
    session.execute(delete(SignUp).where(SignUp.email == email))
    for kind in _OF_AN_ACCOUNT:
        session.execute(delete(kind).where(kind.account_id == account.id))
    account.email, account.password_hash, account.email_is_confirmed = f"erased {account.id}", "", False
    return email


def _belongs_elsewhere(session: Session, account_id: str, organization_id: str) -> bool:
    return (
        session.scalars(
            select(Membership.organization_id).where(
                Membership.account_id == account_id, Membership.organization_id != organization_id
            )
        ).first()
        is not None
    )
