"""Jobs are lost by nobody's death and have their effect once: real processes, real PostgreSQL, real SMTP."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import psycopg
import pytest
from aiosmtpd.controller import Controller
from procrastinate.periodic import PeriodicDeferrer
from sqlalchemy import text

from shared_models.base import new_id
from sync_server.access.models import SignUp
from sync_server.database import Database
from sync_server.mail_models import OutboxMail
from sync_server.operations.archive import opened_archive
from sync_server.operations.backups import BackupFolder
from sync_server.operations.jobs import JobWorker
from sync_server.operations.upkeep import run_upkeep
from tests.end_to_end.processes import ROOT, wait_until
from tests.live_server import make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


class Inbox:
    """What arrived, by subject; mails are held at the door until it is opened."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.at_the_door: Counter[str] = Counter()
        self._opened: Future[None] = Future()
        self.answer = "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        subject = str(message_from_bytes(envelope.content, policy=policy.default)["Subject"])
        self.at_the_door[subject] += 1
        # Whose connection is lost while it waits is let go of by aiosmtpd; the door stays as it is for the others.
        await asyncio.shield(asyncio.wrap_future(self._opened))
        if self.answer.startswith("250"):
            self.arrived[subject] += 1
        return self.answer

    def open(self) -> None:
        """Let in what waits, and what comes."""
        if not self._opened.done():
            self._opened.set_result(None)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp_port(inbox: Inbox) -> Iterator[int]:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    inbox.open()
    controller.stop()


@pytest.fixture
def organization_id(database: Database) -> str:
    return make_organization(database)[0]


