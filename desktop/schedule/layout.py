"""Where everything on the calendar goes: given a scene, a size and font metrics, it answers with boxes.

Pure geometry without Qt, so that it can be tested to the pixel. The origin of all positions is the upper left
corner of the scrolled grid; the header has the same x and its own y.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from desktop.schedule.calendar_values import (
    CalendarEntry,
    CalendarScene,
    Column,
    Mode,
    Span,
    Status,
    hour_words,
)
from desktop.schedule.lanes import Seat
from desktop.schedule.packing import Packed, Packing
from desktop.schedule.time_axis import HourHeights, TimeAxis
from desktop.schedule.wording import (
    Badge,
    Measure,
    TextLine,
    TextMetrics,
    TextRole,
    box_text,
    closed_words,
    fit,
    half_lines_wanted,
)
from shared_models.schedule.conflicts import collection_paused

DAY_LANE_SHARE = 0.6
"""In the day a second lane adds this much of a column's width: columns are people, and stay comparable."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every length that the layout needs, in px, derived from the font by whoever paints."""

    gutter: float
    week_header: float
    day_header: float
    folded_column: float
    column_left: float
    column_right: float
    box_gap: float
    least_lane: float
    least_column: float
    least_box: float
    edge_grip: float
    heading_inset: float
    tag: float
    pill_padding: float
    hours: HourHeights
    compact: TextMetrics
    roomy: TextMetrics

    def header(self, mode: Mode) -> float:
        """Height of the header in a mode."""
        return self.week_header if mode is Mode.WEEK else self.day_header

    def text(self, mode: Mode) -> TextMetrics:
        """Text metrics of the boxes in a mode."""
        return self.compact if mode is Mode.WEEK else self.roomy


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in px."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.h

    def contains(self, x: float, y: float) -> bool:
        """Whether a point lies inside."""
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h


@dataclass(frozen=True, slots=True)
class Grid:
    """What all boxes of a layout share: how minutes become px, and how their words are measured."""

    axis: TimeAxis
    text: TextMetrics
    measure: Measure


@dataclass(frozen=True, eq=False)
class EntryBox:
    """One entry's place; its words and marks are fitted when it is first painted, since few boxes of a crowded week
    are on screen."""

    entry: CalendarEntry
    rect: Rect
    seat: Seat
    grid: Grid

    @cached_property
    def _text(self) -> tuple[tuple[TextLine, ...], Badge | None]:
        return box_text(self.entry, self.rect.w, self.rect.h, self.grid.text, self.grid.measure)

    @property
    def lines(self) -> tuple[TextLine, ...]:
        """The words inside."""
        return self._text[0]

    @property
    def badge(self) -> Badge | None:
        """The mark in a corner."""
        return self._text[1]

    def stripes(self, spans: Iterable[Span]) -> tuple[tuple[float, float], ...]:
        """Minutes of the day inside the box, as (y, height) relative to it."""
        y = self.grid.axis.y
        top, bottom = self.rect.y, self.rect.bottom
        return tuple(
            (round(max(y(a) - top, 0.0), 1), round(min(y(b), bottom) - max(y(a), top), 1))
            for a, b in _merged(spans, self.entry.starts, self.entry.ends)
        )

    @cached_property
    def hatches(self) -> tuple[tuple[float, float], ...]:
        """The minutes that overlap another entry, as (y, height) relative to the box."""
        if not self.entry.overlaps or self.entry.status is Status.CANCELLED:
            return ()
        return self.stripes(self.entry.overlaps)

    @property
    def tail(self) -> Rect | None:
        """The buffer behind the box, when another entry lies in it."""
        entry, rect = self.entry, self.rect
        if not entry.tail_is_hit or entry.blocked_until <= entry.ends:
            return None
        bottom = round(self.grid.axis.y(entry.blocked_until))
        return Rect(rect.x, rect.bottom, rect.w, max(bottom - rect.bottom - 1, 2))


