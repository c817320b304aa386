"""Files travel between real PCs and a real server, through restarts, kills, damage and refusals ([S-111] to
[S-114])."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from desktop.files.client import SEND_BYTES, FileClient, Upload
from desktop.files.keeper import FileKeeper
from desktop.files.transfers import FileTransfers, Transfer
from desktop.files.vault import vault_of
from desktop.store.store import Store
from desktop.sync.client import SyncClient, Unreachable
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.organization.files import FilePurpose, StoredFile, sha256_of
from sync_server.database import Database
from sync_server.files.storage import DiskStorage, FileKey
from tests.end_to_end.processes import ROOT, wait_until
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization
from tests.pictures import noise


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path / "server") as running:
        yield running


@pytest.fixture
def stores(database: Database, server: LiveServer, tmp_path: Path) -> Iterator[list[Store]]:
    _, _, email = make_organization(database)
    made = []
    for name in ("one", "two"):
        store = Store(tmp_path / name, use_keyring=False)
        sign_in(store, server.url, email, PASSWORD)
        made.append(store)
    yield made
    for store in made:
        store.close()


def exchanged(store: Store, server: LiveServer) -> None:
    token = store.secrets.read(TOKEN)
    assert token is not None
    client = SyncClient(server.url, token.value)
    exchange(store, client)
    client.close()


def added(store: Store, content: bytes, purpose: FilePurpose = FilePurpose.PHOTO) -> str:
    keeper = FileKeeper(store)
    taken = keeper.take_in(content, "maya.png", purpose)
    with store.write() as session:
        return keeper.record(session, taken)


def is_stored(store: Store, server: LiveServer) -> bool:
    exchanged(store, server)
    with store.read() as session:
        return all(stored_at is not None for stored_at in session.scalars(select(StoredFile.stored_at)))


class running_transfers:
    """File transfers that are stopped at the end of the block."""

    def __init__(self, store: Store, **options: object) -> None:
        self.transfers = FileTransfers(store, look_again_seconds=0.05, begin_after_seconds=0, **options)  # type: ignore[arg-type]

    def __enter__(self) -> FileTransfers:
        self.transfers.start()
        return self.transfers

    def __exit__(self, *_: object) -> None:
        self.transfers.stop()


def test_a_photo_added_on_one_pc_is_seen_on_the_other(stores: list[Store], server: LiveServer) -> None:
    one, two = stores
    content = noise(900)
    heard = threading.Event()
    two.subscribe(lambda changes: heard.set() if "stored_file" in changes and vault_of(two).has(sha256) else None)
    with running_transfers(one), running_transfers(two):
        sha256 = added(one, content)
        wait_until(lambda: is_stored(one, server))
        exchanged(two, server)
        assert heard.wait(30)
    assert FileKeeper(two).read(sha256) == content


def test_a_document_comes_only_when_it_is_wanted(stores: list[Store], server: LiveServer) -> None:
    one, two = stores
    with running_transfers(one):
        sha256 = added(one, b"Cancellation policy", FilePurpose.DOCUMENT)
        wait_until(lambda: is_stored(one, server))
    with running_transfers(two) as transfers:
        exchanged(two, server)
        photo = b""
        with running_transfers(one):
            photo = noise(50)
            name = added(one, photo)
            wait_until(lambda: is_stored(one, server))
        exchanged(two, server)
        wait_until(lambda: vault_of(two).has(name))
        assert not vault_of(two).has(sha256)
        transfers.want(sha256)
        wait_until(lambda: vault_of(two).has(sha256))
    assert FileKeeper(two).read(sha256) == b"Cancellation policy"


KILLED = """
import sys, time
from pathlib import Path
from desktop.files.client import FileClient
from desktop.files.transfers import FileTransfers
from desktop.store.store import Store

class SlowClient(FileClient):
    def send(self, sha256, offset, chunk):
        if offset:
            print("sent", offset, flush=True)
            time.sleep(600)
        return super().send(sha256, offset, chunk)
    def fetch(self, sha256, offset):
        done = 0
        for part in super().fetch(sha256, offset):
            yield part
            done += len(part)
            if done > 700_000:
                print("fetched", done, flush=True)
                time.sleep(600)

store = Store(Path(sys.argv[1]), use_keyring=False)
FileTransfers(store, make_client=SlowClient, begin_after_seconds=0).start()
time.sleep(600)
"""


def killed_in_the_middle(folder: Path) -> str:
    """Run transfers over a store in a process of their own, and kill it (-9) in the middle of a file."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.kill()
    return line


