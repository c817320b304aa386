"""A suspended organization's PCs are told so, its website is politely away, and both come back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from shared_models.base import new_id
from sync_server.app import create_app
from sync_server.database import Database
from sync_server.models import Device, OrganizationRoute
from sync_server.operations.standing import Standing, resume, suspend
from sync_server.settings import Settings
from tests.end_to_end.processes import wait_until
from tests.live_server import PASSWORD, make_organization
from tests.sync_server.operations.served import served

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_what_is_known_is_two_seconds_old_at_most(database: Database) -> None:
    clock = Clock()
    standing = Standing(database, ticks=clock)
    organization_id, slug, _ = make_organization(database)
    assert not standing.is_suspended(organization_id)
    assert suspend(database, organization_id, NOW, "unpaid")
    assert not suspend(database, organization_id, NOW)
    clock.seconds += 1.9
    assert not standing.is_suspended(organization_id)
    clock.seconds += 0.2
    assert standing.is_suspended(organization_id)
    assert standing.is_away(slug)
    assert resume(database, organization_id)
    assert not resume(database, organization_id)
    clock.seconds += 2.1
    assert not standing.is_suspended(organization_id)
    assert not standing.is_away(slug)


def test_without_the_database_the_last_word_stands(database: Database) -> None:
    clock = Clock()
    organization_id, slug, _ = make_organization(database)
    suspend(database, organization_id, NOW)
    standing = Standing(database, ticks=clock)
    assert standing.is_suspended(organization_id)
    standing._database = Database("postgresql://nobody@127.0.0.1:1/none")
    clock.seconds += 10
    assert standing.is_suspended(organization_id)
    assert standing.is_away(slug)
    never = Standing(standing._database, ticks=clock)
    assert not never.is_suspended(organization_id)
    standing._database.close()


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with served(create_app(Settings(data_folder=tmp_path, runs_worker=False), database)) as client:
        yield client


def look_again(client: httpx.Client, path: str, status: int, token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answers: list[httpx.Response] = []

    def is_so() -> bool:
        answers.append(client.get(path, headers=headers))
        return answers[-1].status_code == status

    wait_until(is_so)
    return answers[-1]


def test_a_suspended_website_says_politely_that_it_is_away(database: Database, client: httpx.Client) -> None:
    organization_id, slug, _ = make_organization(database)
    _, other, _ = make_organization(database)
    with database.routing() as session:
        session.add(OrganizationRoute(slug=f"health-{slug}", organization_id=organization_id, is_current=False))
    assert client.get(f"/{slug}/").status_code == 200
    suspend(database, organization_id, NOW)
    answer = look_again(client, f"/{slug}/", 503)
    assert answer.headers["Retry-After"] == "3600"
    assert "away for a while" in answer.text
    assert client.get(f"/health-{slug}/").status_code == 503, (
        "another address of theirs, like one of the server's own"
    )
    assert client.post(f"/{slug}/lead", data={"first_name": "Ana"}).status_code == 503
    assert client.get(f"/{other}/").status_code == 200
    resume(database, organization_id)
    look_again(client, f"/{slug}/", 200)


def test_a_suspended_organizations_pcs_are_told_in_a_sentence(database: Database, client: httpx.Client) -> None:
    organization_id, _, email = make_organization(database)
    words = {"email": email, "password": PASSWORD, "device_id": new_id(), "device_name": "x"}
    token = client.post("/api/v1/sign-in", json=words).json()["token"]
    look_again(client, "/api/v1/devices", 200, token)
    suspend(database, organization_id, NOW)
    for path in ("/api/v1/devices", "/api/v1/sync/pull"):
        answer = look_again(client, path, 403, token)
        assert answer.json()["code"] == "suspended"
        assert "stays saved on this PC" in answer.json()["detail"]
    resume(database, organization_id)
    look_again(client, "/api/v1/sync/pull", 200, token)


def test_no_pc_is_signed_in_to_a_suspended_center(database: Database, client: httpx.Client) -> None:
    organization_id, _, email = make_organization(database)
    words = {"email": email, "password": PASSWORD, "device_id": new_id(), "device_name": "x"}
    suspend(database, organization_id, NOW)
    answer = client.post("/api/v1/sign-in", json=words)
    assert (answer.status_code, answer.json()["code"]) == (403, "suspended")
    assert "Nothing of it is lost" in answer.json()["detail"]
    with database.routing() as session:
        assert session.get(Device, (words["device_id"], organization_id)) is None
    resume(database, organization_id)
    assert client.post("/api/v1/sign-in", json=words).json()["token"]