@dataclass(frozen=True, slots=True)
class ColumnBox:
    """One column: its span across, its header words, and whether it is folded because it is closed."""

    column: Column
    x: float
    w: float
    is_folded: bool
    heading: str
    subheading: str
    count_words: str
    conflict_words: str


@dataclass(frozen=True, slots=True)
class ClosedGroup:
    """Neighboring closed columns that share one pill."""

    rect: Rect
    words: str


@dataclass(frozen=True, slots=True)
class HourLine:
    """A line across the grid; the label stands in the gutter beside it."""

    y: float
    minute: int
    label: str
    is_half: bool


@dataclass(frozen=True, slots=True)
class FoldedHours:
    """A thin band for hours in which nothing is open or booked."""

    rect: Rect
    words: str


@dataclass(frozen=True, slots=True)
class NowLine:
    """The present moment: a line over `x`..`x + w`, led in from the gutter."""

    y: float
    x: float
    w: float
    words: str


class HitKind(StrEnum):
    """What lies under a point."""

    NOTHING = "nothing"
    SLOT = "slot"
    ENTRY = "entry"
    UPPER_EDGE = "upper_edge"
    LOWER_EDGE = "lower_edge"


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a point: the entry, if any, and the column and minute (on the grid) in any case."""

    kind: HitKind
    entry_id: str = ""
    column: str = ""
    minute: int = 0


@dataclass(frozen=True, eq=False)
class CalendarLayout:
    """The finished plan of one scene at one size; the boxes stand column by column, in order of their starts."""

    scene: CalendarScene
    metrics: Metrics
    axis: TimeAxis
    width: float
    height: float
    columns: tuple[ColumnBox, ...]
    boxes: tuple[EntryBox, ...]
    shades: tuple[Rect, ...]
    closed: tuple[ClosedGroup, ...]
    hour_lines: tuple[HourLine, ...]
    folded_hours: tuple[FoldedHours, ...]
    now: NowLine | None

    @cached_property
    def _boxes_by_id(self) -> dict[str, EntryBox]:
        return {box.entry.id: box for box in self.boxes}

    @cached_property
    def _boxes_by_column(self) -> dict[str, list[EntryBox]]:
        result: dict[str, list[EntryBox]] = {column.column.key: [] for column in self.columns}
        for box in self.boxes:
            result[box.entry.column].append(box)
        return result

    def box(self, entry_id: str) -> EntryBox | None:
        """The box of an entry, or None when the scene does not hold it."""
        return self._boxes_by_id.get(entry_id)

    def boxes_of(self, key: str) -> Sequence[EntryBox]:
        """The boxes of a column, in order of their starts."""
        return self._boxes_by_column.get(key, ())

    def boxes_in(self, area: Rect) -> list[EntryBox]:
        """The boxes that lie in an area of the grid, or in part."""
        left, right, top, bottom = area.x, area.right, area.y, area.bottom
        found: list[EntryBox] = []
        for column in self.columns:
            if column.x < right and left < column.x + column.w:
                for box in self._boxes_by_column[column.column.key]:
                    rect = box.rect
                    if rect.x < right and left < rect.x + rect.w and rect.y < bottom and top < rect.y + rect.h:
                        found.append(box)
        return found

    def column(self, key: str) -> ColumnBox | None:
        """The column with a key."""
        return next((column for column in self.columns if column.column.key == key), None)

    def column_at(self, x: float) -> ColumnBox | None:
        """The column under x; positions left or right of all give the nearest one."""
        if not self.columns:
            return None
        return self.columns[max(bisect_right([column.x for column in self.columns], x) - 1, 0)]

    def snapped(self, y: float) -> int:
        """Start of the grid step that contains y."""
        grid = self.scene.grid_minutes
        return int(self.axis.minute(y) // grid) * grid

    def nearest(self, y: float) -> int:
        """The grid line nearest to y."""
        grid = self.scene.grid_minutes
        return round(self.axis.minute(y) / grid) * grid

    def slot(self, key: str, starts: int, ends: int) -> Rect:
        """Where a span of minutes in a column lies, over the column's whole width."""
        column = self.column(key)
        if column is None:
            return Rect(0, 0, 0, 0)
        inset = self.metrics.box_gap
        top, bottom = round(self.axis.y(starts)), round(self.axis.y(ends))
        return Rect(column.x + inset, top + 1, column.w - 2 * inset, max(bottom - top - 2, 4))

    def hit_test(self, x: float, y: float) -> Hit:
        """What lies at a point of the grid."""
        if x < self.metrics.gutter or not self.columns:
            return Hit(HitKind.NOTHING)
        column = self.column_at(x)
        if column is None or x >= column.x + column.w or not 0 <= y < self.height:
            return Hit(HitKind.NOTHING)
        key, minute = column.column.key, self.snapped(y)
        for box in reversed(self.boxes_of(key)):
            if box.rect.contains(x, y):
                grip = min(self.metrics.edge_grip, box.rect.h / 4)
                kind = HitKind.ENTRY
                if y < box.rect.y + grip:
                    kind = HitKind.UPPER_EDGE
                elif y >= box.rect.bottom - grip:
                    kind = HitKind.LOWER_EDGE
                return Hit(kind, box.entry.id, key, minute)
        return Hit(HitKind.SLOT, "", key, minute)


