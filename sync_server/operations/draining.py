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

    async def wait(self) -> None:
        """Return when the server is ending."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(told.set)

        with self._lock:
            if self._has_begun.is_set():
                return
            self._listeners.add(tell)
        try:
            await told.wait()
        finally:
            with self._lock:
                self._listeners.discard(tell)
