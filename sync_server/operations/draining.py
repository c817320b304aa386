"""The word that a server is about to end: readiness turns false, streams end, and what is in hand is finished."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable


class Draining:
    """Set once, from any thread. Long answers wait for it beside whatever else they wait for."""

    def __init__(self) -> None:
        self._has_begun = threading.Event()
        self._lock = threading.Lock()
        self._listeners: set[Callable[[], None]] = set()

    @property
    def has_begun(self) -> bool:
        """Whether the server is ending."""
        return self._has_begun.is_set()

    def begin(self) -> None:
        """Say that the server is ending; a second time says nothing new."""
        with self._lock:
            self._has_begun.set()
            listeners, self._listeners = self._listeners, set()
        for listener in listeners:
            listener()

    def told(self) -> asyncio.Future[None]:
        """A future of the running loop that is done when the server is ending; cancel it when it is not needed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            loop.call_soon_threadsafe(settle, future)

        with self._lock:
            if self._has_begun.is_set():
                future.set_result(None)
                return future
            self._listeners.add(tell)
        future.add_done_callback(lambda _: self._listeners.discard(tell))
        return future

    async def wait(self) -> None:
        """Return when the server is ending."""
        await self.told()


def settle(future: asyncio.Future[None]) -> None:
    """Let a future be done, if it is not yet; in its loop's thread."""
    if not future.done():
        future.set_result(None)
