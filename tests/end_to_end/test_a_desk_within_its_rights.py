"""The front desk's usual work passes the server without a word, though the PC knows neither pay nor other locations;
what is not theirs to do comes back with the reason (docs/sync-protocol.md, [S-42], [S-61], [S-63])."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from desktop.permissions import own_places
from desktop.store.store import Store
from desktop.sync.attention import refused_changes
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from shared_models.access.models import Role
from shared_models.base import new_id
from shared_models.leads.operations import LeadEntry, convert_lead, create_lead
from shared_models.people.models import Student, Tutor, TutorLocation
from shared_models.people.operations import NewStudent
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.models import Attendee, ScheduleEntry, Series
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_operations import SeriesScope, change_entry, entries_elsewhere, move_entry
from sync_server.database import Database
from tests.live_server import LiveServer, live_server
from tests.sync_server.access_rules.random_center import START
from tests.sync_server.access_rules.small_center import SmallCenter


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


@pytest.fixture
def center(database: Database) -> SmallCenter:
    return SmallCenter(database)


@pytest.fixture
def pc(center: SmallCenter, server: LiveServer, tmp_path: Path) -> Iterator[tuple[Store, SyncClient]]:
    """The front desk's PC at Irvington, in step with the server."""
    desk = center.person(Role.FRONT_DESK, at=(center.irvington,))
    folder = tmp_path / "store"
    store = Store(folder, use_keyring=False)
    store.set_local(organization_id=center.organization_id, user_id=desk.user_id, device_id=desk.device_id)
    store.close()
    store = Store(folder, use_keyring=False)
    client = SyncClient(server.url, desk.token)
    exchange(store, client)
    yield store, client
    client.close()
    store.close()


def book(center: SmallCenter, store: Store, location_id: str, student_id: str) -> list[str]:
    draft = EntryDraft(
        location_id=location_id, service_id=center.service, first_day=date(2026, 12, 2), start=time(16),
        tutor_id=center.jakub, student_ids=(student_id,), pattern=Pattern.WEEKLY, occurrence_count=3,
    )  # fmt: skip
    with store.write("Booked") as session:
        made = schedule_entries(session, store.recorder, store.organization_id, draft, new_id=new_id())
    return list(made.entry_ids)


def test_a_desk_does_its_work(center: SmallCenter, pc: tuple[Store, SyncClient]) -> None:
    store, client = pc
    entry_ids = book(center, store, center.irvington, center.nina)
    with store.write("Took a call") as session:
        lead_id = new_id()
        create_lead(session, store.organization_id, LeadEntry(parent_name="Rosa Diaz"), now=START, lead_id=lead_id)
    with store.write("Registered") as session:
        convert_lead(
            session, store.organization_id, lead_id, location_id=center.irvington, today=date(2026, 12, 1),
            family_values={"parent1_first_name": "Rosa", "parent1_last_name": "Diaz"},
            students=[NewStudent(center.irvington, {"first_name": "Leo", "last_name": "Diaz"}, [])],
        )  # fmt: skip
    exchange(store, client)
    assert refused_changes(store) == []
    assert {center.value("schedule_entry", entry_id, "hourly_pay_cents") for entry_id in entry_ids} == {3000}
    with store.read() as session:
        assert {row.hourly_pay_cents for row in session.query(ScheduleEntry)} == {0}
        assert session.query(Student).filter_by(first_name="Leo").one().location_id == center.irvington


def test_another_tutor_is_paid_as_agreed_though_the_desk_does_not_know_it(
    center: SmallCenter, pc: tuple[Store, SyncClient]
) -> None:
    store, client = pc
    ann = center.add(Tutor(user_id=center.jakub_user, hourly_pay_cents=4100))
    center.add(TutorLocation(tutor_id=ann, location_id=center.irvington))
    entry_ids = book(center, store, center.irvington, center.nina)
    exchange(store, client)
    with store.write("Another tutor") as session:
        change_entry(session, store.organization_id, entry_ids[0], now=START, scope=SeriesScope.ALL, tutor_id=ann)
    exchange(store, client)
    assert refused_changes(store) == []
    assert {center.value("schedule_entry", entry_id, "hourly_pay_cents") for entry_id in entry_ids} == {4100}


def test_a_series_held_partly_elsewhere_is_changed_here_alone(
    center: SmallCenter, pc: tuple[Store, SyncClient]
) -> None:
    store, client = pc
    ids = book(center, store, center.irvington, center.nina)
    exchange(store, client)
    with center.database.tenant(center.organization_id) as session:
        session.get_one(ScheduleEntry, (center.organization_id, ids[1])).location_id = center.tarrytown
    exchange(store, client)
    with store.read() as session:
        first, there = (session.get_one(ScheduleEntry, (store.organization_id, one)) for one in ids[:2])
        assert there.series_id == first.series_id
        assert (there.series_day, there.subject_id) == (date(2026, 12, 9), None)
        left_out = entries_elsewhere(session, first, SeriesScope.ALL, own_places(store))
        assert [one.id for one in left_out] == [ids[1]]
    with store.write("Moved") as session:
        later = first.starts_at + timedelta(hours=1)
        move_entry(session, store.organization_id, ids[0], later, scope=SeriesScope.ALL, locations=own_places(store))
    exchange(store, client)
    assert refused_changes(store) == []
    found = [center.value("schedule_entry", one, "starts_at").hour for one in ids]
    assert found == [17, 16, 17]
    # Once the series is Tarrytown's, nobody here is told any more which sessions belong to it.
    with center.database.tenant(center.organization_id) as session:
        session.get_one(Series, (center.organization_id, first.series_id)).location_id = center.tarrytown
    exchange(store, client)
    with store.read() as session:
        there = session.get_one(ScheduleEntry, (store.organization_id, ids[1]))
        assert (there.series_id, there.series_day) == (None, None)


def test_what_is_not_the_desks_to_do_comes_back(center: SmallCenter, pc: tuple[Store, SyncClient]) -> None:
    store, client = pc
    with store.read() as session:
        there = session.get_one(ScheduleEntry, (store.organization_id, center.there))
        assert (there.location_id, there.tutor_id, there.notes) == (center.tarrytown, center.jakub, "")
        assert session.query(Attendee).filter_by(entry_id=center.there).count() == 0
        assert session.get(Student, (store.organization_id, center.bo)) is None
    with store.write("Cancelled elsewhere") as session:
        session.get_one(ScheduleEntry, (store.organization_id, center.there)).archived_at = START
    exchange(store, client)
    (refused,) = refused_changes(store)
    assert refused.row_id == center.there
    with store.read() as session:
        assert session.get_one(ScheduleEntry, (store.organization_id, center.there)).archived_at is None
