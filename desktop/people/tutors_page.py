"""The Tutors page: who teaches what and where, how much this week, and the panel to read or change one of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop.files.keeper import FileKeeper
from desktop.files.photos import PhotoBook
from desktop.history.folded import FoldedHistory
from desktop.history.people_chapters import tutor_chapter
from desktop.page import Changes, Page
from desktop.people.erase_sheet import Eraser
from desktop.people.tutor_form import TutorForm
from desktop.people.tutor_panel import TutorPanel
from desktop.people.tutor_rows import (
    TUTOR_TABLES,
    TutorDetails,
    TutorList,
    TutorRow,
    hours_words,
    read_tutor,
    read_tutors,
)
from desktop.proposals import NotOpened, Proposal, reading, saving
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets import Card, Cell, Column, EmptyState, FilterChip, Label, RowModel, TableView, Tone, allow
from desktop.widgets.parsing import format_cents
from shared_models.people.operations import PeopleError
from shared_models.people.photos import put_away_unshown
from shared_models.people.tutors import TutorChange, archive_tutor, change_tutor, register_tutor
from shared_models.privacy.erasure import ErasedKind

_INACTIVE = "inactive"


class TutorsPage(Page):
    """List of tutors with a side panel. Reads and writes ``store``; ``clock`` gives the present UTC instant."""

    title = "Tutors"
    icon_name = "graduation-cap"

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._clock = store, clock
        self._known = self._read()
        self._keeper = FileKeeper(store)
        self._photos = PhotoBook(store, self)
        self._photos.arrived.connect(self._show_photos)
        self._panel: TutorPanel | None = None
        self._form: TutorForm | None = None
        self._editing: str | None = None
        self._is_stale = False
        self.eraser = Eraser(self, store)
        self.eraser.said.connect(lambda words: self.actionDone.emit(words, False))
        self.eraser.erased.connect(lambda _plan: self._erased())
        self.location_chip = FilterChip("Every location", "map-pin")
        self.subject_chip = FilterChip("Any subject", "book-open")
        self.inactive_chip = FilterChip("Not active", tone=Tone.NEUTRAL)
        self.toolbar.add(self.location_chip, self.subject_chip, self.inactive_chip)
        self.counts = Label("", "body", "text2", tabular=True)
        self.toolbar.add_right(self.counts)
        self.location_chip.chosen.connect(lambda _key: self._show_rows())
        self.subject_chip.chosen.connect(lambda _key: self._show_rows())
        self.inactive_chip.toggled.connect(lambda _on: self._show_rows())
        self.model: RowModel[TutorRow] = RowModel(self._columns())
        self.table = TableView(self.model, "Tutors")
        self.table.picked.connect(self._picked)
        self.table.opened.connect(self._picked)
        self.empty = EmptyState("graduation-cap", "", "")
        card = Card()
        card.body.addWidget(self.table, 1)
        card.body.addWidget(self.empty, 1)
        self.body.addWidget(card, 1)
        self.new_action = self.add_action(
            "New tutor", lambda: self.edit(None), icon="plus", shortcut="N", helper="Adds someone who teaches."
        )
        self.edit_action = self.add_action(
            "Edit tutor", self._edit_current, icon="pencil", shortcut="E", helper="Changes the tutor in the panel."
        )
        self.header.set_primary(self.new_action)
        self._offer_filters()
        self._show_rows()

    # Reading

    def refresh(self, changes: Changes) -> None:
        if self._photos.refresh(changes) and TUTOR_TABLES.isdisjoint(changes):
            self._show_photos()
        if TUTOR_TABLES.isdisjoint(changes):
            return
        if not self.isVisible():
            self._is_stale = True
            return
        self._reload()

    def shown(self) -> None:
        if self._is_stale:
            self._reload()

    def show_item(self, item_id: str) -> None:
        for number, row in enumerate(self.model.rows()):
            if isinstance(row, TutorRow) and row.tutor_id == item_id:
                self.table.select_row(number)
        self._open_panel(item_id)

    def _read(self) -> TutorList:
        with self._store.read() as session:
            return read_tutors(session, self._store.organization_id, self._store.user_id, self._clock())

    def _reload(self) -> None:
        self._is_stale = False
        self._known = self._read()
        self._offer_filters()
        self._show_rows()
        if self._panel is not None and self._panel.isVisible():
            self._open_panel(self._panel.tutor_id)

    def _offer_filters(self) -> None:
        known = self._known
        self.location_chip.set_choices([(p.location_id, p.name) for p in known.places], self.location_chip.value())
        self.location_chip.setVisible(len(known.places) > 1)
        taught = sorted({name for row in known.rows for name in row.subjects})
        self.subject_chip.set_choices([(name, name) for name in taught], self.subject_chip.value())
        inactive = sum(not row.is_active for row in known.rows)
        self.inactive_chip.setVisible(inactive > 0 or self.inactive_chip.isChecked())
        allow(self.new_action, known.rights.why_none_new)
        self._allow_edit()

    def _show_rows(self) -> None:
        """Show the rows that pass the filters; the tutor in the panel stays chosen."""
        place, subject = self.location_chip.value(), self.subject_chip.value()
        rows = [
            row
            for row in self._known.rows
            if (not place or place in row.location_ids)
            and (not subject or subject in row.subjects)
            and (not self.inactive_chip.isChecked() or not row.is_active)
        ]
        self.model.set_columns(self._columns())
        self.model.set_rows(rows)
        self.table.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        if self._known.rows:
            self.empty.set_words("No tutor fits these filters", "Take a filter away to see more.")
        else:
            self.empty.set_words("No tutors yet", "Add them here, or import tutors.csv under Settings.")
        minutes = sum(row.week_minutes for row in rows)
        people = "1 tutor" if len(rows) == 1 else f"{len(rows)} tutors"
        self.counts.setText(f"{people}, {hours_words(minutes)} this week")
        chosen = self._panel.tutor_id if self._panel is not None and self._panel.isVisible() else ""
        number = next((n for n, row in enumerate(rows) if row.tutor_id == chosen), None)
        if number is not None:
            self.table.blockSignals(True)
            self.table.select_row(number)
            self.table.blockSignals(False)

    def _columns(self) -> list[Column[TutorRow]]:
        known = self._known

        def name(row: TutorRow) -> Cell:
            tone = "text" if row.is_active else "text2"
            second = "" if row.is_active else "not active"
            photo = self._photos.photo(row.photo_hash)
            return Cell(row.name, second, tone, strong=True, avatar=row.name, photo=photo)

        def places(row: TutorRow) -> str:
            return ", ".join(_short(known.place_name(i)) for i in row.location_ids) or "none yet"

        def week(row: TutorRow) -> Cell:
            words = hours_words(row.week_minutes) if row.week_minutes else "none"
            return Cell(words, tabular=True, tone="text" if row.week_minutes else "text3")

        def pay(row: TutorRow) -> Cell:
            if row.hourly_pay_cents is None:
                return Cell("")
            return Cell(format_cents(row.hourly_pay_cents, known.currency_symbol), tabular=True)

        columns: list[Column[TutorRow]] = [
            Column("Name", name, 216, sort_key=lambda row: row.name),
            Column("Locations", places, 152, sort_key=places),
            Column("Subjects", lambda row: Cell(", ".join(row.subjects), tone="text2")),
            Column("Priority", lambda row: Cell(str(row.priority), tabular=True), 84, right=True,
                   sort_key=lambda row: (row.priority, row.name)),
            Column("This week", week, 104, right=True, sort_key=lambda row: row.week_minutes),
        ]  # fmt: skip
        if known.rights.sees_pay:
            columns.append(Column("Pay", pay, 92, right=True, sort_key=lambda row: row.hourly_pay_cents or 0))
        return columns

    # The panel

    def _picked(self, number: int) -> None:
        row = self.model.row(number)
        if isinstance(row, TutorRow) and self._form is None:
            self._open_panel(row.tutor_id)

    def _open_panel(self, tutor_id: str) -> None:
        with self._store.read() as session:
            tutor = read_tutor(session, self._store.organization_id, tutor_id, self._known)
        if tutor is None:
            self._close_panel()
            return
        if self._panel is None:
            self._panel = TutorPanel(self._photos, FoldedHistory(self._store, tutor_chapter, style="body_strong"))
            self._panel.editRequested.connect(self.edit)
            self._panel.calendarRequested.connect(lambda tutor_id: self.navigate.emit("Calendar", tutor_id))
            self._panel.vacationRequested.connect(lambda tutor: self.navigate.emit("Calendar", f"vacation {tutor}"))
            self._panel.closed.connect(self._close_panel)
            self._panel.hide()
            self.body.addWidget(self._panel)
        self._panel.show_tutor(tutor, self._known)
        self._allow_edit(tutor)
        if self._form is None:
            self._panel.open_panel()

    def _allow_edit(self, tutor: TutorDetails | None = None) -> None:
        """Whether, and why not, the tutor in the panel can be changed."""
        allow(self.edit_action, self._known.rights.why_not(tutor.location_ids) if tutor else "Choose a tutor first.")

    def _close_panel(self) -> None:
        self._allow_edit()
        if self._panel is not None:
            self._panel.hide()
        self.table.clearSelection()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    # Changing

    def edit(self, tutor_id: str | None) -> None:
        """Open the form for a tutor, or for a new one."""
        rights = self._known.rights
        if tutor_id is None and rights.why_none_new:
            return
        tutor = None
        if tutor_id is not None:
            with self._store.read() as session:
                tutor = read_tutor(session, self._store.organization_id, tutor_id, self._known)
            if tutor is None:
                return
            why = rights.why_not(tutor.location_ids)
            if why:
                self.actionDone.emit(why, False)
                return
        self._open_form(tutor)

    def _open_form(self, tutor: TutorDetails | None, proposal: Proposal | None = None) -> None:
        self._drop_form()
        self._editing = tutor.tutor_id if tutor is not None else None
        photo = self._photos.photo(tutor.photo_hash) if tutor is not None else None
        form = TutorForm(self._known, tutor, self._keeper, photo, proposal=proposal)
        form.saved.connect(self._save)
        form.cancelled.connect(self._leave_form)
        form.archiveRequested.connect(self._archive)
        form.eraseRequested.connect(self.erase)
        self._form = form
        if self._panel is not None:
            self._panel.hide()
        self.body.addWidget(form)
        form.open_panel(animated=False)
        form.start()

    def propose(self, proposal: Proposal) -> None:
        """Open the form of a tutor with values that are not saved. Raises NotOpened."""
        if self._form is not None and self._form.proposal is None and self._form.is_changed():
            raise NotOpened("Save or cancel what you are changing first.")
        with reading(self._store, proposal) as session:
            tutor = read_tutor(session, self._store.organization_id, proposal.row_id, self._known)
        if tutor is None:
            raise NotOpened("The tutor is no longer here. What you entered stays here.")
        rights = self._known.rights
        why = rights.why_not(tutor.location_ids)
        if why or not rights.writes_something:
            raise NotOpened(f"{why or 'You may not change tutors.'} What you entered stays here.")
        self._open_form(tutor, proposal)

    def _edit_current(self) -> None:
        if self._panel is not None and self._panel.isVisible():
            self.edit(self._panel.tutor_id)

    def _save(self, change: TutorChange) -> None:
        organization_id, tutor_id, now = self._store.organization_id, self._editing, self._clock()
        name = self._name_of(change)
        words = f"Changed {name}" if tutor_id else f"Added {name}"
        photo = self._form.photo if self._form is not None else None
        before = self._photo_of(tutor_id)
        proposal = self._form.proposal if self._form is not None else None
        try:
            with saving(self._store, words, proposal) as session:
                if photo is not None and photo.new_file is not None:
                    self._keeper.record(session, photo.new_file)
                if tutor_id is None:
                    tutor_id = register_tutor(session, organization_id, change, now=now, country=self._known.country)
                else:
                    change_tutor(session, organization_id, tutor_id, change, now=now, country=self._known.country)
                put_away_unshown(session, organization_id, before, now=now)
        except PeopleError as refused:
            if self._form is not None:
                self._form.show_problems(refused.problems)
            return
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return
        self._drop_form()
        self._reload()
        self.show_item(tutor_id)
        self.actionDone.emit(words, True)

    def _photo_of(self, tutor_id: str | None) -> str:
        return next((row.photo_hash for row in self._known.rows if row.tutor_id == tutor_id), "")

    def _show_photos(self) -> None:
        """Photos have come: show them where they are missing."""
        self.table.viewport().update()
        if self._panel is not None and self._panel.isVisible():
            self._panel.show_photo()
        if self._form is not None and self._form.photo is not None:
            self._form.photo.set_photo(self._photos.photo(self._form.photo.photo_hash))

    def shut_down(self) -> None:
        self._photos.close()

    def _archive(self, tutor_id: str) -> None:
        name = next((row.name for row in self._known.rows if row.tutor_id == tutor_id), "the tutor")
        try:
            with self._store.write(f"Archived {name}") as session:
                archive_tutor(session, self._store.organization_id, tutor_id, now=self._clock())
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return
        self._drop_form()
        self._close_panel()
        self._reload()
        self.actionDone.emit(f"Archived {name}", True)

    def erase(self, tutor_id: str) -> None:
        """Ask the owner whether to erase a tutor for good, saying what goes; the server does it."""
        if self._known.rights.is_owner:
            self.eraser.ask(ErasedKind.TUTOR, tutor_id, self._clock())

    def _erased(self) -> None:
        self._drop_form()
        self._close_panel()

    def _name_of(self, change: TutorChange) -> str:
        if change.user is not None:
            return f"{change.user.get('first_name', '')} {change.user.get('last_name', '')}".strip()
        return next((row.name for row in self._known.rows if row.tutor_id == self._editing), "the tutor")

    def _leave_form(self) -> None:
        editing = self._editing
        self._drop_form()
        if editing is not None:
            self._open_panel(editing)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _drop_form(self) -> None:
        form, self._form, self._editing = self._form, None, None
        if form is not None:
            self.body.removeWidget(form)
            form.hide()
            form.deleteLater()


def _short(place: str) -> str:
    """``Irvington Office`` as ``Irvington``."""
    return place.removesuffix(" Office")
