"""Services and prices: every service by family, its price at each location, and whether it is offered."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout
from sqlalchemy.orm import Session

from desktop import theme
from desktop.organization.price_panel import PriceChange, PricePanel
from desktop.organization.section import Section
from desktop.organization.service_rows import FORMAT_WORDS, LEVEL_WORDS, ServiceRow, Services, read_services
from desktop.proposals import Proposal
from desktop.widgets import (
    Button,
    Cell,
    Column,
    ComboBox,
    Field,
    Group,
    Menu,
    MoneyInput,
    NumberInput,
    Option,
    RowModel,
    Segmented,
    Sheet,
    TableView,
    TextInput,
    save_and_cancel,
)
from desktop.widgets.parsing import format_cents
from shared_models.catalog.models import Level, ServiceFormat, ServiceOffered
from shared_models.catalog.operations import add_service, copy_prices, offer, set_offered
from shared_models.organization.countries import currency_words
from shared_models.schedule.price_changes import booked_count, set_price

_FIRST_PRICE_COLUMN = 2


class ServicesSection(Section):
    """The list with the price panel beside it."""

    key: ClassVar[str] = "services"
    title: ClassVar[str] = "Services and prices"
    table: ClassVar[str] = "service_offered"
    tables: ClassVar[frozenset[str]] = frozenset({"service", "service_offered", "location", "organization"})
    wide: ClassVar[bool] = True

    def build(self) -> None:
        """The table, and the panel that opens for a row."""
        self._services = Services((), (), "USD")
        self._model: RowModel[ServiceRow] = RowModel(self._columns())
        self.list = TableView(self._model, "Services")
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked_cell.connect(self._clicked)
        self.list.opened.connect(lambda line: self._open(line, 0))
        self.content.addWidget(self.list)
        self.content.addStretch(1)
        self._same = Button("Same as the other location", small=True, on_click=self.open_copy_menu)
        self._own = Button("Own service", icon="plus", small=True, on_click=self.open_own)
        self.tools.addWidget(self._same)
        self.tools.addWidget(self._own)
        self.guard(self._same, self._own)
        self.panel = PricePanel()
        self.panel.saved.connect(self._save_price)
        self.panel.closed.connect(lambda: self.list.select_row(-1))
        self.panel.hide()
        self.row.addWidget(self.panel)
        self._place = ""

    def _columns(self) -> list[Column[ServiceRow]]:
        columns: list[Column[ServiceRow]] = [
            Column("Service", lambda row: Cell("   " + row.short_name, tone="text" if row.is_offered else "text3")),
            Column("Students", lambda row: Cell(str(row.capacity), tone="text2"), 84, right=True),
        ]
        for location_id, name in self._services.locations:
            shorter = name.removesuffix(" Office")
            columns.append(Column(shorter, lambda row, place=location_id: self._price(row, place), 116, right=True))  # type: ignore[misc]
        columns.append(Column("Offered", self._offered, 96, right=True))
        return columns

    def _offered(self, row: ServiceRow) -> Cell:
        if self._places():
            return Cell(switch=row.is_offered)
        return Cell("yes" if row.is_offered else "no", tone="text2" if row.is_offered else "text3")

    def _price(self, row: ServiceRow, location_id: str) -> Cell:
        cents = row.cents_at(location_id)
        if cents is None:
            return Cell("not offered", tone="text3")
        return Cell("free" if cents == 0 else format_cents(cents, self._services.sign))

    def read(self) -> None:
        """Read all services again, keeping the row that is open."""
        line = self.list.current_row()
        chosen = self._model.row(line) if 0 <= line < self._model.rowCount() else None
        with self.reading() as session:
            self._services = read_services(session, self.store.organization_id)
        rows: list[ServiceRow | Group] = []
        for title, family, members in self._services.grouped():
            rows.append(Group(title, family.value))
            rows += members
        self._model.columns = self._columns()
        self._model.set_rows(rows)
        self.list.fit_height()
        offered = sum(row.is_offered for row in self._services.rows)
        self.under_title.setText(
            f"{offered} of {len(self._services.rows)} services offered. Prices are per hour and student, in "
            f"{currency_words(self._services.currency)}."
        )
        self._same.setVisible(self.can_write and len(self._services.locations) > 1)
        self._own.setVisible(self.can_write)
        if isinstance(chosen, ServiceRow):
            self.list.blockSignals(True)
            self.list.select_row(self._line_of(chosen.id))
            self.list.blockSignals(False)

    def bring_up(self, proposal: Proposal) -> None:
        """The price panel of the service and location that something is proposed to."""
        self.read()
        with self.reading() as session:
            offered = session.get(ServiceOffered, (self.store.organization_id, proposal.row_id))
        if offered is None:
            return
        places = [place_id for place_id, _ in self._services.locations]
        column = places.index(offered.location_id) if offered.location_id in places else 0
        self._open(self._line_of(offered.service_id), _FIRST_PRICE_COLUMN + column)

    def put_down(self) -> None:
        """Close the panel."""
        self.panel.close_panel()

    def _line_of(self, service_id: str) -> int:
        rows = self._model.rows()
        return next(
            (number for number, row in enumerate(rows) if isinstance(row, ServiceRow) and row.id == service_id), -1
        )

    def _clicked(self, line: int, column: int) -> None:
        row = self._model.row(line)
        if not isinstance(row, ServiceRow):
            return
        last = len(self._model.columns) - 1
        if column == last:
            if self._places():
                self._switch(row)
            return
        self._open(line, column)

    def _switch(self, row: ServiceRow) -> None:
        places = self._places()
        turned_on = not row.is_offered
        if turned_on:
            places = [place_id for place_id in places if place_id in row.offered] or places
        words = f"{'Offer' if turned_on else 'No longer offer'} {row.name}"
        self.save(words, lambda session: set_offered(session, self.store.organization_id, row.id, places, turned_on))

    def _places(self) -> list[str]:
        """The locations at which the person here may change what is offered."""
        return [place_id for place_id, _ in self._services.locations if self.may_change_at(place_id)]

    def _open(self, line: int, column: int) -> None:
        row = self._model.row(line)
        if not isinstance(row, ServiceRow) or not self._services.locations:
            return
        number = min(max(column - _FIRST_PRICE_COLUMN, 0), len(self._services.locations) - 1)
        self._place = self._services.locations[number][0]
        with self.store.read() as session:
            booked = booked_count(session, self.store.organization_id, row.id, [self._place], self.clock())
        self.list.select_row(line)
        can_write = self.may_change_at(self._place)
        self.panel.open_for(self._services, row, self._place, booked, can_write, not self.permissions.works_at(None))
        if can_write:
            self.panel.price.setFocus(Qt.FocusReason.TabFocusReason)

    def _save_price(self, change: PriceChange) -> None:
        organization_id = self.store.organization_id
        row = next(row for row in self._services.rows if row.id == change.service_id)

        def write(session: Session) -> None:
            for location_id in change.location_ids:
                set_price(session, organization_id, change.service_id, location_id, change.cents, now=self.clock(),
                          also_booked=change.also_booked)  # fmt: skip
            first = offer(session, organization_id, change.service_id, change.location_ids[0])
            first.display_name, first.description = change.display_name, change.description

        price = format_cents(change.cents, self._services.sign)
        if self.save_form(f"{row.name}: {price} an hour", write):
            self.panel.close_panel()
            self.list.setFocus()

    def build_copy_menu(self) -> Menu:
        """Which location takes the prices of which."""
        menu = Menu(self)
        for source_id, source in self._services.locations:
            for target_id, target in self._services.locations:
                if source_id != target_id and self.may_change_at(target_id):
                    words = f"{target}: same prices as {source}"
                    menu.add(words, lambda a=source_id, b=target_id, words=words: self._copy(a, b, words))  # type: ignore[misc]
        return menu

    def open_copy_menu(self) -> None:
        """Open the menu under its button."""
        menu = self.build_copy_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._same.mapToGlobal(self._same.rect().bottomLeft()))

    def _copy(self, source_id: str, target_id: str, words: str) -> None:
        self.save(words, lambda session: copy_prices(session, self.store.organization_id, source_id, target_id))

    def open_own(self) -> None:
        """The sheet for a service of the center's own."""
        OwnServiceSheet(self, self._services).open_sheet()


