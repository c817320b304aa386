"""The bytes of files that were archived long ago are freed, and nothing that anybody may still want."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_models.access.models import Role, User, UserRole
from shared_models.base import new_id
from shared_models.organization.files import FilePurpose, MediaType, StoredFile, keep_file_row, sha256_of
from shared_models.people.models import Tutor
from shared_models.registry import tenant_classes
from sync_server.access.devices import DeviceIdentity
from sync_server.database import Database
from sync_server.files import freeing
from sync_server.files.content import FileDesk
from sync_server.files.freeing import GRACE, free_archived_files
from sync_server.files.models import FileContent
from sync_server.files.storage import DiskStorage, FileKey
from sync_server.operations.upkeep import run_upkeep
from tests.live_server import make_organization
from tests.pictures import noise

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)
LONG_AGO = NOW - GRACE - timedelta(days=1)


class Center:
    """An organization with a desk that keeps files."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.storage = database, DiskStorage(folder)
        self.id, _, _ = make_organization(database)
        with database.tenant(self.id) as session:
            owner_id = session.scalars(select(UserRole.user_id).where(UserRole.role == Role.OWNER)).one()
        self.device = DeviceIdentity(self.id, owner_id, new_id())
        self._files = FileDesk(database, self.storage, 10**9)
        self._seed = 0

    def keep(self, *, archived: datetime | None = LONG_AGO, stored: datetime = LONG_AGO) -> str:
        """A picture that is stored, archived then, if at all."""
        self._seed += 1
        content = noise(40 + self._seed, 40)
        sha256 = sha256_of(content)
        with self.database.tenant(self.id) as session:
            keep_file_row(session, self.id, sha256, size_bytes=len(content), media_type=MediaType.PNG, name="a",
                          purpose=FilePurpose.PHOTO)  # fmt: skip
        self._files.receive(self.device, sha256, 0, content, sha256)
        self._files.complete(self.device, sha256, stored)
        self.archive(sha256, archived)
        return sha256

    def archive(self, sha256: str, at: datetime | None) -> None:
        with self.database.tenant(self.id) as session:
            self._row(session, sha256).archived_at = at

    def is_stored(self, sha256: str) -> bool:
        """Whether bytes, what is known of them, and the promise in the row are there: all or nothing."""
        with self.database.tenant(self.id, read_only=True) as session:
            known = session.get(FileContent, (self.id, sha256)) is not None
            promised = self._row(session, sha256).stored_at is not None
        try:
            with_bytes = bool(b"".join(self.storage.read(FileKey(self.id, sha256), 0, 10)))
        except FileNotFoundError:
            with_bytes = False
        assert known == promised == with_bytes
        return known

    def free(self, now: datetime = NOW) -> int:
        return free_archived_files(self.database, self.storage, self.id, now)

    @staticmethod
    def _row(session: Session, sha256: str) -> StoredFile:
        return session.scalars(select(StoredFile).where(StoredFile.sha256 == sha256)).one()


@pytest.fixture
def center(database: Database, tmp_path: Path) -> Center:
    return Center(database, tmp_path / "files")


def test_only_what_was_archived_long_ago_is_freed(center: Center) -> None:
    old, live = center.keep(), center.keep(archived=None)
    recent = center.keep(archived=NOW - GRACE + timedelta(hours=1))
    assert center.free() == 1
    assert [center.is_stored(sha256) for sha256 in (old, recent, live)] == [False, True, True]
    assert center.free() == 0
    assert center.free(NOW + timedelta(days=1)) == 1


def test_a_picture_that_somebody_shows_stays(center: Center) -> None:
    shown = center.keep()
    with center.database.tenant(center.id) as session:
        own = {"organization_id": center.id}
        user_id, tutor_id = new_id(), new_id()
        session.add(User(**own, id=user_id, first_name="Zoé"))
        session.flush()
        session.add(Tutor(**own, id=tutor_id, user_id=user_id, photo_hash=shown))
    assert center.free() == 0
    with center.database.tenant(center.id) as session:
        session.get_one(Tutor, (center.id, tutor_id)).archived_at = NOW
    assert center.free() == 1
    assert not center.is_stored(shown)


def test_every_field_that_names_a_file_counts_as_use() -> None:
    named = {
        (table, column.name)
        for table, kind in tenant_classes().items()
        for column in kind.__table__.columns
        if column.name.endswith("_hash")
    }
    known = {(kind.__tablename__, column.key) for kind, column in freeing._SHOWN_BY}
    assert named == known


def test_another_centers_file_of_the_same_bytes_stays(center: Center, database: Database, tmp_path: Path) -> None:
    other = Center(database, tmp_path / "files")
    ours, theirs = center.keep(), other.keep(archived=None)
    assert ours == theirs
    assert center.free() == 1
    assert other.is_stored(theirs) and not center.is_stored(ours)


def test_a_file_that_is_restored_and_sent_again_is_there_again(center: Center) -> None:
    sha256 = center.keep()
    center.free()
    center.archive(sha256, None)
    center._seed -= 1
    assert center.keep(archived=None, stored=NOW) == sha256
    assert center.is_stored(sha256)


def test_a_run_that_broke_off_after_the_bytes_went_is_made_good_by_the_next(center: Center) -> None:
    sha256 = center.keep()
    center.storage.remove(FileKey(center.id, sha256))
    assert center.free() == 1
    assert not center.is_stored(sha256)


def test_many_runs_at_once_free_each_file_once(center: Center) -> None:
    hashes = [center.keep() for _ in range(5)]
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(center.free())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (sum(counts), len(counts)) == (5, 6)
    assert not any(center.is_stored(sha256) for sha256 in hashes)


def test_the_hourly_upkeep_frees_them(center: Center) -> None:
    sha256 = center.keep()
    assert run_upkeep(center.database, NOW, center.storage)["files"] >= 1
    assert not center.is_stored(sha256)
