"""The panel with all of one lead: the outcomes as buttons, every field, the contact history, and the way into a
family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.history.folded import FoldedHistory
from desktop.leads.lead_fields import LeadFields
from desktop.leads.lead_rows import Center, ContactLine, LeadChoices
from desktop.leads.wording import (
    CAME_WORDS,
    OUTCOME_BUTTONS,
    OUTCOME_ICONS,
    STAGE_WORDS,
    clock_words,
    contact_words,
    day_words,
    move_words,
    web_words,
)
from desktop.proposals import Proposal, note_of
from desktop.widgets.buttons import Button, IconButton, Kind
from desktop.widgets.choices import Menu
from desktop.widgets.fields import TextInput
from desktop.widgets.labels import Glyph, Label, Note, Paragraph, Tone
from desktop.widgets.panels import Line, ScrollArea, SidePanel, save_and_cancel
from shared_models.leads.aging import aging_of
from shared_models.leads.models import ContactMethod, Lead, LeadSource
from shared_models.leads.stages import USUAL_OUTCOMES, stage_after_contact

_ICONS = {ContactMethod.PHONE: "phone", ContactMethod.EMAIL: "mail", ContactMethod.DM: "message-square"}


class LeadPanel(SidePanel):
    """Signals: `contacted` (outcome key, note), `taken`, `fieldChanged` (values), `convertRequested`,
    `familyRequested` (id), `scheduleRequested`, `archiveRequested`, `eraseRequested` (offered if ``may_erase``).
    With values that are not saved (`show_proposal`): `proposalSaved`, `proposalDropped`."""

    contacted = Signal(str, str)
    taken = Signal()
    fieldChanged = Signal(object)
    convertRequested = Signal()
    familyRequested = Signal(str)
    scheduleRequested = Signal()
    archiveRequested = Signal()
    eraseRequested = Signal()
    proposalSaved = Signal()
    proposalDropped = Signal()

    def __init__(
        self,
        choices: LeadChoices,
        center: Center,
        clock: Callable[[], datetime],
        changes: FoldedHistory,
        parent: QWidget | None = None,
    ) -> None:
        """``changes`` is the history of what was changed in the lead shown."""
        super().__init__("", width=364, parent=parent)
        t = theme.current()
        self._center, self._clock = center, clock
        self.lead: Lead | None = None
        self.may_erase = False
        self.proposal: Proposal | None = None
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(16))
        column.setSpacing(t.px(12))
        self.body.addWidget(ScrollArea(inside))
        self.take_button = Button("Take it", Kind.PRIMARY, on_click=self.taken.emit)
        self._web = Note(
            "New on the website", "Nobody looks after this lead yet.", Tone.ACCENT, "globe", self.take_button
        )
        column.addWidget(self._web)
        self._proposed = QVBoxLayout()
        column.addLayout(self._proposed)
        self._outcomes = QWidget()
        outcomes = QVBoxLayout(self._outcomes)
        outcomes.setContentsMargins(0, 0, 0, 0)
        outcomes.setSpacing(t.px(12))
        self._add_outcomes(outcomes)
        outcomes.addWidget(Line())
        column.addWidget(self._outcomes)
        today = clock().astimezone(center.zone).date()
        self.fields = LeadFields(choices, center, today)
        self.fields.changed.connect(self.fieldChanged)
        column.addWidget(self.fields)
        column.addWidget(Line())
        column.addWidget(Label("Contact history", "section"))
        self.history = QVBoxLayout()
        self.history.setSpacing(t.px(10))
        column.addLayout(self.history)
        column.addWidget(Line())
        self.changes = changes
        column.addWidget(changes)
        column.addStretch(1)
        self.more_button = IconButton("ellipsis", "More for this lead", Kind.SECONDARY, on_click=self._open_menu)
        self.schedule_button = Button("Schedule", icon="calendar-plus", on_click=self.scheduleRequested.emit)
        self.family_button = Button("Open family", Kind.PRIMARY, icon="users-round", on_click=self._open_family)
        self.convert_button = Button("Register family", Kind.PRIMARY, icon="users-round")
        self.convert_button.clicked.connect(lambda: self.convertRequested.emit())
        self.cancel_button, self.save_button = save_and_cancel(
            "Save lead", self.proposalSaved.emit, self.proposalDropped.emit
        )
        self.add_footer(
            self.more_button, self.schedule_button, self.family_button, self.convert_button, self.cancel_button,
            self.save_button,
        )  # fmt: skip
        self._show_buttons()

    def show_proposal(self, lead: Lead, proposal: Proposal) -> None:
        """Show a lead with values that are not saved; its fields save nothing until the person says so."""
        self.drop_proposal()
        self.show_lead(lead, (), "")
        self.proposal = proposal
        self._proposed.addWidget(note_of(proposal))
        self.fields.hold(lead)
        self._web.hide()
        self._show_buttons()

    def drop_proposal(self) -> None:
        """Back to what is saved, with the next lead that is shown."""
        if self.proposal is None:
            return
        self.proposal = None
        self.fields.release()
        item = self._proposed.takeAt(0)
        note = item.widget() if item is not None else None
        if note is not None:
            note.hide()
            note.deleteLater()
        self._show_buttons()

    def _show_buttons(self) -> None:
        is_proposed = self.proposal is not None
        self._outcomes.setHidden(is_proposed)
        self.more_button.setHidden(is_proposed)
        has_family = self.lead is not None and self.lead.family_id is not None
        self.family_button.setVisible(has_family and not is_proposed)
        self.schedule_button.setVisible(has_family and not is_proposed)
        self.convert_button.setVisible(not has_family and not is_proposed)
        self.cancel_button.setVisible(is_proposed)
        self.save_button.setVisible(is_proposed)

    def show_lead(self, lead: Lead, history: Sequence[ContactLine], owner: str) -> None:
        """Show a lead; what someone is typing stays."""
        other = self.lead is None or self.lead.id != lead.id
        self.lead = lead
        name = f"{lead.parent_first_name} {lead.parent_last_name}".strip()
        child = f"{lead.student_first_name} {lead.student_last_name}".strip()
        created = lead.created_at.astimezone(self._center.zone)
        now = self._clock().astimezone(self._center.zone)
        day = day_words(created, now)
        year = "" if created.year == now.year else f", {created.year}"
        is_near = day in ("Today", "Yesterday")
        since = day.lower() if is_near else f"since {created:%b} {created.day}{year}"
        came = " ".join(part for part in (CAME_WORDS[lead.source], since) if part)
        self.set_words(name or child or "No name yet", f"{STAGE_WORDS[lead.stage]}, {came}")
        self._web.setVisible(lead.owner_user_id is None)
        aging = aging_of(lead.stage, lead.created_at, lead.last_contact_at, now=now, zone=self._center.zone)
        is_web = lead.source is LeadSource.WEB
        self._web.title.set_text(f"**{web_words(aging)}**" if is_web else "**Nobody’s lead yet**")
        self._web.text.set_text(
            "Nobody looks after this lead yet." if is_web else "Take it, and the others see that you look after it."
        )
        for key, button in self.outcome_buttons.items():
            after = stage_after_contact(lead.stage, USUAL_OUTCOMES[key].outcome)
            button.setToolTip(move_words(lead.stage, after, OUTCOME_BUTTONS[key]))
        answered = stage_after_contact(lead.stage, USUAL_OUTCOMES["answered"].outcome)
        self._hint.set_text(move_words(lead.stage, answered, OUTCOME_BUTTONS["answered"]))
        if other:
            self.said.clear()
        self.fields.show_lead(lead)
        self._show_history(history, now)
        self.changes.show_record(lead.id)
        self._show_buttons()

    def _add_outcomes(self, column: QVBoxLayout) -> None:
        t = theme.current()
        self.said = TextInput(placeholder="What was said (goes into the history)", name="What was said")
        column.addWidget(self.said)
        grid = QGridLayout()
        grid.setSpacing(t.px(6))
        self.outcome_buttons: dict[str, Button] = {}
        for index, (key, words) in enumerate(OUTCOME_BUTTONS.items()):
            button = Button(words, icon=OUTCOME_ICONS[key])
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            button.clicked.connect(lambda _=False, key=key: self._contact(key))
            self.outcome_buttons[key] = button
            grid.addWidget(button, index // 2, index % 2)
        column.addLayout(grid)
        self._hint = Paragraph("", "small", "text2")
        column.addWidget(self._hint)

    def _contact(self, key: str) -> None:
        note = self.said.text().strip()
        self.said.clear()
        self.contacted.emit(key, note)

    def _show_history(self, history: Sequence[ContactLine], now: datetime) -> None:
        while self.history.count():
            item = self.history.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if not history:
            lead = self.lead
            words = "Nobody was in touch yet. The buttons above note a contact with one click."
            if lead is not None and lead.last_contact_at is not None:
                day = day_words(lead.last_contact_at.astimezone(self._center.zone), now)
                words = f"Last contact: {day}. Nothing more was noted."
            self.history.addWidget(Paragraph(words, "small", "text2"))
        for line in history:
            self.history.addWidget(_HistoryLine(line, self._center, now))

    def _open_family(self) -> None:
        if self.lead is not None and self.lead.family_id is not None:
            self.familyRequested.emit(self.lead.family_id)

    def _open_menu(self) -> None:
        menu = Menu(self)
        menu.add("Archive this lead", self.archiveRequested.emit, "archive")
        if self.may_erase:
            menu.addSeparator()
            menu.add("Erase this lead for good…", self.eraseRequested.emit, "trash-2")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more_button.mapToGlobal(self.more_button.rect().topLeft()))


class _HistoryLine(QWidget):
    """One contact: an icon, what came of it, the stage it led to, by whom and when."""

    def __init__(self, line: ContactLine, center: Center, now: datetime) -> None:
        super().__init__()
        t = theme.current()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.px(10))
        row.addWidget(Glyph(_ICONS[line.method], "text2", 16), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(0)
        happened = line.happened_at.astimezone(center.zone)
        top = QHBoxLayout()
        top.addWidget(Label(contact_words(line.method, line.outcome), "body_medium", elide=True), 1)
        top.addWidget(Label(f"{_short_day(happened.date(), now.date())}, {clock_words(happened)}", "small", "text3"))
        column.addLayout(top)
        led = f"to {STAGE_WORDS[line.stage_after]}" if line.stage_after is not line.stage_before else ""
        words = ", ".join(part for part in (line.by, led) if part)
        if words:
            column.addWidget(Paragraph(words[:1].upper() + words[1:], "small", "text2"))
        if line.note:
            column.addWidget(Paragraph(f"“{line.note}”", "small", "text2"))
        row.addLayout(column, 1)


def _short_day(day: date, today: date) -> str:
    if day == today:
        return "Today"
    return f"{day:%b} {day.day}" + ("" if day.year == today.year else f", {day.year}")
