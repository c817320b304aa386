"""Settings of the locations: name, address, and when each is open."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget
from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop import theme
from desktop.organization.section import Section
from desktop.proposals import Proposal
from desktop.widgets import Button, CheckBox, Field, Kind, Label, Segmented, TextInput, TimeInput, Toggle
from desktop.widgets.panels import Line
from desktop.widgets.parsing import WEEKDAYS
from shared_models.access.rules import Action
from shared_models.organization.models import Location, OpeningHours
from shared_models.organization.operations import add_location, archive, set_fields, set_hours

_TEXTS = {
    "name": "Name", "phone": "Phone", "email": "E-mail", "address": "Street", "city": "City", "state": "State",
    "postal_code": "ZIP code", "county": "County",
}  # fmt: skip
_USUAL = (time(14), time(20))


class _DayRow:
    """The widgets of one weekday: a switch, from, to."""

    def __init__(self, weekday: int) -> None:
        t = theme.current()
        name = WEEKDAYS[weekday].title()
        self.switch = Toggle(name=f"{name}, open")
        self.opens, self.closes = TimeInput(name=f"{name}, opens"), TimeInput(name=f"{name}, closes")
        self.to, self.closed = Label("to", tone="text2"), Label("Closed", tone="text2")
        self.error = Label("", "small", "danger")
        self.error.hide()
        self.box = QWidget()
        row = QHBoxLayout(self.box)
        row.setContentsMargins(0, t.px(6), 0, t.px(6))
        row.setSpacing(t.px(12))
        for entry in (self.opens, self.closes):
            entry.setFixedWidth(t.px(104))
        for widget in (self.opens, self.to, self.closes, self.closed, self.error):
            row.addWidget(widget)
        row.addStretch(1)

    def show(self, hours: tuple[time, time] | None) -> None:
        """Show the hours, or that it is closed."""
        is_open = hours is not None
        self.switch.blockSignals(True)
        self.switch.setChecked(is_open)
        self.switch.blockSignals(False)
        for widget in (self.opens, self.to, self.closes):
            widget.setVisible(is_open)
        self.closed.setVisible(not is_open)
        self.error.hide()
        if hours is not None:
            self.opens.set_value(hours[0])
            self.closes.set_value(hours[1])


class LocationsSection(Section):
    """One location at a time, chosen at the top."""

    key: ClassVar[str] = "locations"
    title: ClassVar[str] = "Locations and hours"
    explanation: ClassVar[str] = "Lessons can still be put outside these hours; the calendar marks them."
    table: ClassVar[str] = "location"
    tables: ClassVar[frozenset[str]] = frozenset({"location", "opening_hours"})

    def limits(self) -> str:
        """An administrator sets the hours of the own locations."""
        if self.permissions.may_write("opening_hours"):
            return "You can change the opening hours of your locations. The rest is the owner’s."
        return super().limits()

    def build(self) -> None:
        """The choice of location, its facts, its week."""
        t = theme.current()
        self._chosen = ""
        self._choice = Segmented([], name="Location")
        self._choice.changed.connect(self._choose)
        top = QHBoxLayout()
        top.addWidget(self._choice)
        top.addStretch(1)
        self.content.addLayout(top)
        self._fields = {name: Field(label, TextInput(), optional=name != "name") for name, label in _TEXTS.items()}
        fields = self._fields
        self._virtual = CheckBox("Online only, no rooms")
        self.content.addWidget(fields["name"])
        self.content.addWidget(self._virtual)
        self.pairs(fields["phone"], fields["email"])
        self.content.addWidget(fields["address"])
        self.pairs(fields["city"], fields["state"], fields["postal_code"], fields["county"], columns=4)
        self.heading("Opening hours", "The website shows what you enter here.")
        grid = QGridLayout()
        grid.setVerticalSpacing(0)
        grid.setHorizontalSpacing(t.px(16))
        self._days = [_DayRow(weekday) for weekday in range(7)]
        for weekday, day in enumerate(self._days):
            grid.addWidget(Line(), 2 * weekday, 0, 1, 3)
            grid.addWidget(Label(WEEKDAYS[weekday].title()), 2 * weekday + 1, 0)
            grid.addWidget(day.switch, 2 * weekday + 1, 1)
            grid.addWidget(day.box, 2 * weekday + 1, 2)
            day.switch.toggled.connect(lambda on, weekday=weekday: self._switch(weekday, on))
            for entry in (day.opens, day.closes):
                entry.committed.connect(lambda weekday=weekday: self._save_hours(weekday))
                entry.setMinimumHeight(t.size.control)
        grid.setColumnMinimumWidth(0, t.px(120))
        grid.setColumnStretch(2, 1)
        grid.addWidget(Line(), 14, 0, 1, 3)
        self.content.addLayout(grid)
        end = QHBoxLayout()
        self._archive = Button("Archive this location", Kind.DANGER, icon="archive", on_click=self._archive_location)
        self._same = Button("Monday to Friday alike", Kind.LINK, on_click=self._copy_monday)
        end.addWidget(self._same)
        end.addStretch(1)
        end.addWidget(self._archive)
        self.content.addLayout(end)
        self.content.addStretch(1)
        self._add = Button("Add a location", icon="plus", small=True, on_click=self.add)
        self.tools.addWidget(self._add)
        for name, field in fields.items():
            field.input.committed.connect(lambda name=name: self._save_text(name))  # type: ignore[attr-defined]
        self._virtual.clicked.connect(lambda: self._set(is_virtual=self._virtual.isChecked()))
        self.guard(*fields.values(), self._virtual, self._add, self._archive)

    def read(self) -> None:
        """Show the chosen location."""
        organization_id = self.store.organization_id
        with self.reading() as session:
            self._locations = session.scalars(
                select(Location)
                .where(Location.organization_id == organization_id, Location.archived_at.is_(None))
                .order_by(Location.position, Location.name)
            ).all()
            rows = session.scalars(
                select(OpeningHours).where(
                    OpeningHours.organization_id == organization_id, OpeningHours.archived_at.is_(None)
                )
            ).all()
        self._hours = {(row.location_id, row.weekday): (row.opens, row.closes) for row in rows}
        known = {location.id for location in self._locations}
        if self._chosen not in known and self._locations:
            self._chosen = self._locations[0].id
        self._choice.set_options([(location.id, location.name) for location in self._locations], self._chosen)
        self._archive.setEnabled(self.can_write and len(self._locations) > 1)
        if self.can_write:
            self._archive.setToolTip("" if len(known) > 1 else "Every center has at least one location.")
        self._show()

    def bring_up(self, proposal: Proposal) -> None:
        """The location that something is proposed to."""
        self._chosen = proposal.row_id

    def _location(self) -> Location | None:
        return next((location for location in self._locations if location.id == self._chosen), None)

    def _choose(self, location_id: str) -> None:
        self._chosen = location_id
        self._show()

    def _show(self) -> None:
        from shared_models.people.contact import format_phone

        row = self._location()
        if row is None:
            return
        for name, field in self._fields.items():
            stored = getattr(row, name)
            if not field.input.hasFocus():
                shown = format_phone(stored, row.country) if name == "phone" else stored
                field.input.setText(shown)  # type: ignore[attr-defined]
            field.set_error("")
        self._virtual.setChecked(row.is_virtual)
        why = self.permissions.why_not("opening_hours", Action.CREATE, row.id)
        self.guard(self._same, *(part for day in self._days for part in (day.switch, day.opens, day.closes)), why=why)
        for weekday, day in enumerate(self._days):
            day.show(self._hours.get((row.id, weekday)))

    def _set(self, **values: object) -> None:
        row = self._location()
        if row is None:
            return
        words = f"Changed {row.name}"
        self.save(
            words,
            lambda session: set_fields(session, Location, row.organization_id, row.id, **values),
            is_of_fields=True,
        )

    def _save_text(self, name: str) -> None:
        from shared_models.people.contact import normalize_email, normalize_phone

        row, field = self._location(), self._fields[name]
        typed = field.input.text().strip()  # type: ignore[attr-defined]
        if row is None:
            return
        if name == "name" and not typed:
            field.set_error("A location needs a name.")
            return
        field.set_error("")
        field.set_helper("")
        if name in ("phone", "email"):
            known = normalize_phone(typed, row.country) if name == "phone" else normalize_email(typed)
            typed = known.value
            if known.warning:
                field.set_helper(known.warning, "warn")
        if typed != getattr(row, name):
            self._set(**{name: typed})

    def _switch(self, weekday: int, is_open: bool) -> None:
        before = self._hours.get((self._chosen, weekday - 1)) if weekday else None
        self._write_hours([weekday], (before or _USUAL) if is_open else None)

    def _save_hours(self, weekday: int) -> None:
        day = self._days[weekday]
        opens, closes = day.opens.value(), day.closes.value()
        wrong = TimeInput.HELP if opens is None or closes is None else ""
        if opens is not None and closes is not None and opens >= closes:
            wrong = "It has to close after it opens."
        day.error.setText(wrong)
        day.error.setVisible(bool(wrong))
        if not wrong and opens is not None and closes is not None:
            self._write_hours([weekday], (opens, closes))

    def _copy_monday(self) -> None:
        self._write_hours([1, 2, 3, 4], self._hours.get((self._chosen, 0)))

    def _write_hours(self, weekdays: list[int], hours: tuple[time, time] | None) -> None:
        row = self._location()
        if row is None:
            return
        changed = [weekday for weekday in weekdays if self._hours.get((row.id, weekday)) != hours]
        if not changed:
            return

        def change(session: Session) -> None:
            for weekday in changed:
                set_hours(session, row.organization_id, row.id, weekday, hours, now=self.clock())

        name = WEEKDAYS[changed[0]].title() if len(changed) == 1 else "the week"
        if not self.save(f"Changed the hours of {row.name} on {name}", change, is_of_fields=True):
            self._show()

    def add(self) -> None:
        """Add a location and put the cursor into its name."""
        number = len(self._locations) + 1
        made: list[str] = []
        words = "Added a location"
        if self.save(words, lambda session: made.append(
                add_location(session, self.store.organization_id, f"Location {number}"))):  # fmt: skip
            self._chosen = made[0]
            self.read()
            self._fields["name"].input.setFocus()

    def _archive_location(self) -> None:
        row = self._location()
        if row is not None:
            self.save(f"Archived {row.name}", lambda session: archive(
                session, Location, row.organization_id, row.id, now=self.clock()))  # fmt: skip
