"""A card of things that wait: an icon, a strong line, an explanation, and the one button that deals with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.today.today_rows import Need
from desktop.widgets import Button, Card, Glyph, Kind, Paragraph
from desktop.widgets.panels import Line


class NeedList(Card):
    """`taken` carries the number of the need whose button was pressed."""

    taken = Signal(int)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent=parent)
        self._rows_box = QWidget()
        self._rows = QVBoxLayout(self._rows_box)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self.body.addWidget(self._rows_box)
        self._shown: tuple[Need, ...] | None = None
        self.empty_words = ""

    def needs(self) -> tuple[Need, ...]:
        """What is shown."""
        return self._shown or ()

    def set_needs(self, needs: Sequence[Need]) -> None:
        """Show these; the card hides while there are none and it has no words for that."""
        if self._shown == tuple(needs):
            return
        self._shown = tuple(needs)
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.setVisible(bool(needs) or bool(self.empty_words))
        for number, need in enumerate(needs):
            self._rows.addWidget(Line())
            self._rows.addWidget(self._line(number, need))
        if not needs and self.empty_words:
            self._rows.addWidget(Line())
            self._rows.addWidget(self._line(-1, Need("circle-check", "ok", self.empty_words, "")))

    def _line(self, number: int, need: Need) -> QWidget:
        t = theme.current()
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(t.px(15), t.px(11), t.px(14), t.px(11))
        row.setSpacing(t.px(11))
        row.addWidget(Glyph(need.icon, need.tone), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Paragraph(f"**{need.title}**"))
        if need.text:
            words.addWidget(Paragraph(need.text, "small", "text2"))
        row.addLayout(words, 1)
        if need.button:
            kind = Kind.PRIMARY if need.is_first else Kind.SECONDARY
            button = Button(need.button, kind, small=True, on_click=lambda: self.taken.emit(number))
            button.setAccessibleName(f"{need.button}: {need.title}")
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return line
