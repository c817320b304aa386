"""Inviting people into an organization, and what the owner sees of them: who came in, and who was asked to.

The invited user, roles and locations are ordinary rows of the tenant, made through the session hook, so that they
are on every PC at once; the invitation itself holds only the link.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.grants import set_locations, set_roles
from shared_models.access.models import LocationAssignment, Role, User
from shared_models.base import new_id
from shared_models.organization.models import Location, Organization
from sync_server.access.accounts import account_for, normalize_email
from sync_server.access.desk import AccountDesk
from sync_server.access.devices import DeviceIdentity, roles_of
from sync_server.access.errors import AccountError, LinkEnded, NotAllowed, NotFound
from sync_server.access.letters import Letter, queue_letter
from sync_server.access.models import Invitation, SecondFactor
from sync_server.access.overview import role_words
from sync_server.access.passwords import check_password, hash_password
from sync_server.access.throttle import Limit, charge
from sync_server.access.tokens import hash_of, new_secret
from sync_server.models import Account, Membership

LINK_LASTS = timedelta(days=7)
INVITATIONS = Limit(40, timedelta(minutes=2))
"""How many mails of this kind one organization may cause."""


@dataclass(frozen=True, slots=True)
class Invitee:
    """Whom to invite, as what, and where."""

    email: str
    first_name: str
    last_name: str
    roles: frozenset[Role]
    location_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class InvitationState:
    """An invitation that nobody has followed yet."""

    id: str
    user_id: str
    email: str
    sent_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PersonState:
    """How far a user has come in."""

    user_id: str
    has_account: bool
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """A link that can still be used."""

    organization_id: str
    invitation_id: str
    user_id: str
    email: str
    first_name: str
    last_name: str
    center: str
    inviter: str
    roles: str
    account_id: str | None
    has_second_factor: bool


def invite(desk: AccountDesk, by: DeviceIdentity, wanted: Invitee) -> InvitationState:
    """Make the user with roles and locations, and mail the link. A user who is there already is given them too.

    The owner invites to everything but ownership; an admin neither to administration nor beyond the own locations
    (product §2). Raises NotAllowed, AccountError for a wrong wish, TooManyTries.
    """
    now, email = desk.now().replace(microsecond=0), normalize_email(wanted.email)
    with desk.database.tenant(by.organization_id, by.actor) as session:
        _check(session, by, wanted)
        charge(session, {f"invitations of {by.organization_id}": INVITATIONS}, now)
        user = _user(session, by.organization_id, email)
        if user is None:
            user = User(
                organization_id=by.organization_id,
                id=new_id(),
                first_name=wanted.first_name or email.partition("@")[0],
                last_name=wanted.last_name,
                email=email,
            )
            session.add(user)
            session.flush()
        elif _is_member(session, by.organization_id, user.id):
            raise AccountError(
                f"{user.first_name} {user.last_name}".strip() + " is in already. Change the roles there."
            )
        user.archived_at = None
        held = roles_of(session, by.organization_id, user.id)
        set_roles(session, by.organization_id, user.id, held | wanted.roles, now=now)
        places = _locations_of(session, by.organization_id, user.id)
        set_locations(session, by.organization_id, user.id, places | wanted.location_ids, now=now)
        invitation = _open_one(session, by.organization_id, user.id, now)
        if invitation is None:
            invitation = Invitation(organization_id=by.organization_id, id=new_id(), user_id=user.id, created_at=now)
            session.add(invitation)
        invitation.email, invitation.invited_by = email, by.user_id
        return _send(session, desk, invitation, user, now)


def resend(desk: AccountDesk, by: DeviceIdentity, invitation_id: str) -> InvitationState:
    """Mail a fresh link; the earlier one ends. Raises NotFound when it was followed or withdrawn."""
    now = desk.now()
    with desk.database.tenant(by.organization_id, by.actor) as session:
        invitation = _pending(session, by.organization_id, invitation_id)
        roles = roles_of(session, by.organization_id, invitation.user_id)
        _check_roles(roles_of(session, by.organization_id, by.user_id), roles)
        charge(session, {f"invitations of {by.organization_id}": INVITATIONS}, now)
        user = session.get_one(User, (by.organization_id, invitation.user_id))
        return _send(session, desk, invitation, user, now)


def withdraw(desk: AccountDesk, by: DeviceIdentity, invitation_id: str) -> None:
    """End an invitation, and archive the user that it made, with roles and locations. Raises NotFound."""
    now = desk.now().replace(microsecond=0)
    with desk.database.tenant(by.organization_id, by.actor) as session:
        invitation = _pending(session, by.organization_id, invitation_id)
        roles = roles_of(session, by.organization_id, invitation.user_id)
        _check_roles(roles_of(session, by.organization_id, by.user_id), roles)
        invitation.withdrawn_at = now
        set_roles(session, by.organization_id, invitation.user_id, (), now=now)
        set_locations(session, by.organization_id, invitation.user_id, (), now=now)
        user = session.get_one(User, (by.organization_id, invitation.user_id))
        user.archived_at = now


def pending(desk: AccountDesk, organization_id: str) -> list[InvitationState]:
    """The invitations that nobody has followed, also those whose link has become too old."""
    with desk.database.tenant(organization_id, read_only=True) as session:
        rows = session.scalars(
            select(Invitation)
            .where(
                Invitation.organization_id == organization_id,
                Invitation.accepted_at.is_(None),
                Invitation.withdrawn_at.is_(None),
            )
            .order_by(Invitation.created_at)
        )
        return [_state(row) for row in rows]


def people(desk: AccountDesk, organization_id: str) -> list[PersonState]:
    """The users who have come in."""
    with desk.database.routing() as session:
        rows = session.execute(
            select(Membership.user_id, SecondFactor.confirmed_at)
            .outerjoin(SecondFactor, SecondFactor.account_id == Membership.account_id)
            .where(Membership.organization_id == organization_id)
        )
        return [PersonState(user_id, True, confirmed_at is not None) for user_id, confirmed_at in rows]


def open_invitation(desk: AccountDesk, key: str) -> OpenInvitation:
    """What a link leads to. Raises LinkEnded."""
    organization_id, _ = _parts(key)
    with desk.database.tenant(organization_id, read_only=True) as session:
        invitation = _by_key(session, key, desk.now())
        user = session.get_one(User, (organization_id, invitation.user_id))
        inviter = session.get(User, (organization_id, invitation.invited_by))
        center = session.execute(
            select(Organization.business_name).where(
                Organization.organization_id == organization_id, Organization.archived_at.is_(None)
            )
        ).scalar_one_or_none()
        if center is None:
            raise LinkEnded
        account_id = session.scalar(select(Account.id).where(Account.email == invitation.email))
        factor = session.get(SecondFactor, account_id) if account_id is not None else None
        return OpenInvitation(
            organization_id,
            invitation.id,
            user.id,
            invitation.email,
            user.first_name,
            user.last_name,
            center,
            f"{inviter.first_name} {inviter.last_name}".strip() if inviter is not None else "The owner",
            role_words(roles_of(session, organization_id, user.id)).lower(),
            account_id,
            factor is not None and factor.confirmed_at is not None,
        )


def accept_with_new_account(desk: AccountDesk, key: str, *, first_name: str, last_name: str, password: str) -> str:
    """Follow a link with a new account; returns its id. Raises LinkEnded, AccountError for a weak password."""
    found = open_invitation(desk, key)
    check_password(password, desk.password_minimum, [found.email, found.center, first_name, last_name])
    password_hash = hash_password(password)
    now = desk.now()
    with desk.database.tenant(found.organization_id) as session:
        invitation = _by_key(session, key, now, locks=True)
        if session.scalar(select(Account.id).where(Account.email == found.email)) is not None:
            raise AccountError("This e-mail address has an account by now. Open the link again.")
        account_id = account_for(session, found.email, password_hash, is_confirmed=True)
        user = session.get_one(User, (found.organization_id, found.user_id))
        user.first_name, user.last_name = first_name or user.first_name, last_name
        _join(session, invitation, account_id, now)
    return account_id


def accept_with_account(desk: AccountDesk, key: str, account_id: str) -> None:
    """Follow a link with the account that has the invited e-mail, whose person was recognized. Raises LinkEnded."""
    organization_id, _ = _parts(key)
    now = desk.now()
    with desk.database.tenant(organization_id) as session:
        invitation = _by_key(session, key, now, locks=True)
        email = session.scalar(select(Account.email).where(Account.id == account_id))
        if email != invitation.email:
            raise NotAllowed(f"This invitation is for {invitation.email}.")
        account_for(session, invitation.email, "", is_confirmed=True)
        _join(session, invitation, account_id, now)


def _join(session: Session, invitation: Invitation, account_id: str, now: datetime) -> None:
    invitation.accepted_at = now
    known = session.get(Membership, (account_id, invitation.organization_id))
    if known is not None:
        raise AccountError("Your account belongs to this center already. Sign in as usual.")
    session.add(
        Membership(account_id=account_id, organization_id=invitation.organization_id, user_id=invitation.user_id)
    )


def _check(session: Session, by: DeviceIdentity, wanted: Invitee) -> None:
    if not wanted.roles:
        raise AccountError("Choose at least one role.")
    own_roles = roles_of(session, by.organization_id, by.user_id)
    _check_roles(own_roles, wanted.roles)
    there = set(
        session.scalars(
            select(Location.id).where(Location.organization_id == by.organization_id, Location.archived_at.is_(None))
        )
    )
    if not wanted.location_ids <= there:
        raise AccountError("One of the locations is not there any more. Choose again.")
    if Role.OWNER not in own_roles:
        assigned = _locations_of(session, by.organization_id, by.user_id)
        if not wanted.location_ids <= assigned:
            raise NotAllowed("You can invite only to the locations that are assigned to you.")


def _locations_of(session: Session, organization_id: str, user_id: str) -> frozenset[str]:
    return frozenset(
        session.scalars(
            select(LocationAssignment.location_id).where(
                LocationAssignment.organization_id == organization_id,
                LocationAssignment.user_id == user_id,
                LocationAssignment.archived_at.is_(None),
            )
        )
    )


def _check_roles(own: Iterable[Role], wanted: Iterable[Role]) -> None:
    own, wanted = frozenset(own), frozenset(wanted)
    if Role.OWNER in wanted:
        raise NotAllowed("A center has one owner. Ownership is handed over, not given by invitation.")
    if Role.OWNER not in own and Role.ADMIN in wanted:
        raise NotAllowed("Only the owner invites admins.")


def _send(session: Session, desk: AccountDesk, invitation: Invitation, user: User, now: datetime) -> InvitationState:
    organization_id = invitation.organization_id
    secret = new_secret()
    invitation.link_hash, invitation.sent_at, invitation.expires_at = hash_of(secret), now, now + LINK_LASTS
    session.flush()
    center, inviter = session.execute(
        select(Organization.business_name, User.first_name + " " + User.last_name)
        .join(User, User.organization_id == Organization.organization_id)
        .where(Organization.organization_id == organization_id, User.id == invitation.invited_by)
    ).one()
    key = f"{organization_id.replace('-', '')}-{secret}"
    roles = role_words(roles_of(session, organization_id, user.id)).lower()
    letter = Letter(
        recipient=invitation.email,
        recipient_name=f"{user.first_name} {user.last_name}".strip(),
        subject=f"Join {center}",
        heading=f"Join {center}",
        paragraphs=[
            f"{inviter.strip()} invites you to {center} on iTutorOS, as {roles}.",
            "The link works once, within seven days.",
        ],
        button=("Join", f"{desk.base_url}/account/invitation?key={key}"),
        closing="If you do not know this center, there is nothing to do.",
    )
    queue_letter(session, desk, letter, now, organization_id=organization_id)
    return _state(invitation)


def _state(invitation: Invitation) -> InvitationState:
    return InvitationState(
        invitation.id, invitation.user_id, invitation.email, invitation.sent_at, invitation.expires_at
    )


def _user(session: Session, organization_id: str, email: str) -> User | None:
    found: Sequence[User] = session.scalars(
        select(User).where(User.organization_id == organization_id, User.email == email).order_by(User.archived_at)
    ).all()
    # Live rows first, where PostgreSQL puts empty values last.
    return next((user for user in found if user.archived_at is None), found[0] if found else None)


def _is_member(session: Session, organization_id: str, user_id: str) -> bool:
    found = select(Membership.account_id).where(
        Membership.organization_id == organization_id, Membership.user_id == user_id
    )
    return session.scalar(found) is not None and bool(roles_of(session, organization_id, user_id))


def _open_one(session: Session, organization_id: str, user_id: str, now: datetime) -> Invitation | None:
    return session.scalars(
        select(Invitation).where(
            Invitation.organization_id == organization_id,
            Invitation.user_id == user_id,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
    ).first()


def _pending(session: Session, organization_id: str, invitation_id: str) -> Invitation:
    found = session.get(Invitation, (organization_id, invitation_id), with_for_update=True)
    if found is None or found.accepted_at is not None or found.withdrawn_at is not None:
        raise NotFound("This invitation was followed or withdrawn already.")
    return found


def _by_key(session: Session, key: str, now: datetime, *, locks: bool = False) -> Invitation:
    organization_id, secret = _parts(key)
    wanted = select(Invitation).where(
        Invitation.organization_id == organization_id,
        Invitation.link_hash == hash_of(secret),
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > now,
    )
    found = session.scalars(wanted.with_for_update() if locks else wanted).one_or_none()
    if found is None:
        raise LinkEnded("This invitation was followed, withdrawn, or is too old. Ask for a new one.")
    return found


def _parts(key: str) -> tuple[str, str]:
    """The organization and the secret of a key: the one says behind which wall to look for the other."""
    digits, _, secret = key.partition("-")
    if len(digits) != 32 or not all(sign in "0123456789abcdef" for sign in digits):
        raise LinkEnded
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}", secret
