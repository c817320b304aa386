"""Files over HTTP: sent in chunks, checked, served; and another center's files, which do not exist
([S-110] to [S-113])."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import select, text

from shared_models.access.models import Role, UserRole
from shared_models.base import new_id
from shared_models.organization.files import FilePurpose, MediaType, StoredFile, file_id, keep_file_row, sha256_of
from sync_server.access.devices import DeviceIdentity
from sync_server.database import Database
from sync_server.files.content import FileDesk, FileError
from sync_server.files.models import FileContent
from sync_server.files.storage import DiskStorage, FileKey
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization
from tests.pictures import bomb, moving, noise, photo_with_place, picture

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def shared_database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture(scope="module")
def server(shared_database: Database, folder: Path) -> Iterator[LiveServer]:
    with live_server(shared_database, folder) as running:
        yield running


@dataclass
class Desk:
    """A signed-in device, talking HTTP."""

    database: Database
    organization_id: str
    device_id: str
    http: httpx.Client

    def declare(
        self,
        content: bytes,
        purpose: FilePurpose = FilePurpose.PHOTO,
        size: int | None = None,
        name: str | None = None,
    ) -> str:
        """The row that comes by the sync before the bytes do; returns the file's name."""
        sha256 = name or sha256_of(content)
        with self.database.tenant(self.organization_id) as session:
            keep_file_row(session, self.organization_id, sha256, size_bytes=size or len(content),
                          media_type=MediaType.PNG, name="a file", purpose=purpose)  # fmt: skip
        return sha256

    def put(self, sha256: str, offset: int, chunk: bytes, digest: str | None = None) -> httpx.Response:
        return self.http.put(
            f"/api/v1/files/{sha256}/upload?offset={offset}",
            content=chunk,
            headers={"X-Chunk-SHA256": digest or hashlib.sha256(chunk).hexdigest()},
        )

    def received(self, sha256: str) -> int:
        return int(self.get(f"{sha256}/upload").json()["received"])

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(f"/api/v1/files/{path}", headers=headers)

    def complete(self, sha256: str) -> httpx.Response:
        return self.http.post(f"/api/v1/files/{sha256}/complete")

    def send(
        self, content: bytes, purpose: FilePurpose = FilePurpose.PHOTO, name: str | None = None
    ) -> httpx.Response:
        sha256 = self.declare(content, purpose, name=name)
        for offset in range(0, len(content), MEGABYTE):
            answer = self.put(sha256, offset, content[offset : offset + MEGABYTE])
            if answer.status_code != 200:
                return answer
        return self.complete(sha256)


@pytest.fixture(scope="module")
def desks(shared_database: Database, server: LiveServer) -> Iterator[list[Desk]]:
    """Two PCs of one center and one of another."""
    first, _, first_email = make_organization(shared_database, "First")
    second, _, second_email = make_organization(shared_database, "Second")
    made = [
        signed_in(shared_database, server, organization_id, email)
        for organization_id, email in ((first, first_email), (first, first_email), (second, second_email))
    ]
    yield made
    for desk in made:
        desk.http.close()


def signed_in(database: Database, server: LiveServer, organization_id: str, email: str) -> Desk:
    device_id = new_id()
    answer: dict[str, Any] = httpx.post(
        f"{server.url}/api/v1/sign-in",
        json={"email": email, "password": PASSWORD, "device_id": device_id, "device_name": "PC"},
        timeout=60,
    ).json()
    headers = {"Authorization": f"Bearer {answer['token']}"}
    return Desk(database, organization_id, device_id, httpx.Client(base_url=server.url, headers=headers, timeout=60))


@pytest.fixture
def desk(desks: list[Desk]) -> Desk:
    return desks[0]


def test_a_file_travels_in_chunks_and_comes_back_whole(desk: Desk) -> None:
    content = noise(900)
    assert len(content) > 2 * MEGABYTE
    answer = desk.send(content)
    assert (answer.status_code, answer.json()["media_type"]) == (200, "image/png")
    fetched = desk.get(sha256_of(content))
    assert fetched.content == content
    assert fetched.headers["etag"] == f'"{sha256_of(content)}"'
    assert fetched.headers["content-type"] == "image/png"
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in fetched.headers["content-security-policy"]
    with desk.database.tenant(desk.organization_id) as session:
        row = session.scalars(select(StoredFile).where(StoredFile.sha256 == sha256_of(content))).one()
        assert (row.width, row.height) == (900, 900)
        assert row.stored_at is not None


