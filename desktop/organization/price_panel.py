"""The panel beside the list of services: the price of one service at one location, and its words for parents."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop import theme
from desktop.organization.service_rows import GROUP_TITLES, ServiceRow, Services
from desktop.widgets import (
    CheckBox,
    Field,
    MoneyInput,
    Note,
    SidePanel,
    TextArea,
    TextInput,
    Tone,
    save_and_cancel,
)
from desktop.widgets.panels import Line
from desktop.widgets.parsing import format_cents


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What the panel asks for: a price in minor units at some locations, and the words of the first of them."""

    service_id: str
    location_ids: tuple[str, ...]
    cents: int
    also_booked: bool
    display_name: str
    description: str


class PricePanel(SidePanel):
    """`saved` carries a `PriceChange`."""

    saved = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", 336, parent=parent)
        t = theme.current()
        self._service: ServiceRow | None = None
        self._services: Services | None = None
        self._location_id = ""
        self._booked = 0
        column = QVBoxLayout()
        column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(14))
        column.setSpacing(t.px(13))
        self.price = MoneyInput()
        self._price_field = Field("Price per hour and student", self.price)
        self.price.textEdited.connect(lambda _: self._say())
        self.price.returnPressed.connect(self._save)
        column.addWidget(self._price_field)
        self._note = Note("", " ", Tone.ACCENT, "calendar-days")
        column.addWidget(self._note)
        self.elsewhere = CheckBox()
        column.addWidget(self.elsewhere)
        self.also_booked = CheckBox()
        self.also_booked.toggled.connect(lambda _: self._say())
        column.addWidget(self.also_booked)
        self.body.addLayout(column)
        self.body.addWidget(Line())
        words = QVBoxLayout()
        words.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(14))
        words.setSpacing(t.px(13))
        self._name = TextInput()
        self._description = TextArea(rows=4, placeholder="What parents should know")
        words.addWidget(Field("Name for parents", self._name, optional=True))
        words.addWidget(Field("Description", self._description, optional=True))
        self.body.addLayout(words)
        self.body.addStretch(1)
        cancel, self._save_button = save_and_cancel("Save price", self._save, self._dismiss)
        cancel.set_keycap(None)
        self._save_button.set_keycap(None)
        self.add_footer(cancel, self._save_button)

    def open_for(
        self,
        services: Services,
        service: ServiceRow,
        location_id: str,
        booked: int,
        can_write: bool,
        only_here: bool = False,
    ) -> None:
        """Show a service at a location; ``booked`` sessions would keep their price. ``only_here`` is for those who
        have no say at the other locations."""
        self._services, self._service, self._location_id, self._booked = services, service, location_id, booked
        places = dict(services.locations)
        name = service.name
        if service.short_name != service.name:
            name = f"{GROUP_TITLES[service.family]}, {service.short_name[:1].lower()}{service.short_name[1:]}"
        self.set_words(name, places.get(location_id, ""))
        offered = service.offered.get(location_id)
        self.price.set_cents(offered.cents if offered is not None else None)
        self._price_field.set_error("")
        others = [name for place_id, name in services.locations if place_id != location_id]
        self.elsewhere.setText(f"Also at {others[0]}" if len(others) == 1 else "Also at all other locations")
        self.elsewhere.setVisible(bool(others) and can_write and not only_here)
        self.elsewhere.setChecked(False)
        sessions = f"the {booked} booked sessions" if booked != 1 else "the booked session"
        self.also_booked.setText(f"Change {sessions} too")
        self.also_booked.setVisible(bool(booked) and can_write)
        self._save_button.setVisible(can_write)
        self.also_booked.setChecked(False)
        self._name.setText(offered.display_name if offered is not None else "")
        self._name.setPlaceholderText(service.name)
        self._description.setText(offered.description if offered is not None else "")
        for widget in (
            self.price,
            self.elsewhere,
            self.also_booked,
            self._name,
            self._description,
            self._save_button,
        ):
            widget.setEnabled(can_write)
        for box in (self.elsewhere, self.also_booked):
            box.updateGeometry()
        self._say()
        self.open_panel()

    def _say(self) -> None:
        """What the new price will mean, in words, while it is typed."""
        if self._service is None or self._services is None:
            return
        sign = self._services.sign
        offered = self._service.offered.get(self._location_id)
        before = offered.cents if offered is not None else 0
        cents = self.price.cents()
        changes = cents is not None and cents != before
        self._note.setVisible(changes)
        if cents is None or not changes:
            return
        now_words = f"Sessions booked from now on cost {format_cents(cents, sign)}. The website shows it at once."
        if self._booked and not self.also_booked.isChecked():
            number = f"{self._booked} booked sessions keep" if self._booked != 1 else "1 booked session keeps"
            self._note.title.set_text(f"**{number} {format_cents(before, sign)}.**")
        else:
            self._note.title.set_text(f"**{format_cents(before, sign)} becomes {format_cents(cents, sign)}.**")
        self._note.text.set_text(now_words)

    def _save(self) -> None:
        cents = self.price.cents()
        if self._service is None or self._services is None:
            return
        if cents is None:
            self._price_field.set_error("Use an amount such as 105.00.")
            self.price.setFocus()
            return
        self._price_field.set_error("")
        places = [self._location_id]
        if self.elsewhere.isChecked():
            places += [place_id for place_id, _ in self._services.locations if place_id != self._location_id]
        self.saved.emit(
            PriceChange(self._service.id, tuple(places), cents, self.also_booked.isChecked(),
                        self._name.text().strip(), self._description.text().strip())
        )  # fmt: skip
