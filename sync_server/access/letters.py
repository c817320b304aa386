"""The mails of accounts. They leave through the outbox: those of an organization through its own, those that come
before or beside any organization through that of the server itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError

from sqlalchemy.orm import Session

from shared_models.base import new_id
from sync_server.access.desk import AccountDesk
from sync_server.mail import outbox_mail

SERVER_ITSELF = "00000000-0000-0000-0000-000000000000"
"""The owner of mail that belongs to no organization: a tenant of its own behind the same wall, with nothing else."""

_PALETTE = {
    "tint": "#F3F4F0",
    "ink": "#18201D",
    "primary": "#17302A",
    "highlight": "#F3C652",
    "link": "#17614F",
    "action": "#17614F",
    "soft": "#465049",
    "line": "#DDE0D9",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail about an account: a heading, paragraphs, and mostly one thing to do, as (words, address)."""

    recipient: str
    recipient_name: str
    subject: str
    heading: str
    paragraphs: Sequence[str]
    button: tuple[str, str] | None = None
    closing: str = ""


def queue_letter(
    session: Session, desk: AccountDesk, letter: Letter, now: datetime, *, organization_id: str = SERVER_ITSELF
) -> None:
    """Put a letter into the outbox, in the transaction of what caused it; it goes out after the commit.

    `session` is one of `organization_id`. An address that no mail can be sent to is left out.
    """
    try:
        mail = outbox_mail(
            mail_id=new_id(),
            organization_id=organization_id,
            now=now,
            sender=desk.mail_sender,
            sender_name="iTutorOS",
            recipient=letter.recipient,
            recipient_name=letter.recipient_name,
            reply_to="",
            subject=letter.subject,
            template="account",
            palette=_PALETTE,
            center="iTutorOS",
            heading=letter.heading,
            paragraphs=letter.paragraphs,
            button=letter.button,
            closing=letter.closing,
        )
    except (ValueError, LookupError, MessageError):
        # Odd addresses break the making of a mail in more than one way.
        return
    session.add(mail)


def moment_words(moment: datetime) -> str:
    """An instant for people who may be in any zone, such as `November 25, 2026, 20:40 UTC`."""
    return f"{moment:%B} {moment.day}, {moment:%Y, %H:%M} UTC"
