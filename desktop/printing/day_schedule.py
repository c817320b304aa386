"""The day schedule of a location as PDF, from plain values: black on white, for the desk and the wall.

Columns by tutor or by room over an hour grid, conflicts numbered in their boxes and listed below with names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from desktop.printing.box_text import BoxText, fit_box, flag_width, wrap
from desktop.printing.day_page import (
    Column,
    ColumnsBy,
    DaySchedule,
    Mark,
    PageSetup,
    PlacedEntry,
    column_widths,
    columns,
    date_words,
    hour_range,
    minute_of,
    minutes_into,
    opening_span,
    pages_of_columns,
)
from desktop.printing.drawing import GRAY_LINE, GRAY_RULE, GRAY_TEXT, Pen
from desktop.printing.fonts import PrintFonts, Weight, print_fonts
from desktop.schedule.calendar_values import clock_words, hour_words

MARGIN_X, MARGIN_Y = 27.0, 24.0
GUTTER = 36.0
HEADER = 46.0
HEADINGS = 27.0
FOOTER = 18.0
LEGEND_ROW = 15.0
TEXT = 8.6
LINE = 11.25
TITLE_LINE = 15.0
LIST_GAP = 16.5
HOUR, LEAST_HOUR = 34.0, 24.0
"""Height of an hour in which names are easily read, and the least for a day whose lists then stay on its page."""
TOGETHER = 60.0
"""A list up to this height is not broken over columns."""
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
class _Item:
    """One paragraph of the lists below the grid, with the number it is known by. The first of a list bears its
    title."""

    list_name: str
    number: str
    lines: tuple[str, ...]
    indent: float
    title: str = ""

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 1.5 + (TITLE_LINE if self.title else 0.0)


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
    items: tuple[_Item, ...] = ()


def day_schedule_pdf(day: DaySchedule, by: ColumnsBy = ColumnsBy.TUTOR, setup: PageSetup | None = None) -> bytes:
    """The pages of ``day`` as a PDF file, fonts embedded. A day without entries gives one page that says so."""
    from reportlab.pdfgen.canvas import Canvas

    file = BytesIO()
    setup = setup or PageSetup()
    fonts = print_fonts()
    canvas = Canvas(file, pagesize=setup.size, lang="en", pageCompression=1)
    canvas.setTitle(f"Day schedule, {day.location_name}, {day.day_words}")
    canvas.setAuthor(day.organization_name)
    canvas.setCreator("iTutorOS")
    _DayPrinter(Pen(canvas, fonts, setup.size), day, by, setup).draw()
    canvas.save()
    return file.getvalue()


class _DayPrinter:
    """Composes all pages first, so that each can say how many there are, then draws them."""

    def __init__(self, pen: Pen, day: DaySchedule, by: ColumnsBy, setup: PageSetup) -> None:
        self.pen, self.day, self.by, self.setup = pen, day, by, setup
        self.left, self.right = MARGIN_X, pen.width - MARGIN_X
        self.grid_top = MARGIN_Y + HEADER + HEADINGS
        self.bottom = pen.height - MARGIN_Y - FOOTER
        self.numbers: dict[str, list[int]] = {}
        self.marks: dict[str, Mark] = {}
        for number, conflict in enumerate(day.conflicts, 1):
            for entry_id in conflict.entry_ids:
                self.numbers.setdefault(entry_id, []).append(number)
                order = (Mark.NOTE, Mark.TIGHT, Mark.OVERLAP)
                self.marks[entry_id] = max(conflict.mark, self.marks.get(entry_id, Mark.NOTE), key=order.index)

    @property
    def fonts(self) -> PrintFonts:
        return self.pen.fonts

    def draw(self) -> None:
        pages = self._compose() if self.day.entries else [_Page()]
        for number, page in enumerate(pages, 1):
            self._header()
            if page.columns:
                self._grid(page)
                top = self._legend(self.grid_top + page.grid_height + 7.0)
            else:
                top = MARGIN_Y + HEADER + 12.0
            if not self.day.entries:
                self._nothing_that_day()
            if page.items:
                self._lists(page.items, top)
            self._footer(number, len(pages))
            self.pen.canvas.showPage()

    # Composing

    def _compose(self) -> list[_Page]:
        width = self.right - self.left - GUTTER
        dealt = pages_of_columns(columns(self.day, self.by), width, self.setup.most_columns)
        full = self.bottom - self.grid_top - self._legend_height() - 9.0
        pages = [self._page(one, full) for one in dealt[:-1]]
        final = self._page(dealt[-1], full)
        items = self._items([*pages, final])
        for _ in range(4):  # A lower grid may shorten more names, which makes the list below it longer.
            height = self._grid_height(full, self._lists_height(items))
            if height == final.grid_height:
                break
            final = self._page(dealt[-1], height)
            items = self._items([*pages, final])
        return [*pages, *self._with_lists(final, items, full - final.grid_height)]

    def _grid_height(self, full: float, lists: float) -> float:
        """As much as the lists below leave, an hour a little lower if that keeps them on the page; where they do not
        fit at all, they continue on the next."""
        first, last = hour_range(self.day)
        hours = (last - first) / 60
        height = full - lists
        least = min(max(200.0, hours * LEAST_HOUR), full)
        return height if height >= least else min(max(200.0, hours * HOUR), full)

    def _page(self, page: Sequence[Column], grid_height: float) -> _Page:
        widths = column_widths(page, self.right - self.left - GUTTER)
        first, last = hour_range(self.day)
        scale = grid_height / (last - first)
        boxes = []
        x = self.left + GUTTER
        for column, width in zip(page, widths, strict=True):
            for placed in column.placed:
                entry = placed.entry
                start, end = minutes_into(self.day.day, entry.starts), minutes_into(self.day.day, entry.ends)
                lane = (width - 3.75) / placed.lanes
                box_width = lane * placed.span - 1.5
                height = max((end - start) * scale - 1.1, 6.0)
                words = fit_box(self.fonts, entry, self.by, box_width, height, self.numbers.get(entry.entry_id, ()))
                top = self.grid_top + (start - first) * scale + 0.55
                boxes.append(_Box(placed, x + 2.25 + lane * placed.lane, top, box_width, height, words))
            x += width
        return _Page(tuple(page), tuple(widths), grid_height, tuple(boxes))

    def _with_lists(self, page: _Page, items: Sequence[_Item], space: float) -> list[_Page]:
        """Put the lists below the grid as far as they go, the rest on pages of their own."""
        done: list[_Page] = []
        rest = list(items)
        while rest:
            count = next((n for n in range(len(rest), 0, -1) if self._lists_height(rest[:n]) <= space), 0)
            if count == 0 and not page.columns:
                count = 1
            placed, rest = rest[:count], rest[count:]
            done.append(replace(page, items=tuple(placed)))
            page, space = _Page(), self.bottom - MARGIN_Y - HEADER - 12.0
            if rest and not rest[0].title:
                rest[0] = replace(rest[0], title=f"{rest[0].list_name}, continued")
        return done or [page]

    def _items(self, pages: Sequence[_Page]) -> list[_Item]:
        """The conflicts, then the groups and all others whose names their boxes had no space for, once each."""
        name = "Conflicts to settle"
        items = [self._item(name, str(n), conflict.text) for n, conflict in enumerate(self.day.conflicts, 1)]
        shortened = {b.placed.entry.entry_id: b.placed.entry for p in pages for b in p.boxes if not b.words.says_all}
        full_names = []
        for entry in sorted(shortened.values(), key=lambda e: (e.starts, e.titles[0])):
            teacher = entry.tutor.name if entry.tutor else "No tutor"
            where = ", ".join(part for part in (entry.titles[0], teacher, entry.place) if part)
            people = ", ".join(entry.people) or "nobody yet"
            full_names.append(self._item("Names in full", "", f"{entry.starts_words} {where}: {people}"))
        notes = [self._item("Also to look at", "", note) for note in self.day.notes]
        return [
            replace(item, title=item.list_name) if i == 0 else item
            for one in (items, notes, full_names)
            for i, item in enumerate(one)
        ]

    def _item(self, list_name: str, number: str, text: str) -> _Item:
        indent = flag_width(self.fonts, (number,)) + 4.5 if number else 0.0
        lines = wrap(self.fonts, text, TEXT, Weight.REGULAR, self._list_width() - indent, breaks_words=True)
        return _Item(list_name, number, tuple(lines or ()), indent)

    @property
    def _list_columns(self) -> int:
        return 3 if self.setup.is_landscape else 2

    def _list_width(self) -> float:
        return (self.right - self.left - LIST_GAP * (self._list_columns - 1)) / self._list_columns

    def _lists_height(self, items: Sequence[_Item]) -> float:
        return 12.0 + self._column_height(items) if items else 0.0

    def _column_height(self, items: Sequence[_Item]) -> float:
        """The least height at which the items, in order, fill the columns of the lists."""
        heights = [item.height for item in items]
        limit = max(max(heights), sum(heights) / self._list_columns)
        by_list: dict[str, float] = {}
        for item in items:
            by_list[item.list_name] = by_list.get(item.list_name, 0.0) + item.height
        limit = max(limit, *(height for height in [0.0, *by_list.values()] if height <= TOGETHER))
        while True:
            taken, used = 0.0, 1
            for height in heights:
                if taken + height > limit + 0.01:
                    taken, used = 0.0, used + 1
                taken += height
            if used <= self._list_columns:
                return limit
            limit += LINE / 2

    # Drawing

    def _header(self) -> None:
        pen, day = self.pen, self.day
        from reportlab.lib.colors import HexColor

        pen.canvas.setFillColor(HexColor(day.color))
        x, size = self.left, 30.0
        if day.logo:
            from reportlab.lib.utils import ImageReader

            image = ImageReader(BytesIO(day.logo))
            bottom = pen.height - MARGIN_Y - 4.0 - size
            pen.canvas.drawImage(image, x, bottom, size, size, mask="auto", preserveAspectRatio=True)
        else:
            pen.canvas.roundRect(x, pen.height - MARGIN_Y - 4.0 - size, size, size, 6.0, stroke=0, fill=1)
            initials = "".join(word[0] for word in day.organization_name.split()[:2]).upper()
            pen.text_center(x + size / 2, MARGIN_Y + 4.0 + 8.2, initials, 13.5, Weight.SEMIBOLD, 1.0)
        hours = f"closed: {day.closed_reason}" if day.closed_reason else day.opening_words or "closed"
        contact = (day.organization_name, *day.contact_lines)
        right_width = max(self.fonts.width(line, 9.0, Weight.SEMIBOLD) for line in contact)
        space = self.right - right_width - 12.0 - (x + size + 9.0)
        subtitle = f"Day schedule by {self.by}, {day.location_name}, {hours}"
        self._shrinking(x + size + 9.0, MARGIN_Y + 1.5, day.day_words, 15.0, Weight.SEMIBOLD, space)
        self._shrinking(x + size + 9.0, MARGIN_Y + 22.0, subtitle, 9.75, Weight.REGULAR, space)
        for i, line in enumerate(contact):
            weight = Weight.SEMIBOLD if i == 0 else Weight.REGULAR
            pen.text_right(self.right, MARGIN_Y - 1.0 + i * 12.75, line, 9.0, weight, GRAY_TEXT)
        pen.canvas.setStrokeColor(HexColor(day.color))
        pen.canvas.setLineWidth(1.5)
        y = pen.height - MARGIN_Y - HEADER
        pen.canvas.line(self.left, y, self.right, y)

    def _shrinking(self, x: float, y: float, text: str, size: float, weight: Weight, space: float) -> None:
        """Write a line smaller where it would run into what stands at its right."""
        width = self.fonts.width(text, size, weight)
        self.pen.text(x, y, text, size * min(1.0, space / width), weight)

    def _grid(self, page: _Page) -> None:
        pen, day = self.pen, self.day
        first, last = hour_range(day)
        scale = page.grid_height / (last - first)
        left = self.left + GUTTER
        right = left + sum(page.widths)
        bottom = self.grid_top + page.grid_height
        opens, closes = opening_span(day)
        if opens is None or closes is None:
            opens, closes = last, last
        for start, end in ((first, opens), (closes, last)):
            top, height = self.grid_top + (start - first) * scale, (end - start) * scale
            if height > 0:
                pen.fill(left, top, right - left, height, 0.93)
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
        pen.line(right, self.grid_top, right, bottom, gray=GRAY_RULE)
        for y in (self.grid_top, bottom):
            pen.line(self.left, y, right, y, gray=GRAY_RULE)
        for box in page.boxes:
            entry = box.placed.entry
            pen.box(box.x, box.y, box.width, box.height, entry.family, self.marks.get(entry.entry_id))
            pen.words_of_box(box.x, box.y, box.width, box.height, box.words)

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
        top = self.grid_top - 19.5 + (4.0 if len(lines) == 1 else 0.0)
        for i, line in enumerate(lines[:3]):
            self.pen.text(x, top + i * smaller * 1.05, line, smaller, weight)

    def _legend_items(self) -> list[tuple[str, str, Mark | None]]:
        families = {entry.family for entry in self.day.entries}
        items: list[tuple[str, str, Mark | None]] = [(n, f, None) for f, n in FAMILY_NAMES.items() if f in families]
        marks = set(self.marks.values())
        if Mark.OVERLAP in marks:
            items.append(("Double booking", "", Mark.OVERLAP))
        if Mark.TIGHT in marks:
            items.append(("Too tight", "", Mark.TIGHT))
        return items

    def _legend_height(self) -> float:
        return self._legend(0.0, draws=False)

    def _legend(self, top: float, *, draws: bool = True) -> float:
        """Draw the legend and, at the right of its first row, the counts; returns where the legend ends."""
        counts = self._counts()
        limit = self.right - self.fonts.width(counts, TEXT) - 12.0
        if draws:
            self.pen.text_right(self.right, top, counts, TEXT)
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

    def _counts(self) -> str:
        day = self.day
        words = [_counted(len(day.entries), "entry", "entries")]
        if self.by is ColumnsBy.TUTOR:
            words.append(_counted(len({e.tutor.person_id for e in day.entries if e.tutor}), "tutor", "tutors"))
        else:
            words.append(_counted(len({r.room_id for e in day.entries for r in e.rooms}), "room", "rooms"))
        words.append(_counted(len(day.conflicts), "conflict", "conflicts"))
        if day.cancelled_count:
            words.append(f"{day.cancelled_count} cancelled")
        return ", ".join(words)

    def _lists(self, items: Sequence[_Item], top: float) -> None:
        """Draw the lists in columns under a rule."""
        self.pen.line(self.left, top, self.right, top, gray=GRAY_RULE)
        limit = self._column_height(items)
        x, y = self.left, 0.0
        for item in items:
            if y + item.height > limit + 0.01 and y > 0:
                x, y = x + self._list_width() + LIST_GAP, 0.0
            line_top = top + 6.0 + y
            if item.title:
                title_top = line_top + (2.5 if y else -0.5)
                self.pen.text(x, title_top, item.title, 9.0, Weight.SEMIBOLD)
                line_top += TITLE_LINE
            if item.number:
                self.pen.flag(x, line_top, (item.number,), item.indent - 4.5)
            for i, line in enumerate(item.lines):
                self.pen.text(x + item.indent, line_top + i * LINE, line, TEXT)
            y += item.height

    def _nothing_that_day(self) -> None:
        day, center = self.day, self.pen.width / 2
        title = f"No sessions on {day.day_words.rsplit(',', 1)[0]}."
        if day.closed_reason:
            detail = f"{day.location_name} is closed: {day.closed_reason}."
        elif day.opening_words:
            detail = f"{day.location_name} is open {day.opening_words}."
        else:
            detail = f"{day.location_name} is closed that day."
        if day.cancelled_count:
            detail += f" {_counted(day.cancelled_count, 'entry was', 'entries were')} cancelled."
        self.pen.text_center(center, self.pen.height * 0.4, title, 15.0, Weight.SEMIBOLD)
        lines = wrap(self.fonts, detail, 10.5, Weight.REGULAR, self.right - self.left, breaks_words=True) or []
        for i, line in enumerate(lines):
            self.pen.text_center(center, self.pen.height * 0.4 + 24.0 + i * 14.0, line, 10.5)

    def _footer(self, number: int, pages: int) -> None:
        pen, moment = self.pen, self.day.printed_at
        printed = f"Printed {date_words(moment.date())}, {clock_words(minute_of(moment.time()))}"
        if self.day.printed_by:
            printed += f" by {self.day.printed_by}"
        y, size = pen.height - MARGIN_Y - 2.0, 8.25
        warning, count = "Contains names of children. Do not leave at the desk.", f"Page {number} of {pages}"
        left, middle, right = (self.fonts.width(text, size) for text in (printed, warning, count))
        center = max(pen.width / 2, self.left + left + 12.0 + middle / 2)
        center = min(center, self.right - right - 12.0 - middle / 2)
        pen.text(self.left, y, printed, size, gray=0.2)
        pen.text_center(center, y, warning, size, gray=0.2)
        pen.text_right(self.right, y, count, size, gray=0.2)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
