"""Every endpoint of the API, asked by every role of one center with the ids of another: who has no business there
gets 404 (or 401 where a desktop is wanted), and never a word of the other center."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from shared_models.access.models import Role
from shared_models.access.policy import history_tiers
from shared_models.base import new_id
from shared_models.registry import tenant_classes
from shared_models.sync.wire import TableBatch, pack
from sync_server.app import create_app
from sync_server.database import Database
from sync_server.settings import Settings
from tests.live_server import LiveServer, live_server
from tests.sync_server.access_rules.marked_center import Desk, MarkedCenter
from tests.sync_server.access_rules.random_center import Stored

ANYONE = frozenset(Role)
AT_A_DESK = frozenset({Role.OWNER, Role.ADMIN, Role.FRONT_DESK})
OWNER = frozenset({Role.OWNER})
STEWARDS = frozenset({Role.OWNER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Expected:
    """Who is answered, with what, when everything in the request belongs to another center; and what the others are
    told. `body` is sent as JSON; `query` may name the other center's rows."""

    roles: frozenset[Role]
    status: int | tuple[int, ...]
    others: int = 404
    body: dict[str, Any] | None = None
    query: str = ""


FAMILY, TUTOR, LOCATION, ENTRY = (f"(the other center’s {what})" for what in ("family", "tutor", "location", "entry"))
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
DEVICE_ID = "0190a000-0000-7000-8000-000000000001"
ENDPOINTS: dict[tuple[str, str], Expected] = {
    ("GET", "/health"): Expected(ANYONE, 200),
    ("GET", "/ready"): Expected(ANYONE, 200),
    ("GET", "/metrics"): Expected(frozenset(), 404),
    ("GET", "/api/openapi.json"): Expected(ANYONE, 200),
    ("GET", "/api/docs"): Expected(ANYONE, 200),
    ("POST", "/api/v1/sign-in"): Expected(
        ANYONE,
        403,
        body={"email": "x@x.example", "password": "x", "device_id": DEVICE_ID, "device_name": "PC"},
    ),
    ("POST", "/api/v1/sign-in/pairing"): Expected(
        ANYONE,
        410,
        body={"pairing_code": "x", "verifier": "x", "device_id": DEVICE_ID, "device_name": "PC"},
    ),
    ("GET", "/api/v1/ways-in"): Expected(ANYONE, 200),
    ("POST", "/api/v1/password-reset"): Expected(ANYONE, (200, 202, 204), body={"email": "x@x.example"}),
    ("POST", "/api/v1/sign-out"): Expected(ANYONE, 204),
    ("GET", "/api/v1/account"): Expected(ANYONE, 200),
    ("POST", "/api/v1/account/browsers/{browser_id}/end"): Expected(frozenset(), 404),
    ("POST", "/api/v1/account/sign-out-everywhere"): Expected(ANYONE, (200, 204)),
    ("GET", "/api/v1/devices"): Expected(STEWARDS, 200),
    ("POST", "/api/v1/devices/{device_id}/revoke"): Expected(frozenset(), 404),
    ("GET", "/api/v1/people"): Expected(STEWARDS, 200),
    ("POST", "/api/v1/invitations"): Expected(
        STEWARDS, (201, 400, 403, 404, 422), body={"email": "new@x.example", "roles": ["FRONT_DESK"]}
    ),
    ("POST", "/api/v1/invitations/{invitation_id}/resend"): Expected(frozenset(), 404),
    ("POST", "/api/v1/invitations/{invitation_id}/withdraw"): Expected(frozenset(), 404),
    ("GET", "/api/v1/history"): Expected(AT_A_DESK, 200, query="table=schedule_entry&id={entry}"),
    ("GET", "/api/v1/audit/export"): Expected(STEWARDS, 200, 403, query="row_id={entry}"),
    ("GET", "/api/v1/files/{sha256}"): Expected(frozenset(), 404),
    ("GET", "/api/v1/files/{sha256}/thumbnail"): Expected(frozenset(), 404, query="size=256"),
    ("GET", "/api/v1/files/{sha256}/upload"): Expected(frozenset(), 404),
    ("PUT", "/api/v1/files/{sha256}/upload"): Expected(frozenset(), 404, query="offset=0"),
    ("POST", "/api/v1/files/{sha256}/complete"): Expected(frozenset(), 404),
    ("GET", "/api/v1/erasures/{kind}/{row_id}"): Expected(OWNER, 404, 403),
    ("POST", "/api/v1/erasures"): Expected(
        OWNER, 404, 403, body={"kind": "family", "id": FAMILY, "confirmation": "Ana Silva"}
    ),
    ("PUT", "/api/v1/holds/slots/{hold_id}"): Expected(
        frozenset(),
        404,
        body={
            "tutor_id": TUTOR,
            "location_id": LOCATION,
            "starts_at": f"{TOMORROW}T16:00:00Z",
            "ends_at": f"{TOMORROW}T17:00:00Z",
            "blocked_until": f"{TOMORROW}T17:15:00Z",
        },
    ),
    ("DELETE", "/api/v1/holds/slots/{hold_id}"): Expected(frozenset(), 404),
    ("PUT", "/api/v1/holds/seats/{seat_id}"): Expected(frozenset(), 404, body={"entry_id": ENTRY}),
    ("PUT", "/api/v1/coupon-uses/{use_id}"): Expected(AT_A_DESK, 409, body={"code": "AUTUMN"}),
    ("POST", "/api/v1/sync/hello"): Expected(
        AT_A_DESK, 200, 401, body={"protocols": [2, 1], "wall_ms": 0, "cursor": 0}
    ),
    ("POST", "/api/v1/sync/push"): Expected(AT_A_DESK, 200, 401),
    ("GET", "/api/v1/sync/pull"): Expected(AT_A_DESK, 200, 401, query="protocol=2&after=0"),
    ("GET", "/api/v1/sync/digests"): Expected(AT_A_DESK, 200, 401),
    ("GET", "/api/v1/sync/watch"): Expected(AT_A_DESK, 200, 401),
}


