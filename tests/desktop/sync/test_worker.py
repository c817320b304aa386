"""The worker on its thread: hearing of changes elsewhere, falling back to asking, the end of this PC's access, and a
window that stays awake during a long fetch."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from desktop import garbage
from desktop.store.announcer import StoreAnnouncer
from desktop.store.errors import StoreError, StoreLocked
from desktop.store.store import Store
from desktop.sync import exchange as exchange_module
from desktop.sync import outgoing, pace
from desktop.sync.client import SyncClient
from desktop.sync.errors import Suspended, TooOld, Unreachable
from desktop.sync.rows import CURSOR, SyncWriter
from desktop.sync.status import SyncStatus
from desktop.sync.worker import SyncKind, SyncState, SyncWorker
from sync_server.access.devices import revoke_device
from sync_server.database import Database
from tests.desktop.sync.conftest import NOW, Desk
from tests.desktop.sync.test_exchange import add_many

PATIENCE = 30.0


class States:
    """What a worker said, and a way to wait for it."""

    def __init__(self) -> None:
        self.all: list[SyncState] = []
        self._changed = threading.Condition()

    def hear(self, state: SyncState) -> None:
        with self._changed:
            self.all.append(state)
            self._changed.notify_all()

    def wait_for(self, kind: SyncKind) -> SyncState:
        with self._changed:
            assert self._changed.wait_for(lambda: any(state.kind is kind for state in self.all), PATIENCE), self.all
            return next(state for state in reversed(self.all) if state.kind is kind)


Working = Callable[..., tuple[SyncWorker, States]]


@pytest.fixture
def working() -> Iterator[Working]:
    """Starts workers, stopped at the end."""
    workers: list[SyncWorker] = []

    def start(desk: Desk, **options: Any) -> tuple[SyncWorker, States]:
        states = States()
        workers.append(SyncWorker(desk.store, states.hear, **options))
        workers[-1].start()
        return workers[-1], states

    yield start
    for worker in workers:
        worker.stop()


def wait_until(reached: Callable[[], object]) -> float:
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < PATIENCE
        threading.Event().wait(0.01)
    return time.monotonic() - began


def test_a_change_elsewhere_reaches_an_idle_desk_at_once(desk: Desk, other: Desk, working: Working) -> None:
    """[S-80], [S-81]: it is told, and need not ask."""
    worker, states = working(desk, poll_seconds=3600, watched_poll_seconds=3600)
    states.wait_for(SyncKind.OK)
    wait_until(lambda: worker._watch is not None and worker._watch.is_live)
    lead = other.add_lead("From the website")
    other.sync()
    wait_until(lambda: desk.has_lead(lead))


def test_a_desk_that_cannot_watch_asks(desk: Desk, other: Desk, working: Working) -> None:
    """[S-81]"""
    _, states = working(desk, poll_seconds=0.05, watches=False)
    states.wait_for(SyncKind.OK)
    lead = other.add_lead()
    other.sync()
    wait_until(lambda: desk.has_lead(lead))


def test_what_is_saved_here_is_sent_without_asking(desk: Desk, working: Working) -> None:
    _, states = working(desk, poll_seconds=3600, watched_poll_seconds=3600)
    states.wait_for(SyncKind.OK)
    desk.add_lead()
    wait_until(lambda: desk.store.unsent_count() == 0)


def test_a_revoked_pc_destroys_its_key_and_can_never_be_read_again(
    desk: Desk, working: Working, database: Database, tmp_path: Path
) -> None:
    """[S-90]"""
    desk.add_lead("Ana")
    desk.sync()
    desk.store.backup("evening")
    copy = (tmp_path / "first" / "store.db").read_bytes()
    device_id = desk.store.local("device_id")
    assert device_id is not None
    assert revoke_device(database, desk.store.organization_id, device_id, NOW)
    _, states = working(desk)
    said = states.wait_for(SyncKind.REVOKED)
    assert "ended" in said.words
    assert "ended by the center" in said.sentence
    left = sorted(file.name for file in (tmp_path / "first").iterdir())
    assert not any(name.startswith(("store.db", "store-key", "device-token", "backups")) for name in left), left
    with pytest.raises(StoreError):
        desk.store.unsent_count()
    desk.store.set_local(window_geometry="x")
    assert not (tmp_path / "first" / "store.db").exists()
    (tmp_path / "first" / "store.db").write_bytes(copy)
    with pytest.raises(StoreLocked):
        Store(tmp_path / "first", use_keyring=False)


def test_an_idle_pc_hears_at_once_that_its_access_was_ended(desk: Desk, working: Working, database: Database) -> None:
    """[S-90]: not only when it asks next."""
    worker, states = working(desk, poll_seconds=3600, watched_poll_seconds=3600)
    states.wait_for(SyncKind.OK)
    wait_until(lambda: worker._watch is not None and worker._watch.is_live)
    device_id = desk.store.local("device_id")
    assert device_id is not None
    assert revoke_device(database, desk.store.organization_id, device_id, NOW)
    states.wait_for(SyncKind.REVOKED)
    assert desk.store.is_destroyed


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (Unreachable("away"), SyncKind.OFFLINE, "Working offline, 1 change waiting"),
        (Suspended("The center is suspended."), SyncKind.SUSPENDED, "Not syncing: the server refuses, 1 change"),
        (TooOld("Update it."), SyncKind.OUTDATED, "Not syncing: another version is needed, 1 change waiting"),
    ],
)
def test_each_reason_not_to_sync_has_its_words_and_loses_nothing(
    desk: Desk, working: Working, error: Exception, kind: SyncKind, words: str
) -> None:
    """[S-22]"""

    class Refusing(SyncClient):
        def push(self, message: bytes) -> Any:
            raise error

    desk.add_lead()
    _, states = working(desk, make_client=Refusing, watches=False)
    assert states.wait_for(kind).words.startswith(words)
    assert desk.store.unsent_count() == 1


def test_a_long_fetch_tells_how_far_it_is_can_be_cancelled_and_goes_on(
    desk: Desk, other: Desk, working: Working
) -> None:
    """[S-54]"""
    add_many(desk, 8_000)
    desk.sync()
    states = States()
    paused = threading.Event()

    def hear(state: SyncState) -> None:
        if state.kind is SyncKind.FETCHING and not paused.is_set():
            paused.set()
            worker.cancel_fetch()
        states.hear(state)

    worker = SyncWorker(other.store, hear, watches=False, poll_seconds=3600)
    worker.start()
    fetching = states.wait_for(SyncKind.FETCHING)
    assert fetching.words.startswith("Fetching your center: ")
    states.wait_for(SyncKind.PAUSED)
    assert int(other.store.local(CURSOR) or 0) > 0
    other.add_lead("Saved while it was paused")
    wait_until(lambda: other.store.unsent_count() == 0)
    assert other.rows("SELECT count(*) FROM lead")[0][0] < 8_000
    worker.sync_now()
    states.wait_for(SyncKind.OK)
    worker.stop()
    assert other.rows("SELECT count(*) FROM lead") == [(8_001,)]


@pytest.fixture
def _no_search_for_garbage() -> Iterator[None]:
    """As in the program: a search through all that the tests before have left takes this thread long enough."""
    garbage.put_off()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_search_for_garbage")
def test_the_windows_thread_has_nothing_to_do_while_thousands_of_rows_come(
    desk: Desk, other: Desk, qtbot: QtBot
) -> None:
    """Between two turns of the event loop it works for next to nothing: a page of the fetch would take longer. (How
    long the window waits by the clock, `./dev bench awake` tells.)"""
    add_many(desk, 12_000, notes="A note of some length about what was said on the phone.")
    desk.sync()
    status, announcer = SyncStatus(), StoreAnnouncer(other.store)
    told: list[object] = []
    announcer.changed.connect(told.append)
    worked: list[float] = []
    last = [time.thread_time()]

    def beat() -> None:
        now = time.thread_time()
        worked.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.setInterval(1)
    timer.timeout.connect(beat)
    timer.start()
    worker = SyncWorker(other.store, status.report, watches=False, poll_seconds=3600)
    worker.start()
    last_of_all = desk.store.local(CURSOR)
    qtbot.waitUntil(lambda: bool(told) and other.store.local(CURSOR) == last_of_all, timeout=60_000)
    worker.stop()
    timer.stop()
    announcer.stop()
    assert other.rows("SELECT count(*) FROM lead") == [(12_000,)]
    assert len(worked) > 50
    assert max(worked) < 0.016


class Watched(SyncWriter):
    """Notes how many rows each turn wrote."""

    turns: ClassVar[list[int]] = []
    rows = 0

    def executemany(self, sql: str, values: Any) -> None:
        values = list(values)
        self.rows += len(values)
        super().executemany(sql, values)

    def commit(self) -> None:
        self.turns.append(self.rows)
        self.rows = 0
        super().commit()


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each turn of writing wrote."""
    monkeypatch.setattr(Watched, "turns", [])
    monkeypatch.setattr(exchange_module, "SyncWriter", Watched)
    monkeypatch.setattr(outgoing, "SyncWriter", Watched)
    return Watched.turns


