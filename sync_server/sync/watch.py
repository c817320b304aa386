"""Tells desks at once that something changed: one connection of this process listens to PostgreSQL, and every watcher
is a stream of server-sent events without a thread and without a query (docs/sync-protocol.md, part 9)."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
import structlog
from starlette.types import Message, Receive, Send

from sync_server.access.devices import REVOKED_CHANNEL, DeviceIdentity
from sync_server.database import CHANGED_CHANNEL, SCOPE_CHANNEL

log = structlog.get_logger()

COMMENT_SECONDS = 25.0
_LISTEN_SECONDS = 1.0
_RETRY_SECONDS = 1.0

_COMMENT = b": still here\n\n"
_BYE = b"event: bye\ndata: {}\n\n"
_SCOPE = b"event: scope\ndata: {}\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(eq=False, slots=True)
class Watcher:
    """One watching device; `told` is set when one of the others has changed."""

    device: DeviceIdentity
    told: asyncio.Event = field(default_factory=asyncio.Event)
    last_seq: int | None = None
    has_new_scope: bool = False
    is_over: bool = False

    def news(self) -> bytes:
        """What is to be said, which is then said."""
        out = b""
        if self.has_new_scope:
            out, self.has_new_scope = _SCOPE, False
        if self.last_seq is not None:
            out += b"event: changed\ndata: " + orjson.dumps({"last": self.last_seq}) + b"\n\n"
            self.last_seq = None
        self.told.clear()
        return out


class Watch:
    """The watchers of this process, and the thread that listens for all of them while there are any."""

    def __init__(self, url: str, is_ending: Callable[[], bool] = lambda: False) -> None:
        """`url` is the database's; `is_ending` tells that the server is, and then the thread ends, too."""
        self._url = url
        self._is_ending = is_ending
        self._watchers: defaultdict[str, set[Watcher]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._listens = asyncio.Event()

    @property
    def count(self) -> int:
        """How many watch."""
        return sum(len(watchers) for watchers in self._watchers.values())

    async def listening(self) -> None:
        """Return once what is committed from now on will be heard."""
        if self._thread is None or not self._thread.is_alive():
            self._loop = asyncio.get_running_loop()
            self._listens = asyncio.Event()
            self._thread = threading.Thread(target=self._listen, name="watch", daemon=True)
            self._thread.start()
        await self._listens.wait()

    def enter(self, device: DeviceIdentity) -> Watcher:
        """A watcher, which is told from now on."""
        watcher = Watcher(device)
        self._watchers[device.organization_id].add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Tell no more."""
        watchers = self._watchers[watcher.device.organization_id]
        watchers.discard(watcher)
        if not watchers:
            del self._watchers[watcher.device.organization_id]

    def _listen(self) -> None:
        while not self._is_ending():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    for channel in (CHANGED_CHANNEL, SCOPE_CHANNEL, REVOKED_CHANNEL):
                        connection.execute(f"LISTEN {channel}")
                    self._in_loop(self._connected)
                    while not self._is_ending():
                        for notice in connection.notifies(timeout=_LISTEN_SECONDS):
                            self._in_loop(self._heard, notice.channel, notice.payload)
            except psycopg.Error as error:
                log.warning("watch_lost_its_connection", error=type(error).__name__)
                time.sleep(_RETRY_SECONDS)

    def _in_loop(self, work: Any, *arguments: Any) -> None:
        assert self._loop is not None
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work, *arguments)

    def _connected(self) -> None:
        if self._listens.is_set():
            # What was said while nobody listened is lost: everybody had better ask.
            for watchers in self._watchers.values():
                for watcher in watchers:
                    watcher.last_seq = 0
                    watcher.has_new_scope = True
                    watcher.told.set()
        self._listens.set()

    def _heard(self, channel: str, payload: str) -> None:
        organization_id, _, rest = payload.partition(" ")
        for watcher in self._watchers.get(organization_id, ()):
            if channel == CHANGED_CHANNEL:
                watcher.last_seq = max(watcher.last_seq or 0, int(rest or 0))
            elif channel == SCOPE_CHANNEL:
                watcher.has_new_scope = True
            elif watcher.device.device_id == rest:
                watcher.is_over = True
            else:
                continue
            watcher.told.set()


async def stream(watch: Watch, watcher: Watcher, receive: Receive, send: Send) -> None:
    """Send a watcher's events until the desk leaves, its device is revoked, or the server stops."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    leaving = asyncio.ensure_future(_left(receive))
    leaving.add_done_callback(lambda _: watcher.told.set())
    pause = COMMENT_SECONDS * random.uniform(0.8, 1.0)
    try:
        await send(_body(_COMMENT))
        while not leaving.done() and not watcher.is_over:
            try:
                async with asyncio.timeout(pause):
                    await watcher.told.wait()
            except TimeoutError:
                await send(_body(_COMMENT))
                continue
            if news := watcher.news():
                await send(_body(news))
        await send(_body(_BYE))
        await send({"type": "http.response.body", "body": b""})
    except OSError:
        return
    finally:
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(events: bytes) -> Message:
    return {"type": "http.response.body", "body": events, "more_body": True}
