"""Sends and fetches files on a thread of its own: what waits follows from the rows and from what lies on this PC, so
that nothing needs to be remembered, and a program that was killed goes on where it stopped."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from desktop.files.client import SEND_BYTES, BeginAgain, FileClient, FileRefused, NotThereYet
from desktop.files.vault import FileVault, vault_of
from desktop.store.errors import StoreError
from desktop.store.store import Changes, Store
from desktop.sync.client import SignedOut, SyncError
from desktop.sync.worker import SERVER, TOKEN
from shared_models.organization.files import FilePurpose, StoredFile

log = logging.getLogger(__name__)

TABLE = StoredFile.__tablename__
LOOK_AGAIN_SECONDS = 5.0
"""How often to look whether a row has been acknowledged, while its file waits for that."""
_IDLE_SECONDS = 600.0
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 300.0
_FETCHED_AHEAD = frozenset({FilePurpose.LOGO, FilePurpose.PHOTO})
"""What is fetched before anyone asks, so that it can be seen offline; documents come when they are wanted."""
_BEGINNINGS = 3


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file on its way: `done_bytes` of `size_bytes`."""

    sha256: str
    name: str
    is_sending: bool
    done_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Job:
    row_id: str
    sha256: str
    name: str
    size_bytes: int
    is_sending: bool


@dataclass(slots=True)
class _Retry:
    attempts: int = 0
    not_before: float = 0.0