def test_a_save_waits_for_a_small_part_of_a_long_exchange(desk: Desk, other: Desk, turns: list[int]) -> None:
    """Whoever saves while thousands of rows are sent or come has their turn between two small parts of them."""
    desk.store.gate.has_company = other.store.gate.has_company = True
    add_many(desk, 12_000, notes="A note of some length about what was said on the phone.")
    desk.sync()
    assert max(turns) <= pace.MOST_ROWS
    assert sum(turns) >= 12_000
    turns.clear()
    other.sync()
    assert other.rows("SELECT count(*) FROM lead") == [(12_000,)]
    assert max(turns) <= pace.MOST_ROWS
    assert sum(turns) >= 12_000


def test_where_nobody_works_much_is_written_at_a_time(desk: Desk, other: Desk, turns: list[int]) -> None:
    add_many(desk, 12_000)
    desk.sync()
    other.sync()
    assert other.rows("SELECT count(*) FROM lead") == [(12_000,)]
    assert max(turns) > 4 * pace.MOST_ROWS


def test_turns_are_as_long_as_the_pc_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    rests: list[float] = []
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(time, "sleep", rests.append)

    def turns_at(rows_a_second: float) -> int:
        kept = pace.Pace()
        for _ in range(20):
            kept.begin()
            now[0] += kept.rows / rows_a_second
            kept.rest(kept.rows)
        return kept.rows

    assert turns_at(1_000_000) == pace.MOST_ROWS
    assert 490 < turns_at(100_000) <= 500
    assert turns_at(100) == pace.FEWEST_ROWS
    assert max(rests) < 0.016


def test_the_states_in_words() -> None:
    assert SyncState(SyncKind.FETCHING, 12_400, 50_000).words == "Fetching your center: 12,400 of 50,000"
    assert SyncState(SyncKind.SENDING, 1).words == "Sending 1 change"
    assert SyncState(SyncKind.ATTENTION, 2).words == "2 changes need you"
    clock = SyncState(SyncKind.CLOCK, sentence="This PC’s clock is 1 year ahead. Set it in the system’s settings.")
    assert clock.words == "This PC’s clock is 1 year ahead"