def packing_of(scene: CalendarScene, metrics: Metrics) -> Packing:
    """The seats of a scene's entries, for `needed_size` and `lay_out`."""
    return Packing(scene, metrics.hours, metrics.least_box)


def needed_size(
    packing: Packing, width: float, height: float, metrics: Metrics, measure: Measure
) -> tuple[float, float]:
    """Width and height of the plan of a scene for a grid of `width` × `height` px."""
    packed = packing.at(height)
    columns = _columns(packing, packed, width, metrics, measure)
    return columns[-1].x + columns[-1].w if columns else metrics.gutter, max(packed.axis.height, packed.bottom)


@collection_paused()
def lay_out(
    scene: CalendarScene,
    width: float,
    height: float,
    metrics: Metrics,
    measure: Measure,
    packing: Packing | None = None,
) -> CalendarLayout:
    """Plan a scene for a grid of `width` × `height` px (header not included), with seats that are known already.

    The plan is larger than that when the columns or hours do not fit at their least sizes; the view scrolls.
    """
    packing = packing or packing_of(scene, metrics)
    packed = packing.at(height)
    axis = packed.axis
    columns = _columns(packing, packed, width, metrics, measure)
    grid = Grid(axis, metrics.text(scene.mode), measure)
    boxes = [
        _box(entry, column, top, bottom, seat, metrics, grid)
        for column in columns
        for entry, top, bottom, seat in packed.columns[column.column.key]
    ]
    full_height = max(axis.height, packed.bottom)
    last_x = max((column.x + column.w for column in columns), default=metrics.gutter)
    return CalendarLayout(
        scene=scene,
        metrics=metrics,
        axis=axis,
        width=last_x,
        height=full_height,
        columns=columns,
        boxes=tuple(boxes),
        shades=_shades(columns, axis, full_height),
        closed=_closed_groups(columns, full_height, min(full_height, height), metrics, measure),
        hour_lines=_hour_lines(scene, axis, metrics),
        folded_hours=tuple(
            FoldedHours(
                Rect(metrics.gutter, band.top, last_x - metrics.gutter, band.height),
                f"{hour_words(band.first, uses_24_hours=scene.uses_24_hours)} – "
                f"{hour_words(band.last, uses_24_hours=scene.uses_24_hours)}",
            )
            for band in axis.bands
            if band.is_folded
        ),
        now=_now(scene, columns, axis, last_x, metrics),
    )


