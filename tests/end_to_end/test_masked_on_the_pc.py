"""After a real sync, the store of a PC holds no value that its user may not see, and all that the user may; when the
user's locations change, it follows (docs/sync-protocol.md, [S-51] to [S-53])."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from shared_models.access.models import LocationAssignment, Role
from sync_server.database import Database
from sync_server.sync.visibility import viewer_of
from tests.live_server import LiveServer, live_server
from tests.sync_server.access_rules.marked_center import Desk, MarkedCenter
from tests.sync_server.access_rules.random_center import START, Stored


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture(params=[(seed, role) for seed in (11, 12) for role in (Role.OWNER, Role.ADMIN, Role.FRONT_DESK)])
def pc(
    request: pytest.FixtureRequest, database: Database, server: LiveServer, tmp_path: Path
) -> Iterator[tuple[MarkedCenter, Desk, Store, SyncClient]]:
    seed, role = request.param
    center = MarkedCenter(database, seed)
    desk = center.sign_in(role)
    folder = tmp_path / "store"
    store = Store(folder, use_keyring=False)
    store.set_local(organization_id=center.organization_id, user_id=desk.user_id, device_id=desk.device_id)
    store.close()
    store = Store(folder, use_keyring=False)
    client = SyncClient(server.url, desk.token)
    yield center, desk, store, client
    client.close()
    store.close()


def assert_holds_what_may_be_seen(center: MarkedCenter, desk: Desk, store: Store) -> None:
    with store.engine.connect() as connection:
        names = [row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for name in names for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')]
    held = {str(value) for row in rows for value in row}
    everything = "\n".join(held)
    with center.database.tenant(center.organization_id, read_only=True) as session:
        stored = Stored(session, center.organization_id)
        shown = stored.shown_to(viewer_of(session, center.organization_id, desk.user_id))
    for (table, row_id, field), mark in center.marks.items():
        if field in shown.get((table, row_id), {}):
            assert stored.tables[table][row_id][field] is None or str(stored.tables[table][row_id][field]) in held
        else:
            assert mark not in everything, (table, field)


def test_the_store_holds_what_its_user_sees(pc: tuple[MarkedCenter, Desk, Store, SyncClient]) -> None:
    center, desk, store, client = pc
    exchange(store, client)
    assert_holds_what_may_be_seen(center, desk, store)


def test_the_store_follows_its_users_locations(pc: tuple[MarkedCenter, Desk, Store, SyncClient]) -> None:
    center, desk, store, client = pc
    exchange(store, client)
    with center.database.tenant(center.organization_id) as session:
        for row in session.query(LocationAssignment).filter_by(user_id=desk.user_id):
            row.archived_at = START
        own = {"organization_id": center.organization_id}
        session.add(LocationAssignment(**own, user_id=desk.user_id, location_id=center.ids["location"][-1]))
    exchange(store, client)
    assert_holds_what_may_be_seen(center, desk, store)
