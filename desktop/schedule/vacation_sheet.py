"""The sheet for a vacation: a tutor, a student or several of a family are away, and what becomes of each of their
sessions is shown, chosen and then done in one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from desktop import theme
from desktop.schedule.directory import Directory
from desktop.schedule.schedule_sheet import (
    ChoiceButton,
    PreviewList,
    ScheduleSheet,
    WhyAndWhom,
    day_words,
    form_column,
    pair,
    sessions_words,
)
from desktop.store.store import Store
from desktop.widgets import CheckBox, ComboBox, DateInput, EmptyState, Field, Label, Line, Option, Segmented
from shared_models.people.models import Student
from shared_models.schedule.explained import clock_range
from shared_models.schedule.models import ScheduleEntry
from shared_models.schedule.times import wall_clock_of
from shared_models.schedule.vacations import (
    Absence,
    VacationChoice,
    VacationPlan,
    VacationStep,
    apply_vacation,
    plan_vacation,
)

_WIDTH = 940
_FORM_WIDTH = 340
_TUTOR, _STUDENT = "tutor:", "student:"
_FOR_ALL = (
    (VacationChoice.CANCEL.value, "Cancel"),
    (VacationChoice.MOVE.value, "Move"),
    (VacationChoice.REASSIGN.value, "Reassign"),
)
_CHOICES = {
    VacationChoice.CANCEL: "Cancel",
    VacationChoice.MOVE: "Move",
    VacationChoice.REASSIGN: "Other tutor",
    VacationChoice.EXCUSE: "Excuse",
    VacationChoice.LEAVE: "Leave as it is",
}
_REASONS = ("Vacation", "Sick", "Family trip", "Holiday", "Exams")


class VacationSheet(ScheduleSheet):
    """Who is away, from when to when; at the right every session with what becomes of it."""

    def __init__(
        self, host: QWidget, store: Store, clock: Callable[[], datetime], directory: Directory,
        *, tutor_id: str | None = None, student_id: str | None = None, with_family: bool = False,
        first_day: date | None = None,
    ) -> None:  # fmt: skip
        """``with_family``: brothers and sisters of the student are away too, to begin with."""
        super().__init__(host, store, clock, "Vacation", "Do it", _WIDTH, "Not now")
        self._directory = directory
        self._plan: VacationPlan | None = None
        self._left_out = 0
        px = theme.current().px
        today = clock().astimezone(directory.zone).date()
        first = first_day or today + timedelta(days=7 - today.weekday())
        column = form_column(self, _FORM_WIDTH)
        chosen = f"{_TUTOR}{tutor_id}" if tutor_id else f"{_STUDENT}{student_id}" if student_id else ""
        self.who = ComboBox(self._people(), chosen, placeholder="A tutor or a student", name="Who is away")
        self.who.valueChanged.connect(lambda _: self._who_changed())
        column.addWidget(Field("Who is away", self.who))
        self.family = FamilyBox()
        self.family.changed.connect(self.look_soon)
        column.addWidget(self.family)
        self.first = DateInput(today, first, weekday=False, name="First day")
        self.last = DateInput(today, first + timedelta(days=4), weekday=False, name="Last day")
        for field in (self.first, self.last):
            field.valueChanged.connect(self.look_soon)
        column.addLayout(pair(Field("First day", self.first), Field("Last day", self.last)))
        self.for_all = Segmented(_FOR_ALL, name="What becomes of the sessions", stretch=True)
        self.for_all.changed.connect(lambda _: self.look_soon())
        column.addWidget(Field("The sessions", self.for_all, helper="Each can be chosen differently at the right."))
        self.why = WhyAndWhom(_REASONS)
        self.why.reason.setText("Vacation")
        column.addWidget(self.why)
        column.addStretch(1)
        self.body.addWidget(Line(vertical=True))
        self.list = PreviewList("What becomes of each session")
        self.list.setMinimumHeight(px(420))
        self.body.addWidget(self.list, 1)
        self.rows: list[StepRow] = []
        self._who_changed()
        if with_family:
            self.family.check_all()

    @property
    def plan(self) -> VacationPlan | None:
        """What would be done; None before it is known."""
        return self._plan

    def _people(self) -> list[Option]:
        tutors = [
            Option(f"{_TUTOR}{tutor.id}", tutor.name, "tutor", person=True)
            for tutor in self._directory.tutors.values()
            if not tutor.is_archived
        ]
        own = self._directory.own_places
        with self.store.read() as session:
            students = session.execute(
                select(Student.id, Student.first_name, Student.last_name)
                .where(Student.organization_id == self.store.organization_id, Student.archived_at.is_(None))
                .where(true() if own is None else Student.location_id.in_(own))
                .order_by(Student.first_name, Student.last_name)
            ).all()
        return [
            *tutors,
            *(Option(f"{_STUDENT}{key}", f"{given} {family}".strip(), "student") for key, given, family in students),
        ]

    def _siblings(self, student_id: str) -> list[tuple[str, str]]:
        """The other students of the family."""
        own = self.store.organization_id
        family = select(Student.family_id).where(Student.organization_id == own, Student.id == student_id)
        with self.store.read() as session:
            found = session.execute(
                select(Student.id, Student.first_name, Student.last_name)
                .where(
                    Student.organization_id == own, Student.family_id == family.scalar_subquery(),
                    Student.id != student_id, Student.archived_at.is_(None),
                )
                .order_by(Student.first_name, Student.last_name)
            ).all()  # fmt: skip
        return [(key, f"{given} {last}".strip()) for key, given, last in found]

    def _who_changed(self) -> None:
        is_tutor = self.who.value().startswith(_TUTOR) or not self.who.value()
        self.for_all.set_options(_FOR_ALL if is_tutor else _FOR_ALL[:2])
        self.family.show_students([] if is_tutor else self._siblings(self.who.value().removeprefix(_STUDENT)))
        self.look_soon()

    def _absence(self) -> Absence | None:
        first, last, who = self.first.value(), self.last.value(), self.who.value()
        if first is None or last is None or last < first or not who:
            return None
        if who.startswith(_TUTOR):
            return Absence(first, last, tutor_id=who.removeprefix(_TUTOR))
        return Absence(first, last, student_ids=(who.removeprefix(_STUDENT), *self.family.chosen()))

    def first_field(self) -> QWidget | None:
        return self.who

    def look(self) -> None:
        """Plan it anew; choices for single sessions begin again."""
        absence = self._absence()
        if absence is None:
            self._plan = None
            self._show_rows()
            first, last = self.first.value(), self.last.value()
            if first is not None and last is not None and last < first:
                self.complain("The last day lies before the first.")
            else:
                self.say("Choose who is away, and from when to when.")
                self.do_action.setEnabled(False)
            return
        choice, now = VacationChoice(self.for_all.value()), self.clock()
        self.preview(
            lambda session: self._own_part(
                session, plan_vacation(session, self.store.organization_id, absence, choice, now=now)
            ),
            lambda answer: self._planned(cast("tuple[VacationPlan, int]", answer)),
        )

    def _own_part(self, session: Session, plan: VacationPlan) -> tuple[VacationPlan, int]:
        """The plan without the sessions at locations of others, and how many these are."""
        own = self._directory.own_places
        if own is None:
            return plan, 0
        here = set(
            session.scalars(
                select(ScheduleEntry.id).where(
                    ScheduleEntry.organization_id == self.store.organization_id,
                    ScheduleEntry.id.in_([step.entry_id for step in plan.steps]),
                    ScheduleEntry.location_id.in_(own),
                )
            )
        )
        steps = tuple(step for step in plan.steps if step.entry_id in here)
        return replace(plan, steps=steps), len(plan.steps) - len(steps)

    def _planned(self, answer: tuple[VacationPlan, int]) -> None:
        self._plan, self._left_out = answer
        self._show_rows()
        self._describe()

    def _show_rows(self) -> None:
        column = self.list.clear()
        column.setSpacing(0)
        self.rows = []
        steps = self._plan.steps if self._plan is not None else ()
        if not steps:
            words = ("No sessions then", "Nothing needs to be moved or cancelled.") if self._plan is not None else (
                "Nobody chosen yet", "Their sessions of these days will be listed here.")  # fmt: skip
            column.addWidget(EmptyState("calendar-days", *words))
            self.list.end()
            return
        names = {tutor.id: tutor.name for tutor in self._directory.tutors.values()}
        day = None
        for step in steps:
            if step.words.starts.date() != day:
                day = step.words.starts.date()
                heading = Label(day_words(day), "body_strong")
                heading.setContentsMargins(0, theme.current().px(10), 0, theme.current().px(2))
                column.addWidget(heading)
            row = StepRow(step, self._directory, names, VacationChoice(self.for_all.value()))
            row.chosen.connect(self._choose)
            self.rows.append(row)
            column.addWidget(row)
        self.list.end()

    def _choose(self, entry_id: str, choice: VacationChoice, tutor_id: str) -> None:
        if self._plan is None:
            return
        self._plan = self._plan.choosing(entry_id, choice, tutor_id or None)
        steps = {step.entry_id: step for step in self._plan.steps}
        for row in self.rows:
            if row.step.entry_id == entry_id:
                row.show_step(steps[entry_id])
        self._describe()

    def _describe(self) -> None:
        plan = self._plan
        if plan is None:
            return
        counts = {choice: len(plan.of(choice)) for choice in VacationChoice}
        verbs = (
            (VacationChoice.CANCEL, "cancel"), (VacationChoice.MOVE, "move"),
            (VacationChoice.REASSIGN, "reassign"), (VacationChoice.EXCUSE, "excuse"),
        )  # fmt: skip
        parts = [f"{verb} {counts[choice]}" for choice, verb in verbs if counts[choice]]
        note = "One step, which can be undone."
        if counts[VacationChoice.LEAVE]:
            note = f"{sessions_words(counts[VacationChoice.LEAVE])} stay as they are. {note}"
        if self._left_out:
            note = f"{sessions_words(self._left_out)} at other locations left out. {note}"
        self.say(note)
        is_tutor = plan.absence.tutor_id is not None
        words = " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
        if parts:
            words += " sessions" if sum(counts.values()) - counts[VacationChoice.LEAVE] != 1 else " session"
        self.do_action.setText(
            (words[:1].upper() + words[1:]) or ("Note the time off" if is_tutor else "Nothing to do")
        )
        self.do_action.setEnabled(bool(parts) or is_tutor)

    def do(self) -> None:
        """Do what is chosen for each session, and note a tutor's time off."""
        plan, told = self._plan, self.why.told()
        if plan is None or not self.do_action.isEnabled():
            return
        option = self.who.option()
        names = [option.text if option is not None else "", *self.family.names()]
        name = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        touched = len(plan.steps) - len(plan.of(VacationChoice.LEAVE))
        said = f"Vacation of {name}, {sessions_words(touched)}"

        def work() -> str:
            with self.store.write(said) as session:
                applied = apply_vacation(
                    session, self.store.organization_id, plan,
                    by_user_id=self.store.user_id, now=self.clock(), reason=told.reason, tell=told.tell,
                )  # fmt: skip
            notes = [said]
            if applied.overtaken:
                notes.append(f"{len(applied.overtaken)} had changed meanwhile and were left alone")
            if applied.conflicts:
                notes.append(f"{len(applied.conflicts)} in conflict")
            return ", ".join(notes)

        self.attempt(work)


