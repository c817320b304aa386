"""A disk that is full or read-only: the person is told in a sentence what to do, and nothing that was saved is lost.
On a small file system of its own where the tests may mount one, and by limits of the process and of SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from desktop.store.errors import StoreUnwritable
from desktop.store.migrations import HEAD
from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.base import new_id
from shared_models.leads.models import Lead
from sync_server.database import Database
from tests.desktop.store.test_store import first_published_store
from tests.end_to_end.processes import ROOT, rows_of
from tests.live_server import PASSWORD, live_server, make_organization

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


class SmallDisk:
    """A file system of a few megabytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, leaving: int = 0) -> None:
        """Take all the space but so many bytes."""
        with self._filler.open("wb", buffering=0) as out:
            try:
                while True:
                    out.write(b"\0" * 4096)
            except OSError:
                out.truncate(max(0, out.tell() - leaving))

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink()

    def remount(self, how: str) -> None:
        """`ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.folder)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only an administrator of Linux may mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system may be mounted here")
    yield SmallDisk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


def center_on(folder: Path) -> Store:
    """A store of a center that has no server."""
    store = Store(folder, use_keyring=False)
    store.set_local(organization_id=new_id())
    return store


def add_leads(store: Store, count: int, notes: str = "") -> list[str]:
    with store.write("New leads") as session:
        leads = [
            Lead(organization_id=store.organization_id, id=new_id(), created_at=NOW, notes=notes)
            for _ in range(count)
        ]
        session.add_all(leads)
        return [lead.id for lead in leads]


def ids_of(store: Store) -> set[str]:
    with store.read() as session:
        return set(session.scalars(select(Lead.id)))


def check_sound(store: Store) -> None:
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"


def test_a_full_disk_is_told_and_all_that_was_saved_is_there(disk: SmallDisk) -> None:
    store = center_on(disk.folder / "store")
    saved = set(add_leads(store, 3))
    disk.fill(leaving=200_000)
    with pytest.raises(StoreUnwritable, match="disk is full"):
        while True:
            saved |= set(add_leads(store, 5, "x" * 4000))
    assert ids_of(store) == saved
    store.close()
    reopened = Store(disk.folder / "store", use_keyring=False)
    check_sound(reopened)
    assert ids_of(reopened) == saved
    disk.free()
    saved |= set(add_leads(reopened, 1))
    assert ids_of(reopened) == saved
    reopened.close()


def test_a_disk_without_room_for_a_backup_leaves_the_older_store_as_it_was(disk: SmallDisk) -> None:
    folder = disk.folder / "store"
    folder.mkdir()
    _, student = first_published_store(folder)
    before = (folder / "store.db").read_bytes()
    disk.fill(leaving=100_000)
    with pytest.raises(StoreUnwritable, match="disk is full"):
        Store(folder, use_keyring=False)
    assert (folder / "store.db").read_bytes() == before
    assert not list((folder / "backups").glob("*"))
    disk.free()
    store = Store(folder, use_keyring=False)
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
        assert connection.execute(text("SELECT id FROM student")).scalars().all() == [student]
    store.close()
    assert len(list((folder / "backups").glob("*.db"))) == 1


def test_a_disk_that_fills_up_during_an_upgrade_leaves_the_older_store_as_it_was(disk: SmallDisk) -> None:
    folder = disk.folder / "store"
    folder.mkdir()
    _, student = first_published_store(folder)
    size = (folder / "store.db").stat().st_size
    disk.fill(leaving=size + 60_000)
    with pytest.raises(StoreUnwritable, match="disk is full"):
        Store(folder, use_keyring=False)
    disk.free()
    store = Store(folder, use_keyring=False)
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
        assert connection.execute(text("SELECT id FROM student")).scalars().all() == [student]
    check_sound(store)
    store.close()


def test_a_disk_that_becomes_read_only_is_told_and_loses_nothing(disk: SmallDisk) -> None:
    store = center_on(disk.folder / "store")
    saved = set(add_leads(store, 3))
    store.close()
    disk.remount("ro")
    with pytest.raises(StoreUnwritable, match="cannot be written"):
        store = Store(disk.folder / "store", use_keyring=False)
        add_leads(store, 1)
    disk.remount("rw")
    store = Store(disk.folder / "store", use_keyring=False)
    assert ids_of(store) == saved
    store.close()


def test_a_folder_on_a_read_only_disk_is_told(disk: SmallDisk) -> None:
    disk.remount("ro")
    with pytest.raises(StoreUnwritable, match="cannot be written"):
        Store(disk.folder / "new", use_keyring=False)
    disk.remount("rw")


def test_a_disk_that_is_full_while_the_server_sends_is_told_and_takes_up_where_it_was(
    database: Database, tmp_path: Path
) -> None:
    organization_id, _, email = make_organization(database)
    with live_server(database, tmp_path / "server") as server:
        store = Store(tmp_path / "store", use_keyring=False)
        sign_in(store, server.url, email, PASSWORD)
        own = add_leads(store, 2)
        with database.tenant(organization_id) as session:
            for _ in range(300):
                session.add(Lead(organization_id=organization_id, id=new_id(), created_at=NOW, message="x" * 3000))
        token = store.secrets.read(TOKEN)
        assert token is not None
        client = SyncClient(server.url, token.value)
        with store.bulk_connection() as driver:
            pages = driver.execute("PRAGMA page_count").fetchone()[0]
            driver.execute(f"PRAGMA max_page_count = {pages + 20}")
        with pytest.raises(StoreUnwritable, match="disk is full"):
            exchange(store, client)
        check_sound(store)
        assert set(own) <= ids_of(store)
        with store.bulk_connection() as driver:
            driver.execute("PRAGMA max_page_count = 1073741823")
        exchange(store, client)
        client.close()
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(Lead)) == 302
        other = Store(tmp_path / "other", use_keyring=False)
        sign_in(other, server.url, email, PASSWORD)
        assert rows_of(store) == rows_of(other)
        store.close()
        other.close()


_WRITES = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from desktop.store.errors import StoreUnwritable
from desktop.store.store import Store
from tests.desktop.store.test_disk import add_leads
store = Store(Path(sys.argv[1]), use_keyring=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    while True:
        for lead in add_leads(store, 4, "x" * 3000):
            print(lead, flush=True)
except StoreUnwritable as error:
    print(error, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_file_that_may_not_grow_is_told_and_all_that_was_saved_is_there(tmp_path: Path) -> None:
    center_on(tmp_path).close()
    child = subprocess.run(
        [sys.executable, "-c", _WRITES, str(tmp_path), str(2_000_000)],
        cwd=ROOT, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    *saved, sentence = child.stdout.splitlines()
    assert "all saved data is safe" in sentence, child.stderr
    store = Store(tmp_path, use_keyring=False)
    check_sound(store)
    assert ids_of(store) >= set(saved)
    assert len(saved) > 20
    store.close()
