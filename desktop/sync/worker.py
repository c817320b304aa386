"""The sync worker: a thread of its own that exchanges with the server whenever something changed here, and regularly
for what changed elsewhere; it waits longer and longer while the server does not answer."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from desktop.store.store import Store
from desktop.sync.client import SignedOut, SyncClient, SyncError, Unreachable
from desktop.sync.exchange import exchange

log = logging.getLogger(__name__)

TOKEN = "device-token"
SERVER = "server_url"

POLL_SECONDS = 2.0
"""How often to ask for changes made elsewhere."""

_FIRST_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 60.0


class SyncKind(StrEnum):
    """How the exchange stands."""

    LOCAL = "local"
    OK = "ok"
    SENDING = "sending"
    OFFLINE = "offline"
    SIGNED_OUT = "signed_out"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class SyncState:
    """How the exchange stands, with the number of rows waiting or needing attention."""

    kind: SyncKind
    count: int = 0

    @property
    def words(self) -> str:
        """The state as the status strip says it (design.md, "Words")."""
        changes = f"{self.count} change{'' if self.count == 1 else 's'}"
        match self.kind:
            case SyncKind.LOCAL:
                return "All changes saved on this PC"
            case SyncKind.OK:
                return "All changes saved and sent"
            case SyncKind.SENDING:
                return f"Sending {changes}"
            case SyncKind.OFFLINE:
                return f"Working offline, {changes} waiting" if self.count else "Working offline, nothing waiting"
            case SyncKind.SIGNED_OUT:
                return f"Sign in to send {changes}" if self.count else "Sign in to fetch changes"
            case SyncKind.ATTENTION:
                return f"{changes} need{'s' if self.count == 1 else ''} you"


class SyncWorker:
    """Runs the exchange until `stop`. `on_state` is called from the worker's thread."""

    def __init__(
        self,
        store: Store,
        on_state: Callable[[SyncState], None],
        *,
        make_client: Callable[[str, str], SyncClient] = SyncClient,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._store = store
        self._on_state = on_state
        self._make_client = make_client
        self._poll_seconds = poll_seconds
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._client: SyncClient | None = None
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._unsubscribe = store.subscribe(lambda _changes: self._wake.set())

    def start(self) -> None:
        """Begin exchanging."""
        self._thread.start()

    def sync_now(self) -> None:
        """Exchange at once rather than at the next turn."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the step under way and stop; what is unsent stays marked for the next start."""
        self._stopping.set()
        self._wake.set()
        self._unsubscribe()
        self._thread.join(timeout=40)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            state = self._turn()
            self._on_state(state)
            failures = failures + 1 if state.kind is SyncKind.OFFLINE else 0
            self._wait(failures)
        if self._client is not None:
            self._client.close()

    def _wait(self, failures: int) -> None:
        if failures == 0:
            self._wake.wait(self._poll_seconds)
            return
        # Saving at the desk does not hurry a server that is down; stopping and `sync_now` after a pause do.
        longest = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** (failures - 1))
        self._stopping.wait(random.uniform(longest / 2, longest))

    def _turn(self) -> SyncState:
        url, token = self._store.local(SERVER), self._store.secrets.read(TOKEN)
        if url is None:
            return SyncState(SyncKind.LOCAL)
        if token is None:
            return SyncState(SyncKind.SIGNED_OUT, self._store.unsent_count())
        if self._client is None:
            self._client = self._make_client(url, token.value)
        try:
            waiting = self._store.unsent_count()
            if waiting:
                self._on_state(SyncState(SyncKind.SENDING, waiting))
            exchange(self._store, self._client)
        except SignedOut:
            self._drop_client()
            self._store.secrets.forget(TOKEN)
            return SyncState(SyncKind.SIGNED_OUT, self._store.unsent_count())
        except Unreachable as error:
            log.info("The server was not reached: %s", error)
            return SyncState(SyncKind.OFFLINE, self._store.unsent_count())
        except SyncError as error:
            log.warning("The exchange failed: %s", error)
            return SyncState(SyncKind.OFFLINE, self._store.unsent_count())
        return self._settled()

    def _settled(self) -> SyncState:
        attention = self._store.attention_count()
        if attention:
            return SyncState(SyncKind.ATTENTION, attention)
        waiting = self._store.unsent_count()
        return SyncState(SyncKind.SENDING, waiting) if waiting else SyncState(SyncKind.OK)

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
