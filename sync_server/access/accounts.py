"""Accounts, sign-in, devices, and the making of a tenant."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared_models.access.models import Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.catalog.seed import seed_catalog
from shared_models.organization.models import Location, Organization
from sync_server.access.devices import roles_of, token_hash
from sync_server.database import Database
from sync_server.models import Account, Device, Membership, OrganizationRoute

DESKTOP_ROLES = frozenset({Role.OWNER, Role.ADMIN, Role.FRONT_DESK})
"""Roles that may sign a desktop in. Tutors and guardians see only parts of rows and come in through the web."""

_HASHER = PasswordHasher()
_UNKNOWN_HASH = _HASHER.hash("no account has this password")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
RESERVED_SLUGS = frozenset(
    """
    about account admin api app assets book docs favicon.ico health help login mail metrics robots.txt
    sign-in signup sitemap.xml static status support sync www
    """.split()  # noqa: SIM905 - a list of words reads better as words
)


class AccountError(Exception):
    """A request about accounts that cannot be granted; `str()` is a sentence for the person."""


class SignInRefused(AccountError):
    """E-mail and password do not fit, or the user may not use the desktop."""


class SlugTaken(AccountError):
    """The website address is not available."""


@dataclass(frozen=True, slots=True)
class Center:
    """An organization that an account belongs to."""

    organization_id: str
    user_id: str
    business_name: str


@dataclass(frozen=True, slots=True)
class SignedInDevice:
    """A device that just signed in, with the token that it will show from now on."""

    token: str
    center: Center


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What is needed to make a tenant."""

    business_name: str
    slug: str
    time_zone: str
    owner_first_name: str
    owner_last_name: str
    owner_email: str
    password: str
    location_name: str
    currency: str = "USD"


def normalize_email(email: str) -> str:
    """The form in which an account's e-mail is kept and compared."""
    return email.strip().lower()


def create_organization(database: Database, wanted: NewOrganization) -> str:
    """Make a tenant with its owner, first location and the standard catalog; returns the organization's id.

    An account that already has this e-mail keeps its password and becomes owner of this organization too.
    Raises SlugTaken, or AccountError for a weak password.
    """
    check_slug(wanted.slug)
    organization_id, user_id = new_id(), new_id()
    email = normalize_email(wanted.owner_email)
    try:
        with database.routing() as session:
            session.add(OrganizationRoute(slug=wanted.slug, organization_id=organization_id))
            account = session.scalars(select(Account).where(Account.email == email)).one_or_none()
            if account is None:
                check_password(wanted.password)
                account = Account(id=new_id(), email=email, password_hash=_HASHER.hash(wanted.password))
                session.add(account)
                session.flush()
            session.add(Membership(account_id=account.id, organization_id=organization_id, user_id=user_id))
            session.flush()
            # The tenant's own rows commit first, so that a route never leads to an organization that is not there.
            with database.tenant(organization_id) as tenant:
                _add_tenant_rows(database, tenant, organization_id, user_id, wanted, email)
    except IntegrityError as error:
        if "organization_route" in str(error.orig):
            raise SlugTaken(f"The website address “{wanted.slug}” is taken. Choose another.") from error
        raise
    return organization_id


def _add_tenant_rows(
    database: Database, session: Session, organization_id: str, user_id: str, wanted: NewOrganization, email: str
) -> None:
    def own(row_id: str) -> dict[str, str]:
        return {"organization_id": organization_id, "id": row_id}

    session.add(
        Organization(
            **own(organization_id),
            business_name=wanted.business_name,
            time_zone=wanted.time_zone,
            currency=wanted.currency,
            website_slug=wanted.slug,
        )
    )
    session.flush()
    session.add_all(
        [
            User(**own(user_id), first_name=wanted.owner_first_name, last_name=wanted.owner_last_name, email=email),
            UserRole(**own(derived_id(user_id, Role.OWNER)), user_id=user_id, role=Role.OWNER),
            Location(**own(derived_id(organization_id, "location", wanted.location_name)), name=wanted.location_name),
        ]
    )
    session.flush()
    seed_catalog(database.recorder, session, organization_id)


def sign_in(
    database: Database,
    *,
    email: str,
    password: str,
    device_id: str,
    device_name: str,
    now: datetime,
    organization_id: str | None = None,
) -> SignedInDevice | list[Center]:
    """Sign a desktop in; a list of centers to choose from when the account belongs to several.

    A device that signs in again gets a new token, and its old one ends. Raises SignInRefused.
    """
    centers = _centers(database, email, password)
    if organization_id is not None:
        centers = [center for center in centers if center.organization_id == organization_id]
    if not centers:
        raise SignInRefused("This account may not use the desktop program. Ask the owner of the center.")
    if len(centers) > 1:
        return centers
    center, token = centers[0], secrets.token_urlsafe(32)
    with database.routing() as session:
        account_id = session.scalars(select(Account.id).where(Account.email == normalize_email(email))).one()
        device = session.get(Device, (device_id, center.organization_id))
        if device is None:
            device = Device(id=device_id, organization_id=center.organization_id)
            session.add(device)
        device.account_id, device.user_id, device.name = account_id, center.user_id, device_name
        device.token_hash, device.last_seen_at, device.revoked_at = token_hash(token), now, None
    return SignedInDevice(token, center)


def check_slug(slug: str) -> None:
    """Raise SlugTaken unless a website can live under this slug."""
    if not _SLUG.fullmatch(slug):
        raise SlugTaken("Use 1 to 63 letters a–z, digits and hyphens for the website address.")
    if slug in RESERVED_SLUGS:
        raise SlugTaken(f"The website address “{slug}” is reserved. Choose another.")


def check_password(password: str) -> None:
    """Raise AccountError when a password is too short to protect children's data."""
    if len(password) < 10:
        raise AccountError("Use a password of at least 10 characters.")


def _centers(database: Database, email: str, password: str) -> list[Center]:
    with database.routing() as session:
        account = session.scalars(select(Account).where(Account.email == normalize_email(email))).one_or_none()
        if not _password_fits(account, password):
            raise SignInRefused("E-mail and password do not fit. Check both, then try again.")
        assert account is not None
        memberships = session.execute(
            select(Membership.organization_id, Membership.user_id).where(Membership.account_id == account.id)
        ).all()
    found = (_center(database, organization, user, DESKTOP_ROLES) for organization, user in memberships)
    return [center for center in found if center is not None]


def _password_fits(account: Account | None, password: str) -> bool:
    # An unknown e-mail costs as much time as a wrong password, so that neither can be told from outside.
    try:
        _HASHER.verify(account.password_hash if account else _UNKNOWN_HASH, password)
    except VerificationError:
        return False
    return account is not None


def _center(database: Database, organization_id: str, user_id: str, allowed: Collection[Role]) -> Center | None:
    with database.tenant(organization_id, read_only=True) as session:
        if roles_of(session, organization_id, user_id).isdisjoint(allowed):
            return None
        name = session.scalars(
            select(Organization.business_name).where(
                Organization.organization_id == organization_id, Organization.archived_at.is_(None)
            )
        ).one_or_none()
    return Center(organization_id, user_id, name) if name is not None else None
