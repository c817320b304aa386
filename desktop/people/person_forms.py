"""The forms for parents and for students, in the panel at the right of the family page. What is typed stays until it
is saved or cancelled, whatever arrives from elsewhere; odd values are kept with a warning (product §2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from desktop import theme
from desktop.leads.wording import GRADES
from desktop.people.family_cards import LOOKING_IS_RECORDED
from desktop.people.family_rows import FamilyFace, PeopleCenter, StudentFace
from desktop.people.phone_input import PhoneInput
from desktop.proposals import Proposal, note_of
from desktop.schedule.entry_words import title_words
from desktop.widgets.buttons import Button, Kind
from desktop.widgets.choices import Segmented
from desktop.widgets.combo import ComboBox, Option
from desktop.widgets.dates import DateInput
from desktop.widgets.fields import Field, TextArea, TextInput
from desktop.widgets.labels import Label
from desktop.widgets.panels import Line, SidePanel, save_and_cancel
from shared_models.people.models import LessonMode, PrimaryContact, Student
from shared_models.people.operations import SubjectWish

_PARENT_FIELDS = (
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("phone", "Phone"),
    ("email", "E-mail"),
    ("address", "Address"),
    ("city", "City"),
    ("state", "State"),
    ("postal_code", "Postal code"),
    ("county", "County"),
)
_UNKNOWN = "unknown"


def wish_options(center: PeopleCenter) -> list[Option]:
    """Subjects and topics as choices, by their short names."""
    return [Option(key, title_words(words)[0], second, find_by=words) for key, words, second in center.wishes]


class PersonForm(SidePanel):
    """A form in the side panel. `accepted` and `cancelled`; Ctrl Enter saves, Escape cancels."""

    accepted = Signal()
    cancelled = Signal()

    def __init__(self, title: str, subtitle: str, save: str, parent: QWidget | None = None) -> None:
        super().__init__(title, width=420, subtitle=subtitle, parent=parent)
        t = theme.current()
        self.fields: dict[str, Field] = {}
        self._first_state: dict[str, object] = {}
        self.proposal: Proposal | None = None
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(16))
        self.column.setSpacing(t.px(12))
        scroll.setWidget(inside)
        inside.setAutoFillBackground(False)
        self._scroll = scroll
        self.body.addWidget(scroll)
        cancel, self.save_button = save_and_cancel(save, self.accepted.emit, self._cancel)
        self.add_footer(cancel, self.save_button)
        self.closed.connect(self.cancelled)

    def values(self) -> dict[str, object]:
        """What the form says, by field of the row."""
        raise NotImplementedError

    def is_changed(self) -> bool:
        """Whether anything was typed that is not saved."""
        return self.proposal is not None or self._state() != self._first_state

    def show_proposal(self, proposal: Proposal) -> None:
        """Say at the top that what stands in the form was refused and is not saved."""
        self.proposal = proposal
        self.column.insertWidget(0, note_of(proposal))

    def begin(self) -> None:
        """What stands in the form now is what it began with."""
        self._first_state = self._state()

    def _state(self) -> dict[str, object]:
        return self.values()

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Say below the fields what is wrong, and go to the first."""
        for field in self.fields.values():
            field.set_error("")
        first: Field | None = None
        for name, words in problems.items():
            wrong = self.fields.get(name.split(".")[-1])
            if wrong is not None:
                wrong.set_error(words)
                first = first or wrong
        if first is not None:
            self._scroll.ensureWidgetVisible(first)
            first.input.setFocus(Qt.FocusReason.OtherFocusReason)

    def first_input(self) -> QWidget:
        """Where the cursor goes first."""
        return next(iter(self.fields.values())).input

    def grid(self) -> QGridLayout:
        """A new block of fields in pairs."""
        t = theme.current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(t.px(12))
        grid.setVerticalSpacing(t.px(12))
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)
        return grid

    def add_field(
        self, grid: QGridLayout, name: str, label: str, widget: QWidget, *, wide: bool = False, optional: bool = False
    ) -> Field:
        """Put a field into the next free place of a block."""
        field = Field(label, widget, optional=optional)
        self.fields[name] = field
        place = grid.property("place") or 0
        if wide and place % 2:
            place += 1
        grid.addWidget(field, place // 2, place % 2, 1, 2 if wide else 1, Qt.AlignmentFlag.AlignTop)
        grid.setProperty("place", place + (2 if wide else 1))
        widget.installEventFilter(self)
        return field

    def _cancel(self) -> None:
        self.close_panel()
        self.cancelled.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A text area would take Ctrl Enter for a new line.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and _is_save(event):
            self.accepted.emit()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_save(event):
            self.accepted.emit()
            return
        super().keyPressEvent(event)


class ParentsForm(PersonForm):
    """Both parents, who is called first, and since when the family is one of ours."""

    def __init__(
        self,
        face: FamilyFace,
        center: PeopleCenter,
        today: date,
        parent: QWidget | None = None,
        *,
        with_note: bool = False,
    ) -> None:
        """``with_note`` brings the family's note into the form, which has its own place on the page otherwise."""
        super().__init__("Parents", face.title, "Save parents", parent)
        family = face.family
        self._inputs: dict[str, TextInput] = {}
        for number in (1, 2):
            words = "Parent 1" if number == 1 else "Parent 2, if there is one"
            self.column.addWidget(Label(words, "body_strong"))
            grid = self.grid()
            for part, label in _PARENT_FIELDS:
                name = f"parent{number}_{part}"
                value = getattr(family, name)
                widget = PhoneInput(value, center.country, label) if part == "phone" else TextInput(value, name=label)
                widget.setCursorPosition(0)
                self._inputs[name] = widget
                self.add_field(grid, name, label, widget, wide=part == "address")
            self.column.addWidget(Line())
        choices = [(PrimaryContact.PARENT_1.value, "Parent 1"), (PrimaryContact.PARENT_2.value, "Parent 2")]
        self._primary = Segmented(choices, family.primary_contact.value, name="Call first")
        self._since = DateInput(today, family.registered_on, past=True, weekday=False)
        grid = self.grid()
        self.add_field(grid, "primary_contact", "Call first", self._primary)
        self.add_field(grid, "registered_on", "Family since", self._since)
        self._note = TextArea(family.notes, rows=4, name="Note") if with_note else None
        if self._note is not None:
            self.add_field(self.grid(), "notes", "Note", self._note, wide=True, optional=True)
        self.column.addStretch(1)

    def values(self) -> dict[str, object]:
        """Fields of the family."""
        values: dict[str, object] = {name: widget.text().strip() for name, widget in self._inputs.items()}
        values["primary_contact"] = PrimaryContact(self._primary.value())
        values["registered_on"] = self._since.value()
        if self._note is not None:
            values["notes"] = self._note.text().strip()
        return values

    def input_problems(self) -> dict[str, str]:
        """What cannot be read at all."""
        return {"registered_on": DateInput.HELP} if self._since.is_wrong() else {}


class StudentForm(PersonForm):
    """One student, new or known. Health fields stay hidden until someone asks for them (product §9); those of a known
    student are shown by `show_health` once `healthRequested` is recorded."""

    archiveRequested = Signal()
    healthRequested = Signal()

    def __init__(
        self,
        face: StudentFace | None,
        center: PeopleCenter,
        today: date,
        *,
        last_name: str = "",
        location_id: str = "",
        parent: QWidget | None = None,
    ) -> None:
        name = face.name if face is not None else "New student"
        save = "Save student" if face is not None else "Add student"
        super().__init__(name, "", save, parent)
        student = face.student if face is not None else None
        self.student_id = student.id if student is not None else None
        self._health: dict[str, TextArea | Segmented] = {}
        self._add_facts(student, center, today, last_name, location_id)
        self._add_subjects(face.wishes if face is not None else (), center)
        self.column.addWidget(Line())
        self._add_health(student)
        self.column.addWidget(Line())
        self._notes = TextArea(student.notes if student is not None else "", rows=3, name="Notes")
        self.add_field(self.grid(), "notes", "Notes", self._notes, wide=True)
        self.column.addStretch(1)
        if student is not None:
            words = "Restore" if student.archived_at is not None else "Archive"
            kind = Kind.SECONDARY if student.archived_at is not None else Kind.DANGER
            self.footer.insertWidget(0, Button(words, kind, on_click=self.archiveRequested.emit))

    def values(self) -> dict[str, object]:
        """Fields of the student; health fields only once they were shown."""
        values: dict[str, object] = {name: widget.text().strip() for name, widget in self._texts.items()}
        values["date_of_birth"] = self._born.value()
        values["location_id"] = self._location.value()
        values["lesson_mode"] = LessonMode(self._mode.value())
        values["notes"] = self._notes.text().strip()
        if not self._health_box.isHidden():
            values |= {name: _value_of(widget) for name, widget in self._health.items()}
        return values

    def wishes(self) -> list[SubjectWish]:
        """The ranked subjects."""
        keys = [combo.value() for combo in self._subjects if combo.value()]
        parts = [key.partition("/") for key in dict.fromkeys(keys)]
        return [SubjectWish(subject_id, topic_id or None) for subject_id, _, topic_id in parts]

    def input_problems(self) -> dict[str, str]:
        """What cannot be read at all."""
        return {"date_of_birth": DateInput.HELP} if self._born.is_wrong() else {}

    def _state(self) -> dict[str, object]:
        health = {name: str(_value_of(widget)) for name, widget in self._health.items()}
        return {**self.values(), **health, "subjects": [combo.value() for combo in self._subjects]}

    def show_health(self) -> None:
        """Show the health fields."""
        self._health_box.show()
        self._health_button.hide()
        self._health_hint.hide()

    def _add_facts(
        self, student: Student | None, center: PeopleCenter, today: date, last_name: str, location_id: str
    ) -> None:
        def known(name: str, otherwise: str = "") -> str:
            return str(getattr(student, name)) if student is not None else otherwise

        grades = [Option(grade, grade) for grade in GRADES]
        grade = ComboBox(grades, placeholder="Grade", free_text=True)
        grade.setText(known("grade"))
        self._texts: dict[str, TextInput] = {
            "first_name": TextInput(known("first_name")),
            "last_name": TextInput(known("last_name", last_name)),
            "grade": grade,
            "school": TextInput(known("school")),
            "phone": PhoneInput(known("phone"), center.country),
            "email": TextInput(known("email")),
        }
        self._born = DateInput(
            today, student.date_of_birth if student is not None else None, past=True, weekday=False
        )
        places = [Option(key, words) for key, words in center.locations]
        chosen = known("location_id", location_id) or (places[0].key if places else "")
        self._location = ComboBox(places, chosen)
        modes = [(LessonMode.IN_PERSON.value, "In person"), (LessonMode.ONLINE.value, "Online")]
        mode = student.lesson_mode if student is not None else LessonMode.IN_PERSON
        self._mode = Segmented(modes, mode.value, name="Lessons", stretch=True)
        grid = self.grid()
        self.add_field(grid, "first_name", "First name", self._texts["first_name"])
        self.add_field(grid, "last_name", "Last name", self._texts["last_name"])
        self.add_field(grid, "date_of_birth", "Date of birth", self._born, optional=True)
        self.add_field(grid, "grade", "Grade", grade, optional=True)
        self.add_field(grid, "school", "School", self._texts["school"], wide=True, optional=True)
        self.add_field(grid, "location_id", "Learns at", self._location)
        self.add_field(grid, "lesson_mode", "Lessons", self._mode)
        self.add_field(grid, "phone", "Phone", self._texts["phone"], optional=True)
        self.add_field(grid, "email", "E-mail", self._texts["email"], optional=True)
        for widget in self._texts.values():
            widget.setCursorPosition(0)

    def _add_subjects(self, wishes: Sequence[tuple[str, str | None]], center: PeopleCenter) -> None:
        options = [Option("", "None"), *wish_options(center)]
        self._subjects: list[ComboBox] = []
        grid = self.grid()
        for rank, label in enumerate(("Needs help with", "then", "then"), 1):
            key = ""
            if rank <= len(wishes):
                subject_id, topic_id = wishes[rank - 1]
                key = f"{subject_id}/{topic_id or ''}"
            combo = ComboBox(options, key, placeholder="Subject or topic")
            self._subjects.append(combo)
            self.add_field(grid, f"subject{rank}", label, combo, wide=rank == 1, optional=True)

    def _add_health(self, student: Student | None) -> None:
        t = theme.current()
        is_known = student is not None
        self._health_button = Button("Show health" if is_known else "Add health", icon="lock", small=True)
        self._health_button.clicked.connect(self.healthRequested.emit if is_known else self.show_health)
        self._health_hint = Label(LOOKING_IS_RECORDED, "small", "text3")
        self._health_hint.setVisible(is_known)
        self.column.addWidget(Label("Health", "body_strong"))
        asking = QVBoxLayout()
        asking.setSpacing(t.px(4))
        asking.addWidget(self._health_button, 0, Qt.AlignmentFlag.AlignLeft)
        asking.addWidget(self._health_hint)
        self.column.addLayout(asking)
        self._health_box = QWidget()
        box = QVBoxLayout(self._health_box)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(t.px(12))
        for name, label, yes, no in (
            ("hearing_ok", "Hearing", "OK", "Not OK"),
            ("vision_ok", "Vision", "OK", "Not OK"),
            ("has_iep", "IEP", "Yes", "No"),
        ):
            value = getattr(student, name) if student is not None else None
            options = [(_UNKNOWN, "Not asked"), ("yes", yes), ("no", no)]
            choice = _UNKNOWN if value is None else "yes" if value else "no"
            segmented = Segmented(options, choice, small=True, name=label)
            self._health[name] = segmented
            box.addWidget(Field(label, segmented))
        for name, label in (
            ("medical_conditions", "Medical conditions"),
            ("allergies", "Allergies"),
            ("behavior_notes", "Behavior"),
        ):
            area = TextArea(getattr(student, name) if student is not None else "", rows=2, name=label)
            area.installEventFilter(self)
            self._health[name] = area
            box.addWidget(Field(label, area, optional=True))
        self.column.addWidget(self._health_box)
        self._health_box.hide()


def _value_of(widget: TextArea | Segmented) -> str | bool | None:
    if isinstance(widget, TextArea):
        return widget.text().strip()
    return None if widget.value() == _UNKNOWN else widget.value() == "yes"


def _is_save(event: QKeyEvent) -> bool:
    control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    return control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