def test_an_upload_goes_on_where_it_stopped_also_after_the_server_was_restarted(
    desk: Desk, server: LiveServer
) -> None:
    content = noise(900, 2)
    sha256 = desk.declare(content)
    desk.put(sha256, 0, content[:MEGABYTE])
    server.stop()
    server.start()
    assert desk.received(sha256) == MEGABYTE
    assert desk.put(sha256, 0, content[:MEGABYTE]).json()["received"] == MEGABYTE
    for offset in range(MEGABYTE, len(content), MEGABYTE):
        desk.put(sha256, offset, content[offset : offset + MEGABYTE])
    assert desk.complete(sha256).status_code == 200
    assert desk.get(f"{sha256}/upload").json()["complete"] is True
    assert desk.complete(sha256).status_code == 200


def test_a_damaged_chunk_a_gap_and_too_much_are_refused_and_change_nothing(desk: Desk) -> None:
    content = noise(400, 3)
    sha256 = desk.declare(content)
    desk.put(sha256, 0, content[:1000])
    damaged = desk.put(sha256, 1000, b"?" * 500, digest=hashlib.sha256(content[1000:1500]).hexdigest())
    assert (damaged.status_code, damaged.json()["code"]) == (400, "damaged")
    gap = desk.put(sha256, 2000, content[2000:2500])
    assert (gap.status_code, gap.json()["received"]) == (409, 1000)
    beyond = desk.put(sha256, 1000, content[1000:] + b"?")
    assert (beyond.status_code, beyond.json()["code"]) == (413, "too_large")
    assert desk.put(sha256, 1000, b"x" * (MEGABYTE + 1)).status_code == 413
    assert desk.put(sha256, 1000, b"").status_code == 400
    assert desk.put(sha256, 1000, b"x", digest="no hash").status_code == 400
    early = desk.complete(sha256)
    assert (early.status_code, early.json()["code"], early.json()["received"]) == (409, "incomplete", 1000)
    assert desk.received(sha256) == 1000


def test_bytes_that_are_not_what_their_name_says_are_forgotten(desk: Desk) -> None:
    content, other = picture(color="#111111"), picture(color="#ffffff")
    answer = desk.send(other, name=sha256_of(content))
    # The other picture has its own size, so that only the hash can tell.
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_hash")
    assert desk.received(sha256_of(content)) == 0
    assert desk.get(sha256_of(content)).status_code == 404


