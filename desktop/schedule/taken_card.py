"""The card of an entry at a location of others: that its tutor is taken, when and where, and who can change it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop import theme
from desktop.widgets import Button, Label, Paragraph, Sheet

_WIDTH = 420


class TakenCard(Sheet):
    """Shows what is known and changes nothing. ``words`` begin with the title, ``why`` says who can do more."""

    def __init__(self, host: QWidget, words: Sequence[str], why: str) -> None:
        super().__init__(host, words[0], _WIDTH)
        px = theme.current().px
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(px(20), px(16), px(20), px(18))
        column.setSpacing(px(6))
        for number, line in enumerate(words[1:]):
            column.addWidget(Label(line, "body" if number else "body_strong", elide=True, tabular=not number))
        column.addSpacing(px(6))
        column.addWidget(Paragraph(why, "small", "text2"))
        self.body.addWidget(holder, 1)
        self.footer.addStretch(1)
        self.close_button = Button("Close", keycap="Esc", on_click=self.dismiss)
        self.footer.addWidget(self.close_button)
        self.setAccessibleName(", ".join(words))
        self.closed.connect(self.deleteLater)
