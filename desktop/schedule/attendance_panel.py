"""How a session went, beside its fields: the steps of its life, who came, and the tutor's report (product §4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from sqlalchemy.orm import Session

from desktop import theme
from desktop.schedule.schedule_sheet import day_words
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets import (
    Button,
    CheckBox,
    Field,
    FlowLayout,
    Kind,
    Label,
    Line,
    Note,
    Paragraph,
    Segmented,
    Tag,
    TextArea,
    Tone,
)
from shared_models.schedule.errors import ScheduleError
from shared_models.schedule.explained import clock, entry_words, names_of
from shared_models.schedule.lifecycle import TRANSITIONS, LifeFacts, Step, proposal_for, steps_from
from shared_models.schedule.models import Attendance, Attendee, EntryStatus, ScheduleEntry
from shared_models.schedule.operations import entry_of, links_of, set_attendance, set_status, write_report
from shared_models.schedule.rescheduling import origin_of

_ATTENDANCE = (
    ("", "–"),
    (Attendance.PRESENT.value, "Present"),
    (Attendance.LATE.value, "Late"),
    (Attendance.ABSENT.value, "Absent"),
    (Attendance.EXCUSED.value, "Excused"),
)
_STATUS = {
    EntryStatus.PENDING_PAYMENT: ("Waiting for payment", Tone.WARN),
    EntryStatus.SCHEDULED: ("Scheduled", Tone.NEUTRAL),
    EntryStatus.IN_PROGRESS: ("In progress", Tone.ACCENT),
    EntryStatus.COMPLETED: ("Took place", Tone.OK),
    EntryStatus.CANCELLED: ("Cancelled", Tone.NEUTRAL),
    EntryStatus.NO_SHOW: ("No-show", Tone.WARN),
}
_STEPS: dict[Step, tuple[str, str, str]] = {
    Step.BEGIN: ("Start", "clock", "Started"),
    Step.COMPLETE: ("It took place", "check", "Completed"),
    Step.MISS: ("No-show", "user-x", "Noted as a no-show:"),
    Step.CONFIRM: ("It is paid", "coins", "Noted as paid:"),
    Step.AWAIT_PAYMENT: ("Waits for payment", "hourglass", "Waiting for the payment of"),
    Step.REOPEN: ("Back to scheduled", "rotate-ccw", "Scheduled again:"),
}
"""Words on the button, its icon, and what is said once it is done. Cancelling and bringing back stand elsewhere."""


class AttendancePanel(QWidget):
    """Signals: `said` (words for what was done and can be undone, or why it could not be, and which of the two)."""

    said = Signal(str, bool)

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._clock = store, clock
        self._entry_id = ""
        self._title = ""
        self._links: list[str] = []
        self.steps: dict[Step, Button] = {}
        self.choices: dict[str, Segmented] = {}
        self._report_before: tuple[str, str, str, bool] = ("", "", "", False)
        px = theme.current().px
        column = QVBoxLayout(self)
        column.setContentsMargins(px(16), px(12), px(16), px(16))
        column.setSpacing(px(12))
        self._top = QVBoxLayout()
        self._top.setSpacing(px(10))
        column.addLayout(self._top)
        self._report = self._build_report()
        column.addWidget(self._report)
        column.addStretch(1)
        self.setAccessibleName("How it went")

    def show_entry(self, entry_id: str) -> None:
        """Show an entry. Raises NoSuchEntry."""
        self._keep_report()
        self._entry_id = entry_id
        organization_id = self._store.organization_id
        with self._store.read() as session:
            entry = entry_of(session, organization_id, entry_id)
            words = entry_words(session, organization_id, [entry_id]).get(entry_id)
            attendees = links_of(session, organization_id, Attendee, [entry_id])
            noted = {attendee.student_id: attendee.attendance for attendee in attendees}
            names = names_of(session, organization_id, list(noted))
            origin_id = origin_of(session, organization_id, entry_id)
            linked = entry_words(
                session, organization_id, [one for one in (entry.rescheduled_to_id, origin_id) if one is not None]
            )
        self._links = [
            f"{lead} {day_words(linked[one].starts.date())}, {clock(linked[one].starts, with_half=True)}."
            for lead, one in (("Rescheduled to", entry.rescheduled_to_id), ("Takes the place of", origin_id))
            if one is not None and one in linked
        ]
        self._title = ", ".join(part for part in (words.title, words.who) if part) if words is not None else "entry"
        has_begun = entry.starts_at <= self._clock()
        is_gone = entry.status is EntryStatus.CANCELLED or entry.archived_at is not None
        self._show_life(entry, noted, has_begun, is_gone)
        self._show_attendance(noted if has_begun and not is_gone else {}, names)
        self._show_report(entry, is_shown=has_begun and not is_gone)

    def leave(self) -> None:
        """The form closes: a report that was typed is kept."""
        self._keep_report()
        self._entry_id = ""

    # what is shown

    def _show_life(
        self, entry: ScheduleEntry, noted: dict[str, Attendance | None], has_begun: bool, is_gone: bool
    ) -> None:
        _clear(self._top)
        self.steps, self.choices = {}, {}
        px = theme.current().px
        words, tone = _STATUS[entry.status] if entry.archived_at is None else ("Archived", Tone.NEUTRAL)
        row = QHBoxLayout()
        row.addWidget(Tag(words, tone))
        row.addStretch(1)
        self._top.addLayout(row)
        if entry.status is EntryStatus.CANCELLED and entry.cancel_reason:
            self._top.addWidget(Paragraph(entry.cancel_reason, tone="text2"))
        for sentence in self._links:
            self._top.addWidget(Paragraph(sentence))
        if is_gone:
            return
        facts = LifeFacts(entry.id, entry.status, entry.starts_at, entry.ends_at, tuple(noted.values()))
        proposal = proposal_for(facts, self._clock())
        if proposal is not None and proposal.step in _STEPS:
            button = Button(_STEPS[proposal.step][0], small=True, on_click=lambda: self.take(proposal.step))
            self._top.addWidget(Note(proposal.reason, "", Tone.WARN, "clock", button))
        box = QWidget()
        flow = FlowLayout(box, px(6))
        for step in steps_from(entry.status, has_begun):
            if step in _STEPS and step is not Step.AWAIT_PAYMENT:
                label, icon, _ = _STEPS[step]
                button = Button(label, icon=icon, small=True)
                button.clicked.connect(lambda _=False, step=step: self.take(step))
                self.steps[step] = button
                flow.addWidget(button)
        self._top.addWidget(box)
        if not has_begun:
            self._top.addWidget(Paragraph("Attendance and the report open at its start.", "small", "text2"))

    def _show_attendance(self, noted: dict[str, Attendance | None], names: dict[str, str]) -> None:
        if not noted:
            return
        self._top.addWidget(Line())
        head = QHBoxLayout()
        head.addWidget(Label("Attendance", "body_strong"))
        head.addStretch(1)
        if len(noted) > 1 and not all(noted.values()):
            head.addWidget(Button("All present", Kind.LINK, small=True, on_click=self.all_present))
        self._top.addLayout(head)
        for student_id in sorted(noted, key=lambda key: names.get(key, "")):
            attendance, name = noted[student_id], names.get(student_id, "")
            value = attendance.value if attendance is not None else ""
            choice = Segmented(_ATTENDANCE, value, small=True, name=f"Attendance of {name}", stretch=True)
            choice.changed.connect(lambda key, student_id=student_id, name=name: self._note(student_id, name, key))
            self.choices[student_id] = choice
            self._top.addWidget(Field(name, choice))

    def _build_report(self) -> QWidget:
        px = theme.current().px
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(px(10))
        column.addWidget(Line())
        column.addWidget(Label("Tutor’s report", "body_strong"))
        self.done_text = TextArea("", "What was done", rows=3)
        self.homework = TextArea("", "Homework", rows=2)
        self.next_steps = TextArea("", "Next steps", rows=2)
        column.addWidget(Field("Done", self.done_text))
        column.addWidget(Field("Homework", self.homework, optional=True))
        column.addWidget(Field("Next steps", self.next_steps, optional=True))
        self.shared = CheckBox("Share with parents")
        row = QHBoxLayout()
        row.addWidget(self.shared)
        row.addStretch(1)
        self.save_button = Button("Save the report", small=True, on_click=self.save_report)
        row.addWidget(self.save_button)
        column.addLayout(row)
        return box

    def _show_report(self, entry: ScheduleEntry, *, is_shown: bool) -> None:
        self._report.setVisible(is_shown)
        self.done_text.setText(entry.report_done)
        self.homework.setText(entry.report_homework)
        self.next_steps.setText(entry.report_next_steps)
        self.shared.setChecked(entry.report_is_shared)
        self._report_before = self._report_now()

    def _report_now(self) -> tuple[str, str, str, bool]:
        texts = (field.text().strip() for field in (self.done_text, self.homework, self.next_steps))
        done, homework, next_steps = texts
        return done, homework, next_steps, self.shared.isChecked()

    # what can be done

    def take(self, step: Step) -> None:
        """Take a step of the session's life."""
        target = TRANSITIONS[step].target
        self._do(
            f"{_STEPS[step][2]} {self._title}",
            lambda session: set_status(
                session, self._store.organization_id, self._entry_id, target, now=self._clock()
            ),
        )

    def all_present(self) -> None:
        """Note everyone for whom nothing is noted as present."""
        missing = [key for key, choice in self.choices.items() if not choice.value()]

        def work(session: Session) -> None:
            for student_id in missing:
                self._set(session, student_id, Attendance.PRESENT)

        self._do(f"Everyone present, {self._title}", work)

    def _note(self, student_id: str, name: str, key: str) -> None:
        attendance = Attendance(key) if key else None
        self._do(f"Attendance of {name}", lambda session: self._set(session, student_id, attendance))

    def _set(self, session: Session, student_id: str, attendance: Attendance | None) -> None:
        set_attendance(
            session, self._store.organization_id, self._entry_id, student_id, attendance, now=self._clock()
        )

    def save_report(self) -> None:
        """Write the report; parents see it only when it is shared."""
        done, homework, next_steps, is_shared = self._report_now()
        self._report_before = (done, homework, next_steps, is_shared)
        self._do(
            f"Report on {self._title}",
            lambda session: write_report(
                session, self._store.organization_id, self._entry_id,
                done=done, homework=homework, next_steps=next_steps, is_shared=is_shared,
            ),
        )  # fmt: skip

    def _keep_report(self) -> None:
        if self._entry_id and self._report_now() != self._report_before:
            self.save_report()

    def _do(self, said: str, work: Callable[[Session], None]) -> None:
        typed = self._report_now() if self._report_now() != self._report_before else None
        try:
            with self._store.write(said) as session:
                work(session)
        except (ScheduleError, StoreError) as error:
            self.said.emit(str(error), False)
            return
        self.said.emit(said, True)
        entry_id, self._entry_id = self._entry_id, ""
        self.show_entry(entry_id)
        if typed is not None:
            for field, text in zip((self.done_text, self.homework, self.next_steps), typed[:3], strict=True):
                field.setText(str(text))
            self.shared.setChecked(typed[3])


def _clear(layout: QVBoxLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        if item is None:
            continue
        inner, widget = item.layout(), item.widget()
        if isinstance(inner, QHBoxLayout):
            _clear_row(inner)
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _clear_row(row: QHBoxLayout) -> None:
    while row.count():
        item = row.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
