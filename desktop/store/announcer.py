"""Carries the store's announcements to the UI thread as a Qt signal."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.store.store import Changes, Store


class StoreAnnouncer(QObject):
    """Emits `changed(changes)` in the thread it lives in, whichever thread wrote."""

    changed = Signal(object)

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stop = store.subscribe(self._forward)

    def stop(self) -> None:
        """Hear no more."""
        self._stop()

    def _forward(self, changes: Changes) -> None:
        self.changed.emit(changes)