class FamilyBox(QWidget):
    """Brothers and sisters of a student, to be checked if they are away too; nothing where there are none."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.current().px(6))
        self.boxes: dict[str, CheckBox] = {}
        self.hide()

    def show_students(self, students: Sequence[tuple[str, str]]) -> None:
        """Offer these, by id and name, none of them checked."""
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.boxes = {student_id: CheckBox(f"{name} too", False) for student_id, name in students}
        for box in self.boxes.values():
            box.toggled.connect(lambda _: self.changed.emit())
            self._column.addWidget(box)
        self.setVisible(bool(students))

    def check_all(self) -> None:
        """All of them are away."""
        for box in self.boxes.values():
            box.setChecked(True)

    def chosen(self) -> list[str]:
        """Who is checked, by id."""
        return [student_id for student_id, box in self.boxes.items() if box.isChecked()]

    def names(self) -> list[str]:
        """Who is checked, by name."""
        return [box.text().removesuffix(" too") for box in self.boxes.values() if box.isChecked()]


class StepRow(QWidget):
    """One session: when and what, what becomes of it, and the choice."""

    chosen = Signal(str, object, str)

    def __init__(
        self, step: VacationStep, directory: Directory, names: Mapping[str, str], wanted: VacationChoice
    ) -> None:
        super().__init__()
        px = theme.current().px
        self._directory, self._names, self._wanted = directory, names, wanted
        self.step = step
        row = QHBoxLayout(self)
        row.setContentsMargins(0, px(4), 0, px(4))
        row.setSpacing(px(10))
        when = Label(clock_range(step.words.starts, step.words.ends), "body", "text2", tabular=True)
        when.setFixedWidth(px(112))
        row.addWidget(when)
        words = QVBoxLayout()
        words.setSpacing(0)
        title = ", ".join(part for part in (step.words.title, step.words.who) if part)
        words.addWidget(Label(title, "body", elide=True))
        self.result = Label("", "small", "text2", elide=True)
        words.addWidget(self.result)
        row.addLayout(words, 1)
        tutors = [(key, names.get(key, "")) for key in step.substitutes]
        self.tutor = ChoiceButton(tutors, step.tutor_id or "")
        self.tutor.chosen.connect(lambda key: self.chosen.emit(self.step.entry_id, VacationChoice.REASSIGN, key))
        row.addWidget(self.tutor)
        self.choice = ChoiceButton([(option.value, _CHOICES[option]) for option in step.options], step.choice.value)
        self.choice.chosen.connect(lambda key: self.chosen.emit(self.step.entry_id, VacationChoice(key), ""))
        row.addWidget(self.choice)
        self.show_step(step)

    def show_step(self, step: VacationStep) -> None:
        """Show what becomes of the session now."""
        self.step = step
        self.choice.set_value(step.choice.value)
        is_reassigned = step.choice is VacationChoice.REASSIGN
        self.tutor.setVisible(is_reassigned)
        if is_reassigned:
            self.tutor.set_value(step.tutor_id or "")
        words, tone = self._result()
        self.result.setText(words)
        self.result.set_tone(tone)
        self.setAccessibleName(f"{step.words.title}, {step.words.who}: {_CHOICES[step.choice]} {words}")

    def _result(self) -> tuple[str, str]:
        step = self.step
        if step.choice is VacationChoice.MOVE and step.move_to is not None:
            local = wall_clock_of(step.move_to, self._directory.zone)
            until = local + (step.words.ends - step.words.starts)
            rooms = ", ".join(map(self._directory.room_name, step.room_ids))
            when = f"to {day_words(local.date())}, {clock_range(local, until)}"
            return (f"{when}, {rooms}" if rooms else when), "accent"
        if step.choice is VacationChoice.REASSIGN and step.tutor_id is not None:
            return f"with {self._names.get(step.tutor_id, '')}", "accent"
        if step.choice is VacationChoice.CANCEL:
            return "is cancelled", "text2"
        if step.choice is VacationChoice.EXCUSE:
            return "the group meets, noted as excused", "text2"
        if self._wanted not in step.options:
            why = {
                VacationChoice.MOVE: "stays: no time is free",
                VacationChoice.REASSIGN: "stays: no other tutor who teaches it is free",
            }
            return why.get(self._wanted, "stays as it is"), "warn"
        return "stays as it is", "warn"