@pytest.fixture(autouse=True)
def nothing_of_other_tests(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as owner:
        owner.execute("UPDATE outbox_mail SET due_at = NULL")
        owner.execute("DELETE FROM procrastinate_jobs")


def letter(organization_id: str, subject: str, recipient: str = "anna@example.org") -> OutboxMail:
    return OutboxMail(
        organization_id=organization_id, id=new_id(), created_at=NOW, recipient=recipient, subject=subject,
        message=f"From: a@hudson.example\nTo: {recipient}\nSubject: {subject}\n\nHello\n", due_at=NOW, attempts=0,
    )  # fmt: skip


def jobs(database: Database) -> list[tuple[str, str, int]]:
    with database.routing() as session:
        found = session.execute(text("SELECT task_name, status::text, attempts FROM procrastinate_jobs ORDER BY id"))
        return [(task, status, attempts) for task, status, attempts in found]


class Office:
    """A mail server's inbox, an organization's outbox, and workers between them."""

    def __init__(self, database: Database, url: str, inbox: Inbox, smtp_port: int, folder: Path) -> None:
        self.database = database
        self.organization_id = make_organization(database)[0]
        self.inbox = inbox
        self._worker_words = [url, str(smtp_port), "1.0"]
        self._folder = folder

    def put(self, subject: str, recipient: str = "anna@example.org") -> str:
        """Put a mail into the outbox."""
        with self.database.tenant(self.organization_id) as session:
            mail = letter(self.organization_id, subject, recipient)
            session.add(mail)
            return mail.id

    def is_settled(self) -> bool:
        """Whether no mail and no job waits."""
        with self.database.tenant(self.organization_id) as session:
            waiting = session.execute(text("SELECT count(*) FROM outbox_mail WHERE due_at IS NOT NULL")).scalar_one()
        return waiting == 0 and not jobs(self.database)

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        """A worker's process, killed at the end if it still runs."""
        command = [sys.executable, "-m", "tests.sync_server.operations.one_worker", *self._worker_words]
        with (
            (self._folder / f"worker-{new_id()}.log").open("w") as log,
            subprocess.Popen(command, cwd=ROOT, text=True, stdout=log, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def office(database: Database, postgres_url: str, inbox: Inbox, smtp_port: int, tmp_path: Path) -> Office:
    return Office(database, postgres_url, inbox, smtp_port, tmp_path)


def test_a_mail_and_its_job_commit_together_or_not_at_all(database: Database, organization_id: str) -> None:
    with pytest.raises(ZeroDivisionError), database.tenant(organization_id) as session:
        session.add(letter(organization_id, "never"))
        session.flush()
        raise ZeroDivisionError
    assert jobs(database) == []
    with database.tenant(organization_id) as session:
        session.add_all([letter(organization_id, "one"), letter(organization_id, "two")])
    assert jobs(database) == [("send_mail", "todo", 0)] * 2


def test_a_settled_mail_that_is_made_due_again_has_a_job_again(database: Database, organization_id: str) -> None:
    with database.tenant(organization_id) as session:
        mail = letter(organization_id, "again")
        session.add(mail)
        mail_id = mail.id
    with database.tenant(organization_id) as session:
        mail = session.get_one(OutboxMail, (organization_id, mail_id))
        mail.due_at, mail.failed_at = None, NOW
    with database.routing() as session:
        session.connection().execute(text("DELETE FROM procrastinate_jobs"))
    with database.tenant(organization_id) as session:
        session.get_one(OutboxMail, (organization_id, mail_id)).due_at = NOW
    assert jobs(database) == [("send_mail", "todo", 0)]


def test_a_job_holds_no_personal_data(database: Database, organization_id: str) -> None:
    with database.tenant(organization_id) as session:
        session.add(letter(organization_id, "About Zoë", "zoe@example.org"))
    with database.routing() as session:
        arguments = session.execute(text("SELECT args::text FROM procrastinate_jobs")).scalar_one()
    assert "oe" not in arguments.replace("organization_id", "")


def test_a_worker_sends_and_leaves_no_job_behind(database: Database, office: Office) -> None:
    office.inbox.open()
    office.put("left from before")
    with office.worker() as worker:
        wait_until(lambda: office.inbox.arrived["left from before"], worker)
        office.put("new")
        wait_until(lambda: office.inbox.arrived["new"], worker)
        wait_until(lambda: office.is_settled(), worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert set(office.inbox.arrived.values()) == {1}


def test_a_busy_mail_server_is_asked_again_later(database: Database, office: Office) -> None:
    office.inbox.answer = "451 Come back later"
    office.inbox.open()
    office.put("later")
    with office.worker() as worker:
        wait_until(lambda: jobs(database) == [("send_mail", "todo", 1)], worker)
    with database.routing() as session:
        wait = session.execute(text("SELECT scheduled_at - now() FROM procrastinate_jobs")).scalar_one()
    assert timedelta(seconds=20) < wait <= timedelta(minutes=1)


def test_a_killed_workers_jobs_are_done_by_another_and_each_once(database: Database, office: Office) -> None:
    for number in range(12):
        office.put(f"mail {number}")
    with office.worker() as first:
        # It has as many in hand as it may, each on its way into the mail server.
        wait_until(lambda: len(office.inbox.at_the_door) == 4, first)
        first.kill()
        first.wait(30)
    assert [status for _, status, _ in jobs(database)].count("doing") == 4
    assert not office.inbox.arrived
    with office.worker() as second, office.worker():
        office.inbox.open()
        wait_until(lambda: office.is_settled(), second)
    assert office.inbox.arrived == {f"mail {number}": 1 for number in range(12)}


def test_a_worker_that_is_ended_finishes_what_it_has_in_hand(database: Database, office: Office) -> None:
    for number in range(6):
        office.put(f"mail {number}")
    with office.worker() as worker:
        wait_until(lambda: len(office.inbox.at_the_door) == 4, worker)
        worker.send_signal(signal.SIGTERM)
        office.inbox.open()
        assert worker.wait(30) == 0
    assert len(office.inbox.arrived) == 4
    assert [status for _, status, _ in jobs(database)] == ["todo", "todo"]


def test_a_worker_that_hung_and_comes_back_does_not_send_a_second_time(database: Database, office: Office) -> None:
    office.put("slow")
    with office.worker() as hanging:
        wait_until(lambda: office.inbox.at_the_door["slow"], hanging)
        hanging.send_signal(signal.SIGSTOP)
        with office.worker() as other:
            # Taken for dead, its job is taken up; but the mail itself it still holds.
            wait_until(lambda: jobs(database) == [("send_mail", "todo", 2)], other)
            office.inbox.open()
            hanging.send_signal(signal.SIGCONT)
            wait_until(lambda: office.inbox.arrived["slow"], hanging)
            with database.tenant(office.organization_id) as session:
                wait_until(lambda: session.scalar(text("SELECT sent_at FROM outbox_mail")) or session.rollback())
            with database.routing() as session:
                session.connection().execute(text("UPDATE procrastinate_jobs SET scheduled_at = now()"))
            wait_until(lambda: office.is_settled(), other)
    assert office.inbox.arrived == {"slow": 1}


def test_a_periodic_job_is_there_once_however_many_servers_run(database: Database) -> None:
    moment = datetime(2026, 11, 25, 20, 7, 30, tzinfo=UTC).timestamp()

    async def several() -> None:
        workers = [JobWorker(database) for _ in range(5)]
        for worker in workers:
            await worker.app.open_async()
        deferrers = [PeriodicDeferrer(worker.app.periodic_registry) for worker in workers]
        await asyncio.gather(*(one.defer_jobs(list(one.get_previous_tasks(at=moment))) for one in deferrers))
        for worker in workers:
            await worker.app.close_async()

    with database.routing() as session:
        session.connection().execute(text("DELETE FROM procrastinate_periodic_defers"))
    asyncio.run(several())
    assert jobs(database) == [("upkeep", "todo", 0)]


def test_upkeep_forgets_what_is_long_paid_off_and_finds_mail_without_a_job(
    database: Database, organization_id: str
) -> None:
    with database.tenant(organization_id) as session:
        session.add(letter(organization_id, "forgotten"))
    other = make_organization(database)[0]
    for organization in (organization_id, other):
        with database.tenant(organization) as session:
            for group, age in ((1, timedelta(days=2)), (2, timedelta(minutes=1))):
                session.connection().execute(
                    text("INSERT INTO form_allowance VALUES (:organization, :group, :paid_off_at)"),
                    {"organization": organization, "group": group, "paid_off_at": NOW - age},
                )
    with database.routing() as session:
        session.connection().execute(text("DELETE FROM procrastinate_jobs"))
    counts = run_upkeep(database, NOW)
    assert (counts["form uses"], counts["forgotten mails"]) == (2, 0)
    counts = run_upkeep(database, NOW + timedelta(hours=2))
    assert (counts["form uses"], counts["forgotten mails"]) == (0, 1)
    assert run_upkeep(database, NOW + timedelta(hours=3))["forgotten mails"] == 0
    assert jobs(database) == [("send_mail", "todo", 0)]


def test_upkeep_forgets_links_that_ended_and_sign_ups_that_nobody_confirmed(database: Database) -> None:
    def sign_up(name: str, expires_at: datetime) -> SignUp:
        return SignUp(
            link_hash=name, email=f"{name}@example.org", first_name="", last_name="", business_name="", slug=name,
            time_zone="UTC", country="US", currency="USD", password_hash="", browser_hash="", expires_at=expires_at,
        )  # fmt: skip

    with database.routing() as session:
        session.add_all([sign_up("old", NOW - timedelta(days=8)), sign_up("fresh", NOW - timedelta(days=1))])
    run_upkeep(database, NOW)
    with database.routing() as session:
        assert session.scalars(text("SELECT link_hash FROM sign_up WHERE link_hash IN ('old', 'fresh')")).all() == [
            "fresh"
        ]


def test_backups_are_made_once_a_day_for_each_center_and_old_ones_cleared(
    database: Database, organization_id: str, tmp_path: Path
) -> None:
    folder = BackupFolder(tmp_path / "backups", days=3)
    assert organization_id in folder.due(database, "2026-11-20")
    for day in ("2026-11-10", "2026-11-18", "2026-11-20"):
        folder.back_up(database, organization_id, day)
    target = folder.path_of(organization_id, "2026-11-20")
    made = target.stat().st_mtime_ns
    folder.back_up(database, organization_id, "2026-11-20")
    assert target.stat().st_mtime_ns == made, "a second run of the job changes nothing"
    assert organization_id not in folder.due(database, "2026-11-20")
    with opened_archive(target) as (manifest, _):
        assert manifest.organization_id == organization_id
    assert folder.clear_old() == 1
    assert sorted(path.name for path in target.parent.iterdir()) == ["2026-11-18.itutoros", "2026-11-20.itutoros"]


def test_the_nightly_job_puts_one_job_for_each_center_into_the_queue(
    database: Database, organization_id: str, tmp_path: Path
) -> None:
    worker = JobWorker(database, backups=BackupFolder(tmp_path, days=3))
    moment = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
    worker.app.tasks["back_up_all"](timestamp=int(moment.timestamp()))
    with database.routing() as session:
        arguments = session.scalars(text("SELECT args FROM procrastinate_jobs WHERE task_name = 'back_up'")).all()
    assert {"organization_id": organization_id, "day": "2026-11-25"} in arguments
    assert len({one["organization_id"] for one in arguments}) == len(arguments)
    worker.app.tasks["back_up"](organization_id=organization_id, day="2026-11-25")
    assert (tmp_path / organization_id / "2026-11-25.itutoros").exists()
