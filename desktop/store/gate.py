"""Lets writers of one store take turns without keeping each other waiting: whoever writes much looks up now and then
whether somebody waits, commits what it has, and steps back for a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_AGAIN_SECONDS = 0.0005
_STEP_BACK_SECONDS = 0.1


class WriteGate:
    """One writer at a time within this process. A thread that is inside may come in again."""

    def __init__(self, on_left: Callable[[], object] = lambda: None) -> None:
        """``on_left`` is called after each turn, by whoever had it."""
        self._on_left = on_left
        self.has_company = False
        """Whether somebody works at this desk while others write: their turns are short then from the beginning."""
        self._lock = threading.RLock()
        self._counting = threading.Lock()
        self._waiting = 0

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits to write."""
        return self._waiting > 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Write within this block."""
        self.take()
        try:
            yield
        finally:
            self.leave()

    def take(self) -> None:
        """Wait for the turn to write; end it with `leave`."""
        with self._counting:
            self._waiting += 1
        try:
            self._lock.acquire()
        finally:
            with self._counting:
                self._waiting -= 1

    def leave(self) -> None:
        """End the turn."""
        self._lock.release()
        self._on_left()

    def step_back(self) -> None:
        """Give the turn to those who wait (a lock alone would often be taken again by the one who left it). Called
        by whoever is outside."""
        until = time.monotonic() + _STEP_BACK_SECONDS
        while self._waiting and time.monotonic() < until:
            time.sleep(_LOOK_AGAIN_SECONDS)
