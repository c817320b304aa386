"""The calendar in a window of its own, for a second screen: the same store, refreshed by itself, gone with the
program."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QWidget

from desktop.page import Page
from desktop.store.announcer import StoreAnnouncer
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.window import MainWindow, PageEntry


class CalendarWindow(MainWindow):
    """A window with the calendar alone, with its own view, filters and date.

    Args:
        store: the program's store.
        make: makes the page.
        organization: whose center this is.
        owner: the program's window; when it closes, this one does.
    """

    def __init__(
        self,
        store: Store,
        make: Callable[[], Page],
        organization: str,
        owner: QWidget,
    ) -> None:
        super().__init__([PageEntry("Calendar", "calendar-days", make)], organization)
        self._store = store
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Calendar · {organization}" if organization else "Calendar")
        self.rail.hide()
        self.strip.sync.hide()
        self._announcer = StoreAnnouncer(store, self)
        self._announcer.changed.connect(self.refresh)
        self.undoRequested.connect(lambda: self._replay(store.undo, "Undid"))
        self.redoRequested.connect(lambda: self._replay(store.redo, "Did again"))
        if isinstance(owner, MainWindow):
            owner.closing.connect(self.close)

    def _replay(self, step: Callable[[], str | None], words: str) -> None:
        try:
            description = step()
        except StoreError as error:
            self.announce(str(error), undo_enabled=False)
            return
        if description is not None:
            self.show_last_action(f"{words}: {description}", self._store.undo_history.next_undo is not None)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let go of the store and of what runs on the page."""
        self._announcer.stop()
        self.shut_down_pages()
        super().closeEvent(event)
