"""Tells the person at the desk how the exchange stands: in the strip at the bottom, and in a sheet where there is
more to say or to decide."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop import theme
from desktop.store.store import Store
from desktop.sync.hello import token_of
from desktop.sync.worker import SERVER, SyncKind, SyncState, SyncWorker
from desktop.widgets import Button, Kind, Paragraph, Sheet
from desktop.window import MainWindow

_LOOKS = {
    SyncKind.LOCAL: "ok",
    SyncKind.OK: "ok",
    SyncKind.SENDING: "sending",
    SyncKind.FETCHING: "sending",
    SyncKind.PAUSED: "offline",
    SyncKind.OFFLINE: "offline",
    SyncKind.SIGNED_OUT: "offline",
}
_FAREWELL_MILLISECONDS = 60_000
_ACTIONS = {SyncKind.FETCHING: "Cancel", SyncKind.PAUSED: "Go on"}
_TITLES = {
    SyncKind.CLOCK: "The clock of this PC is wrong",
    SyncKind.OUTDATED: "Another version is needed",
    SyncKind.SUSPENDED: "The server refuses to sync",
    SyncKind.STUCK: "This PC cannot save what comes",
}


class SyncNotices:
    """Shows states in a window's strip, and their details when asked. `sign_in` opens the sign-in, `end` the window's
    end after this PC's access was."""

    def __init__(
        self, window: MainWindow, store: Store, *, sign_in: Callable[[], object], end: Callable[[], object]
    ) -> None:
        self._window = window
        self._store = store
        self._sign_in = sign_in
        self._end = end
        self._worker: SyncWorker | None = None
        self.state = SyncState(SyncKind.LOCAL)
        window.syncRequested.connect(self.show_details)
        window.strip.syncActionRequested.connect(self._act)

    def follow(self, worker: SyncWorker | None) -> None:
        """The worker whose states are shown from now on."""
        self._worker = worker

    def show(self, state: SyncState) -> None:
        """Show a state in the strip; the end of this PC's access in a sheet at once."""
        self.state = state
        self._window.set_sync_state(_LOOKS.get(state.kind, "attention"), state.words, _ACTIONS.get(state.kind, ""))
        if state.kind is SyncKind.REVOKED:
            self._say_farewell(state)

    def show_details(self) -> None:
        """What was refused, or what else there is to say; and exchange at once."""
        if self._store.is_destroyed:
            return
        if self._store.local(SERVER) and token_of(self._store) is None:
            self._sign_in()
        elif self._store.attention_count():
            from desktop.sync.attention_sheet import AttentionSheet

            AttentionSheet(
                self._window, self._store, self._sync_now, self._window.go_to, self._window.propose
            ).open_sheet()
        elif self.state.kind in _TITLES:
            SentenceSheet(
                self._window, _TITLES[self.state.kind], self.state.sentence, "Try again", self._sync_now
            ).open_sheet()
        self._sync_now()

    def _act(self) -> None:
        if self._worker is None:
            return
        if self.state.kind is SyncKind.FETCHING:
            self._worker.cancel_fetch()
        else:
            self._sync_now()

    def _sync_now(self) -> None:
        if self._worker is not None:
            self._worker.sync_now()

    def _say_farewell(self, state: SyncState) -> None:
        sheet = SentenceSheet(
            self._window,
            "This PC’s access was ended",
            f"{state.sentence} The key of the data was destroyed, so nobody can read it here any more. "
            "Whoever ended it can tell you why; to work here again, sign in to the center anew.",
            "Close iTutorOS",
            lambda: None,
        )
        sheet.closed.connect(lambda: self._end())
        sheet.open_sheet()
        # What is on the screen is of the center, too.
        QTimer.singleShot(_FAREWELL_MILLISECONDS, self._window, self._end)


class SentenceSheet(Sheet):
    """A sentence, and one thing to do about it."""

    def __init__(
        self, host: QWidget, title: str, sentence: str, action: str, on_action: Callable[[], object]
    ) -> None:
        super().__init__(host, title, width=480)
        t = theme.current()
        column = QVBoxLayout()
        column.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(16))
        column.addWidget(Paragraph(sentence, "body", "text"))
        self.body.addLayout(column)
        self.footer.addStretch(1)

        def act() -> None:
            on_action()
            self.dismiss()

        self.button = Button(action, Kind.PRIMARY, on_click=act)
        self.footer.addWidget(self.button)

    def open_sheet(self, first: QWidget | None = None) -> None:
        """Show the sheet, the cursor on what can be done."""
        super().open_sheet(first or self.button)
