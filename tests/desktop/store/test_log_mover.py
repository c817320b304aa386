"""The write-ahead log goes into the file on a thread of its own, never within somebody's save."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop.store import log_mover
from desktop.store.store import Store
from shared_models.base import new_id
from shared_models.leads.models import Lead, LeadSource

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", use_keyring=False)
    store.set_local(organization_id=new_id())
    yield store
    store.close()


def save(store: Store, size: int = 100_000) -> None:
    with store.write() as session:
        own = {"organization_id": store.organization_id, "id": new_id(), "created_at": NOW}
        session.add(Lead(**own, source=LeadSource.PHONE, notes="x" * size))


def test_a_save_leaves_the_log_to_another_thread(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    movers: list[str] = []
    move = log_mover.LogMover._move

    def watched(mover: log_mover.LogMover) -> None:
        movers.append(threading.current_thread().name)
        move(mover)

    monkeypatch.setattr(log_mover.LogMover, "_move", watched)
    monkeypatch.setattr(log_mover, "_MANY_PAGES", 50)
    for _ in range(10):
        save(store)
    mover = store._log_mover
    assert mover._thread is not None
    mover._thread.join()
    mover.look()
    mover._thread.join()
    assert set(movers) == {"log-mover"}
    assert mover._waiting_pages() < 50


def test_no_connection_moves_the_log_within_a_commit(store: Store) -> None:
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == 0


def test_a_short_log_is_left_alone_and_what_cannot_be_moved_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save(store, 10)
    assert store._log_mover._thread is None

    def refuse() -> object:
        raise OSError("no more files")

    monkeypatch.setattr(log_mover, "_MANY_PAGES", 1)
    mover = log_mover.LogMover(tmp_path / "store" / "store.db", refuse)
    mover.look()
    mover.close()
    assert mover._waiting_pages() > 0
    mover.look()
    assert not any(thread.name == "log-mover" for thread in threading.enumerate())


def test_all_saves_are_there_after_the_log_was_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_mover, "_MANY_PAGES", 20)
    store = Store(tmp_path / "store", use_keyring=False)
    store.set_local(organization_id=new_id())
    for _ in range(20):
        save(store, 30_000)
    store.close()
    again = Store(tmp_path / "store", use_keyring=False)
    with again.read() as session:
        assert session.query(Lead).count() == 20
    again.close()


def test_where_the_index_cannot_be_read_the_length_of_the_log_tells(store: Store, tmp_path: Path) -> None:
    save(store)
    mover = store._log_mover
    assert mover._waiting_pages() > 20
    mover._index = tmp_path
    assert mover._waiting_pages() > 20
    mover._log = tmp_path / "none"
    assert mover._waiting_pages() == 0
