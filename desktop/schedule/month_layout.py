"""Plans a month: weeks by days, how high each week is, and which entries stand in each day as one-line chips.

Weekdays on which nothing ever happens fold, busy weeks take more of the height, and a day with more entries than
lines shows two to a line before it says how many more there are (design.md, principle 4).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from desktop.schedule.calendar_values import clock_words
from desktop.schedule.layout import Rect
from desktop.schedule.listed_days import ListedDay, ListedEntry, with_conflicts_first

Measure = Callable[[str], float]
"""Width of a text in px in the font of the chips."""


@dataclass(frozen=True, slots=True)
class MonthMetrics:
    """Lengths in px."""

    heading: float
    date_line: float
    chip: float
    gap: float
    inset: float
    folded: float
    least_half: float
    """Two chips share a line where each still has this width."""
    chip_left: float
    chip_right: float
    badge: float


@dataclass(frozen=True, slots=True)
class Chip:
    """An entry in a cell: where it stands, its time, and the longest words that fit."""

    entry: ListedEntry
    rect: Rect
    time: str
    words: str
    words_left: float
    """How far the words stand behind the time."""
    has_mark: bool
    """A sign at the right says that it is in conflict, unpaid, or that nobody came."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One day: its place, its chips in order of time, and how many entries did not fit."""

    day: ListedDay
    rect: Rect
    is_outside: bool
    """The day belongs to the month before or after."""
    is_folded: bool
    chips: tuple[Chip, ...]
    more: int = 0
    more_rect: Rect | None = None


@dataclass(frozen=True, slots=True)
class WeekdayHeading:
    """The name of a weekday over its column."""

    words: str
    rect: Rect


@dataclass(frozen=True, slots=True)
class MonthLayout:
    """A planned month; cells from left to right and down, seven to a week."""

    headings: tuple[WeekdayHeading, ...]
    cells: tuple[Cell, ...]
    width: float
    height: float

    def cell(self, day: date) -> Cell | None:
        """The cell of a day."""
        return next((cell for cell in self.cells if cell.day.day == day), None)

    def cell_at(self, x: float, y: float) -> Cell | None:
        """The cell under a point."""
        return next((cell for cell in self.cells if cell.rect.contains(x, y)), None)

    def chip(self, entry_id: str) -> Chip | None:
        """The chip of an entry, when it is shown."""
        return next((chip for cell in self.cells for chip in cell.chips if chip.entry.id == entry_id), None)


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def month_span(day: date) -> tuple[date, date]:
    """The Monday before and the Sunday after the month in which a day lies."""
    first = day.replace(day=1)
    last = first.replace(day=monthrange(day.year, day.month)[1])
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def lay_out_month(
    days: Sequence[ListedDay], month: date, width: float, height: float, metrics: MonthMetrics, measure: Measure
) -> MonthLayout:
    """Plan `days` (whole weeks from a Monday on) for an area in px; `month` is any day of the month shown.

    Raises ValueError when the days are not whole weeks.
    """
    if len(days) % 7 or not days or days[0].day.weekday() != 0:
        raise ValueError("a month is planned in whole weeks from Monday on")
    weeks = [days[start : start + 7] for start in range(0, len(days), 7)]
    folded = [all(not week[n].entries and _is_shut(week[n]) for week in weeks) for n in range(7)]
    if all(folded):
        folded = [False] * 7
    wide = (width - metrics.folded * sum(folded)) / (7 - sum(folded))
    lefts = [0.0]
    for is_folded in folded:
        lefts.append(lefts[-1] + (metrics.folded if is_folded else wide))
    xs = [round(left) for left in lefts]
    room = height - metrics.heading
    tops = [round(metrics.heading + top) for top in _week_tops(weeks, room, wide, metrics)]
    headings = tuple(
        WeekdayHeading(_WEEKDAYS[n], Rect(xs[n], 0, xs[n + 1] - xs[n], metrics.heading)) for n in range(7)
    )
    cells = [
        _cell(
            listed,
            Rect(xs[n], tops[row], xs[n + 1] - xs[n], tops[row + 1] - tops[row]),
            (listed.day.year, listed.day.month) != (month.year, month.month),
            folded[n],
            metrics,
            measure,
        )
        for row, week in enumerate(weeks)
        for n, listed in enumerate(week)
    ]
    return MonthLayout(headings, tuple(cells), width, height)


