"""The families page: all families in a list with a search that answers at each keystroke, and one family on its own
screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QStackedLayout, QWidget
from sqlalchemy.orm import Session

from desktop.leads.known_people import possible_duplicates
from desktop.page import Changes, Page
from desktop.people.family_page import FamilyView
from desktop.people.family_rows import (
    FamilyFilters,
    FamilyRow,
    FamilyRows,
    FamilySort,
    PeopleCenter,
    count_families,
    load_center,
    load_ids,
)
from desktop.people.new_family_sheet import NewFamilySheet
from desktop.people.reach import own_part
from desktop.people.search_index import people_index
from desktop.permissions import Permissions
from desktop.proposals import NotOpened, Proposal
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets.actions import allow
from desktop.widgets.buttons import Button
from desktop.widgets.choices import FilterChip
from desktop.widgets.fields import SearchField
from desktop.widgets.labels import Label, Tone
from desktop.widgets.panels import Card, EmptyState
from desktop.widgets.table import Cell, Column, RowModel, TableView
from shared_models.people import operations
from shared_models.people.contact import format_phone
from shared_models.people.models import Student
from shared_models.people.operations import PeopleError, Registered

_TABLES = frozenset({"family", "student", "location", "organization"})
_SORTS = (FamilySort.NAME, None, None, None, FamilySort.CITY, None, FamilySort.REGISTERED)


class FamiliesPage(Page):
    """Sends to the calendar with the id of an entry, to look at it, or of a student, to book something."""

    title = "Families"
    icon_name = "users-round"

    _filed = Signal()

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._clock = store, clock
        with store.read() as session:
            self.center: PeopleCenter = load_center(session, store.organization_id)
        self._sort, self._descending = FamilySort.NAME, False
        self._ids: list[str] = []
        self._picked = ""
        self._sheet: NewFamilySheet | None = None
        self.view: FamilyView | None = None
        self._build()
        self._make_actions()
        # What was written just now is filed in another thread; the list and a search that is open then have it.
        self._filed.connect(self._filed_anew, Qt.ConnectionType.QueuedConnection)
        stop = people_index(store).on_filed(self._filed.emit)
        self.destroyed.connect(lambda: stop())

    def refresh(self, changes: Changes) -> None:
        """Read again what changed; choice and scroll stay."""
        if {"location", "organization"} & changes.keys():
            with self._store.read() as session:
                self.center = load_center(session, self._store.organization_id)
            self.location_chip.set_choices(list(self.center.locations), self.location_chip.value())
        if self._shows_family() and self.view is not None:
            self.view.refresh(changes)
        elif _TABLES & changes.keys():
            self.reload()

    def _allow_new(self) -> None:
        """Whether, and why not, families can be registered here."""
        why = Permissions.of(self._store).why_not_new("student")
        allow(self.new_action, why)
        self.new_button.setEnabled(not why)
        self.new_button.setToolTip(why)

    def shown(self) -> None:
        """The page comes to the front: read anew, and be ready to search."""
        self._allow_new()
        if self._shows_family() and self.view is not None:
            self.view.reload()
            return
        self.reload()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_item(self, item_id: str) -> None:
        """Open a family, by its own id or by a student's."""
        family_id = item_id
        with self._store.read() as session:
            student = session.get(Student, (self._store.organization_id, item_id))
        if student is not None:
            family_id = student.family_id
        self.open_family(family_id)

    def propose(self, proposal: Proposal) -> None:
        """Open the form of a family or a student with values that are not saved. Raises NotOpened."""
        self.show_item(proposal.row_id)
        if self.view is None or not self._shows_family():
            raise NotOpened("The family is no longer on this PC. What you entered stays here.")
        self.view.propose(proposal)

    def page_actions(self) -> Sequence[QAction]:
        """What can be done with the list, or with the family on screen."""
        if self._shows_family() and self.view is not None:
            return [action for action in self.view.actions() if not action.isSeparator()]
        return super().page_actions()

    def reload(self) -> None:
        """Read the list anew and show it in place."""
        filters = self.filters()
        self._ids = load_ids(self._store, filters, self._sort, descending=self._descending)
        scrolled = self.table.verticalScrollBar().value()
        self.table.blockSignals(True)
        self.model.set_rows(FamilyRows(self._store, self._ids))
        if self._picked in self._ids:
            self.table.selectRow(self._ids.index(self._picked))
        self.table.blockSignals(False)
        self.table.verticalScrollBar().setValue(scrolled)
        live, students, archived = count_families(self._store)
        self.archived_chip.setVisible(archived > 0 or filters.archived)
        self._say_counts(filters, live, students)
        self._stack.setCurrentIndex(0 if self._ids else 1)

    def filters(self) -> FamilyFilters:
        """What the list shows."""
        return FamilyFilters(self.search.text(), self.location_chip.value(), self.archived_chip.isChecked())

    def open_family(self, family_id: str) -> None:
        """Show one family on its own screen."""
        view = self.view
        if view is None:
            view = self.view = FamilyView(self._store, self._clock)
            view.backRequested.connect(self.show_list)
            view.gone.connect(self.show_list)
            view.actionDone.connect(self.actionDone)
            view.navigate.connect(self.navigate)
            view.entryRequested.connect(lambda student_id: self.navigate.emit("Calendar", student_id))
            self._outer.addWidget(view, 1)
        if not view.open_family(family_id):
            return
        self._picked = family_id
        for widget in (self.header, self.toolbar, self._card):
            widget.hide()
        view.show()
        self._apply_sizes()
        view.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_list(self) -> None:
        """Back to all families, where one was."""
        if self.view is not None:
            self.view.students.forget_shown_health()
            self.view.hide()
        for widget in (self.header, self.toolbar, self._card):
            widget.show()
        self._apply_sizes()
        self.reload()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def new_family(self) -> None:
        """Open the form for a new family, beginning with the name that was searched for."""
        self._sheet = NewFamilySheet(
            self,
            own_part(self.center, self._store),
            self._clock().astimezone(self.center.zone).date(),
            lambda typed: possible_duplicates(self._store, typed, limit=3),
        )
        self._sheet.accepted.connect(self._register)
        self._sheet.openRequested.connect(self.open_family)
        self._sheet.closed.connect(self._forget_sheet)
        typed = self.search.text().strip()
        self._sheet.open_form(typed.title() if typed.replace(" ", "").isalpha() and not self._ids else "")

    @property
    def new_family_sheet(self) -> NewFamilySheet | None:
        """The form for a new family, while it is open."""
        return self._sheet

    def _register(self) -> None:
        sheet = self._sheet
        if sheet is None:
            return
        problems = sheet.input_problems()
        if problems:
            sheet.show_problems(problems)
            return
        values = sheet.family_values()
        last = str(values["parent1_last_name"])
        students = [
            student
            if student.values.get("last_name")
            else replace(student, values={**student.values, "last_name": last})
            for student in sheet.new_students()
        ]
        done: list[Registered] = []

        def register(session: Session) -> None:
            done.append(
                operations.register_family(
                    session,
                    self._store.organization_id,
                    values,
                    students,
                    today=self._clock().astimezone(self.center.zone).date(),
                    country=self.center.country,
                )
            )

        words = f"Registered the {last} family"
        try:
            with self._store.write(words) as session:
                register(session)
        except PeopleError as error:
            sheet.show_problems(error.problems)
            return
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return
        odd = done[0].warnings
        sheet.dismiss()
        self.search.clear()
        self.open_family(done[0].family_id)
        self.actionDone.emit(f"{words}. {' '.join(odd.values())} Kept as typed." if odd else words, True)

    def _forget_sheet(self) -> None:
        sheet, self._sheet = self._sheet, None
        if sheet is not None:
            sheet.deleteLater()

    def _build(self) -> None:
        self.search = SearchField("Find by name, phone or e-mail", shortcut="Ctrl+F")
        self.search.setMinimumWidth(self.search.sizeHint().width() + self.search.minimumSizeHint().width() // 2)
        self.search.textEdited.connect(lambda _typed: self._search())
        self.search.installEventFilter(self)
        self.location_chip = FilterChip("All locations")
        self.location_chip.set_choices(list(self.center.locations))
        self.location_chip.chosen.connect(lambda _key: self.reload())
        self.archived_chip = FilterChip("Archived", "archive", Tone.NEUTRAL)
        self.archived_chip.toggled.connect(lambda _on: self.reload())
        self.counts = Label("", "small", "text2")
        self.toolbar.add(self.search, self.location_chip, self.archived_chip)
        self.toolbar.add_right(self.counts)
        self.model: RowModel[FamilyRow] = RowModel(self._columns())
        self.table = TableView(self.model, name="Families")
        self.table.picked.connect(self._pick)
        self.table.opened.connect(lambda at: self.open_family(self._ids[at]))
        self.table.sortRequested.connect(self._sort_by)
        self.new_button = Button("New family", icon="plus", on_click=self.new_family)
        self.empty = EmptyState("users-round", "No families yet", "", self.new_button)
        self._card = Card()
        host = QWidget()
        self._stack = QStackedLayout(host)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        self._card.body.addWidget(host)
        self.body.addWidget(self._card, 1)

    def _make_actions(self) -> None:
        self.new_action = self.add_action("New family", self.new_family, icon="plus", shortcut="Ctrl+Shift+N")
        self.header.set_primary(self.new_action)
        self._allow_new()
        self.find_action = self.add_action("Find a family", self._find, icon="search", shortcut="Ctrl+F")
        self.open_action = self.add_action("Open family", self._open_picked, icon="eye")

    def _columns(self) -> list[Column[FamilyRow]]:
        country = self.center.country
        return [
            Column("Family", lambda row: Cell(row.title, strong=True, avatar=row.title), sortable=True),
            Column("Students", lambda row: Cell(_children(row), tone="text2")),
            Column("Phone", lambda row: Cell(format_phone(row.phone, country), tone="text2"), 136),
            Column("E-mail", lambda row: Cell(row.email, tone="text2"), 210),
            Column("City", lambda row: Cell(row.city, tone="text2"), 150, sortable=True),
            Column("Location", lambda row: Cell(row.locations, tone="text2"), 130),
            Column("Family since", lambda row: Cell(_since(row), tone="text2"), 120, sortable=True),
        ]

    def _apply_sizes(self) -> None:
        super()._apply_sizes()
        shows_list = not self._shows_family()
        if not shows_list:
            self.body.setContentsMargins(0, 0, 0, 0)
        self._outer.setStretchFactor(self.body, 1 if shows_list else 0)

    def _shows_family(self) -> bool:
        view = getattr(self, "view", None)
        return view is not None and not view.isHidden()

    def _search(self) -> None:
        self.table.verticalScrollBar().setValue(0)
        self.reload()

    def _filed_anew(self) -> None:
        if not self._shows_family():
            self.reload()

    def _find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _open_picked(self) -> None:
        if self._picked in self._ids:
            self.open_family(self._picked)

    def _pick(self, at: int) -> None:
        self._picked = self._ids[at]

    def _sort_by(self, column: int, descending: bool) -> None:
        sort = _SORTS[column]
        if sort is not None:
            self._sort, self._descending = sort, descending
            self.reload()

    def _say_counts(self, filters: FamilyFilters, live: int, students: int) -> None:
        count = len(self._ids)
        if filters == FamilyFilters():
            self.counts.setText(f"{live:,} families, {students:,} students")
        else:
            self.counts.setText(f"{count:,} {'family' if count == 1 else 'families'}")
        if filters.search.strip():
            typed = filters.search.strip()
            self.empty.set_words(f"Nobody found for “{typed}”", "Search for less, or register a new family.")
        elif filters != FamilyFilters():
            self.empty.set_words("No family passes these filters", "Take a filter away.")
        else:
            words = "Register the first one, or bring in a file of them in Settings."
            self.empty.set_words("No families yet", words)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down and self._ids:
                self.table.setFocus(Qt.FocusReason.OtherFocusReason)
                self.table.select_row(0)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._ids and self.search.text().strip():
                self.open_family(self._ids[0])
                return True
        return super().eventFilter(watched, event)


def _children(row: FamilyRow) -> str:
    return ", ".join(f"{first} ({grade})" if grade else first for first, grade in row.children)


def _since(row: FamilyRow) -> str:
    return f"{row.registered_on:%b} {row.registered_on.day}, {row.registered_on.year}" if row.registered_on else ""
