"""Watching: a change reaches every watcher at once, across processes of the server; [S-80], [S-81]."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import create_engine, text

from shared_models.access.models import Role, UserRole
from shared_models.base import derived_id
from shared_models.leads.models import Lead
from sync_server.access.devices import revoke_device
from sync_server.database import Database
from tests.live_server import LiveServer
from tests.sync_server.sync.conftest import BareDesk, Center, make_center

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
LEAD = {"created_at": "2026-11-25T20:40:00Z", "parent_first_name": "Ana"}
SOON_SECONDS = 2.0
"""[S-80] A change reaches an idle desk in under two seconds."""


@dataclass
class Events:
    """The events of one stream, as they come in."""

    found: Queue[tuple[str, Any]] = field(default_factory=Queue)

    def next(self, wanted: str, seconds: float = 30.0) -> Any:
        """The data of the next event of this name."""
        until = time.monotonic() + seconds
        while True:
            name, data = self.found.get(timeout=max(0.01, until - time.monotonic()))
            if name == wanted:
                return data


@contextmanager
def watching(url: str, token: str) -> Iterator[Events]:
    """A device that watches; returns once the server has said the first word."""
    events, is_there = Events(), threading.Event()
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=60))
        stream = stack.enter_context(
            http.stream("GET", "/api/v1/sync/watch", headers={"Authorization": f"Bearer {token}"})
        )
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")

        def listen() -> None:
            name = ""
            with suppress(httpx.HTTPError, httpx.StreamError):
                for line in stream.iter_lines():
                    is_there.set()
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        events.found.put((name, orjson.loads(line.removeprefix("data: "))))
            events.found.put(("end", None))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        assert is_there.wait(30)
        try:
            yield events
        finally:
            # The listener waits in it: closing alone would not end that.
            with suppress(OSError):
                stream.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            listener.join(30)


@pytest.fixture
def desk(center: Center) -> BareDesk:
    desk = center.desk()
    desk.hello()
    return desk


def test_a_push_reaches_another_watcher_at_once(center: Center, desk: BareDesk) -> None:
    """[S-80]"""
    other = center.desk()
    with watching(other.url, other.token) as events:
        began = time.monotonic()
        head, _ = desk.push(desk.new("lead", **LEAD))
        assert events.next("changed") == {"last": head["to"]}
        assert time.monotonic() - began < SOON_SECONDS


def test_what_the_server_writes_itself_reaches_a_watcher(center: Center, desk: BareDesk) -> None:
    """[S-80] A lead from the website."""
    with watching(desk.url, desk.token) as events:
        with center.database.tenant(center.organization_id) as session:
            session.add(Lead(organization_id=center.organization_id, created_at=NOW, parent_first_name="Web"))
        assert events.next("changed")["last"] == desk.hello()["last_seq"]


def test_others_changes_are_not_told(center: Center, desk: BareDesk, server: LiveServer) -> None:
    other = make_center(center.database, server).desk()
    other.hello()
    with watching(other.url, other.token) as events:
        desk.push(desk.new("lead", **LEAD))
        head, _ = other.push(other.new("lead", **LEAD))
        assert events.next("changed") == {"last": head["to"]}
        assert events.found.empty()


def test_a_changed_role_is_told(center: Center, desk: BareDesk) -> None:
    """[S-62]"""
    user = center.user(Role.FRONT_DESK)
    sam = center.desk(user)
    with watching(sam.url, sam.token) as events:
        with center.database.tenant(center.organization_id) as session:
            session.add(
                UserRole(
                    organization_id=center.organization_id, id=derived_id(user, Role.ADMIN), user_id=user,
                    role=Role.ADMIN,
                )
            )  # fmt: skip
        assert events.next("scope") == {}


def test_a_revoked_device_is_let_go_at_once(center: Center, desk: BareDesk) -> None:
    """[S-90]"""
    with watching(desk.url, desk.token) as events:
        assert revoke_device(center.database, center.organization_id, desk.device_id, NOW)
        assert events.next("bye") == {}
        assert events.next("end") is None


def test_after_a_lost_connection_everybody_is_told_to_ask(center: Center, desk: BareDesk, postgres_url: str) -> None:
    """[S-81] What was said while nobody listened is lost, so that all are told."""
    owner = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with watching(desk.url, desk.token) as events, owner.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
            )
        )
        assert events.next("changed") == {"last": 0}
    owner.dispose()


def test_without_a_token_nobody_watches(server: LiveServer) -> None:
    answer = httpx.get(f"{server.url}/api/v1/sync/watch", trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")


# several processes


@contextmanager
def server_process(database_url: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server that is a process of its own, with its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "DATABASE_URL": database_url, "ITUTOROS_DATA": str(folder), "ITUTOROS_PORT": str(port),
        "ITUTOROS_WORKER": "0",
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "sync_server.main", "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            # It says so once its port is open; who calls then is answered as soon as it can.
            assert process.stdout is not None
            assert b"iTutorOS server" in process.stdout.readline()
            yield url, process
        finally:
            process.terminate()
            process.wait(30)


def test_a_change_at_one_process_reaches_watchers_of_another(
    database: Database, postgres_url: str, server: LiveServer, tmp_path: Path
) -> None:
    """[S-80] Two real processes beside this one; the one that is stopped says goodbye."""
    center = make_center(database, server)
    writer, reader = center.desk(), center.desk()
    with (
        server_process(postgres_url, tmp_path / "first") as (first, _),
        server_process(postgres_url, tmp_path / "second") as (second, ending),
        httpx.Client(
            base_url=first, headers={"Authorization": f"Bearer {writer.token}"}, trust_env=False, timeout=60
        ) as http,
        watching(second, reader.token) as events,
    ):
        writer.http.close()
        writer.http = http
        writer.hello()
        began = time.monotonic()
        head, _ = writer.push(writer.new("lead", **LEAD))
        assert events.next("changed") == {"last": head["to"]}
        assert time.monotonic() - began < SOON_SECONDS
        ending.terminate()
        assert events.next("bye") == {}
        assert events.next("end") is None
    reader.http.close()
