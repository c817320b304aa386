"""What a drag does to a span of minutes: creating, moving and resizing on the grid, with mouse or keyboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from desktop.schedule.calendar_values import CalendarEntry, ConflictMark, Span
from desktop.schedule.layout import CalendarLayout

DAY_MINUTES = 24 * 60


class DragKind(StrEnum):
    """What is being changed."""

    CREATE = "create"
    MOVE = "move"
    COPY = "copy"
    STARTS = "starts"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Drag:
    """A change under way: where the span lies now, and where it came from."""

    kind: DragKind
    column: str
    starts: int
    ends: int
    entry: CalendarEntry | None = None
    grabbed: float = 0.0
    """Minutes between the start of the span and the pointer; for a new span, where it was begun."""

    @property
    def entry_id(self) -> str:
        """The entry being changed; "" while creating."""
        return self.entry.id if self.entry is not None else ""

    @property
    def place(self) -> tuple[DragKind, str, int, int]:
        """What letting go now would ask for."""
        return (self.kind, self.column, self.starts, self.ends)

    def copying(self, is_copy: bool) -> Drag:
        """The same way across the calendar, for a copy or for the entry itself."""
        return replace(self, kind=DragKind.COPY if is_copy else DragKind.MOVE)

    @property
    def has_changed(self) -> bool:
        """Whether letting go now changes anything."""
        if self.entry is None:
            return True
        return (self.column, self.starts, self.ends) != (self.entry.column, self.entry.starts, self.entry.ends)


@dataclass(frozen=True, slots=True)
class RoomOffer:
    """A free room to take instead of the one in conflict, offered while dragging (key R)."""

    room_id: str
    words: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class LiveMark:
    """How an entry would be marked if the drag ended now: the worst of its conflicts, the minutes that overlap, and
    whether another entry lies in its buffer."""

    conflict: ConflictMark
    overlaps: tuple[Span, ...] = ()
    tail_is_hit: bool = False


NO_MARK = LiveMark(ConflictMark.NONE)


class Verdict(list[tuple[bool, str]]):
    """What fits and what does not, in words; and the entries whose marks change, the dragged one ("": a new one)
    included."""

    def __init__(self, lines: Iterable[tuple[bool, str]] = (), marks: Mapping[str, LiveMark] | None = None) -> None:
        super().__init__(lines)
        self.marks: Mapping[str, LiveMark] = marks or {}


class Check(Protocol):
    """Judges a place for an entry ("": a new one): what fits and what does not, in words (a Verdict also marks).
    Once another room is taken it is called with `room_id`."""

    def __call__(
        self, entry_id: str, column: str, starts: int, ends: int, *, as_copy: bool = False, room_id: str = ""
    ) -> Sequence[tuple[bool, str]]: ...


class Offer(Protocol):
    """Another room for that place, when the entry's own is taken."""

    def __call__(
        self, entry_id: str, column: str, starts: int, ends: int, *, as_copy: bool = False
    ) -> RoomOffer | None: ...


def begin_create(layout: CalendarLayout, column: str, minute: int) -> Drag:
    """A new span of one grid step at a minute."""
    return Drag(DragKind.CREATE, column, minute, minute + layout.scene.grid_minutes, grabbed=minute)


def begin(kind: DragKind, entry: CalendarEntry, pointer_minute: float) -> Drag:
    """Take hold of an entry where the pointer is."""
    return Drag(kind, entry.column, entry.starts, entry.ends, entry, pointer_minute - entry.starts)


def follow(drag: Drag, layout: CalendarLayout, x: float, y: float) -> Drag:
    """The drag with the pointer at a point of the grid; times snap to the grid and stay within the day."""
    grid = layout.scene.grid_minutes
    if drag.kind is DragKind.CREATE:
        anchor = int(drag.grabbed)
        minute = layout.snapped(y)
        if minute >= anchor:
            return replace(drag, starts=anchor, ends=min(minute + grid, DAY_MINUTES))
        return replace(drag, starts=max(minute, 0), ends=anchor + grid)
    if drag.kind in (DragKind.MOVE, DragKind.COPY):
        column = layout.column_at(x)
        wanted = layout.axis.minute(y) - drag.grabbed
        return moved_to(drag, column.column.key if column else drag.column, round(wanted / grid) * grid)
    if drag.kind is DragKind.ENDS:
        return replace(drag, ends=min(max(layout.nearest(y), drag.starts + grid), DAY_MINUTES))
    return replace(drag, starts=max(min(layout.nearest(y), drag.ends - grid), 0))


def moved_to(drag: Drag, column: str, starts: int) -> Drag:
    """The drag with its span at another place, within the day."""
    length = drag.ends - drag.starts
    starts = max(min(starts, DAY_MINUTES - length), 0)
    return replace(drag, column=column, starts=starts, ends=starts + length)


def nudged(drag: Drag, layout: CalendarLayout, columns: int, steps: int) -> Drag:
    """The drag moved by keyboard: so many columns to the right and grid steps down (or its end or start)."""
    grid = layout.scene.grid_minutes
    if drag.kind in (DragKind.ENDS, DragKind.CREATE):
        return replace(drag, ends=min(max(drag.ends + steps * grid, drag.starts + grid), DAY_MINUTES))
    if drag.kind is DragKind.STARTS:
        return replace(drag, starts=max(min(drag.starts + steps * grid, drag.ends - grid), 0))
    keys = [column.column.key for column in layout.columns]
    index = keys.index(drag.column) if drag.column in keys else 0
    index = min(max(index + columns, 0), len(keys) - 1)
    return moved_to(drag, keys[index], drag.starts + steps * grid)
