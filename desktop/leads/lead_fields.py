"""All fields of a lead as a form whose every field saves itself when one leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop import theme
from desktop.leads.lead_rows import Center, LeadChoices, wish_key, wish_of
from desktop.leads.wish_options import wish_options
from desktop.leads.wording import GRADES, REASON_WORDS, SOURCE_WORDS, STAGE_WORDS, TEMPERATURE_WORDS
from desktop.people.phone_input import PhoneInput
from desktop.widgets.combo import ComboBox, Option
from desktop.widgets.dates import DateInput
from desktop.widgets.fields import Field, TextArea, TextInput
from shared_models.leads.models import Lead, LeadSource, LeadStage, ReasonLost, Temperature

FIELD_WORDS: Mapping[str, str] = {
    "parent_first_name": "Parent’s first name",
    "parent_last_name": "Last name",
    "phone": "Phone",
    "email": "E-mail",
    "student_first_name": "Child’s first name",
    "student_last_name": "Last name",
    "wish": "Wants help with",
    "grade": "Grade",
    "stage": "Stage",
    "temperature": "Temperature",
    "source": "Came by",
    "owner_user_id": "Owner",
    "location_id": "Location",
    "call_back_on": "Call back on",
    "reason_lost": "Reason lost",
    "message": "Message",
    "notes": "Note",
}


class LeadFields(QWidget):
    """`changed` carries the values one field was given: {field of the lead: value}."""

    changed = Signal(object)

    def __init__(self, choices: LeadChoices, center: Center, today: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self._lead: Lead | None = None
        self._is_held = False
        self._held: dict[str, object] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(t.px(12))
        grid.setVerticalSpacing(t.px(11))
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.inputs: dict[str, TextInput | TextArea] = {}
        self.fields: dict[str, Field] = {}
        people = [Option(key, words, person=True) for key, words in choices.people]
        temperatures = [Option(each.value, TEMPERATURE_WORDS[each]) for each in Temperature]
        inputs: dict[str, TextInput | TextArea] = {
            "parent_first_name": TextInput(),
            "parent_last_name": TextInput(),
            "phone": PhoneInput(country=center.country),
            "email": TextInput(placeholder="name@example.com"),
            "student_first_name": TextInput(),
            "student_last_name": TextInput(),
            "wish": ComboBox(wish_options(choices), placeholder="Subject or topic", free_text=True),
            "grade": ComboBox([Option(grade, grade) for grade in GRADES], placeholder="Grade", free_text=True),
            "stage": ComboBox([Option(stage.value, STAGE_WORDS[stage]) for stage in LeadStage]),
            "temperature": ComboBox([Option("", "Not set"), *temperatures], placeholder="Not set"),
            "source": ComboBox([Option(source.value, SOURCE_WORDS[source]) for source in LeadSource]),
            "owner_user_id": ComboBox([Option("", "Nobody"), *people], placeholder="Nobody"),
            "location_id": ComboBox(
                [Option("", "Not agreed yet"), *(Option(key, words) for key, words in choices.locations)],
                placeholder="Not agreed yet",
            ),
            "call_back_on": DateInput(today),
            "reason_lost": ComboBox(
                [Option("", "Not said"), *(Option(each.value, REASON_WORDS[each]) for each in ReasonLost)],
                placeholder="Not said",
            ),
            "message": TextArea(rows=3),
            "notes": TextArea(rows=3, placeholder="What they said, in their words"),
        }
        line, place = 0, 0
        for name, widget in inputs.items():
            self._connect(name, widget)
            field = Field(FIELD_WORDS[name], widget)
            self.inputs[name], self.fields[name] = widget, field
            wide = name in ("stage", "message", "notes", "reason_lost")
            if wide and place:
                line, place = line + 1, 0
            grid.addWidget(field, line, place, 1, 2 if wide else 1, Qt.AlignmentFlag.AlignTop)
            line, place = (line + 1, 0) if wide or place else (line, 1)

    def hold(self, lead: Lead) -> None:
        """Show values that are not saved, and save none by itself until another lead is shown after `release`."""
        self.release()
        self.show_lead(lead)
        self._is_held = True
        self._held = self.values() or {}

    def release(self) -> None:
        """Let go of what is held; the next lead shown fills every field."""
        self._is_held, self._lead = False, None

    def changed_values(self) -> dict[str, object] | None:
        """What the fields say otherwise than what is held; None when one cannot be read, which is then said."""
        values = self.values()
        if values is None:
            return None
        return {name: value for name, value in values.items() if value != self._held.get(name)}

    def values(self) -> dict[str, object] | None:
        """What all fields say; None when one cannot be read, which is then said below it."""
        found: dict[str, object] = {}
        for name, widget in self.inputs.items():
            if isinstance(widget, DateInput) and widget.is_wrong():
                self.fields[name].set_error(DateInput.HELP)
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
                return None
            found |= self._values(name, widget)
        return found

    def show_lead(self, lead: Lead, warnings: Mapping[str, str] | None = None) -> None:
        """Show a lead's values. A field of the same lead that someone is typing in is left alone, and so is what is
        held."""
        if self._is_held:
            return
        other = self._lead is None or self._lead.id != lead.id
        self._lead = lead
        for name, widget in self.inputs.items():
            if other or not widget.hasFocus():
                self._fill(name, widget, lead)
        if other:
            for field in self.fields.values():
                field.set_error("")
                field.set_helper("")
        for name, text in (warnings or {}).items():
            if name in self.fields:
                self.fields[name].set_helper(f"{text} Kept as typed.", "warn")
        self.fields["reason_lost"].setVisible(lead.stage is LeadStage.COLD)
        self.fields["message"].setVisible(bool(lead.message))

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Say below the fields what is wrong."""
        for name, text in problems.items():
            if name in self.fields:
                self.fields[name].set_error(text)

    def _connect(self, name: str, widget: TextInput | TextArea) -> None:
        if isinstance(widget, ComboBox):
            widget.valueChanged.connect(lambda _key, name=name: self._announce(name))
            if name in ("wish", "grade"):
                widget.committed.connect(lambda name=name: self._announce(name))
        elif isinstance(widget, DateInput):
            widget.committed.connect(lambda name=name: self._announce(name))
        else:
            widget.committed.connect(lambda name=name: self._announce(name))

    def _announce(self, name: str) -> None:
        lead = self._lead
        if lead is None:
            return
        widget, field = self.inputs[name], self.fields[name]
        if isinstance(widget, DateInput) and widget.is_wrong():
            field.set_error(DateInput.HELP)
            return
        field.set_error("")
        field.set_helper("")
        values = self._values(name, widget)
        if self._is_held:
            if name == "stage":
                self.fields["reason_lost"].setVisible(values["stage"] is LeadStage.COLD)
            return
        if any(getattr(lead, key) != value for key, value in values.items()):
            self.changed.emit(values)

    def _values(self, name: str, widget: TextInput | TextArea) -> dict[str, object]:
        if name == "wish":
            assert isinstance(widget, ComboBox)
            subject_id, topic_id = wish_of(widget.value())
            free = "" if subject_id else widget.text().strip()
            return {"subject_id": subject_id, "topic_id": topic_id, "wanted": free}
        if isinstance(widget, DateInput):
            return {name: widget.value()}
        if isinstance(widget, ComboBox) and name != "grade":
            key = widget.value()
            kinds = {"stage": LeadStage, "source": LeadSource, "temperature": Temperature, "reason_lost": ReasonLost}
            if name in kinds:
                return {name: kinds[name](key) if key else None}
            return {name: key or None}
        return {name: widget.text().strip()}

    def _fill(self, name: str, widget: TextInput | TextArea, lead: Lead) -> None:
        if name == "wish":
            assert isinstance(widget, ComboBox)
            widget.set_value(wish_key(lead.subject_id, lead.topic_id) if lead.subject_id else "")
            if not lead.subject_id:
                widget.setText(lead.wanted)
            return
        value = getattr(lead, name)
        if isinstance(widget, DateInput):
            widget.set_value(value)
        elif isinstance(widget, PhoneInput):
            widget.set_phone(value)
        elif isinstance(widget, ComboBox) and name != "grade":
            widget.set_value(value or "")
        elif widget.text() != value:
            widget.setText(value)
        if isinstance(widget, TextInput):
            widget.setCursorPosition(0)
