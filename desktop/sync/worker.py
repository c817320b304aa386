"""The sync worker: a thread of its own that exchanges with the server as soon as something changed here or there; it
waits longer and longer while the server does not answer."""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from desktop.store.destroy import destroy
from desktop.store.errors import StoreError
from desktop.store.store import Changes, Store
from desktop.sync.client import SyncClient
from desktop.sync.errors import (
    Revoked,
    SignedOut,
    SignInRefused,
    Suspended,
    SyncError,
    TooNew,
    TooOld,
    Unreachable,
)
from desktop.sync.exchange import Cancelled, Exchanged, Progress, Watcher, exchange
from desktop.sync.hello import TOKEN, clock_words, token_of
from desktop.sync.rows import CURSOR
from desktop.sync.verify import verify
from desktop.sync.watch import Watch

__all__ = ["SERVER", "TOKEN", "SyncKind", "SyncState", "SyncWorker"]

log = logging.getLogger(__name__)

SERVER = "server_url"

POLL_SECONDS = 2.0
"""How often to ask for changes made elsewhere while the server cannot tell of them ([S-81])."""
WATCHED_POLL_SECONDS = 60.0
"""How often to ask while it can."""

CHECK_EVERY_SECONDS = 600.0
"""How often at most this PC compares what it holds with the server ([S-70])."""

_GATHER_SECONDS = 0.05
"""So long a change made here waits for those that follow it at once."""
_SWITCH_SECONDS = 0.0001
_FIRST_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 60.0
_TOLD_EVERY_SECONDS = 0.1
_GRACE_SECONDS = 0.5
"""So long an exchange may go on at the end of the program; one that is cut off goes on at the next start."""


class SyncKind(StrEnum):
    """How the exchange stands."""

    LOCAL = "local"
    OK = "ok"
    SENDING = "sending"
    FETCHING = "fetching"
    PAUSED = "paused"
    OFFLINE = "offline"
    SIGNED_OUT = "signed_out"
    ATTENTION = "attention"
    CLOCK = "clock"
    OUTDATED = "outdated"
    SUSPENDED = "suspended"
    STUCK = "stuck"
    REVOKED = "revoked"


_WAITS_LONGER = frozenset({SyncKind.OFFLINE, SyncKind.STUCK, SyncKind.OUTDATED, SyncKind.SUSPENDED})
"""States in which asking every two seconds would help nobody."""


@dataclass(frozen=True, slots=True)
class SyncState:
    """How the exchange stands, with the number of rows waiting, needing attention or fetched, and a sentence of the
    server's where there is one."""

    kind: SyncKind
    count: int = 0
    total: int = 0
    sentence: str = ""

    @property
    def words(self) -> str:
        """The state as the status strip says it (design.md, "Words"); `sentence` may say more."""
        changes = f"{self.count:,} change{'' if self.count == 1 else 's'}"
        match self.kind:
            case SyncKind.LOCAL:
                return "All changes saved on this PC"
            case SyncKind.OK:
                return "All changes saved and sent"
            case SyncKind.SENDING:
                return f"Sending {changes}"
            case SyncKind.FETCHING:
                return f"Fetching your center: {self.count:,} of {self.total:,}"
            case SyncKind.PAUSED:
                return "Fetching your center was paused"
            case SyncKind.OFFLINE:
                return f"Working offline, {changes} waiting" if self.count else "Working offline, nothing waiting"
            case SyncKind.SIGNED_OUT:
                return f"Sign in to send {changes}" if self.count else "Sign in to fetch changes"
            case SyncKind.ATTENTION:
                return f"{changes} need{'s' if self.count == 1 else ''} you"
            case SyncKind.CLOCK:
                return self.sentence.partition(". ")[0]
            case SyncKind.OUTDATED:
                return f"Not syncing: another version is needed, {changes} waiting"
            case SyncKind.SUSPENDED:
                return f"Not syncing: the server refuses, {changes} waiting"
            case SyncKind.STUCK:
                return "Not syncing: this PC cannot save what comes"
            case SyncKind.REVOKED:
                return "This PC’s access was ended"


