"""The form for a new family: a parent, how to reach them, and the first students; families that are known already
show while one types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from desktop import theme
from desktop.leads.known_people import Acquaintance
from desktop.leads.wording import GRADES
from desktop.people.family_rows import PeopleCenter
from desktop.people.person_forms import wish_options
from desktop.people.phone_input import PhoneInput
from desktop.widgets.buttons import Button, Kind
from desktop.widgets.combo import ComboBox, Option
from desktop.widgets.dates import DateInput
from desktop.widgets.fields import Field, TextArea, TextInput
from desktop.widgets.labels import Label, Note, Tone
from desktop.widgets.panels import Line, Sheet
from shared_models.leads.duplicates import TypedPerson
from shared_models.people.operations import NewStudent, SubjectWish
from shared_models.people.search import PersonKind

_FAMILY_FIELDS = (
    ("parent1_first_name", "Parent’s first name", False),
    ("parent1_last_name", "Last name", False),
    ("parent1_phone", "Phone", True),
    ("parent1_email", "E-mail", True),
    ("parent2_first_name", "Second parent’s first name", True),
    ("parent2_last_name", "Last name", True),
    ("parent1_address", "Address", True),
    ("parent1_city", "City", True),
    ("parent1_state", "State", True),
    ("parent1_postal_code", "Postal code", True),
)
FindKnown = Callable[[TypedPerson], list[Acquaintance]]


class NewFamilySheet(Sheet):
    """Signals: `accepted`, and `openRequested` with the id of a family that is known already."""

    accepted = Signal()
    openRequested = Signal(str)

    def __init__(self, host: QWidget, center: PeopleCenter, today: date, find_known: FindKnown) -> None:
        super().__init__(host, "New family", width=680, hint="")
        t = theme.current()
        self._center, self._today, self._find_known = center, today, find_known
        self._known_id = ""
        self.inputs: dict[str, TextInput] = {}
        self.fields: dict[str, Field] = {}
        self.students: list[_StudentBlock] = []
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.viewport().setAutoFillBackground(False)
        scroll.setMinimumHeight(t.px(520))
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(18))
        self._column.setSpacing(t.px(12))
        scroll.setWidget(inside)
        inside.setAutoFillBackground(False)
        self._scroll = scroll
        self.body.addWidget(scroll)
        open_known = Button("Open this family", small=True, on_click=self._open_known)
        self.known = Note("", " ", Tone.WARN, "users-round", open_known)
        self.known.hide()
        self._column.addWidget(self.known)
        self._add_family()
        self._students_place = QVBoxLayout()
        self._students_place.setSpacing(t.px(12))
        self._column.addLayout(self._students_place)
        self.another_button = Button("Add another student", Kind.LINK, icon="plus", on_click=self.add_student)
        self._column.addWidget(self.another_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.notes = TextArea(placeholder="Prefers calls after 6 PM", rows=2, name="Note")
        self._column.addWidget(Field("Note", self.notes, optional=True))
        self._column.addStretch(1)
        self.add_student()
        self.footer.addWidget(Label("Only the parent’s name is needed.", "body", "text2"))
        self.footer.addStretch(1)
        self.footer.addWidget(Button("Cancel", keycap="Esc", on_click=self.dismiss))
        self.save_button = Button("Save family", Kind.PRIMARY, keycap="Ctrl Enter", on_click=self.accepted.emit)
        self.footer.addWidget(self.save_button)

    def open_form(self, name: str = "") -> None:
        """Show the form, with the name that was searched for."""
        first, _, last = name.partition(" ")
        self.inputs["parent1_first_name"].setText(first)
        self.inputs["parent1_last_name"].setText(last)
        self.open_sheet(self.inputs["parent1_first_name"])
        self._look_up()

    def family_values(self) -> dict[str, object]:
        """Fields of the family."""
        values: dict[str, object] = {name: widget.text().strip() for name, widget in self.inputs.items()}
        values["notes"] = self.notes.text().strip()
        return values

    def new_students(self) -> list[NewStudent]:
        """The students that have anything typed for them."""
        return [block.student() for block in self.students if not block.is_empty()]

    def input_problems(self) -> dict[str, str]:
        """What cannot be read at all."""
        filled = [block for block in self.students if not block.is_empty()]
        return {
            f"student{number}.date_of_birth": DateInput.HELP
            for number, block in enumerate(filled, 1)
            if block.born.is_wrong()
        }

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Say below the fields what is wrong, and go to the first."""
        filled = [block for block in self.students if not block.is_empty()]
        fields = dict(self.fields)
        for number, block in enumerate(filled, 1):
            fields |= {f"student{number}.{name}": field for name, field in block.fields.items()}
        first: Field | None = None
        for name, field in fields.items():
            field.set_error(problems.get(name, ""))
            if name in problems:
                first = first or field
        if first is not None:
            self._scroll.ensureWidgetVisible(first)
            first.input.setFocus(Qt.FocusReason.OtherFocusReason)

    def add_student(self) -> None:
        """Add fields for one more student."""
        block = _StudentBlock(self._center, self._today, len(self.students) + 1)
        self.students.append(block)
        self._students_place.addWidget(block)
        if self.isVisible():
            block.first.setFocus(Qt.FocusReason.OtherFocusReason)
            self._scroll.ensureWidgetVisible(block)

    def _add_family(self) -> None:
        t = theme.current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(t.px(12))
        grid.setVerticalSpacing(t.px(12))
        for column in range(2):
            grid.setColumnStretch(column, 1)
        for place, (name, label, optional) in enumerate(_FAMILY_FIELDS):
            widget = PhoneInput("", self._center.country) if name.endswith("_phone") else TextInput(name=label)
            widget.textEdited.connect(lambda _typed: self._look_up())
            self.inputs[name] = widget
            self.fields[name] = Field(label, widget, optional=optional)
            grid.addWidget(self.fields[name], place // 2, place % 2, Qt.AlignmentFlag.AlignTop)
        self._column.addLayout(grid)

    def _look_up(self) -> None:
        def typed(name: str) -> str:
            return self.inputs[f"parent1_{name}"].text().strip()

        first, last = typed("first_name"), typed("last_name")
        person = TypedPerson(f"{first} {last}".strip() if first and last else "", typed("phone"), typed("email"))
        families = [one for one in self._find_known(person) if one.match.person.kind is PersonKind.FAMILY]
        self._known_id = families[0].known.id if families else ""
        self.known.setVisible(bool(families))
        if families:
            shared = {"SAME_PHONE": "the same phone", "SAME_EMAIL": "the same e-mail"}.get(
                families[0].match.likeness.value, "nearly the same name"
            )
            self.known.title.set_text(f"**{families[0].known.name} may be the same family**")
            self.known.text.set_text(f"It is registered already, with {shared}.")

    def _open_known(self) -> None:
        family_id = self._known_id
        self.dismiss()
        self.openRequested.emit(family_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self.window().focusWidget()
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if isinstance(focused, QAbstractButton) and not control:
                focused.click()
            else:
                self.accepted.emit()
            return
        super().keyPressEvent(event)


class _StudentBlock(QWidget):
    """The fields of one student to register."""

    def __init__(self, center: PeopleCenter, today: date, number: int) -> None:
        super().__init__()
        t = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(12))
        column.addWidget(Line())
        column.addWidget(Label("Student" if number == 1 else f"Student {number}", "body_strong"))
        places = [Option(key, words) for key, words in center.locations]
        self.first = TextInput()
        self.last = TextInput(placeholder="The parent’s")
        self.grade = ComboBox([Option(grade, grade) for grade in GRADES], placeholder="Grade", free_text=True)
        self.born = DateInput(today, past=True, weekday=False)
        self.school = TextInput()
        self.location = ComboBox(places, places[0].key if places else "")
        self.wish = ComboBox(wish_options(center), placeholder="Subject or topic")
        self.fields = {
            "first_name": Field("First name", self.first),
            "last_name": Field("Last name", self.last, optional=True),
            "grade": Field("Grade", self.grade, optional=True),
            "date_of_birth": Field("Date of birth", self.born, optional=True),
            "school": Field("School", self.school, optional=True),
            "location_id": Field("Learns at", self.location),
            "wish": Field("Needs help with", self.wish, optional=True),
        }
        grid = QGridLayout()
        grid.setHorizontalSpacing(t.px(12))
        grid.setVerticalSpacing(t.px(12))
        for place in range(2):
            grid.setColumnStretch(place, 1)
        for place, field in enumerate(self.fields.values()):
            grid.addWidget(field, place // 2, place % 2, Qt.AlignmentFlag.AlignTop)
        column.addLayout(grid)

    def is_empty(self) -> bool:
        """Whether nothing was typed; the location stands there from the start."""
        texts = (self.first, self.last, self.grade, self.born, self.school, self.wish)
        return not any(widget.text().strip() for widget in texts)

    def student(self) -> NewStudent:
        """The student as typed."""
        subject_id, _, topic_id = self.wish.value().partition("/")
        wishes = (SubjectWish(subject_id, topic_id or None),) if subject_id else ()
        values: dict[str, object] = {
            "first_name": self.first.text().strip(),
            "last_name": self.last.text().strip(),
            "grade": self.grade.text().strip(),
            "date_of_birth": self.born.value(),
            "school": self.school.text().strip(),
        }
        return NewStudent(self.location.value(), values, wishes)
