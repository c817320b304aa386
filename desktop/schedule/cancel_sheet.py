"""The sheet that cancels a session, or as much of its series as the person says, with the reason and whom to tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop import theme
from desktop.permissions import own_places
from desktop.schedule.directory import Directory
from desktop.schedule.schedule_sheet import ScheduleSheet, WhyAndWhom, day_words, sessions_words
from desktop.schedule.series_reach import staying, why_alone
from desktop.store.store import Store
from desktop.widgets import Field, Label, Segmented
from shared_models.schedule.explained import clock_range, entry_words
from shared_models.schedule.lifecycle import is_allowed
from shared_models.schedule.models import EntryStatus
from shared_models.schedule.operations import entry_of
from shared_models.schedule.series_operations import SeriesScope, cancel_entry, entries_within

_WIDTH = 500
_SCOPES = (
    (SeriesScope.THIS.value, "This one"),
    (SeriesScope.FOLLOWING.value, "And the following"),
    (SeriesScope.ALL.value, "The whole series"),
)


class CancelSheet(ScheduleSheet):
    """Why, who is told, and how far it reaches. Raises NoSuchEntry."""

    def __init__(
        self, host: QWidget, store: Store, clock: Callable[[], datetime], directory: Directory, entry_id: str,
        scope: SeriesScope = SeriesScope.THIS,
    ) -> None:  # fmt: skip
        super().__init__(host, store, clock, "Cancel", "Cancel session", _WIDTH, "Keep it")
        self.do_button.set_keycap("Enter")
        self._entry_id = entry_id
        px = theme.current().px
        with store.read() as session:
            entry = entry_of(session, store.organization_id, entry_id)
            words = entry_words(session, store.organization_id, [entry_id])[entry_id]
            series_id = entry.series_id
            self._counts = {}
            for one in SeriesScope:
                reached = entries_within(session, entry, one, own_places(store))
                self._counts[one] = sum(is_allowed(other.status, EntryStatus.CANCELLED) for other in reached)
        self._left_out = {one: staying(store, entry_id, one) for one in SeriesScope}
        self._title = ", ".join(part for part in (words.title, words.who) if part)
        self._when = f"{day_words(words.starts.date())}, {clock_range(words.starts, words.ends)}"
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(px(20), px(16), px(20), px(18))
        column.setSpacing(px(12))
        column.addWidget(Label(self._title, "body_strong", elide=True))
        column.addWidget(Label(self._when, "body", "text2", tabular=True))
        self.scope = Segmented(_SCOPES, scope.value, name="How much of the series", stretch=True)
        self.scope.changed.connect(lambda _: self.look())
        scope_field = Field("How much of the series", self.scope)
        column.addWidget(scope_field)
        self._why_alone = why_alone(store, series_id)
        scope_field.setVisible(series_id is not None and not self._why_alone)
        self.why = WhyAndWhom()
        column.addWidget(self.why)
        self.body.addWidget(holder, 1)
        self.look()

    def first_field(self) -> QWidget | None:
        return self.why.reason

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter cancels from any field, with a reason or without one; on a button it presses that."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            focus = self.focusWidget()
            if isinstance(focus, QPushButton):
                focus.click()
            else:
                self.do_action.trigger()
        else:
            super().keyPressEvent(event)

    def look(self) -> None:
        """The words on the button, and what stays."""
        scope = SeriesScope(self.scope.value())
        count = self._counts[scope]
        self.do_action.setText(f"Cancel {sessions_words(count)}" if count != 1 else "Cancel session")
        self.do_action.setEnabled(count > 0)
        usual = "What took place stays as it was." if count > 1 else "It stays, struck through."
        self.say(self._why_alone or self._left_out[scope].sentence or usual)

    def do(self) -> None:
        """Cancel, as one step."""
        scope, told = SeriesScope(self.scope.value()), self.why.told()
        count = self._counts[scope]
        said = f"Cancelled {self._title}, {self._when if count == 1 else sessions_words(count)}"
        if self._left_out[scope].count:
            said += f"; {self._left_out[scope].short}"

        def work() -> str:
            with self.store.write(said) as session:
                cancel_entry(
                    session, self.store.organization_id, self._entry_id, reason=told.reason, tell=told.tell,
                    by_user_id=self.store.user_id, now=self.clock(), scope=scope, locations=own_places(self.store),
                )  # fmt: skip
            return said

        self.attempt(work)
