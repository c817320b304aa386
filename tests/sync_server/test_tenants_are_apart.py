"""A second tenant sees nothing of the first: by API, and by SQL under the server's role. Three walls hold each other
up, and each is tried with the others taken away: loaders that ask by organization, row-level security, and foreign
keys that carry the organization."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

import sync_server.models as server_models
from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.access.permissions import listed_tables
from shared_models.base import new_id
from shared_models.leads.models import Lead
from shared_models.organization.models import Location, Organization
from shared_models.registry import metadata, tenant_classes
from shared_models.sync.wire import TableBatch, pack, wire_fields
from sync_server.database import Database, migration_config, tenant_tables
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


def signed_in(folder: Path, server: LiveServer, email: str) -> tuple[Store, SyncClient]:
    store = Store(folder, use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    token = store.secrets.read(TOKEN)
    assert token is not None
    return store, SyncClient(server.url, token.value)


def test_the_server_works_as_a_role_that_owns_nothing(database: Database) -> None:
    with database.routing() as session:
        role = session.execute(
            text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).one()
        assert tuple(role) == ("itutoros_app", False, False)
        owned = text("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user")
        assert session.execute(owned).scalar_one() == 0


def test_every_tenant_table_forces_row_level_security(database: Database) -> None:
    with database.routing() as session:
        forced = set(
            session.scalars(
                text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity")
            )
        )
        every = set(
            session.scalars(
                text(
                    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' "
                    "AND column_name = 'organization_id'"
                )
            )
        )
    routing = {"membership", "device", "organization_route", "organization_suspension"}
    assert set(tenant_tables()) <= forced
    assert every - routing == forced


def test_access_is_decided_for_every_table() -> None:
    assert listed_tables() == set(tenant_classes())


def test_the_history_of_migrations_ends_exactly_at_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _parents: kind != "table" or name in known,
                # The index of unsent rows is made on desktops only.
                "include_object": lambda thing, name, kind, *_: kind != "index" or not name.endswith("_unsent"),
            },
        )
        known = {*metadata.tables, *server_models.ServerBase.metadata.tables}
        difference = compare_metadata(context, [metadata, server_models.ServerBase.metadata])
    assert difference == []
    assert ScriptDirectory.from_config(migration_config()).get_current_head() is not None


def test_without_a_tenant_no_table_shows_a_row(database: Database) -> None:
    make_organization(database)
    with database.routing() as session:
        for table in tenant_tables():
            assert session.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one() == 0, table


def test_sql_of_one_tenant_neither_reads_nor_writes_another(database: Database) -> None:
    """The second wall, with the loaders out of the way."""
    first, _, _ = make_organization(database, "First")
    second, _, _ = make_organization(database, "Second")
    with database.tenant(first) as session:
        session.add(Lead(organization_id=first, created_at=NOW, parent_first_name="Ana"))
    with database.tenant(second) as session:
        assert session.scalar(select(func.count()).select_from(Lead)) == 0
        assert session.scalars(select(Organization.business_name)).all() == ["Second"]
        touched = session.connection().execute(text("UPDATE lead SET notes = 'x'"))
        assert touched.rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"), database.tenant(second) as session:
        session.connection().execute(
            text(
                "INSERT INTO closure (organization_id, id, first_day, last_day, reason, field_clocks) "
                "VALUES (:org, :id, '2026-01-01', '2026-01-01', '', '{}')"
            ),
            {"org": first, "id": new_id()},
        )


def test_the_audit_history_cannot_be_altered(database: Database) -> None:
    organization, _, _ = make_organization(database)
    for statement in ("UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry", "DELETE FROM lead"):
        with pytest.raises(ProgrammingError, match="permission denied"), database.tenant(organization) as session:
            session.connection().execute(text(statement))


def test_every_reference_between_tenants_rows_carries_the_organization(database: Database) -> None:
    """The third wall has no gap: PostgreSQL's own catalog says of which columns each foreign key is made."""
    with database.routing() as session:
        keys = session.execute(
            text(
                "SELECT c.conname, c.conrelid::regclass::text, "
                "ARRAY(SELECT a.attname::text FROM unnest(c.conkey) AS k (n) JOIN pg_attribute a "
                "ON a.attrelid = c.conrelid AND a.attnum = k.n) "
                "FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid "
                "WHERE c.contype = 'f' AND r.relrowsecurity"
            )
        ).all()
    assert len(keys) > 30
    assert [name for name, _, columns in keys if "organization_id" not in columns] == []


