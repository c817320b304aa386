"""Carries the store's announcements to the UI thread as a Qt signal."""

from __future__ import annotations

import threading
from collections import defaultdict

from PySide6.QtCore import QObject, Qt, Signal

from desktop.store.store import Changes, Store


class Arrived(dict[str, frozenset[str]]):
    """Changes that another thread wrote, such as what came from other PCs: nobody here waits for them to show at
    once. Several announcements may have become one."""


class StoreAnnouncer(QObject):
    """Emits `changed(changes)` in the thread it lives in, whichever thread wrote; at once what this thread wrote."""

    changed = Signal(object)
    _arrived = Signal()

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = threading.get_ident()
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, set[str]] = defaultdict(set)
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._stop = store.subscribe(self._forward)

    def stop(self) -> None:
        """Hear no more."""
        self._stop()

    def _forward(self, changes: Changes) -> None:
        if threading.get_ident() == self._home:
            self.changed.emit(changes)
            return
        with self._lock:
            is_told = bool(self._waiting)
            for table, ids in changes.items():
                self._waiting[table].update(ids)
        if not is_told:
            self._arrived.emit()

    def _deliver(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, defaultdict(set)
        self.changed.emit(Arrived({table: frozenset(ids) for table, ids in waiting.items()}))
