"""Every endpoint of the running server, tried with values of every kind, with a token and without: whatever comes,
the server is never at fault, and it answers as it describes in OpenAPI. The rest is tried by its path."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from starlette.routing import Route

from desktop.sync.client import SignedIn, SyncClient
from shared_models.base import new_id
from shared_models.sync.wire import CONTENT_TYPE, TableBatch, pack
from sync_server.app import create_app
from sync_server.database import Database
from sync_server.settings import Settings
from tests.live_server import PASSWORD, live_server, make_organization

EXAMPLES = settings(
    max_examples=8,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    database=None,
)

ODD_WORDS = (
    "", "0", "-1", "null", "undefined", "é", "名", "'", '"; DROP TABLE lead; --', "%00", "\x00", "..",
    "../../etc/passwd",
    "a" * 3000, "9" * 40, "1e400", "NaN", "{}", "[]", "00000000-0000-0000-0000-000000000000", "%ff%fe", "true", " ",
)  # fmt: skip

ODD_BODIES: tuple[tuple[str, bytes], ...] = (
    ("application/json", b""),
    ("application/json", b"null"),
    ("application/json", b"[1,2,3]"),
    ("application/json", b'{"email":{},"password":[],"token":7,"code":null,"id":"\\u0000"}'),
    ("application/json", b"\xff\xfe{"),
    ("application/json", b"[" * 5000),
    ("application/x-www-form-urlencoded", b"email=%00&password=%ff&token=&code=%F0%28&a=b&a=c"),
    ("application/x-www-form-urlencoded", b"&&==&%"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="f"; filename="\x00"\r\n\r\n'),
    ("multipart/form-data", b"no boundary"),
    ("application/octet-stream", bytes(range(256)) * 20),
)  # fmt: skip


FIELDS = st.sampled_from(("notes", "created_at", "parent_first_name", "website_slug", "archived_at", "nonsense", ""))
WORDS = st.sampled_from(("2026-11-25T20:40:00Z", "NEW", "[]")) | st.text(max_size=20)
VALUES = WORDS | st.none() | st.integers(-(2**63), 2**63)
STAMPS = st.sampled_from(('{"*":"0192f0000000000000000000000a"}', "{}", "[]", '{"*":"' + "f" * 28 + '"}', "x"))


@st.composite
def pushes(draw: st.DrawFn) -> bytes:
    """What a desk might push, and what nobody should: whole messages, broken ones, and no message at all."""
    protocol, lineage = draw(st.sampled_from((1, 2, 0, 3, None, "2"))), draw(st.none() | st.text(max_size=5))
    batches = []
    for _ in range(draw(st.integers(0, 3))):
        fields = tuple(draw(st.lists(FIELDS, max_size=3)))
        count = draw(st.integers(0, 3))
        batches.append(
            TableBatch(
                draw(st.sampled_from(("lead", "organization", "schedule_entry", "audit_entry", "nothing"))),
                fields,
                [draw(st.uuids().map(str) | st.sampled_from(("x", ""))) for _ in range(count)],
                [draw(STAMPS) for _ in range(count)],
                [[draw(VALUES) for _ in range(count)] for _ in fields],
            )
        )
    whole = pack({"protocol": protocol, "lineage": lineage}, batches)
    cut = draw(st.integers(0, len(whole)))
    return draw(st.sampled_from((whole, whole[:cut], whole + b"more", b"", draw(st.binary(max_size=60)))))


schemathesis.openapi.media_type(CONTENT_TYPE, pushes())


class Served:
    """A running server, and a device of one of its centers that signs in again when it was signed out."""

    def __init__(self, url: str, email: str, device_id: str) -> None:
        self.url, self._email, self._device_id = url, email, device_id
        self.http = httpx.Client(base_url=url, timeout=30, follow_redirects=False)
        self.headers: dict[str, str] = {}

    def sign_in(self) -> None:
        """Make sure that the token holds."""
        if self.headers and self.http.get("/api/v1/devices", headers=self.headers).is_success:
            return
        client = SyncClient(self.url)
        signed_in = client.sign_in(self._email, PASSWORD, new_id(), "PC")
        client.close()
        assert isinstance(signed_in, SignedIn)
        self.headers = {"Authorization": f"Bearer {signed_in.token}"}


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture(scope="module")
def served(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    _, _, email = make_organization(database)
    with live_server(database, tmp_path_factory.mktemp("server")) as server:
        served = Served(server.url, email, new_id())
        yield served
        served.http.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
def test_no_described_request_is_the_servers_fault(served: Served, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/api/openapi.json")
    at_fault: list[str] = []
    tried = 0
    not_described: set[str] = set()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        served.sign_in()

        @EXAMPLES
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            nonlocal tried
            # A stream that does not end is only asked for by who does not get it.
            for headers in ({},) if case.operation.path.endswith("/watch") else (served.headers, {}):
                tried += 1
                response = case.call(headers=headers, timeout=30)
                if response.status_code >= 500:
                    at_fault.append(case.as_curl_command())
                if (
                    "/sync/" in case.operation.path
                    and str(response.status_code) not in case.operation.responses.status_codes
                ):
                    not_described.add(f"{case.operation.label}: {response.status_code}")

        try:
            ask()
        except (Unsatisfiable, schemathesis.errors.SchemathesisError):
            # There is nothing unfitting for an endpoint that takes whatever comes.
            assert mode is GenerationMode.NEGATIVE
    assert at_fault == []
    assert not_described == set()
    assert tried > 100


def test_every_endpoint_of_the_api_is_described(database: Database, tmp_path: Any) -> None:
    app = create_app(Settings(data_folder=tmp_path), database)
    described = {
        (path, method.upper()) for path, operations in app.openapi()["paths"].items() for method in operations
    }
    served = {found for found in _endpoints(app.routes) if found[0].startswith("/api/v1/") and found[1] != "HEAD"}
    assert served - described == set()


def test_no_other_request_is_the_servers_fault(served: Served, database: Database, tmp_path: Any) -> None:
    app = create_app(Settings(data_folder=tmp_path), database)
    draw = random.Random(4)
    at_fault: list[str] = []
    endpoints = sorted(_endpoints(app.routes))
    assert len(endpoints) > 30
    for path, method in endpoints:
        if path.endswith("/watch"):
            continue  # a stream that does not end
        served.sign_in()
        for _ in range(6):
            place = re.sub(r"{[^}]*}", lambda _: _quoted(draw.choice(ODD_WORDS)), path)
            name = draw.choice(("id", "table", "after", "slug", "token", "code", "size", "q"))
            query = {name: draw.choice(ODD_WORDS)}
            kind, body = draw.choice(ODD_BODIES)
            for headers in (served.headers, {}, {"Authorization": "Bearer nobody's"}, {"Authorization": "Basic x"}):
                content = None if method in ("GET", "HEAD") else body
                told = {**headers, "Content-Type": kind}
                answer = served.http.request(method, place, params=query, headers=told, content=content)
                if answer.status_code >= 500:
                    at_fault.append(f"{method} {place} {query} {kind} {body[:60]!r}: {answer.status_code}")
    assert at_fault == []


def test_an_address_that_no_text_of_the_database_can_hold_is_nobodys(served: Served) -> None:
    assert served.http.get("/%00/").status_code == 404
    assert served.http.post("/%00/lead", data={"first_name": "Ana"}).status_code == 404


def _endpoints(routes: Any) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Route):
            for method in route.methods or {"GET"}:
                yield route.path, method
        elif hasattr(route, "original_router"):
            yield from _endpoints(route.original_router.routes)


def _quoted(word: str) -> str:
    return str(httpx.QueryParams({"x": word}))[2:].replace("+", "%20") or "x"
