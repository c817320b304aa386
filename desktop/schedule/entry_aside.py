"""The right side of the entry form: what stands in the way of a new entry; for one that exists also how it went and
its history, each behind a tab."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop import theme
from desktop.history.panel import HistoryPanel
from desktop.schedule.attendance_panel import AttendancePanel
from desktop.schedule.entry_history import entry_chapter
from desktop.store.store import Store
from desktop.widgets import Line, ScrollArea, Segmented
from shared_models.schedule.operations import entry_of

PLAN, WENT, HISTORY = "plan", "went", "history"


class EntryAside(QWidget):
    """Holds the areas; `said` carries the words of what was done in them, and whether it can be undone."""

    said = Signal(str, bool)

    def __init__(self, store: Store, clock: Callable[[], datetime], outlook: QScrollArea) -> None:
        super().__init__()
        self._store, self._clock = store, clock
        self._entry_id = ""
        px = theme.current().px
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._bar = QWidget()
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(px(16), px(12), px(16), px(12))
        self.tabs = Segmented(
            ((PLAN, "Plan"), (WENT, "How it went"), (HISTORY, "History")), small=True, name="Beside the fields",
            stretch=True,
        )  # fmt: skip
        self.tabs.changed.connect(self._show_tab)
        row.addWidget(self.tabs)
        column.addWidget(self._bar)
        self._bar_line = Line()
        column.addWidget(self._bar_line)
        self.went = AttendancePanel(store, clock)
        self.went.said.connect(self.said)
        self.history = HistoryPanel(store, entry_chapter)
        self._stack = QStackedWidget()
        self._areas = {PLAN: outlook, WENT: ScrollArea(self.went), HISTORY: ScrollArea(self.history)}
        for area in self._areas.values():
            self._stack.addWidget(area)
        column.addWidget(self._stack, 1)

    def show_new(self) -> None:
        """A new entry has neither."""
        self._entry_id = ""
        self._bar.hide()
        self._bar_line.hide()
        self.tabs.set_value(PLAN)
        self._stack.setCurrentWidget(self._areas[PLAN])

    def show_entry(self, entry_id: str) -> None:
        """Show an entry; one that has begun opens with how it went. Raises NoSuchEntry."""
        self._entry_id = entry_id
        with self._store.read() as session:
            entry = entry_of(session, self._store.organization_id, entry_id)
            has_begun = entry.starts_at <= self._clock()
        self._bar.show()
        self._bar_line.show()
        key = WENT if has_begun else PLAN
        self.tabs.set_value(key)
        self._show_tab(key)

    def refresh(self) -> None:
        """Something was changed, here or elsewhere."""
        if self._entry_id and self.tabs.value() == HISTORY:
            self.history.show_record(self._entry_id)

    def leave(self) -> None:
        """The form closes; what was typed is kept."""
        self.went.leave()
        self._entry_id = ""

    def shut_down(self) -> None:
        """The program ends."""
        self.history.shut_down()

    def _show_tab(self, key: str) -> None:
        if key == WENT:
            self.went.show_entry(self._entry_id)
        elif key == HISTORY:
            self.history.show_record(self._entry_id)
        self._stack.setCurrentWidget(self._areas[key])
