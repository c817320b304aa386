"""The form for a new lead, made for a telephone at the ear: keyboard only, a name or a phone is enough, and whoever
may be meant already shows beside it while one types (product §5, "under 30 seconds")."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.leads.acquaintances import MOST, AcquaintancePanel
from desktop.leads.known_people import KnownFamily, possible_duplicates
from desktop.leads.lead_rows import Center, LeadChoices, wish_of
from desktop.leads.wish_options import wish_options
from desktop.leads.wording import DESK_SOURCES, GRADES, SOURCE_WORDS
from desktop.people.phone_input import PhoneInput
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets import painting
from desktop.widgets.actions import make_action
from desktop.widgets.buttons import Button, Kind
from desktop.widgets.choices import CheckBox, Segmented
from desktop.widgets.combo import ComboBox, Option
from desktop.widgets.dates import DateInput
from desktop.widgets.fields import Field, TextArea, TextInput
from desktop.widgets.labels import Label
from desktop.widgets.panels import Sheet
from shared_models.base import new_id
from shared_models.leads import operations
from shared_models.leads.duplicates import TypedPerson
from shared_models.leads.models import LeadSource
from shared_models.leads.operations import LeadEntry, entry_problems
from shared_models.people.search import PersonKind

_DRAFT = "unsaved_lead"
_ENTERS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class LeadEntrySheet(Sheet):
    """Signals: `saved` (id, what was done), `openRequested` (kind, id) for somebody known, `putAside` when the form
    was closed with something typed in it."""

    saved = Signal(str, str)
    openRequested = Signal(str, str)
    putAside = Signal()

    def __init__(
        self, host: QWidget, store: Store, clock: Callable[[], datetime], choices: LeadChoices, center: Center
    ) -> None:
        hint = "A name or a phone is enough. **Tab** goes on, **Enter** saves."
        super().__init__(host, "New lead", width=846, hint=hint)
        if self.hint is not None:
            words = painting.text_width(self.hint.text(), "body_strong")
            self.hint.setMinimumWidth(round(words))
            self.hint.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._store, self._clock, self._center = store, clock, center
        self._family: KnownFamily | None = None
        self._build_fields(choices)
        self._build_footer()
        self._order_tabs()
        for number in range(MOST):
            choose = partial(self._choose, number)
            make_action(self, f"Open who is shown {number + 1}.", choose, shortcut=f"Alt+{number + 1}")
        self.restore(_read_draft(store))

    def open_form(self) -> None:
        """Show the form, with what was typed before if it was not saved."""
        self.call_back.set_value(self.call_back.value())
        self._look_up()
        self.open_sheet(self.parent_name)

    def entry(self) -> LeadEntry:
        """What the form says."""
        subject_id, topic_id = wish_of(self.wish.value())
        free_wish = "" if subject_id else self.wish.text().strip()
        return LeadEntry(
            parent_name=self.parent_name.text().strip(),
            phone=self.phone.text().strip(),
            email=self.email.text().strip(),
            student_name=self.child.text().strip(),
            grade=self.grade.text().strip(),
            source=LeadSource(self.source.value()),
            subject_id=subject_id,
            topic_id=topic_id,
            wanted=free_wish,
            notes=self.note.text().strip(),
            call_back_on=self.call_back.value() if self.calls_back.isChecked() else None,
            family_id=self._family.id if self._family else None,
        )

    def save(self) -> bool:
        """Save and close, or say below the fields what is missing."""
        if not self._store_lead():
            return False
        self._clear()
        self.dismiss()
        return True

    def save_and_add(self) -> None:
        """Save, empty the form and go on with the next one; the source stays."""
        if self._store_lead():
            source = self.source.value()
            self._clear()
            self.source.set_value(source)
            self.parent_name.setFocus(Qt.FocusReason.OtherFocusReason)

    def dismiss(self) -> None:
        """Close; what was typed waits for the next time, also after the program has ended."""
        was_open = self.isVisible()
        self._keep_draft()
        super().dismiss()
        if was_open and self.has_text():
            self.putAside.emit()

    def has_text(self) -> bool:
        """Whether anything was typed."""
        empty = LeadEntry(source=LeadSource(self.source.value()))
        return self.entry() != empty

    def restore(self, entry: LeadEntry | None) -> None:
        """Show an entry again, or an empty form."""
        entry = entry or LeadEntry()
        self.parent_name.setText(entry.parent_name)
        self.phone.set_phone(entry.phone)
        self.email.setText(entry.email)
        self.child.setText(entry.student_name)
        self.grade.setText(entry.grade)
        if entry.subject_id:
            self.wish.set_value(f"{entry.subject_id}/{entry.topic_id or ''}")
        else:
            self.wish.set_value("")
            self.wish.setText(entry.wanted)
        self.source.set_value(entry.source.value)
        self.note.setText(entry.notes)
        self.calls_back.setChecked(entry.call_back_on is not None)
        self.call_back.set_value(entry.call_back_on)
        for field in (self.parent_field, self.phone_field, self.email_field, self.call_back_field):
            field.set_error("")

    def _build_fields(self, choices: LeadChoices) -> None:
        t = theme.current()
        form = QWidget()
        column = QVBoxLayout(form)
        column.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(18))
        column.setSpacing(t.px(13))
        grid = QGridLayout()
        grid.setHorizontalSpacing(t.px(12))
        grid.setVerticalSpacing(t.px(13))
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.parent_name = TextInput(name="Parent")
        self.phone = PhoneInput(country=self._center.country)
        self.email = TextInput(placeholder="name@example.com", name="E-mail")
        self.child = TextInput(placeholder="First name", name="Child")
        self.wish = ComboBox(wish_options(choices), placeholder="Subject or topic", free_text=True)
        self.grade = ComboBox([Option(grade, grade) for grade in GRADES], placeholder="Grade", free_text=True)
        self.parent_field = Field("Parent", self.parent_name)
        self.phone_field = Field("Phone", self.phone)
        self.email_field = Field("E-mail", self.email, optional=True)
        places = (
            (self.parent_field, self.phone_field),
            (self.email_field, Field("Child", self.child, optional=True)),
            (Field("Wants help with", self.wish, optional=True), Field("Grade", self.grade, optional=True)),
        )
        for line, pair in enumerate(places):
            for place, field in enumerate(pair):
                grid.addWidget(field, line, place, Qt.AlignmentFlag.AlignTop)
        column.addLayout(grid)
        sources = [(source.value, SOURCE_WORDS[source]) for source in DESK_SOURCES]
        self.source = Segmented(sources, LeadSource.PHONE.value, small=True, name="How did they come?", stretch=True)
        self.source.setFixedHeight(t.size.control)
        column.addWidget(Field("How did they come?", self.source))
        self.note = TextArea(placeholder="What they said, in their words", rows=5, name="Note")
        self.note.installEventFilter(self)
        column.addWidget(Field("Note", self.note, optional=True))
        row = QHBoxLayout()
        row.setSpacing(t.px(12))
        self.calls_back = CheckBox("Call back on a date")
        self.call_back = DateInput(self._today(), name="Call back on")
        self.call_back_field = Field("Call back on", self.call_back)
        self.call_back_field.label.hide()
        self.call_back_field.right.hide()
        self.call_back_field.setVisible(False)
        self.calls_back.toggled.connect(self._toggle_call_back)
        row.addWidget(self.calls_back)
        row.addWidget(self.call_back_field, 1)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        self.body.addWidget(form, 486)
        self.known = AcquaintancePanel(self._center.zone, self._center.country)
        self.known.setFixedWidth(t.px(358))
        self.known.setMinimumHeight(t.px(486))
        self.known.chosen.connect(self._choose)
        self.body.addWidget(self.known)
        for typed in (self.parent_name, self.phone, self.email):
            typed.textEdited.connect(self._look_up)

    def _build_footer(self) -> None:
        self.footer.addWidget(Label("Stage New, nobody’s yet. You can add the rest later.", "body", "text2"))
        self.footer.addStretch(1)
        self.cancel_button = Button("Cancel", keycap="Esc", on_click=self.dismiss)
        self.another_button = Button("Save and add another", on_click=self.save_and_add)
        self.another_button.setToolTip("Ctrl Enter")
        self.save_button = Button("Save lead", Kind.PRIMARY, keycap="Enter", on_click=self.save)
        for button in (self.cancel_button, self.another_button, self.save_button):
            self.footer.addWidget(button)

    def _order_tabs(self) -> None:
        order: list[QWidget] = [
            self.parent_name, self.phone, self.email, self.child, self.wish, self.grade, self.source, self.note,
            self.calls_back, self.call_back, self.save_button, self.another_button, self.cancel_button,
            *(card.button for card in self.known.cards),
        ]  # fmt: skip
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _today(self) -> date:
        return self._clock().astimezone(self._center.zone).date()

    def _toggle_call_back(self, on: bool) -> None:
        self.call_back_field.setVisible(on)
        if on:
            self.call_back.setFocus(Qt.FocusReason.OtherFocusReason)

    def _look_up(self, _typed: str = "") -> None:
        typed = TypedPerson(self.parent_name.text(), self.phone.text(), self.email.text())
        people = possible_duplicates(self._store, typed, MOST)
        any_typed = bool(typed.name.strip() or typed.phone.strip() or typed.email.strip())
        used = self._family.id if self._family else ""
        self.known.show_people(people, typed.phone, used_family=used, typed_any=any_typed, now=self._clock())

    def _choose(self, number: int) -> None:
        if number >= len(self.known.shown):
            return
        one = self.known.shown[number]
        if one.match.person.kind is PersonKind.LEAD:
            self.dismiss()
            self.openRequested.emit(PersonKind.LEAD.value, one.known.id)
            return
        assert isinstance(one.known, KnownFamily)
        self._family = one.known
        if not self.phone.text().strip():
            self.phone.set_phone(one.known.phone)
        if one.match.person.names and not self.parent_name.text().strip():
            self.parent_name.setText(one.match.person.names[0])
        self._look_up()

    def _store_lead(self) -> bool:
        entry = self.entry()
        problems = entry_problems(entry)
        self.parent_field.set_error(problems.get("parent_name", ""))
        wrong_date = self.calls_back.isChecked() and self.call_back.value() is None
        self.call_back_field.set_error(DateInput.HELP if wrong_date else "")
        self._fit()
        if problems or wrong_date:
            first = self.parent_name if problems else self.call_back
            first.setFocus(Qt.FocusReason.OtherFocusReason)
            return False
        lead_id = new_id()
        done = f"Added lead {_called(entry)}"
        try:
            with self._store.write(done) as session:
                warnings = operations.create_lead(
                    session,
                    self._store.organization_id,
                    entry,
                    now=self._clock(),
                    lead_id=lead_id,
                    country=self._center.country,
                )
        except StoreError as error:
            self.parent_field.set_error(str(error))
            self._fit()
            return False
        self.saved.emit(lead_id, " ".join((f"{done}.", *warnings.values(), "Kept as typed.")) if warnings else done)
        return True

    def _fit(self) -> None:
        """Grow or shrink with what is said below the fields."""
        layout = self.panel.layout()
        if layout is not None and self.isVisible():
            layout.activate()
            self._place()

    def _clear(self) -> None:
        self._family = None
        self.restore(None)
        self._keep_draft()
        self._look_up()

    def _keep_draft(self) -> None:
        entry = self.entry()
        kept = None
        if self.has_text():
            values = {name: getattr(entry, name) for name in LeadEntry.__slots__ if name != "family_id"}
            values["call_back_on"] = entry.call_back_on.isoformat() if entry.call_back_on else None
            kept = json.dumps(values)
        if kept != self._store.local(_DRAFT):
            self._store.set_local(**{_DRAFT: kept})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in _ENTERS:
            super().keyPressEvent(event)
            return
        focused = self.window().focusWidget()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.save_and_add()
        elif isinstance(focused, QAbstractButton) and not isinstance(focused, CheckBox):
            focused.click()
        else:
            self.save()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is getattr(self, "note", None) and isinstance(event, QKeyEvent):
            shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            if event.type() == QEvent.Type.KeyPress and event.key() in _ENTERS and not shifted:
                self.keyPressEvent(event)
                return True
        return super().eventFilter(watched, event)


def _called(entry: LeadEntry) -> str:
    return entry.parent_name or entry.student_name or entry.phone or entry.email


def _read_draft(store: Store) -> LeadEntry | None:
    kept = store.local(_DRAFT)
    if kept is None:
        return None
    values = json.loads(kept)
    day = values.pop("call_back_on", None)
    entry = LeadEntry(**{**values, "source": LeadSource(values.get("source", LeadSource.PHONE))})
    return replace(entry, call_back_on=date.fromisoformat(day) if day else None)
