"""The sheet in which the owner erases a family or a student for good: what goes, what stays, and the name to type."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop import theme
from desktop.background import Background
from desktop.people.erasure_client import NotErased, can_reach_server, erase_on_server
from desktop.store.store import Store
from desktop.widgets import Button, Field, Kind, Note, Paragraph, Sheet, TextInput, Tone
from shared_models.privacy.erasure import PLANS, ErasedKind, ErasurePlan

_TAUGHT = "Give coming sessions to somebody else first: they would stand there with a tutor without a name."
_STAYS = (
    "What the books need stays, without names: that sessions were given, when, by whom and at what price. "
    "Print or export what the law wants you to keep before you erase."
)


class EraseSheet(Sheet):
    """Signal `erased` when the server has erased; the rows change with the next exchange."""

    erased = Signal()

    def __init__(self, host: QWidget, store: Store, plan: ErasurePlan) -> None:
        whom = f"the family of {plan.title}" if plan.kind is ErasedKind.FAMILY else plan.title
        super().__init__(host, f"Erase {whom} for good", 560)
        t = theme.current()
        self._store, self._plan = store, plan
        self._background = Background(self)
        self._is_running = False
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(t.px(20), t.px(16), t.px(20), t.px(18))
        column.setSpacing(t.px(12))
        column.addWidget(
            Note("This cannot be undone", "Not by undo, not by a backup, on no PC.", Tone.DANGER, "circle-alert")
        )
        column.addWidget(Paragraph(f"Erased everywhere: {what_goes(plan)}."))
        column.addWidget(Paragraph(_STAYS, tone="text2"))
        if plan.kind is ErasedKind.TUTOR:
            column.addWidget(Paragraph(_TAUGHT, tone="text2"))
        self.name = TextInput("", plan.title, "The name, to be sure")
        self.field = Field(f"Type {plan.title} to erase", self.name)
        column.addWidget(self.field)
        self.body.addWidget(content)
        self.footer.addStretch(1)
        self.cancel_button = Button("Cancel", keycap="Esc", on_click=self.dismiss)
        self.erase_button = Button("Erase for good", Kind.DANGER, icon="trash-2", on_click=self.erase)
        self.footer.addWidget(self.cancel_button)
        self.footer.addWidget(self.erase_button)
        self.name.textChanged.connect(lambda _: self._offer())
        self._offer()

    def erase(self) -> None:
        """Ask the server, off the UI thread."""
        if not self.erase_button.isEnabled():
            return
        self._is_running = True
        self._offer()
        self.erase_button.setText("Erasing…")
        self.field.set_error("")
        typed, plan = self.name.text(), self._plan
        self._background.run(
            lambda: _erased_or_reason(self._store, plan.kind, plan.row_id, typed),
            self._answered,
            lambda _error: self._answered("It could not be erased. Nothing was changed; try again."),
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter alone never erases: the button has to be reached.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return
        super().keyPressEvent(event)

    def _answered(self, reason: str) -> None:
        self._is_running = False
        self.erase_button.setText("Erase for good")
        self._offer()
        if reason:
            self.field.set_error(reason)
            return
        self.dismiss()
        self.erased.emit()

    def _offer(self) -> None:
        typed = " ".join(self.name.text().split()).casefold()
        is_right = typed == " ".join(self._plan.title.split()).casefold()
        self.erase_button.setEnabled(is_right and not self._is_running)
        self.name.setEnabled(not self._is_running)


class Eraser(QObject):
    """Opens the sheet over a view, having read off the UI thread what would go. Signals: `said` (words for the status
    strip), `erased` (the plan that was carried out)."""

    said = Signal(str)
    erased = Signal(object)

    def __init__(self, view: QWidget, store: Store) -> None:
        super().__init__(view)
        self._view, self._store = view, store
        self._background = Background(self)
        self.destroyed.connect(self._background.close)
        self.sheet: EraseSheet | None = None

    def ask(self, kind: ErasedKind, row_id: str, now: datetime) -> None:
        """Ask the person whether to erase somebody for good."""
        if not can_reach_server(self._store):
            self.said.emit("Sign in first: what is erased has to be erased on the server, too.")
            return
        self.sheet = None
        self._background.run(
            lambda: _plan(self._store, kind, row_id, now),
            self._open,
            lambda _error: self.said.emit("It could not be found out what would be erased. Try again."),
        )

    def _open(self, plan: ErasurePlan) -> None:
        self.sheet = EraseSheet(self._view, self._store, plan)
        self.sheet.erased.connect(lambda: self._done(plan))
        self.sheet.open_sheet(self.sheet.name)

    def _done(self, plan: ErasurePlan) -> None:
        self.said.emit(f"Erased {plan.title} for good; every PC forgets with its next exchange")
        self.erased.emit(plan)


def _plan(store: Store, kind: ErasedKind, row_id: str, now: datetime) -> ErasurePlan:
    with store.read() as session:
        return PLANS[kind](session, store.organization_id, row_id, now)


def what_goes(plan: ErasurePlan) -> str:
    """``the family with 2 students, 1 lead and 14 sessions’ notes and reports``."""
    children = len(plan.student_ids)
    if plan.kind is ErasedKind.FAMILY:
        parts = ["the family" + (f" with {_count(children, 'student')}" if children else "")]
    else:
        parts = [f"the {plan.kind.value}" + (" with the photo" if plan.file_hashes else "")]
    if plan.lead_count and plan.kind is not ErasedKind.LEAD:
        parts.append(_count(plan.lead_count, "lead"))
    if plan.entry_count:
        parts.append(f"notes and reports of {_count(plan.entry_count, 'session')}")
    if plan.future_entry_ids:
        parts.append(f"{_count(len(plan.future_entry_ids), 'coming session')}, taken off the calendar")
    parts.append("mails to them, and what the history says of them")
    return ", ".join(parts[:-1]) + ", " + parts[-1] if len(parts) > 1 else parts[0]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _erased_or_reason(store: Store, kind: ErasedKind, row_id: str, typed: str) -> str:
    try:
        erase_on_server(store, kind, row_id, typed)
    except NotErased as refused:
        return str(refused)
    return ""
