"""The card of a family's coming and past sessions."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.people.family_cards import clear
from desktop.people.family_rows import SessionRow, Sessions
from desktop.widgets.choices import Segmented
from desktop.widgets.labels import Note, Tone
from desktop.widgets.panels import Card, EmptyState, Line
from desktop.widgets.parsing import format_time_range
from desktop.widgets.status import TextLink
from desktop.widgets.table import Cell, Column, RowModel, TableView
from shared_models.schedule.models import Attendance, EntryStatus


class SessionsCard(Card):
    """Coming or past sessions. `openRequested` carries an entry, `changed` asks for other rows."""

    openRequested = Signal(str)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Coming sessions", parent=parent)
        self.period = Segmented([("coming", "Coming"), ("past", "Past")], small=True, name="Which sessions")
        self.period.changed.connect(self._switch)
        self.head.addWidget(self.period)
        self.shows_all = False
        self._today = date.min
        self._marked: dict[str, str] = {}
        self.note_place = QVBoxLayout()
        t = theme.current()
        self.note_place.setContentsMargins(t.px(12), 0, t.px(12), 0)
        self.body.addLayout(self.note_place)
        self.model: RowModel[SessionRow] = RowModel(self._columns())
        self.table = TableView(self.model, name="Sessions")
        self.table.horizontalHeader().hide()
        self.table.opened.connect(self._open)
        self.body.addWidget(Line())
        self.body.addWidget(self.table)
        self.empty = EmptyState("calendar-days", "", "")
        self.body.addWidget(self.empty)
        self.all_link = TextLink("", "body_medium")
        self.all_link.clicked.connect(self._show_all)
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(t.px(16), t.px(8), t.px(16), t.px(8))
        foot.addWidget(self.all_link)
        foot.addStretch(1)
        self.body.addWidget(self._foot)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def shows_past(self) -> bool:
        """Whether past sessions are wanted."""
        return self.period.value() == "past"

    def show_sessions(self, sessions: Sessions, today: date, *, marked: dict[str, str], note: Note | None) -> None:
        """Show sessions; ``marked`` entries carry the color of their conflict, ``note`` says what the first is."""
        self._today, self._marked = today, marked
        self.title.setText("Past sessions" if self.shows_past else "Coming sessions")
        clear(self.note_place)
        if note is not None:
            self.note_place.addWidget(note)
            self.note_place.addSpacing(theme.current().px(10))
        self.model.set_rows(sessions.rows)
        self.table.setVisible(bool(sessions.rows))
        self.table.fit_height()
        self.empty.setVisible(not sessions.rows)
        which = "past" if self.shows_past else "coming"
        self.empty.set_words(f"No {which} sessions", "Press Schedule beside a student to book one.")
        more = sessions.total > len(sessions.rows)
        self._foot.setVisible(more)
        if more and sessions.last_day is not None:
            bound = "since" if self.shows_past else "until"
            self.all_link.set_words(f"All {sessions.total:,} sessions {bound} {sessions.last_day:%B %Y}")

    def _columns(self) -> list[Column[SessionRow]]:
        return [
            Column("Day", self._day, 114),
            Column(
                "Time", lambda row: Cell(format_time_range(row.starts.time(), row.ends.time()), tone="text2"), 108
            ),
            Column("What", lambda row: Cell(row.student, second=row.title, strong=True), 146),
            Column("Tutor", lambda row: Cell(row.tutor, tone="text2")),
            Column("Room", self._place, 98),
        ]

    def _day(self, row: SessionRow) -> Cell:
        day = row.starts.date()
        if day == self._today:
            return Cell("Today", strong=True, family=row.kind)
        year = f", {day.year}" if day.year != self._today.year and self.shows_past else ""
        return Cell(f"{day:%a %b} {day.day}{year}", family=row.kind)

    def _place(self, row: SessionRow) -> Cell:
        if row.status is EntryStatus.CANCELLED:
            return Cell("Cancelled", tag=Tone.NEUTRAL)
        if row.status is EntryStatus.NO_SHOW or row.attendance is Attendance.ABSENT:
            return Cell("No-show", tag=Tone.WARN)
        if row.attendance is Attendance.EXCUSED:
            return Cell("Excused", tag=Tone.NEUTRAL)
        tone = self._marked.get(row.entry_id)
        if tone is not None:
            return Cell(row.place, tone="text2", icon="circle-alert", icon_tone=tone)
        return Cell(row.place, tone="text2")

    def _switch(self, _key: str) -> None:
        self.shows_all = False
        self.changed.emit()

    def _show_all(self) -> None:
        self.shows_all = True
        self.changed.emit()

    def _open(self, at: int) -> None:
        row = self.model.row(at)
        if isinstance(row, SessionRow):
            self.openRequested.emit(row.entry_id)
