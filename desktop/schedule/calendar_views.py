"""The views of the Calendar page besides day and week: what each shows, in whole months, weeks or a list, and how it
follows the page. Day and week are drawn by the calendar itself.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.scene import SceneBuilder
from desktop.schedule.week import Filters

if TYPE_CHECKING:
    from desktop.schedule.calendar_page import CalendarPage
    from desktop.schedule.coloring import Coloring
    from desktop.schedule.listed_days import ListedDay

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def title_of_month(day: date) -> str:
    """ "November 2026"."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def month_later(day: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class PageView:
    """A view that takes the calendar's place on the page.

    The page reads the entries of `span` and hands them to `show` whenever they, the filters or the clock change;
    `show` must leave selection and scroll position alone. `widget` is put on the page as it is.
    """

    span_words = "this week"
    """The span in the heading of the list of conflicts."""
    has_filters = True
    """Whether the filters and colors of the toolbar, and the legend, mean something here."""
    has_conflicts_beside = True
    """Whether the list of conflicts can be opened beside it."""

    def __init__(self, page: CalendarPage) -> None:
        self.page = page

    @property
    def widget(self) -> QWidget:
        """What is shown."""
        raise NotImplementedError

    def span(self, day: date) -> tuple[date, date]:
        """The days to be read around the page's day, both included: its week, unless a view wants more."""
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)

    def title(self, day: date) -> str:
        """The words in the header."""
        return title_of_month(day)

    def step(self, day: date, direction: int) -> date:
        """The page's day after one step later (1) or earlier (-1)."""
        return day + timedelta(days=7 * direction)

    def show(self, builder: SceneBuilder, day: date) -> None:
        """Show what has been read."""

    def prepare(self, builder: SceneBuilder) -> object:
        """What takes time to make of days that may be shown next, for `SchedulePage.prepared`; off the UI thread."""
        return None

    def row(self, entry_id: str) -> EntryRow | None:
        """An entry that the view shows outside of the span; None when it is in there, or nowhere."""
        return None

    def select(self, entry_id: str) -> None:
        """Select an entry and bring it into view."""

    def selected_id(self) -> str:
        """The selected entry; "" for none."""
        return ""

    def cursor_day(self) -> date | None:
        """The day that the keyboard is at."""
        return None


@dataclass(frozen=True, slots=True)
class ViewKind:
    """A view in the header's switch: its key, words, icon and shortcut; `make` is None for day and week."""

    key: str
    words: str
    icon: str
    shortcut: str
    make: Callable[[CalendarPage], PageView] | None = None
    helper: str = ""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Days in the words of a list, and the builder that worded them."""

    builder: SceneBuilder
    days: list[ListedDay]


class MonthPageView(PageView):
    """Whole weeks around a month."""

    span_words = "these weeks"

    def __init__(self, page: CalendarPage) -> None:
        super().__init__(page)
        from desktop.schedule.month_view import MonthCalendar

        month = self._month = MonthCalendar()
        month.set_check(page.check_day)
        month.entryActivated.connect(page.open_entry)
        month.entrySelected.connect(page.mark_conflicts)
        month.dayActivated.connect(page.open_day)
        month.moveRequested.connect(lambda entry_id, day, starts: page.move_entry(entry_id, day, starts))
        month.cancelRequested.connect(page.cancel)
        month.menuRequested.connect(page.open_menu)
        month.monthRequested.connect(page.step)
        month.dragChanged.connect(page.progressSaid)

    @property
    def widget(self) -> QWidget:
        """The month."""
        return self._month

    def span(self, day: date) -> tuple[date, date]:
        """From the Monday before the month to the Sunday after it."""
        from desktop.schedule.month_layout import month_span

        return month_span(day)

    def step(self, day: date, direction: int) -> date:
        """A month later or earlier."""
        return month_later(day, direction)

    def show(self, builder: SceneBuilder, day: date) -> None:
        """The weeks of the day's month."""
        from desktop.schedule.empty_paper import empty_paper_words

        prepared = self.page.prepared(builder.week)
        if not isinstance(prepared, _Prepared) or not prepared.builder.shows_the_same_as(builder):
            prepared = self.prepare(builder)
        self._month.set_empty_words(empty_paper_words(builder, "in these weeks"))
        self._month.set_days(prepared.days, day)

    def prepare(self, builder: SceneBuilder) -> _Prepared:
        """The days with their entries in words."""
        from desktop.schedule.listed_days import listed_days

        return _Prepared(builder, listed_days(builder, builder.week.first_day, builder.week.last_day))

    def select(self, entry_id: str) -> None:
        """Select an entry."""
        self._month.select(entry_id)

    def selected_id(self) -> str:
        """The selected entry."""
        return self._month.selected_id()

    def cursor_day(self) -> date | None:
        """The day under the keyboard cursor, while the month has the keyboard."""
        return self._month.cursor_day() if self._month.hasFocus() else None


class AgendaPageView(PageView):
    """A list of the year; it reads by itself, a week at a time."""

    def __init__(self, page: CalendarPage) -> None:
        super().__init__(page)
        from desktop.schedule.agenda_view import AgendaView

        self._rows: dict[str, EntryRow] = {}
        self._shown: tuple[Filters, Coloring] | None = None
        self._loads = 0
        self._day: date | None = None
        agenda = self._agenda = AgendaView(self._read)
        agenda.entryActivated.connect(page.open_entry)
        agenda.entrySelected.connect(page.mark_conflicts)
        agenda.dayActivated.connect(page.open_day)
        agenda.cancelRequested.connect(page.cancel)
        agenda.menuRequested.connect(page.open_menu)
        agenda.dayShown.connect(self._follow)

    @property
    def widget(self) -> QWidget:
        """The list."""
        return self._agenda

    def _read(self, first_day: date, last_day: date) -> list[ListedDay]:
        from desktop.schedule.listed_days import listed_days

        builder = self.page.read_days(first_day, last_day)
        self._rows.update(builder.week.rows)
        return listed_days(builder, first_day, last_day)

    def show(self, builder: SceneBuilder, day: date) -> None:
        """Read again what is concerned; other filters or colors begin the list anew at the same day."""
        from desktop.schedule.empty_paper import empty_paper_words

        shown = (builder.filters, builder.coloring)
        self._agenda.set_empty_words(*empty_paper_words(builder, "this year"))
        if shown != self._shown:
            selected = self._agenda.selected_id()
            self._shown = shown
            self._rows.clear()
            self._agenda.show_around(day)
            if selected:
                self._agenda.select(selected)
        else:
            if self._loads != self.page.loads:
                self._agenda.reload()
            else:
                self._agenda.reload_visible()
            if day != self._day:
                self._agenda.go_to(day)
        self._loads, self._day = self.page.loads, day

    def _follow(self, day: date) -> None:
        self._day = day
        self.page.follow(day)

    def row(self, entry_id: str) -> EntryRow | None:
        """Any entry of the list."""
        return self._rows.get(entry_id)

    def select(self, entry_id: str) -> None:
        """Select an entry."""
        self._agenda.select(entry_id)

    def selected_id(self) -> str:
        """The selected entry."""
        return self._agenda.selected_id()

    def cursor_day(self) -> date | None:
        """The day of the selected entry, or the one at the top."""
        row = self._rows.get(self._agenda.selected_id())
        return row.day if row is not None else self._agenda.top_day()