@pytest.fixture(scope="module")
def centers(postgres_url: str) -> Iterator[tuple[MarkedCenter, MarkedCenter, Database]]:
    """A center that is asked about, one whose people ask, and the database of both."""
    database = Database(postgres_url)
    yield MarkedCenter(database, 1), MarkedCenter(database, 2), database
    database.close()


@pytest.fixture(scope="module")
def desks(centers: tuple[MarkedCenter, MarkedCenter, Database]) -> dict[Role, Desk]:
    """Somebody of each role in the asking center."""
    return {role: centers[1].sign_in(role) for role in Role}


@pytest.fixture(scope="module")
def server(
    centers: tuple[MarkedCenter, MarkedCenter, Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    with live_server(centers[2], tmp_path_factory.mktemp("server")) as running:
        yield running


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Every method and path of the API; pages for browsers are tried by their own tests."""
    found: set[tuple[str, str]] = set()

    def walk(routes: list[Any]) -> None:
        for route in routes:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                walk(inner.routes)
            elif isinstance(route, Route):
                for method in (route.methods or set()) - {"HEAD"}:
                    found.add((method, route.path))

    walk(list(app.routes))
    watched = {"/health", "/ready", "/metrics"}
    return {(method, path) for method, path in found if path.startswith("/api/") or path in watched}


def test_it_was_decided_for_every_endpoint_who_may_use_it(
    centers: tuple[MarkedCenter, MarkedCenter, Database], tmp_path: Path
) -> None:
    app = create_app(Settings(data_folder=tmp_path), centers[2])
    assert routes_of(app) == set(ENDPOINTS), "say here who may use the new endpoint"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("method", "path"), sorted(ENDPOINTS))
def test_no_role_reaches_another_center(
    centers: tuple[MarkedCenter, MarkedCenter, Database],
    desks: dict[Role, Desk],
    server: LiveServer,
    method: str,
    path: str,
    role: Role,
) -> None:
    asked, asking, _ = centers
    expected = ENDPOINTS[method, path]
    desk = asking.sign_in(role) if "sign-out" in path else desks[role]
    answer = ask(server, asked, desk, method, path, expected)
    statuses = expected.status if isinstance(expected.status, tuple) else (expected.status,)
    assert answer.status_code in (statuses if role in expected.roles else (expected.others,)), answer.text
    known = set(asked.marks.values()) - set(asking.marks.values())
    raw = answer.content.decode("utf-8", "replace")
    assert not [mark for mark in known if mark in raw]
    assert asked.organization_id not in raw


@pytest.mark.parametrize(("method", "path"), sorted(ENDPOINTS))
def test_without_a_token_nothing_of_a_center_is_told(
    centers: tuple[MarkedCenter, MarkedCenter, Database], server: LiveServer, method: str, path: str
) -> None:
    expected = ENDPOINTS[method, path]
    nobody = Desk(Role.OWNER, new_id(), new_id(), "", {"Authorization": "Bearer nonsense"})
    answer = ask(server, centers[0], nobody, method, path, expected)
    is_open = expected.roles == ANYONE and path not in {
        "/api/v1/account", "/api/v1/sign-out", "/api/v1/account/sign-out-everywhere",
    }  # fmt: skip
    if not is_open and path != "/metrics":
        assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("role", sorted(AT_A_DESK))
def test_rows_pushed_under_another_centers_ids_change_nothing_there(
    centers: tuple[MarkedCenter, MarkedCenter, Database], server: LiveServer, role: Role
) -> None:
    asked, asking, database = centers
    desk = asking.sign_in(role)
    with database.tenant(asked.organization_id, read_only=True) as session:
        before = Stored(session, asked.organization_id)
    ids = asked.ids["lead"]
    batch = TableBatch(
        "lead", ("notes", "created_at", "source", "stage"), ids, ['{"*":"ff' + "0" * 26 + '"}'] * len(ids),
        [["taken over"] * len(ids), ["2026-11-25T20:40:00Z"] * len(ids), ["WEB"] * len(ids), ["NEW"] * len(ids)],
    )  # fmt: skip
    httpx.post(f"{server.url}/api/v1/sync/push", content=pack({"protocol": 1}, [batch]), headers=desk.headers)
    with database.tenant(asked.organization_id, read_only=True) as session:
        after = Stored(session, asked.organization_id)
    assert after.tables == before.tables


def test_the_history_is_a_desks_alone() -> None:
    for name in tenant_classes():
        told = {role for role in Role if history_tiers(name, frozenset({role}))}
        assert {Role.OWNER, Role.ADMIN} <= told <= AT_A_DESK


def ask(
    server: LiveServer, asked: MarkedCenter, desk: Desk, method: str, path: str, expected: Expected
) -> httpx.Response:
    """One request with the other center's ids wherever ids stand."""
    ids = {
        "device_id": new_id(), "browser_id": new_id(), "invitation_id": new_id(), "sha256": "a" * 64,
        "entry": asked.ids["schedule_entry"][0], "kind": "family", "row_id": asked.ids["family"][0],
        "hold_id": new_id(), "seat_id": new_id(), "use_id": new_id(),
    }  # fmt: skip
    theirs = {FAMILY: "family", TUTOR: "tutor", LOCATION: "location", ENTRY: "schedule_entry"}
    body = expected.body and {
        name: asked.ids[theirs[value]][0] if isinstance(value, str) and value in theirs else value
        for name, value in expected.body.items()
    }
    url = f"{server.url}{path.format(**ids)}?{expected.query.format(**ids)}"
    headers = {**desk.headers, "X-Chunk-SHA256": "a" * 64}
    if path.endswith("/watch"):
        with httpx.stream(method, url, headers=headers) as stream:
            return httpx.Response(stream.status_code)
    content = pack({"protocol": 1}, []) if path.endswith("/push") else b"x" if path.endswith("/upload") else None
    return httpx.request(method, url, headers=headers, json=body, content=content)
