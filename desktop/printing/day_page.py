"""The plain values of a printed day, and where its columns and boxes go: no Qt, no PDF, no session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from desktop.printing.sheet import Sheet, day_words
from desktop.schedule.calendar_values import clock_words, span_words
from desktop.schedule.lanes import seats

MINUTES_PER_DAY = 24 * 60


class ColumnsBy(StrEnum):
    """What a column of the day schedule stands for."""

    TUTOR = "tutor"
    ROOM = "room"


class Mark(StrEnum):
    """How a conflict is drawn on its boxes: two sessions at once, too tight, or only a number."""

    OVERLAP = "overlap"
    TIGHT = "tight"
    NOTE = "note"


@dataclass(frozen=True)
class PrintedPerson:
    """A tutor as the page names one: the full name, and ``M. Williams`` where that is too long."""

    person_id: str
    name: str
    short_name: str


@dataclass(frozen=True)
class PrintedRoom:
    """A room of the location."""

    room_id: str
    name: str


@dataclass(frozen=True)
class PrintedEntry:
    """One schedule entry in the location's wall-clock time, with its words ready to print.

    ``titles`` goes from the full title to its shortest form; ``people`` are the attendees' full names. ``elsewhere``
    names the location of an entry of which only is told whom it takes.
    """

    entry_id: str
    starts: datetime
    ends: datetime
    family: str
    titles: tuple[str, ...]
    people: tuple[str, ...]
    capacity: int = 1
    tutor: PrintedPerson | None = None
    rooms: tuple[PrintedRoom, ...] = ()
    is_online: bool = False
    remark: str = ""
    elsewhere: str = ""

    @property
    def place(self) -> str:
        """The rooms by name, or where else the entry takes place; empty when nobody has said."""
        if self.elsewhere:
            return self.elsewhere
        return ", ".join(room.name for room in self.rooms) or ("Online" if self.is_online else "")

    @property
    def day(self) -> date:
        return self.starts.date()

    @property
    def starts_words(self) -> str:
        """``4:00``."""
        return clock_words(minute_of(self.starts.time()), with_half=False)

    @property
    def hours(self) -> str:
        """``4:00–5:30``: the page's hour grid tells morning from afternoon."""
        return span_words(minute_of(self.starts.time()), minute_of(self.ends.time()), with_half=False)


@dataclass(frozen=True)
class PrintedConflict:
    """One conflict to settle, in words, and the boxes that carry its number."""

    text: str
    entry_ids: tuple[str, ...]
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class DaySchedule:
    """Everything that the pages of one day at one location say. Times are the location's wall clock.

    ``conflicts`` are numbered in their order; ``notes`` are what else deserves a second look.
    """

    sheet: Sheet
    day: date
    location_name: str
    opens: time | None
    closes: time | None
    closed_reason: str
    tutors: tuple[PrintedPerson, ...]
    rooms: tuple[PrintedRoom, ...]
    entries: tuple[PrintedEntry, ...]
    conflicts: tuple[PrintedConflict, ...]
    notes: tuple[str, ...]
    cancelled_count: int = 0

    @property
    def opening_words(self) -> str:
        """``2:00–9:00 PM``; empty on a weekday on which the location is closed."""
        opens, closes = opening_span(self)
        return "" if opens is None or closes is None else span_words(opens, closes)

    @property
    def day_words(self) -> str:
        """``Wednesday, November 25, 2026``."""
        return day_words(self.day)


@dataclass(frozen=True)
class PlacedEntry:
    """An entry in its column: it takes ``span`` of the column's ``lanes`` from ``lane`` on."""

    entry: PrintedEntry
    lane: int
    lanes: int
    span: int


@dataclass(frozen=True)
class Column:
    """A tutor or a room with its entries side by side where they overlap. ``lanes`` is the busiest moment."""

    day: date
    headings: tuple[str, ...]
    placed: tuple[PlacedEntry, ...]

    @property
    def lanes(self) -> int:
        return max((p.lanes for p in self.placed), default=0)

    @property
    def least_width(self) -> float:
        """The width in points below which names no longer fit."""
        return {0: 48.0, 1: 70.0}.get(self.lanes, 58.0 * self.lanes)

    @property
    def weight(self) -> float:
        """Its share of the space that is left."""
        return {0: 0.55, 1: 0.95}.get(self.lanes, 0.71 * self.lanes)


def minute_of(moment: time) -> int:
    """Minutes since midnight."""
    return moment.hour * 60 + moment.minute


