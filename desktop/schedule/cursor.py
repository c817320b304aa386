"""The keyboard cursor of the calendar: a column and a minute, and the entry it stands on."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.schedule.layout import CalendarLayout, EntryBox


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the keyboard is; `entry_id` is "" on empty paper."""

    column: str
    minute: int
    entry_id: str = ""


def boxes_at(layout: CalendarLayout, column: str, minute: int) -> list[EntryBox]:
    """The boxes of a column that cover a minute, from left to right."""
    found = [box for box in layout.boxes_of(column) if box.entry.starts <= minute < box.entry.ends]
    return sorted(found, key=lambda box: box.rect.x)


def placed(layout: CalendarLayout, column: str, minute: int, *, from_right: bool = False) -> Cursor:
    """A cursor at a minute of a column, on the first entry there (or the last, coming from the right)."""
    grid = layout.scene.grid_minutes
    minute = min(max(minute, layout.axis.first), layout.axis.last - grid)
    found = boxes_at(layout, column, minute)
    if not found:
        return Cursor(column, minute)
    box = found[-1 if from_right else 0]
    return Cursor(column, minute, box.entry.id)


def initial(layout: CalendarLayout) -> Cursor | None:
    """Where the cursor starts: now, or the first entry of the first column."""
    if not layout.columns:
        return None
    now = layout.scene.now
    keys = [column.column.key for column in layout.columns]
    if now is not None and (now.column is None or now.column in keys):
        grid = layout.scene.grid_minutes
        return placed(layout, now.column or keys[0], now.minute // grid * grid)
    first = min((box.entry.starts for box in layout.boxes_of(keys[0])), default=layout.axis.first)
    return placed(layout, keys[0], first)


def moved_down(layout: CalendarLayout, cursor: Cursor) -> Cursor:
    """One step later: past the entry it stands on, to the next start or the next grid step."""
    grid = layout.scene.grid_minutes
    box = layout.box(cursor.entry_id) if cursor.entry_id else None
    target = box.entry.ends if box is not None else cursor.minute + grid
    starts = [other.entry.starts for other in layout.boxes_of(cursor.column) if cursor.minute < other.entry.starts]
    return placed(layout, cursor.column, min([target, *starts]))


def moved_up(layout: CalendarLayout, cursor: Cursor) -> Cursor:
    """One step earlier: to the start of the entry it stands on, or of the one before, or a grid step."""
    grid = layout.scene.grid_minutes
    box = layout.box(cursor.entry_id) if cursor.entry_id else None
    start = box.entry.starts if box is not None else cursor.minute
    target = start - grid
    before = boxes_at(layout, cursor.column, target)
    if before:
        return Cursor(cursor.column, before[0].entry.starts, before[0].entry.id)
    return placed(layout, cursor.column, target)


def moved_across(layout: CalendarLayout, cursor: Cursor, direction: int) -> Cursor:
    """One lane, or else one column, to the right (1) or left (-1)."""
    here = boxes_at(layout, cursor.column, cursor.minute)
    ids = [box.entry.id for box in here]
    if cursor.entry_id in ids and 0 <= (next_lane := ids.index(cursor.entry_id) + direction) < len(ids):
        return Cursor(cursor.column, cursor.minute, ids[next_lane])
    keys = [column.column.key for column in layout.columns]
    index = (keys.index(cursor.column) if cursor.column in keys else 0) + direction
    if not 0 <= index < len(keys):
        return cursor
    return placed(layout, keys[index], cursor.minute, from_right=direction < 0)


def moved_to_end(layout: CalendarLayout, cursor: Cursor, *, last: bool) -> Cursor:
    """The first or the last entry of the column."""
    found = layout.boxes_of(cursor.column)
    if not found:
        return placed(layout, cursor.column, layout.axis.last if last else layout.axis.first)
    box = max(found, key=lambda b: b.entry.starts) if last else min(found, key=lambda b: b.entry.starts)
    return Cursor(cursor.column, box.entry.starts, box.entry.id)
