"""The sheet that shows what the server refused, each with its reason, and lets the desk decide."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop import theme
from desktop.store.store import Store
from desktop.sync.attention import RefusedChange, let_go, refused_changes, try_again
from desktop.widgets import Button, Card, Kind, Label, Paragraph, Sheet


class AttentionSheet(Sheet):
    """Open it with `open_sheet`; it closes by itself once nothing is left to decide."""

    def __init__(self, host: QWidget, store: Store) -> None:
        super().__init__(host, "Changes that need you", width=620)
        self._store = store
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.current().px(12))
        margin = theme.current().px(20)
        self._list.setContentsMargins(margin, margin, margin, margin)
        inner = QWidget()
        inner.setLayout(self._list)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inner)
        area.setMinimumHeight(theme.current().px(280))
        self.body.addWidget(area)
        self.footer.addWidget(Label("The server kept its own values; yours are kept here.", "small", "text2"))
        self.footer.addStretch(1)
        self.footer.addWidget(Button("Close", on_click=self.dismiss))
        self._fill()

    def _fill(self) -> None:
        while (item := self._list.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        changes = refused_changes(self._store)
        for change in changes:
            self._list.addWidget(self._card(change))
        self._list.addStretch(1)
        if not changes and self.isVisible():
            self.dismiss()

    def _card(self, change: RefusedChange) -> Card:
        card = Card(change.what)
        column = QVBoxLayout()
        margin = theme.current().px(16)
        column.setContentsMargins(margin, theme.current().px(8), margin, margin)
        column.setSpacing(theme.current().px(8))
        column.addWidget(Paragraph(change.reason, "body", "danger"))
        if change.entered:
            column.addWidget(Paragraph(f"You entered {change.entered}", "body", "text2", max_lines=4))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(Button("Let it go", Kind.QUIET, on_click=self._decide(let_go, change)))
        buttons.addWidget(Button("Try again", on_click=self._decide(try_again, change)))
        column.addLayout(buttons)
        card.body.addLayout(column)
        return card

    def _decide(self, decision: Callable[[Store, RefusedChange], None], change: RefusedChange) -> Callable[[], None]:
        def decide() -> None:
            decision(self._store, change)
            self._fill()

        return decide
