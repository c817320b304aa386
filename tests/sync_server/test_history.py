"""The history that the server gives a desktop: who changed what of the schedule, and nothing of other tenants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from desktop.store.store import Store
from desktop.sync.client import SyncClient, SyncError
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.base import new_id
from shared_models.catalog.models import Service, ServiceFormat
from shared_models.organization.models import Location
from shared_models.people.models import Family, HealthAccess, Student
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.models import EntryStatus
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.series_operations import cancel_entry
from sync_server.database import Database
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture
def desk(database: Database, server: LiveServer, tmp_path: Path) -> Iterator[tuple[Store, SyncClient]]:
    made = signed_in(database, server, tmp_path / "desk")
    yield made
    made[1].close()
    made[0].close()


def signed_in(database: Database, server: LiveServer, folder: Path) -> tuple[Store, SyncClient]:
    _, _, email = make_organization(database)
    store = Store(folder, use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    token = store.secrets.read(TOKEN)
    assert token is not None
    client = SyncClient(server.url, token.value)
    exchange(store, client)
    return store, client


def cancelled_entry(store: Store) -> str:
    with store.write() as session:
        place = session.query(Location.id).scalar()
        service_id = new_id()
        session.add(
            Service(
                organization_id=store.organization_id, id=service_id, name="Private", format=ServiceFormat.PRIVATE
            )
        )
        session.flush()
        draft = EntryDraft(location_id=place, service_id=service_id, first_day=date(2026, 12, 2), start=time(16))
        (entry_id,) = schedule_entries(
            session, store.recorder, store.organization_id, draft, new_id=new_id()
        ).entry_ids
    return entry_id


def test_the_history_says_who_made_and_who_cancelled_an_entry(desk: tuple[Store, SyncClient]) -> None:
    store, client = desk
    entry_id = cancelled_entry(store)
    exchange(store, client)
    with store.write() as session:
        cancel_entry(
            session, store.organization_id, entry_id, reason="Family asked", by_user_id=store.user_id, now=NOW
        )
    exchange(store, client)
    latest, first = client.history("schedule_entry", [entry_id])
    assert (first.action, first.changes) == ("created", {})
    assert latest.changes["status"] == (EntryStatus.SCHEDULED.value, EntryStatus.CANCELLED.value)
    assert latest.changes["cancel_reason"] == ("", "Family asked")
    assert {latest.user_id, first.user_id} == {store.user_id}


def test_another_tenant_sees_no_history(
    desk: tuple[Store, SyncClient], database: Database, server: LiveServer, tmp_path: Path
) -> None:
    store, client = desk
    entry_id = cancelled_entry(store)
    exchange(store, client)
    other, stranger = signed_in(database, server, tmp_path / "other")
    assert client.history("schedule_entry", [entry_id])
    assert stranger.history("schedule_entry", [entry_id]) == []
    stranger.close()
    other.close()


def test_what_is_no_row_of_the_center_has_no_history(desk: tuple[Store, SyncClient]) -> None:
    for table in ("account", "audit_entry", "nonsense"):
        with pytest.raises(SyncError, match="no history"):
            desk[1].history(table, [new_id()])


def test_reading_the_history_of_health_fields_is_noted(desk: tuple[Store, SyncClient], database: Database) -> None:
    store, client = desk
    own = {"organization_id": store.organization_id}
    student_id, family_id = new_id(), new_id()
    with store.write() as session:
        place = session.query(Location.id).scalar()
        session.add(Family(**own, id=family_id, parent1_first_name="Ana", parent1_last_name="Silva"))
        session.add(Student(**own, id=student_id, family_id=family_id, location_id=place, first_name="Nina"))
    exchange(store, client)

    def looks() -> int:
        with database.tenant(store.organization_id, read_only=True) as session:
            return session.query(HealthAccess).filter_by(student_id=student_id).count()

    client.history("student", [student_id])
    assert looks() == 0
    with store.write() as session:
        session.get_one(Student, (store.organization_id, student_id)).allergies = "Peanuts"
    exchange(store, client)
    assert client.history("student", [student_id])[0].changes == {"allergies": ("", "Peanuts")}
    assert looks() == 1
