"""Settings of this PC alone: how the program looks, and copies of its data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar

from PySide6.QtWidgets import QHBoxLayout

from desktop import theme
from desktop.background import Background
from desktop.organization.section import Section
from desktop.widgets import (
    Button,
    Cell,
    Column,
    EmptyState,
    Field,
    Kind,
    Label,
    Paragraph,
    RowModel,
    Segmented,
    TableView,
)
from desktop.widgets.panels import Line
from desktop.widgets.parsing import format_long_date, format_time

_APPEARANCE = "appearance"


class LookSection(Section):
    """Light, dark, high contrast, or as the system says."""

    key: ClassVar[str] = "look"
    title: ClassVar[str] = "Look"
    explanation: ClassVar[str] = "For this PC only."

    def build(self) -> None:
        """One choice."""
        self._look = Segmented(
            [(theme.Appearance.SYSTEM.value, "Same as the system"), (theme.Appearance.LIGHT.value, "Light"),
             (theme.Appearance.DARK.value, "Dark"), (theme.Appearance.HIGH_CONTRAST.value, "High contrast")],
            name="Look",
        )  # fmt: skip
        self._look.changed.connect(self._choose)
        row = QHBoxLayout()
        row.addWidget(Field("Colors", self._look))
        row.addStretch(1)
        self.content.addLayout(row)
        self.content.addWidget(
            Label("Sizes follow the scaling of your screen, set in the operating system.", "small", "text2")
        )
        self.content.addStretch(1)

    def read(self) -> None:
        """Show the choice in force."""
        self._look.set_value(theme.chosen().value)

    def _choose(self, value: str) -> None:
        theme.choose(theme.Appearance(value))
        self.store.set_local(**{_APPEARANCE: value})


class BackupSection(Section):
    """The copies of this PC's data, and a button to make one now."""

    key: ClassVar[str] = "backup"
    title: ClassVar[str] = "Backup"
    explanation: ClassVar[str] = "Copies of everything on this PC, readable only with its key."
    wide: ClassVar[bool] = True

    def build(self) -> None:
        """The list and the button."""
        self._background = Background(self)
        self._button = Button("Back up now", Kind.PRIMARY, icon="hard-drive", small=True, on_click=self.back_up)
        self.tools.addWidget(self._button)
        self._model: RowModel[Path] = RowModel([
            Column("Copy", lambda path: Cell(_words(path), strong=True)),
            Column("Size", lambda path: f"{path.stat().st_size / 1_000_000:.1f} MB", 120, right=True),
        ])  # fmt: skip
        self.list = TableView(self._model, "Copies")
        self.content.addWidget(self.list)
        self._empty = EmptyState("hard-drive", "No copies yet", "A copy is made before each update of the program. "
                                 "You can make one now.")  # fmt: skip
        self.content.addWidget(self._empty)
        self.content.addWidget(Line())
        self.content.addWidget(Paragraph(self.store.key_words, "small", "text2"))
        self.content.addStretch(1)

    def read(self) -> None:
        """Look into the folder of copies, newest first."""
        folder = self.store.folder / "backups"
        copies = sorted(folder.glob("*.db"), key=lambda path: path.stat().st_mtime, reverse=True)
        self._model.set_rows(copies)
        self.list.setVisible(bool(copies))
        self._empty.setVisible(not copies)
        self.list.fit_height()

    def back_up(self) -> None:
        """Make a copy, off the UI thread."""
        self._button.setEnabled(False)
        name = f"{self.clock():%Y-%m-%d-%H%M%S}"
        self._background.run(lambda: self.store.backup(name), self._made, self._failed)

    def _made(self, _path: Path) -> None:
        self._button.setEnabled(True)
        self.read()
        self.done.emit("Made a copy of everything", False)

    def _failed(self, error: Exception) -> None:
        self._button.setEnabled(True)
        self.done.emit(f"The copy could not be made: {error}. Free some space, then try again.", False)


def _words(path: Path) -> str:
    when = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    ending = ", before an update" if path.stem.startswith("before-") else ""
    return f"{format_long_date(when.date(), year=True)}, {format_time(when.time())}{ending}"
