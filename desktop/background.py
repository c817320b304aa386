"""Runs jobs off the UI thread, one after another, and brings their answers back to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")


class Background(QObject):
    """Jobs of one owner. After `close` no answer reaches it any more.

    `thread` is given where jobs must share a thread of their own (a renderer that is not safe from two at once).
    """

    _answered = Signal(object)
    busyChanged = Signal(bool)

    def __init__(self, parent: QObject | None = None, *, thread: ThreadPoolExecutor = _THREAD) -> None:
        super().__init__(parent)
        self._thread = thread
        self._waiting = 0
        self._is_closed = False
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        job: Callable[[], Result],
        done: Callable[[Result], object],
        failed: Callable[[Exception], object],
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Call `job` on the thread, then `done` with its result or `failed` with its error.

        A job that `is_wanted` no more when its turn comes is skipped, and its answer dropped.
        """
        self._waiting += 1
        if self._waiting == 1:
            self.busyChanged.emit(True)

        def work() -> None:
            answer: Callable[[], object] = lambda: None  # noqa: E731
            if not self._is_closed and is_wanted():
                try:
                    result = job()
                except Exception as error:
                    log.exception("A background job failed")
                    answer = _call(failed, error)
                else:
                    answer = _call(done, result)
            if not self._is_closed:
                self._answered.emit(lambda: answer() if is_wanted() else None)

        self._thread.submit(work)

    @property
    def is_busy(self) -> bool:
        """Whether answers are still to come."""
        return self._waiting > 0 and not self._is_closed

    def close(self) -> None:
        """Drop what waits, and let the job in hand end."""
        self._is_closed = True
        self._thread.submit(lambda: None).result()

    def _deliver(self, answer: Callable[[], object]) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self.busyChanged.emit(False)
        if not self._is_closed:
            answer()


def _call(slot: Callable[[Result], object], value: Result) -> Callable[[], object]:
    return lambda: slot(value)