def test_loaders_alone_keep_tenants_apart(
    database: Database, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first wall, with row-level security out of the way: the server works as a superuser, and the API still
    gives and changes nothing of another organization."""
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        owner = connection.execute(text("SELECT current_user")).scalar_one()
    engine.dispose()
    monkeypatch.setattr("sync_server.database.APP_ROLE", owner)
    unguarded = Database(postgres_url)
    first_id, _, first_email = make_organization(unguarded, "First")
    second_id, _, second_email = make_organization(unguarded, "Second")
    with unguarded.routing() as session:
        assert session.execute(text("SELECT count(*) FROM organization")).scalar_one() > 1, "the wall is still there"
    with live_server(unguarded, tmp_path) as server:
        first, first_client = signed_in(tmp_path / "first", server, first_email)
        second, second_client = signed_in(tmp_path / "second", server, second_email)
        lead_id = new_id()
        with first.write() as session:
            session.add(Lead(organization_id=first_id, id=lead_id, created_at=NOW, parent_first_name="Ana"))
        exchange(first, first_client)
        exchange(second, second_client)
        with second.engine.connect() as connection:
            for name in tenant_classes():
                assert set(connection.execute(text(f'SELECT DISTINCT organization_id FROM "{name}"')).scalars()) <= {
                    second_id
                }, name
            assert connection.execute(text("SELECT count(*) FROM lead")).scalar_one() == 0
        assert second_client.history("lead", [lead_id]) == []
        held = {table: numbers[0] for table, numbers in second_client.digests()["tables"].items()}
        assert (held["lead"], held["organization"], held["location"]) == (0, 1, 1)
        token = second.secrets.read(TOKEN)
        assert token is not None
        with httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {token.value}"}, trust_env=False, timeout=60
        ) as http:
            told = http.get("/api/v1/audit/export").text
            assert first_id not in told and lead_id not in told
            devices = http.get("/api/v1/devices").json()
            assert [device["id"] for device in devices] == [second.local("device_id")]
        # An edit under the id of the other's row changes nothing there.
        with second.write() as session:
            session.add(Lead(organization_id=second_id, id=lead_id, created_at=NOW, parent_first_name="Stolen"))
        exchange(second, second_client)
        with second.write() as session:
            session.get_one(Lead, (second_id, lead_id)).notes = "edited"
        exchange(second, second_client)
        for thing in (first_client, second_client, first, second):
            thing.close()
    with unguarded.tenant(first_id) as session:
        lead = session.get_one(Lead, (first_id, lead_id))
        assert (lead.parent_first_name, lead.notes) == ("Ana", "")
        assert session.get_one(Lead, (second_id, lead_id)).parent_first_name == "Stolen"
    unguarded.close()


def test_foreign_keys_alone_keep_tenants_apart(database: Database, postgres_url: str) -> None:
    """The third wall, with loaders and row-level security out of the way."""
    first, _, _ = make_organization(database)
    second, _, _ = make_organization(database)
    with database.tenant(first) as session:
        location = session.scalars(select(Location.id)).one()
    owner = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with pytest.raises(DBAPIError, match="foreign key"), owner.begin() as connection:
        # As the owner and a superuser, so that row-level security is out of the way.
        connection.execute(
            text(
                "INSERT INTO room (organization_id, id, location_id, name, number, floor, position, field_clocks) "
                "VALUES (:org, :id, :location, 'A', '', '', 0, '{}')"
            ),
            {"org": second, "id": new_id(), "location": location},
        )
    owner.dispose()


def test_a_desktop_receives_only_its_own_organization(database: Database, server: LiveServer, tmp_path: Path) -> None:
    _, _, first_email = make_organization(database, "First")
    _, _, second_email = make_organization(database, "Second")
    first, first_client = signed_in(tmp_path / "first", server, first_email)
    second, second_client = signed_in(tmp_path / "second", server, second_email)
    with first.write() as session:
        session.add(Lead(organization_id=first.organization_id, created_at=NOW, parent_first_name="Ana"))
    exchange(first, first_client)
    exchange(second, second_client)
    with second.engine.connect() as connection:
        for name in tenant_classes():
            organizations = set(connection.execute(text(f'SELECT DISTINCT organization_id FROM "{name}"')).scalars())
            assert organizations <= {second.organization_id}, name
        assert connection.execute(text("SELECT count(*) FROM lead")).scalar_one() == 0
    for thing in (first_client, second_client, first, second):
        thing.close()


def test_a_push_can_neither_change_nor_refer_to_another_tenants_rows(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    first_id, _, _ = make_organization(database, "First")
    second_id, _, second_email = make_organization(database, "Second")
    with database.tenant(first_id) as session:
        location = session.scalars(select(Location)).one()
    store, client = signed_in(tmp_path / "second", server, second_email)
    late = store.clock.tick()
    fields = wire_fields(Location.__table__)  # type: ignore[arg-type]
    stolen = TableBatch(
        "location",
        fields,
        [location.id],
        [f'{{"*": "{late}"}}'],
        [["Stolen" if name == "name" else None if name.endswith(("_id", "_at")) else "" if name != "position" else 0]
         for name in fields],
    )  # fmt: skip
    stolen.columns[fields.index("is_virtual")] = [0]
    room = TableBatch(
        "room",
        ("location_id", "name", "number", "floor", "position", "archived_at"),
        [new_id()],
        [f'{{"*": "{late}"}}'],
        [[location.id], ["A"], [""], [""], [0], [None]],
    )
    head, _ = client.push(pack({"protocol": 2, "lineage": store.local("sync_lineage")}, [room]))
    assert [row["reason"] for row in head["refused"]] == ["It refers to something that the server does not have."]
    # The same id within another organization is another row: it becomes the second's own, and the first's stays.
    client.push(pack({"protocol": 2, "lineage": head["lineage"]}, [stolen]))
    with database.tenant(first_id) as session:
        assert session.scalars(select(Location.name)).all() == ["Irvington Office"]
    with database.tenant(second_id) as session:
        assert set(session.scalars(select(Location.name))) == {"Irvington Office", "Stolen"}
    client.close()
    store.close()


@pytest.mark.parametrize("path", ["/api/v1/sync/pull", "/api/v1/devices"])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}])
def test_without_a_valid_token_nothing_is_given(server: LiveServer, path: str, header: dict[str, str]) -> None:
    assert httpx.get(server.url + path, headers=header, trust_env=False, timeout=60).status_code == 401


def test_one_tenants_owner_can_neither_list_nor_revoke_anothers_pcs(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    _, _, first_email = make_organization(database, "First")
    _, _, second_email = make_organization(database, "Second")
    first, first_client = signed_in(tmp_path / "first", server, first_email)
    second, second_client = signed_in(tmp_path / "second", server, second_email)
    token = second.secrets.read(TOKEN)
    assert token is not None
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {token.value}"}, trust_env=False
    ) as http:
        listed = http.get("/api/v1/devices").json()
        assert [device["id"] for device in listed] == [second.local("device_id")]
        assert http.post(f"/api/v1/devices/{first.local('device_id')}/revoke").status_code == 404
    assert all(batches for _, batches in first_client.pull(0, first.local("sync_scope") or ""))
    for thing in (first_client, second_client, first, second):
        thing.close()


def test_wrong_passwords_and_unknown_accounts_get_the_same_answer(database: Database, server: LiveServer) -> None:
    _, _, email = make_organization(database)
    answers = set()
    for address, password in ((email, "wrong"), ("nobody@example.com", PASSWORD)):
        answer = httpx.post(
            f"{server.url}/api/v1/sign-in",
            json={"email": address, "password": password, "device_id": new_id(), "device_name": "x"},
            trust_env=False,
        )
        answers.add((answer.status_code, answer.text))
    assert [(status, "E-mail and password do not fit." in said) for status, said in answers] == [(403, True)]
