"""What the sheets of the calendar share: a preview found in the background while one chooses, one primary button that
does it as a single step, and errors as sentences beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from PySide6.QtCore import QCoreApplication, QEventLoop, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget
from sqlalchemy.orm import Session

from desktop import theme
from desktop.background import Background
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.widgets import (
    Button,
    CheckBox,
    ComboBox,
    Field,
    Kind,
    Label,
    Menu,
    Option,
    Paragraph,
    Sheet,
    Tag,
    Tone,
    make_action,
)
from shared_models.schedule.conflicts import ConflictTag
from shared_models.schedule.errors import ScheduleError
from shared_models.schedule.explained import ExplainedConflict, describe
from shared_models.schedule.models import ToTell

_PATIENCE_MS = 60
_WAIT_MS = 10
_MOST_CONFLICTS = 8
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
REASONS = ("Student is sick", "Tutor is sick", "Family asked", "Tutor is away", "Weather", "The office is closed")


@dataclass(frozen=True, slots=True)
class Told:
    """Who is to hear of it, and why it happened."""

    reason: str
    tell: frozenset[ToTell]


class ScheduleSheet(Sheet):
    """A sheet that previews and does one thing. `done` carries the words for what was done, which can be undone."""

    done = Signal(str)

    def __init__(
        self,
        host: QWidget,
        store: Store,
        clock: Callable[[], datetime],
        title: str,
        action: str,
        width: int,
        leave: str = "Cancel",
    ) -> None:
        super().__init__(host, title, width)
        self.store, self.clock = store, clock
        self._ticket = 0
        self._is_busy = False
        self._background = Background(self)
        self._background.busyChanged.connect(self._note_busy)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PATIENCE_MS)
        self._timer.timeout.connect(self.look)
        self.note = Paragraph("", tone="text2", max_lines=2)
        self.footer.addWidget(self.note, 1, Qt.AlignmentFlag.AlignVCenter)
        self.do_action = make_action(self, action, self.do, shortcut=["Ctrl+Return", "Ctrl+Enter"])
        self.do_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.footer.addWidget(Button(leave, keycap="Esc", on_click=self.dismiss))
        self.do_button = Button.for_action(self.do_action, Kind.PRIMARY)
        self.footer.addWidget(self.do_button)
        self.closed.connect(self._let_go)

    # what a sheet says of itself

    def first_field(self) -> QWidget | None:
        """Where the cursor stands when it opens."""
        return None

    def look(self) -> None:
        """Find out what would happen, and show it."""

    def do(self) -> None:
        """Do it and close."""

    # what it uses

    def look_soon(self) -> None:
        """Look once the person stops typing."""
        self._timer.start()

    def preview(self, job: Callable[[Session], object], show: Callable[[object], None]) -> None:
        """Run a job on a session of its own, away from the UI thread; nothing that it writes is saved. Only the
        answer to the latest question is shown."""
        self._ticket += 1
        ticket = self._ticket

        def work() -> object:
            with self.store.read() as session:
                return job(session)

        def failed(error: Exception) -> None:
            self.complain(str(error) if isinstance(error, ScheduleError) else "This could not be looked up.")

        self._background.run(work, show, failed, lambda: ticket == self._ticket)

    def attempt(self, work: Callable[[], str]) -> None:
        """Do something that writes; close with its words, or say what stands in the way."""
        try:
            words = work()
        except (ScheduleError, StoreError) as error:
            self.complain(str(error))
            return
        self.dismiss()
        self.done.emit(words)

    def say(self, words: str) -> None:
        """Words beside the button."""
        self.note.set_text(words)
        self.note.set_tone("text2")

    def complain(self, words: str) -> None:
        """What stands in the way; the button waits until it is out of it."""
        self.note.set_text(words)
        self.note.set_tone("danger")
        self.do_action.setEnabled(False)

    def settle(self) -> None:
        """Wait until everything shown is true, for tests and pictures."""
        self._timer.stop()
        self.look()
        while self._is_busy:
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, _WAIT_MS)

    def _note_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy

    def _let_go(self) -> None:
        self._timer.stop()
        self._ticket += 1
        self._background.close()
        self.deleteLater()


class WhyAndWhom(QWidget):
    """The reason, and who is to be told."""

    def __init__(self, reasons: Sequence[str] = REASONS) -> None:
        super().__init__()
        px = theme.current().px
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(px(10))
        self.reason = ComboBox(
            [Option(reason, reason) for reason in reasons], placeholder="Why?", name="Reason", free_text=True
        )
        column.addWidget(Field("Reason", self.reason, optional=True))
        row = QHBoxLayout()
        row.setSpacing(px(16))
        self.families = CheckBox("Tell the families", checked=True)
        self.tutor = CheckBox("Tell the tutor", checked=True)
        row.addWidget(self.families)
        row.addWidget(self.tutor)
        row.addStretch(1)
        column.addLayout(row)

    def told(self) -> Told:
        """What is entered."""
        checked = {ToTell.FAMILIES: self.families, ToTell.TUTOR: self.tutor}
        return Told(self.reason.text().strip(), frozenset(one for one, box in checked.items() if box.isChecked()))


class ChoiceButton(Button):
    """One of a few choices in a row of a list, from a small menu."""

    chosen = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str]], value: str) -> None:
        super().__init__("", small=True, icon="chevron-down", on_click=self.open_menu)
        self._choices = list(choices)
        self.set_value(value)

    def set_value(self, value: str) -> None:
        """Show a choice without announcing it."""
        words = dict(self._choices).get(value, "")
        self.setText(words)
        self.setAccessibleName(words)
        self.updateGeometry()

    def open_menu(self) -> None:
        """The choices, below the button."""
        menu = Menu(self)
        for key, words in self._choices:
            menu.add(words, lambda key=key: self.chosen.emit(key), checked=words == self.text())  # type: ignore[misc]
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))


class PreviewList(QScrollArea):
    """The right side of a sheet: what would happen, line by line."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName(name)
        self.clear()

    def clear(self) -> QVBoxLayout:
        """Begin anew; the column to add to."""
        px = theme.current().px
        content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(px(16), px(14), px(16), px(14))
        self.column.setSpacing(px(6))
        self.setWidget(content)
        content.setAutoFillBackground(False)
        return self.column

    def end(self) -> None:
        """Nothing follows."""
        self.column.addStretch(1)


