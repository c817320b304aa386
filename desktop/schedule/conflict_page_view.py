"""The conflict view as one of the views of the Calendar page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from desktop.schedule.calendar_views import PageView
from desktop.schedule.scene import SceneBuilder

if TYPE_CHECKING:
    from desktop.schedule.calendar_page import CalendarPage


class ConflictPageView(PageView):
    """Every conflict of the term; it reads by itself, in the background."""

    has_conflicts_beside = False

    def __init__(self, page: CalendarPage) -> None:
        super().__init__(page)
        self._loads = -1
        self._day: date | None = None
        self._count = ""
        view = self.view = page.make_conflict_view()
        view.entryChosen.connect(self._show_on_calendar)
        view.said.connect(page.actionDone)
        view.countsChanged.connect(self._counted)

    @property
    def widget(self) -> QWidget:
        """The list and the case in hand."""
        return self.view

    @property
    def actions(self) -> Sequence[QAction]:
        """What its keys do."""
        return self.view.view_actions

    def title(self, day: date) -> str:
        """How many there are."""
        return self._count or "Conflicts"

    def show(self, builder: SceneBuilder, day: date) -> None:
        """Read again when entries have changed; another day brings its first case into hand."""
        self.page.show_conflicts(False)
        self.view.set_filters(builder.filters)
        if self._loads != self.page.loads:
            self._loads = self.page.loads
            self.view.load()
        elif day != self._day and self._day is not None:
            self.view.go_to_day(day)
        self._day = day

    def selected_id(self) -> str:
        """The first entry of the case in hand."""
        case = self.view.current()
        return case.entries[0].id if case is not None else ""

    def cursor_day(self) -> date | None:
        """The day of the case in hand."""
        case = self.view.current()
        return case.day if case is not None else None

    def _counted(self, overlaps: int, tight: int) -> None:
        total = overlaps + tight
        self._count = "No conflicts" if not total else "1 conflict" if total == 1 else f"{total} conflicts"
        if self.page.view() == "conflicts":
            self.page.say_title(self._count)

    def _show_on_calendar(self, entry_id: str) -> None:
        self.page.set_view("day")
        self.page.show_item(entry_id)
