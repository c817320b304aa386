"""Waits until nothing moves on screen any more: no slide, no timer that is about to fire, no work in the background,
no layout under way. By what is going on, not by the clock, so that a busy machine is no reason to look too early."""

from __future__ import annotations

import time

from PySide6.QtCore import QAbstractAnimation, QEvent, QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from desktop.background import Background

_PATIENCE_SECONDS = 20.0
_SOON_MILLISECONDS = 600
"""A single-shot timer with a longer wait is no part of what was just done (a toast that goes, the line of now)."""
_QUIET_ROUNDS = 3
_TURN_MILLISECONDS = 5
_MOVING = frozenset({QEvent.Type.LayoutRequest, QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show})


class _Watch(QObject):
    """Counts the events by which widgets come to their places."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.seen += event.type() in _MOVING
        return False


def come_to_rest(app: QApplication) -> None:
    """Let the windows live until they are at rest. Raises TimeoutError when that takes too long, with what moves."""
    watch = _Watch()
    app.installEventFilter(watch)
    try:
        until = time.monotonic() + _PATIENCE_SECONDS
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            seen = watch.seen
            app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, _TURN_MILLISECONDS)
            app.sendPostedEvents()
            moving = what_moves(app)
            quiet = quiet + 1 if watch.seen == seen and not moving else 0
            if time.monotonic() > until:
                raise TimeoutError(f"not at rest after {_PATIENCE_SECONDS:.0f} s: {', '.join(moving) or 'layouts'}")
            if moving:
                app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, _TURN_MILLISECONDS)
    finally:
        app.removeEventFilter(watch)


def what_moves(app: QApplication) -> list[str]:
    """What is going on in the windows, each in a few words."""
    found = []
    for window in app.topLevelWidgets():
        for animation in window.findChildren(QAbstractAnimation):
            if animation.state() == QAbstractAnimation.State.Running:
                found.append(f"a movement of {_name(animation.parent())}")
        for timer in window.findChildren(QTimer):
            if timer.isActive() and _fires_soon(timer):
                found.append(f"a timer of {_name(timer.parent())}")
        for work in window.findChildren(Background):
            if work.is_busy:
                found.append(f"work of {_name(work.parent())}")
    return found


def _fires_soon(timer: QTimer) -> bool:
    is_soon = timer.interval() <= _SOON_MILLISECONDS if timer.isSingleShot() else timer.interval() == 0
    return is_soon and _is_on_screen(timer)


def _is_on_screen(timer: QTimer) -> bool:
    """A timer of what is hidden brings nothing on screen."""
    above = timer.parent()
    while above is not None and not isinstance(above, QWidget):
        above = above.parent()
    return above is None or above.isVisible()


def _name(what: QObject | None) -> str:
    return type(what).__name__
