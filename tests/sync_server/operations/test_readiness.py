"""/health lives as long as the process; /ready says whether requests are welcome, and why not; figures are not
public."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from sync_server.app import create_app
from sync_server.database import Database
from sync_server.operations import readiness
from sync_server.operations.draining import Draining
from sync_server.operations.metrics import metrics_port
from sync_server.operations.readiness import Readiness, known_revisions, schema_fits
from sync_server.settings import Settings
from tests.live_server import LiveServer, live_server
from tests.sync_server.operations.served import served


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture
def asking(postgres_url: str) -> Iterator[Callable[..., Readiness]]:
    made: list[Readiness] = []

    def asking(url: str = postgres_url, draining: Draining | None = None) -> Readiness:
        moments = iter(range(0, 10_000, 10))
        made.append(Readiness(url, draining or Draining(), ticks=lambda: float(next(moments))))
        return made[-1]

    yield asking
    for one in made:
        one.close()


def test_a_server_over_a_migrated_database_is_ready(server: LiveServer) -> None:
    answer = httpx.get(f"{server.url}/ready", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reason": ""})


def test_without_its_database_a_server_lives_but_is_not_ready(asking: Callable[..., Readiness]) -> None:
    found = asking("postgresql://nobody@127.0.0.1:1/none").now()
    assert (found.is_ready, found.reason) == (False, "the database cannot be reached")


def test_a_connection_that_the_database_closed_is_no_reason(
    asking: Callable[..., Readiness], postgres_url: str
) -> None:
    one = asking()
    assert one.now().is_ready
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'SELECT version_num%alembic_version' AND pid <> pg_backend_pid()"
        )
    assert one.now().is_ready


def test_a_server_that_ends_is_not_ready(asking: Callable[..., Readiness]) -> None:
    draining = Draining()
    one = asking(draining=draining)
    assert one.now().is_ready
    draining.begin()
    assert (one.now().is_ready, one.now().reason) == (False, "the server is ending")


def test_who_asks_after_the_end_opens_no_connection_again(postgres_url: str) -> None:
    one = Readiness(postgres_url, Draining())
    assert one.now().is_ready
    one.close()
    assert (one.now().is_ready, one.now().reason) == (False, "the server is ending")


def test_the_database_is_asked_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(readiness.psycopg, "connect", lambda *_, **__: asked.append(1) or _refuse())
    moments = iter([0.0, 0.0, 0.5, 0.9, 1.5, 1.5])
    one = Readiness("postgresql://", Draining(), ticks=lambda: next(moments))
    for _ in range(3):
        one.now()
    assert len(asked) == 2, "one question, tried twice"


def _refuse() -> None:
    raise psycopg.OperationalError("refused")


def test_a_schema_fits_when_it_is_the_codes_or_newer() -> None:
    newest, *older = known_revisions()
    assert schema_fits(newest)
    assert schema_fits("9999")
    assert not any(schema_fits(revision) for revision in ("", *older))


def test_figures_are_for_who_shows_the_token(database: Database, tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path, metrics_token="a token of twenty letters", runs_worker=False)
    with served(create_app(settings, database)) as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 404
        client.get("/health")
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {settings.metrics_token}"})
    assert answer.status_code == 200
    assert 'itutoros_requests_total{method="GET",route="/health",status="200"}' in answer.text
    assert "itutoros_database_up 1.0" in answer.text
    assert "itutoros_process_resident_bytes" in answer.text


def test_without_a_token_figures_are_nowhere_on_the_public_port(server: LiveServer) -> None:
    for header in ({}, {"Authorization": "Bearer x"}, {"X-Forwarded-For": "127.0.0.1"}):
        assert httpx.get(f"{server.url}/metrics", headers=header, trust_env=False).status_code == 404


def test_figures_have_a_port_of_their_own(database: Database) -> None:
    with metrics_port(database, "127.0.0.1", 0) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
        assert answer.status_code == 200
        assert "itutoros_jobs_oldest_due_seconds" in answer.text
        assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 404
