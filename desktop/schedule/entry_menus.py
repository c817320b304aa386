"""The small menus of the calendar: what can be done to an entry, and how far a change of a series reaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from PySide6.QtWidgets import QWidget

from desktop.schedule.differences_question import answers_about
from desktop.schedule.entry_rows import EntryRow
from desktop.schedule.page_sheets import RESCHEDULE, SERIES
from desktop.schedule.series_reach import Staying
from desktop.widgets import Menu, allow
from shared_models.schedule.lifecycle import TRANSITIONS, Step, steps_from
from shared_models.schedule.models import EntryStatus
from shared_models.schedule.series_operations import SeriesScope


class EntryCommands(Protocol):
    """Who carries out what is chosen."""

    def open_entry(self, entry_id: str) -> None: ...

    def cancel(self, entry_id: str) -> None: ...

    def archive(self, entry_id: str) -> None: ...

    def restore(self, entry_id: str) -> None: ...

    def copy_to_next_week(self, entry_id: str) -> None: ...

    def set_status(self, entry_id: str, status: EntryStatus) -> None: ...

    def open_sheet(self, kind: str, entry_id: str) -> None: ...


_NEAR_SECONDS = 60 * 60
"""Long before its start nobody looks for "Start" in the menu."""
_LIFE = (
    (Step.BEGIN, "Start", "clock"),
    (Step.COMPLETE, "It took place", "check"),
    (Step.MISS, "No-show", "user-x"),
    (Step.REOPEN, "Back to scheduled", "rotate-ccw"),
    (Step.CONFIRM, "It is paid", "coins"),
)


class EntryMenu(Menu):
    """What fits an entry at this moment."""

    def __init__(
        self, parent: QWidget, row: EntryRow, now: datetime, commands: EntryCommands, why_alone: str = ""
    ) -> None:
        """``why_alone``: why the person cannot change the series of the entry, "" when they can or there is none."""
        super().__init__(parent)
        steps = steps_from(row.status, has_begun=row.booking.starts <= now.timestamp())

        def become(wanted: EntryStatus) -> Callable[[], None]:
            return lambda: commands.set_status(row.id, wanted)

        def sheet(kind: str) -> Callable[[], None]:
            return lambda: commands.open_sheet(kind, row.id)

        self.add("Open", lambda: commands.open_entry(row.id), icon="pencil")
        self.addSeparator()
        is_far = row.booking.starts - now.timestamp() > _NEAR_SECONDS
        for step, words, icon in _LIFE:
            if step in steps and not (is_far and step is Step.BEGIN):
                self.add(words, become(TRANSITIONS[step].target), icon=icon)
        if Step.CANCEL in steps:
            self.add("Reschedule", sheet(RESCHEDULE), icon="calendar-clock")
            self.add("Cancel", lambda: commands.cancel(row.id), icon="calendar-x")
        if Step.BRING_BACK in steps:
            self.add("Bring back", lambda: commands.restore(row.id), icon="rotate-ccw")
        if row.series_id is not None:
            allow(self.add("Extend or end the series", sheet(SERIES), icon="repeat"), why_alone)
        self.add("Copy to next week", lambda: commands.copy_to_next_week(row.id), icon="copy")
        self.add("Archive", lambda: commands.archive(row.id), icon="archive")


class TakenMenu(Menu):
    """All that can be done to an entry at a location of others."""

    def __init__(self, parent: QWidget, open_entry: Callable[[], object]) -> None:
        super().__init__(parent)
        self.add("Show", open_entry, icon="eye")


class EmptyMenu(Menu):
    """What can be done on empty paper."""

    def __init__(self, parent: QWidget, new_entry: Callable[[], object]) -> None:
        super().__init__(parent)
        self.add("New entry", new_entry, icon="plus")


class ScopeMenu(Menu):
    """Asks how far a change reaches, and what becomes of sessions that differ; leaving it changes nothing.

    ``then`` hears the answer and whether such sessions keep their differences; ``differing`` says how many there are,
    ``left_out`` which sessions at locations of others stay as they are.
    """

    def __init__(
        self,
        parent: QWidget,
        then: Callable[[SeriesScope, bool], None],
        differing: Mapping[SeriesScope, int] | None = None,
        left_out: Mapping[SeriesScope, Staying] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("How much of the series")
        for words, scope in (
            ("Only this one", SeriesScope.THIS),
            ("This and the following", SeriesScope.FOLLOWING),
            ("The whole series", SeriesScope.ALL),
        ):
            count, stays = (differing or {}).get(scope, 0), (left_out or {}).get(scope, Staying())
            words = f"{words}; {stays.short}" if stays.count else words
            if not count:
                self.add(words, lambda scope=scope: then(scope, True)).setToolTip(stays.sentence or words)  # type: ignore[misc]
                continue
            further = Menu(self)
            further.setTitle(words)
            further.menuAction().setToolTip(stays.sentence or words)
            keep, change = answers_about(count)
            further.add(keep, lambda scope=scope: then(scope, True))  # type: ignore[misc]
            further.add(change, lambda scope=scope: then(scope, False))  # type: ignore[misc]
            self.addMenu(further)
        self.setActiveAction(self.actions()[0])
