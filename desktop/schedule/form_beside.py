"""The entry form beside the calendar: opens it, and tells the calendar what is being entered in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget
from sqlalchemy import select
from sqlalchemy.orm import Session

from desktop.permissions import own_places
from desktop.proposals import NotOpened, Proposal, reading
from desktop.schedule.directory import Directory
from desktop.schedule.entry_rows import EntryRow
from desktop.store.store import Store
from shared_models.schedule.conflicts import Booking
from shared_models.schedule.drafts import EntryDraft, Plan
from shared_models.schedule.errors import NoSuchEntry
from shared_models.schedule.explained import names_of
from shared_models.schedule.models import EntryStatus, ScheduleEntry
from shared_models.schedule.series_operations import SeriesScope
from shared_models.schedule.times import time_of

if TYPE_CHECKING:
    from desktop.schedule.entry_form import EntryEditor
    from desktop.schedule.entry_form_check import Outlook

_A_MOMENT_MS = 200
DAYS_BESIDE = 3
"""How many days of a week the calendar shows in the room that the form leaves."""


class FormBeside(QObject):
    """Owns the form of one page; it is made when it is first needed, so that the window opens sooner.

    `changed`: what the form holds, or whether it is open, is different now. `said` carries words for the toast, and
    whether they can be undone; `saved` the ids of the entries written; `sheetRequested` what `EntryEditor` says.
    """

    changed = Signal()
    said = Signal(str, bool)
    saved = Signal(object)
    sheetRequested = Signal(str, str)

    def __init__(self, store: Store, clock: Callable[[], datetime], host: QWidget) -> None:
        super().__init__(host)
        self._store, self._clock, self._host = store, clock, host
        self._editor: EntryEditor | None = None
        self._outlook: Outlook | None = None
        self._names: dict[str, str] = {}

    @property
    def editor(self) -> EntryEditor:
        """The form."""
        if self._editor is None:
            from desktop.schedule.entry_form import EntryEditor

            editor = self._editor = EntryEditor(self._store, self._clock, self._host)
            editor.draftChanged.connect(self._draft_changed)
            editor.closed.connect(self._closed)
            editor.saved.connect(self.saved)
            editor.actionDone.connect(lambda words: self.said.emit(words, True))
            editor.noteSaid.connect(self.said)
            editor.sheetRequested.connect(self.sheetRequested)
        return self._editor

    @property
    def is_open(self) -> bool:
        """Whether the form is on screen."""
        return self._editor is not None and not self._editor.isHidden()

    @property
    def width(self) -> int:
        """The width that the form takes; 0 while it is closed."""
        return self._editor.width() if self._editor is not None and self.is_open else 0

    @property
    def unsaved_words(self) -> str:
        """What its sessions are on the calendar: "new", "changed", or "" while they are as they were saved."""
        if self._editor is None or self._editor.entry_id is None:
            return "new"
        return "changed" if self._editor.is_changed else ""

    def prepare(self) -> None:
        """Make the form and its fields while nobody waits for them, in two steps that take a moment each."""
        if self._editor is None:
            QTimer.singleShot(_A_MOMENT_MS, self.editor, self._prepare_fields)

    def _prepare_fields(self) -> None:
        if not self.editor.is_prepared:
            self.editor.prepare()

    def place(self) -> None:
        """Put the form at the right edge of the page, over its whole height."""
        if self._editor is not None and self.is_open:
            width, height = self._editor.width(), self._host.height()
            self._editor.setGeometry(self._host.width() - width, 0, width, height)
            self._editor.raise_()

    def create(
        self, day: date | None, starts: int | None, ends: int | None, location_id: str,
        tutor_id: str | None = None, room_id: str | None = None, student_ids: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Begin a new entry with what the calendar knows; a new entry in hand is moved there instead."""
        from desktop.schedule.entry_prefill import EntryPrefill

        if self._move_in_hand(day, starts, ends) or not self._may_open():
            return
        self.editor.create(
            EntryPrefill(
                location_id=location_id or None,
                tutor_id=tutor_id,
                room_ids=(room_id,) if room_id else (),
                student_ids=student_ids,
                day=day,
                start=time_of(starts) if starts is not None else None,
                duration_minutes=ends - starts if starts is not None and ends is not None else None,
            )
        )
        self._opened()

    def open(self, entry_id: str) -> None:
        """Open an entry that exists."""
        if (self.is_open and self.editor.entry_id == entry_id) or not self._may_open():
            return
        try:
            self.editor.open(entry_id)
        except NoSuchEntry as error:
            self.said.emit(str(error), False)
            return
        self._opened()

    def propose(self, proposal: Proposal, now: datetime) -> None:
        """Open an entry, or the next one of a series with all of it, with values that are not saved. Raises
        NotOpened."""
        if self.is_open and self.editor.is_changed:
            raise NotOpened("Save or cancel the entry in the form first.")
        entry_id, scope = proposal.row_id, SeriesScope.THIS
        if proposal.table == "series":
            with reading(self._store, proposal) as session:
                entry_id = next_of_series(session, self._store.organization_id, proposal.row_id, now)
            scope = SeriesScope.ALL
        try:
            self.editor.open(entry_id, scope, proposal)
        except NoSuchEntry as error:
            raise NotOpened(f"{error} What you entered stays here.") from error
        self._opened()

    def move_unsaved(self, day: date, starts: int, ends: int) -> None:
        """The unsaved box was moved on the calendar: the fields follow."""
        self._put(day, starts, ends)

    def _may_open(self) -> bool:
        """Nothing typed is ever thrown away by a click on the calendar."""
        if self.is_open and self.editor.is_changed:
            self.said.emit("Save or cancel the entry in the form first.", False)
            return False
        return True

    def _move_in_hand(self, day: date | None, starts: int | None, ends: int | None) -> bool:
        if not self.is_open or self.editor.entry_id is not None or day is None or starts is None or ends is None:
            return False
        self._put(day, starts, ends)
        return True

    def _put(self, day: date, starts: int, ends: int) -> None:
        draft = self.editor.fields.draft()
        if draft is None:
            return
        moved = replace(draft, first_day=day, start=time_of(starts), duration_minutes=ends - starts)
        self.editor.fields.show_draft(moved)
        self.editor.look()

    def _opened(self) -> None:
        self.place()
        self.changed.emit()

    def _draft_changed(self, outlook: Outlook | None) -> None:
        self._outlook = outlook
        self.changed.emit()

    def _closed(self) -> None:
        self._outlook = None
        self.changed.emit()

    # what the calendar shows of it

    def first_day(self, directory: Directory) -> date | None:
        """The local day of the first session being entered."""
        plan = self._plan()
        return plan.sessions[0].starts_at.astimezone(directory.zone).date() if plan and plan.sessions else None

    def unsaved_rows(self, directory: Directory, first_day: date, last_day: date) -> list[EntryRow]:
        """The sessions being entered that lie within the days, as rows."""
        plan, draft = self._plan(), self._draft()
        if plan is None or draft is None:
            return []
        names = self._student_names(draft)
        rows = []
        for session in plan.sessions:
            local = session.starts_at.astimezone(directory.zone)
            if not first_day <= local.date() <= last_day:
                continue
            starts = local.hour * 60 + local.minute
            rows.append(
                EntryRow(
                    id=session.entry_id, day=local.date(), starts=starts, ends=starts + session.duration_minutes,
                    blocked_until=starts + int((session.blocked_until - session.starts_at).total_seconds()) // 60,
                    location_id=draft.location_id, series_id=None, service_id=draft.service_id,
                    subject_id=draft.subject_id, topic_id=draft.topic_id, product_id=draft.product_id,
                    capacity=draft.capacity, is_online=draft.is_online, status=EntryStatus.SCHEDULED,
                    student_names=tuple(names.get(student_id, "") for student_id in draft.student_ids),
                    booking=Booking(
                        session.entry_id, int(session.starts_at.timestamp()), int(session.ends_at.timestamp()),
                        int(session.blocked_until.timestamp()), draft.tutor_id, session.room_ids, draft.student_ids,
                    ),
                )
            )  # fmt: skip
        return rows

    def hidden_ids(self, rows: dict[str, EntryRow]) -> frozenset[str]:
        """The saved entries that the sessions being entered replace."""
        entry_id = self.editor.entry_id if self.is_open else None
        if entry_id is None:
            return frozenset()
        row = rows.get(entry_id)
        scope = SeriesScope(self.editor.scope.value())
        if row is None or row.series_id is None or scope is SeriesScope.THIS:
            return frozenset({entry_id})
        own = own_places(self._store)
        return frozenset(
            other.id
            for other in rows.values()
            if other.series_id == row.series_id
            and (own is None or other.location_id in own)
            and (scope is SeriesScope.ALL or other.booking.starts >= row.booking.starts)
        )

    def touched(self) -> frozenset[str]:
        """Tutor, rooms and students of what is being entered: what else they do is shown, the rest is not."""
        draft = self._draft()
        if draft is None:
            return frozenset()
        return frozenset(i for i in (draft.tutor_id, *draft.room_ids, *draft.student_ids) if i)

    def touched_words(self, directory: Directory) -> str:
        """ "Only Małgorzata Patel, Room C, Noah Haddad"."""
        draft = self._draft()
        if draft is None:
            return ""
        names = self._student_names(draft)
        words = [directory.tutor_name(draft.tutor_id), *map(directory.room_name, draft.room_ids)]
        students = [names.get(student_id, "") for student_id in draft.student_ids]
        words += students if len(students) <= 2 else [f"{len(students)} students"]
        return "Only " + ", ".join(word for word in words if word) if any(words) else ""

    def _plan(self) -> Plan | None:
        return self._outlook.plan if self._outlook is not None and self.is_open else None

    def _draft(self) -> EntryDraft | None:
        return self._outlook.draft if self._outlook is not None and self.is_open else None

    def _student_names(self, draft: EntryDraft) -> dict[str, str]:
        missing = set(draft.student_ids) - self._names.keys()
        if missing:
            with self._store.read() as session:
                self._names |= names_of(session, self._store.organization_id, missing)
        return self._names

    def shut_down(self) -> None:
        """Let the store and the background go, before the window closes."""
        if self._editor is not None:
            self._editor.shut_down()


def next_of_series(session: Session, organization_id: str, series_id: str, now: datetime) -> str:
    """The first session of a series from now on, or its last one; "" when it has none."""
    rows = session.execute(
        select(ScheduleEntry.id, ScheduleEntry.starts_at)
        .where(
            ScheduleEntry.organization_id == organization_id,
            ScheduleEntry.series_id == series_id,
            ScheduleEntry.archived_at.is_(None),
        )
        .order_by(ScheduleEntry.starts_at)
    ).all()
    return next((entry_id for entry_id, starts in rows if starts >= now), rows[-1][0] if rows else "")


def days_beside(anchor: date, days: list[date]) -> list[date]:
    """The few days around an anchor that fit beside the form, out of those that the week shows."""
    if anchor not in days:
        return days[:DAYS_BESIDE] or [anchor + timedelta(days=n) for n in range(DAYS_BESIDE)]
    start = min(days.index(anchor), max(len(days) - DAYS_BESIDE, 0))
    return days[start : start + DAYS_BESIDE]
