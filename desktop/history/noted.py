"""What is known of a record's past, before it is put into words: single changes as the server noted them, or, away
from it, as the clocks tell that every field carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from shared_models.sync.clocks import CREATED, device_tail, edits_of, stamp_milliseconds
from shared_models.sync.hook import RowChange

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

OWN = "This PC"
"""Who did something that no server has told of."""
ANOTHER = "Another PC"
TOGETHER = timedelta(seconds=1)
"""What was saved together may lie on both sides of a full second."""


@dataclass(frozen=True, slots=True)
class Noted:
    """One change of one row: fields with their values before and after; none for a row that was made.

    ``thing_id`` is the student or room of an attendee or entry room, ``lost`` has values that were entered and did
    not stand against another change.
    """

    table: str
    row_id: str
    at: datetime
    who: str
    is_new: bool
    changes: Mapping[str, tuple[Any, Any]]
    thing_id: str = ""
    lost: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """What one person did at one moment (UTC)."""

    at: datetime
    who: str
    words: str


def noted_by_clocks(
    table: str, row_id: str, clocks: Mapping[str, str], device_id: str, thing_id: str = ""
) -> list[Noted]:
    """What a row's own clocks tell: when each field was last edited, and whether on this PC; values are not known."""
    by_stamp: dict[str, list[str]] = {}
    for name, stamp in edits_of(clocks).items():
        by_stamp.setdefault(stamp, []).append(name)
    found = []
    own = device_tail(device_id)
    for stamp, fields in by_stamp.items():
        at = datetime.fromtimestamp(stamp_milliseconds(stamp) / 1000, UTC)
        who = OWN if stamp[16:] == own else ANOTHER
        found.append(Noted(table, row_id, at, who, CREATED in fields, dict.fromkeys(fields, (None, None)), thing_id))
    return found


def with_values(noted: Sequence[Noted], changes: Sequence[RowChange]) -> dict[int, Noted]:
    """Those of the changes made on this PC whose values its undo still knows, by the identity of what was noted."""
    found: dict[int, Noted] = {}
    for one in noted:
        if one.who != OWN or one.is_new:
            continue
        for change in changes:
            if change.row_id == one.row_id and not change.is_new and one.changes.keys() <= change.new.keys():
                values = {name: (change.old.get(name), value) for name, value in change.new.items()}
                found[id(one)] = replace(one, changes=values)
                break
    return found


def what_replaced(noted: Sequence[Noted], lost: Noted, name: str) -> Noted | None:
    """The change whose value of a field stood against what `lost` tells of, if it was noted too."""
    others = [
        one
        for one in noted
        if one is not lost
        and (one.table, one.row_id) == (lost.table, lost.row_id)
        and name in one.changes
        and one.at <= lost.at
    ]
    return max(others, key=lambda one: one.at, default=None)


def joined(words: Sequence[str]) -> str:
    """ "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def as_instant(value: Any, zone: tzinfo) -> datetime | None:
    """An instant, or one as it travels, on the clock of a zone; None when it is neither."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).astimezone(zone)


def clock_words(value: Any, zone: tzinfo) -> str:
    """ "3:41 PM"."""
    at = as_instant(value, zone)
    return f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}" if at is not None else "?"


def moment_words(value: Any, zone: tzinfo) -> str:
    """ "Fri, Nov 20, 3:41 PM"."""
    at = as_instant(value, zone)
    if at is None:
        return "?"
    return f"{_WEEKDAYS[at.weekday()]}, {_MONTHS[at.month - 1]} {at.day}, {clock_words(value, zone)}"


def when_words(at: datetime, zone: tzinfo) -> str:
    """ "Nov 20, 3:41 PM"."""
    local = at.astimezone(zone)
    return f"{_MONTHS[local.month - 1]} {local.day}, {clock_words(at, zone)}"
