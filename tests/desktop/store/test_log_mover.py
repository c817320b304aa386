"""The write-ahead log goes into the file on a thread of its own, never within somebody's save."""

from __future__ import annotations

import subprocess
import sys
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
    mover = store.log_mover
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
    store: Store,
) -> None:
    save(store, 10)
    assert store.log_mover._thread is None

    def refuse() -> object:
        raise OSError("no more files")

    mover = log_mover.LogMover(refuse)
    mover.look()
    mover.close()
    mover.look()
    assert not any(thread.name == "log-mover" for thread in threading.enumerate())


def test_no_more_is_moved_once_the_store_is_closed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_mover, "_MANY_PAGES", 1)
    mover = log_mover.LogMover(store._open)
    mover.close()
    save(store)
    mover.look()
    assert mover._thread is None


def test_a_writer_that_moves_the_log_itself_is_left_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_mover, "_MANY_PAGES", 50)
    with store.log_mover.held():
        for _ in range(5):
            save(store)
        assert store.log_mover._thread is None
    save(store)
    assert store.log_mover._thread is not None


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


OTHER_PROGRAM = """
import sys, sqlcipher3.dbapi2 as sqlite
file, key, statement = sys.argv[1:]
other = sqlite.connect(file, timeout=0, isolation_level=None)
other.execute(f"PRAGMA key = \\"x'{key}'\\"")
try:
    other.execute(statement).fetchall()
    print("done")
except sqlite.OperationalError as error:
    print(error)
other.close()
"""


def other_program(store: Store, statement: str) -> str:
    """What another process of this PC is told when it opens the same file, runs a statement and ends."""
    key = Path(store.key_kept_in).read_text().strip()
    command = [sys.executable, "-c", OTHER_PROGRAM, str(store.folder / "store.db"), key, statement]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_no_look_at_the_log_lets_another_program_write_meanwhile(store: Store) -> None:
    save(store)
    with store.write() as session:
        session.add(Lead(organization_id=store.organization_id, id=new_id(), created_at=NOW, source=LeadSource.PHONE))
        session.flush()
        store.log_mover.look()
        assert "locked" in other_program(store, "BEGIN IMMEDIATE")
    assert other_program(store, "BEGIN IMMEDIATE") == "done"


def test_no_backup_lets_another_program_tidy_the_log_away(store: Store) -> None:
    save(store)
    store.backup("evening")
    assert other_program(store, "SELECT count(*) FROM lead") == "done"  # the last one to leave moves and removes it
    save(store)
    assert (store.folder / "store.db-wal").exists()
    store.close()
    again = Store(store.folder, use_keyring=False)
    with again.read() as session:
        assert session.query(Lead).count() == 2
    again.close()
