"""Values that a role may not see are searched for in the raw bytes of what the server answers: pulls, the rows that
stand in place of refused ones, histories (docs/sync-protocol.md, [S-60], [S-61])."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import zstandard

from shared_models.access.models import Role
from shared_models.access.policy import history_tiers
from shared_models.registry import tenant_classes
from shared_models.sync.wire import TableBatch, pack, wire_fields
from sync_server.database import Database
from sync_server.sync import identity
from sync_server.sync.visibility import viewer_of
from tests.live_server import LiveServer, live_server
from tests.sync_server.access_rules.marked_center import Desk, MarkedCenter
from tests.sync_server.access_rules.random_center import Stored, table_of

ROLES = list(Role)


@pytest.fixture
def server(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """A server at which tutors and guardians may pull too, as the rules already know what they would see."""
    monkeypatch.setattr(identity, "DESKTOP_ROLES", frozenset(Role))
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def seeds() -> Iterator[int]:
    return iter(range(1000, 2000))


def unpacked(body: bytes, *, is_framed: bool) -> bytes:
    """The bytes of a message, or of the messages of a stream, without compression."""
    if not is_framed:
        return zstandard.ZstdDecompressor().decompress(body)
    parts = b""
    while body:
        length = int.from_bytes(body[:4], "big")
        parts += zstandard.ZstdDecompressor().decompress(body[4 : 4 + length]) + b"\n"
        body = body[4 + length :]
    return parts


def pulled(server: LiveServer, desk: Desk, query: str = "protocol=2&after=0") -> bytes:
    answer = httpx.get(f"{server.url}/api/v1/sync/pull?{query}", headers=desk.headers)
    assert answer.status_code == 200, answer.text
    return unpacked(answer.content, is_framed="protocol=2" in query and "limit" not in query)


def told_apart(center: MarkedCenter, desk: Desk) -> tuple[set[str], set[str]]:
    """The marks that a viewer may see, and those that the viewer may not."""
    with center.database.tenant(center.organization_id, read_only=True) as session:
        stored = Stored(session, center.organization_id)
        viewer = viewer_of(session, center.organization_id, desk.user_id)
    shown = stored.shown_to(viewer)
    open_marks: set[str] = set()
    hidden_marks: set[str] = set()
    for (table, row_id, field), mark in center.marks.items():
        if str(stored.tables[table][row_id][field]) != mark:
            continue
        (open_marks if field in shown.get((table, row_id), {}) else hidden_marks).add(mark)
    return open_marks, hidden_marks


def assert_told(raw: bytes, center: MarkedCenter, desk: Desk, *, whole: bool = True) -> None:
    open_marks, hidden_marks = told_apart(center, desk)
    assert desk.role is Role.OWNER or hidden_marks
    assert [mark for mark in hidden_marks if mark.encode() in raw] == []
    if whole:
        assert [mark for mark in open_marks if mark.encode() not in raw] == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("query", ["protocol=2&after=0", "protocol=2&after=0&withdrawn=all", "after=0&limit=5000"])
def test_a_pull_holds_what_the_role_sees_and_nothing_else(
    database: Database, server: LiveServer, seeds: Iterator[int], role: Role, query: str
) -> None:
    center = MarkedCenter(database, next(seeds))
    desk = center.sign_in(role)
    assert_told(pulled(server, desk, query), center, desk)


@pytest.mark.parametrize("role", ROLES)
def test_an_edit_that_is_refused_does_not_bring_what_is_hidden(
    database: Database, server: LiveServer, seeds: Iterator[int], role: Role
) -> None:
    """The server's rows stand in place of refused ones ([S-42]), as far as they may be seen."""
    center = MarkedCenter(database, next(seeds))
    desk = center.sign_in(role)
    batches = [
        TableBatch(name, ("archived_at",), ids, ['{"*":"' + "0" * 28 + '"}'] * len(ids), [["nonsense"] * len(ids)])
        for name, ids in ((name, center.ids[name]) for name in tenant_classes())
    ]
    head = {"protocol": 1}
    answer = httpx.post(f"{server.url}/api/v1/sync/push", content=pack(head, batches), headers=desk.headers)
    assert answer.status_code == 200, answer.text
    assert_told(unpacked(answer.content, is_framed=False), center, desk, whole=False)


@pytest.mark.parametrize("role", ROLES)
def test_histories_hold_what_the_role_sees(
    database: Database, server: LiveServer, seeds: Iterator[int], role: Role
) -> None:
    center = MarkedCenter(database, next(seeds))
    desk = center.sign_in(role)
    with database.tenant(center.organization_id) as session:
        for name, kind in tenant_classes().items():
            for row_id in center.ids[name]:
                row = session.get_one(kind, (center.organization_id, row_id))
                for field in wire_fields(table_of(name)):
                    if (name, row_id, field) in center.marks and field not in {"starts_at", "ends_at"}:
                        value = getattr(row, field)
                        if isinstance(value, str) and field != "email" and "_email" not in field:
                            setattr(row, field, value + "new")
    raw = b""
    for name in tenant_classes():
        query = "&".join(f"id={row_id}" for row_id in center.ids[name])
        answer = httpx.get(f"{server.url}/api/v1/history?table={name}&{query}", headers=desk.headers)
        expected = 200 if history_tiers(name, frozenset({role})) else 404
        assert answer.status_code == expected, (name, answer.text)
        raw += answer.content
    for kind_of_file in ("ndjson", "csv"):
        answer = httpx.get(f"{server.url}/api/v1/audit/export?format={kind_of_file}", headers=desk.headers)
        assert answer.status_code == (200 if role in (Role.OWNER, Role.ADMIN) else 403)
        raw += answer.content
    with database.tenant(center.organization_id, read_only=True) as session:
        stored = Stored(session, center.organization_id)
        shown = stored.shown_to(viewer_of(session, center.organization_id, desk.user_id))
    for (table, row_id, field), mark in center.marks.items():
        if field not in shown.get((table, row_id), {}):
            assert mark.encode() not in raw