@pytest.mark.parametrize(
    ("content", "purpose", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', FilePurpose.DOCUMENT, "cannot be kept"),
        (b"MZ\x90\0\x03", FilePurpose.DOCUMENT, "cannot be kept"),
        (b"words", FilePurpose.PHOTO, "is a picture"),
        (bomb(), FilePurpose.PHOTO, "too many pixels"),
        (bomb(16_001, 1), FilePurpose.PHOTO, "too many pixels"),
        (bomb(5000, 5000), FilePurpose.PHOTO, "damaged"),
        (moving(), FilePurpose.LOGO, "Moving"),
        (noise(60)[:-500], FilePurpose.PHOTO, "damaged"),
        (picture("JPEG", progressive=True) + b"\xff\xda\x00\x08" * 70, FilePurpose.PHOTO, "damaged"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 400, FilePurpose.PHOTO, "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 40, FilePurpose.PHOTO, "damaged"),
    ],
    ids=[
        "svg",
        "program",
        "text as photo",
        "bomb",
        "thin bomb",
        "cut bomb",
        "moving",
        "cut off",
        "many scans",
        "no jpeg",
        "no webp",
    ],
)
def test_what_a_file_is_decides_whether_it_is_kept(
    desk: Desk, content: bytes, purpose: FilePurpose, words: str
) -> None:
    answer = desk.send(content, purpose)
    assert (answer.status_code, answer.json()["code"]) == (415, "refused")
    assert words in answer.json()["detail"]
    assert desk.get(sha256_of(content)).status_code == 404
    assert desk.received(sha256_of(content)) == 0


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_kind_of_picture_is_kept(desk: Desk, format_name: str) -> None:
    content = picture(format_name)
    assert desk.send(content).json()["media_type"] == f"image/{format_name.lower()}"
    small = desk.get(f"{sha256_of(content)}/thumbnail?size=64")
    assert Image.open(io.BytesIO(small.content)).size == (40, 30)


def test_a_document_is_served_as_what_it_is_and_has_no_thumbnail(desk: Desk) -> None:
    assert desk.send("Zoé".encode(), FilePurpose.DOCUMENT).status_code == 200
    name = sha256_of("Zoé".encode())
    fetched = desk.get(name)
    assert fetched.headers["content-type"] == "text/plain; charset=utf-8"
    assert fetched.headers["content-disposition"] == "attachment"
    assert desk.get(f"{name}/thumbnail?size=64").status_code == 404


@pytest.mark.parametrize(("size", "shown"), [("64", (43, 64)), ("256", (171, 256)), ("1024", (200, 300))])
def test_thumbnails_are_upright_and_do_not_say_where_a_photo_was_taken(
    desk: Desk, folder: Path, size: str, shown: tuple[int, int]
) -> None:
    content = photo_with_place()
    desk.send(content)
    answer = desk.get(f"{sha256_of(content)}/thumbnail?size={size}")
    assert answer.headers["content-type"] == "image/webp"
    thumbnail = Image.open(io.BytesIO(answer.content))
    assert thumbnail.size == shown
    assert dict(thumbnail.getexif()) == {}
    assert b"Hudson" not in answer.content
    [kept] = (folder / "files" / desk.organization_id).glob(f"*/{sha256_of(content)}.{size}.webp")
    kept.write_bytes(b"made once")
    assert desk.get(f"{sha256_of(content)}/thumbnail?size={size}").content == b"made once"
    assert desk.get(f"{sha256_of(content)}/thumbnail?size=300").status_code == 422


def test_parts_of_a_file_are_served_by_range(desk: Desk) -> None:
    content = noise(100, 4)
    desk.send(content)
    name, size = sha256_of(content), len(content)

    def part(wanted: str, **more: str) -> httpx.Response:
        return desk.get(name, Range=wanted, **more)

    middle = part("bytes=100-199")
    assert (middle.status_code, middle.content) == (206, content[100:200])
    assert middle.headers["content-range"] == f"bytes 100-199/{size}"
    assert part(f"bytes={size - 10}-").content == content[-10:]
    assert part("bytes=-7").content == content[-7:]
    assert part(f"bytes=5-{size + 1000}").content == content[5:]
    assert part(f"bytes={size}-").status_code == 416
    assert part("bytes=9-3").content == content
    assert part("lines=1-2").status_code == 200
    assert part("bytes=0-9", **{"If-Range": '"another"'}).content == content
    assert part("bytes=0-9", **{"If-Range": f'"{name}"'}).content == content[:10]
    assert desk.get(name, **{"If-None-Match": f'"{name}"'}).status_code == 304
    head = desk.http.head(f"/api/v1/files/{name}")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(size), b"")


def test_two_pcs_send_one_file_without_disturbing_each_other(desks: list[Desk]) -> None:
    one, two, _ = desks
    content = noise(700, 5)
    sha256 = one.declare(content)
    one.put(sha256, 0, content[:1000])
    assert two.received(sha256) == 0
    two.put(sha256, 0, b"?" * 1000)
    one.put(sha256, 1000, content[1000 : 1000 + MEGABYTE])
    for offset in range(1000 + MEGABYTE, len(content), MEGABYTE):
        one.put(sha256, offset, content[offset : offset + MEGABYTE])
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: one.complete(sha256).status_code, range(2)))
    assert 200 in answers
    assert two.get(sha256).content == content
    assert two.get(f"{sha256}/upload").json()["complete"] is True


def test_another_centers_file_does_not_exist_and_is_no_shortcut(desks: list[Desk]) -> None:
    one, _, stranger = desks
    content = noise(100, 6)
    one.send(content)
    sha256 = sha256_of(content)
    unknown = "0" * 64
    for path in (sha256, f"{sha256}/upload", f"{sha256}/thumbnail?size=64"):
        answer, nothing = stranger.get(path), stranger.get(path.replace(sha256, unknown))
        assert answer.status_code == nothing.status_code == 404
        assert answer.json() == nothing.json()
    assert stranger.put(sha256, 0, content[:10]).status_code == 404
    assert stranger.complete(sha256).status_code == 404
    stranger.declare(content)
    # A row of one's own gives no bytes that one has not sent: nothing tells that another center has them.
    assert stranger.get(sha256).status_code == 404
    assert stranger.get(f"{sha256}/upload").json() == {"received": 0, "size_bytes": len(content), "complete": False}
    assert stranger.complete(sha256).json()["code"] == "incomplete"
    assert stranger.send(content).status_code == 200
    assert stranger.get(sha256).content == content


def test_who_is_not_signed_in_gets_none(desk: Desk, server: LiveServer) -> None:
    content = picture(color="#444444")
    desk.send(content)
    for path in ("", "/upload", "/thumbnail"):
        assert httpx.get(f"{server.url}/api/v1/files/{sha256_of(content)}{path}").status_code == 401


