"""The dialog that saves a part of the calendar as .ics: which dates, what goes with them, where to. Counting and
writing run off the UI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.background import Background
from desktop.exchange.file_views import Ground
from desktop.exchange.wording import counted
from desktop.store.store import Store
from desktop.widgets import (
    Button,
    CheckBox,
    Field,
    Kind,
    Label,
    Line,
    Paragraph,
    Segmented,
    make_action,
)
from desktop.widgets.parsing import format_date
from shared_models.exchange.calendar_export import Selection, export_calendar, selected_count

FILE_FILTER = "Calendar (*.ics)"
_SHOWN, _ALL = "shown", "all"


class ExportDialog(QDialog):
    """Export of ``selection``. `numberShown` follows each choice with the number of sessions, `exported` carries what
    was done in words.

    ``ask_file`` stands for the file dialog of the operating system: it gets a proposed name and returns a path, or
    nothing when the person thought better of it.
    """

    numberShown = Signal(int)
    exported = Signal(str)

    def __init__(
        self,
        store: Store,
        selection: Selection,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        ask_file: Callable[[QWidget, str], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._selection, self._now = store, selection, now
        self._ask_file = ask_file or _ask_file
        self._generation = 0
        self._background = Background(self)
        self.done_words = ""
        self.setWindowTitle("Export calendar")
        self.setModal(True)
        self._make_parts()
        self._lay_out()
        self._choices_changed()

    def selection(self) -> Selection:
        """What would be exported now."""
        chosen = replace(
            self._selection, has_cancelled=self.cancelled.isChecked(), has_closures=self.closures.isChecked()
        )
        if self.dates.value() == _ALL:
            chosen = replace(chosen, first_day=None, last_day=None)
        return chosen

    def save(self) -> None:
        """Ask where to, and write there."""
        path = self._ask_file(self, "Calendar.ics")
        if not path:
            return
        target = Path(path) if Path(path).suffix else Path(path).with_suffix(".ics")
        selection, now = self.selection(), self._now()
        self.save_action.setEnabled(False)
        self.failure.hide()

        def write() -> int:
            with self._store.read() as session:
                content = export_calendar(session, self._store.organization_id, selection, now)
                number = selected_count(session, self._store.organization_id, selection)
            target.write_bytes(content)
            return number

        self._background.run(write, lambda number: self._written(target, number), self._failed)

    def done(self, result: int) -> None:
        self._background.close()
        super().done(result)

    # Building

    def _make_parts(self) -> None:
        self.save_action = make_action(self, "Save as .ics", self.save, icon="download", shortcut="Ctrl+Return")
        shown = _days(self._selection.first_day, self._selection.last_day)
        options = [(_SHOWN, shown), (_ALL, "All dates")] if shown else [(_ALL, "All dates")]
        self.dates = Segmented(options, options[0][0], name="Dates", stretch=True)
        self.dates.changed.connect(lambda _key: self._choices_changed())
        self.cancelled = CheckBox("Cancelled sessions, marked as such", self._selection.has_cancelled)
        # One status is chosen already, or only what is in conflict, which a cancelled session never is.
        self.cancelled.setHidden(bool(self._selection.status) or self._selection.only_conflicts)
        self.closures = CheckBox("Closed days", self._selection.has_closures)
        for box in (self.cancelled, self.closures):
            box.toggled.connect(lambda _on: self._choices_changed())
        self.number = Label("", "section")
        self.failure = Paragraph("", tone="danger")
        self.failure.hide()

    def _lay_out(self) -> None:
        t = theme.current()
        content = Ground()
        column = QVBoxLayout(content)
        column.setContentsMargins(t.px(20), t.px(18), t.px(20), t.px(18))
        column.setSpacing(t.px(14))
        column.addWidget(self.number)
        column.addWidget(
            Paragraph(
                "A file that Google, Outlook and Apple Calendar read. Saved again later, it updates what they "
                "have. It names students and tutors: give it only to people who may see them.",
                tone="text2",
            )
        )
        column.addWidget(Field("Dates", self.dates))
        column.addWidget(self.cancelled)
        column.addWidget(self.closures)
        column.addWidget(self.failure)
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(t.px(20), t.px(12), t.px(20), t.px(12))
        foot.setSpacing(t.px(8))
        foot.addStretch(1)
        foot.addWidget(Button("Cancel", keycap="Esc", on_click=self.reject))
        foot.addWidget(Button.for_action(self.save_action, Kind.PRIMARY))
        foot_ground = Ground()
        foot_ground.setLayout(foot)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(content, 1)
        outer.addWidget(Line())
        outer.addWidget(foot_ground)
        self.setMinimumWidth(t.px(460))

    # Following the choices

    def _choices_changed(self) -> None:
        self._generation += 1
        generation, selection = self._generation, self.selection()

        def count() -> int:
            with self._store.read() as session:
                return selected_count(session, self._store.organization_id, selection)

        self._background.run(count, self._show_number, self._failed, lambda: generation == self._generation)

    def _show_number(self, number: int) -> None:
        self.number.setText(counted(number, "session", "sessions") if number else "No sessions here")
        self.save_action.setEnabled(number > 0 or self.closures.isChecked())
        self.numberShown.emit(number)

    def _written(self, path: Path, number: int) -> None:
        self.done_words = f"Exported {counted(number, 'session', 'sessions')} to {path.name}"
        self.exported.emit(self.done_words)
        self.accept()

    def _failed(self, error: Exception) -> None:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.failure.set_text(f"This could not be saved: {words}. Choose another place.")
        self.failure.show()
        self.save_action.setEnabled(True)


def ask_and_export(store: Store, selection: Selection, parent: QWidget | None = None) -> str:
    """Let a person save that part of the calendar as .ics. Returns what was done in words, for the status strip;
    nothing when it was given up."""
    dialog = ExportDialog(store, selection, parent=parent)
    dialog.exec()
    return dialog.done_words


def _days(first_day: date | None, last_day: date | None) -> str:
    if first_day is None and last_day is None:
        return ""
    if first_day is None or last_day is None or first_day == last_day:
        only = first_day or last_day
        assert only is not None
        words = format_date(only, weekday=False)
        return words if first_day == last_day else f"From {words}" if first_day else f"Until {words}"
    return f"{format_date(first_day, weekday=False)} – {format_date(last_day, weekday=False)}"


def _ask_file(parent: QWidget, name: str) -> str:
    from PySide6.QtCore import QStandardPaths

    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    chosen, _ = QFileDialog.getSaveFileName(parent, "Save calendar", str(Path(folder) / name), FILE_FILTER)
    return chosen
