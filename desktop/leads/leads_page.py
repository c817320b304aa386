"""The leads page: board, table and "To do today" over the same leads, the filters, the panel of one lead, and
everything the desk does with it. Each change is one write with a description, so that it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QWidget
from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop import theme
from desktop.history.folded import FoldedHistory
from desktop.history.people_chapters import lead_chapter
from desktop.leads.board import LeadBoard
from desktop.leads.convert_sheet import ConvertSheet
from desktop.leads.entry_sheet import LeadEntrySheet
from desktop.leads.known_people import possible_duplicates
from desktop.leads.lead_filters import LeadFilterBar
from desktop.leads.lead_panel import LeadPanel
from desktop.leads.lead_rows import (
    LeadFilters,
    LeadRow,
    SortBy,
    badge_count,
    center_of,
    for_today,
    load_choices,
    load_history,
    load_leads,
)
from desktop.leads.lead_table import LeadTable, today_rows
from desktop.leads.wording import OUTCOME_BUTTONS, OUTCOME_ICONS, STAGE_WORDS, contact_words
from desktop.page import Changes, Page
from desktop.people.erase_sheet import Eraser
from desktop.permissions import Permissions
from desktop.proposals import NoForm, NotOpened, Proposal, reading, saving
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets.choices import Segmented
from desktop.widgets.panels import EmptyState
from shared_models.access.models import Role
from shared_models.leads import operations
from shared_models.leads.duplicates import TypedPerson
from shared_models.leads.models import Lead, LeadStage
from shared_models.leads.operations import EDITABLE_FIELDS, LeadError
from shared_models.leads.stages import USUAL_OUTCOMES
from shared_models.people.models import Student
from shared_models.people.operations import PeopleError
from shared_models.people.search import PersonKind
from shared_models.privacy.erasure import ErasedKind

_VIEWS = (("board", "Board"), ("table", "Table"), ("today", "To do today"))
_CHOICE_TABLES = frozenset({"user", "user_role", "subject", "topic", "location", "organization"})


class LeadsPage(Page):
    """Sends to the calendar with the id of a student who was registered, to book the first session."""

    title = "Leads"
    icon_name = "user-round-plus"

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._clock = store, clock
        with store.read() as session:
            self.center = center_of(session, store.organization_id)
            self.choices = load_choices(session, store.organization_id)
        self._sort, self._descending = SortBy.WAITING, False
        self._rows: list[LeadRow] = []
        self._selected = ""
        self._entry: LeadEntrySheet | None = None
        self._convert: ConvertSheet | None = None
        self.panel: LeadPanel | None = None
        self.eraser = Eraser(self, store)
        self.eraser.said.connect(lambda words: self.actionDone.emit(words, False))
        self._may_erase = Role.OWNER in Permissions.of(store).roles
        self._build()
        self._make_actions()
        self._is_read = False

    def refresh(self, changes: Changes) -> None:
        """Read again what changed; choice, scroll and whatever is being typed stay as they are."""
        if _CHOICE_TABLES & changes.keys():
            with self._store.read() as session:
                self.center = center_of(session, self._store.organization_id)
                self.choices = load_choices(session, self._store.organization_id)
            self.filters.set_choices(self.choices)
        if (_CHOICE_TABLES | {"lead", "lead_contact"}) & changes.keys():
            self.reload()

    def shown(self) -> None:
        """Count the days anew, and show the leads if that was not done yet."""
        self.reload()

    def show_item(self, item_id: str) -> None:
        """Open the panel of a lead; leads that a filter hides are shown again."""
        if all(row.id != item_id for row in self._rows):
            self.filters.clear()
        self.open_lead(item_id)

    def propose(self, proposal: Proposal) -> None:
        """Open the panel of a lead with values that are not saved. Raises NotOpened."""
        if not proposal.touches("lead", EDITABLE_FIELDS):
            raise NoForm("The form of a lead shows none of this.")
        with reading(self._store, proposal) as session:
            lead = session.get(Lead, (self._store.organization_id, proposal.row_id))
        if lead is None:
            raise NotOpened("The lead is no longer on this PC. What you entered stays here.")
        if self.panel is None:
            self._build_panel()
        assert self.panel is not None
        self.panel.drop_proposal()
        self._selected = lead.id
        self.panel.show_proposal(lead, proposal)
        if not self.panel.isVisible():
            self.panel.open_panel()
        self.pick_lead(lead.id)
        self.panel.fields.inputs["parent_first_name"].setFocus(Qt.FocusReason.OtherFocusReason)

    def reload(self) -> None:
        """Read the leads anew and show them in place."""
        filters = self.filters.filters()
        now = self._clock()
        self._rows = load_leads(
            self._store, filters, now=now, zone=self.center.zone, sort=self._sort, descending=self._descending
        )
        today = now.astimezone(self.center.zone).date()
        due = for_today(self._rows, today)
        self.views.set_count("today", len(due))
        if self.views.value() == "board":
            by_waiting = sorted(self._rows, key=lambda row: row.last_contact_at or row.created_at, reverse=True)
            self.board.set_rows(by_waiting)
            self.board.select(self._selected)
            self._nothing.set_words(*_empty_words(filters))
            self._stack.setCurrentWidget(self.board if self._rows else self._nothing)
        elif self.views.value() == "table":
            self.table.set_rows(self._rows, _empty_words(filters))
            self.table.select(self._selected)
        else:
            nothing = ("Nothing to do today", "No call-back is due, and nobody has been waiting for too long.")
            self.today.set_rows(today_rows(due, today), nothing)
            self.today.select(self._selected)
        self.filters.set_summary(_summary(len(self._rows), filters))
        self._show_in_panel()
        self._enable_actions()
        self.badgeChanged.emit(badge_count(self._store))

    def new_lead(self) -> None:
        """Open the entry form."""
        if self._entry is None:
            self._entry = LeadEntrySheet(self, self._store, self._clock, self.choices, self.center)
            self._entry.saved.connect(self._lead_saved)
            self._entry.openRequested.connect(self._open_known)
            self._entry.putAside.connect(
                lambda: self.actionDone.emit("Put the new lead aside. New lead brings it back.", False)
            )
        self._entry.open_form()

    @property
    def entry_sheet(self) -> LeadEntrySheet | None:
        """The entry form, once it was opened."""
        return self._entry

    @property
    def convert_sheet(self) -> ConvertSheet | None:
        """The form that registers a family, while it is open."""
        return self._convert

    @property
    def selected(self) -> str:
        """The id of the chosen lead, or ""."""
        return self._selected

    def pick_lead(self, lead_id: str) -> None:
        """Choose a lead; an open panel follows."""
        self._selected = lead_id
        for view in (self.board, self.table, self.today):
            view.select(lead_id)
        self._show_in_panel()
        self._enable_actions()

    def open_lead(self, lead_id: str) -> None:
        """Choose a lead and open its panel."""
        if self.panel is None:
            self._build_panel()
        assert self.panel is not None
        self._selected = lead_id
        if not self.panel.isVisible():
            self.panel.open_panel()
        self.pick_lead(lead_id)
        if self.views.value() == "board":
            self.board.select(lead_id, reveal=True)

    def contact(self, lead_id: str, key: str, note: str = "") -> None:
        """Record one of the usual outcomes, and move the stage as its button says."""
        usual = USUAL_OUTCOMES[key]
        title = self._title(lead_id)
        words = contact_words(usual.method, usual.outcome)
        self._write(
            f"{title}: {words[:1].lower()}{words[1:]}",
            lambda session: operations.record_contact(
                session,
                self._store.organization_id,
                lead_id,
                usual.method,
                usual.outcome,
                now=self._clock(),
                user_id=self._store.user_id,
                note=note,
            ),
        )

    def take(self, lead_id: str) -> None:
        """Make the lead the signed-in user's."""
        user_id = self._store.user_id
        if user_id is None:
            self.actionDone.emit("Sign in first, so that the lead can become yours.", False)
            return
        self._write(
            f"Took {self._title(lead_id)}",
            lambda session: operations.take_lead(session, self._store.organization_id, lead_id, user_id),
        )

    def move_to_stage(self, lead_id: str, stage: LeadStage) -> None:
        """Put a lead into a stage by hand."""
        self._write(
            f"Moved {self._title(lead_id)} to {STAGE_WORDS[stage]}",
            lambda session: operations.move_lead(session, self._store.organization_id, lead_id, stage),
        )

    def erase(self) -> None:
        """Ask the owner whether to erase the chosen lead for good; the server does it."""
        if self._selected and self._may_erase:
            self.eraser.ask(ErasedKind.LEAD, self._selected, self._clock())

    def archive(self) -> None:
        """Hide the chosen lead."""
        lead_id = self._selected
        if lead_id and self._write(
            f"Archived {self._title(lead_id)}",
            lambda session: operations.archive_lead(session, self._store.organization_id, lead_id, now=self._clock()),
        ):
            self._selected = ""
            if self.panel is not None:
                self.panel.close_panel()

    def convert(self) -> None:
        """Open the form that registers the chosen lead's family."""
        lead = self._read_lead(self._selected)
        if lead is None or lead.family_id is not None:
            return
        name = f"{lead.parent_first_name} {lead.parent_last_name}".strip()
        known = possible_duplicates(self._store, TypedPerson(name, lead.phone, lead.email), limit=8)
        families = [one for one in known if one.match.person.kind is PersonKind.FAMILY][:3]
        # A student belongs to a location at which the person here may register one.
        works_at = Permissions.of(self._store).works_at
        places = tuple(place for place in self.choices.locations if works_at(place[0]))
        choices = replace(self.choices, locations=places)
        self._convert = ConvertSheet(self, lead, families, choices, self.center)
        self._convert.accepted.connect(self._register)
        self._convert.closed.connect(self._forget_convert)
        self._convert.open_sheet(self._convert.inputs["parent1_first_name"])

    def _register(self) -> None:
        sheet = self._convert
        if sheet is None:
            return
        title, lead_id = self._title(sheet.lead_id), sheet.lead_id

        def register(session: Session) -> None:
            operations.convert_lead(
                session,
                self._store.organization_id,
                lead_id,
                location_id=sheet.location_id(),
                today=self._clock().astimezone(self.center.zone).date(),
                family_values=sheet.family_values(),
                students=sheet.students(),
                family_id=sheet.family_id(),
                country=self.center.country,
            )

        try:
            done = self._write(f"Registered the family of {title}", register)
        except PeopleError as error:
            sheet.show_problems(error.problems)
            return
        if done:
            sheet.dismiss()
            self.open_lead(lead_id)

    def _forget_convert(self) -> None:
        if self._convert is not None:
            self._convert.deleteLater()
            self._convert = None

    def _build(self) -> None:
        t = theme.current()
        self.views = Segmented(_VIEWS, name="How to show leads")
        self.views.changed.connect(self._show_view)
        self.header.add_view_switch(self.views)
        self.filters = LeadFilterBar(self._store, self.choices, self.toolbar)
        self.filters.changed.connect(self.reload)
        self.board = LeadBoard()
        self.table = LeadTable(self.center.country)
        self.today = LeadTable(self.center.country, sortable=False)
        self._stack = QStackedWidget()
        for view in (self.board, self.table, self.today):
            self._stack.addWidget(view)
            view.picked.connect(self._pick_from_view)
            view.opened.connect(self.open_lead)
        self.board.moved.connect(self.move_to_stage)
        self.board.contacted.connect(self.contact)
        self.board.taken.connect(self.take)
        self.table.sortRequested.connect(self._sort_table)
        self._nothing = EmptyState("inbox", *_empty_words(LeadFilters()))
        self._stack.addWidget(self._nothing)
        self.body.setSpacing(t.px(12))
        self.body.addWidget(self._stack, 1)

    def _make_actions(self) -> None:
        self.new_action = self.add_action("New lead", self.new_lead, icon="plus", shortcut="Ctrl+L")
        self.header.set_primary(self.new_action)
        self.open_action = self.add_action(
            "Open lead", lambda: self.open_lead(self._selected), icon="eye", shortcut="O"
        )
        shortcuts = {"answered": "A", "no_answer": "W", "emailed": "E", "dm_sent": "D"}
        self.outcome_actions = {
            key: self.add_action(
                f"{words}: note a contact",
                lambda key=key: self.contact(self._selected, key),  # type: ignore[misc]
                icon=OUTCOME_ICONS[key],
                shortcut=shortcuts[key],
                helper="Notes the time, and moves the stage as the button says.",
            )
            for key, words in OUTCOME_BUTTONS.items()
        }
        self.take_action = self.add_action(
            "Take this lead", lambda: self.take(self._selected), icon="user-check", shortcut="T"
        )
        self.convert_action = self.add_action("Register family", self.convert, icon="users-round", shortcut="R")
        self.archive_action = self.add_action("Archive lead", self.archive, icon="archive", shortcut="Delete")
        self.erase_action = self.add_action(
            "Erase lead for good", self.erase, icon="trash-2", helper="For the owner: on every PC, without undo."
        )
        self.erase_action.setVisible(self._may_erase)
        self.find_action = self.add_action(
            "Find a lead", self.filters.search.setFocus, icon="search", shortcut="Ctrl+F"
        )
        self.clear_action = self.add_action("Show all leads", self.filters.clear, icon="filter")
        self._enable_actions()

    def _build_panel(self) -> None:
        changes = FoldedHistory(self._store, lead_chapter)
        self.panel = LeadPanel(self.choices, self.center, self._clock, changes)
        self.panel.contacted.connect(lambda key, note: self.contact(self._selected, key, note))
        self.panel.taken.connect(lambda: self.take(self._selected))
        self.panel.fieldChanged.connect(self._change_field)
        self.panel.convertRequested.connect(self.convert)
        self.panel.familyRequested.connect(lambda family_id: self.navigate.emit("Families", family_id))
        self.panel.scheduleRequested.connect(self._schedule)
        self.panel.archiveRequested.connect(self.archive)
        self.panel.eraseRequested.connect(self.erase)
        self.panel.proposalSaved.connect(self._save_proposal)
        self.panel.proposalDropped.connect(self._drop_proposal)
        self.panel.may_erase = self._may_erase
        self.panel.hide()
        self.body.addWidget(self.panel)

    def _enable_actions(self) -> None:
        row = next((row for row in self._rows if row.id == self._selected), None)
        for action in (self.open_action, self.archive_action, *self.outcome_actions.values()):
            action.setEnabled(row is not None)
        self.erase_action.setEnabled(row is not None and self._may_erase)
        self.take_action.setEnabled(row is not None and row.owner_id != self._store.user_id)
        self.convert_action.setEnabled(row is not None and row.family_id is None)

    def _show_view(self, key: str) -> None:
        self._stack.setCurrentIndex([name for name, _ in _VIEWS].index(key))
        self.filters.show_stage_chip(key == "table")
        self.reload()

    def _sort_table(self, sort: SortBy, descending: bool) -> None:
        self._sort, self._descending = sort, descending
        self.reload()

    def _pick_from_view(self, lead_id: str) -> None:
        if lead_id != self._selected:
            self.pick_lead(lead_id)

    def _show_in_panel(self) -> None:
        if self.panel is None or self.panel.isHidden():
            return
        if self.panel.proposal is not None:
            if self.panel.proposal.row_id == self._selected:
                return
            self.panel.drop_proposal()
        lead = self._read_lead(self._selected)
        if lead is None:
            self.panel.close_panel()
            return
        with self._store.read() as session:
            history = load_history(session, self._store.organization_id, lead.id)
        owner = dict(self.choices.people).get(lead.owner_user_id or "", "")
        self.panel.show_lead(lead, history, owner)

    def _read_lead(self, lead_id: str) -> Lead | None:
        if not lead_id:
            return None
        with self._store.read() as session:
            lead = session.get(Lead, (self._store.organization_id, lead_id))
        return lead if lead is not None and lead.archived_at is None else None

    def _change_field(self, values: dict[str, object]) -> None:
        lead_id, panel = self._selected, self.panel
        if panel is None or panel.lead is None:
            return
        lead_id = panel.lead.id
        stage = values.get("stage")
        if isinstance(stage, LeadStage):
            self.move_to_stage(lead_id, stage)
            return
        warnings: dict[str, str] = {}

        def change(session: Session) -> None:
            warnings.update(
                operations.change_lead(
                    session, self._store.organization_id, lead_id, values, country=self.center.country
                )
            )

        try:
            self._write(f"Changed {self._title(lead_id)}", change)
        except LeadError as error:
            panel.fields.show_problems(error.problems)
            return
        if warnings and panel.lead is not None:
            panel.fields.show_lead(panel.lead, warnings)

    def _save_proposal(self) -> None:
        panel = self.panel
        values = panel.fields.changed_values() if panel is not None else None
        if panel is None or panel.proposal is None or values is None:
            return
        lead_id, organization_id = panel.proposal.row_id, self._store.organization_id
        stage = values.pop("stage", None)
        words = f"Changed {self._title(lead_id)}"
        try:
            with saving(self._store, words, panel.proposal) as session:
                operations.change_lead(session, organization_id, lead_id, values, country=self.center.country)
                if isinstance(stage, LeadStage):
                    operations.move_lead(session, organization_id, lead_id, stage)
        except LeadError as error:
            panel.fields.show_problems(error.problems)
            return
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return
        panel.drop_proposal()
        self.reload()
        self.actionDone.emit(words, True)

    def _drop_proposal(self) -> None:
        """Nothing is saved; what was entered waits where it did."""
        if self.panel is not None:
            self.panel.drop_proposal()
            self._show_in_panel()

    def _schedule(self) -> None:
        lead = self._read_lead(self._selected)
        if lead is None or lead.family_id is None:
            return
        with self._store.read() as session:
            student_id = session.scalars(
                select(Student.id)
                .where(
                    Student.organization_id == self._store.organization_id,
                    Student.family_id == lead.family_id,
                    Student.archived_at.is_(None),
                )
                .order_by(Student.first_name != lead.student_first_name, Student.id)
                .limit(1)
            ).first()
        if student_id is None:
            self.navigate.emit("Families", lead.family_id)
        else:
            self.navigate.emit("Calendar", student_id)

    def _open_known(self, kind: str, person_id: str) -> None:
        if kind == PersonKind.LEAD.value:
            self.show_item(person_id)
        else:
            self.navigate.emit("Families", person_id)

    def _lead_saved(self, lead_id: str, words: str) -> None:
        self.pick_lead(lead_id)
        self.actionDone.emit(words, True)

    def _title(self, lead_id: str) -> str:
        row = next((row for row in self._rows if row.id == lead_id), None)
        if row is None:
            found = load_leads(self._store, LeadFilters(), now=self._clock(), zone=self.center.zone, only=lead_id)
            row = found[0] if found else None
        return row.title if row is not None else "a lead"

    def _write(self, description: str, change: Callable[[Session], object]) -> bool:
        try:
            with self._store.write(description) as session:
                change(session)
        except StoreError as error:
            self.actionDone.emit(str(error), False)
            return False
        self.actionDone.emit(description, True)
        return True


def _summary(count: int, filters: LeadFilters) -> str:
    if not count:
        return ""
    leads = f"{count:,} lead{'' if count == 1 else 's'}"
    if not filters.is_empty:
        return f"{leads} with these filters."
    return f"{leads}. Amber: silent for longer than you allow in that stage."


def _empty_words(filters: LeadFilters) -> tuple[str, str]:
    if replace(filters, search="") != LeadFilters() or filters.search:
        return "No lead passes these filters", "Take a filter away, or search for less."
    return "No leads yet", "Press Ctrl L to enter the first one. Leads from the website arrive by themselves."
