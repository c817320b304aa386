"""What the lobby's wall shows: the sessions of today that have not ended, with first names and initials only.

Nothing else about a child leaves the program this way: no family name, no school, nothing about payment (product §4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.schedule.calendar_values import clock_words
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.scene import SceneBuilder
from shared_models.schedule.models import EntryStatus

_NAMED = 2
"""Up to so many students are named; a larger group goes by its title."""

_NOT_SHOWN = (EntryStatus.CANCELLED, EntryStatus.NO_SHOW, EntryStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class WallRow:
    """A session on the wall, all of it words."""

    time: str
    who: str
    tutor: str
    room: str
    is_now: bool


@dataclass(frozen=True, slots=True)
class WallPlace:
    """A location with its sessions, those under way first; `note` says why there are none."""

    name: str
    rows: tuple[WallRow, ...]
    note: str = ""


def lobby_name(name: str) -> str:
    """ "Andre S." for Andre Smith; a single name as it is."""
    parts = name.split()
    return f"{parts[0]} {parts[-1][0]}." if len(parts) > 1 else name


def wall_places(builder: SceneBuilder, location_id: str = "") -> list[WallPlace]:
    """The sessions of the builder's day at one location, or ("") at each."""
    today = builder.local_now.date()
    minute = builder.local_now.hour * 60 + builder.local_now.minute
    places = [place for place in builder.directory.places if location_id in ("", place.id)]
    found = []
    for place in places:
        rows = sorted(
            (
                row
                for row in builder.week.rows.values()
                if row.day == today
                and row.location_id == place.id
                and row.ends > minute
                and row.status not in _NOT_SHOWN
            ),
            key=lambda row: (row.starts, builder.title_of(row), row.id),
        )
        note = ""
        if not rows:
            reason = builder.directory.closed_reason(place.id, today)
            note = "No more sessions today"
            if reason is not None:
                note = f"Closed for {reason}" if reason else "Closed today"
        found.append(WallPlace(place.name, tuple(_wall_row(builder, row, minute) for row in rows), note))
    return found


def _wall_row(builder: SceneBuilder, row: EntryRow, minute: int) -> WallRow:
    is_foreign = builder.directory.is_foreign(row.location_id)
    return WallRow(
        time=clock_words(row.starts, with_half=False),
        who=_who(() if is_foreign else row.student_names, builder.title_of(row), row.capacity),
        tutor=builder.directory.tutor_name(row.tutor_id),
        room=builder.place_words(row),
        is_now=row.starts <= minute,
    )


def _who(names: Sequence[str], title: str, capacity: int) -> str:
    if names and len(names) <= _NAMED and capacity <= _NAMED:
        return " and ".join(map(lobby_name, names))
    return title
