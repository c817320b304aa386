"""Hybrid logical clocks: stamps that order edits across PCs, close to wall time yet never running backwards.

After Kulkarni and others, "Logical Physical Clocks" (2014): milliseconds, a counter for edits within one
millisecond or while the wall clock lags behind, and the device as the last word between equal moments.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

CREATED = "*"
"""The key in a row's clocks that stands for every field without a clock of its own."""

CONTEXT = "~"
"""Put behind a field's name, the key of its context among a row's clocks (shared_models/sync/causal.py)."""

SERVER_DEVICE = "0" * 12
ERASED_CLOCK = "f" * 28
"""The stamp of what was erased for good: later than every other, so that it wins over every edit ([S-15])."""

MAX_AHEAD_MILLISECONDS = 300_000
"""How far ahead of the server's clock a stamp may be ([S-3])."""

_COUNTER_MAX = 0xFFFF


def wall_milliseconds() -> int:
    """Milliseconds since 1970 by this computer's clock."""
    return time.time_ns() // 1_000_000


def device_tail(device_id: str) -> str:
    """The 12 hex digits by which a device signs its stamps (the random end of its UUID)."""
    return device_id.replace("-", "")[-12:]


def stamp_milliseconds(stamp: str) -> int:
    """The wall-clock part of a stamp, in milliseconds since 1970."""
    return int(stamp[:12], 16)


class HybridClock:
    """Gives stamps of 28 hex digits that sort as text: 12 for milliseconds, 4 for the counter, 12 for the device.

    `tick` is later than every stamp given or observed before. Safe to use from several threads.
    """

    def __init__(self, device_id: str, wall: Callable[[], int] = wall_milliseconds) -> None:
        self._device = device_tail(device_id)
        self._wall = wall
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._counter = 0

    def tick(self) -> str:
        """A stamp for an edit made now."""
        with self._lock:
            wall = self._wall()
            if wall > self._milliseconds:
                self._milliseconds, self._counter = wall, 0
            elif self._counter == _COUNTER_MAX:
                self._milliseconds, self._counter = self._milliseconds + 1, 0
            else:
                self._counter += 1
            return f"{self._milliseconds:012x}{self._counter:04x}{self._device}"

    def observe(self, stamp: str) -> None:
        """Take note of a stamp seen elsewhere, so that the next own one is later. What was erased stays as it is:
        no edit is to be later than its stamp."""
        if stamp == ERASED_CLOCK:
            return
        milliseconds, counter = stamp_milliseconds(stamp), int(stamp[12:16], 16)
        with self._lock:
            if (milliseconds, counter) > (self._milliseconds, self._counter):
                self._milliseconds, self._counter = milliseconds, counter


def edits_of(clocks: Mapping[str, str]) -> dict[str, str]:
    """A row's clocks without the contexts: fields (and the creation) to stamps."""
    return {name: stamp for name, stamp in clocks.items() if not name.endswith(CONTEXT)}


def clock_of(clocks: Mapping[str, str], field: str) -> str:
    """The stamp of a field's last edit; empty, and so before every stamp, when it was never set."""
    return clocks.get(field) or clocks.get(CREATED, "")
