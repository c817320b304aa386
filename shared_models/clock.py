"""The program's clock: the computer's, or one moved to another moment for pictures and demonstrations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the present UTC instant."""


def system_clock() -> datetime:
    """The computer's clock."""
    return datetime.now(UTC)


class MovedClock:
    """Shows another moment than the computer's clock, and goes on from there at the usual pace."""

    def __init__(self, start: datetime) -> None:
        self._ahead: timedelta = start.astimezone(UTC) - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead


def clock_from(moment: datetime | None) -> Clock:
    """The computer's clock, or one that starts at the given moment."""
    return system_clock if moment is None else MovedClock(moment)
