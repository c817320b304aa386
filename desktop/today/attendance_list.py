"""Attendance to take: one row per student of the lessons that run, with Present, Late and Absent at hand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.today.today_rows import AttendanceRow
from desktop.widgets import Button, Card, Glyph, Kind, Label, Segmented, Tag, Tone, painting
from desktop.widgets.panels import Line
from desktop.widgets.parsing import format_time
from shared_models.schedule.models import Attendance
from shared_models.schedule.times import time_of

_CHOICES = (
    (Attendance.PRESENT.value, "Present"),
    (Attendance.LATE.value, "Late"),
    (Attendance.ABSENT.value, "Absent"),
)
_WORDS = {
    Attendance.PRESENT: ("check", "ok", "Present"),
    Attendance.LATE: ("clock", "warn", "Late"),
    Attendance.ABSENT: ("user-x", "danger", "Absent"),
    Attendance.EXCUSED: ("user-x", "text2", "Excused"),
}
MOST_ROWS = 40


class FamilyMark(QWidget):
    """The upright mark of a family of services."""

    def __init__(self, family: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._family = family
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(6), theme.current().px(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.painter_for(self)
        painting.draw_family_mark(painter, 0, self.height() / 2, self._family, self.height())
        painter.end()


class _NameLine(QWidget):
    """The student's name, strong, and what the lesson is."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._title = name, title
        self.setAccessibleName(f"{name}, {title}")
        self.setToolTip(f"{name}, {title}")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(190), theme.current().px(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        room = QRectF(self.rect())
        used = painting.text(painter, room, self._name, "body_strong", t.color.text)
        room.setLeft(used + t.px(5))
        if room.width() > t.px(20):
            painting.text(painter, room, self._title, "body", t.color.text2)
        painter.end()


class AttendanceList(Card):
    """The card. `marked` carries (entry id, student id, value of Attendance), `allPresent` asks for the rest."""

    marked = Signal(str, str, str)
    allPresent = Signal()
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Attendance", parent=parent)
        self._count = Label("", "lead", "text2")
        self.head.insertWidget(1, self._count)
        self._all = Button("All present", small=True, on_click=self.allPresent.emit)
        self.head.addWidget(self._all)
        self.body.addWidget(Line())
        self._rows_box = QWidget()
        self._rows = QVBoxLayout(self._rows_box)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self.body.addWidget(self._rows_box)
        self._shown: tuple[AttendanceRow, ...] | None = None
        self._changing: set[tuple[str, str]] = set()

    def set_rows(self, rows: Sequence[AttendanceRow]) -> None:
        """Show these students; rows that did not change are left as they are."""
        if self._shown == tuple(rows):
            return
        self._shown = tuple(rows)
        self._changing &= {(row.entry_id, row.student_id) for row in rows}
        self._rebuild()

    def _rebuild(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        rows = self._shown or ()
        missing = sum(row.attendance is None for row in rows)
        self._count.setText(f"{missing} to take" if missing else "all taken" if rows else "")
        self._all.setVisible(missing > 0)
        if not rows:
            note = Label("No lesson has begun yet.", "body", "text2")
            note.setContentsMargins(theme.current().px(16), theme.current().px(10), 0, theme.current().px(12))
            self._rows.addWidget(note)
        for number, row in enumerate(rows[:MOST_ROWS]):
            if number:
                self._rows.addWidget(Line())
            self._rows.addWidget(self._line(row))
        if len(rows) > MOST_ROWS:
            self._rows.addWidget(Line())
            more = Label(f"{len(rows) - MOST_ROWS} more students in the calendar", "body", "text2")
            more.setContentsMargins(theme.current().px(16), theme.current().px(8), 0, theme.current().px(8))
            self._rows.addWidget(more)

    def _line(self, row: AttendanceRow) -> QWidget:
        t = theme.current()
        line = QWidget()
        line.setFixedHeight(t.size.row)
        layout = QHBoxLayout(line)
        layout.setContentsMargins(t.px(16), 0, t.px(12), 0)
        layout.setSpacing(t.px(10))
        layout.addWidget(FamilyMark(row.family.value))
        begins = Label(format_time(time_of(row.starts))[:-3], tabular=True)
        begins.setFixedWidth(t.px(36))
        layout.addWidget(begins)
        layout.addWidget(_NameLine(row.student, row.title), 22)
        layout.addWidget(Label(row.where, "body", "text2", elide=True), 14)
        layout.addWidget(Label(row.tutor, "body", "text2", elide=True), 14)
        end = QHBoxLayout()
        end.setSpacing(t.px(8))
        end.addStretch(1)
        for widget in self._mark_widgets(row):
            end.addWidget(widget)
        box = QWidget()
        box.setLayout(end)
        end.setContentsMargins(0, 0, 0, 0)
        box.setFixedWidth(t.px(300))
        layout.addWidget(box)
        return line

    def _mark_widgets(self, row: AttendanceRow) -> list[QWidget]:
        key = (row.entry_id, row.student_id)
        if row.attendance is not None and key not in self._changing:
            icon, tone, words = _WORDS[row.attendance]
            if row.since is not None and row.attendance is Attendance.PRESENT:
                words += f" since {format_time(row.since)[:-3]}"
            change = Button("Change", Kind.QUIET, small=True, on_click=lambda: self._change(key))
            change.setAccessibleName(f"Change the mark of {row.student}")
            return [Glyph(icon, tone, 16), Label(words, "body", tone), change]
        choice = Segmented(_CHOICES, row.attendance.value if row.attendance else "", small=True,
                           name=f"Attendance of {row.student}")  # fmt: skip
        choice.changed.connect(lambda value: self._mark(key, value))
        widgets: list[QWidget] = [Tag("not here yet", Tone.WARN, "clock")] if row.is_late else []
        return [*widgets, choice]

    def _change(self, key: tuple[str, str]) -> None:
        self._changing.add(key)
        self._rebuild()

    def _mark(self, key: tuple[str, str], value: str) -> None:
        self._changing.discard(key)
        self.marked.emit(*key, value)