def _columns(
    packing: Packing, packed: Packed, width: float, metrics: Metrics, measure: Measure
) -> tuple[ColumnBox, ...]:
    scene, folded = packing.scene, packing.folded
    padding = metrics.column_left + metrics.column_right
    room = width - metrics.gutter - metrics.folded_column * len(folded)
    weights: list[float] = []
    least: list[float] = []
    for column in scene.columns:
        lanes = max((seat.lanes for *_, seat in packed.columns[column.key]), default=1)
        weights.append(lanes if scene.mode is Mode.WEEK else 1 + DAY_LANE_SHARE * (lanes - 1))
        least.append(max(padding + lanes * metrics.least_lane, metrics.least_column))
    open_indexes = [i for i, column in enumerate(scene.columns) if column.key not in folded]
    if open_indexes:
        widths = share([weights[i] for i in open_indexes], [least[i] for i in open_indexes], padding, room)
        by_index = dict(zip(open_indexes, widths, strict=True))
    else:
        each = max((width - metrics.gutter) / max(len(scene.columns), 1), metrics.folded_column)
        by_index = dict.fromkeys(range(len(scene.columns)), each)
    result: list[ColumnBox] = []
    x = metrics.gutter
    for index, column in enumerate(scene.columns):
        w = by_index.get(index, metrics.folded_column)
        left, right = round(x), round(x + w)
        result.append(_column_box(column, left, right - left, column.key in folded, scene.mode, metrics, measure))
        x += w
    return tuple(result)


def share(weights: Sequence[float], least: Sequence[float], padding: float, room: float) -> list[float]:
    """Widths `padding + weight × lane` with one lane width for all that fill `room`; none below its least."""
    fixed: set[int] = set()
    while True:
        flexible = [i for i in range(len(weights)) if i not in fixed]
        if not flexible:
            return list(least)
        left = room - sum(least[i] for i in fixed) - padding * len(flexible)
        lane = left / sum(weights[i] for i in flexible)
        too_small = {i for i in flexible if padding + weights[i] * lane < least[i]}
        if not too_small:
            return [least[i] if i in fixed else padding + weights[i] * lane for i in range(len(weights))]
        fixed |= too_small


def _column_box(
    column: Column, x: float, w: float, is_folded: bool, mode: Mode, metrics: Metrics, measure: Measure
) -> ColumnBox:
    inner = w - 2 * metrics.heading_inset
    if is_folded:
        return ColumnBox(column, x, w, True, column.heading, column.subheading or "Closed", "", "")
    conflict = str(column.conflict_count) if column.conflict_count else ""
    if mode is Mode.DAY:
        forms = (column.heading, column.shorter_heading) if column.shorter_heading else (column.heading,)
        room = w - metrics.heading_inset * 1.3
        heading = fit(forms, room, TextRole.SUBHEADING, measure) or _shortened(forms[-1], room, measure)
        return ColumnBox(column, x, w, False, heading, column.subheading, "", conflict)
    heading_width = measure(column.heading, TextRole.HEADING) + metrics.heading_inset
    tag = metrics.tag + measure(conflict, TextRole.COUNT) + metrics.heading_inset if conflict else 0.0
    left = inner - heading_width - tag
    number = column.count_words.split(" ")[0]
    count = next((words for words in (column.count_words, number) if measure(words, TextRole.COUNT) <= left), "")
    return ColumnBox(column, x, w, False, column.heading, column.subheading, count, conflict)


def _shortened(words: str, room: float, measure: Measure) -> str:
    """A heading that has no shorter form: as much of it as fits, with an ellipsis."""
    lengths = range(len(words) - 1, 0, -1)
    texts = (words[:length].rstrip() + "…" for length in lengths)
    return next((text for text in texts if measure(text, TextRole.SUBHEADING) <= room), "")


