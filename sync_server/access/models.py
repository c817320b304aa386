"""Tables of accounts: mailed links, invitations, signed-in browsers, second factors, linked identities, and the
counters that slow guessing down. Secrets are kept as hashes; but for invitations none of this is a tenant's."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from shared_models.base import Id, Instant, Json, new_id
from sync_server.models import ServerBase, TenantOwned


class SignUp(ServerBase):
    """An organization that somebody wants; it is made when the link in the mail is opened, within a day.

    `browser_hash` recognizes the browser that asked, so that a link opened elsewhere asks for the password again.
    """

    __tablename__ = "sign_up"

    link_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text)
    business_name: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    browser_hash: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class PasswordReset(ServerBase):
    """A mailed link that sets a new password once. Several may be open: a stranger who asks again ends none."""

    __tablename__ = "password_reset"

    link_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Invitation(TenantOwned):
    """A user who was asked to come in by a mailed link; the user, roles and locations are rows already."""

    __tablename__ = "invitation"
    __table_args__ = (Index("ix_invitation_user", "organization_id", "user_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Id)
    email: Mapped[str] = mapped_column(Text)
    invited_by: Mapped[str] = mapped_column(Id)
    link_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)


class WebSession(ServerBase):
    """A browser that signed in. It is waiting for the second factor until `is_complete`."""

    __tablename__ = "web_session"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    is_complete: Mapped[bool]
    name: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)


class SecondFactor(ServerBase):
    """The secret of an account's one-time codes; in force once `confirmed_at` is set. A code's time step is used up
    with every earlier one."""

    __tablename__ = "second_factor"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)


class RecoveryCode(ServerBase):
    """A code that stands in once for the second factor."""

    __tablename__ = "recovery_code"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)


class KnownPlace(ServerBase):
    """From where an account signed in before: a device by a secret that it keeps, or a network by its address. Both
    are hashes that cannot be compared between accounts."""

    __tablename__ = "known_place"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    place_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class TryAllowance(ServerBase):
    """When the tries counted in one bucket will have been paid off; see throttle.py. The bucket's name is a hash."""

    __tablename__ = "try_allowance"

    bucket: Mapped[str] = mapped_column(Text, primary_key=True)
    paid_off_at: Mapped[datetime] = mapped_column(Instant, index=True)


class LinkedIdentity(ServerBase):
    """A person as an OpenID Connect provider knows them, and the account that they are here."""

    __tablename__ = "linked_identity"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    linked_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class OpenIdAttempt(ServerBase):
    """A sign-in that is under way at a provider. `wanted` says what a desktop waits for, and is empty on the web."""

    __tablename__ = "open_id_attempt"

    state_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    provider: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(Text)
    code_verifier: Mapped[str] = mapped_column(Text)
    browser_hash: Mapped[str] = mapped_column(Text)
    wanted: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class PairingCode(ServerBase):
    """A code that a desktop exchanges once for a sign-in which its person made in the browser. `challenge` is the
    SHA-256 of a secret that only that desktop has."""

    __tablename__ = "pairing_code"

    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    challenge: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(Instant)
