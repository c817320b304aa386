"""The head of the calendar's page: arrows, the switch between views, and what can be done with the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.widgets import Button, IconButton, Kind, Segmented

if TYPE_CHECKING:
    from desktop.schedule.schedule_page import SchedulePage


class PageHead:
    """Puts its controls into the header of a page, which does what they ask for."""

    def __init__(self, page: SchedulePage, view: str) -> None:
        self._page = page
        arrows = [
            IconButton("chevron-left", "Earlier", Kind.SECONDARY, on_click=lambda: page.step(-1)),
            Button("Today", on_click=page.go_today),
            IconButton("chevron-right", "Later", Kind.SECONDARY, on_click=lambda: page.step(1)),
        ]
        self.date_button = IconButton("calendar-days", "Go to a date", Kind.SECONDARY, on_click=page.pick_date)
        for widget in (*arrows, self.date_button):
            page.header.add_view_switch(widget)
        options = [(kind.key, kind.words) for kind in page.view_kinds]
        self.views = Segmented(options, value=view, name="View of the calendar")
        self.views.changed.connect(page.set_view)
        page.header.add_view_switch(self.views)

    def add_actions(self, ask_name: Callable[[], object], toggle_conflicts: Callable[[], object]) -> None:
        """What the head offers, and what has no button there, as actions of the page."""
        page = self._page
        page.add_action("Today", page.go_today, icon="sun", shortcut="T", helper="Shows the present day or week.")
        page.add_action("Later", lambda: page.step(1), icon="chevron-right", shortcut=("]", "Ctrl+Right"))
        page.add_action("Earlier", lambda: page.step(-1), icon="chevron-left", shortcut=("[", "Ctrl+Left"))
        page.add_action("Go to a date", page.pick_date, icon="calendar-days", shortcut="G")
        page.add_action("Now", page.go_now, icon="clock", shortcut="Shift+T", helper="Scrolls to the present minute.")
        for kind in page.view_kinds:
            page.add_action(
                kind.words, lambda key=kind.key: page.set_view(key), icon=kind.icon, shortcut=kind.shortcut,  # type: ignore[misc]
                helper=kind.helper,
            )  # fmt: skip
        page.add_action("Save this view", ask_name, icon="star", helper="Keeps view, filters and colors.")
        page.add_action(
            "Conflicts on screen", toggle_conflicts, icon="triangle-alert", shortcut="C",
            helper="Lists every conflict on screen with the nearest ways out.",
        )  # fmt: skip
