"""What the sync is measured in: a real PostgreSQL, a server that is a process of its own, desks with encrypted
stores, and a network that may be slow."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from desktop.store.store import Store
from shared_models.access.models import Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Service, ServiceFormat, Subject
from shared_models.organization.models import Location, Organization
from shared_models.people.models import Tutor
from shared_models.schedule.models import ScheduleEntry
from sync_server.access.accounts import NewOrganization, create_organization
from sync_server.access.devices import token_hash
from sync_server.database import Database
from sync_server.embedded import EmbeddedPostgres
from sync_server.models import Device, Membership

PASSWORD = "correct horse battery"
EMAIL = "maya@hudson.example"
_START_SECONDS = 60
_FIRST_START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


class Setting:
    """A server over an empty database, and the organizations made in it; use as a context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._postgres = EmbeddedPostgres(folder / "postgres")
        self.database_url = self._postgres.owner_url
        self.database = Database(self.database_url)
        self.database.migrate()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "ITUTOROS_DATA": str(folder / "server"),
            "ITUTOROS_PORT": str(self.port),
            "ITUTOROS_WORKER": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sync_server.main", "serve"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def __enter__(self) -> Setting:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.database.close()
        self._postgres.stop()

    def _wait(self) -> None:
        until = time.monotonic() + _START_SECONDS
        while True:
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the server did not start")
            time.sleep(0.05)

    def organization(self, slug: str = "hudson") -> str:
        """A fresh organization of the same owner; its id."""
        return create_organization(
            self.database,
            NewOrganization(
                business_name=slug,
                slug=slug,
                time_zone="America/New_York",
                owner_first_name="Maya",
                owner_last_name="Torres",
                owner_email=EMAIL,
                password=PASSWORD,
                location_name="Irvington Office",
            ),
        )

    def device(self, organization_id: str) -> str:
        """The token of a device of the owner, without a sign-in."""
        token = secrets.token_urlsafe(32)
        with self.database.routing() as session:
            member = session.scalars(select(Membership).where(Membership.organization_id == organization_id)).one()
            session.add(
                Device(
                    id=new_id(),
                    organization_id=organization_id,
                    account_id=member.account_id,
                    user_id=member.user_id,
                    name="PC",
                    token_hash=token_hash(token),
                )
            )
        return token

    def small_organization(self) -> tuple[str, Parents, str]:
        """An organization with only what an entry refers to, beside those that have a catalog; its id, parents and
        the token of a device."""
        organization_id, user_id, tutor_id = new_id(), new_id(), new_id()
        parents = Parents(new_id(), new_id(), new_id(), (tutor_id,))
        own = {"organization_id": organization_id}
        with self.database.routing() as session:
            account_id = session.scalars(select(Membership.account_id)).first() or ""
            session.add(Membership(account_id=account_id, organization_id=organization_id, user_id=user_id))
        with self.database.tenant(organization_id) as session:
            session.add_all(
                [
                    Organization(**own, id=organization_id, business_name="Small", time_zone="UTC"),
                    User(**own, id=user_id, first_name="Maya", last_name="Torres", email=EMAIL),
                    UserRole(**own, id=derived_id(user_id, Role.OWNER), user_id=user_id, role=Role.OWNER),
                    Location(**own, id=parents.location_id, name="Office"),
                    Service(**own, id=parents.service_id, name="Private", format=ServiceFormat.PRIVATE),
                    Subject(**own, id=parents.subject_id, name="French"),
                    Tutor(**own, id=tutor_id, user_id=user_id),
                ]
            )
        return organization_id, parents, self.device(organization_id)

    def processor_seconds(self) -> float:
        """Processor time so far of this process, the server and PostgreSQL: what a busy machine does not change."""
        total = time.process_time() + sum(psutil.Process(self.process.pid).cpu_times()[:2])
        folder = str(self.folder / "postgres")
        for each in psutil.process_iter():
            with suppress(psutil.Error):
                if each.cwd() == folder:
                    total += sum(each.cpu_times()[:2])
        return float(total)

    def server_megabytes(self) -> float:
        """Resident memory of the server's processes."""
        main = psutil.Process(self.process.pid)
        sizes: list[int] = [each.memory_info().rss for each in (main, *main.children(recursive=True))]
        return sum(sizes) / 1e6