def minutes_into(day: date, moment: datetime) -> int:
    """Minutes from the midnight that begins ``day``, held inside that day."""
    minutes = int((moment - datetime.combine(day, time())).total_seconds() // 60)
    return min(max(minutes, 0), MINUTES_PER_DAY)


def opening_span(day: DaySchedule) -> tuple[int, int] | tuple[None, None]:
    """First and last minute of the opening hours; nothing on a weekday on which the location is closed."""
    if day.opens is None or day.closes is None:
        return None, None
    return minute_of(day.opens), minute_of(day.closes)


def hour_range(day: DaySchedule) -> tuple[int, int]:
    """First and last minute of the grid of a day."""
    opens, closes = opening_span(day)
    opened = [] if opens is None or closes is None else [(opens, closes)]
    return grid_minutes([(day.day, entry) for entry in day.entries], opened)


def grid_minutes(entries: Sequence[tuple[date, PrintedEntry]], opened: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """First and last minute of a grid: opening hours, widened to whole hours around earlier and later entries."""
    opens = min((first for first, _ in opened), default=None)
    closes = max((last for _, last in opened), default=None)
    starts = [minutes_into(day, e.starts) for day, e in entries]
    ends = [minutes_into(day, e.ends) for day, e in entries]
    first = min([s // 60 * 60 for s in starts if opens is None or s < opens] + ([] if opens is None else [opens]))
    last = max(
        [-(-e // 60) * 60 for e in ends if closes is None or e > closes] + ([] if closes is None else [closes])
    )
    return first, last


def columns(day: DaySchedule, by: ColumnsBy) -> list[Column]:
    """The day's columns: tutors who teach that day in their order, or all rooms, then "Online" and the unassigned."""
    found: list[Column] = []
    if by is ColumnsBy.TUTOR:
        for tutor in day.tutors:
            own = [e for e in day.entries if e.tutor is not None and e.tutor.person_id == tutor.person_id]
            if own:
                found.append(_column(day.day, (tutor.name, tutor.short_name), own))
        rest = {"No tutor": [e for e in day.entries if e.tutor is None]}
    else:
        for room in day.rooms:
            found.append(_column(day.day, (room.name,), [e for e in day.entries if room in e.rooms]))
        rest = {
            "Online": [e for e in day.entries if not e.rooms and e.is_online],
            "No room": [e for e in day.entries if not e.rooms and not e.is_online],
        }
    return found + [_column(day.day, (heading,), own) for heading, own in rest.items() if own]


def pages_of_columns(found: Sequence[Column], width: float, most: int) -> list[list[Column]]:
    """Deal the columns to as few pages of ``width`` points as hold them, evenly; a column that is too wide for a
    page continues beside itself."""
    fitting = [part for column in found for part in _parts(column, width)]
    if not fitting:
        return []
    pages = _deal(fitting, width, most)
    even = _deal(fitting, width, -(-len(fitting) // len(pages)))
    return even if len(even) == len(pages) else pages


def column_widths(page: Sequence[Column], width: float) -> list[float]:
    """Widths in points: each column its least, and the rest of ``width`` by weight, as far as text has use for it."""
    spare = max(width - sum(c.least_width for c in page), 0.0)
    weights = sum(c.weight for c in page)
    return [min(c.least_width + spare * c.weight / weights, 250.0 * max(c.lanes, 1)) for c in page]


def place(day: date, entries: Sequence[PrintedEntry]) -> tuple[PlacedEntry, ...]:
    """Give overlapping entries of one column lanes of their own, as on the calendar."""
    spans = [(minutes_into(day, e.starts), minutes_into(day, e.ends), e.entry_id) for e in entries]
    placed = [
        PlacedEntry(e, seat.lane, seat.lanes, seat.width) for e, seat in zip(entries, seats(spans), strict=True)
    ]
    return tuple(sorted(placed, key=lambda p: (p.entry.starts, p.lane)))


def _column(day: date, headings: tuple[str, ...], entries: Sequence[PrintedEntry]) -> Column:
    return Column(day, headings, place(day, entries))


def _parts(column: Column, width: float) -> list[Column]:
    most = max(int(width // 58.0), 1)
    if column.lanes <= most:
        return [column]
    parts = []
    for first in range(0, column.lanes, most):
        own = [p.entry for p in column.placed if first <= p.lane < first + most]
        headings = column.headings if first == 0 else tuple(f"{h}, more" for h in column.headings)
        parts.append(_column(column.day, headings, own))
    return parts


def _deal(found: Sequence[Column], width: float, most: int) -> list[list[Column]]:
    pages: list[list[Column]] = [[]]
    for column in found:
        taken = sum(c.least_width for c in pages[-1])
        if pages[-1] and (len(pages[-1]) >= most or taken + column.least_width > width):
            pages.append([])
        pages[-1].append(column)
    return pages