def add_conflicts(column: QVBoxLayout, conflicts: Sequence[ExplainedConflict], new_ids: frozenset[str]) -> None:
    """The conflicts that would come of it, from the view of the new entries."""
    if not conflicts:
        return
    px = theme.current().px
    count = len(conflicts)
    column.addSpacing(px(8))
    column.addWidget(Label(f"{count} {'conflict' if count == 1 else 'conflicts'}", "body_strong"))
    for one in conflicts[:_MOST_CONFLICTS]:
        own = one.first if one.first.entry_id in new_ids else one.second
        row = QHBoxLayout()
        row.setSpacing(px(8))
        is_overlap = one.tag is ConflictTag.OVERLAP
        tone, icon = (Tone.DANGER, "triangle-alert") if is_overlap else (Tone.WARN, "clock")
        row.addWidget(Tag(one.kind.value.capitalize(), tone, icon))
        row.addWidget(Label(day_words(own.starts.date()), "small", "text2", tabular=True))
        row.addWidget(Label(describe(one, own.entry_id), "small", elide=True), 1)
        column.addLayout(row)
    if count > _MOST_CONFLICTS:
        column.addWidget(Label(f"and {count - _MOST_CONFLICTS} more", "small", "text2"))


def form_column(sheet: Sheet, width: int) -> QVBoxLayout:
    """The left side of a sheet, of a fixed width, for fields."""
    px = theme.current().px
    holder = QWidget()
    holder.setFixedWidth(px(width))
    column = QVBoxLayout(holder)
    column.setContentsMargins(px(20), px(16), px(20), px(16))
    column.setSpacing(px(12))
    sheet.body.addWidget(holder)
    return column


def pair(*widgets: QWidget) -> QLayout:
    """Fields beside each other."""
    row = QHBoxLayout()
    row.setSpacing(theme.current().px(12))
    for widget in widgets:
        row.addWidget(widget, 1)
    return row


def day_words(day: date) -> str:
    """ "Wed, Nov 25"."""
    return f"{_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"


def sessions_words(count: int) -> str:
    """ "1 session", "12 sessions"."""
    return f"{count} {'session' if count == 1 else 'sessions'}"