class OwnServiceSheet(Sheet):
    """Name, format, level, places and the price at each location."""

    def __init__(self, section: ServicesSection, services: Services) -> None:
        super().__init__(section, "Own service", 520)
        t = theme.current()
        self._section = section
        column = QVBoxLayout()
        column.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(20))
        column.setSpacing(t.px(13))
        self.name = Field("Name", TextInput(placeholder="Handwriting, one to one"))
        self.format = Segmented(
            [(one.value, words) for one, words in FORMAT_WORDS.items()], name="Format", stretch=True
        )
        self.format.changed.connect(self._suggest_capacity)
        self.level = ComboBox([Option(one.value, words) for one, words in LEVEL_WORDS.items()])
        self.capacity = NumberInput(1, 1, 500)
        column.addWidget(self.name)
        column.addWidget(Field("Format", self.format))
        column.addWidget(Field("Level", self.level, optional=True))
        column.addWidget(Field("Students at most", self.capacity))
        self.prices = {
            location_id: Field(f"Price per hour, {name}", MoneyInput(symbol=services.sign), optional=True)
            for location_id, name in services.locations
        }
        for field in self.prices.values():
            column.addWidget(field)
        self.body.addLayout(column)
        cancel, save = save_and_cancel("Add service", self.save, self.dismiss, None)
        self.footer.addStretch(1)
        self.footer.addWidget(cancel)
        self.footer.addWidget(save)
        self.closed.connect(self.deleteLater)

    def _suggest_capacity(self, service_format: str) -> None:
        usual = {"private": 1, "semi_private": 3, "group": 8, "workshop": 12, "camp": 20}
        self.capacity.set_value(usual[service_format])

    def open_sheet(self, first: object = None) -> None:
        """Open with the cursor in the name."""
        super().open_sheet(self.name.input)

    def save(self) -> None:
        """Add it, or say what is missing."""
        entry = self.name.input
        assert isinstance(entry, TextInput)
        name = entry.text().strip()
        self.name.set_error("" if name else "Say what parents and tutors call it.")
        prices: dict[str, int] = {}
        for location_id, field in self.prices.items():
            amount = field.input
            assert isinstance(amount, MoneyInput)
            cents = amount.cents()
            wrong = bool(amount.text().strip()) and cents is None
            field.set_error("Use an amount such as 45.00." if wrong else "")
            if wrong:
                return
            if cents is not None:
                prices[location_id] = cents
        if not name:
            return
        level = Level(self.level.value()) if self.level.value() else None
        section = self._section
        if section.save(f"Added the service {name}", lambda session: add_service(
                session, section.store.organization_id, name, ServiceFormat(self.format.value()), level,
                self.capacity.value() or 1, prices)):  # fmt: skip
            self.dismiss()
