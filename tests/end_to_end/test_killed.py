"""Kill -9: real desks and real server processes ended at random moments while they work. What was said to be saved is
there, what was said to be sent is at the server, once, and in the end everybody has the same."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select, text

from desktop.store.store import Store
from desktop.sync.client import SyncClient, SyncError
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.base import new_id
from shared_models.leads.models import Lead
from sync_server.database import Database
from sync_server.models import AuditEntry
from tests.end_to_end.processes import ROOT, rows_of, wait_until
from tests.live_server import PASSWORD, live_server, make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
ROUNDS = 3


class Desk:
    """A desk at work in a process of its own, and what it has said so far."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.desk_at_work", str(folder)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ),
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())

    def kill_after(self, lines: int) -> list[str]:
        """Let it say that much, pull the plug, and return all that was heard."""
        try:
            wait_until(lambda: len(self.said) >= lines, self.process)
        finally:
            self.process.kill()
            self.process.wait(60)
            self._reader.join(60)
            assert self.process.stdout is not None
            self.process.stdout.close()
        # A line that was cut off in the middle was not said.
        return self.said


def fresh_store(folder: Path) -> None:
    """A store of a center that has no server."""
    store = Store(folder, use_keyring=False)
    store.set_local(organization_id=new_id())
    store.close()


def check_sound(store: Store) -> None:
    """The file is whole."""
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert connection.execute(text("PRAGMA cipher_integrity_check")).all() == []
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def check_said(store: Store, said: list[str]) -> set[str]:
    """Everything that was said to be saved is there; returns the ids."""
    with store.read() as session:
        phones = {lead_id: phone for lead_id, phone in session.execute(select(Lead.id, Lead.phone))}  # noqa: C416
    saved = {line.split()[1] for line in said if line.startswith("saved ") and len(line) == 42}
    assert saved <= phones.keys()
    for line in said:
        match line.split():
            case ["called", lead_id, phone] if len(phone) == 12:
                assert phones[lead_id] == phone
    return saved


def test_what_a_killed_desk_said_to_be_saved_is_there(tmp_path: Path) -> None:
    fresh_store(tmp_path)
    draw = random.Random()
    told: list[str] = []
    for _ in range(ROUNDS):
        told += Desk(tmp_path).kill_after(draw.randint(5, 120))
        store = Store(tmp_path, use_keyring=False)
        check_sound(store)
        check_said(store, told)
        store.close()
    assert len(told) > ROUNDS * 5


def test_a_desk_killed_while_it_syncs_loses_nothing_and_doubles_nothing(database: Database, tmp_path: Path) -> None:
    organization_id, _, email = make_organization(database)
    draw = random.Random()
    with live_server(database, tmp_path / "server") as server:
        at_work, looking = (Store(tmp_path / name, use_keyring=False) for name in ("at-work", "looking"))
        sign_in(at_work, server.url, email, PASSWORD)
        sign_in(looking, server.url, email, PASSWORD)
        at_work.close()
        told: list[str] = []
        for _ in range(ROUNDS):
            told += Desk(tmp_path / "at-work").kill_after(draw.randint(10, 150))
            sent = {line.split()[1] for line in told if line.startswith("sent ") and len(line) == 41}
            with database.tenant(organization_id, read_only=True) as session:
                assert sent <= set(session.scalars(select(Lead.id)))
        at_work = Store(tmp_path / "at-work", use_keyring=False)
        check_sound(at_work)
        saved = check_said(at_work, told)
        for store in (at_work, looking, at_work):
            sync(store, server.url)
        assert at_work.unsent_count() == at_work.attention_count() == 0
        assert rows_of(at_work) == rows_of(looking)
        at_work.close()
        looking.close()
    check_audit(database, organization_id, saved)


class Server:
    """`itutoros-server serve` over the tests' PostgreSQL, which outlives it."""

    def __init__(self, database_url: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder, self._database_url = folder, database_url
        folder.mkdir(exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and wait until it answers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ITUTOROS_", "DATABASE_"))}
        with (self._folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sync_server.main", "serve"], cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
                env=kept | {
                    "DATABASE_URL": self._database_url,
                    "ITUTOROS_DATA": str(self._folder),
                    "ITUTOROS_PORT": str(self.port),
                    "ITUTOROS_MAIL_FOLDER": str(self._folder / "mail"),
                },
            )  # fmt: skip
        wait_until(self._answers)

    def kill(self) -> None:
        """Kill -9, and its children with it."""
        assert self.process is not None
        family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for process in family:
            process.kill()
        self.process.wait(60)

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture
def server(postgres_url: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(postgres_url, tmp_path / "server")
    server.start()
    yield server
    server.kill()


def test_a_server_killed_while_desks_push_takes_everything_once(
    server: Server, database: Database, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(database)
    stores = [Store(tmp_path / f"desk{number}", use_keyring=False) for number in range(2)]
    for store in stores:
        sign_in(store, server.url, email, PASSWORD)
    stopping = threading.Event()
    working = [threading.Thread(target=work, args=(store, server.url, stopping)) for store in stores]
    for thread in working:
        thread.start()
    draw = random.Random()
    for _ in range(2):
        enough = made_so_far() + draw.randint(20, 400)
        wait_until(lambda: made_so_far() >= enough)  # noqa: B023 - asked at once
        server.kill()
        server.start()
    stopping.set()
    for thread in working:
        thread.join(60)
    for store in (*stores, *stores):
        sync(store, server.url)
    assert [store.unsent_count() for store in stores] == [0, 0]
    assert rows_of(stores[0]) == rows_of(stores[1])
    with database.tenant(organization_id, read_only=True) as session:
        arrived = set(session.scalars(select(Lead.id)))
    assert arrived == {lead for leads in _MADE.values() for lead in leads}
    check_audit(database, organization_id, arrived)
    for store in stores:
        store.close()


_MADE: dict[str, list[str]] = {}


def made_so_far() -> int:
    """How many leads the desks have saved."""
    return sum(map(len, _MADE.values()))


def work(store: Store, url: str, stopping: threading.Event) -> None:
    """Save and push until told to stop, whether or not the server is there."""
    token = store.secrets.read(TOKEN)
    assert token is not None
    client = SyncClient(url, token.value)
    made = _MADE.setdefault(str(store.folder), [])
    while not stopping.is_set():
        with store.write("New leads") as session:
            leads = [Lead(organization_id=store.organization_id, id=new_id(), created_at=NOW) for _ in range(20)]
            session.add_all(leads)
            made += [lead.id for lead in leads]
        try:
            exchange(store, client)
        except SyncError:
            stopping.wait(0.02)
    client.close()


def sync(store: Store, url: str) -> None:
    """One exchange."""
    token = store.secrets.read(TOKEN)
    assert token is not None
    client = SyncClient(url, token.value)
    exchange(store, client)
    client.close()


def check_audit(database: Database, organization_id: str, leads: set[str]) -> None:
    """The history says of each lead once that it was made, whatever was sent how often."""
    with database.tenant(organization_id, read_only=True) as session:
        made = dict(
            session.execute(
                select(AuditEntry.row_id, func.count())
                .where(AuditEntry.table_name == "lead", AuditEntry.action == "created")
                .group_by(AuditEntry.row_id)
            ).all()
        )
    assert {lead: made.get(lead) for lead in leads} == dict.fromkeys(leads, 1)
