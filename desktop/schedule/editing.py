"""The seam between the calendar and the form that makes and opens entries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EntryPrefill:
    """What the calendar knows of a new entry: minutes are those of the local day; "" and None are open."""

    day: date
    starts: int | None = None
    ends: int | None = None
    location_id: str = ""
    tutor_id: str | None = None
    room_id: str | None = None


class EntryEditor(Protocol):
    """Makes and opens entries beside the calendar."""

    def create(self, prefill: EntryPrefill) -> None:
        """Begin a new entry."""

    def open(self, entry_id: str) -> None:
        """Open an existing entry."""
