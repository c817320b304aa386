"""Servers that are ended, killed and watched under load: nothing acknowledged is lost, nothing in hand is cut off."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from sqlalchemy import text

from shared_models.base import new_id
from sync_server.database import Database
from sync_server.mail_models import OutboxMail
from sync_server.operations.standing import suspend
from tests.end_to_end.processes import wait_until
from tests.live_server import make_organization
from tests.sync_server.operations.conftest import Hosted
from tests.sync_server.operations.machine import Desk, Machine, machine

MEGABYTE = 1024 * 1024


@contextmanager
def writers(desks: list[Desk]) -> Iterator[list[str]]:
    """Desks that push without a pause; gives the ids of all that was acknowledged, which grows. No error ends one."""
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(desk: Desk) -> None:
        while not enough.is_set():
            try:
                acknowledged.extend(desk.push())
            except httpx.HTTPError:
                enough.wait(0.02)

    with ThreadPoolExecutor(len(desks)) as pool:
        running = [pool.submit(write, desk) for desk in desks]
        try:
            yield acknowledged
        finally:
            enough.set()
    for one in running:
        one.result()


def stored(database: Database, organization_id: str) -> set[str]:
    with database.tenant(organization_id, read_only=True) as session:
        return set(session.scalars(text("SELECT id::text FROM closure")))


def log_lines(running: Machine) -> list[dict[str, object]]:
    return [json.loads(line) for line in running.log.read_text().splitlines() if line.startswith("{")]


def test_a_request_in_hand_is_answered_before_the_server_ends(hosted: Hosted, tmp_path: Path) -> None:
    with (
        machine(hosted, tmp_path, ITUTOROS_DRAIN_SECONDS="1") as running,
        socket.create_connection(("127.0.0.1", running.port)) as slow,
    ):
        body = json.dumps({"email": "x@y.example", "password": "nothing like it", "device_id": "0" * 36})
        slow.sendall(
            b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"X-Request-Id: slow-0001\r\nContent-Length: "
            + str(len(body)).encode()
            + b"\r\n\r\n"
            + body[:20].encode()
        )
        wait_until(lambda: running.figure("itutoros_requests_in_hand") >= 1, running.process)
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: running.status("/ready") == 503, running.process)
        assert running.status("/health") == 200, "it still answers while a load balancer looks elsewhere"
        wait_until(lambda: running.status("/health") == 0, running.process)
        slow.sendall(body[20:].encode())
        answer = b"".join(iter(lambda: slow.recv(65536), b"")).decode()
        assert answer.startswith("HTTP/1.1 422")
        assert "x-request-id: slow-0001" in answer.lower()
        assert "connection: close" in answer.lower()
        assert running.process.wait(30) == 0


def test_streams_end_with_the_server_and_do_not_hold_it_up(
    hosted: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    _, _, email = make_organization(hosted_database)
    with machine(hosted, tmp_path) as running:
        desk = Desk(running.url, email)
        with httpx.stream(
            "GET", f"{running.url}/api/v1/sync/watch", headers=desk.headers, timeout=60, trust_env=False
        ) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith(":")
            wait_until(lambda: running.figure("itutoros_streams_open") == 1, running.process)
            running.process.send_signal(signal.SIGTERM)
            rest = list(lines)
        assert "event: bye" in rest
        assert running.process.wait(10) == 0, "well before requests would be cut off"


def test_what_was_acknowledged_under_load_is_there_after_a_gentle_end(
    hosted: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(hosted_database)
    with machine(hosted, tmp_path, "--processes", "2") as running:
        with writers([Desk(running.url, email) for _ in range(4)]) as acknowledged:
            wait_until(lambda: len(acknowledged) > 40, running.process)
            assert running.terminate() == 0
        assert set(acknowledged) <= stored(hosted_database, organization_id)
        assert not [line for line in log_lines(running) if line["level"] == "error"]
    assert all(line["request_id"] for line in log_lines(running) if line["event"] == "request")


def test_a_killed_process_is_replaced_and_nothing_acknowledged_is_lost(
    hosted: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(hosted_database)
    with machine(hosted, tmp_path, "--processes", "2") as running:
        wait_until(lambda: len(running.children()) == 2, running.process)
        with writers([Desk(running.url, email) for _ in range(4)]) as acknowledged:
            for _ in range(3):
                have, victim = len(acknowledged), running.children()[0]
                wait_until(lambda have=have: len(acknowledged) > have + 15, running.process)
                victim.kill()
                wait_until(
                    lambda victim=victim: (
                        len(running.children()) == 2 and victim.pid not in [child.pid for child in running.children()]
                    ),
                    running.process,
                )
            have = len(acknowledged)
            wait_until(lambda: len(acknowledged) > have + 15, running.process)
        assert set(acknowledged) <= stored(hosted_database, organization_id)
        died = [line for line in log_lines(running) if line["event"] == "a serving process died"]
        assert len(died) == 3
        assert running.terminate() == 0


def test_processes_of_a_killed_parent_end_too(hosted: Hosted, tmp_path: Path) -> None:
    with machine(hosted, tmp_path, "--processes", "2") as running:
        wait_until(lambda: len(running.children()) == 2, running.process)
        children = running.children()
        running.process.kill()
        _, alive = psutil.wait_procs(children, timeout=60)
        assert alive == []


def test_figures_are_of_all_processes_together(hosted: Hosted, hosted_database: Database, tmp_path: Path) -> None:
    _, _, email = make_organization(hosted_database)
    with machine(hosted, tmp_path, "--processes", "2") as running:
        wait_until(lambda: len(running.children()) == 2, running.process)
        desk = Desk(running.url, email)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: desk.pull(), range(40)))
        page = httpx.get(f"http://127.0.0.1:{running.metrics_port}/metrics", timeout=30, trust_env=False).text
        counted = 'itutoros_requests_total{method="GET",route="/api/v1/sync/pull",status="200"} 40.0'
        assert counted in page
        assert page.count("itutoros_process_resident_bytes{") == 3


def test_two_servers_over_one_database_are_one_to_the_desks(
    hosted: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(hosted_database)
    with machine(hosted, tmp_path) as first, machine(hosted, tmp_path) as second:
        here, there = Desk(first.url, email), Desk(second.url, email)
        address = f"{second.url}/api/v1/sync/watch"
        with httpx.stream("GET", address, headers=there.headers, timeout=60, trust_env=False) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith(":")
            (closure,) = here.push()
            assert any(line == "event: changed" for line in lines)
        with writers([here, there, here, there]) as acknowledged:
            wait_until(lambda: len(acknowledged) > 40)
            assert first.terminate() == 0
            have = len(acknowledged)
            wait_until(lambda: len(acknowledged) > have + 10, second.process)
        assert {closure, *acknowledged} <= stored(hosted_database, organization_id)
        suspend(hosted_database, organization_id, datetime.now(UTC))
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            there.pull()


def test_a_database_that_drops_every_connection_is_taken_up_again(
    hosted: Hosted, hosted_database: Database, postgres_url: str, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(hosted_database)
    with machine(hosted, tmp_path) as running, psycopg.connect(postgres_url, autocommit=True) as superuser:
        with writers([Desk(running.url, email) for _ in range(3)]) as acknowledged:
            for _ in range(3):
                have = len(acknowledged)
                wait_until(lambda have=have: len(acknowledged) > have + 10, running.process)
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'itutoros_server'"
                )
            have = len(acknowledged)
            wait_until(lambda: len(acknowledged) > have + 10, running.process)
        assert running.status("/ready") == 200
        assert set(acknowledged) <= stored(hosted_database, organization_id)
        put(hosted_database, organization_id)
        wait_until(lambda: list((tmp_path / "mail").glob("*.eml")), running.process)
        assert running.terminate() == 0


def test_jobs_are_done_by_a_worker_of_its_own_where_servers_do_none(
    hosted: Hosted, hosted_database: Database, tmp_path: Path
) -> None:
    organization_id, _, _ = make_organization(hosted_database)
    with machine(hosted, tmp_path, ITUTOROS_WORKER="0", ITUTOROS_METRICS_PORT="0") as running:
        put(hosted_database, organization_id)
        with (tmp_path / "worker.log").open("w") as log:
            worker = subprocess.Popen(running.command("worker"), **running.surroundings, stdout=log, stderr=log)
        try:
            wait_until(lambda: list((tmp_path / "mail").glob("*.eml")))
            worker.terminate()
            assert worker.wait(30) == 0
        finally:
            worker.kill()
            worker.wait(30)


def put(database: Database, organization_id: str) -> None:
    """Put a mail into an organization's outbox."""
    mail_id, now = new_id(), datetime.now(UTC)
    message = f"Message-ID: <{mail_id}@hudson.example>\nSubject: Hello\n\nHello\n"
    with database.tenant(organization_id) as session:
        session.add(
            OutboxMail(
                organization_id=organization_id, id=mail_id, created_at=now, recipient="ana@example.org",
                subject="Hello", message=message, due_at=now, attempts=0,
            )
        )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="measured where servers run")
def test_memory_stays_flat_under_load(hosted: Hosted, hosted_database: Database, tmp_path: Path) -> None:
    emails = [make_organization(hosted_database)[2] for _ in range(4)]
    with machine(hosted, tmp_path) as running:
        desks = [Desk(running.url, email) for email in emails]

        def load(rounds: int) -> None:
            def one(desk: Desk) -> None:
                for _ in range(rounds):
                    desk.push(rows=20)
                    desk.pull()

            with ThreadPoolExecutor(len(desks)) as pool:
                list(pool.map(one, desks))

        load(15)
        process = psutil.Process(running.process.pid)
        warm = process.memory_info().rss
        load(60)
        grown = process.memory_info().rss - warm
        assert grown < 24 * MEGABYTE, f"{grown / MEGABYTE:.1f} MB more after 480 requests"
