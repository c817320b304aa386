"""What an account's own page shows: its centers, and where it is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shared_models.access.models import Role
from shared_models.organization.models import Organization
from sync_server.access.desk import AccountDesk
from sync_server.access.devices import roles_of
from sync_server.access.models import WebSession
from sync_server.access.second_factor import FactorState, factor_state
from sync_server.models import Account, Device, Membership
from sync_server.operations.models import OrganizationSuspension

ROLE_WORDS = {
    Role.OWNER: "Owner", Role.ADMIN: "Admin", Role.FRONT_DESK: "Front desk", Role.TUTOR: "Tutor",
    Role.GUARDIAN: "Guardian",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownCenter:
    """A center of the account, with the roles in words."""

    organization_id: str
    name: str
    slug: str
    roles: str


@dataclass(frozen=True, slots=True)
class ShownBrowser:
    """A signed-in browser; `seen` in words."""

    id: str
    name: str
    place: str
    seen: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """A PC that this account signed in; `seen` in words."""

    id: str
    organization_id: str
    center: str
    name: str
    seen: str
    is_signed_in: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page."""

    email: str
    centers: list[ShownCenter]
    browsers: list[ShownBrowser]
    devices: list[ShownDevice]
    factor: FactorState


def overview_of(desk: AccountDesk, account_id: str, here: str) -> Overview:
    """The page of an account as the browser `here` sees it."""
    now = desk.now()
    with desk.database.routing() as session:
        email: str = session.execute(select(Account.email).where(Account.id == account_id)).scalar_one()
        memberships = session.execute(
            select(Membership.organization_id, Membership.user_id).where(Membership.account_id == account_id)
        ).all()
        shown = session.execute(
            select(WebSession.id, WebSession.name, WebSession.place, WebSession.last_seen_at)
            .where(WebSession.account_id == account_id, WebSession.is_complete)
            .order_by(WebSession.last_seen_at.desc())
        ).all()
        devices = session.execute(
            select(Device.id, Device.organization_id, Device.name, Device.last_seen_at, Device.token_hash)
            .where(Device.account_id == account_id, Device.revoked_at.is_(None))
            .order_by(Device.created_at)
        ).all()
        factor = factor_state(session, account_id)
        suspended = set(
            session.scalars(
                select(OrganizationSuspension.organization_id).where(OrganizationSuspension.suspended_at.is_not(None))
            )
        )
    # One that is suspended shows nothing of itself, and its browsers' other centers stay open.
    centers = [
        _center(desk, organization_id, user_id)
        for organization_id, user_id in memberships
        if organization_id not in suspended
    ]
    names = {center.organization_id: center.name for center in centers if center is not None}
    return Overview(
        email,
        [center for center in centers if center is not None and center.roles],
        [
            ShownBrowser(row.id, row.name, row.place, seen_words(row.last_seen_at, now), row.id == here)
            for row in shown
        ],
        [
            ShownDevice(
                row.id,
                row.organization_id,
                names.get(row.organization_id, ""),
                row.name,
                seen_words(row.last_seen_at, now),
                not row.token_hash.startswith("ended "),
            )
            for row in devices
        ],
        factor,
    )


def seen_words(seen_at: datetime | None, now: datetime) -> str:
    """When something was last used, as it is said: a browser's zone is not known, so no clock is named."""
    if seen_at is None:
        return "never used"
    ago = now - seen_at
    if ago < timedelta(minutes=10):
        return "used just now"
    if ago < timedelta(hours=2):
        return f"used {int(ago / timedelta(minutes=1))} minutes ago"
    if ago < timedelta(days=2):
        return f"used {int(ago / timedelta(hours=1))} hours ago"
    return f"used {ago.days} days ago"


def role_words(roles: frozenset[Role]) -> str:
    """Roles as they are said, the widest first."""
    return ", ".join(words for role, words in ROLE_WORDS.items() if role in roles)


def _center(desk: AccountDesk, organization_id: str, user_id: str) -> ShownCenter | None:
    with desk.database.tenant(organization_id, read_only=True) as session:
        found = session.execute(
            select(Organization.business_name, Organization.website_slug).where(
                Organization.organization_id == organization_id, Organization.archived_at.is_(None)
            )
        ).one_or_none()
        if found is None:
            return None
        roles = roles_of(session, organization_id, user_id)
    return ShownCenter(organization_id, found.business_name, found.website_slug, role_words(roles))