class FileTransfers:
    """Runs until `stop`. `on_progress` and `on_refused` (a sentence) are called from its thread."""

    def __init__(
        self,
        store: Store,
        *,
        on_progress: Callable[[Transfer], None] = lambda _transfer: None,
        on_refused: Callable[[str], None] = lambda _sentence: None,
        make_client: Callable[[str, str], FileClient] = FileClient,
        look_again_seconds: float = LOOK_AGAIN_SECONDS,
        begin_after_seconds: float = 3.0,
    ) -> None:
        """`begin_after_seconds` leaves the processor to the window while the program starts."""
        self._store = store
        self._on_progress = on_progress
        self._on_refused = on_refused
        self._make_client = make_client
        self._look_again_seconds = look_again_seconds
        self._begin_after_seconds = begin_after_seconds
        self._client: FileClient | None = None
        self._signed_in_with = ("", "")
        self._retries: dict[str, _Retry] = {}
        self._refused: set[str] = set()
        self._wanted: set[str] = set()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="files", daemon=True)
        self._unsubscribe = store.subscribe(self._heard)

    def start(self) -> None:
        """Begin sending and fetching."""
        self._thread.start()

    def want(self, sha256: str) -> None:
        """Fetch a file that is not fetched ahead; the store announces its row when it has come."""
        self._wanted.add(sha256)
        self._retries.pop(sha256, None)
        self._wake.set()

    def stop(self) -> None:
        """Stop after the chunk under way; the rest follows at the next start."""
        self._stopping.set()
        self._wake.set()
        self._unsubscribe()
        if self._thread.is_alive():
            self._thread.join(timeout=70)

    def _heard(self, changes: Changes) -> None:
        if TABLE in changes:
            self._wake.set()

    def _run(self) -> None:
        self._stopping.wait(self._begin_after_seconds)
        while not self._stopping.is_set():
            self._wake.clear()
            pause = self._turn()
            self._wake.wait(pause)
        self._drop_client()

    def _turn(self) -> float:
        """Do what can be done now; returns how many seconds to wait for more."""
        try:
            jobs, must_look_again = self._jobs()
            pause = self._look_again_seconds if must_look_again else _IDLE_SECONDS
            if not jobs or not self._sign_in():
                return pause
            for job in jobs:
                if self._stopping.is_set() or self._client is None:
                    break
                pause = min(pause, self._do(self._client, job))
        except StoreError as error:
            log.warning("Files wait: %s", error)
            return _LONGEST_RETRY_SECONDS
        return pause

    def _jobs(self) -> tuple[list[_Job], bool]:
        """What can be sent and fetched, small files first; and whether a file waits for its row to be sent."""
        if self._store.local("organization_id") is None:
            return [], False
        vault = vault_of(self._store)
        with self._store.read() as session:
            rows = session.execute(
                select(
                    StoredFile.id,
                    StoredFile.sha256,
                    StoredFile.name,
                    StoredFile.size_bytes,
                    StoredFile.purpose,
                    StoredFile.stored_at,
                    StoredFile.unsent_since,
                    StoredFile.archived_at,
                )
                .where(StoredFile.organization_id == self._store.organization_id)
                .order_by(StoredFile.size_bytes)
            ).all()
        vault.sweep([row.sha256 for row in rows])
        jobs, waits = [], False
        for row in rows:
            if row.archived_at is not None or row.sha256 in self._refused:
                continue
            is_here = vault.has(row.sha256)
            if row.stored_at is None and is_here:
                if row.unsent_since is None:
                    jobs.append(_Job(row.id, row.sha256, row.name, row.size_bytes, True))
                else:
                    waits = True
            is_wanted = row.purpose in _FETCHED_AHEAD or row.sha256 in self._wanted
            if row.stored_at is not None and not is_here and is_wanted:
                jobs.append(_Job(row.id, row.sha256, row.name, row.size_bytes, False))
        return jobs, waits

    def _do(self, client: FileClient, job: _Job) -> float:
        """Send or fetch one file; returns how many seconds to wait before the next look at it."""
        retry = self._retries.setdefault(job.sha256, _Retry())
        wait = retry.not_before - time.monotonic()
        if wait > 0:
            return wait
        try:
            if job.is_sending:
                self._send(client, job)
            else:
                self._fetch(client, job)
        except FileRefused as error:
            self._refused.add(job.sha256)
            log.warning("A file was refused: %s", error)
            self._on_refused(f"“{job.name}” was not sent. {error}" if job.name else f"A file was not sent. {error}")
            return _IDLE_SECONDS
        except SignedOut:
            # The exchange of rows tells the person; files go on when there is another token.
            self._drop_client()
            return _LONGEST_RETRY_SECONDS
        except SyncError as error:
            log.info("A file waits: %s", error)
            longest = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2**retry.attempts)
            if isinstance(error, NotThereYet) and job.is_sending:
                longest = min(longest, self._look_again_seconds)
            pause = random.uniform(longest / 2, longest)
            retry.attempts += 1
            retry.not_before = time.monotonic() + pause
            return pause
        self._retries.pop(job.sha256, None)
        return _IDLE_SECONDS

    def _send(self, client: FileClient, job: _Job) -> None:
        content = vault_of(self._store).read(job.sha256)
        if content is None:
            return
        upload = client.upload(job.sha256)
        for _ in range(_BEGINNINGS):
            received = upload.received
            try:
                while not upload.is_complete and received < len(content):
                    if self._stopping.is_set():
                        return
                    received = client.send(job.sha256, received, content[received : received + SEND_BYTES]).received
                    self._on_progress(Transfer(job.sha256, job.name, True, received, len(content)))
                client.complete(job.sha256)
            except BeginAgain as again:
                log.info("A file goes on from %d: %s", again.received, again)
                upload = client.upload(job.sha256)
                continue
            return
        raise SyncError("The file does not arrive as it was sent.")

    def _fetch(self, client: FileClient, job: _Job) -> None:
        vault: FileVault = vault_of(self._store)
        for _ in range(_BEGINNINGS):
            arrival = vault.arriving(job.sha256, job.size_bytes)
            try:
                for part in client.fetch(job.sha256, arrival.received):
                    arrival.add(part)
                    self._on_progress(Transfer(job.sha256, job.name, False, arrival.received, job.size_bytes))
                    if self._stopping.is_set():
                        return
                    if arrival.received > job.size_bytes:
                        break
            except BeginAgain:
                arrival.forget()
                continue
            if arrival.finish():
                self._wanted.discard(job.sha256)
                self._store.announce({TABLE: frozenset({job.row_id})})
                return
        raise SyncError("The file does not arrive as it was kept.")

    def _sign_in(self) -> bool:
        url, token = self._store.local(SERVER), self._store.secrets.read(TOKEN)
        if url is None or token is None:
            return False
        if self._client is None or self._signed_in_with != (url, token.value):
            self._drop_client()
            self._client = self._make_client(url, token.value)
            self._signed_in_with = (url, token.value)
        return True

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
