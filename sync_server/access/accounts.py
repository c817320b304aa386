"""Accounts: signing a desktop in, and the making of a tenant with its owner."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared_models.access.models import Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.catalog.seed import seed_catalog
from shared_models.organization.models import Location, Organization
from shared_models.organization.website_address import address_problem
from sync_server.access.devices import roles_of, token_hash
from sync_server.access.errors import AccountError, CenterSuspended, SignInRefused, SlugTaken
from sync_server.access.passwords import (
    DEFAULT_MINIMUM,
    check_password,
    hash_password,
    needs_rehash,
    password_fits,
)
from sync_server.access.second_factor import has_second_factor, use_code
from sync_server.access.throttle import (
    DEVICE,
    SECOND_FACTOR,
    Origin,
    charge,
    give_back,
    is_known_device,
    remember_place,
    sign_in_buckets,
)
from sync_server.access.tokens import new_secret
from sync_server.database import Database
from sync_server.models import Account, Device, Membership, OrganizationRoute
from sync_server.operations.standing import is_suspended

__all__ = [
    "Account", "AccountError", "Center", "NewOrganization", "SecondFactorNeeded", "SignInRefused", "SignedInDevice",
    "SlugTaken", "check_password", "check_slug", "create_organization", "normalize_email", "sign_in",
]  # fmt: skip

DESKTOP_ROLES = frozenset({Role.OWNER, Role.ADMIN, Role.FRONT_DESK})
"""Roles that may sign a desktop in. Tutors and guardians see only parts of rows and come in through the web."""

_NOWHERE = Origin("")


@dataclass(frozen=True, slots=True)
class Center:
    """An organization that an account belongs to."""

    organization_id: str
    user_id: str
    business_name: str


@dataclass(frozen=True, slots=True)
class SignedInDevice:
    """A device that just signed in: the token that it will show from now on, and the proof that it shows when it
    signs in again, by which it is never mistaken for a stranger."""

    token: str
    center: Center
    proof: str = ""


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded:
    """The password was right; a code is needed too."""


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What is needed to make a tenant. `email_is_confirmed` when the owner has opened a link sent there, or
    who runs the server vouches for it."""

    business_name: str
    slug: str
    time_zone: str
    owner_first_name: str
    owner_last_name: str
    owner_email: str
    password: str
    location_name: str
    currency: str = "USD"
    country: str = "US"
    email_is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Authenticated:
    """An account whose password was right, and the device proof that it came with, if that is known."""

    account_id: str
    known_proof: str = ""


def normalize_email(email: str) -> str:
    """The form in which an account's e-mail is kept and compared."""
    return email.strip().lower()


def create_organization(
    database: Database, wanted: NewOrganization, *, password_minimum: int = DEFAULT_MINIMUM
) -> str:
    """Make a tenant with its owner, first location and the standard catalog; returns the organization's id.

    An account that already has this e-mail keeps its password and becomes owner of this organization too.
    Raises SlugTaken, or AccountError for a weak password.
    """
    check_slug(wanted.slug)
    email = normalize_email(wanted.owner_email)
    with database.routing() as session:
        is_new = session.scalar(select(Account.id).where(Account.email == email)) is None
        if is_new:
            own_words = [email, wanted.business_name, wanted.owner_first_name, wanted.owner_last_name]
            check_password(wanted.password, password_minimum, own_words)
        if not slug_is_free(session, wanted.slug):
            raise _taken(wanted.slug)
    # Outside of any transaction: it is slow on purpose.
    password_hash = hash_password(wanted.password) if is_new else ""
    organization_id = new_id()
    with decided_by_database(wanted.slug), database.tenant(organization_id) as session:
        add_organization(database, session, organization_id, wanted, password_hash)
    return organization_id


def add_organization(
    database: Database, session: Session, organization_id: str, wanted: NewOrganization, password_hash: str
) -> str:
    """Add all rows of a new tenant in one transaction, `session` being one of that tenant; returns the account's id.

    Everything commits together, so that a route never leads to an organization that is not there.
    """
    email, user_id = normalize_email(wanted.owner_email), new_id()
    session.add(OrganizationRoute(slug=wanted.slug, organization_id=organization_id))
    session.flush()
    account_id = account_for(session, email, password_hash, is_confirmed=wanted.email_is_confirmed)
    session.add(Membership(account_id=account_id, organization_id=organization_id, user_id=user_id))
    _add_tenant_rows(database, session, organization_id, user_id, wanted, email)
    return account_id


def account_for(session: Session, email: str, password_hash: str, *, is_confirmed: bool) -> str:
    """The id of the account with this e-mail, made now with this password if there is none."""
    session.execute(
        insert(Account)
        .values(id=new_id(), email=email, password_hash=password_hash)
        .on_conflict_do_nothing(index_elements=["email"])
    )
    account_id: str = session.execute(select(Account.id).where(Account.email == email)).scalar_one()
    if is_confirmed:
        confirm_email(session, account_id)
    return account_id


