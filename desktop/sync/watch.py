"""Hears from the server that something changed, so that a desk need not ask all the time: a stream of server-sent
events on a thread of its own, taken up again after growing, random pauses (docs/sync-protocol.md, part 9)."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

import orjson

from desktop.sync.client import SyncClient
from desktop.sync.errors import Revoked, SignedOut, SyncError

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 120.0
_LASTED_SECONDS = 60.0
"""A stream that held so long is a good one: the next pause is short again."""


class Wake(Protocol):
    """Called when the server says that something changed, with its last sequence number if it is told."""

    def __call__(self, last_seq: int | None) -> None: ...


class Watch:
    """Watches until `stop`. `is_live` while the stream stands."""

    def __init__(
        self,
        wake: Wake,
        make_client: Callable[[], SyncClient | None],
        *,
        first_pause_seconds: float = _FIRST_PAUSE_SECONDS,
    ) -> None:
        self._wake = wake
        self._make_client = make_client
        self._pause = first_pause_seconds
        self._stopping = threading.Event()
        self._client: SyncClient | None = None
        self.is_live = False
        self._thread = threading.Thread(target=self._run, name="sync-watch", daemon=True)

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        client = self._client
        if client is not None:
            client.interrupt()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._watch()
            except (SignedOut, Revoked):
                self._wake(None)  # the exchange hears the same, and tells the person
                return
            except SyncError as error:
                log.info("Watching ended: %s", error)
            finally:
                self.is_live = False
            failures = 0 if time.monotonic() - began > _LASTED_SECONDS else failures + 1
            longest = min(_LONGEST_PAUSE_SECONDS, self._pause * 2 ** min(failures, 10))
            self._stopping.wait(random.uniform(longest / 4, longest))

    def _watch(self) -> None:
        client = self._make_client()
        if client is None:
            return
        self._client = client
        try:
            for event, data in client.watch():
                if self._stopping.is_set() or event == "bye":
                    return
                if not self.is_live:
                    self.is_live = True
                    self._wake(None)  # what changed while nobody watched
                if event == "changed":
                    self._wake(_last_of(data))
                elif event == "scope":
                    self._wake(None)
        finally:
            self._client = None
            client.close()


def _last_of(data: str) -> int | None:
    """The last sequence number that an event tells of."""
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    last = told.get("last") if isinstance(told, dict) else None
    return last if type(last) is int else None
