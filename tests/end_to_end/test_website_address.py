"""The owner edits the website's address in the settings: a taken one comes back to the desk with the reason, and
nothing else of what was done is held up (product §6; docs/sync-protocol.md, [S-41], [S-42])."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from desktop.store.store import Store
from desktop.sync.attention import discard, refused_changes
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from shared_models.access.models import Role
from shared_models.base import new_id
from shared_models.organization.models import Organization
from sync_server.database import Database
from tests.live_server import LiveServer, live_server, make_organization
from tests.sync_server.access_rules.small_center import SmallCenter


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture
def pc(database: Database, server: LiveServer, tmp_path: Path) -> Iterator[tuple[Store, SyncClient]]:
    """The owner's PC, in step with the server."""
    center = SmallCenter(database)
    owner = center.person(Role.OWNER)
    folder = tmp_path / "store"
    store = Store(folder, use_keyring=False)
    store.set_local(organization_id=center.organization_id, user_id=owner.user_id, device_id=owner.device_id)
    store.close()
    store = Store(folder, use_keyring=False)
    client = SyncClient(server.url, owner.token)
    exchange(store, client)
    yield store, client
    client.close()
    store.close()


def own(store: Store) -> Organization:
    with store.read() as session:
        return session.get_one(Organization, (store.organization_id, store.organization_id))


def test_a_taken_address_waits_at_the_desk_and_another_one_is_taken(
    pc: tuple[Store, SyncClient], server: LiveServer, database: Database
) -> None:
    store, client = pc
    before, taken, free = own(store).website_slug, make_organization(database)[1], f"free-{new_id()[-12:]}"
    with store.write("Settings") as session:
        row = session.get_one(Organization, (store.organization_id, store.organization_id))
        row.website_slug, row.phone = taken, "+1 914-555-0142"
    exchange(store, client)
    (change,) = refused_changes(store)
    assert change.reason == f"The website address “{taken}” is taken. Choose another."
    assert [(each.name, each.yours, each.servers) for each in change.fields] == [("website_slug", taken, before)]
    assert (own(store).website_slug, own(store).phone) == (before, "+1 914-555-0142")

    discard(store, change)
    with store.write("Settings") as session:
        session.get_one(Organization, (store.organization_id, store.organization_id)).website_slug = free
    exchange(store, client)
    assert refused_changes(store) == []
    assert own(store).website_slug == free
    assert httpx.get(f"{server.url}/{free}/", trust_env=False, timeout=60).status_code == 200
