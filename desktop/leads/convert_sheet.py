"""Turns a lead into a family: the fields are there already, what is missing is asked, and a family that is known
already can take the student instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.leads.known_people import Acquaintance, KnownFamily
from desktop.leads.lead_rows import Center, LeadChoices, wish_key, wish_of
from desktop.leads.wish_options import wish_options
from desktop.leads.wording import GRADES
from desktop.people.phone_input import PhoneInput
from desktop.widgets.buttons import Button, Kind
from desktop.widgets.choices import RadioButton
from desktop.widgets.combo import ComboBox, Option
from desktop.widgets.fields import Field, TextInput
from desktop.widgets.labels import Label
from desktop.widgets.panels import Sheet
from shared_models.leads.models import Lead
from shared_models.people.operations import NewStudent, SubjectWish

_TO_FAMILY = {
    "parent1_first_name": "Parent’s first name",
    "parent1_last_name": "Parent’s last name",
    "parent1_phone": "Phone",
    "parent1_email": "E-mail",
}
_TO_STUDENT = {"first_name": "Student’s first name", "last_name": "Student’s last name"}


class ConvertSheet(Sheet):
    """Signal `accepted` when the person wants the family registered; `values` then tells how."""

    accepted = Signal()

    def __init__(
        self,
        host: QWidget,
        lead: Lead,
        families: Sequence[Acquaintance],
        choices: LeadChoices,
        center: Center,
    ) -> None:
        super().__init__(host, "Register the family", width=600)
        t = theme.current()
        self.lead_id = lead.id
        form = QWidget()
        column = QVBoxLayout(form)
        column.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(18))
        column.setSpacing(t.px(12))
        self._known: list[tuple[RadioButton, str]] = []
        self._add_known(column, families)
        self.inputs: dict[str, TextInput] = {}
        self.fields: dict[str, Field] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(t.px(12))
        self._grid.setVerticalSpacing(t.px(12))
        self._fill(lead, choices, center)
        column.addLayout(self._grid)
        column.addStretch(1)
        self.body.addWidget(form)
        self.footer.addWidget(Label("The lead moves to Committed.", "body", "text2"))
        self.footer.addStretch(1)
        self.footer.addWidget(Button("Cancel", keycap="Esc", on_click=self.dismiss))
        self.save_button = Button("Register family", Kind.PRIMARY, keycap="Enter", on_click=self.accepted.emit)
        self.footer.addWidget(self.save_button)
        self._toggle_family()

    def family_id(self) -> str | None:
        """The known family that takes the student, or None for a new one."""
        return next((family_id for radio, family_id in self._known if radio.isChecked() and family_id), None)

    def location_id(self) -> str:
        """Where the student will learn."""
        return self._location.value()

    def family_values(self) -> dict[str, object]:
        """The fields of the new family."""
        return {name: self.inputs[name].text().strip() for name in _TO_FAMILY}

    def students(self) -> list[NewStudent]:
        """The student to register, if one is named."""
        values: dict[str, object] = {name: self.inputs[name].text().strip() for name in _TO_STUDENT}
        if not values["first_name"]:
            return []
        subject_id, topic_id = wish_of(self._wish.value())
        wishes = (SubjectWish(subject_id, topic_id),) if subject_id else ()
        return [NewStudent(self.location_id(), {**values, "grade": self._grade.text().strip()}, wishes)]

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Say below the fields what is missing."""
        for field in self.fields.values():
            field.set_error("")
        for name, words in problems.items():
            key = name.removeprefix("student1.")
            if key in self.fields:
                self.fields[key].set_error(words)
        first = next((self.fields[name] for name in self.fields if self.fields[name].error()), None)
        if first is not None:
            first.input.setFocus(Qt.FocusReason.OtherFocusReason)

    def _add_known(self, column: QVBoxLayout, families: Sequence[Acquaintance]) -> None:
        known = [one.known for one in families if isinstance(one.known, KnownFamily)]
        if not known:
            return
        column.addWidget(Label("This family may be known already", "body_strong"))
        for family in known:
            children = ", ".join(first for first, _, _ in family.children)
            words = f"Add the student to {family.name}" + (f" ({children})" if children else "")
            self._known.append((RadioButton(words), family.id))
        self._known.append((RadioButton("Register a new family", checked=True), ""))
        for radio, _ in self._known:
            radio.toggled.connect(lambda _on: self._toggle_family())
            column.addWidget(radio)

    def _fill(self, lead: Lead, choices: LeadChoices, center: Center) -> None:
        values = {
            "parent1_first_name": lead.parent_first_name,
            "parent1_last_name": lead.parent_last_name or lead.student_last_name,
            "parent1_email": lead.email,
            "first_name": lead.student_first_name,
            "last_name": lead.student_last_name or lead.parent_last_name,
        }
        place = 0
        for name, label in (_TO_FAMILY | _TO_STUDENT).items():
            widget = PhoneInput(lead.phone, center.country) if name == "parent1_phone" else TextInput(values[name])
            self._add_field(name, label, widget, place, optional=name in ("parent1_phone", "parent1_email"))
            self.inputs[name] = widget
            place += 1
        locations = [Option(key, words) for key, words in choices.locations]
        known = [key for key, _ in choices.locations]
        chosen = next((key for key in known if key == lead.location_id), next(iter(known), ""))
        self._location = ComboBox(locations, chosen, placeholder="Location")
        self._grade = ComboBox([Option(grade, grade) for grade in GRADES], placeholder="Grade", free_text=True)
        self._grade.setText(lead.grade)
        wishes = wish_options(choices)
        wish = wish_key(lead.subject_id, lead.topic_id) if lead.subject_id else ""
        self._wish = ComboBox(wishes, wish, placeholder="Subject or topic")
        self._add_field("location_id", "Learns at", self._location, place)
        self._add_field("grade", "Grade", self._grade, place + 1, optional=True)
        self._add_field("wish", "Needs help with", self._wish, place + 2, optional=True)

    def _add_field(self, name: str, label: str, widget: TextInput, place: int, *, optional: bool = False) -> None:
        field = Field(label, widget, optional=optional)
        self.fields[name] = field
        self._grid.addWidget(field, place // 2, place % 2, Qt.AlignmentFlag.AlignTop)

    def _toggle_family(self) -> None:
        uses_known = self.family_id() is not None
        for name in _TO_FAMILY:
            self.fields[name].setVisible(not uses_known)
        self.save_button.setText("Add student to family" if uses_known else "Register family")
        self.save_button.updateGeometry()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accepted.emit()
            return
        super().keyPressEvent(event)
