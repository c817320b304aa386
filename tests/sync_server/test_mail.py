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
from threading import Event

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
    sender = MailSender(database, SmtpTransport(smtp), lambda: NOW)
    assert sender.deliver_due([organization_id]) == 1
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
    put()
    sender = MailSender(database, SmtpTransport(smtp), lambda: NOW)
    assert sender.deliver_due([organization_id]) == 1
    assert sender.deliver_due([organization_id]) == 0
    assert len(inbox.messages) == 1


def test_several_senders_at_once_send_each_mail_once(database, organization_id, put, smtp, inbox):
    for number in range(12):
        put(f"parent{number}@example.org")
    senders = [MailSender(database, SmtpTransport(smtp), lambda: NOW) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        sent = sum(pool.map(lambda sender: sender.deliver_due([organization_id]), senders))
    assert sent == 12
    assert len({message["To"] for message in inbox.messages}) == len(inbox.messages) == 12


def test_a_busy_server_is_tried_again_later_and_longer_apart(database, organization_id, put, smtp, inbox):
    mail_id = put()
    moment = NOW
    sender = MailSender(database, SmtpTransport(smtp), lambda: moment)
    inbox.answer = "451 Come back later"
    waits = []
    for _ in range(4):
        assert sender.deliver_due([organization_id]) == 0
        kept = stored(database, organization_id, mail_id)
        assert kept.due_at is not None
        waits.append(kept.due_at - moment)
        moment = kept.due_at
    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert stored(database, organization_id, mail_id).failure == "451 Come back later"
    inbox.answer = "250 OK"
    assert sender.deliver_due([organization_id]) == 1


def test_a_mail_that_is_refused_for_good_is_kept_with_the_reason(database, organization_id, put, smtp, inbox):
    mail_id = put()
    inbox.answer = "550 No such person here"
    MailSender(database, SmtpTransport(smtp), lambda: NOW).deliver_due([organization_id])
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
        sender.deliver_due([organization_id])
        moment += timedelta(hours=7)
    kept = stored(database, organization_id, mail_id)
    assert (kept.attempts, kept.due_at, kept.failure) == (ATTEMPTS, None, "no way out")
    assert kept.failed_at is not None


def test_a_server_that_is_not_there_is_a_reason_to_try_again(database, organization_id, put):
    mail_id = put()
    nobody = MailSettings(host="127.0.0.1", port=1, uses_tls=False)
    MailSender(database, SmtpTransport(nobody), lambda: NOW).deliver_due([organization_id])
    kept = stored(database, organization_id, mail_id)
    assert kept.due_at == NOW + timedelta(minutes=1)
    assert "refused" in kept.failure


def test_one_refused_mail_does_not_hold_up_the_next(database, organization_id, put, smtp, inbox):
    class RefusesBob(SmtpTransport):
        def send(self, message: EmailMessage) -> None:
            if "bob@" in message["To"]:
                raise MailRefused("550 no Bob", is_final=True)
            super().send(message)

    put("bob@example.org")
    put("anna@example.org")
    assert MailSender(database, RefusesBob(smtp), lambda: NOW).deliver_due([organization_id]) == 1


def test_a_crash_while_sending_leaves_the_mail_to_be_sent(database, organization_id, put, smtp, inbox):
    put()

    class Crash(BaseException):
        pass

    class Crashing:
        def send(self, message: EmailMessage) -> None:
            raise Crash

    with pytest.raises(Crash):
        MailSender(database, Crashing(), lambda: NOW).deliver_due([organization_id])
    assert MailSender(database, SmtpTransport(smtp), lambda: NOW).deliver_due([organization_id]) == 1


def test_the_thread_sends_what_it_is_woken_for_and_what_an_earlier_run_left(database, organization_id, put):
    arrived: list[str] = []
    first, second = Event(), Event()

    class Noting:
        def send(self, message: EmailMessage) -> None:
            arrived.append(str(message["To"]))
            if "left@" in message["To"]:
                first.set()
            if "new@" in message["To"]:
                second.set()

    put("left@example.org")
    sender = MailSender(database, Noting(), lambda: NOW)
    sender.start()
    try:
        assert first.wait(20)
        put("new@example.org")
        sender.wake(organization_id)
        assert second.wait(20)
    finally:
        sender.stop()
    own = [to for to in arrived if "left@" in to or "new@" in to]
    assert len(own) == 2


def test_a_folder_receives_files_that_a_mail_program_opens(database, organization_id, put, tmp_path):
    mail_id = put()
    settings = MailSettings(folder=tmp_path / "mail")
    transport = transport_of(settings)
    assert isinstance(transport, FolderTransport)
    MailSender(database, transport, lambda: NOW).deliver_due([organization_id])
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
        MailSender(database, SmtpTransport(wrong, trusting), lambda: NOW).deliver_due([organization_id])
        kept = stored(database, organization_id, mail_id)
        assert kept.due_at is not None, "a wrong password is our own fault: the mail waits"
        later = NOW + timedelta(hours=1)
        assert MailSender(database, SmtpTransport(right, trusting), lambda: later).deliver_due([organization_id]) == 1
        with smtplib.SMTP("127.0.0.1", controller.port) as plain, pytest.raises(smtplib.SMTPException):
            plain.sendmail("a@b.example", ["c@d.example"], "hello")
    finally:
        controller.stop()
