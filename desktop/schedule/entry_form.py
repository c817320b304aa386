"""The entry form: a panel at the right of the calendar in which schedule entries and series are made and changed,
with their conflicts and the ways out beside the fields while one types (product §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QEventLoop, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.background import Background
from desktop.permissions import own_places
from desktop.proposals import Proposal, note_of, reading, saving
from desktop.schedule.differences_question import DifferencesQuestion, concerned
from desktop.schedule.entry_aside import EntryAside
from desktop.schedule.entry_form_actions import EntryActions
from desktop.schedule.entry_form_check import SCHEDULE_TABLES, Outlook, WayFinder, halves_in_words, look_at
from desktop.schedule.entry_form_choices import CHOICE_TABLES, EntryChoices, load_choices
from desktop.schedule.entry_form_fields import EntryFields
from desktop.schedule.entry_form_outlook import EVERY_OTHER_WEEK, OutlookView
from desktop.schedule.entry_prefill import EntryPrefill
from desktop.schedule.series_reach import Staying, reaches_series, staying, why_alone
from desktop.store.announcer import StoreAnnouncer
from desktop.store.errors import StoreError
from desktop.store.store import Changes, Store
from desktop.widgets import (
    Button,
    IconButton,
    Kind,
    Label,
    Line,
    Paragraph,
    ScrollArea,
    Segmented,
    make_action,
    painting,
)
from shared_models.base import new_id
from shared_models.schedule.draft_edits import draft_of_entry, save_draft
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.errors import ScheduleError
from shared_models.schedule.explained import entry_words
from shared_models.schedule.operations import entry_of, schedule_entries
from shared_models.schedule.prices import amount_cents
from shared_models.schedule.series_operations import SeriesScope, entries_within
from shared_models.schedule.times import wall_clock_of

FULL_WIDTH = 772
FIELDS_WIDTH = 432
_Found = TypeVar("_Found")
_DEBOUNCE_MS = 40
_WAIT_MS = 20
_SCOPES = (
    (SeriesScope.THIS.value, "This one"),
    (SeriesScope.FOLLOWING.value, "This and following"),
    (SeriesScope.ALL.value, "All of the series"),
)


class EntryEditor(QWidget):
    """Makes (`create`) and changes (`open`) entries.

    `saved` carries the ids of the entries written, `closed` nothing. `draftChanged` carries the `Outlook` of what is
    being entered (its plan, its conflicts), so that the calendar can show the unsaved boxes; None when it closes.
    `actionDone` carries words for the toast of what can be undone, `noteSaid` words and whether they can be;
    `sheetRequested` the kind of a sheet ("reschedule", "series") and the entry it is for.
    """

    saved = Signal(object)
    closed = Signal()
    draftChanged = Signal(object)
    actionDone = Signal(str)
    noteSaid = Signal(str, bool)
    sheetRequested = Signal(str, str)

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        """``clock`` gives the present moment, with a zone."""
        super().__init__(parent)
        self._store = store
        self._clock = clock
        self._choices: EntryChoices | None = None
        self._fields: EntryFields | None = None
        self._view: OutlookView | None = None
        self._outlook: Outlook | None = None
        self._entry_id: str | None = None
        self._scope = SeriesScope.THIS
        self._before: EntryDraft | None = None
        self._without: frozenset[str] = frozenset()
        self._ticket = 0
        self._complained = False
        self._finder = WayFinder(store)
        self._keeps_differences: bool | None = None
        self._is_busy = False
        self._is_stale = True
        self._is_of_series = False
        self._left_out = Staying()
        self._made_on: date | None = None
        self._proposal: Proposal | None = None
        self._background = Background(self)
        self._background.busyChanged.connect(self._note_busy)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DEBOUNCE_MS)
        self._timer.timeout.connect(self.look)
        self._announcer = StoreAnnouncer(store, self)
        self._announcer.changed.connect(self._store_changed)
        self._build()
        self.hide()

    @property
    def fields(self) -> EntryFields:
        """The fields; there are none before `create` or `open`."""
        assert self._fields is not None
        return self._fields

    @property
    def outlook(self) -> Outlook | None:
        """What comes of the draft as it stands."""
        return self._outlook

    @property
    def entry_id(self) -> str | None:
        """The entry that is being changed, or None for a new one."""
        return self._entry_id

    @property
    def is_prepared(self) -> bool:
        """Whether its fields are made."""
        return self._fields is not None

    @property
    def is_changed(self) -> bool:
        """Whether the fields hold something that is not saved."""
        if self._proposal is not None:
            return True
        return self._fields is not None and self._fields.draft() != self._before

    def create(self, prefill: EntryPrefill | None = None) -> None:  # type: ignore[override]
        """Open the form for a new entry. (Qt's own `create` of a widget is not virtual and stays as it is.)"""
        self._begin()
        self._entry_id, self._without = None, frozenset()
        self._scope = SeriesScope.THIS
        assert self._choices is not None
        draft = (prefill or EntryPrefill()).draft(self._choices, self._clock())
        self.title.setText("New entry")
        self._scope_box.hide()
        self._actions.hide()
        self.aside.show_new()
        self._show(draft)
        self.fields.first_empty().setFocus(Qt.FocusReason.OtherFocusReason)

    def open(self, entry_id: str, scope: SeriesScope = SeriesScope.THIS, proposal: Proposal | None = None) -> None:
        """Open the form for an entry that exists, or with values for it that are not saved. Raises NoSuchEntry, and
        NoForm where these do not go together with what is stored."""
        self._begin()
        self._entry_id = entry_id
        self._propose(proposal)
        with reading(self._store, proposal) as session:
            entry = entry_of(session, self._store.organization_id, entry_id)
            series_id = entry.series_id
            words = entry_words(session, self._store.organization_id, [entry_id])[entry_id]
        self.title.setText(", ".join(part for part in (words.title, words.who) if part))
        is_series = reaches_series(self._store, series_id)
        self._scope_box.setVisible(series_id is not None)
        self.scope.setVisible(is_series)
        self.scope.set_value(scope.value)
        self._is_of_series = series_id is not None
        self._actions.setVisible(proposal is None)
        if proposal is None:
            self._actions.show_entry(entry_id)
            self.aside.show_entry(entry_id)
        else:
            self.aside.show_new()
        self._load_scope(scope if is_series else SeriesScope.THIS)
        self.fields.start.setFocus(Qt.FocusReason.OtherFocusReason)

    def _propose(self, proposal: Proposal | None) -> None:
        """Say above the fields why what stands in them is not saved; None when it is."""
        self._proposal = proposal
        while (item := self._note_place.takeAt(0)) is not None:
            note = item.widget()
            if note is not None:
                note.hide()
                note.deleteLater()
        self._note_box.setVisible(proposal is not None)
        if proposal is not None:
            self._note_place.addWidget(note_of(proposal))

    def look(self) -> None:
        """Find what comes of the draft now, instead of in a moment."""
        self._timer.stop()
        fields, view, choices = self._fields, self._view, self._choices
        if fields is None or view is None or choices is None:
            return
        fields.show_errors(fields.errors(complete=self._complained))
        draft = fields.draft()
        if draft is None:
            self._describe(None)
            return
        with self._store.read() as session:
            outlook = look_at(session, self._store.organization_id, draft, choices, self._without)
        self._outlook = outlook
        fields.show_plan(outlook.plan, self._session_price(outlook))
        view.show_outlook(outlook)
        self._describe(outlook)
        self.draftChanged.emit(outlook)
        self._ticket += 1
        if outlook.groups:
            self._find_ways(outlook, choices)
        if outlook.plan.sessions:
            self._find_rooms(outlook, choices)
        if draft.interval_weeks == EVERY_OTHER_WEEK:
            self._find_halves(outlook)

    def save(self) -> bool:
        """Write the draft; False when something is missing, which is then said below its field."""
        fields, choices = self._fields, self._choices
        if fields is None or choices is None:
            return False
        self._complained = True
        wrong = fields.errors(complete=True)
        fields.show_errors(wrong)
        draft = fields.draft()
        if wrong or draft is None:
            first = next(iter(wrong), None)
            if first is not None:
                first.input.setFocus(Qt.FocusReason.OtherFocusReason)
            self._describe(self._outlook)
            return False
        if self._asks_about_differences(draft):
            return False
        try:
            entry_ids, words = self._write(draft)
        except (ScheduleError, StoreError) as error:
            self.hint.set_text(str(error))
            self.hint.set_tone("danger")
            return False
        self._leave()
        self.saved.emit(entry_ids)
        self.actionDone.emit(words)
        return True

    def _asks_about_differences(self, draft: EntryDraft) -> bool:
        """Whether the person has yet to say what becomes of sessions that differ in what is edited."""
        if self._keeps_differences is not None or self._entry_id is None or self._scope is SeriesScope.THIS:
            return False
        count = concerned(self._store, self._entry_id, self._scope, self._before, draft)
        if count:
            self._ask_box.ask(count)
        return bool(count)

    def answer_differences(self, keep: bool) -> None:
        """Keep what single sessions have of their own, or make them like the rest; then save."""
        self._keeps_differences = keep
        self._ask_box.hide()
        self.save()

    def dismiss(self) -> None:
        """Close the form without saving."""
        self._leave()

    def settle(self) -> None:
        """Wait until everything shown is true, ways out included: for tests and pictures."""
        self.look()
        while self._is_busy:
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, _WAIT_MS)

    def shut_down(self) -> None:
        """Let the store and the background go, before the window closes."""
        self._announcer.stop()
        self.aside.shut_down()
        self._background.close()

    def prepare(self) -> None:
        """Read the choices and make the fields ahead of time, when nobody waits for them."""
        with self._store.read() as session:
            choices = load_choices(session, self._store.organization_id, own_places(self._store))
        self._choices, self._is_stale = choices, False
        self._made_on = self._today()
        self._fields = EntryFields(choices, self._made_on)
        self._fields.changed.connect(self._timer.start)
        self._view = OutlookView(choices)
        self._view.draftTaken.connect(self._take_draft)
        self._fields_area.setWidget(self._fields)
        self._view_area.setWidget(self._view)

    def _begin(self) -> None:
        """Make the form ready for another entry, with fresh choices where they have changed."""
        if self._is_stale or self._fields is None or self._made_on != self._today():
            self.prepare()
        self._complained = False
        self._keeps_differences = None
        self._ask_box.hide()
        self._propose(None)
        self._before = None
        self._outlook = None
        self._fields_area.verticalScrollBar().setValue(0)
        self._view_area.verticalScrollBar().setValue(0)

    def _load_scope(self, scope: SeriesScope) -> None:
        """Show the entry as far as the scope reaches; what was changed already stays changed."""
        assert self._entry_id is not None
        assert self._choices is not None
        edited = self._edits()
        self._scope = scope
        with reading(self._store, self._proposal) as session:
            organization_id = self._store.organization_id
            entry = entry_of(session, organization_id, self._entry_id)
            terms = self._choices.terms.get(entry.location_id)
            own = own_places(self._store)
            draft = draft_of_entry(session, organization_id, self._entry_id, scope, terms, own)
            self._without = frozenset(other.id for other in entries_within(session, entry, scope, own))
        self._left_out = staying(self._store, self._entry_id, scope)
        words = why_alone(self._store, entry.series_id) or self._left_out.sentence
        self.left_out.set_text(words)
        self.left_out.setVisible(bool(words))
        self._actions.set_scope(scope, len(self._without))
        self._show(draft, edited)

    def _edits(self) -> dict[str, Any]:
        """The fields that the person has changed and that mean the same in every scope."""
        draft = self._fields.draft() if self._fields is not None else None
        if draft is None or self._before is None:
            return {}
        of_one_scope = {
            "pattern", "first_day", "last_day", "occurrence_count", "weekdays", "interval_weeks", "hours_by_day",
            "skips_closures", "kept_days", "skipped_days", "changes", "days_elsewhere", "days_here",
        }  # fmt: skip
        return {
            field.name: getattr(draft, field.name)
            for field in fields_of(EntryDraft)
            if field.name not in of_one_scope and getattr(draft, field.name) != getattr(self._before, field.name)
        }

    def _may_repeat(self) -> bool:
        """Whether the pattern can be chosen: not while one session of a series is changed."""
        return self._entry_id is None or self._scope is not SeriesScope.THIS or not self._is_of_series

    def _show(self, draft: EntryDraft, edited: Mapping[str, Any] | None = None) -> None:
        self.fields.show_draft(draft, repeats=self._may_repeat())
        self._before = self.fields.draft()
        if edited:
            self.fields.show_draft(replace(draft, **edited), repeats=self._may_repeat())
        self.show()
        self.look()

    def _take_draft(self, draft: EntryDraft) -> None:
        """A way out was chosen: the fields hold it from now on."""
        self.fields.show_draft(draft, repeats=self._may_repeat())
        self.save_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self.look()

    def _scope_changed(self, key: str) -> None:
        self._load_scope(SeriesScope(key))

    def _find_ways(self, outlook: Outlook, choices: EntryChoices) -> None:
        without, not_before = self._without, self._clock()
        self._find(
            lambda: self._finder.ways_out(outlook, choices, without, not_before),
            lambda ways: self._view.show_ways(ways) if self._view is not None else None,
        )

    def _find_rooms(self, outlook: Outlook, choices: EntryChoices) -> None:
        without, place, count = self._without, outlook.draft.location_id, len(outlook.plan.sessions)
        self._find(
            lambda: self._finder.rooms_taken(outlook, choices, without),
            lambda taken: self._fields.show_taken_rooms(place, taken, count) if self._fields is not None else None,
        )

    def _find_halves(self, outlook: Outlook) -> None:
        without, today = self._without, self._today()
        self._find(
            lambda: halves_in_words(self._store, outlook, without, today),
            lambda halves: self._view.show_halves(halves) if self._view is not None else None,
        )

    def _find(self, job: Callable[[], _Found], show: Callable[[_Found], None]) -> None:
        """Find something in the background, and show it if the draft is still the same."""
        ticket = self._ticket
        self._background.run(job, show, lambda error: None, lambda: ticket == self._ticket)

    @staticmethod
    def _session_price(outlook: Outlook) -> int:
        return amount_cents(outlook.hourly_price_cents, outlook.draft.duration_minutes)

    def _describe(self, outlook: Outlook | None) -> None:
        """Heading, footer and the words on the button."""
        count = len(outlook.plan.sessions) if outlook is not None else 0
        hit = outlook.conflict_count if outlook is not None else 0
        if hit:
            self.state.setText(f"{hit} of {count} sessions in conflict" if count > 1 else "In conflict")
        else:
            self.state.setText("No conflicts" if count else "")
        missing = self._complained and bool(self.fields.errors(complete=True))
        if missing:
            self.hint.set_text("Some fields need a look before this can be saved.")
        elif hit:
            what = "the conflicts" if hit > 1 else "the conflict"
            stay = "They stay marked." if hit > 1 else "It stays marked."
            self.hint.set_text(f"You can save now and settle {what} later. {stay}")
        else:
            self.hint.set_text("")
        self.hint.set_tone("danger" if missing else "text2")
        is_new = self._entry_id is None
        words = "Save" if not is_new and count == 1 else "Save session" if count <= 1 else f"Save {count} sessions"
        if self._save_action.text() != words:
            self._save_action.setText(words)

    def _write(self, draft: EntryDraft) -> tuple[tuple[str, ...], str]:
        """Save the draft as one step that can be undone; the entries' ids and the words for it."""
        store, now = self._store, self._clock()
        who = self._who(draft)
        if self._entry_id is None:
            count = len(self._outlook.plan.sessions) if self._outlook is not None else 1
            words = f"Scheduled {who}" + (f", {count} sessions" if count > 1 else "")
            with store.write(words) as session:
                scheduled = schedule_entries(session, store.recorder, store.organization_id, draft, new_id=new_id())
            return scheduled.entry_ids, words
        reach = {SeriesScope.THIS: "", SeriesScope.FOLLOWING: " and the following", SeriesScope.ALL: ", all of them"}
        words = f"Changed {who}{reach[self._scope]}"
        if self._left_out.count:
            words += f"; {self._left_out.short}"
        with saving(store, words, self._proposal) as session:
            ids = save_draft(
                session, store.recorder, store.organization_id, self._entry_id, self._before or draft, draft,
                scope=self._scope, new_id=new_id(), now=now, keep_differences=self._keeps_differences is not False,
                locations=own_places(store),
            )  # fmt: skip
        return tuple(ids), words

    def _who(self, draft: EntryDraft) -> str:
        """The draft in two words: "Writing, Noah Haddad"."""
        choices = self._choices
        assert choices is not None
        service = choices.service(draft.location_id, draft.service_id)
        what = choices.topic_words(draft.subject_id or "", draft.topic_id or "") or (service.words if service else "")
        names = [choices.students[key].name for key in draft.student_ids if key in choices.students]
        return ", ".join(part for part in (what, names[0] if len(names) == 1 else "") if part)

    def _leave(self) -> None:
        self._timer.stop()
        self._ticket += 1
        self._outlook = None
        self._proposal = None
        self._ask_box.hide()
        self.aside.leave()
        self.hide()
        self.draftChanged.emit(None)
        self.closed.emit()

    def _store_changed(self, changes: Changes) -> None:
        if CHOICE_TABLES & changes.keys():
            self._is_stale = True
        if SCHEDULE_TABLES & changes.keys():
            self._finder.forget()
            self.aside.refresh()
            if self.isVisible():
                self._timer.start()

    def _make_room(self, _low: int, high: int) -> None:
        """Let the scroll bar take its width from the margin, not from the fields."""
        if self._fields is not None:
            self._fields.set_narrow_margin(high > 0)

    def _note_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy

    def _ask_for_sheet(self, kind: str) -> None:
        """A sheet takes over; nothing typed is thrown away for it."""
        entry_id = self._entry_id
        if entry_id is None:
            return
        if self.is_changed:
            self.noteSaid.emit("Save or cancel what was changed first.", False)
            return
        self._leave()
        self.sheetRequested.emit(kind, entry_id)

    def _acted(self, words: str, entry_ids: tuple[str, ...]) -> None:
        """An action on the entry itself was done: cancelled, archived, brought back."""
        self._leave()
        self.saved.emit(entry_ids)
        self.actionDone.emit(words)

    def _today(self) -> date:
        assert self._choices is not None
        terms = next(iter(self._choices.terms.values()), None)
        return wall_clock_of(self._clock(), terms.zone).date() if terms is not None else self._clock().date()

    def _build(self) -> None:
        t = theme.current()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFixedWidth(t.px(FULL_WIDTH))
        self._cancel_action = make_action(self, "Cancel", self.dismiss, shortcut="Esc")
        self._save_action = make_action(self, "Save session", self.save, shortcut=["Ctrl+Return", "Ctrl+Enter"])
        for action in (self._cancel_action, self._save_action):
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._build_head())
        column.addWidget(Line())
        middle = QHBoxLayout()
        middle.setSpacing(0)
        left = QVBoxLayout()
        left.setSpacing(0)
        self._note_box = QWidget()
        self._note_place = QVBoxLayout(self._note_box)
        self._note_place.setContentsMargins(t.px(20), t.px(14), t.px(18), 0)
        left.addWidget(self._note_box)
        left.addWidget(self._build_scope())
        self._fields_area = ScrollArea()
        self._fields_area.verticalScrollBar().rangeChanged.connect(self._make_room)
        left.addWidget(self._fields_area, 1)
        holder = QWidget()
        holder.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        holder.setFixedWidth(t.px(FIELDS_WIDTH))
        middle.addWidget(holder)
        middle.addWidget(Line(vertical=True))
        right = QVBoxLayout()
        right.setSpacing(0)
        self._view_area = ScrollArea()
        self.aside = EntryAside(self._store, self._clock, self._view_area)
        self.aside.said.connect(self.noteSaid)
        right.addWidget(self.aside, 1)
        self._actions = EntryActions(self._store, self._clock)
        self._actions.done.connect(self._acted)
        self._actions.sheetRequested.connect(self._ask_for_sheet)
        right.addWidget(self._actions)
        middle.addLayout(right, 1)
        column.addLayout(middle, 1)
        self._ask_box = DifferencesQuestion()
        self._ask_box.answered.connect(self.answer_differences)
        self._ask_box.hide()
        column.addWidget(self._ask_box)
        column.addWidget(Line())
        column.addWidget(self._build_foot())
        self.setAccessibleName("Entry form")

    def _build_head(self) -> QWidget:
        t = theme.current()
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(t.px(20), 0, t.px(12), 0)
        row.setSpacing(t.px(8))
        self.title = Label("New entry", "page", elide=True)
        row.addWidget(self.title, 1)
        self.state = Label("", "small", "text2")
        row.addWidget(self.state)
        row.addWidget(IconButton("x", "Close", on_click=self.dismiss))
        head.setFixedHeight(t.size.header)
        return head

    def _build_scope(self) -> QWidget:
        t = theme.current()
        self._scope_box = QWidget()
        column = QVBoxLayout(self._scope_box)
        column.setContentsMargins(t.px(20), t.px(14), t.px(18), 0)
        column.setSpacing(t.px(6))
        self.scope = Segmented(_SCOPES, name="What the changes are for", stretch=True)
        self.scope.changed.connect(self._scope_changed)
        column.addWidget(self.scope)
        self.left_out = Paragraph("", "small", "text2")
        column.addWidget(self.left_out)
        return self._scope_box

    def _build_foot(self) -> QWidget:
        t = theme.current()
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(t.px(20), 0, t.px(16), 0)
        row.setSpacing(t.px(8))
        self.hint = Paragraph("", tone="text2", max_lines=2)
        row.addWidget(self.hint, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(Button.for_action(self._cancel_action))
        self.save_button = Button.for_action(self._save_action, Kind.PRIMARY)
        row.addWidget(self.save_button)
        foot.setFixedHeight(t.px(60))
        return foot

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(FULL_WIDTH), theme.current().px(700))

    def paintEvent(self, event: QPaintEvent) -> None:
        c = theme.current().color
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), c.surface)
        painter.fillRect(0, 0, 1, self.height(), c.line_strong)
        painter.end()
