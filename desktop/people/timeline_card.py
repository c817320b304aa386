"""The card that tells what happened with a family, by days; and, under Changes, who changed what."""

from __future__ import annotations

from datetime import date, datetime
from itertools import groupby

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop import theme
from desktop.history.panel import HistoryPanel
from desktop.history.people_chapters import family_chapter
from desktop.people.family_cards import LOOKING_IS_RECORDED, clear
from desktop.people.timeline import Moment, MomentKind
from desktop.store.store import Store
from desktop.widgets import painting
from desktop.widgets.choices import Segmented
from desktop.widgets.labels import Label, Paragraph
from desktop.widgets.panels import Card, EmptyState, Line
from desktop.widgets.parsing import format_long_date

_CHANGES = MomentKind.CHANGE.value


class TimelineCard(Card):
    """What happened, by days, newest first; "Changes" asks the server who changed what, and what that replaced."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__("Timeline", parent=parent)
        self.history = HistoryPanel(store, family_chapter, margin=0, top=8)
        self.history.hide()
        self._family_id = ""
        t = theme.current()
        kinds = [("all", "All"), ("talk", "Talks"), ("session", "Sessions"), ("change", "Changes")]
        self.kind = Segmented(kinds, small=True, name="What to show")
        self.kind.changed.connect(lambda _key: self._show())
        self.head.addWidget(self.kind)
        self._moments: list[Moment] = []
        self._now: datetime | None = None
        self.body.addWidget(Line())
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(t.px(16), t.px(2), t.px(16), t.px(12))
        column.setSpacing(0)
        column.addWidget(self.history)
        self._health = Paragraph(f"Changed health notes show here too. {LOOKING_IS_RECORDED}", "small", "text3")
        self._health.hide()
        self._health.setContentsMargins(0, t.px(8), 0, 0)
        column.addWidget(self._health)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        column.addLayout(self._list, 1)
        self._scroll.setWidget(inside)
        inside.setAutoFillBackground(False)
        self.body.addWidget(self._scroll, 1)

    @property
    def moments(self) -> list[Moment]:
        """Everything that happened, whatever is shown of it."""
        return list(self._moments)

    def show_moments(self, moments: list[Moment], now: datetime, family_id: str) -> None:
        """Show these; ``now`` is local."""
        self._family_id = family_id
        if self.kind.value() == _CHANGES:
            self.history.show_record(family_id)
        if moments == self._moments and self._now is not None and self._now.date() == now.date():
            return
        self._moments, self._now = moments, now
        self._show()

    def _show(self) -> None:
        t = theme.current()
        clear(self._list)
        wanted = self.kind.value()
        is_history = wanted == _CHANGES
        self.history.setVisible(is_history)
        self._health.setVisible(is_history)
        if is_history and self._family_id:
            self.history.show_record(self._family_id)
        kinds = {MomentKind.LOOK} if is_history else {MomentKind(wanted)} if wanted != "all" else set(MomentKind)
        shown = [moment for moment in self._moments if moment.kind in kinds]
        if not shown:
            if not is_history:
                text = "Talks, sessions and changes show here as they happen."
                self._list.addWidget(EmptyState("history", "Nothing yet", text))
            self._list.addStretch(1)
            return
        for day, moments in groupby(shown, key=lambda moment: moment.at.date()):
            self._list.addSpacing(t.px(10))
            self._list.addWidget(Label(self._day_words(day), "small_strong", "text2"))
            for moment in moments:
                self._list.addWidget(_MomentLine(moment))
        self._list.addStretch(1)

    def _day_words(self, day: date) -> str:
        today = self._now.date() if self._now is not None else day
        if day == today:
            return "Today"
        return format_long_date(day, weekday=day.year == today.year, year=day.year != today.year)


class _MomentLine(QWidget):
    """An icon in a circle, what happened, and when."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        t = theme.current()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, t.px(6), 0, t.px(6))
        row.setSpacing(t.px(10))
        row.addWidget(_RoundGlyph(moment.icon), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(Paragraph(moment.title, "body_medium"))
        if moment.detail:
            column.addWidget(Paragraph(moment.detail, "small", "text2", max_lines=4))
        row.addLayout(column, 1)
        if moment.clock:
            when = Label(moment.clock, "micro", "text3", tabular=True)
            row.addWidget(when, 0, Qt.AlignmentFlag.AlignTop)


class _RoundGlyph(QWidget):
    def __init__(self, icon: str) -> None:
        super().__init__()
        self._icon = icon
        side = theme.current().px(26)
        self.setFixedSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painting.box(painter, QRectF(self.rect()), self.width() / 2, t.color.sunken)
        side = t.px(14)
        at = (self.width() - side) / 2
        theme.draw_icon(painter, self._icon, at, at, side, t.color.text2)
        painter.end()
