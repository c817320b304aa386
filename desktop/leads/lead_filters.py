"""The filters of the leads page: chips for owner, source, temperature, subject and stage, sets of them kept under a
name, and a search."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal

from desktop import theme
from desktop.leads.lead_rows import LeadChoices, LeadFilters, save_filters, saved_filters
from desktop.leads.wording import SOURCE_WORDS, STAGE_WORDS, TEMPERATURE_WORDS
from desktop.page import Toolbar
from desktop.people.search_index import people_index
from desktop.store.store import Store
from desktop.widgets.choices import FilterChip, Menu
from desktop.widgets.fields import SearchField
from desktop.widgets.labels import Label
from shared_models.leads.models import LeadSource, LeadStage, Temperature


class LeadFilterBar(QObject):
    """Puts the chips into a page's toolbar. `changed` is sent when something else is to be shown."""

    changed = Signal()
    _filed = Signal()

    def __init__(self, store: Store, choices: LeadChoices, toolbar: Toolbar) -> None:
        super().__init__(toolbar)
        self._store = store
        self._toolbar = toolbar
        self.owner = FilterChip("Everyone’s")
        self.source = FilterChip("Any source")
        self.temperature = FilterChip("Any temperature")
        self.subject = FilterChip("Any subject")
        self.stage = FilterChip("Any stage")
        self.saved = SavedFiltersChip(self)
        self.search = SearchField("Find a lead", shortcut="Ctrl+F")
        self.summary = Label("", "small", "text2")
        for chip in (self.owner, self.source, self.temperature, self.subject, self.stage):
            chip.chosen.connect(lambda _key: self.changed.emit())
            toolbar.add(chip)
        toolbar.add(self.saved)
        toolbar.add_right(self.summary, self.search)
        self.search.setMaximumWidth(self.search.minimumSizeHint().width() + 40)
        self.search.textEdited.connect(lambda _typed: self.changed.emit())
        self.stage.hide()
        self.source.set_choices([(source.value, SOURCE_WORDS[source]) for source in LeadSource])
        levels = [(each.value, TEMPERATURE_WORDS[each]) for each in Temperature]
        self.temperature.set_choices([*levels, ("none", "Not set")])
        self.stage.set_choices([(stage.value, STAGE_WORDS[stage]) for stage in LeadStage])
        self.set_choices(choices)
        toolbar.installEventFilter(self)
        # What was written just now is filed in another thread; a search that is open then finds it.
        self._filed.connect(self._search_again, Qt.ConnectionType.QueuedConnection)
        stop = people_index(store).on_filed(self._filed.emit)
        self.destroyed.connect(lambda: stop())

    def set_choices(self, choices: LeadChoices) -> None:
        """Offer these owners and subjects; what is chosen stays."""
        people = [(key, words) for key, words in choices.people if key != self._store.user_id]
        mine = [("me", "Mine")] if self._store.user_id else []
        self.owner.set_choices([*mine, ("nobody", "Nobody’s yet"), *people], self.owner.value())
        self.subject.set_choices(list(choices.subjects), self.subject.value())

    def filters(self) -> LeadFilters:
        """What is to be shown."""
        return LeadFilters(
            owner=self.owner.value(),
            source=self.source.value(),
            temperature=self.temperature.value(),
            subject=self.subject.value(),
            stage="" if self.stage.isHidden() else self.stage.value(),
            search=self.search.text(),
        )

    def set_filters(self, filters: LeadFilters) -> None:
        """Filter like this."""
        self.owner.set_value(filters.owner)
        self.source.set_value(filters.source)
        self.temperature.set_value(filters.temperature)
        self.subject.set_value(filters.subject)
        self.stage.set_value(filters.stage)
        self.search.setText(filters.search)
        self.changed.emit()

    def clear(self) -> None:
        """Show all leads."""
        self.set_filters(LeadFilters())

    def set_summary(self, words: str) -> None:
        """The words at the right: how many leads there are."""
        self.summary.setText(words)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fit()
        return False

    def _fit(self) -> None:
        """The summary gives way where the chips and the search need its room."""
        size = theme.current().size
        chips, search = self._toolbar.left.sizeHint().width(), self.search.minimumSizeHint().width()
        room = self._toolbar.width() - 2 * size.margin - chips - search - 4 * self._toolbar.left.spacing()
        self.summary.setVisible(self.summary.sizeHint().width() <= room)

    def show_stage_chip(self, shown: bool) -> None:
        """The board shows stages by itself; the table needs a chip for them."""
        self.stage.setVisible(shown)

    def keep_as(self, name: str) -> None:
        """Keep the filters in force under a name."""
        save_filters(self._store, name, self.filters())

    def forget(self, name: str) -> None:
        """Forget the filters kept under a name."""
        save_filters(self._store, name, None)

    def kept(self) -> dict[str, LeadFilters]:
        """The filters that were kept."""
        return saved_filters(self._store)

    def words(self) -> str:
        """The filters in force, in words: the name under which they are kept."""
        chips = (self.owner, self.source, self.temperature, self.subject, self.stage)
        return ", ".join(chip.text() for chip in chips if chip.value() and not chip.isHidden())

    def _search_again(self) -> None:
        if self.search.text().strip():
            self.changed.emit()


class SavedFiltersChip(FilterChip):
    """Opens the filters that were kept, and keeps the ones in force."""

    def __init__(self, bar: LeadFilterBar) -> None:
        super().__init__("Saved filters")
        self._bar = bar
        self.set_choices([("kept", "")])

    def build_menu(self) -> Menu:
        """The kept filters, then what can be done with those in force."""
        menu = Menu(self)
        kept = self._bar.kept()
        now = self._bar.filters()
        for name, filters in kept.items():
            menu.add(name, lambda filters=filters: self._bar.set_filters(filters), checked=filters == now)  # type: ignore[misc]
        words = self._bar.words()
        if kept:
            menu.addSeparator()
        if words and words not in kept:
            menu.add(f"Save “{words}”", lambda: self._bar.keep_as(words), "plus")
        elif words:
            menu.add(f"Forget “{words}”", lambda: self._bar.forget(words), "x")
        if not now.is_empty:
            menu.add("Show all leads", self._bar.clear, "filter")
        if not menu.actions():
            menu.add("Choose filters first, then save them here", lambda: None).setEnabled(False)
        return menu