def confirm_email(session: Session, account_id: str) -> None:
    """Note that the account's person has opened a link that was mailed to it."""
    session.execute(
        update(Account).where(Account.id == account_id, ~Account.email_is_confirmed).values(email_is_confirmed=True)
    )


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
            country=wanted.country,
            website_slug=wanted.slug,
        )
    )
    session.flush()
    session.add_all(
        [
            User(**own(user_id), first_name=wanted.owner_first_name, last_name=wanted.owner_last_name, email=email),
            UserRole(**own(derived_id(user_id, Role.OWNER)), user_id=user_id, role=Role.OWNER),
            Location(
                **own(derived_id(organization_id, "location", wanted.location_name)),
                name=wanted.location_name,
                country=wanted.country,
            ),
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
    code: str = "",
    origin: Origin = _NOWHERE,
) -> SignedInDevice | SecondFactorNeeded | list[Center]:
    """Sign a desktop in; a list of centers to choose from when the account belongs to several.

    A device that signs in again gets a new token, and its old one ends. Raises SignInRefused, CenterSuspended,
    TooManyTries, ServerBusy.
    """
    who = authenticate(database, email, password, origin, now)
    with database.routing() as session:
        needs_code = has_second_factor(session, who.account_id)
    if needs_code and not code.strip():
        return SecondFactorNeeded()
    centers = centers_of(database, who.account_id)
    if organization_id is not None:
        centers = [center for center in centers if center.organization_id == organization_id]
    if needs_code:
        # While the person still has to choose, the code is only looked at: it serves for the choice as well.
        check_code(database, who, code, now, keep=len(centers) > 1)
    if not centers:
        raise SignInRefused("This account may not use the desktop program. Ask the owner of the center.")
    if len(centers) > 1:
        return centers
    return add_device(database, who, centers[0], device_id=device_id, device_name=device_name, origin=origin, now=now)


def add_device(
    database: Database,
    who: Authenticated,
    center: Center,
    *,
    device_id: str,
    device_name: str,
    origin: Origin,
    now: datetime,
) -> SignedInDevice:
    """Give a device of an account whose person was recognized a fresh token; its old one ends. Raises
    CenterSuspended."""
    token, proof = new_secret(), who.known_proof or new_secret()
    with database.routing() as session:
        if is_suspended(session, center.organization_id):
            raise CenterSuspended
        device = session.get(Device, (device_id, center.organization_id))
        if device is None:
            device = Device(id=device_id, organization_id=center.organization_id)
            session.add(device)
        device.account_id, device.user_id, device.name = who.account_id, center.user_id, device_name
        device.token_hash, device.last_seen_at, device.revoked_at = token_hash(token), now, None
        remember_place(session, who.account_id, Origin(origin.address, proof), now)
    return SignedInDevice(token, center, proof)


def authenticate(database: Database, email: str, password: str, origin: Origin, now: datetime) -> Authenticated:
    """The account with this e-mail and password. Says nothing about whether the e-mail or the password was wrong.

    Raises SignInRefused, TooManyTries or ServerBusy.
    """
    email = normalize_email(email)
    with database.routing() as session:
        found = session.execute(select(Account.id, Account.password_hash).where(Account.email == email)).one_or_none()
        account_id, kept = found if found is not None else (None, None)
        buckets = sign_in_buckets(session, email, account_id, origin)
        charge(session, buckets, now)
    is_known = is_known_device(buckets)
    if not password_fits(kept, password, is_known=is_known) or account_id is None or kept is None:
        raise SignInRefused("E-mail and password do not fit. Check both, then try again.")
    fresh = hash_password(password) if needs_rehash(kept) else None
    with database.routing() as session:
        give_back(session, buckets)
        if fresh is not None:
            session.execute(
                update(Account)
                .where(Account.id == account_id, Account.password_hash == kept)
                .values(password_hash=fresh)
            )
    return Authenticated(account_id, origin.proof if is_known else "")


def check_code(database: Database, who: Authenticated, code: str, now: datetime, *, keep: bool = False) -> None:
    """Check the second factor of an account whose password was right. Raises WrongCode or TooManyTries.

    Only who knows the password gets here, and a known device is counted on its own, so nobody is locked out.
    """
    buckets = (
        {f"code {who.account_id} {who.known_proof}": DEVICE}
        if who.known_proof
        else {f"code {who.account_id}": SECOND_FACTOR}
    )
    with database.routing() as session:
        charge(session, buckets, now)
    with database.routing() as session:
        use_code(session, who.account_id, code, now, keep=keep)
        give_back(session, buckets)


def centers_of(database: Database, account_id: str, allowed: Collection[Role] = DESKTOP_ROLES) -> list[Center]:
    """The centers in which an account's user holds one of the roles."""
    with database.routing() as session:
        memberships = session.execute(
            select(Membership.organization_id, Membership.user_id).where(Membership.account_id == account_id)
        ).all()
    found = (_center(database, organization, user, allowed) for organization, user in memberships)
    return [center for center in found if center is not None]


def check_slug(slug: str) -> None:
    """Raise SlugTaken unless a website can live under this slug."""
    problem = address_problem(slug)
    if problem:
        raise SlugTaken(problem)


def slug_is_free(session: Session, slug: str) -> bool:
    """Whether no website has, or had, this slug. Two may still ask at once: the database decides when it is taken."""
    return session.get(OrganizationRoute, slug) is None


@contextmanager
def decided_by_database(slug: str) -> Iterator[None]:
    """Turns the database's refusal of a slug, which somebody else took meanwhile, into SlugTaken."""
    try:
        yield
    except IntegrityError as error:
        if "organization_route" in str(error.orig):
            raise _taken(slug) from error
        raise


def _taken(slug: str) -> SlugTaken:
    return SlugTaken(f"The website address “{slug}” is taken. Choose another.")


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
