"""A new password: by a mailed link for who forgot it, or by the old one. Either signs everything else out."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from sync_server.access.accounts import confirm_email, normalize_email
from sync_server.access.browsers import end_everything
from sync_server.access.desk import AccountDesk
from sync_server.access.errors import LinkEnded
from sync_server.access.letters import SERVER_ITSELF, Letter, moment_words, queue_letter
from sync_server.access.models import PasswordReset
from sync_server.access.passwords import check_password, hash_password
from sync_server.access.sign_up import may_mail
from sync_server.access.throttle import LETTERS_FROM_NETWORK, Origin, charge, forget_places
from sync_server.access.tokens import hash_of, new_secret
from sync_server.models import Account

LINK_LASTS = timedelta(hours=1)


def request_reset(desk: AccountDesk, email: str, origin: Origin) -> None:
    """Mail a link if the e-mail has an account; to the caller it looks the same if it has none.

    Links that were mailed before stay good, so that nobody can end another's by asking again. Raises TooManyTries.
    """
    now, email = desk.now(), normalize_email(email)
    with desk.database.routing() as session:
        charge(session, {f"letters from {origin.network}": LETTERS_FROM_NETWORK}, now)
    link = new_secret()
    with desk.database.tenant(SERVER_ITSELF) as session:
        session.execute(delete(PasswordReset).where(PasswordReset.expires_at < now - LINK_LASTS))
        # Counted whether there is an account or not: the same work, and the same time.
        is_allowed = may_mail(session, email, now)
        account_id = session.scalar(select(Account.id).where(Account.email == email))
        with session.begin_nested() as writing:
            # An unknown address costs the same writes, which are then taken back.
            if account_id is not None:
                reset = PasswordReset(link_hash=hash_of(link), account_id=account_id, expires_at=now + LINK_LASTS)
                session.add(reset)
            queue_letter(session, desk, _link_letter(desk, email, link), now)
            session.flush()
            if account_id is None or not is_allowed:
                writing.rollback()


def open_reset(desk: AccountDesk, link: str) -> str:
    """The e-mail whose password a link sets. Raises LinkEnded."""
    with desk.database.routing() as session:
        return _account(session, link, desk).email


def reset_password(desk: AccountDesk, link: str, password: str) -> str:
    """Set a new password with a mailed link, and sign the account out everywhere; returns the account's id.

    PCs only have to sign in again: they keep what they hold. Raises LinkEnded, AccountError for a weak password.
    """
    now = desk.now()
    with desk.database.routing() as session:
        account = _account(session, link, desk)
        account_id, email = account.id, account.email
    check_password(password, desk.password_minimum, [email])
    password_hash = hash_password(password)
    with desk.database.tenant(SERVER_ITSELF) as session:
        used = session.execute(
            update(PasswordReset)
            .where(
                PasswordReset.link_hash == hash_of(link),
                PasswordReset.used_at.is_(None),
                PasswordReset.expires_at > now,
            )
            .values(used_at=now)
            .returning(PasswordReset.link_hash)
        )
        if used.first() is None:
            raise LinkEnded
        set_password(session, desk, account_id, email, password_hash)
        confirm_email(session, account_id)
        forget_places(session, account_id)
    return account_id


def change_password(desk: AccountDesk, account_id: str, password: str, *, keep_browser: str | None) -> None:
    """Set a new password for who has just shown the old one; everything but this browser is signed out.

    Raises AccountError for a weak password.
    """
    with desk.database.routing() as session:
        email: str = session.execute(select(Account.email).where(Account.id == account_id)).scalar_one()
    check_password(password, desk.password_minimum, [email])
    password_hash = hash_password(password)
    with desk.database.tenant(SERVER_ITSELF) as session:
        set_password(session, desk, account_id, email, password_hash, keep_browser=keep_browser)


def set_password(
    session: Session,
    desk: AccountDesk,
    account_id: str,
    email: str,
    password_hash: str,
    *,
    keep_browser: str | None = None,
) -> None:
    """Keep a new password, end what the old one opened, and tell the person by mail."""
    session.execute(update(Account).where(Account.id == account_id).values(password_hash=password_hash))
    end_everything(session, account_id, keep_browser=keep_browser)
    now = desk.now()
    letter = Letter(
        recipient=email,
        recipient_name="",
        subject="Your password was changed",
        heading="Your password was changed",
        paragraphs=[
            f"This happened on {moment_words(now)}. All browsers and PCs have to sign in again with the new one."
        ],
        button=("It was not me", f"{desk.base_url}/account/reset"),
        closing="If it was you, there is nothing to do.",
    )
    queue_letter(session, desk, letter, now)


def _account(session: Session, link: str, desk: AccountDesk) -> Account:
    found = session.scalars(
        select(Account)
        .join(PasswordReset, PasswordReset.account_id == Account.id)
        .where(
            PasswordReset.link_hash == hash_of(link),
            PasswordReset.used_at.is_(None),
            PasswordReset.expires_at > desk.now(),
        )
    ).one_or_none()
    if found is None:
        raise LinkEnded
    return found


def _link_letter(desk: AccountDesk, email: str, link: str) -> Letter:
    return Letter(
        recipient=email,
        recipient_name="",
        subject="Choose a new password",
        heading="Choose a new password",
        paragraphs=["Somebody, you we hope, asked for a new password. The link works once, within an hour."],
        button=("Choose a new password", f"{desk.base_url}/account/password?key={link}"),
        closing="If you did not ask, there is nothing to do: your password stays as it is.",
    )