@pytest.mark.parametrize(
    ("role", "reads_photo", "reads_document", "sends"),
    [
        (Role.OWNER, True, True, True),
        (Role.ADMIN, True, True, True),
        (Role.FRONT_DESK, True, True, True),
        (Role.TUTOR, True, False, False),
        (Role.GUARDIAN, True, False, False),
    ],
)
def test_a_role_gets_and_sends_what_it_may(
    shared_database: Database,
    server: LiveServer,
    role: Role,
    reads_photo: bool,
    reads_document: bool,
    sends: bool,
) -> None:
    organization_id, _, email = make_organization(shared_database)
    desk = signed_in(shared_database, server, organization_id, email)
    photo, document = picture(), b"Minutes of the meeting"
    desk.send(photo)
    desk.send(document, FilePurpose.DOCUMENT)
    with shared_database.tenant(organization_id) as session:
        for held in session.scalars(select(UserRole)):
            held.role = role
    assert (desk.get(sha256_of(photo)).status_code == 200) is reads_photo
    assert (desk.get(f"{sha256_of(photo)}/thumbnail").status_code == 200) is reads_photo
    assert (desk.get(sha256_of(document)).status_code == 200) is reads_document
    assert (desk.send(picture(color="#555555")).status_code == 200) is sends
    desk.http.close()


@pytest.mark.parametrize("name", ["..%2f..%2fsettings", "A" * 64, "a" * 63, "a" * 64 + ".64", "%00" * 64])
def test_only_a_hash_names_a_file(desk: Desk, name: str) -> None:
    assert desk.get(name).status_code == 404
    assert desk.get(f"{name}/upload").status_code == 404


def test_a_center_keeps_no_more_than_its_room(shared_database: Database, tmp_path: Path) -> None:
    organization_id, _, _ = make_organization(shared_database)
    with shared_database.tenant(organization_id) as session:
        user_id = session.scalars(select(UserRole.user_id)).first()
    device = DeviceIdentity(organization_id, str(user_id), new_id())
    files = FileDesk(shared_database, DiskStorage(tmp_path), quota_bytes=60_000)
    kept, too_much = noise(100), noise(110, 2)

    def declare(content: bytes) -> str:
        with shared_database.tenant(organization_id) as session:
            keep_file_row(session, organization_id, sha256_of(content), size_bytes=len(content),
                          media_type=MediaType.PNG, name="", purpose=FilePurpose.PHOTO)  # fmt: skip
        return sha256_of(content)

    def send(content: bytes) -> None:
        sha256 = declare(content)
        files.receive(device, sha256, 0, content, sha256)
        files.complete(device, sha256, datetime(2026, 11, 25, tzinfo=UTC))

    send(kept)
    with pytest.raises(FileError, match="used up") as refused:
        send(too_much)
    assert refused.value.code == "no_room"


def test_erased_bytes_are_gone_with_everything_made_of_them(desk: Desk, folder: Path) -> None:
    content = picture(color="#222222")
    desk.send(content)
    sha256 = sha256_of(content)
    desk.get(f"{sha256}/thumbnail?size=64")
    storage = DiskStorage(folder / "files")
    storage.remove(FileKey(desk.organization_id, sha256))
    with desk.database.tenant(desk.organization_id) as session:
        session.connection().execute(text("DELETE FROM file_content WHERE sha256 = :name"), {"name": sha256})
        assert session.get(FileContent, (desk.organization_id, sha256)) is None
    assert not [found for found in (folder / "files").rglob("*") if sha256 in found.name]
    assert desk.get(sha256).status_code == 404


def test_uploads_that_were_given_up_are_cleared_away(desk: Desk, folder: Path) -> None:
    content = noise(100, 7)
    sha256 = desk.declare(content)
    desk.put(sha256, 0, content[:1000])
    [upload] = (folder / "files" / desk.organization_id / "uploading").glob(f"{sha256}.*")
    old = upload.stat().st_mtime - DiskStorage.ABANDONED_SECONDS - 10
    os.utime(upload, (old, old))
    assert desk.received(sha256) == 0
    assert not upload.exists()


def test_the_row_of_a_file_has_the_id_of_its_hash(desk: Desk) -> None:
    sha256 = desk.declare(picture(color="#333333"))
    with desk.database.tenant(desk.organization_id) as session:
        found = session.scalars(select(StoredFile.id).where(StoredFile.sha256 == sha256)).all()
    assert found == [file_id(desk.organization_id, sha256)]
