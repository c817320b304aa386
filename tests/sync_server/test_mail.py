"""Mail leaves the outbox once: over real SMTP, into a folder, again after a failure, and never twice."""

from __future__ import annotations

import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from shared_models.base import new_id
from sync_server.database import Database
from sync_server.mail import (
    ATTEMPTS,
    FolderTransport,
    MailRefused,
    MailSender,
    SmtpTransport,
    outbox_mail,
    transport_of,
)
from sync_server.mail_models import OutboxMail
from sync_server.models import OrganizationRoute
from sync_server.settings import MailSettings
from sync_server.website.palette import palette_for

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


class Inbox:
    """What an SMTP server received, and how it answers."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answer = "250 Message accepted"

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
        return self.answer


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp(inbox: Inbox) -> Iterator[MailSettings]:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield MailSettings(host="127.0.0.1", port=controller.port, uses_tls=False)
    controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that nobody else trusts, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    paths = (str(folder / "certificate.pem"), str(folder / "key.pem"))
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
        f"-out {paths[0]} -keyout {paths[1]}".split(),
        check=True,
        capture_output=True,
    )
    return paths


@pytest.fixture
def organization_id(database: Database) -> str:
    organization_id = new_id()
    with database.routing() as session:
        session.add(OrganizationRoute(slug=f"mail-{organization_id}", organization_id=organization_id))
    return organization_id


@pytest.fixture
def put(database: Database, organization_id: str) -> Callable[..., str]:
    """Puts a mail into the outbox."""

    def put(recipient: str = "anna@example.org") -> str:
        with database.tenant(organization_id) as session:
            mail = letter(organization_id, recipient)
            session.add(mail)
            return mail.id

    return put


def letter(organization_id: str, recipient: str) -> OutboxMail:
    return outbox_mail(
        mail_id=new_id(),
        organization_id=organization_id,
        now=NOW,
        sender="iTutorOS <no-reply@itutoros.example>",
        sender_name="Łódź Learning, Inc.",
        recipient=recipient,
        recipient_name="Małgorzata 王",
        reply_to="hello@hudson.example",
        subject="We have your message – Łódź",
        template="lead_confirmation",
        palette=palette_for("hudson"),
        center="Łódź Learning, Inc.",
        first_name="Małgorzata",
        facts=[("Child", "Zoë")],
        phone="(914) 555-0100",
        phone_link="9145550100",
        offices=(),
        site_url="https://example.com/hudson/",
    )


def stored(database: Database, organization_id: str, mail_id: str) -> OutboxMail:
    with database.tenant(organization_id) as session:
        return session.get_one(OutboxMail, (organization_id, mail_id))


def test_a_mail_goes_out_over_smtp_with_every_name_intact(database, organization_id, put, smtp, inbox):
    mail_id = put()
    assert MailSender(database, SmtpTransport(smtp), lambda: NOW).deliver(organization_id, mail_id) is None
    (message,) = inbox.messages
    assert message["From"] == '"Łódź Learning, Inc." <no-reply@itutoros.example>'
    assert message["To"] == "Małgorzata 王 <anna@example.org>"
    assert message["Subject"] == "We have your message – Łódź"
    assert message["Message-ID"] == f"<{mail_id}@itutoros.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Thank you, Małgorzata." in message.get_body(("plain",)).get_content()
    assert "Child</td>" in message.get_body(("html",)).get_content()
    kept = stored(database, organization_id, mail_id)
    assert (kept.sent_at, kept.due_at, kept.failure, kept.message) == (NOW, None, "", "")


def test_a_sent_mail_is_not_sent_again(database, organization_id, put, smtp, inbox):
    mail_id = put()
    sender = MailSender(database, SmtpTransport(smtp), lambda: NOW)
    assert sender.deliver(organization_id, mail_id) is None
    assert sender.deliver(organization_id, mail_id) is None
    assert len(inbox.messages) == 1


def test_several_senders_at_once_send_a_mail_once(database, organization_id, put, smtp, inbox):
    mail_id = put()
    sender = MailSender(database, SmtpTransport(smtp), lambda: NOW)
    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(lambda _: sender.deliver(organization_id, mail_id), range(4)))
    assert len(inbox.messages) == 1
    assert set(waits) <= {None, timedelta(minutes=1)}, "who comes second looks again later"
    assert sender.deliver(organization_id, mail_id) is None
    assert len(inbox.messages) == 1


def test_a_busy_server_is_tried_again_later_and_longer_apart(database, organization_id, put, smtp, inbox):
    mail_id = put()
    moment = NOW
    sender = MailSender(database, SmtpTransport(smtp), lambda: moment)
    inbox.answer = "451 Come back later"
    waits = []
    for _ in range(4):
        wait = sender.deliver(organization_id, mail_id)
        kept = stored(database, organization_id, mail_id)
        assert wait is not None
        assert kept.due_at == moment + wait
        waits.append(wait)
        moment = kept.due_at
    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert stored(database, organization_id, mail_id).failure == "451 Come back later"
    inbox.answer = "250 OK"
    assert sender.deliver(organization_id, mail_id) is None
    assert len(inbox.messages) == 1


def test_a_mail_that_is_refused_for_good_is_kept_with_the_reason(database, organization_id, put, smtp, inbox):
    mail_id = put()
    inbox.answer = "550 No such person here"
    assert MailSender(database, SmtpTransport(smtp), lambda: NOW).deliver(organization_id, mail_id) is None
    kept = stored(database, organization_id, mail_id)
    assert (kept.failed_at, kept.due_at, kept.sent_at) == (NOW, None, None)
    assert kept.failure == "550 No such person here"
    assert kept.message, "so that it can be sent again"


def test_a_mail_is_given_up_after_the_last_attempt(database, organization_id, put):
    mail_id = put()
    moment = NOW

    class Broken:
        def send(self, message: EmailMessage) -> None:
            raise MailRefused("no way out")

    sender = MailSender(database, Broken(), lambda: moment)
    for _ in range(ATTEMPTS):
        sender.deliver(organization_id, mail_id)
        moment += timedelta(hours=7)
    kept = stored(database, organization_id, mail_id)
    assert (kept.attempts, kept.due_at, kept.failure) == (ATTEMPTS, None, "no way out")
    assert kept.failed_at is not None


def test_a_server_that_is_not_there_is_a_reason_to_try_again(database, organization_id, put):
    mail_id = put()
    nobody = MailSettings(host="127.0.0.1", port=1, uses_tls=False)
    MailSender(database, SmtpTransport(nobody), lambda: NOW).deliver(organization_id, mail_id)
    kept = stored(database, organization_id, mail_id)
    assert kept.due_at == NOW + timedelta(minutes=1)
    assert "refused" in kept.failure


def test_a_crash_while_sending_leaves_the_mail_to_be_sent(database, organization_id, put, smtp, inbox):
    mail_id = put()

    class Crash(BaseException):
        pass

    class Crashing:
        def send(self, message: EmailMessage) -> None:
            raise Crash

    with pytest.raises(Crash):
        MailSender(database, Crashing(), lambda: NOW).deliver(organization_id, mail_id)
    assert MailSender(database, SmtpTransport(smtp), lambda: NOW).deliver(organization_id, mail_id) is None
    assert len(inbox.messages) == 1


def test_a_folder_receives_files_that_a_mail_program_opens(database, organization_id, put, tmp_path):
    mail_id = put()
    settings = MailSettings(folder=tmp_path / "mail")
    transport = transport_of(settings)
    assert isinstance(transport, FolderTransport)
    MailSender(database, transport, lambda: NOW).deliver(organization_id, mail_id)
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == f"{mail_id}.eml"
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert message["To"] == "Małgorzata 王 <anna@example.org>"


def test_without_a_way_out_there_is_no_transport():
    assert transport_of(MailSettings()) is None
    assert isinstance(transport_of(MailSettings(host="mail.example")), SmtpTransport)


def test_login_and_encryption_are_used_when_set(database, organization_id, put, inbox, certificate):
    def check(server, session, envelope, mechanism, login) -> AuthResult:
        assert isinstance(login, LoginPassword)
        is_right = (login.login, login.password) == (b"center", b"secret")
        return AuthResult(success=is_right, handled=False)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=check,
        auth_required=True,
    )
    controller.start()
    try:
        trusting = ssl.create_default_context(cafile=certificate[0])
        right = MailSettings(host="127.0.0.1", port=controller.port, user="center", password="secret")
        wrong = MailSettings(host="127.0.0.1", port=controller.port, user="center", password="guess")
        mail_id = put()
        MailSender(database, SmtpTransport(wrong, trusting), lambda: NOW).deliver(organization_id, mail_id)
        kept = stored(database, organization_id, mail_id)
        assert kept.due_at is not None, "a wrong password is our own fault: the mail waits"
        later = NOW + timedelta(hours=1)
        sender = MailSender(database, SmtpTransport(right, trusting), lambda: later)
        assert sender.deliver(organization_id, mail_id) is None
        assert len(inbox.messages) == 1
        with smtplib.SMTP("127.0.0.1", controller.port) as plain, pytest.raises(smtplib.SMTPException):
            plain.sendmail("a@b.example", ["c@d.example"], "hello")
    finally:
        controller.stop()
