"""Carries the sync worker's state to the UI thread as a Qt signal."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.sync.worker import SyncState


class SyncStatus(QObject):
    """Emits `changed(SyncState)` in the thread it lives in."""

    changed = Signal(object)

    def report(self, state: SyncState) -> None:
        """Called by the worker, from its thread."""
        self.changed.emit(state)
