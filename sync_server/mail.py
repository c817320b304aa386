"""Sends what lies in the outbox: over SMTP or into a folder, each mail once, failures tried again and kept."""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Callable, Iterable
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
from sync_server.models import OrganizationRoute
from sync_server.settings import MailSettings

ATTEMPTS = 12
"""After so many failures, a little over a day, a mail is given up."""

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=6)
_SWEEP_SECONDS = 30.0
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
    """The thread that empties the outbox. Several servers may run one each: a mail is locked while it is tried."""

    def __init__(
        self,
        database: Database,
        transport: MailTransport,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._transport = transport
        self._now = now
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mail sender", daemon=True)

    def start(self) -> None:
        """Begin sending, with what an earlier run has left."""
        self._thread.start()

    def stop(self) -> None:
        """End after the mail in hand, if any; the rest waits in the outbox."""
        self._is_stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(_TIMEOUT_SECONDS)

    def wake(self, organization_id: str) -> None:
        """Say that an organization has new mail, after its commit; returns at once."""
        with self._lock:
            self._waiting.add(organization_id)
        self._woken.set()

    def deliver_due(self, organization_ids: Iterable[str] | None = None) -> int:
        """Try every mail that is due, of all organizations or of these; returns how many were sent."""
        if organization_ids is None:
            with self._database.routing() as session:
                organization_ids = session.scalars(select(OrganizationRoute.organization_id).distinct()).all()
        sent = 0
        for organization_id in organization_ids:
            while not self._is_stopping.is_set():
                outcome = self._deliver_one(organization_id)
                if outcome is None:
                    break
                sent += outcome
        return sent

    def _run(self) -> None:
        due: Iterable[str] | None = None
        while not self._is_stopping.is_set():
            try:
                self.deliver_due(due)
            except Exception:
                # The database is away, or a mail cannot even be read: the next sweep tries again.
                _log.exception("mail could not be delivered")
            was_woken = self._woken.wait(_SWEEP_SECONDS)
            with self._lock:
                due = self._waiting if was_woken else None
                self._waiting = set()
                self._woken.clear()

    def _deliver_one(self, organization_id: str) -> bool | None:
        """Try the mail that has waited longest; whether it was sent, None when there was none."""
        now = self._now()
        with self._database.tenant(organization_id) as session:
            mail = session.scalars(
                select(OutboxMail)
                .where(OutboxMail.organization_id == organization_id, OutboxMail.due_at <= now)
                .order_by(OutboxMail.due_at, OutboxMail.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if mail is None:
                return None
            mail.attempts += 1
            try:
                self._transport.send(message_from_string(mail.message, policy=policy.default))
            except MailRefused as refusal:
                _keep_failure(mail, refusal, now)
                _log.warning("mail refused", mail_id=mail.id, attempts=mail.attempts, is_final=mail.due_at is None)
                return False
            mail.sent_at, mail.due_at, mail.failure, mail.message = now, None, "", ""
            return True


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
    """A mail ready for the outbox, as text and HTML from `resources/mail/<template>.txt` and `.html`.

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


def _keep_failure(mail: OutboxMail, refusal: MailRefused, now: datetime) -> None:
    mail.failure = str(refusal)[:_REASON_LENGTH]
    if refusal.is_final or mail.attempts >= ATTEMPTS:
        mail.failed_at, mail.due_at = now, None
    else:
        mail.due_at = now + min(_FIRST_WAIT * 2 ** (mail.attempts - 1), _LONGEST_WAIT)


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
