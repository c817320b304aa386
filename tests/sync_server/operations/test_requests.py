"""A request's id goes from desk to log and back; what breaks is told with it, and the figures count it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from sync_server.database import Database
from sync_server.operations.draining import Draining
from sync_server.operations.requests import REQUEST_ID, RequestScope
from tests.live_server import LiveServer, live_server, make_organization
from tests.sync_server.operations.served import logged, served


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    app = FastAPI()

    @app.get("/broken/{what}")
    def broken(what: str) -> None:
        raise LookupError(f'no row for "{what}"')

    @app.get("/halfway")
    def halfway() -> StreamingResponse:
        def parts() -> Iterator[bytes]:
            yield b"some"
            raise LookupError("more")

        return StreamingResponse(parts(), media_type="text/plain")

    app.add_middleware(RequestScope, draining=Draining())
    with served(app) as client:
        yield client


def test_the_answer_carries_the_id_that_the_desk_gave(server: LiveServer) -> None:
    for path in ("/api/v1/sync/pull", "/health", "/nobody/", "/api/v1/devices"):
        answer = httpx.get(server.url + path, headers={REQUEST_ID: "desk-0001.7f_A"}, trust_env=False)
        assert answer.headers.get_list(REQUEST_ID) == ["desk-0001.7f_A"], path


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "two words here", "<script>alert(1)", "-begins-badly", "é" * 9]
)
def test_an_id_that_is_not_well_formed_is_replaced(client: httpx.Client, given: str) -> None:
    answer = client.get("/broken/x", headers={REQUEST_ID: given.encode()})
    assert len(answer.headers[REQUEST_ID]) == 32
    assert answer.headers[REQUEST_ID] != given


def test_a_page_that_is_kept_ready_carries_each_callers_own_id(server: LiveServer, database: Database) -> None:
    _, slug, _ = make_organization(database)
    for number in range(3):
        answer = httpx.get(f"{server.url}/{slug}/", headers={REQUEST_ID: f"browser-{number}"}, trust_env=False)
        assert answer.status_code == 200
        assert answer.headers.get_list(REQUEST_ID) == [f"browser-{number}"]


def test_each_request_without_an_id_gets_its_own(client: httpx.Client) -> None:
    assert len({client.get("/broken/x").headers[REQUEST_ID] for _ in range(5)}) == 5


def test_what_breaks_is_a_sentence_with_the_id_and_a_log_line_without_the_values(client: httpx.Client) -> None:
    with logged() as log:
        answer = client.get("/broken/Anna", headers={REQUEST_ID: "desk-0002-abc"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == "desk-0002-abc"
    assert "try again" in answer.json()["detail"]
    broke, request = log
    assert (broke["event"], broke["request_id"], broke["route"]) == (
        "request broke",
        "desk-0002-abc",
        "/broken/{what}",
    )
    assert (request["event"], request["status"], request["route"]) == ("request", 500, "/broken/{what}")
    assert "Anna" not in str(request)


def test_an_answer_that_broke_off_ends_the_connection(client: httpx.Client) -> None:
    with logged() as log, pytest.raises(httpx.RemoteProtocolError):
        client.get("/halfway")
    assert [line["event"] for line in log] == ["request broke", "request"]


def test_methods_that_nobody_knows_do_not_become_figures_of_their_own(client: httpx.Client) -> None:
    with logged() as log:
        client.request("PROPFIND", "/broken/x")
    assert [line["method"] for line in log if line["event"] == "request"] == ["other"]


def test_paths_that_nobody_knows_do_not_become_routes_of_their_own(server: LiveServer) -> None:
    with logged(requests=3) as log:
        for path in ("/api/v1/nothing", "/api/v1/x/y", "/no-such-center/"):
            httpx.get(server.url + path, trust_env=False)
    assert {line["route"] for line in log if line["event"] == "request"} <= {"other", "website", "/{slug}/{rest}"}
