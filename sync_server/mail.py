"""Sends what lies in the outbox: over SMTP or into a folder, each mail once, failures tried again and kept. When a
mail is tried is the business of the jobs (sync_server/operations/jobs.py)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select

from resources import path
from sync_server.database import Database
from sync_server.mail_models import OutboxMail
from sync_server.operations.metrics import MAILS
from sync_server.settings import MailSettings

ATTEMPTS = 12
"""After so many failures, a little over a day, a mail is given up."""

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=6)
_BUSY_WAIT = timedelta(minutes=1)
_TIMEOUT_SECONDS = 30.0
_REASON_LENGTH = 500

_log = structlog.get_logger(__name__)


class MailRefused(Exception):
    """A mail could not be handed over; `is_final` when trying again would not help."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class MailTransport(Protocol):
    """A way out for mail."""

    def send(self, message: EmailMessage) -> None:
        """Hand the mail over, or raise MailRefused."""


class SmtpTransport:
    """Hands each mail to an SMTP server: TLS from the start on port 465, otherwise STARTTLS unless TLS is off."""

    def __init__(self, settings: MailSettings, context: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._context = context or ssl.create_default_context()

    def send(self, message: EmailMessage) -> None:
        """Hand the mail over, or raise MailRefused with the server's words."""
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refusal:
            code, words = next(iter(refusal.recipients.values()))
            raise MailRefused(f"{code} {_text(words)}", is_final=code >= 500) from refusal
        except smtplib.SMTPDataError as refusal:
            reason = f"{refusal.smtp_code} {_text(refusal.smtp_error)}"
            raise MailRefused(reason, is_final=refusal.smtp_code >= 500) from refusal
        except smtplib.SMTPNotSupportedError as refusal:
            raise MailRefused(str(refusal), is_final=True) from refusal
        except smtplib.SMTPResponseException as refusal:
            raise MailRefused(f"{refusal.smtp_code} {_text(refusal.smtp_error)}") from refusal
        except (OSError, smtplib.SMTPException) as failure:
            raise MailRefused(str(failure) or type(failure).__name__) from failure

    def greet(self) -> None:
        """Connect and sign in as for a mail, but send none; raises OSError or SMTPException."""
        with self._connected() as server:
            server.noop()

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        server: smtplib.SMTP
        if settings.uses_tls and settings.port == smtplib.SMTP_SSL_PORT:
            server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=_TIMEOUT_SECONDS, context=self._context)
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT_SECONDS)
        try:
            if settings.uses_tls and settings.port != smtplib.SMTP_SSL_PORT:
                server.starttls(context=self._context)
            if settings.user:
                server.login(settings.user, settings.password)
        except BaseException:
            server.close()
            raise
        return server


class FolderTransport:
    """Writes each mail as an `.eml` file, which any mail program opens: for a demo and for trying things out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write the file under the mail's own id, so that sending twice leaves one file."""
        name = message["Message-ID"].strip("<>").partition("@")[0]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = self._folder / f".{name}.part"
            unfinished.write_bytes(message.as_bytes(policy=policy.SMTP))
            unfinished.replace(self._folder / f"{name}.eml")
        except OSError as failure:
            raise MailRefused(str(failure)) from failure


class MailSender:
    """Sends one mail of the outbox at a time. A mail is locked while it is tried, so that of several at once, here or
    on other servers, one sends it."""

    def __init__(
        self,
        database: Database,
        transport: MailTransport,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._transport = transport
        self._now = now

    def deliver(self, organization_id: str, mail_id: str) -> timedelta | None:
        """Try a mail unless it is settled; returns after how long to try it again, None when it is settled."""
        with self._database.tenant(organization_id) as session:
            mail = session.scalars(
                select(OutboxMail)
                .where(OutboxMail.organization_id == organization_id, OutboxMail.id == mail_id)
                .with_for_update(skip_locked=True)
            ).first()
            if mail is None:
                # Another has it in hand, and may yet die over it.
                return _BUSY_WAIT if session.get(OutboxMail, (organization_id, mail_id)) is not None else None
            if mail.due_at is None:
                return None
            mail.attempts += 1
            now = self._now()
            try:
                self._transport.send(message_from_string(mail.message, policy=policy.default))
            except MailRefused as refusal:
                wait = _keep_failure(mail, refusal, now)
                _log.warning("mail refused", mail_id=mail.id, attempts=mail.attempts, is_final=wait is None)
                MAILS.labels("refused" if wait is None else "again").inc()
                return wait
            mail.sent_at, mail.due_at, mail.failure, mail.message = now, None, "", ""
        MAILS.labels("sent").inc()
        return None


def transport_of(settings: MailSettings) -> MailTransport | None:
    """The way out that the settings name: the folder, else the SMTP server, else none (mail then waits)."""
    if settings.folder is not None:
        return FolderTransport(settings.folder)
    return SmtpTransport(settings) if settings.host else None


def outbox_mail(
    *,
    mail_id: str,
    organization_id: str,
    now: datetime,
    sender: str,
    sender_name: str,
    recipient: str,
    recipient_name: str,
    reply_to: str,
    subject: str,
    template: str,
    **context: Any,
) -> OutboxMail:
    """A mail ready for the outbox, as text and HTML from `resources/mail/<template>.txt` and `.html`: added to a
    session of its organization, it goes out after the commit.

    It comes from the server's own address under the organization's name; answers go to `reply_to` (product §8).
    Raises ValueError when an address cannot stand in a mail.
    """
    address = parseaddr(sender)[1]
    domain = address.rpartition("@")[2] or "localhost"
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = Address(display_name=sender_name, addr_spec=address)
    message["To"] = Address(display_name=recipient_name, addr_spec=recipient)
    if reply_to:
        message["Reply-To"] = Address(addr_spec=reply_to)
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    words = {"subject": subject, **context}
    message.set_content(_environment().get_template(f"{template}.txt").render(words))
    message.add_alternative(_environment().get_template(f"{template}.html").render(words), subtype="html")
    return OutboxMail(
        organization_id=organization_id,
        id=mail_id,
        created_at=now,
        recipient=recipient,
        subject=subject,
        message=message.as_bytes().decode("utf-8", "surrogateescape"),
        due_at=now,
        attempts=0,
    )


def _keep_failure(mail: OutboxMail, refusal: MailRefused, now: datetime) -> timedelta | None:
    mail.failure = str(refusal)[:_REASON_LENGTH]
    if refusal.is_final or mail.attempts >= ATTEMPTS:
        mail.failed_at, mail.due_at = now, None
        return None
    wait: timedelta = min(_FIRST_WAIT * 2 ** (mail.attempts - 1), _LONGEST_WAIT)
    mail.due_at = now + wait
    return wait


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(path("mail")),
        autoescape=lambda name: bool(name) and str(name).endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
