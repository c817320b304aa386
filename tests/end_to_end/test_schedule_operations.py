"""Operations on the schedule on one PC reach the other, and undo takes them back on both, also after a sync."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.schedule.acceptances import accept_conflict, acceptances_of, key_of
from shared_models.schedule.bookings import conflicts_of_entries
from shared_models.schedule.models import ScheduleEntry
from shared_models.schedule.operations import schedule_entries
from shared_models.schedule.recurrence import Pattern
from shared_models.schedule.series_operations import SeriesScope, move_entry, resize_entry
from sync_server.database import Database
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization
from tests.shared_models.schedule.random_operations import OPERATIONS, perform, schedule_series, visible
from tests.shared_models.schedule.small_center import NOW, Center, at, furnished, local

WEDNESDAY = date(2027, 1, 6)
SCHEDULE = ("series", "schedule_entry", "attendee", "entry_room", "conflict_acceptance", "tutor_time_off")


class Desks:
    """Two PCs of one center, and the way between them."""

    def __init__(self, first: Store, second: Store, server: LiveServer) -> None:
        self.first, self.second, self._server = first, second, server

    def sync(self) -> None:
        """Everything that either PC has reaches the other."""
        for store in (self.first, self.second, self.first):
            token = store.secrets.read(TOKEN)
            assert token is not None
            client = SyncClient(self._server.url, token.value)
            try:
                exchange(store, client)
            finally:
                client.close()
        assert self.first.unsent_count() == self.second.unsent_count() == 0
        assert self.first.attention_count() == self.second.attention_count() == 0


@contextmanager
def desk(folder: Path, server: LiveServer, email: str) -> Iterator[Store]:
    store = Store(folder, use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    yield store
    store.close()


@pytest.fixture
def desks(database: Database, tmp_path: Path) -> Iterator[Desks]:
    _, _, email = make_organization(database)
    with (
        live_server(database, tmp_path) as server,
        desk(tmp_path / "a", server, email) as first,
        desk(tmp_path / "b", server, email) as second,
    ):
        furnished(first)
        desks = Desks(first, second, server)
        desks.sync()
        yield desks


def schedule_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    rows = visible(store)
    return {table: rows[table] for table in SCHEDULE}


def six_wednesdays(center: Center) -> tuple[str, ...]:
    draft = center.draft(WEDNESDAY, time(16), pattern=Pattern.WEEKLY, occurrence_count=6)
    with center.store.write("Scheduled") as session:
        return schedule_entries(
            session, center.store.recorder, center.organization_id, draft, new_id=center.id("Wednesdays")
        ).entry_ids


def entry_on(store: Store, entry_id: str) -> ScheduleEntry:
    with store.read() as session:
        return session.get_one(ScheduleEntry, (store.organization_id, entry_id))


@pytest.mark.parametrize("seed", range(2))
def test_random_operations_their_undo_and_redo_reach_the_other_pc(desks: Desks, seed: int) -> None:
    random, center = Random(seed), Center(desks.first)
    states = [schedule_of(desks.first)]
    for operation in [schedule_series, schedule_series, *random.choices(OPERATIONS, k=14)]:
        if perform(center, operation, random.randint(0, 9999)):
            states.append(schedule_of(desks.first))
        if random.random() < 0.3:
            desks.sync()
    desks.sync()
    assert schedule_of(desks.second) == schedule_of(desks.first) == states[-1]

    for before in reversed(states[:-1]):
        desks.first.undo()
        assert schedule_of(desks.first) == before
        if random.random() < 0.2:
            desks.sync()
    desks.sync()
    assert schedule_of(desks.second) == schedule_of(desks.first) == states[0]

    for after in states[1:]:
        desks.first.redo()
        assert schedule_of(desks.first) == after
    desks.sync()
    assert schedule_of(desks.second) == schedule_of(desks.first) == states[-1]


def test_undo_leaves_what_the_other_pc_has_changed_since(desks: Desks) -> None:
    first, second = Center(desks.first), Center(desks.second)
    ids = six_wednesdays(first)
    with first.store.write("Moved") as session:
        move_entry(session, first.organization_id, ids[1], at(date(2027, 1, 13), time(9)))
    desks.sync()
    with second.store.write("Resized") as session:
        resize_entry(session, second.organization_id, ids[1], 30)
    desks.sync()

    assert first.store.undo() == "Moved"
    desks.sync()

    for store in (desks.first, desks.second):
        entry = entry_on(store, ids[1])
        assert (local(entry.starts_at).time(), local(entry.ends_at).time()) == (time(9), time(9, 30))


@pytest.mark.parametrize("order", ["first", "second"])
def test_a_session_moved_on_one_pc_and_resized_on_the_other_ends_as_the_later_edit_left_it(
    desks: Desks, order: str
) -> None:
    first, second = Center(desks.first), Center(desks.second)
    ids = six_wednesdays(first)
    desks.sync()

    def move() -> None:
        with first.store.write("Moved") as session:
            move_entry(session, first.organization_id, ids[1], at(date(2027, 1, 13), time(19)))

    def resize() -> None:
        with second.store.write("Resized") as session:
            resize_entry(session, second.organization_id, ids[1], 30)

    for edit in (move, resize) if order == "first" else (resize, move):
        edit()
    desks.sync()

    ends = {
        (entry_on(store, ids[1]).starts_at, entry_on(store, ids[1]).ends_at) for store in (desks.first, desks.second)
    }
    assert len(ends) == 1
    starts_at, ends_at = ends.pop()
    minutes = (ends_at - starts_at).total_seconds() / 60
    hour = 16 if order == "first" else 19
    assert (local(starts_at).hour, minutes) == (hour, 30 if order == "first" else 60)


def test_two_pcs_that_split_a_series_offline_at_the_same_session_end_with_the_same_series(desks: Desks) -> None:
    first, second = Center(desks.first), Center(desks.second)
    ids = six_wednesdays(first)
    desks.sync()
    for center, clock in ((first, time(17)), (second, time(18))):
        with center.store.write("Moved") as session:
            move_entry(
                session, center.organization_id, ids[3], at(date(2027, 1, 27), clock), scope=SeriesScope.FOLLOWING
            )
    desks.sync()

    assert schedule_of(desks.first) == schedule_of(desks.second)
    with desks.first.read() as session:
        series_ids = session.scalars(select(ScheduleEntry.series_id).order_by(ScheduleEntry.starts_at)).all()
    assert len(set(series_ids[:3])) == len(set(series_ids[3:])) == 1
    assert local(entry_on(desks.first, ids[5]).starts_at).time() == time(18)


def test_a_conflict_accepted_on_one_pc_is_accepted_on_the_other(desks: Desks) -> None:
    first, second = Center(desks.first), Center(desks.second)
    ids = six_wednesdays(first)
    draft = first.draft(WEDNESDAY, time(16, 30), room_ids=(first.id("Room B"),), student_ids=(first.id("Wei"),))
    with first.store.write("Scheduled") as session:
        schedule_entries(session, None, first.organization_id, draft, new_id=first.id("one-off"))
    with first.store.write("Accepted") as session:
        (conflict,) = conflicts_of_entries(session, first.organization_id, [ids[0]])
        accept_conflict(
            session, first.organization_id, key_of(conflict),
            by_user_id=first.store.user_id, reason="Patel looks after both", now=NOW,
        )  # fmt: skip
    desks.sync()

    with second.store.read() as session:
        (found,) = conflicts_of_entries(session, second.organization_id, [ids[0]])
        (acceptance,) = acceptances_of(session, second.organization_id, [found]).values()
    assert (acceptance.accepted_by, acceptance.reason) == ("Maya Torres", "Patel looks after both")
