"""Finds words on screen that have less room than they need."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QLabel, QWidget

from desktop.widgets.choices import Segmented
from desktop.widgets.labels import Paragraph

_SLACK = 1
"""Widths are rounded; a pixel less cuts nothing."""


def clipped_words(window: QWidget) -> list[str]:
    """A line for every visible label, button and paragraph that is narrower, lower or less visible than its words
    need. Labels that shorten their words with an ellipsis on purpose do not count."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or not (words := _words(widget)):
            continue
        if widget.width() + _SLACK < _width_needed(widget):
            found.append(f"{words!r} has {widget.width()} of {_width_needed(widget)} px ({_place(widget)})")
        elif widget.height() + _SLACK < _height_needed(widget):
            found.append(f"{words!r} is {widget.height()} of {_height_needed(widget)} px high ({_place(widget)})")
        elif not _is_scrolled(widget, window) and not _is_in_view(widget):
            found.append(f"{words!r} is not wholly in view ({_place(widget)})")
    return found


def _words(widget: QWidget) -> str:
    if isinstance(widget, QLabel):
        return "" if getattr(widget, "_elide", False) or widget.wordWrap() else widget.text()
    if isinstance(widget, QAbstractButton | Paragraph):
        return widget.text()
    if isinstance(widget, Segmented):
        return widget.accessibleName() or "choices"
    return ""


def _width_needed(widget: QWidget) -> int:
    return 0 if isinstance(widget, Paragraph) else widget.sizeHint().width()


def _height_needed(widget: QWidget) -> int:
    if isinstance(widget, Paragraph):
        return widget.heightForWidth(widget.width())
    return widget.fontMetrics().height() if isinstance(widget, QLabel) else 0


def _is_scrolled(widget: QWidget, window: QWidget) -> bool:
    above = widget.parentWidget()
    while above is not None and above is not window:
        if isinstance(above, QAbstractScrollArea):
            return True
        above = above.parentWidget()
    return False


def _is_in_view(widget: QWidget) -> bool:
    seen = widget.visibleRegion().boundingRect()
    return seen.width() + _SLACK >= widget.width() and seen.height() + _SLACK >= widget.height()


def _place(widget: QWidget) -> str:
    names: list[str] = []
    above: QWidget | None = widget
    while above is not None and len(names) < 4:
        names.append(type(above).__name__)
        above = above.parentWidget()
    return " in ".join(names)
