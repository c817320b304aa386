"""What an import did, as the last page of its dialog: what came in, what was there already, and what needs a look."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop import theme
from desktop.exchange.wording import count_lines, in_a_row
from desktop.widgets import (
    Button,
    Cell,
    Column,
    FlowLayout,
    Glyph,
    Label,
    Line,
    Paragraph,
    RowModel,
    TableView,
    Tag,
    Tone,
)
from shared_models.exchange.problems import Problem
from shared_models.exchange.report import ImportReport


class ImportResult(QWidget):
    """Counts as tags, and the lines to look at as a table. `bringBackWanted`: what is archived should live again."""

    bringBackWanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        t = theme.current()
        self.title = Label("", "page")
        self.there = Paragraph("", tone="text2")
        self._tags = QWidget()
        self._flow = FlowLayout(self._tags, t.px(8))
        self._model: RowModel[tuple[Problem, bool]] = RowModel(
            [
                Column("File", lambda row: Cell(row[0].file, tone="text2"), 150),
                Column("Line", lambda row: Cell(str(row[0].line), tabular=True), 56, right=True),
                Column("Please look at", _reason),
            ]
        )
        self.table = TableView(self._model, "Lines to look at")
        self.archived = Paragraph("", tone="text2")
        self.bring_back = Button(
            "Bring them back", icon="archive-restore", small=True, on_click=self.bringBackWanted.emit
        )
        head = QVBoxLayout()
        head.setContentsMargins(t.px(24), t.px(24), t.px(24), t.px(16))
        head.setSpacing(t.px(8))
        head.addWidget(Glyph("circle-check", "ok", 20), 0, Qt.AlignmentFlag.AlignLeft)
        head.addWidget(self.title)
        head.addWidget(self._tags)
        head.addWidget(self.there)
        head.addWidget(self.archived)
        head.addWidget(self.bring_back, 0, Qt.AlignmentFlag.AlignLeft)
        self._line = Line()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self._line)
        outer.addWidget(self.table, 1)
        outer.addStretch(0)

    def show_report(self, report: ImportReport) -> None:
        """Show what came of an import."""
        added, there = count_lines(report.counts), count_lines(report.already_there)
        changed = count_lines(report.updated)
        self.title.setText("Everything is in" if added and not report.problems else "Imported")
        if not added:
            self.title.setText("Brought up to date" if changed else "Nothing new to import")
        while item := self._flow.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        for words in added:
            self._flow.addWidget(Tag(words, Tone.OK))
        for words in changed:
            self._flow.addWidget(Tag(f"{words} updated", Tone.INFO))
        self._tags.setVisible(bool(added or changed))
        self.there.set_text(f"Already there, left as they are: {in_a_row(there)}." if there else "")
        self.there.setVisible(bool(there))
        hidden = count_lines(report.archived)
        self.archived.set_text(f"There already, but archived: {in_a_row(hidden)}." if hidden else "")
        self.archived.setVisible(bool(hidden))
        self.bring_back.setVisible(bool(hidden))
        rows = [(problem, True) for problem in report.problems] + [(doubt, False) for doubt in report.warnings]
        self._model.set_rows(rows)
        self.table.setVisible(bool(rows))
        self._line.setVisible(bool(rows))


def _reason(row: tuple[Problem, bool]) -> Cell:
    problem, is_left_out = row
    tone = "danger" if is_left_out else "warn"
    icon = "circle-alert" if is_left_out else "triangle-alert"
    return Cell(problem.reason, icon=icon, icon_tone=tone)
