"""Keeps the letters typed in a form away from the page's one-letter shortcuts, also where the focus is on a switch or
a button that does not take letters itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

_COMMAND_KEYS = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)
_ERASERS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


def keeps_key(event: QEvent) -> bool:
    """Whether a form should claim this key before any shortcut does. Call it first in the form's `event`."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    if event.modifiers() & _COMMAND_KEYS:
        return False
    is_typed = bool(event.text()) and event.text().isprintable()
    if is_typed or event.key() in _ERASERS:
        event.accept()
        return True
    return False