def _is_shut(day: ListedDay) -> bool:
    return day.closed_reason is not None or not day.has_hours


def _week_tops(weeks: Sequence[Sequence[ListedDay]], room: float, wide: float, metrics: MonthMetrics) -> list[float]:
    """Where each week begins, and where the last ends: heights grow with the busiest day of the week, and no week is
    lower than its date and two lines."""
    line = metrics.chip + metrics.gap
    lanes = 2 if wide >= 2 * metrics.least_half else 1
    wanted = [metrics.date_line + line * max(2, -(-max(len(day.entries) for day in week) // lanes)) for week in weeks]
    least = min(metrics.date_line + 2 * line, room / len(weeks))
    spare = max(room - least * len(weeks), 0.0)
    extra = [max(height - least, 0.0) for height in wanted]
    total = sum(extra)
    if total <= spare:
        heights = [least + part + (spare - total) / len(weeks) for part in extra]
    else:
        heights = [least + part * spare / total for part in extra]
    tops = [0.0]
    for each in heights:
        tops.append(tops[-1] + each)
    return tops


def _cell(
    day: ListedDay, rect: Rect, is_outside: bool, is_folded: bool, metrics: MonthMetrics, measure: Measure
) -> Cell:
    if is_folded:
        return Cell(day, rect, is_outside, True, ())
    line = metrics.chip + metrics.gap
    top = rect.y + metrics.date_line
    lines = int((rect.bottom - metrics.gap - top) // line)
    count = len(day.entries)
    inner = rect.w - 2 * metrics.inset
    lanes = 2 if count > lines and inner / 2 >= metrics.least_half else 1
    fits = lines * lanes
    shown: list[ListedEntry] = list(day.entries)
    if count > fits:
        kept = {entry.id for entry in with_conflicts_first(day.entries)[: max(fits - 1, 0)]}
        shown = [entry for entry in day.entries if entry.id in kept]
    width = (inner - metrics.gap * (lanes - 1)) / lanes

    def place(number: int) -> Rect:
        lane, row = divmod(number, lines) if lines else (0, 0)
        x = rect.x + metrics.inset + lane * (width + metrics.gap)
        return Rect(round(x), round(top + row * line), round(width), metrics.chip)

    chips = tuple(_chip(entry, place(number), metrics, measure) for number, entry in enumerate(shown))
    more = count - len(shown)
    return Cell(day, rect, is_outside, False, chips, more, place(len(shown)) if more and fits else None)


def _chip(entry: ListedEntry, rect: Rect, metrics: MonthMetrics, measure: Measure) -> Chip:
    time = clock_words(entry.starts, with_half=False).removesuffix(":00")
    has_mark = entry.conflict != "none" or entry.is_unpaid or entry.status == "no_show"
    room = rect.w - metrics.chip_left - metrics.chip_right - (metrics.badge if has_mark else 0)
    words_left = measure(f"{time} ")
    return Chip(entry, rect, time, chip_words(entry, room - words_left, measure), words_left, has_mark)


def chip_words(entry: ListedEntry, room: float, measure: Measure) -> str:
    """Names and what is taught, as long as they fit; then names alone, then the first name or a count."""
    titles, people = entry.title, entry.people
    if entry.initials:
        forms = [f"{entry.initials} · {who}" for who in people]
        return next((words for words in (*forms, entry.initials) if measure(words) <= room), "")
    forms = [f"{who}, {what}" for who, what in ((people[0], titles[0]), (people[0], titles[min(1, len(titles) - 1)]))]
    if len(people) > 1:
        forms.append(f"{people[1]}, {titles[min(1, len(titles) - 1)]}")
    if entry.head_count != 1:
        forms = [f"{what}, {who}" for what in titles for who in people] + list(titles)
    forms += [*people, titles[-1]]
    return next((words for words in forms if measure(words) <= room), "")
