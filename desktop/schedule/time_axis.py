"""The vertical axis of the calendar: which hours are shown, how tall each is, and where a minute lies.

Hours in which nothing is open or booked fold into a thin band, and hours that serve only a minority of the
columns (Saturday morning in a week of afternoons) give way when height is scarce (design.md, principle 4).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

DEFAULT_DAY = (9 * 60, 17 * 60)
"""Hours shown when neither opening hours nor entries say anything."""


@dataclass(frozen=True, slots=True)
class Band:
    """A run of minutes drawn at one scale."""

    first: int
    last: int
    top: float
    height: float
    is_folded: bool = False
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class HourHeights:
    """Heights in px: a busy hour likes `comfortable`; until it has that, a quiet one yields down to `quiet_least`."""

    comfortable: float
    least: float
    quiet_least: float
    folded: float


class TimeAxis:
    """Turns minutes of the day into y and back; exact at band borders, linear inside a band."""

    __slots__ = ("_firsts", "_known", "_tops", "bands", "height")

    def __init__(self, bands: Sequence[Band]) -> None:
        self.bands = tuple(bands)
        self._firsts = [band.first for band in bands]
        self._tops = [band.top for band in bands]
        self.height = bands[-1].top + bands[-1].height
        self._known: dict[float, float] = {}

    @property
    def first(self) -> int:
        """First minute shown."""
        return self.bands[0].first

    @property
    def last(self) -> int:
        """Minute at the lower edge."""
        return self.bands[-1].last

    def y(self, minute: float) -> float:
        """Distance of a minute from the top, in px; minutes outside stop at the edge."""
        y = self._known.get(minute)
        if y is None:
            inside = min(max(minute, self.first), self.last)
            band = self.bands[max(bisect_right(self._firsts, inside) - 1, 0)]
            y = band.top + (inside - band.first) / (band.last - band.first) * band.height
            self._known[minute] = y
        return y

    def minute(self, y: float) -> float:
        """The minute at a distance from the top; positions outside stop at the edge."""
        y = min(max(y, 0.0), self.height)
        band = self.bands[max(bisect_right(self._tops, y) - 1, 0)]
        if band.height <= 0:
            return float(band.first)
        return band.first + min((y - band.top) / band.height, 1.0) * (band.last - band.first)

    def is_folded(self, minute: int) -> bool:
        """Whether a minute lies inside a folded band."""
        return any(band.is_folded and band.first < minute < band.last for band in self.bands)


def build_axis(
    open_columns: Sequence[Sequence[tuple[int, int]]],
    booked_columns: Sequence[Sequence[tuple[int, int]]],
    height: float,
    heights: HourHeights,
) -> TimeAxis:
    """Axis for columns given as their open and booked spans (parallel lists), filling `height` px.

    When the hours do not fit at their least heights, the axis is taller than `height`: the view scrolls.
    """
    used = [(*opened, *booked) for opened, booked in zip(open_columns, booked_columns, strict=True)]
    marks = [minute for spans in used for span in spans for minute in span]
    first = min(marks, default=DEFAULT_DAY[0]) // 60
    last = max(-(-max(marks, default=DEFAULT_DAY[1]) // 60), first + 1)
    counts = [
        sum(any(a < (hour + 1) * 60 and hour * 60 < b for a, b in spans) for spans in used)
        for hour in range(first, last)
    ]
    busiest = max(counts, default=0)
    runs: list[tuple[int, int, str]] = []
    for offset, count in enumerate(counts):
        hour = first + offset
        kind = "folded" if count == 0 and marks else "quiet" if count * 2 < busiest else "busy"
        if runs and runs[-1][2] == kind:
            runs[-1] = (runs[-1][0], hour + 1, kind)
        else:
            runs.append((hour, hour + 1, kind))
    runs = [(a, b, "quiet" if kind == "folded" and b - a < 2 else kind) for a, b, kind in runs]
    busy, quiet = _hour_heights(runs, height, heights)
    bands: list[Band] = []
    top = 0.0
    for start, end, kind in runs:
        each = {"busy": busy, "quiet": quiet}.get(kind, 0.0)
        tall = heights.folded if kind == "folded" else each * (end - start)
        bands.append(Band(start * 60, end * 60, top, tall, kind == "folded", kind == "quiet"))
        top += tall
    return TimeAxis(bands)


def _hour_heights(runs: Sequence[tuple[int, int, str]], height: float, heights: HourHeights) -> tuple[float, float]:
    """Height of a busy and of a quiet hour, so that together they fill the room there is."""
    busy_hours = sum(end - start for start, end, kind in runs if kind == "busy")
    quiet_hours = sum(end - start for start, end, kind in runs if kind == "quiet")
    room = height - heights.folded * sum(kind == "folded" for *_, kind in runs)
    even = room / max(busy_hours + quiet_hours, 1)
    if even >= heights.comfortable or not quiet_hours or not busy_hours:
        each = max(even, heights.least)
        return each, each
    quiet = max((room - heights.comfortable * busy_hours) / quiet_hours, heights.quiet_least)
    busy = max((room - quiet * quiet_hours) / busy_hours, heights.least)
    return busy, quiet