@dataclass(frozen=True)
class Parents:
    """What entries refer to."""

    location_id: str
    service_id: str
    subject_id: str
    tutor_ids: tuple[str, ...]


def add_parents(database: Database, organization_id: str, tutors: int = 20) -> Parents:
    """Tutors, beside the location and the catalog that every organization has."""
    own = {"organization_id": organization_id}
    with database.tenant(organization_id) as session:
        users = [new_id() for _ in range(tutors)]
        session.add_all([User(**own, id=user, first_name="T", last_name=user, email=f"{user}@x") for user in users])
        session.flush()
        made = tuple(new_id() for _ in users)
        session.add_all([Tutor(**own, id=t, user_id=user) for t, user in zip(made, users, strict=True)])
        return Parents(
            session.scalars(select(Location.id)).first() or "",
            session.scalars(select(Service.id)).first() or "",
            session.scalars(select(Subject.id)).first() or "",
            made,
        )


def entry_values(organization_id: str, parents: Parents, count: int) -> list[dict[str, Any]]:
    """So many schedule entries as Python values: a center's year, eight at a time, some with notes."""
    rows = []
    for place in range(count):
        starts = _FIRST_START + timedelta(minutes=15 * (place // 8))
        defaults = {
            column.name: column.default.arg(None) if column.default.is_callable else column.default.arg
            for column in ScheduleEntry.__table__.columns
            if column.default is not None and column.name not in ("id", "field_clocks")
        }
        rows.append(
            {
                **defaults,
                "organization_id": organization_id,
                "id": new_id(),
                "location_id": parents.location_id,
                "service_id": parents.service_id,
                "subject_id": parents.subject_id,
                "tutor_id": parents.tutor_ids[place % len(parents.tutor_ids)],
                "starts_at": starts,
                "ends_at": starts + timedelta(minutes=60),
                "blocked_until": starts + timedelta(minutes=75),
                "hourly_price_cents": (6000, 8000, 9500)[place % 3],
                "hourly_pay_cents": (2500, 3000)[place % 2],
                "notes": f"Chapter {place % 31}, problems {place % 17} to {place % 97 + 17}" if place % 5 < 2 else "",
                "web_link": f"https://meet.example/{place * 7919 % 1_000_003:06d}" if place % 4 == 0 else "",
            }
        )
    return rows


def add_entries(store: Store, parents: Parents, count: int) -> None:
    """Entries at a desk, each stamped as if a person had entered it."""
    rows = entry_values(store.organization_id, parents, count)
    for start in range(0, count, 500):
        with store.write() as session:
            store.recorder.insert_rows(session, ScheduleEntry, rows[start : start + 500])


@contextmanager
def delayed(port: int, one_way_seconds: float) -> Iterator[str]:
    """The address of a server as it is reached over a network that holds every byte back for so long."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets: list[socket.socket] = [listener]

    def carry(source: socket.socket, target: socket.socket) -> None:
        waiting: list[tuple[float, bytes]] = []
        told = threading.Condition()

        def send() -> None:
            while True:
                with told:
                    while not waiting:
                        told.wait()
                    due, data = waiting.pop(0)
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    return
                with suppress(OSError):
                    target.sendall(data)

        threading.Thread(target=send, daemon=True).start()
        data = b"-"
        while data:
            try:
                data = source.recv(1 << 18)
            except OSError:
                data = b""
            with told:
                waiting.append((time.monotonic() + one_way_seconds, data))
                told.notify()

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", port))
                for each in (near, far):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                open_sockets.extend((near, far))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for each in open_sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def median_seconds(work: Callable[[], object], times: int) -> float:
    """The median time of doing something so often."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]
