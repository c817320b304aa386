"""A field with a list in which Tab takes the choice that is marked, as Enter does: in a form that is filled in by
keyboard alone, whoever typed "alg" and goes on means the topic, not the three letters."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from desktop.widgets.combo import ComboBox


class ChoiceInput(ComboBox):
    """A `ComboBox` for forms that are filled in with Tab."""

    def event(self, event: QEvent) -> bool:
        # Tab moves the focus before a key press is told of it, so the choice is taken here.
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Tab:
            self._take_marked()
        return super().event(event)

    def _take_marked(self) -> None:
        if self._popup.is_open() and self.text().strip():
            chosen = self._popup.marked_key()
            self._popup.close()
            if chosen:
                self._take(chosen)
