"""The history of a record below what a panel shows of it: a line with a link, that unfolds and only then asks the
server."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop import theme
from desktop.history.chapter import Read
from desktop.history.panel import ASKED, HistoryPanel
from desktop.store.store import Store
from desktop.widgets.labels import Label
from desktop.widgets.status import TextLink

_SHOW, _HIDE = "Show", "Hide"
_A_MOMENT_MS = 30


class FoldedHistory(QWidget):
    """`show_record` says whose it is; another record's begins folded."""

    def __init__(self, store: Store, read: Read, *, style: str = "section", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._record_id = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.current().px(10))
        row = QHBoxLayout()
        row.addWidget(Label("Who changed what", style))
        row.addStretch(1)
        self.link = TextLink(_SHOW, "body_medium")
        self.link.setAccessibleName("Show who changed what")
        self.link.clicked.connect(self.toggle)
        row.addWidget(self.link)
        column.addLayout(row)
        self.panel = HistoryPanel(store, read, margin=0)
        self.panel.hide()
        self.panel.linesShown.connect(self._come_into_view_soon)
        column.addWidget(self.panel)
        self._was_unfolded = False

    def show_record(self, record_id: str) -> None:
        """Show this record's, if it is unfolded."""
        if record_id != self._record_id:
            self._record_id = record_id
            self._fold()
        elif not self.panel.isHidden():
            self.panel.show_record(record_id)

    def toggle(self) -> None:
        """Unfold it, or fold it again."""
        if self.panel.isHidden() and self._record_id:
            self.panel.show_record(self._record_id)
            self.panel.show()
            self._was_unfolded = True
            self._come_into_view_soon()
            self.link.set_words(_HIDE)
            self.link.setAccessibleName("Hide who changed what")
        else:
            self._fold()

    def _come_into_view_soon(self) -> None:
        """Once the lines have their places; only after it was unfolded, until the server has answered."""
        if self._was_unfolded:
            QTimer.singleShot(_A_MOMENT_MS, self, self._come_into_view)
            self._was_unfolded = self.panel.note == ASKED

    def _come_into_view(self) -> None:
        """What unfolds lies below what is on screen as a rule."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        inside = above.widget() if above is not None else None
        if above is not None and inside is not None:
            top = self.mapTo(inside, QPoint(0, 0)).y()
            above.verticalScrollBar().setValue(top - theme.current().px(12))

    def _fold(self) -> None:
        self.panel.hide()
        self._was_unfolded = False
        self.link.set_words(_SHOW)
        self.link.setAccessibleName("Show who changed what")
