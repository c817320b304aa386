"""A desktop that does not know the newest fields goes on syncing, and takes nothing away from those that do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.base import new_id
from shared_models.organization.models import Organization
from shared_models.sync.clocks import CREATED
from shared_models.sync.wire import TableBatch, pack, wire_fields
from sync_server.database import Database
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

NEWER = {"brand_color", "logo_png"}


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


def test_an_older_desktop_changes_the_name_and_keeps_the_color(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(database, "First")
    store = Store(tmp_path / "desk", use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    token = store.secrets.read(TOKEN)
    assert token is not None
    client = SyncClient(server.url, token.value)
    exchange(store, client)
    with store.write() as session:
        session.get_one(Organization, (organization_id, organization_id)).brand_color = "#1f4e8c"
    with store.read() as session:
        created = session.get_one(Organization, (organization_id, organization_id)).field_clocks[CREATED]
    exchange(store, client)
    late = store.clock.tick()
    clocks = f'{{"{CREATED}": "{created}", "business_name": "{late}"}}'
    older = TableBatch("organization", ("business_name",), [organization_id], [clocks], [["Hudson"]])
    head, _ = client.push(pack({"protocol": 2, "lineage": store.local("sync_lineage")}, [older]))
    assert head["refused"] == []
    with database.tenant(organization_id) as session:
        row = session.get_one(Organization, (organization_id, organization_id))
        assert (row.business_name, row.brand_color, row.logo_png) == ("Hudson", "#1f4e8c", "")
    client.close()
    store.close()


def test_a_center_that_comes_without_the_newer_fields_gets_none(database: Database) -> None:
    organization_id = new_id()
    known = [name for name in wire_fields(Organization.__table__) if name not in NEWER]  # type: ignore[arg-type]
    with database.tenant(make_organization(database)[0]) as session:
        row = session.query(Organization).one()
    values = {name: getattr(row, name) for name in known if name != "session_durations_minutes"}
    values |= {"organization_id": organization_id, "id": organization_id, "language": row.language.value}
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    with database.tenant(organization_id) as session:
        session.connection().execute(
            text(
                f"INSERT INTO organization ({names}, session_durations_minutes, field_clocks) "
                f"VALUES ({marks}, '[60]', '{{}}')"
            ),
            values,
        )
        stored = session.get_one(Organization, (organization_id, organization_id))
        assert (stored.brand_color, stored.logo_png) == ("", "")
