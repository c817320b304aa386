"""A demo center made from the sample files: its server with an embedded PostgreSQL, its website, and the store of a
desktop that is signed in to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import resources
from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.access.models import Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.exchange.apply import apply_import
from shared_models.exchange.recognize import open_file
from shared_models.exchange.report import ImportReport
from shared_models.organization.models import Organization

ROOT = Path(__file__).resolve().parent.parent
ZONE = ZoneInfo("America/New_York")
PICTURE_MOMENT = datetime(2026, 11, 25, 15, 40, tzinfo=ZONE)
"""The moment for which pictures are taken: a Wednesday afternoon before Thanksgiving."""

SLUG = "hudson"
OWNER_EMAIL = "maya@hudson.example"
OWNER_PASSWORD = "front desk demo"
HEADLINE = "One thing more than they came with."

_FIRST_DAY, _LAST_DAY = date(2026, 9, 8), date(2027, 6, 25)
_WEEKS_PER_YEAR = 52
_START_SECONDS = 60


def shift_weeks_for(today: date) -> int:
    """By how many whole weeks the sample year is moved so that `today` falls into it; 0 when it does already.

    Whole years first, so that seasons stay where they are; a day in the summer gap comes to the year's first weeks.
    """
    years = 0
    while _LAST_DAY + timedelta(weeks=_WEEKS_PER_YEAR * years) < today:
        years += 1
    while _FIRST_DAY + timedelta(weeks=_WEEKS_PER_YEAR * (years - 1)) > today:
        years -= 1
    weeks = _WEEKS_PER_YEAR * years
    while _FIRST_DAY + timedelta(weeks=weeks) > today:
        weeks -= 1
    return weeks


def import_sample(store: Store, now: datetime, shift_weeks: int = 0) -> ImportReport:
    """Bring the sample center's files into a store."""
    folder = resources.path("demo/center")
    files = [open_file(file.name, file.read_bytes()) for file in sorted(folder.iterdir())]
    with store.write() as session:
        report = apply_import(session, store.recorder, store.organization_id, files, now=now, shift_weeks=shift_weeks)
        session.get_one(Organization, (store.organization_id, store.organization_id)).headline = HEADLINE
    return report


def make_local_center(folder: Path, now: datetime, shift_weeks: int = 0) -> Store:
    """The sample center in a store without any server, with its owner Maya Torres at the desk."""
    store = Store(folder, use_keyring=False)
    organization, user = new_id(), new_id()
    store.set_local(organization_id=organization, user_id=user)
    import_sample(store, now, shift_weeks)
    with store.write() as session:
        session.add(
            User(organization_id=organization, id=user, first_name="Maya", last_name="Torres", email=OWNER_EMAIL)
        )
        role_id = derived_id(user, Role.OWNER)
        session.add(UserRole(organization_id=organization, id=role_id, user_id=user, role=Role.OWNER))
    return store


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the two heavy steps of making the center took, in seconds."""

    import_seconds: float
    first_sync_seconds: float


class DemoCenter:
    """The running demo: `start` it, use `website` and the store in `store_folder`, `stop` it."""

    def __init__(self, folder: Path, moment: datetime | None) -> None:
        self.folder = folder
        self.moment = moment
        self.store_folder = folder / "desk"
        self.mail_folder = folder / "mail"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.website = f"{self.url}/{SLUG}/"
        self._server: subprocess.Popen[bytes] | None = None
        self._log = folder / "server.log"

    def start(self) -> None:
        """Make the tenant and start its server."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._create_organization()
        self.start_server()

    def start_server(self) -> None:
        """Start the server process and wait until it answers."""
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "sync_server.main", "serve"],
                cwd=ROOT,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_for_server()

    def stop(self) -> None:
        """Stop the server, and with it its PostgreSQL."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(20)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        self._server = None

    def open_store(self, name: str = "desk") -> Store:
        """The store of one of the center's PCs, signed in and with everything fetched."""
        store = Store(self.folder / name, use_keyring=False)
        if store.secrets.read(TOKEN) is None:
            sign_in(store, self.url, OWNER_EMAIL, OWNER_PASSWORD)
        return store

    def fill(self, store: Store, now: datetime, shift_weeks: int) -> tuple[ImportReport, Timing]:
        """Import the sample files at the desk and send everything to the server."""
        began = time.perf_counter()
        report = import_sample(store, now, shift_weeks)
        imported = time.perf_counter()
        self.sync(store)
        return report, Timing(imported - began, time.perf_counter() - imported)

    def sync(self, store: Store) -> None:
        """Exchange with the server once, now."""
        token = store.secrets.read(TOKEN)
        assert token is not None
        client = SyncClient(self.url, token.value)
        try:
            exchange(store, client)
        finally:
            client.close()

    def _create_organization(self) -> None:
        words = {
            "--name": "Hudson Learning Center",
            "--slug": SLUG,
            "--location": "Irvington Office",
            "--owner-first-name": "Maya",
            "--owner-last-name": "Torres",
            "--owner-email": OWNER_EMAIL,
        }
        command = [sys.executable, "-m", "sync_server.main", "create-organization"]
        made = subprocess.run(
            [*command, *(word for pair in words.items() for word in pair)],
            cwd=ROOT,
            env=self._environment(),
            input=OWNER_PASSWORD,
            text=True,
            capture_output=True,
        )
        if made.returncode != 0:
            raise RuntimeError(f"The demo center could not be made: {made.stderr.strip()}")

    def _environment(self) -> Mapping[str, str]:
        own = {
            "ITUTOROS_DATA": str(self.folder / "server"),
            "ITUTOROS_PORT": str(self.port),
            "ITUTOROS_MAIL_FOLDER": str(self.mail_folder),
        }
        if self.moment is not None:
            own["ITUTOROS_DEMO_MOMENT"] = self.moment.isoformat()
        return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | own

    def _wait_for_server(self) -> None:
        import httpx

        assert self._server is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._server.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/health", timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise RuntimeError(f"The demo's server did not start:\n{self._log.read_text('utf-8', 'replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