def test_an_upload_that_was_killed_goes_on_where_it_stopped(
    stores: list[Store], server: LiveServer, tmp_path: Path
) -> None:
    one, _ = stores
    content = noise(900)
    sha256 = added(one, content)
    exchanged(one, server)
    assert killed_in_the_middle(one.folder).startswith("sent")
    sent: list[int] = []

    class Counting(FileClient):
        def send(self, sha256: str, offset: int, chunk: bytes) -> Upload:
            sent.append(offset)
            return super().send(sha256, offset, chunk)

    with running_transfers(one, make_client=Counting):
        wait_until(lambda: is_stored(one, server))
    assert sent[0] == SEND_BYTES
    key = FileKey(one.organization_id, sha256)
    assert b"".join(DiskStorage(tmp_path / "server" / "files").read(key, 0, len(content))) == content


def test_a_download_that_was_killed_goes_on_where_it_stopped(stores: list[Store], server: LiveServer) -> None:
    one, two = stores
    content = noise(900)
    with running_transfers(one):
        sha256 = added(one, content)
        wait_until(lambda: is_stored(one, server))
    exchanged(two, server)
    assert killed_in_the_middle(two.folder).startswith("fetched")
    offsets: list[int] = []

    class Counting(FileClient):
        def fetch(self, sha256: str, offset: int) -> Iterator[bytes]:
            offsets.append(offset)
            return super().fetch(sha256, offset)

    with running_transfers(two, make_client=Counting):
        wait_until(lambda: vault_of(two).has(sha256))
    assert offsets[0] > 0
    assert FileKeeper(two).read(sha256) == content


def test_a_damaged_chunk_and_a_server_that_is_away_only_cost_time(stores: list[Store], server: LiveServer) -> None:
    one, _ = stores
    content = noise(900)
    troubles = iter(["away", "damaged", "twice"])

    class Troubled(FileClient):
        def send(self, sha256: str, offset: int, chunk: bytes) -> Upload:
            match next(troubles, ""):
                case "away":
                    raise Unreachable("The server does not answer.")
                case "damaged":
                    self._send(
                        "PUT", f"/api/v1/files/{sha256}/upload?offset={offset}", b"?" + chunk[1:],
                        {"X-Chunk-SHA256": sha256_of(chunk)},
                    )  # fmt: skip
                case "twice":
                    super().send(sha256, offset, chunk)
            return super().send(sha256, offset, chunk)

    seen: list[Transfer] = []
    with running_transfers(one, make_client=Troubled, on_progress=seen.append):
        sha256 = added(one, content)
        wait_until(lambda: is_stored(one, server))
    assert [one.done_bytes for one in seen] == sorted(one.done_bytes for one in seen)
    assert seen[-1] == Transfer(sha256, "maya.png", True, len(content), len(content))


def test_what_the_server_refuses_is_said_once(stores: list[Store], server: LiveServer) -> None:
    one, _ = stores
    said: list[str] = []
    with running_transfers(one, on_refused=said.append):
        # The desk looks at the first bytes alone; the server decodes the picture.
        added(one, noise(60)[:-500])
        wait_until(lambda: exchanged(one, server) or said)
    assert said == ["“maya.png” was not sent. This picture is damaged. Save it again or choose another."]


def test_bytes_that_a_restored_server_has_lost_are_sent_again(
    stores: list[Store], server: LiveServer, tmp_path: Path
) -> None:
    one, two = stores
    content = noise(60)
    with running_transfers(one):
        sha256 = added(one, content)
        wait_until(lambda: is_stored(one, server))
        DiskStorage(tmp_path / "server" / "files").remove(FileKey(one.organization_id, sha256))
        exchanged(two, server)
        with running_transfers(two):
            wait_until(lambda: exchanged(one, server) or exchanged(two, server) or vault_of(two).has(sha256))
    assert FileKeeper(two).read(sha256) == content


def test_the_ui_thread_does_none_of_it(stores: list[Store], server: LiveServer) -> None:
    one, _ = stores
    threads: set[str] = set()
    with running_transfers(one, on_progress=lambda _: threads.add(threading.current_thread().name)):
        added(one, noise(60))
        wait_until(lambda: is_stored(one, server))
    assert threads == {"files"}