def _box(
    entry: CalendarEntry, column: ColumnBox, top: int, bottom: int, seat: Seat, metrics: Metrics, grid: Grid
) -> EntryBox:
    lane = (column.w - metrics.column_left - metrics.column_right + metrics.box_gap) / seat.lanes
    left = column.x + metrics.column_left
    x = round(left + lane * seat.lane)
    right = round(left + lane * (seat.lane + seat.width)) - round(metrics.box_gap)
    return EntryBox(entry, Rect(x, top + 1, max(right - x, 1), bottom - top - 2), seat, grid)


def _merged(spans: Iterable[Span], first: int, last: int) -> list[Span]:
    """Spans clipped to first..last, with those that touch or overlap joined."""
    result: list[Span] = []
    for start, end in sorted(spans):
        start, end = max(start, first), min(end, last)
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def _shades(columns: Sequence[ColumnBox], axis: TimeAxis, height: float) -> tuple[Rect, ...]:
    """What lies outside the opening hours, in the columns that are not folded."""
    result: list[Rect] = []
    for column in columns:
        if column.is_folded or column.column.closed_reason is not None or not column.column.knows_hours:
            continue
        free = axis.first
        for start, end in [*_merged(column.column.open_spans, axis.first, axis.last), (axis.last, axis.last)]:
            if start > free:
                top = round(axis.y(free))
                bottom = height if start == axis.last else round(axis.y(start))
                result.append(Rect(column.x, top, column.w, bottom - top))
            free = max(free, end)
    return tuple(result)


def _closed_groups(
    columns: Sequence[ColumnBox], height: float, visible: float, metrics: Metrics, measure: Measure
) -> tuple[ClosedGroup, ...]:
    """Closed columns hatched, neighbors with one reason under one pill; a closed day with entries has none."""
    result: list[ClosedGroup] = []
    run: list[ColumnBox] = []

    def finish() -> None:
        if not run:
            return
        rect = Rect(run[0].x, 0, run[-1].x + run[-1].w - run[0].x, height)
        words = ""
        if run[0].is_folded:
            names = [column.column.long_name or column.column.heading for column in run]
            wording = closed_words(run[0].column.closed_reason or "", names)
            words = fit(wording, visible - 2 * metrics.pill_padding, TextRole.PILL, measure)
        result.append(ClosedGroup(rect, words))
        run.clear()

    for column in columns:
        joins = run and (run[0].column.closed_reason, run[0].is_folded) == (
            column.column.closed_reason,
            column.is_folded,
        )
        if not joins:
            finish()
        if column.column.closed_reason is not None:
            run.append(column)
    finish()
    return tuple(result)


def _hour_lines(scene: CalendarScene, axis: TimeAxis, metrics: Metrics) -> tuple[HourLine, ...]:
    result: list[HourLine] = []
    line_height = metrics.text(scene.mode).line_height
    for band in axis.bands:
        if band.is_folded:
            continue
        hour_height = band.height / (band.last - band.first) * 60
        halves = half_lines_wanted(scene.mode, hour_height, line_height)
        for minute in range(band.first, band.last, 60):
            if minute > axis.first:
                label = hour_words(minute, uses_24_hours=scene.uses_24_hours)
                result.append(HourLine(round(axis.y(minute)), minute, label, False))
            if halves:
                result.append(HourLine(round(axis.y(minute + 30)), minute + 30, "", True))
    for band, following in zip(axis.bands, axis.bands[1:], strict=False):
        if following.is_folded:
            label = hour_words(band.last, uses_24_hours=scene.uses_24_hours)
            result.append(HourLine(round(axis.y(band.last)), band.last, label, False))
    return tuple(result)


def _now(
    scene: CalendarScene, columns: Sequence[ColumnBox], axis: TimeAxis, last_x: float, metrics: Metrics
) -> NowLine | None:
    now = scene.now
    if now is None or not axis.first <= now.minute <= axis.last:
        return None
    y = round(axis.y(now.minute))
    if now.column is None:
        return NowLine(y, metrics.gutter, last_x - metrics.gutter, now.words)
    column = next((column for column in columns if column.column.key == now.column), None)
    return None if column is None else NowLine(y, column.x, column.w, now.words)
