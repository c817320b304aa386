"""What the owner does when a family asks by law: give it everything that is kept of it, or forget it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.background import Background
from desktop.people.erase_sheet import Eraser
from desktop.people.family_rows import FamilyFace
from desktop.permissions import Permissions
from desktop.store.store import Store
from desktop.widgets.actions import make_action
from desktop.widgets.choices import Menu
from shared_models.access.models import Role
from shared_models.privacy.erasure import ErasedKind


class FamilyPrivacy(QObject):
    """Export and erasure of the family that `face` tells. Signals: `said` (words for the status strip), `erased`
    (whether the whole family is gone). Nobody but the owner is offered anything."""

    said = Signal(str)
    erased = Signal(bool)

    def __init__(
        self, view: QWidget, store: Store, clock: Callable[[], datetime], face: Callable[[], FamilyFace | None]
    ) -> None:
        super().__init__(view)
        self._view, self._store, self._clock, self._face = view, store, clock, face
        self._background = Background(self)
        self.destroyed.connect(self._background.close)
        self.eraser = Eraser(view, store)
        self.eraser.said.connect(self.said)
        self.eraser.erased.connect(lambda plan: self.erased.emit(plan.kind is ErasedKind.FAMILY))
        self.is_offered = Role.OWNER in Permissions.of(store).roles
        self.export_action = make_action(
            view, "Export everything about the family", self.export, icon="download",
            helper="For a family that asks what is kept of it.",
        )  # fmt: skip
        self.erase_action = make_action(
            view, "Erase family for good", self.erase, icon="trash-2",
            helper="For the owner: on every PC, without undo.",
        )  # fmt: skip
        for action in (self.export_action, self.erase_action):
            action.setVisible(self.is_offered)
            action.setEnabled(self.is_offered)

    def add_to(self, menu: Menu) -> None:
        """The same in the family's menu."""
        face = self._face()
        if face is None or not self.is_offered:
            return
        menu.addSeparator()
        menu.add("Export everything about this family…", self.export, "download")
        for one in face.students:
            menu.add(f"Erase {one.name} for good…", partial(self.erase, one.student.id), "trash-2")
        menu.add("Erase this family for good…", partial(self.erase), "trash-2")

    def export(self) -> None:
        """Ask for a place, and write everything that is known of the family into a file there."""
        face = self._face()
        if face is None or not self.is_offered:
            return
        suggested = f"{face.title} {self._clock():%Y-%m-%d}.zip"
        path, _ = QFileDialog.getSaveFileName(self._view.window(), "Export everything", suggested, "Zip (*.zip)")
        if path:
            self.export_to(Path(path))

    def export_to(self, target: Path) -> None:
        """Write it to a file, off the UI thread."""
        from desktop.people.family_export import export_or_reason

        face = self._face()
        if face is None:
            return
        store, family_id, now = self._store, face.family.id, self._clock()
        done = f"Exported everything about the {face.title} to {target.name}"
        self._background.run(
            lambda: export_or_reason(store, family_id, target, now),
            lambda reason: self.said.emit(reason or done),
            lambda _error: self.said.emit("It could not be exported. Try again."),
        )

    def erase(self, student_id: str = "") -> None:
        """Ask whether to erase the family, or one student, for good, saying what goes; the server does it."""
        face = self._face()
        if face is None or not self.is_offered:
            return
        kind = ErasedKind.STUDENT if student_id else ErasedKind.FAMILY
        self.eraser.ask(kind, student_id or face.family.id, self._clock())
