"""What can be done with an entry besides changing its fields: cancel it with a reason and whom to tell, reschedule
it, extend its series, archive it, bring it back; and when it was made and last changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.permissions import own_places
from desktop.schedule.series_reach import why_alone
from desktop.store.store import Store
from desktop.widgets import Button, CheckBox, ComboBox, Field, Kind, Label, Line, Option
from shared_models.schedule.explained import EntryWords, entry_words
from shared_models.schedule.lifecycle import is_allowed
from shared_models.schedule.models import EntryStatus, ScheduleEntry, ToTell
from shared_models.schedule.operations import entry_of
from shared_models.schedule.series_operations import (
    SeriesScope,
    archive_entry,
    cancel_entry,
    restore_entry,
)
from shared_models.schedule.settlements import MONTHS
from shared_models.schedule.times import wall_clock_of
from shared_models.sync.clocks import CREATED, edits_of, stamp_milliseconds

_REASONS = (
    "Student is sick", "Tutor is sick", "Family asked", "Tutor is away", "Weather", "The office is closed",
)  # fmt: skip
RESCHEDULE, SERIES = "reschedule", "series"
_STATUS_WORDS = {
    EntryStatus.PENDING_PAYMENT: "Waiting for payment",
    EntryStatus.SCHEDULED: "Scheduled",
    EntryStatus.IN_PROGRESS: "In progress",
    EntryStatus.COMPLETED: "Completed",
    EntryStatus.CANCELLED: "Cancelled",
    EntryStatus.NO_SHOW: "No-show",
}


class EntryActions(QWidget):
    """The strip below the fields. `done` carries the words for the toast and the ids of the entries it reached,
    `sheetRequested` RESCHEDULE or SERIES."""

    done = Signal(str, object)
    sheetRequested = Signal(str)

    def __init__(self, store: Store, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._clock = clock
        self._entry_id = ""
        self._scope = SeriesScope.THIS
        self._words: EntryWords | None = None
        t = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Line())
        inner = QVBoxLayout()
        inner.setContentsMargins(t.px(16), t.px(11), t.px(16), t.px(12))
        inner.setSpacing(t.px(8))
        column.addLayout(inner)
        self.history = Label("", "small", "text2", elide=True)
        inner.addWidget(self.history)
        inner.addWidget(self._build_reason())
        inner.addWidget(self._build_row())

    def show_entry(self, entry_id: str) -> None:
        """Show what can be done with an entry. Raises NoSuchEntry."""
        self._entry_id = entry_id
        organization_id = self._store.organization_id
        with self._store.read() as session:
            entry = entry_of(session, organization_id, entry_id)
            self._words = entry_words(session, organization_id, [entry_id]).get(entry_id)
        self.history.setText(self._history(entry))
        is_gone = entry.status is EntryStatus.CANCELLED or entry.archived_at is not None
        self.cancel_button.setVisible(not is_gone and is_allowed(entry.status, EntryStatus.CANCELLED))
        self.archive_button.setVisible(entry.archived_at is None)
        self.restore_button.setVisible(is_gone)
        self._reason_row.hide()
        self._row.show()
        can_move = not is_gone and entry.status is not EntryStatus.COMPLETED and entry.rescheduled_to_id is None
        self.reschedule_button.setVisible(can_move)
        self.series_button.setVisible(entry.archived_at is None and entry.series_id is not None)
        why = why_alone(self._store, entry.series_id)
        self.series_button.setEnabled(not why)
        self.series_button.setToolTip(why)

    def set_scope(self, scope: SeriesScope, count: int) -> None:
        """How far cancelling and archiving reach: that many sessions."""
        self._scope = scope
        session_words = "session" if count == 1 else f"{count} sessions"
        self.cancel_button.setText(f"Cancel {session_words}")
        self.confirm_button.setText(f"Cancel {session_words}")
        self.archive_button.setText("Archive" if count == 1 else f"Archive {count}")
        for button in (self.cancel_button, self.confirm_button, self.archive_button):
            button.setAccessibleName(button.text())
            button.updateGeometry()

    def cancel(self) -> None:
        """Cancel with the reason that was given."""
        organization_id, now = self._store.organization_id, self._clock()
        with self._store.write(f"Cancelled {self._who()}") as session:
            ids = cancel_entry(
                session, organization_id, self._entry_id,
                reason=self.reason.text().strip(), by_user_id=self._store.user_id, now=now, scope=self._scope,
                tell=self._told(), locations=own_places(self._store),
            )  # fmt: skip
        self.done.emit(f"Cancelled {self._who()}{_count(ids)}", tuple(ids))

    def _told(self) -> frozenset[ToTell]:
        """Who is to hear of a cancellation."""
        checked = {ToTell.FAMILIES: self.tell_families, ToTell.TUTOR: self.tell_tutor}
        return frozenset(one for one, box in checked.items() if box.isChecked())

    def archive(self) -> None:
        """Hide the entry everywhere; undo and restore bring it back."""
        with self._store.write(f"Archived {self._who()}") as session:
            ids = archive_entry(
                session, self._store.organization_id, self._entry_id,
                now=self._clock(), scope=self._scope, locations=own_places(self._store),
            )  # fmt: skip
        self.done.emit(f"Archived {self._who()}{_count(ids)}", tuple(ids))

    def restore(self) -> None:
        """Bring a cancelled or archived entry back; its conflicts are found again by whoever shows it."""
        with self._store.write(f"Brought back {self._who()}") as session:
            ids = restore_entry(
                session, self._store.organization_id, self._entry_id,
                scope=self._scope, locations=own_places(self._store),
            )  # fmt: skip
        self.done.emit(f"Brought back {self._who()}{_count(ids)}", tuple(ids))

    def ask_reason(self) -> None:
        """Show the line in which the reason is given."""
        self._row.hide()
        self._reason_row.show()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def keep(self) -> None:
        """Do not cancel after all."""
        self._reason_row.hide()
        self._row.show()
        self.cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _build_row(self) -> QWidget:
        t = theme.current()
        self._row = QWidget()
        column = QVBoxLayout(self._row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(8))
        sheets = QHBoxLayout()
        sheets.setSpacing(t.px(8))
        self.reschedule_button = Button("Reschedule", icon="calendar-clock", small=True)
        self.reschedule_button.clicked.connect(lambda: self.sheetRequested.emit(RESCHEDULE))
        self.series_button = Button("Extend or end the series", icon="repeat", small=True)
        self.series_button.clicked.connect(lambda: self.sheetRequested.emit(SERIES))
        sheets.addWidget(self.reschedule_button)
        sheets.addWidget(self.series_button)
        sheets.addStretch(1)
        column.addLayout(sheets)
        row = QHBoxLayout()
        row.setSpacing(t.px(8))
        column.addLayout(row)
        self.restore_button = Button("Bring back", icon="rotate-ccw", small=True, on_click=self.restore)
        self.cancel_button = Button("Cancel session", icon="calendar-x", small=True, on_click=self.ask_reason)
        self.archive_button = Button("Archive", Kind.DANGER, "archive", small=True, on_click=self.archive)
        for button in (self.restore_button, self.cancel_button, self.archive_button):
            row.addWidget(button)
        row.addStretch(1)
        return self._row

    def _build_reason(self) -> QWidget:
        t = theme.current()
        self._reason_row = QWidget()
        column = QVBoxLayout(self._reason_row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(8))
        options = [Option(reason, reason) for reason in _REASONS]
        self.reason = ComboBox(options, placeholder="Why?", name="Reason", free_text=True)
        self._reason_field = Field("Reason", self.reason, optional=True)
        column.addWidget(self._reason_field)
        told = QHBoxLayout()
        told.setSpacing(t.px(16))
        self.tell_families = CheckBox("Tell the families", checked=True)
        self.tell_tutor = CheckBox("Tell the tutor", checked=True)
        told.addWidget(self.tell_families)
        told.addWidget(self.tell_tutor)
        told.addStretch(1)
        column.addLayout(told)
        row = QHBoxLayout()
        row.setSpacing(t.px(8))
        self.confirm_button = Button("Cancel session", Kind.DANGER, small=True, on_click=self.cancel)
        row.addWidget(self.confirm_button)
        row.addWidget(Button("Keep it", Kind.QUIET, small=True, on_click=self.keep))
        row.addStretch(1)
        column.addLayout(row)
        return self._reason_row

    def _who(self) -> str:
        words = self._words
        return ", ".join(part for part in (words.title, words.who) if part) if words is not None else "entry"

    def _history(self, entry: ScheduleEntry) -> str:
        """Status, when it was made and last changed: "Scheduled, made Sep 1, changed Nov 20"."""
        zone = self._clock().tzinfo or UTC

        def day(stamp: str) -> str:
            moment = wall_clock_of(datetime.fromtimestamp(stamp_milliseconds(stamp) / 1000, UTC), zone)
            return f"{MONTHS[moment.month - 1]} {moment.day}"

        parts = [_STATUS_WORDS[entry.status] if entry.archived_at is None else "Archived"]
        if entry.status is EntryStatus.CANCELLED and entry.cancel_reason:
            parts[0] += f" ({entry.cancel_reason})"
        clocks = edits_of(entry.field_clocks)
        if CREATED in clocks:
            parts.append(f"made {day(clocks[CREATED])}")
        if len(clocks) > 1:
            parts.append(f"changed {day(max(clocks.values()))}")
        return ", ".join(parts)


def _count(ids: list[str]) -> str:
    return f", {len(ids)} sessions" if len(ids) > 1 else ""