class SyncWorker:
    """Runs the exchange until `stop`. `on_state` is called from the worker's thread."""

    def __init__(
        self,
        store: Store,
        on_state: Callable[[SyncState], None],
        *,
        make_client: Callable[[str, str], SyncClient] = SyncClient,
        poll_seconds: float = POLL_SECONDS,
        watched_poll_seconds: float = WATCHED_POLL_SECONDS,
        watches: bool = True,
    ) -> None:
        self._store = store
        self._on_state = on_state
        self._make_client = make_client
        self._poll_seconds = poll_seconds
        self._watched_poll_seconds = watched_poll_seconds
        self._watches = watches
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._cancelling = threading.Event()
        self._is_paused = False
        self._client: SyncClient | None = None
        self._watch: Watch | None = None
        self._told_at = 0.0
        self._retry_after = 0.0
        self._is_unchecked = False
        self._check_after = 0.0
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._unsubscribe = store.subscribe(self._changed_here)

    def start(self) -> None:
        """Begin exchanging."""
        # So that the window's thread, which waits for the interpreter now and then, gets it soon.
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_SECONDS))
        self._store.gate.has_company = True
        self._thread.start()

    def sync_now(self) -> None:
        """Exchange at once rather than at the next turn; takes up a fetch that was cancelled."""
        self._is_paused = False
        self._wake.set()

    def cancel_fetch(self) -> None:
        """Stop fetching for now; what has come stays, and what is saved here is still sent. `sync_now` or the next
        start goes on."""
        self._cancelling.set()

    def stop(self) -> None:
        """Finish the step under way and stop; what is unsent stays marked for the next start."""
        self._stopping.set()
        self._cancelling.set()
        self._wake.set()
        self._unsubscribe()
        self._store.gate.has_company = False
        self._end_watching()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=_GRACE_SECONDS)
            client = self._client
            if self._thread.is_alive() and client is not None:
                client.interrupt()  # it waits for a server that does not answer
                self._thread.join(timeout=35)

    def _changed_here(self, _changes: Changes) -> None:
        if threading.current_thread() is not self._thread:
            self._wake.set()

    def _changed_there(self, last_seq: int | None) -> None:
        if last_seq is None or last_seq > int(self._store.local(CURSOR) or 0):
            self._wake.set()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            state = self._turn()
            self._on_state(state)
            if state.kind is SyncKind.REVOKED:
                break
            failures = failures + 1 if state.kind in _WAITS_LONGER else 0
            self._wait(failures, is_settled=state.kind is not SyncKind.SENDING)
        if self._client is not None:
            self._client.close()

    def _wait(self, failures: int, *, is_settled: bool) -> None:
        if failures == 0:
            if not is_settled:
                self._stopping.wait(_GATHER_SECONDS)
                return
            watched = self._watch is not None and self._watch.is_live
            if self._wake.wait(self._watched_poll_seconds if watched else self._poll_seconds):
                self._stopping.wait(_GATHER_SECONDS)
            return
        # Saving at the desk does not hurry a server that is down; stopping and `sync_now` after a pause do.
        longest = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 10))
        pause = max(self._retry_after, random.uniform(longest / 2, longest))
        self._retry_after = 0.0
        self._stopping.wait(pause)

    def _turn(self) -> SyncState:
        url = self._store.local(SERVER)
        token = token_of(self._store) if url is not None else None
        if url is None:
            return SyncState(SyncKind.LOCAL)
        if token is None:
            return SyncState(SyncKind.SIGNED_OUT, self._store.unsent_count())
        if self._client is None:
            self._client = self._make_client(url, token)
        try:
            waiting = self._store.unsent_count()
            if waiting:
                self._on_state(SyncState(SyncKind.SENDING, waiting))
            done = exchange(self._store, self._client, self._watcher(), fetches=not self._is_paused)
            if self._is_paused:
                return SyncState(SyncKind.PAUSED)
            self._check(done)
        except Cancelled:
            self._is_paused = not self._stopping.is_set()
            self._cancelling.clear()
            return SyncState(SyncKind.PAUSED)
        except Exception as error:
            return self._failed(error)
        self._begin_watching(url)
        return self._settled()

    def _check(self, done: Exchanged) -> None:
        """After an exchange that changed something, now and then: compare with the server, and repair ([S-70])."""
        self._is_unchecked = self._is_unchecked or bool(done.sent or done.received)
        if not self._is_unchecked or time.monotonic() < self._check_after or self._client is None:
            return
        if verify(self._store, self._client).is_level:
            self._is_unchecked = False
            self._check_after = time.monotonic() + CHECK_EVERY_SECONDS

    def _failed(self, error: Exception) -> SyncState:
        if isinstance(error, Revoked):
            log.warning("This PC's access was ended; what it held is destroyed.")
            destroy(self._store, TOKEN)
            return SyncState(SyncKind.REVOKED, sentence=str(error))
        waiting = self._store.unsent_count()
        match error:
            case SignedOut():
                self._drop_client()
                self._end_watching()
                self._store.secrets.forget(TOKEN)
                return SyncState(SyncKind.SIGNED_OUT, waiting)
            case Suspended() | SignInRefused():
                return SyncState(SyncKind.SUSPENDED, waiting, sentence=str(error))
            case TooOld() | TooNew():
                return SyncState(SyncKind.OUTDATED, waiting, sentence=str(error))
            case Unreachable():
                log.info("The server was not reached: %s", error)
                self._retry_after = error.retry_after_seconds or 0.0
                return SyncState(SyncKind.OFFLINE, waiting)
            case SyncError():
                log.warning("The exchange failed: %s", error)
                return SyncState(SyncKind.OFFLINE, waiting)
            case StoreError():
                log.warning("The store refused what was fetched: %s", error)
                return SyncState(SyncKind.STUCK, waiting, sentence=str(error))
            case _:
                log.error("The exchange failed for a reason of ours", exc_info=error)
                self._drop_client()
                return SyncState(SyncKind.OFFLINE, waiting)

    def _watcher(self) -> Watcher:
        return Watcher(self._fetched, self._cancelling.is_set)

    def _fetched(self, progress: Progress) -> None:
        """Tell how far a long fetch is, a few times a second."""
        if time.monotonic() - self._told_at > _TOLD_EVERY_SECONDS and progress.total > progress.done:
            self._told_at = time.monotonic()
            self._on_state(SyncState(SyncKind.FETCHING, progress.done, progress.total))

    def _begin_watching(self, url: str) -> None:
        if not self._watches or self._watch is not None or self._stopping.is_set():
            return

        def make() -> SyncClient | None:
            token = token_of(self._store)
            return None if token is None else self._make_client(url, token)

        self._watch = Watch(self._changed_there, make)
        self._watch.start()

    def _end_watching(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def _settled(self) -> SyncState:
        if self._store.attention_count():
            from desktop.sync.attention_proposal import refused_record_count

            return SyncState(SyncKind.ATTENTION, refused_record_count(self._store))
        wrong = clock_words(self._store)
        if wrong is not None:
            return SyncState(SyncKind.CLOCK, sentence=wrong)
        waiting = self._store.unsent_count()
        return SyncState(SyncKind.SENDING, waiting) if waiting else SyncState(SyncKind.OK)

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
