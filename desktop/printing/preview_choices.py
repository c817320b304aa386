"""The choices beside the print preview: what to print, of which day, place, person or class, and on which paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.background import Background
from desktop.permissions import own_places
from desktop.printing.center_values import Center, location_choices, open_center, paper_of_country
from desktop.printing.day_page import ColumnsBy
from desktop.printing.kinds import KINDS, WEEKS_AHEAD, Asks, PrintKind, PrintParameters, moved
from desktop.printing.list_values import Choice, class_choices, family_choices, tutor_choices
from desktop.printing.sheet import PageSetup, Paper
from desktop.schedule.week import Filters
from desktop.store.store import Store
from desktop.widgets import Button, ComboBox, DateInput, Field, IconButton, Line, Option, Paragraph, Segmented

_CHOICES: dict[Asks, tuple[str, Callable[[Center], list[Choice]]]] = {
    Asks.TUTOR: ("Tutor", tutor_choices),
    Asks.FAMILY: ("Family", family_choices),
    Asks.CLASS: ("Class", class_choices),
}
_MISSING = {Asks.FAMILY: "Choose a family.", Asks.CLASS: "Choose a class."}


@dataclass(frozen=True)
class _Start:
    """What the panel needs of the center to open."""

    locations: list[tuple[str, str]]
    today: date
    paper: Paper


class PrintChoices(QWidget):
    """What to print and how. `changed` is sent after each choice that makes other pages; `parameters` and `setup` say
    what is chosen, `missing` what still has to be."""

    changed = Signal()

    def __init__(
        self,
        store: Store,
        kind: PrintKind,
        parameters: PrintParameters,
        background: Background,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self._store, self._now, self._background = store, now, background
        self._parameters = parameters
        self._kind = kind
        self._turned: dict[PrintKind, str] = {}
        self._listed: set[Asks] = set()
        with store.read() as session:
            start = _Start(
                [(c.location_id, c.name) for c in location_choices(session, store.organization_id)],
                open_center(session, store.organization_id, now(), None).today,
                paper_of_country(session, store.organization_id),
            )
        self._make(start)
        self._lay_out()
        self._show_kind()

    # What is chosen

    @property
    def kind(self) -> PrintKind:
        return self._kind

    def parameters(self) -> PrintParameters:
        """What is asked for, with the filters that the preview was opened with."""
        filters = replace(self._parameters.filters, location_id=self.location.value())
        if Asks.TUTOR in self.asks:
            filters = replace(filters, tutor_id=self.people[Asks.TUTOR].value())
        return replace(
            self._parameters,
            day=self.day.value(),
            filters=filters,
            by=ColumnsBy(self.by.value()),
            weeks=int(self.weeks.value()),
            family_id=self.people[Asks.FAMILY].value(),
            series_id=self.people[Asks.CLASS].value(),
        )

    def setup(self) -> PageSetup:
        """The paper and how it is turned."""
        return PageSetup(Paper(self.paper.value()), self.orientation.value() == "landscape")

    def missing(self) -> str:
        """What still has to be chosen, in words; empty when nothing is."""
        if Asks.DAY in self.asks and self.day.value() is None:
            return "Enter a day."
        return next(
            (words for asks, words in _MISSING.items() if asks in self.asks and not self.people[asks].value()), ""
        )

    def focus_missing(self) -> None:
        """Bring the keyboard to the first field that has to be filled in."""
        for asks in _MISSING:
            if asks in self.asks and not self.people[asks].value():
                self.people[asks].setFocus()
                return

    @property
    def asks(self) -> frozenset[Asks]:
        return KINDS[self._kind].asks

    def move_by(self, steps: int) -> None:
        """To the next day, week or month (negative: back)."""
        day = self.day.value()
        if day is not None and Asks.DAY in self.asks:
            self.day.set_value(moved(self._kind, day, steps))
            self._choice_changed()

    def set_kind(self, kind: PrintKind) -> None:
        """Print something else of the same day and place."""
        self._turned[self._kind] = self.orientation.value()
        self._kind = kind
        self._show_kind()
        self._choice_changed()

    # Building

    def _make(self, start: _Start) -> None:
        asked, words = self._parameters, [(kind, KINDS[kind].name) for kind in PrintKind]
        self.what = ComboBox([Option(k.value, name) for k, name in words], self._kind.value, name="What to print")
        self.what.valueChanged.connect(self._kind_chosen)
        self.day = DateInput(start.today, asked.day or start.today, name="Day")
        self.day.valueChanged.connect(self._choice_changed)
        places = start.locations if len(start.locations) == 1 else [("", "All locations"), *start.locations]
        location_id = asked.filters.location_id if asked.filters.location_id in dict(places) else places[0][0]
        self.location = ComboBox([Option(key, name) for key, name in places], location_id, name="Location")
        self.location.valueChanged.connect(self._location_chosen)
        self.people = {asks: ComboBox(name=name) for asks, (name, _) in _CHOICES.items()}
        for box in self.people.values():
            box.valueChanged.connect(self._choice_changed)
        columns = [(ColumnsBy.TUTOR.value, "By tutor"), (ColumnsBy.ROOM.value, "By room")]
        self.by = Segmented(columns, asked.by.value, name="Columns", stretch=True)
        spans = sorted({4, WEEKS_AHEAD, 26, asked.weeks})
        self.weeks = Segmented(
            [(str(n), f"{n} weeks") for n in spans], str(asked.weeks), name="How far", stretch=True
        )
        papers = [(Paper.LETTER.value, "Letter"), (Paper.A4.value, "A4")]
        self.paper = Segmented(papers, start.paper.value, name="Paper", stretch=True)
        turns = [("landscape", "Landscape"), ("portrait", "Portrait")]
        self.orientation = Segmented(turns, "landscape", name="Orientation", stretch=True)
        for choice in (self.by, self.weeks, self.paper, self.orientation):
            choice.changed.connect(self._choice_changed)
        self.scope = Paragraph("", "small", "text2")
        self.everything = Button("Print everything", on_click=self._widen)
        self.summary = Paragraph("", "small", "text2")

    def _lay_out(self) -> None:
        t = theme.current()
        days = QHBoxLayout()
        days.setContentsMargins(0, 0, 0, 0)
        days.setSpacing(t.px(4))
        days.addWidget(self.day, 1)
        days.addWidget(IconButton("chevron-left", "Back (Alt ←)", on_click=lambda: self.move_by(-1)))
        days.addWidget(IconButton("chevron-right", "On (Alt →)", on_click=lambda: self.move_by(1)))
        day_row = QWidget()
        day_row.setLayout(days)
        day_row.setFocusProxy(self.day)
        self.day_field = Field("Day", day_row)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(16))
        column.setSpacing(t.px(12))
        column.addWidget(Field("What to print", self.what))
        self._fields = {
            Asks.FAMILY: Field("Family", self.people[Asks.FAMILY]),
            Asks.CLASS: Field("Class", self.people[Asks.CLASS]),
            Asks.DAY: self.day_field,
            Asks.WEEKS: Field("How far", self.weeks),
            Asks.LOCATION: Field("Location", self.location),
            Asks.TUTOR: Field("Tutor", self.people[Asks.TUTOR]),
            Asks.COLUMNS: Field("Columns", self.by),
        }
        for field in self._fields.values():
            column.addWidget(field)
        column.addWidget(Field("Paper", self.paper))
        column.addWidget(Field("Orientation", self.orientation))
        column.addWidget(Line())
        column.addWidget(self.scope)
        column.addWidget(self.everything)
        column.addWidget(self.summary)
        column.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        order = (self.what, *(field.focusProxy() or field for field in self._fields.values()), self.paper)
        for before, after in zip(order, (*order[1:], self.orientation), strict=False):
            if before is not None and after is not None:
                self.setTabOrder(before, after)

    # Choosing

    def _show_kind(self) -> None:
        """Show what the kind asks for, and read the lists that it chooses from."""
        words = KINDS[self._kind]
        self.what.set_value(self._kind.value)
        for asks, field in self._fields.items():
            field.setVisible(asks in words.asks)
        several = len(self.location.options()) > 1
        self._fields[Asks.LOCATION].setVisible(Asks.LOCATION in words.asks and several)
        self.day_field.label.setText(words.day_label)
        self.orientation.set_value(self._turned.get(self._kind, "portrait" if words.is_upright else "landscape"))
        self._show_scope()
        for asks in (Asks.TUTOR, Asks.FAMILY, Asks.CLASS):
            if asks in words.asks and asks not in self._listed:
                self._listed.add(asks)
                self._list(asks)

    def _list(self, asks: Asks) -> None:
        store, now, read, own = self._store, self._now(), _CHOICES[asks][1], own_places(self._store)

        def names() -> list[Choice]:
            with store.read() as session:
                return read(open_center(session, store.organization_id, now, None, own))

        if asks is Asks.TUTOR or self._wanted(asks):
            self._offer(asks, names())
        else:
            self._background.run(names, lambda found: self._offer(asks, found), lambda error: None)

    def _wanted(self, asks: Asks) -> str:
        asked = self._parameters
        return {
            Asks.TUTOR: asked.filters.tutor_id,
            Asks.FAMILY: asked.family_id,
            Asks.CLASS: asked.series_id,
        }[asks]

    def _offer(self, asks: Asks, choices: Sequence[Choice]) -> None:
        options = [Option(choice.key, choice.name) for choice in choices]
        if asks is Asks.TUTOR:
            options.insert(0, Option("", "Each tutor"))
        box = self.people[asks]
        box.setPlaceholderText("Type a name" if options else "None yet")
        box.set_options(options, self._wanted(asks))

    def _kind_chosen(self, key: str) -> None:
        if key:
            self.set_kind(PrintKind(key))
        else:
            self.what.set_value(self._kind.value)

    def _location_chosen(self) -> None:
        """A room of the former location would leave nothing of the new one."""
        filters = replace(self._parameters.filters, room_id="")
        self._parameters = replace(self._parameters, filters=filters)
        self._choice_changed()

    def _widen(self) -> None:
        """Let everything through."""
        filters = Filters(location_id=self.location.value())
        self._parameters = replace(self._parameters, filters=filters)
        self._choice_changed()

    def _choice_changed(self, *_: object) -> None:
        is_wrong = Asks.DAY in self.asks and self.day.value() is None
        self.day_field.set_error(DateInput.HELP if is_wrong else "")
        self._show_scope()
        self.changed.emit()

    def _show_scope(self) -> None:
        """Whether the filters of the calendar narrow what is printed."""
        filters = replace(self._parameters.filters, location_id="")
        if Asks.TUTOR in self.asks:
            filters = replace(filters, tutor_id="")
        is_narrow = Asks.LOCATION in self.asks and filters != Filters()
        self.scope.setVisible(is_narrow)
        self.everything.setVisible(is_narrow)
        self.scope.set_text("Printed as filtered on the calendar." if is_narrow else "")
