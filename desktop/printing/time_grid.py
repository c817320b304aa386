"""Pages with columns over an hour grid: a day by tutor or by room, or the week of one tutor.

Entries are boxes in their columns, conflicts are numbered in them and listed below with names. What is too wide
continues on further pages with the same header and hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from desktop.printing.box_text import BoxText, fit_box, wrap
from desktop.printing.day_page import (
    Column,
    ColumnsBy,
    Mark,
    PlacedEntry,
    PrintedConflict,
    PrintedEntry,
    column_widths,
    minutes_into,
    pages_of_columns,
)
from desktop.printing.drawing import GRAY_LINE, GRAY_RULE
from desktop.printing.fonts import Weight
from desktop.printing.listing import TEXT, Item, Lists, look_at
from desktop.printing.page_frame import Frame, PrintedPage
from desktop.printing.sheet import DAYS
from desktop.schedule.calendar_values import hour_words

GUTTER = 36.0
HEADINGS = 27.0
LEGEND_ROW = 15.0
HOUR = 34.0
"""Height of an hour in which names are easily read."""
FAMILY_NAMES = {
    "private": "Private",
    "semi_private": "Semi-private",
    "test_prep": "Test prep",
    "class": "Class",
    "workshop": "Workshop",
    "camp": "Camp",
    "assessment": "Assessment",
    "free": "Free",
}


@dataclass(frozen=True)
class TimeGrid:
    """What the pages of a grid say.

    ``minutes`` are the first and last of the grid; ``open_minutes`` those at which the location is open, by day (a
    day that is missing is closed), and ``remarks`` say why in an empty column. ``by`` is what boxes need not repeat:
    a column of a room says the room. ``empty`` is title and detail of a page without entries. ``least_hour`` is the
    height in points below which an hour does not shrink for the lists below, ``most_columns`` how many go on a page
    (as many as its paper usually takes when None).
    """

    title: str
    subtitle: str
    by: ColumnsBy
    columns: tuple[Column, ...]
    minutes: tuple[int, int]
    open_minutes: dict[date, tuple[int, int]]
    conflicts: tuple[PrintedConflict, ...]
    notes: tuple[str, ...]
    counts: str
    empty: tuple[str, str]
    remarks: Mapping[date, str] = field(default_factory=dict)
    least_hour: float = 24.0
    most_columns: int | None = None

    @property
    def entries(self) -> dict[str, PrintedEntry]:
        """The entries of all columns by id."""
        return {p.entry.entry_id: p.entry for column in self.columns for p in column.placed}


@dataclass(frozen=True)
class _Box:
    """A box of the grid with its place on the page and its words."""

    placed: PlacedEntry
    x: float
    y: float
    width: float
    height: float
    words: BoxText


@dataclass(frozen=True)
class _Page:
    """One page: its columns with their widths (none on a page of lists only), boxes, grid height, and list items."""

    columns: tuple[Column, ...] = ()
    widths: tuple[float, ...] = ()
    grid_height: float = 0.0
    boxes: tuple[_Box, ...] = ()
    items: tuple[Item, ...] = ()


def grid_pages(frame: Frame, grid: TimeGrid) -> list[PrintedPage]:
    """The pages of a grid; one that says so when there is nothing in it."""
    if not grid.entries:
        return [PrintedPage(grid.title, grid.subtitle, lambda: frame.say_empty(*grid.empty))]
    printer = _GridPrinter(frame, grid)
    return [
        PrintedPage(grid.title, grid.subtitle, lambda page=page: printer.draw(page))  # type: ignore[misc]
        for page in printer.compose()
    ]


def marks_of(conflicts: Sequence[PrintedConflict]) -> tuple[dict[str, list[int]], dict[str, Mark]]:
    """The numbers that each entry carries, and how its border is drawn."""
    numbers: dict[str, list[int]] = {}
    marks: dict[str, Mark] = {}
    order = (Mark.NOTE, Mark.TIGHT, Mark.OVERLAP)
    for number, conflict in enumerate(conflicts, 1):
        for entry_id in conflict.entry_ids:
            numbers.setdefault(entry_id, []).append(number)
            marks[entry_id] = max(conflict.mark, marks.get(entry_id, Mark.NOTE), key=order.index)
    return numbers, marks


class _GridPrinter:
    """Composes all pages of one grid, and draws them."""

    def __init__(self, frame: Frame, grid: TimeGrid) -> None:
        self.frame, self.pen, self.fonts, self.grid = frame, frame.pen, frame.fonts, grid
        self.lists = Lists(frame)
        self.left, self.right = frame.left, frame.right
        self.grid_top = frame.top + HEADINGS
        self.numbers, self.marks = marks_of(grid.conflicts)
        self.is_one_day = len({column.day for column in grid.columns}) == 1

    def draw(self, page: _Page) -> None:
        """Draw one page."""
        top = self.frame.top + 12.0
        if page.columns:
            self._grid(page)
            top = self._legend(self.grid_top + page.grid_height + 7.0)
        self.lists.draw(page.items, top)

    # Composing

    def compose(self) -> list[_Page]:
        """All pages in order."""
        width = self.right - self.left - GUTTER
        most = self.grid.most_columns or self.frame.setup.most_columns
        dealt = pages_of_columns(self.grid.columns, width, most)
        full = self.frame.bottom - self.grid_top - self._legend(0.0, draws=False) - 9.0
        pages = [self._page(one, full) for one in dealt[:-1]]
        final, items = self._final(pages, dealt[-1], full)
        below, *rest = self.lists.split(items, full - final.grid_height) or [[]]
        return [*pages, replace(final, items=tuple(below)), *(_Page(items=tuple(part)) for part in rest)]

    def _final(self, before: Sequence[_Page], dealt: Sequence[Column], full: float) -> tuple[_Page, list[Item]]:
        """The last page of columns, as high as the lists below leave, an hour a little lower if that keeps them on
        the page; where they do not fit at all, they continue on the next."""
        first, last = self.grid.minutes
        hours = (last - first) / 60
        least = min(max(200.0, hours * self.grid.least_hour), full)
        height = full
        while height >= least:
            page = self._page(dealt, height)
            items = self._items([*before, page])
            lists = self.lists.height(items)
            if height + lists <= full + 0.01:
                return page, items
            height = min(full - lists, height - 4.0)  # A lower grid may shorten more names: a longer list below.
        page = self._page(dealt, min(max(200.0, hours * HOUR), full))
        return page, self._items([*before, page])

    def _page(self, page: Sequence[Column], grid_height: float) -> _Page:
        widths = column_widths(page, self.right - self.left - GUTTER)
        first, last = self.grid.minutes
        scale = grid_height / (last - first)
        boxes = []
        x = self.left + GUTTER
        for column, width in zip(page, widths, strict=True):
            for placed in column.placed:
                entry = placed.entry
                start, end = minutes_into(column.day, entry.starts), minutes_into(column.day, entry.ends)
                lane = (width - 3.75) / placed.lanes
                box_width = lane * placed.span - 1.5
                height = max((end - start) * scale - 1.1, 6.0)
                numbers = self.numbers.get(entry.entry_id, ())
                words = fit_box(self.fonts, entry, self.grid.by, box_width, height, numbers)
                top = self.grid_top + (start - first) * scale + 0.55
                boxes.append(_Box(placed, x + 2.25 + lane * placed.lane, top, box_width, height, words))
            x += width
        return _Page(tuple(page), tuple(widths), grid_height, tuple(boxes))

    def _items(self, pages: Sequence[_Page]) -> list[Item]:
        """The conflicts, then the groups and all others whose names their boxes had no space for, once each."""
        short = {b.placed.entry.entry_id: b.placed.entry for p in pages for b in p.boxes if not b.words.says_all}
        entries = sorted(short.values(), key=lambda e: (e.starts, e.titles[0]))
        shortened = [(self._when(entry), entry) for entry in entries]
        return self.lists.items(look_at(self.grid.conflicts, self.grid.notes, shortened))

    def _when(self, entry: PrintedEntry) -> str:
        return entry.starts_words if self.is_one_day else f"{DAYS[entry.starts.weekday()][:3]} {entry.starts_words}"

    # Drawing

    def _grid(self, page: _Page) -> None:
        pen = self.pen
        first, last = self.grid.minutes
        scale = page.grid_height / (last - first)
        left = self.left + GUTTER
        right = left + sum(page.widths)
        bottom = self.grid_top + page.grid_height
        x = left
        for column, width in zip(page.columns, page.widths, strict=True):
            opens, closes = self.grid.open_minutes.get(column.day, (last, last))
            for start, end in ((first, opens), (closes, last)):
                top, height = self.grid_top + (start - first) * scale, (end - start) * scale
                if height > 0:
                    pen.fill(x, top, width, height, 0.93)
            x += width
        for minute in range(-(-first // 60) * 60, last + 1, 60):
            y = self.grid_top + (minute - first) * scale
            if first < minute < last:
                pen.line(self.left + GUTTER - 3.0, y, right, y, gray=GRAY_LINE)
            if minute < last:
                top = y - 4.8 if minute > first else y + 1.0
                pen.text_right(left - 5.5, top, hour_words(minute), 7.9, Weight.MEDIUM, 0.2)
        x = left
        for column, width in zip(page.columns, page.widths, strict=True):
            pen.line(x, self.grid_top - 19.5, x, bottom, gray=GRAY_RULE)
            self._heading(column, x + 4.5, width - 6.0, page)
            x += width
            if not column.placed and column.day in self.grid.remarks:
                self._remark(self.grid.remarks[column.day], x - width + 4.5, width - 9.0)
        pen.line(right, self.grid_top, right, bottom, gray=GRAY_RULE)
        for y in (self.grid_top, bottom):
            pen.line(self.left, y, right, y, gray=GRAY_RULE)
        for box in page.boxes:
            entry = box.placed.entry
            pen.box(box.x, box.y, box.width, box.height, entry.family, self.marks.get(entry.entry_id))
            pen.words_of_box(box.x, box.y, box.width, box.height, box.words)

    def _remark(self, words: str, x: float, width: float) -> None:
        """A few words at the top of an empty column, smaller before a word is broken."""
        for size in (7.9, 7.0, 6.2, 5.6):
            lines = wrap(self.fonts, words, size, Weight.REGULAR, width)
            if lines is not None:
                break
        else:
            lines = wrap(self.fonts, words, size, Weight.REGULAR, width, breaks_words=True) or []
        for i, line in enumerate(lines):
            self.pen.text(x, self.grid_top + 6.0 + i * size * 1.26, line, size)

    def _heading(self, column: Column, x: float, width: float, page: _Page) -> None:
        """The column's name: full where all of the page fit, else all short, over two lines if need be."""
        size, weight = 9.75, Weight.SEMIBOLD
        fits = all(
            self.fonts.width(c.headings[0], size, weight) <= w - 6.0
            for c, w in zip(page.columns, page.widths, strict=True)
        )
        shorts = [c.headings[-1] for c in page.columns]
        is_short = not fits and len(set(shorts)) == len(shorts)
        text = column.headings[-1] if is_short else column.headings[0]
        for smaller in (size, 8.6, 7.5, 6.4):
            lines = wrap(self.fonts, text, smaller, weight, width)
            if lines is not None and len(lines) <= 2:
                break
        else:
            lines = wrap(self.fonts, text, smaller, weight, width, breaks_words=True) or [text]
        top = self.grid_top - (15.5 if len(lines) == 1 else 23.0)
        for i, line in enumerate(lines[:3]):
            self.pen.text(x, top + i * smaller * 1.05, line, smaller, weight)

    def _legend_items(self) -> list[tuple[str, str, Mark | None]]:
        families = {entry.family for entry in self.grid.entries.values()}
        items: list[tuple[str, str, Mark | None]] = [(n, f, None) for f, n in FAMILY_NAMES.items() if f in families]
        marks = {self.marks[entry_id] for entry_id in self.grid.entries if entry_id in self.marks}
        if Mark.OVERLAP in marks:
            items.append(("Double booking", "", Mark.OVERLAP))
        if Mark.TIGHT in marks:
            items.append(("Too tight", "", Mark.TIGHT))
        return items

    def _legend(self, top: float, *, draws: bool = True) -> float:
        """Draw the legend and, at the right of its first row, the counts; returns where the legend ends."""
        limit = self.right - self.fonts.width(self.grid.counts, TEXT) - 12.0
        if draws:
            self.pen.text_right(self.right, top, self.grid.counts, TEXT)
        x = self.left
        for name, family, mark in self._legend_items():
            width = 19.5 + self.fonts.width(name, TEXT)
            if x > self.left and x + width > limit:
                x, top, limit = self.left, top + LEGEND_ROW, self.right
            if draws:
                self.pen.box(x, top, 15.0, 10.0, family, mark)
                self.pen.text(x + 19.5, top, name, TEXT)
            x += width + 15.0
        return top + LEGEND_ROW + 3.0
