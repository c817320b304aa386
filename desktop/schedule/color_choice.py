"""The choice of what colors stand for: a row of words where there is room, a chip with a menu where there is none."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop import theme
from desktop.schedule.coloring import ColorBy
from desktop.widgets import FilterChip, Label, Menu, Segmented

_WORDS = {ColorBy.SERVICE: "Service", ColorBy.TUTOR: "Tutor", ColorBy.STATUS: "Status"}


class ColorChoice(QWidget):
    """ "Color by Service | Tutor | Status"; `changed` carries a `ColorBy`."""

    changed = Signal(object)
    shows_focus_ring = False

    def __init__(self, value: ColorBy, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.current().px(8))
        self._label = Label("Color by", "small", "text2")
        self.parts = Segmented([(by.value, words) for by, words in _WORDS.items()], value.value, small=True,
                               name="Color by")  # fmt: skip
        self.parts.changed.connect(lambda key: self._take(ColorBy(key)))
        self.chip = _ColorChip(self)
        for widget in (self._label, self.parts, self.chip):
            row.addWidget(widget)
        self._value = value
        self.set_value(value)
        self.set_narrow(False)

    def value(self) -> ColorBy:
        """What colors stand for."""
        return self._value

    def set_value(self, value: ColorBy) -> None:
        """Choose without announcing it."""
        self._value = value
        self.parts.set_value(value.value)
        self.chip.set_words(f"Color: {_WORDS[value].lower()}", value is not ColorBy.SERVICE)

    def set_narrow(self, is_narrow: bool) -> None:
        """A chip instead of a row of words."""
        self._label.setHidden(is_narrow)
        self.parts.setHidden(is_narrow)
        self.chip.setVisible(is_narrow)

    def _take(self, value: ColorBy) -> None:
        if value is not self._value:
            self.set_value(value)
            self.changed.emit(value)


class _ColorChip(FilterChip):
    def __init__(self, choice: ColorChoice) -> None:
        super().__init__("Color: service", "palette")
        self._choice = choice
        self.set_choices([(by.value, words) for by, words in _WORDS.items()])

    def build_menu(self) -> Menu:
        menu = Menu(self)
        for by, words in _WORDS.items():
            menu.add(words, lambda by=by: self._choice._take(by), checked=by is self._choice.value())  # type: ignore[misc]
        return menu
