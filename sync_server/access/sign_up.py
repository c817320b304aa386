"""Organization sign-up: what a stranger wants is noted, and the organization made when the mailed link is opened."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from shared_models.base import new_id
from sync_server.access.accounts import (
    NewOrganization,
    add_organization,
    check_slug,
    decided_by_database,
    normalize_email,
    slug_is_free,
)
from sync_server.access.desk import AccountDesk
from sync_server.access.errors import LinkEnded, SignInRefused, SlugTaken, TooManyTries
from sync_server.access.letters import SERVER_ITSELF, Letter, queue_letter
from sync_server.access.models import SignUp
from sync_server.access.passwords import hash_password, password_fits
from sync_server.access.throttle import (
    ACCOUNT_FROM_NETWORK,
    LETTERS_FROM_NETWORK,
    LETTERS_TO_ACCOUNT,
    Origin,
    charge,
)
from sync_server.access.tokens import hash_of, new_secret
from sync_server.models import Account, OrganizationRoute

LINK_LASTS = timedelta(hours=24)
FIRST_LOCATION = "Main office"
_KEPT = timedelta(days=7)
_PROPOSALS = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sign-up form asks for, checked."""

    business_name: str
    slug: str
    time_zone: str
    country: str
    currency: str
    first_name: str
    last_name: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class OpenSignUp:
    """A link that can still be used. `needs_password` when another browser than the one that asked opened it."""

    email: str
    business_name: str
    slug: str
    has_account: bool
    needs_password: bool


def request_sign_up(desk: AccountDesk, wish: Wish, origin: Origin) -> str:
    """Note a wish and mail its link; returns the secret by which the browser that asked is recognized later.

    Does and says the same whether the e-mail has an account or not. Raises SlugTaken, TooManyTries, ServerBusy.
    """
    now = desk.now()
    check_slug(wish.slug)
    with desk.database.routing() as session:
        charge(session, {f"letters from {origin.network}": LETTERS_FROM_NETWORK}, now)
        if not slug_is_free(session, wish.slug):
            raise SlugTaken(f"The website address “{wish.slug}” is taken. Choose another.")
    password_hash = hash_password(wish.password)
    email, link, browser = normalize_email(wish.email), new_secret(), new_secret()
    with desk.database.tenant(SERVER_ITSELF) as session:
        session.execute(delete(SignUp).where(SignUp.expires_at < now - _KEPT))
        session.add(
            SignUp(
                link_hash=hash_of(link),
                email=email,
                first_name=wish.first_name,
                last_name=wish.last_name,
                business_name=wish.business_name,
                slug=wish.slug,
                time_zone=wish.time_zone,
                country=wish.country,
                currency=wish.currency,
                password_hash=password_hash,
                browser_hash=hash_of(browser),
                expires_at=now + LINK_LASTS,
            )
        )
        has_account = session.scalar(select(Account.id).where(Account.email == email)) is not None
        if may_mail(session, email, now):
            queue_letter(session, desk, _letter(desk, wish, email, link, has_account), now)
    return browser


def open_sign_up(desk: AccountDesk, link: str, browser: str) -> OpenSignUp:
    """What a link leads to. Raises LinkEnded."""
    with desk.database.routing() as session:
        row = _row(session, link, desk.now())
        has_account = session.scalar(select(Account.id).where(Account.email == row.email)) is not None
        return OpenSignUp(
            row.email,
            row.business_name,
            row.slug,
            has_account,
            not has_account and row.browser_hash != hash_of(browser),
        )


def confirm_sign_up(desk: AccountDesk, link: str, browser: str, *, password: str = "", slug: str = "") -> str:
    """Make the organization of a link; returns the account's id. `slug` when the wanted one was taken meanwhile.

    Opened in another browser than the one that asked, it takes the password that was typed there: so nobody can
    have another person confirm an account whose password he knows. Raises LinkEnded, SlugTaken, SignInRefused,
    TooManyTries, ServerBusy.
    """
    now = desk.now()
    found = open_sign_up(desk, link, browser)
    slug = slug or found.slug
    check_slug(slug)
    with desk.database.routing() as session:
        row = _row(session, link, now)
        if found.needs_password:
            charge(session, {f"sign-up {row.link_hash}": ACCOUNT_FROM_NETWORK}, now)
        session.expunge(row)
    if found.needs_password and not password_fits(row.password_hash, password):
        raise SignInRefused("This is not the password that was typed at sign-up.")
    organization_id = new_id()
    wanted = NewOrganization(
        business_name=row.business_name,
        slug=slug,
        time_zone=row.time_zone,
        owner_first_name=row.first_name,
        owner_last_name=row.last_name,
        owner_email=row.email,
        password="",
        location_name=FIRST_LOCATION,
        currency=row.currency,
        country=row.country,
        email_is_confirmed=True,
    )
    with decided_by_database(slug), desk.database.tenant(organization_id) as session:
        used = session.execute(
            update(SignUp)
            .where(SignUp.link_hash == row.link_hash, SignUp.used_at.is_(None), SignUp.expires_at > now)
            .values(used_at=now)
            .returning(SignUp.link_hash)
        )
        if used.first() is None:
            raise LinkEnded
        return add_organization(desk.database, session, organization_id, wanted, row.password_hash)


def proposed_slug(desk: AccountDesk, business_name: str) -> str:
    """A free website address made of the business's name; empty when nothing can be made of it."""
    plain = unicodedata.normalize("NFKD", business_name.replace("&", " and ")).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’]", "", plain.lower())).strip("-")[:50].strip("-")
    if not base:
        return ""
    wanted = [base, *(f"{base}-{number}" for number in range(2, _PROPOSALS))]
    with desk.database.routing() as session:
        taken = set(session.scalars(select(OrganizationRoute.slug).where(OrganizationRoute.slug.in_(wanted))))
    for slug in wanted:
        try:
            check_slug(slug)
        except SlugTaken:
            continue
        if slug not in taken:
            return slug
    return ""


def may_mail(session: Session, email: str, now: datetime) -> bool:
    """Count a mail to an address that a stranger typed; False when it had enough: then none is sent, silently.

    What was mailed before still works, so this keeps nobody from coming in.
    """
    try:
        with session.begin_nested():
            charge(session, {f"letters to {email}": LETTERS_TO_ACCOUNT}, now)
    except TooManyTries:
        return False
    return True


def _row(session: Session, link: str, now: datetime) -> SignUp:
    row = session.get(SignUp, hash_of(link))
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise LinkEnded("This link was used already or is too old. Sign up again: it takes two minutes.")
    return row


def _letter(desk: AccountDesk, wish: Wish, email: str, link: str, has_account: bool) -> Letter:
    words = [f"You are one click away from {wish.business_name} on iTutorOS."]
    if has_account:
        words.append(
            "This e-mail address has an account already, so the new center is added to it. Sign in with the "
            "password that you have; the one you typed just now was not kept."
        )
    words.append("The link works once, within 24 hours.")
    return Letter(
        recipient=email,
        recipient_name=f"{wish.first_name} {wish.last_name}".strip(),
        subject="Confirm your e-mail address",
        heading="Confirm your e-mail address",
        paragraphs=words,
        button=("Open my center", f"{desk.base_url}/account/confirm?key={link}"),
        closing="If you did not sign up, there is nothing to do: without the link nothing is made.",
    )
