"""A tutor's photo on the public website: that one, small, and no other file of any center."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from shared_models.access.models import User, UserRole
from shared_models.base import new_id
from shared_models.organization.files import FilePurpose, MediaType, keep_file_row, sha256_of
from shared_models.people.models import Tutor
from sync_server.access.devices import DeviceIdentity
from sync_server.database import Database
from sync_server.files.content import FileDesk
from sync_server.files.storage import DiskStorage
from tests.live_server import LiveServer, live_server, make_organization
from tests.pictures import photo_with_place, picture

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path) as running:
        yield running


def keep(database: Database, folder: Path, organization_id: str, content: bytes) -> str:
    """A file as if a desk had sent it; returns its name."""
    with database.tenant(organization_id) as session:
        user_id = str(session.scalars(select(UserRole.user_id)).first())
        keep_file_row(session, organization_id, sha256_of(content), size_bytes=len(content),
                      media_type=MediaType.JPEG, name="", purpose=FilePurpose.PHOTO)  # fmt: skip
    device = DeviceIdentity(organization_id, user_id, new_id())
    files = FileDesk(database, DiskStorage(folder / "files"), 10**9)
    files.receive(device, sha256_of(content), 0, content, sha256_of(content))
    files.complete(device, sha256_of(content), NOW)
    return sha256_of(content)


def add_tutor(database: Database, organization_id: str, photo_hash: str) -> str:
    with database.tenant(organization_id) as session:
        user = User(organization_id=organization_id, id=new_id(), first_name="Zoé", last_name="Łukasz")
        tutor = Tutor(organization_id=organization_id, id=new_id(), user_id=user.id, photo_hash=photo_hash)
        session.add_all([user, tutor])
        return tutor.id


def test_the_photo_of_a_tutor_is_on_the_page_and_can_be_fetched(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    organization_id, slug, _ = make_organization(database)
    name = keep(database, tmp_path, organization_id, photo_with_place())
    add_tutor(database, organization_id, name)
    page = httpx.get(f"{server.url}/{slug}/").text
    assert f'<img src="/{slug}/photos/{name}.webp" width="64" height="64" alt="" loading="lazy">' in page
    answer = httpx.get(f"{server.url}/{slug}/photos/{name}.webp")
    shown = Image.open(io.BytesIO(answer.content))
    assert max(shown.size) == 256
    assert (dict(shown.getexif()), b"Hudson" in answer.content) == ({}, False)
    again = httpx.get(f"{server.url}/{slug}/photos/{name}.webp", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_no_other_file_is_public(database: Database, server: LiveServer, tmp_path: Path) -> None:
    organization_id, slug, _ = make_organization(database, "First")
    _, other_slug, _ = make_organization(database, "Second")
    shown = keep(database, tmp_path, organization_id, picture(color="#111111"))
    unshown = keep(database, tmp_path, organization_id, picture(color="#222222"))
    tutor_id = add_tutor(database, organization_id, shown)
    paths = [
        f"/{slug}/photos/{unshown}.webp", f"/{other_slug}/photos/{shown}.webp", f"/{slug}/photos/{'0' * 64}.webp",
        f"/{slug}/photos/..%2f{shown}.webp", f"/nobody/photos/{shown}.webp",
    ]  # fmt: skip
    assert {httpx.get(server.url + path).status_code for path in paths} == {404}
    assert httpx.get(f"{server.url}/{slug}/photos/{shown}.webp").status_code == 200
    with database.tenant(organization_id) as session:
        session.get_one(Tutor, (organization_id, tutor_id)).is_active = False
    assert httpx.get(f"{server.url}/{slug}/photos/{shown}.webp").status_code == 404


def test_a_photo_that_has_not_arrived_leaves_the_name_alone(database: Database, server: LiveServer) -> None:
    organization_id, slug, _ = make_organization(database)
    add_tutor(database, organization_id, sha256_of(b"not sent yet"))
    page = httpx.get(f"{server.url}/{slug}/").text
    assert "Zoé Łukasz" in page
    assert "<img" not in page.split('id="tutors"')[1]
