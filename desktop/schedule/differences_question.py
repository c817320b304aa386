"""Asks what becomes of single sessions that are not like their series when the whole of it is edited."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop import theme
from desktop.permissions import own_places
from desktop.store.store import Store
from desktop.widgets import Button, Kind, Paragraph, painting
from shared_models.schedule.differences import differences_of, touched
from shared_models.schedule.draft_edits import fields_changed
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.operations import entry_of
from shared_models.schedule.series_operations import SeriesScope


def concerned(store: Store, entry_id: str, scope: SeriesScope, before: EntryDraft | None, after: EntryDraft) -> int:
    """How many sessions within reach differ from the series in what is edited; the edited one itself aside."""
    return differing(store, entry_id, scope, fields_changed(before, after)) if before is not None else 0


def differing(store: Store, entry_id: str, scope: SeriesScope, edited: Collection[str]) -> int:
    """The same for the names of what is edited, as `differences.touched` takes them."""
    if not edited or scope is SeriesScope.THIS:
        return 0
    with store.read() as session:
        entry = entry_of(session, store.organization_id, entry_id)
        if entry.series_id is None:
            return 0
        from_day = entry.series_day if scope is SeriesScope.FOLLOWING else None
        found = differences_of(
            session, store.organization_id, entry.series_id, from_day=from_day, locations=own_places(store)
        )
    return len(touched(found, edited, without={entry_id}))


def answers_about(count: int) -> tuple[str, str]:
    """The words for keeping that many sessions as they differ, and for changing them too."""
    if count == 1:
        return "Keep the session that differs", "Change it too"
    return f"Keep the {count} sessions that differ", "Change them too"


class DifferencesQuestion(QWidget):
    """The question, with one button for each answer. `answered`: whether they keep their differences."""

    answered = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        px = theme.current().px
        row = QHBoxLayout(self)
        row.setContentsMargins(px(20), px(10), px(16), px(10))
        row.setSpacing(px(8))
        self.words = Paragraph("", tone="warn_soft_text")
        row.addWidget(self.words, 1, Qt.AlignmentFlag.AlignVCenter)
        self.keep_button = Button("Keep them", small=True, on_click=lambda: self.answered.emit(True))
        self.change_button = Button("Change them too", Kind.SECONDARY, small=True)
        self.change_button.clicked.connect(lambda: self.answered.emit(False))
        row.addWidget(self.keep_button)
        row.addWidget(self.change_button)

    def ask(self, count: int) -> None:
        """Show the question and put the focus on the answer that changes less."""
        one = count == 1
        self.words.set_text(
            f"{'One session differs' if one else f'{count} sessions differ'} from the series in what you changed."
        )
        for button, words in zip((self.keep_button, self.change_button), answers_about(count), strict=True):
            button.setText(words)
            button.setAccessibleName(button.text())
            button.updateGeometry()
        self.show()
        self.keep_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        color = theme.current().color
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), color.warn_soft)
        painter.fillRect(0, 0, self.width(), 1, color.warn_line)
        painter.end()
