"""A push that has to wait for too long is told so, and the desk comes again by itself ([S-21], [S-44])."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from desktop.sync.errors import Unreachable, error_of
from sync_server.database import Database
from tests.live_server import live_server
from tests.sync_server.operations.conftest import make_hosted
from tests.sync_server.operations.served import logged
from tests.sync_server.sync.conftest import BareDesk, Center, make_center

LEAD = {"created_at": "2026-11-25T20:40:00Z", "parent_first_name": "Ana"}


@pytest.fixture
def impatient(postgres_url: str, tmp_path: Path) -> Iterator[Center]:
    """A center on a database of its own, where nobody waits for longer than a fifth of a second."""
    hosted = make_hosted(postgres_url)
    with psycopg.connect(hosted.owner_url) as owner:
        (function,) = owner.execute("SELECT pg_get_functiondef('device_session'::regproc)").fetchone() or ("",)
        assert function.count("'15s'") == 1
        owner.execute(function.replace("'15s'", "'200ms'"))
    database = Database(hosted.server_url, migration_url=hosted.owner_url)
    with live_server(database, tmp_path) as server:
        yield make_center(database, server)
    database.close()


def desk_of(center: Center) -> BareDesk:
    desk = center.desk()
    desk.hello()
    return desk


def test_a_push_that_waits_for_too_long_is_told_to_come_again(impatient: Center) -> None:
    desk, other = desk_of(impatient), desk_of(impatient)
    lead = desk.new("lead", **LEAD)
    with impatient.database.tenant(impatient.organization_id) as session:
        session.connection().exec_driver_sql("SELECT 1 FROM organization_sequence FOR UPDATE")
        answer = desk.send([lead])
        assert other.pages(), "who only reads waits for nobody"
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    told = error_of(answer.status_code, answer.json(), answer.headers["Retry-After"])
    assert isinstance(told, Unreachable), "which the worker takes up again after that time"
    assert told.retry_after_seconds == 5
    head, _ = desk.push(lead)
    assert head["accepted"] == 1
    for one in (desk, other):
        one.http.close()


def test_requests_of_the_sync_are_logged_with_their_device(center: Center) -> None:
    desk = center.desk()
    with logged(requests=5) as log:
        desk.hello()
        desk.push(desk.new("lead", **LEAD))
        desk.pages()
        desk.http.get("/api/v1/sync/digests")
        desk.http.get("/api/v1/sync/digests", headers={"Authorization": "Bearer nobody's"})
    lines = [line for line in log if line["event"] == "request"]
    own = [(line["route"].rpartition("/")[2], line.get("organization_id"), line.get("device_id")) for line in lines]
    assert own[:4] == [(name, desk.organization_id, desk.device_id) for name in ("hello", "push", "pull", "digests")]
    assert own[4] == ("digests", None, None)
